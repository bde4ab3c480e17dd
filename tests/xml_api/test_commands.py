"""
`api`, `call`, `feed` and `campaign`, as typed.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import command  # noqa: F401  # a fixture
from tests.xml_api.asking import TENANT, error
from tests.xml_api.conftest import DEFINITIONS
from webhook_engine.definitions import read_text
from webhook_engine.store import Store

COMMAND = Path(sys.executable).with_name("webhook-engine")
WHERE = ("--tenant", TENANT, "--campaign", "SalesCampaign", "--list", "ListNumber5")


class Api:
    """
    `webhook-engine api` with real TLS, and commands typed beside it.
    """

    def __init__(self, folder, typed, port, ca):
        self.folder, self._typed = folder, typed
        self._reach = ("--url", f"https://localhost:{port}/xml", "--ca-file", ca)

    def __call__(self, *words):
        return self._typed(*words, *self._reach)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    import trustme

    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "api.pem"))
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory, certificates, free_port):
    """
    The API as a process: its folder, its port, a key.
    """
    import asyncio

    folder, port = tmp_path_factory.mktemp("api"), free_port()

    async def prepare():
        async with Store.open(f"sqlite:///{folder / 'webhook-engine.db'}") as store:
            await store.definitions.save(TENANT, read_text(DEFINITIONS), by="an administrator")
            await store.campaigns.add(TENANT, "SalesCampaign", lists=["ListNumber5"], by="an administrator")
            return (await store.keys.add(TENANT, "CRM", by="an administrator")).secret

    key = asyncio.run(prepare())
    words = [str(COMMAND), "api", "--port", str(port), "--tls-certificate", str(certificates / "api.pem")]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert f"the XML API listens on https://127.0.0.1:{port}/xml" in process.stdout.readline()
        yield folder, port, key
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(30)


@pytest.fixture
def api(running, certificates, command, monkeypatch, tmp_path):  # noqa: F811  # the fixture, not its import
    folder, port, key = running
    monkeypatch.setenv("WEBHOOK_ENGINE_API_KEY", key)
    monkeypatch.chdir(tmp_path)
    return Api(folder, command, port, str(certificates / "ca.pem"))


def told(done):
    return done.code, done.out, done.err


# --- call --------------------------------------------------------------------------------------------


def test_call_shows_what_an_action_answers(api):
    """
    A text, a status, rows; as JSON too.
    """
    assert (0, "Nothing Done\n", "") == told(api("call", "DoNothing", "--tenant", TENANT))
    added = api(
        "call", "AddContact", "--tenant", TENANT, "--field", "FirstName=A=b", "--field", "PhoneNumber=1"
    )
    assert (0, "Status\tContactId\nSuccess\t1\n", "") == told(added)
    rows = api("call", "GetExtensions", "--tenant", TENANT)
    assert "ExtensionNumber\tName\tUserName\n100\tNaledi & Co\t100-Euphoria\n" in rows.out
    found = json.loads(api("call", "GetContacts", "--tenant", TENANT, "--json").out)
    assert ("A=b", {}) == (found["rows"][0]["FirstName"], found["status"])


def test_call_says_what_was_refused(api, monkeypatch):
    """
    In the API's words, with the exit code of a refusal.
    """
    refused = api("call", "HangUpChannel", "--tenant", TENANT, "--field", "Channel=SIP/1")
    assert (3, "", "error: Sip Server not found\n") == told(refused)
    assert 3 == api("call", "DoNothing", "--tenant", "Nobody").code
    monkeypatch.setenv("WEBHOOK_ENGINE_API_KEY", "")
    assert (
        2,
        "",
        "error: no key: put it into the environment as WEBHOOK_ENGINE_API_KEY, or into a file for --api-key-file\n",
    ) == told(api("call", "DoNothing", "--tenant", TENANT))


def test_call_takes_its_key_from_a_file(api, running, monkeypatch, tmp_path):
    """
    So that no command line and no environment shows it.
    """
    monkeypatch.delenv("WEBHOOK_ENGINE_API_KEY")
    (tmp_path / "key").write_text(f"{running[2]}\n")

    assert 0 == api("call", "DoNothing", "--tenant", TENANT, "--api-key-file", "key").code
    assert "cannot be read" in api("call", "DoNothing", "--tenant", TENANT, "--api-key-file", "no").err


@pytest.mark.parametrize("field", ["UserName", "=x", ""])
def test_call_wants_fields_as_name_and_value(api, field):
    """
    Anything else is told before anything is sent.
    """
    done = api("call", "GetFullSipStatus", "--tenant", TENANT, "--field", field)

    assert 2 == done.code
    assert "write it as NAME=VALUE" in done.err


# --- feed --------------------------------------------------------------------------------------------


def feed(api, text, *options):
    Path("contacts.csv").write_text(text, encoding="utf-8")
    return api("feed", "contacts.csv", *WHERE, *options)


def test_feed_feeds_every_row(api):
    """
    However the columns are called and parted.
    """
    for head, row in (
        ("FirstName,PhoneNumber", 'Thandi,"082 123 4567"'),
        ("first name;PHONE_NUMBER;crm-tag", "Thandi;0821234567;1"),
        ("\ufeffPhoneNumber\tFirstName\tNotes", '0821234567\tThandi\t"two\nlines, and ""quotes"""'),
    ):
        assert (0, "2 contacts fed, 0 refused\n", "") == told(feed(api, f"{head}\n{row}\n\n{row}\n"))
        assert not Path("contacts.csv.feeding").exists()


def test_feed_tells_refused_rows_by_their_lines(api):
    """
    What is wrong with one concerns no other, whoever finds it.
    """
    done = feed(
        api,
        "FirstName,PhoneNumber,Notes,AssignedTo\n"
        "Good,0821234567,,\n"
        ",0821234567,,\n"
        "Bad,abc,,\n"
        'Good,0821234567,"two\nlines",\n'
        "Short,0821234567\n"
        "Foreign,0821234567,,100-Elation\n"
        "Invalid,0105934,,\n"
        f"Long,0821234567,{'x' * 4001},\n"
        "Good,0821234567,,\n",
    )

    assert (1, "3 contacts fed, 6 refused\n") == (done.code, done.out)
    lines = sorted(done.err.splitlines())
    assert [
        "error: contacts.csv:10: Notes is too long",
        "error: contacts.csv:3: FirstName is missing",
        "error: contacts.csv:4: PhoneNumber 'abc' cannot be dialled",
        "error: contacts.csv:7: has 2 columns where the first line names 4",
        "error: contacts.csv:8: That username is not part of this Tenant",
        "error: contacts.csv:9: Incorrect Input Parameters. Please check the documentation",
    ] == lines


def test_feed_looks_at_numbers_itself_where_it_knows_the_country(api):
    """
    Then a wrong one costs no request.
    """
    done = feed(api, "FirstName,PhoneNumber\nInvalid,0105934\n", "--country", "ZA")

    assert "contacts.csv:2: PhoneNumber '0105934' cannot be dialled" in done.err


UNREADABLE = {
    "no such column": (
        "FirstName,Phone\n",
        "contacts.csv:1: 'Phone' is no field of a contact; did you mean PhoneNumber?",
    ),
    "a column twice": ("FirstName,first_name\n", "contacts.csv:1: FirstName stands there twice"),
    "nothing": ("", "contacts.csv:1: the first line names no FirstName and no PhoneNumber"),
    "no number": ("FirstName,Surname\n", "contacts.csv:1: the first line names no PhoneNumber"),
    "a quote that is not closed": (
        f'FirstName,PhoneNumber\n"Thandi,{"x" * 200_000}\n',
        "cannot be read as CSV",
    ),
}


@pytest.mark.parametrize(("text", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_feed_wants_a_file_of_contacts(api, text, expected):
    """
    Said with its line, before anything is sent.
    """
    done = feed(api, text)

    assert 2 == done.code
    assert expected in done.err


def test_feed_stops_where_the_list_is_not_there(api):
    """
    Not every row of a long file is tried, and what is probably wrong is said.
    """
    Path("contacts.csv").write_text("FirstName,PhoneNumber\n" + "Thandi,0821234567\n" * 300)

    done = api("feed", "contacts.csv", "--tenant", TENANT, "--campaign", "Nobody's", "--list", "March")

    assert 3 == done.code
    assert (
        "the first 20 contacts were all refused: is there a campaign \"Nobody's\" with a list 'March'"
        in done.err
    )


def test_feed_wants_the_file_as_it_was(api, monkeypatch):
    """
    One that was interrupted goes on only with the same file and the same words.
    """
    from webhook_engine.cli import feeder
    from webhook_engine.errors import ConnectionLost

    async def lost(self, *_, **__):
        raise ConnectionLost("the connection broke", target="localhost")

    with monkeypatch.context() as patched:
        patched.setattr(feeder, "_TRIES", 1)
        patched.setattr("webhook_engine.xml_api.Client.feed", lost)
        text = "FirstName,PhoneNumber\nThandi,0821234567\n"
        assert (4, "", "error: the connection broke\n") == told(feed(api, text))
    assert Path("contacts.csv.feeding").exists()

    assert "the file has changed" in feed(api, text + "Sipho,0821234567\n").err
    assert "other options were given" in feed(api, text, "--priority", "1").err
    assert (0, "1 contact fed, 0 refused\n", "") == told(feed(api, text))


# --- api, campaign -----------------------------------------------------------------------------------


def test_api_wants_a_way_in(command, tmp_path, monkeypatch):  # noqa: F811  # the fixture, not its import
    """
    Plain HTTP is nothing that happens by itself; a certificate that is none is told.
    """
    monkeypatch.chdir(tmp_path)

    assert "the XML API takes HTTPS alone: name a certificate" in command("api").err
    (tmp_path / "api.pem").write_text("nonsense")
    assert "tls_certificate: api.pem cannot be used" in command("api", "--tls-certificate", "api.pem").err
    assert "there is no tls_certificate" in command("api", "--insecure-http", "--tls-key", "api.pem").err
    assert "trusted proxies: 'nobody'" in command("api", "--trusted-proxies", "nobody").err


@pytest.fixture
def beside(running, command, monkeypatch):  # noqa: F811  # the fixture, not its import
    """
    Typed in the folder of the process that runs the API.
    """
    monkeypatch.chdir(running[0])
    return command


def test_commands_reach_the_store_of_an_api_that_runs(beside, api, running, monkeypatch):
    """
    What they change counts at once, as beside `up`.
    """
    monkeypatch.chdir(running[0])
    assert "Beside has April\n" == beside("campaign", "add", "Beside", "--list", "April").out
    assert {"Beside", "SalesCampaign"} == {
        each["name"] for each in json.loads(beside("campaign", "list", "--json").out)
    }
    made = beside("key", "add", "beside", "--scope", "DoNothing").out.splitlines()[-1]

    monkeypatch.setenv("WEBHOOK_ENGINE_API_KEY", made)
    assert 0 == api("call", "DoNothing", "--tenant", TENANT).code
    assert "Permission Denied" in api("call", "GetContacts", "--tenant", TENANT).err
    assert 0 == beside("key", "remove", "beside").code
    assert "Authorization Failed" in api("call", "DoNothing", "--tenant", TENANT).err
    wrong = beside("key", "remove", "nobody")
    assert (2, "error: there is no API key 'nobody'\n") == (wrong.code, wrong.err)


def test_an_api_that_runs_takes_no_events_and_has_no_deliveries(beside, running):
    """
    Who hands events to it is told who would take them; the deliveries are in their own file, which it leaves alone.
    """
    (running[0] / "calls.jsonl").write_text("{}\n")

    refused = beside("emit", "calls.jsonl")

    assert (2, "") == (refused.code, refused.out)
    assert (
        "runs the XML API alone, which takes no events: end it and start `webhook-engine up`" in refused.err
    )
    assert "there are no deliveries here" in beside("deliveries", "list").err


def test_to_others_the_address_for_commands_is_the_xml_apis(running, certificates):
    """
    It answers as every address does, with a key of the API too; only the process's own key opens it.
    """
    import ssl
    import urllib.request

    folder, port, key = running
    word = json.loads((folder / "webhook-engine.running").read_text())
    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))

    def asked(bearer):
        request = urllib.request.Request(f"https://localhost:{port}/v1/admin/tenants", b"{}")
        request.add_header("Authorization", f"Bearer {bearer}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, context=trust) as response:
            return response.status, response.read()

    assert [(200, error("Input XML not loaded"))] * 2 == [asked(each) for each in (key, "")]
    assert (200, f'["{TENANT}"]'.encode()) == asked(word["key"])
    assert 0o600 == (folder / "webhook-engine.running").stat().st_mode & 0o777


def test_word_of_an_api_goes_with_it(tmp_path, free_port):
    """
    Once it has ended, nobody looks for it.
    """
    words = [str(COMMAND), "api", "--port", str(free_port()), "--insecure-http"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert "listens on" in process.stdout.readline()
        assert (tmp_path / "webhook-engine.running").exists()
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(30)

    assert not (tmp_path / "webhook-engine.running").exists()


@pytest.mark.parametrize("scope", ["xml", "DialerTrickleFeed", "GetContacts"])
def test_a_key_is_made_for_what_it_may_do(command, tmp_path, monkeypatch, scope):  # noqa: F811  # the fixture
    """
    All of the XML API, or an action of it.
    """
    monkeypatch.chdir(tmp_path)

    assert 0 == command("key", "add", "CRM", "--tenant", TENANT, "--scope", scope).code
    (made,) = json.loads(command("key", "list", "--json").out)
    assert [scope] == made["scopes"]
    misspelt = command("key", "add", "Other", "--scope", "GetContact")
    assert (2, True) == (misspelt.code, "did you mean 'GetContacts'?" in misspelt.err)


def test_campaigns_are_made_and_listed(command, tmp_path, monkeypatch):  # noqa: F811  # the fixture, not its import
    """
    With what they have, and who dials for them.
    """
    monkeypatch.chdir(tmp_path)
    made = command(
        "campaign",
        "add",
        "Sales",
        "--list",
        "March",
        "--label",
        "Policy",
        "--agent",
        "100",
        "--tenant",
        TENANT,
    )
    assert (0, "Sales has March\n", "") == told(made)
    assert 0 == command("campaign", "add-list", "Sales", "April").code
    assert (0, "105 dials for Sales\n", "") == told(command("campaign", "assign", "Sales", "105"))
    assert 0 == command("campaign", "unassign", "Sales", "100").code

    assert (
        "name\tlists\tagents\tlabels\nSales\tApril, March\t105\tPolicy\n" == command("campaign", "list").out
    )
    (found,) = json.loads(command("campaign", "list", "--json").out)
    assert ["Policy", "", "", "", ""] == found["labels"]
    wrong = command("campaign", "assign", "Sale", "105")
    assert (2, "error: there is no campaign 'Sale': did you mean 'Sales'?\n") == (wrong.code, wrong.err)


def test_up_has_it_at_xml(tmp_path, certificates, free_port):
    """
    On its own address with its own certificate; commands beside it reach its store.
    """
    port = free_port()
    (tmp_path / "integration.toml").write_text(DEFINITIONS + '[[group]]\nname = "CRM"\n')
    words = [str(COMMAND), "up", "integration.toml", "--port", str(port), "--log-format", "json"]
    environ = os.environ | {"WEBHOOK_ENGINE_TLS_CERTIFICATE": str(certificates / "api.pem")}
    with subprocess.Popen(
        words, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert f"listens on https://127.0.0.1:{port}" in process.stdout.readline()

            def beside(*given):
                return subprocess.run(
                    [str(COMMAND), *given],
                    cwd=tmp_path,
                    env=environ | {"WEBHOOK_ENGINE_API_KEY": key},
                    capture_output=True,
                    text=True,
                    check=False,
                )

            key = ""
            key = beside("key", "add", "CRM").stdout.splitlines()[-1]
            assert (
                "Sales has March\n"
                == beside("campaign", "add", "Sales", "--list", "March", "--agent", "100").stdout
            )
            assert "100" in beside("campaign", "list").stdout
            reach = (
                "--tenant",
                TENANT,
                "--url",
                f"https://localhost:{port}/xml",
                "--ca-file",
                str(certificates / "ca.pem"),
            )
            rows = beside("call", "GetExtensions", *reach)
            assert "100\tNaledi & Co\t100-Euphoria" in rows.stdout, rows.stderr
        finally:
            process.terminate()
            process.communicate()
