"""
Definitions and secrets change while deliveries wait, in front of a running process and behind a stopped one's back.
"""

import subprocess

import pytest
from cryptography.fernet import Fernet

from tests.faults.process import COMMAND, PATIENCE_S, Process, event, until

BEGINNING = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "Keyed"
authentication = "api-key"
key_in = "header"
key_name = "X-Api-Key"
key = { vault = "CRM/key" }
"""

WEBHOOK = """
[[webhook]]
name = "{name}"
type = "ajax-post"
url = "{url}/{path}/{{CALL_NOTES}}"
content_type = "json"
delivery = "durable"
longest_wait_s = 0.1
max_attempts = 100
{more}
body = '''{{"notes": "{{CALL_NOTES}}"}}'''

[[rule]]
name = "{name}"
on = ["disposed"]
{when}
webhooks = ["{name}"]
"""


class House:
    """
    A process, and definitions whose webhooks are told one by one.
    """

    def __init__(self, folder, target):
        self.folder, self.target = folder, target
        environ = {"WEBHOOK_ENGINE_KEY": Fernet.generate_key().decode()}
        self.process = Process(folder, definitions_at="integration.toml", environ=environ)

    def define(self, *, when="", **webhooks):
        """
        Webhook -> the first part of its path, and more lines of its definition; *when* is the condition of all rules.
        """
        texts = [
            WEBHOOK.format(name=name, url=self.target.url, path=path, when=when, more="\n".join(more))
            for name, (path, *more) in webhooks.items()
        ]
        new = self.folder / "integration.new"
        new.write_text(BEGINNING + "".join(texts))
        new.rename(self.folder / "integration.toml")

    def by_webhook(self, event):
        return {each["webhook"]: each for each in self.process.deliveries(event=event)}

    def paths(self):
        return [each.path for each in self.target.requests]


@pytest.fixture
def house(tmp_path, target):
    house = House(tmp_path, target)
    yield house
    house.process.__exit__()


@pytest.mark.parametrize("restarts", [False, True], ids=["while it runs", "while nothing runs"])
def test_what_waits_knows_what_it_was_made_of(house, target, restarts):
    """
    Edited: sent as it was made. Deleted: dead, `deleted`. Disabled: kept back until it is enabled. Later events go by
    the new definitions.
    """
    target.answer = lambda request: 200 if target.released.wait(PATIENCE_S) else 500
    house.define(Edited=("old",), Deleted=("deleted",), Disabled=("disabled",))
    process = house.process.start()
    process.send(event("first", CALL_SIPID="call"))
    until(lambda: {"/old/first", "/deleted/first", "/disabled/first"} == set(house.paths()))
    process.send(event("before", CALL_SIPID="call"))  # waits until the first one of its call has ended

    if restarts:
        process.kill()
    house.define(Edited=("new",), Disabled=("disabled", "enabled = false"))
    if restarts:
        process.start()
    else:
        process.until_logged("definitions.changed")
    target.released.set()
    until(lambda: "done" == house.by_webhook("before")["Edited"]["state"])
    until(lambda: "dead" == house.by_webhook("before")["Deleted"]["state"])
    process.send(event("after"))
    until(lambda: "/new/after" in house.paths())
    until(lambda: ("waiting", "webhook-disabled") == fate(house.by_webhook("after")["Disabled"]))
    asked_meanwhile = {"/disabled/before", "/disabled/after"} & set(house.paths())
    house.define(Edited=("new",), Disabled=("disabled",))
    until(lambda: open_to_end(process))
    before, after = house.by_webhook("before"), house.by_webhook("after")

    assert set() == asked_meanwhile
    assert {"Edited": ("done", ""), "Deleted": ("dead", "deleted"), "Disabled": ("done", "")} == {
        name: fate(each) for name, each in before.items()
    }
    assert {"Edited": ("done", ""), "Disabled": ("done", "")} == {
        name: fate(each) for name, each in after.items()
    }
    assert [b'{"notes":"before"}'] == [each.body for each in target.requests if each.path == "/old/before"]
    assert not {"/new/before", "/deleted/before", "/old/after", "/deleted/after"} & set(house.paths())


def fate(delivery):
    return delivery["state"], delivery["reason"]


def open_to_end(process):
    found = process.deliveries()
    if any(each["state"] not in {"done", "dead"} for each in found):
        return None
    return {(each["webhook"], each["state"]) for each in found}


def test_a_secret_that_is_missing_is_waited_for(house, target):
    """
    Uncounted and with the reason on record, nothing is sent; it goes when the secret is put into the vault.
    """
    house.define(Keyed=("keyed", 'group = "Keyed"'))
    process = house.process.start()
    process.send(event("e1"))
    until(lambda: house.by_webhook("e1")["Keyed"]["attempts"] >= 2)
    waiting = house.by_webhook("e1")["Keyed"]
    sent_before = list(target.requests)
    run(house, "vault", "set", "CRM/key", stdin="found-again")
    done = process.settled()["e1"]
    first, *_ = process.attempts(done["id"])

    assert [] == sent_before
    assert 0 == waiting["failures"]
    assert "SecretMissing" == first["detail"]["error"]["kind"]
    assert "done" == done["state"]
    assert ["found-again"] == [each.headers["X-Api-Key"] for each in target.requests]
    assert "found-again" not in process.said()


def run(house, *arguments, stdin=""):
    subprocess.run(
        [COMMAND, *arguments],
        cwd=house.folder,
        env=house.process.environ,
        input=stdin,
        text=True,
        check=True,
        timeout=PATIENCE_S,
        capture_output=True,
    )


def test_a_rule_that_fails_stops_nobody(house, target):
    """
    Its condition divides by the nothing of one call: it does not match, and what came with that call is delivered.
    """
    house.define(Divided=("divided",), when='when = "100 / CALL_DURATION > 1"')
    process = house.process.start()
    process.send(event("none", CALL_DURATION=0), event("some", CALL_DURATION=10))
    settled = process.settled()

    assert {"some"} == settled.keys()
    assert ["/divided/some"] == house.paths()
    assert "Traceback" not in process.said()
