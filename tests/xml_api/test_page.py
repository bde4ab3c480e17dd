"""
docs/xml-api.md says what the actions declare, and what it shows runs.
"""

import re
from pathlib import Path

import pytest

from tests.xml_api.asking import TENANT, error, sentence_of, serving
from webhook_engine.xml_api import PROVIDED_ACTIONS, reading, reference
from webhook_engine.xml_api.bodies import BODY_S
from webhook_engine.xml_api.cache import FRESH_S

PAGE = (Path(__file__).parents[2] / "docs" / "xml-api.md").read_text(encoding="utf-8")


def section(name):
    (found,) = re.findall(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    return found.strip()


def test_the_actions_are_those_that_are_declared():
    """
    The page holds what `python -m webhook_engine.xml_api.reference` prints.
    """
    assert reference.reference().strip() == section("actions")


def test_the_sentences_are_those_that_are_said():
    """
    In the order in which they are looked for.
    """
    assert reference.fault_table().strip() == section("faults")


def test_the_bounds_are_those_of_the_code():
    """
    Numbers on the page are numbers in force.
    """
    bounds = reading.DEFAULT

    assert f"at most {bounds.body_bytes // 2**20} MiB long" in PAGE
    assert f"within {BODY_S:g} seconds" in PAGE
    assert (
        f"nests {bounds.depth} deep and has {bounds.elements:,}\nelements and {bounds.attributes:,} attributes"
        in PAGE
    )
    assert f"in the last {FRESH_S:g} seconds" in PAGE


SAMPLES = re.findall(
    r"^### (\w+)\n.*?```xml\n(.*?)```.*?```xml\n(.*?)\n```", section("actions"), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("name", "request_", "answer"), SAMPLES, ids=[name for name, *_ in SAMPLES])
async def test_each_sample_works(name, request_, answer, standing):
    """
    Sent as it stands, with a tenant and a key that there are; the answer has the sample's elements.
    """
    await standing.ask("AddContact", "<FirstName>a</FirstName><PhoneNumber>1</PhoneNumber>")
    sent = request_.replace("Your Tenant Name", TENANT).replace("Your-Auth-Key-goes-here", standing.key)
    sent = sent.replace("<ContactId>7<", "<ContactId>1<").replace("<Search>Mokoena<", "<Search><")

    found = await standing.send(sent)

    if sentence_of(found) == "Sip Server not found":
        assert name not in {"DoNothing", "DialerTrickleFeed", "GetExtensions", "GetContacts", "AddContact"}
        return
    names = re.compile(r"<(\w+)>")
    assert set(names.findall(answer)) == set(names.findall(found.decode()))


def test_every_action_has_a_sample():
    """
    None is left out of the test above.
    """
    assert [each.name for each in PROVIDED_ACTIONS] == [name for name, *_ in SAMPLES]


async def test_an_action_of_your_own(store):
    """
    The page's own, as it stands.
    """
    (script,) = [
        each for each in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "GetWallboard" in each
    ]
    names = {"store": store, "__name__": "a_page"}
    exec(
        compile(script.replace("store_api(store, ", "store_api(store, insecure_http=True, "), "page", "exec"),
        names,
    )
    key = (await store.keys.add(TENANT, "CRM", by="an administrator")).secret

    async with serving(app=names["app"]) as client:
        client.key = key
        expected = b"<XML><Queue><Name>Sales</Name><Waiting>7</Waiting></Queue></XML>"
        assert (await client.ask("GetWallboard", "<Least>7</Least>")).endswith(expected)
        wrong = error("Incorrect Input Parameters. Please check the documentation")
        assert wrong == await client.ask("GetWallboard", "<Least>1000</Least>")
