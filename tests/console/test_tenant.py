"""
Agents and the tenant: what every webhook needs besides itself.
"""

import pytest

from tests.console.browsing import TENANT


async def _definitions(browser):
    return (await browser.store.definitions.load(TENANT)).definitions


async def test_an_agent_is_added_and_renamed(administrator):
    """
    The extension is who they are.
    """
    await administrator.get("/agents")
    page = await administrator.submit("/agents", extension="102-Euphoria", name="Sipho")
    assert "102-Euphoria may use webhooks." in page.text
    await administrator.submit("/agents", extension="102-Euphoria", name="Sipho D")

    agents = {agent.extension: agent.name for agent in (await _definitions(administrator)).agents}
    assert {"100-Euphoria": "Naledi", "101-Euphoria": "", "102-Euphoria": "Sipho D"} == agents


async def test_what_is_no_extension_is_refused_at_its_field(administrator):
    """
    With an example of one.
    """
    await administrator.get("/agents")

    page = await administrator.submit("/agents", extension="nobody", name="N")

    assert 422 == page.status
    assert ("nobody", "N") == (page.form["extension"], page.form["name"])
    assert 'aria-invalid="true"' in page.text


async def test_an_agent_who_is_a_member_stays(administrator):
    """
    The groups are named; without them the agent goes.
    """
    await administrator.get("/group/members?group=Orders")
    await administrator.post("/group/members", group="Orders", extension="100-Euphoria", key="k")

    page = await administrator.post("/agents/delete", extension="100-Euphoria")
    assert "cannot be removed: a member of group &#39;Orders&#39;" in page.text
    page = await administrator.post("/agents/delete", extension="101-Euphoria")
    assert "101-Euphoria may not use webhooks any more." in page.text

    assert ["100-Euphoria"] == [agent.extension for agent in (await _definitions(administrator)).agents]


async def test_the_tenant_is_changed(administrator):
    """
    Its name, which the form does not speak of, stays.
    """
    await administrator.get("/tenant")
    await administrator.submit(
        "/tenant", time_zone="Europe/Berlin", country="DE", allowed_networks="10.0.0.0/8\n\n192.168.1.0/24"
    )

    definitions = await _definitions(administrator)
    assert ("Euphoria", "Europe/Berlin", "DE") == (
        definitions.tenant.name,
        str(definitions.tenant.time_zone),
        definitions.tenant.country,
    )
    assert ("10.0.0.0/8", "192.168.1.0/24") == definitions.allowed_networks


async def test_what_the_tenant_cannot_be_stands_at_its_field(administrator):
    """
    All at once, with everything typed still there.
    """
    await administrator.get("/tenant")

    page = await administrator.submit("/tenant", time_zone="Moon/Sea", allowed_networks="10.0.0.0/8\nnowhere")

    assert 422 == page.status
    wrong = {a["name"] for tag, a in page.tags if a.get("aria-invalid") == "true"}
    assert {"time_zone", "allowed_networks"} == wrong
    assert ("Moon/Sea", "10.0.0.0/8\nnowhere") == (page.form["time_zone"], page.form["allowed_networks"])


@pytest.mark.parametrize(
    "network",
    [
        *("127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "169.254.169.254", "168.63.129.16", "100.100.100.200/32"),
        *("::1", "::/0", "fd00:ec2::254", "fe80::/10", "::ffff:169.254.169.254"),
    ],
)
async def test_an_administrator_opens_nothing_of_the_machine(administrator, network):
    """
    Its own services and its cloud's credentials are whoever's who runs it: a file that is imported opens them.
    """
    before = (await _definitions(administrator)).allowed_networks
    await administrator.get("/tenant")

    page = await administrator.submit("/tenant", allowed_networks=f"10.20.0.0/16\n{network}")

    assert 422 == page.status
    assert f"{network} holds this machine itself" in page.text
    assert f"10.20.0.0/16\n{network}" == page.form["allowed_networks"]
    assert before == (await _definitions(administrator)).allowed_networks


async def test_what_was_opened_from_outside_stays(administrator):
    """
    So the rest of the form can still be saved.
    """
    before = (await _definitions(administrator)).allowed_networks
    await administrator.get("/tenant")

    await administrator.submit("/tenant", country="DE", allowed_networks="\n".join([*before, "fd00::/8"]))

    assert ("127.0.0.1/32",) == before
    assert {*before, "fd00::/8"} == {*(await _definitions(administrator)).allowed_networks}


async def test_the_second_of_two_sees_what_the_first_changed(administrator):
    """
    As with every other form.
    """
    await administrator.get("/tenant")
    stale = dict(administrator.form)
    await administrator.submit("/tenant", country="DE")
    administrator.form = stale

    page = await administrator.submit("/tenant", country="FR")

    assert 422 == page.status
    assert "country ZA DE" in page.words_of
    assert "FR" == page.form["country"]
