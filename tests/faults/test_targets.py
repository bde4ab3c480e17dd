"""
Every way in which a target fails, in one real process: what follows, and that nobody else suffers.
"""

import datetime
import json
import socket
import ssl
import sys
import time
from contextlib import ExitStack

import pytest
import trustme

from tests.faults import misbehaving
from tests.faults.misbehaving import Misbehaving, header, plain
from tests.faults.process import Process, Target, event

BEGINNING = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "Authority of their own"
authentication = "none"
ca_file = "ca.pem"

[[rule]]
name = "Everything"
on = ["disposed"]
webhooks = {names}
"""

WEBHOOK = """
[[webhook]]
name = "{name}"
url = "{url}"
delivery = "durable"
deadline_s = 2.0
max_attempts = 3
"""

POST = """
type = "ajax-post"
content_type = "json"
body = '''{"notes": "{CALL_NOTES}"}'''
"""

NAMES = """
import json, socket, sys
from pathlib import Path
from aiohttp.connector import _DNSCacheTable
from webhook_engine.cli import main

def getaddrinfo(host, port, *_, **__):
    address = json.loads(Path("names.json").read_text()).get(host)
    if address is None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

socket.getaddrinfo = getaddrinfo
_DNSCacheTable.expired = lambda *_: True
sys.argv[1:] = ["up", "integration.toml", *sys.argv[1:]]
main()
"""
"""The process, with a name server that answers what stands in `names.json` at that moment; the ten
seconds for which an answer is remembered are over at once."""

CROWDED = "<XML><Error>Concurrent API Calls Exceeded: The amount of concurrent calls exceeds 3</Error></XML>"

PASSING = {
    # fault: how it is done, the outcome of the first attempt, the error on its record
    "resets in the head": (misbehaving.resets_in_the_head, "maybe-delivered", "ConnectionLost"),
    "resets in the body": (misbehaving.resets_in_the_body, "maybe-delivered", "ConnectionLost"),
    "hangs up": (misbehaving.hangs_up, "maybe-delivered", "ConnectionLost"),
    "says nothing": (misbehaving.says_nothing, "maybe-delivered", "TimedOut"),
    "drips a byte a second": (misbehaving.drips, "maybe-delivered", "TimedOut"),
    "garbage": (misbehaving.garbage, "target-failed", "UnreadableResponse"),
    "100 MB": (misbehaving.a_hundred_megabytes, "target-failed", "ResponseTooLarge"),
    "a gzip bomb": (misbehaving.a_bomb, "target-failed", "ResponseTooLarge"),
    "500": (plain(500), "target-failed", None),
    "429": (plain(429, "Retry-After: 1"), "target-failed", None),
    "503": (plain(503, "Retry-After: 1"), "target-failed", None),
    "103 without end": (misbehaving.promises, "target-failed", "UnreadableResponse"),
    "too much at once": (plain(200, body=CROWDED), "refused", None),
    "302": (plain(302, "Location: /again"), "target-failed", None),
}
"""What passes: the target works at the second request."""

LASTING = {
    # fault: where it ends, after how many attempts, what stands on the record of each
    "nobody listens": ("attempts-exhausted", 3, "ConnectFailed", "connection refused"),
    "100 MB each time": ("unusable", 3, "ResponseTooLarge", "larger than"),
    "expired certificate": ("attempts-exhausted", 3, "TlsFailed", "expired"),
    "certificate of another name": ("attempts-exhausted", 3, "TlsFailed", "IP address mismatch"),
    "400": ("refused", 1, None, ""),
    "401": ("credentials-expired", 1, None, ""),
    "404": ("not-found", 1, None, ""),
    "410": ("gone", 1, None, ""),
    "200 with an error": ("refused", 1, None, ""),
    "301 loop": ("redirected", 1, None, ""),
    "302 loop that may be followed": ("attempts-exhausted", 3, None, ""),
    "name that moves inside": ("egress", 2, "EgressRefused", "a private address"),
}

PROVED_NOTHING = {"expired certificate", "certificate of another name"}

WAITS_FOR_RETRY_AFTER = {"429", "503"}


class Found:
    """
    What came of one event to a process whose every webhook leads to a target that fails.
    """

    def __init__(self, folder):
        self.folder = folder
        self.targets = {}
        self._webhooks = []
        with ExitStack() as self._opened:
            self._open_targets()
            self._perform()

    def _open_targets(self):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        for name, (fault, *_) in PASSING.items():
            self._add(name, Misbehaving(fault), wait_s=1.5 if name in WAITS_FOR_RETRY_AFTER else 0.1)
        self._nobody = self._opened.enter_context(socket.socket())
        self._nobody.bind(("127.0.0.1", 0))
        self._define("nobody listens", f"http://127.0.0.1:{self._nobody.getsockname()[1]}")
        self._add("100 MB each time", Misbehaving(misbehaving.a_hundred_megabytes, times=99))
        own = 'group = "Authority of their own"\n'
        yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        self._add("expired certificate", serving(authority, "127.0.0.1", yesterday), more=own)
        self._add("certificate of another name", serving(authority, "127.0.0.2"), more=own)
        for status in (400, 401, 404, 410):
            self._add(str(status), Misbehaving(plain(status), times=99))
        self._add(
            "200 with an error",
            Misbehaving(plain(200, body="<XML><Error>No such call</Error></XML>"), times=99),
        )
        self._add("301 loop", Misbehaving(plain(301, "Location: /again"), times=99))
        follows = 'type = "ajax-get"\nmax_redirects = 3\n'
        self._add(
            "302 loop that may be followed",
            Misbehaving(plain(302, "Location: /again"), times=99),
            kind=follows,
        )
        self._add("name that moves inside", Misbehaving(self._move), host="crm.test")
        self._add("name that is not there at first", Misbehaving(plain(200), times=0), host="new.test")
        self.names(**{"crm.test": "127.0.0.1"})
        self.healthy = self._opened.enter_context(Target())
        self._define("healthy", self.healthy.url)

    def _move(self, connection):
        """
        Fails, and before anybody asks again its name leads to another machine of the house.
        """
        self.names(**{"crm.test": "10.0.0.1", "new.test": "127.0.0.1"})
        plain(500)(connection)

    def _add(self, name, target, *, host="127.0.0.1", **more):
        self.targets[name] = self._opened.enter_context(target)
        self._define(name, target.url.replace("127.0.0.1", host), **more)

    def _define(self, name, url, *, wait_s=0.1, more="", kind=POST):
        text = WEBHOOK.format(name=name, url=url) + f"longest_wait_s = {wait_s}\n" + more + kind
        self._webhooks.append((name, text))

    def names(self, **names):
        """
        What the name server answers from now on.
        """
        new = self.folder / "names.new"
        new.write_text(json.dumps(names))
        new.rename(self.folder / "names.json")

    def _perform(self):
        names = [name for name, _ in self._webhooks]
        beginning = BEGINNING.replace("{names}", json.dumps(names))
        (self.folder / "integration.toml").write_text(beginning + "".join(text for _, text in self._webhooks))
        with Process(self.folder, command=[sys.executable, "-c", NAMES]) as process:
            before = process.peak_bytes()
            began = time.monotonic()
            process.send(event("e1"))
            self.healthy.until(lambda: self.healthy.requests)
            self.healthy_s = time.monotonic() - began
            process.settled()
            self.deliveries = {
                each["webhook"]: each | {"records": process.attempts(each["id"])}
                for each in process.deliveries()
            }
            self.grown_bytes = process.peak_bytes() - before
            self.said = process.said()


def serving(authority, name, until=None):
    """
    A target with a certificate; what it serves nobody should ask for.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name, not_after=until).configure_cert(context)
    return Misbehaving(plain(200), tls=context)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return Found(tmp_path_factory.mktemp("failing"))


@pytest.mark.parametrize("name", PASSING)
def test_a_failure_that_passes_is_tried_again(found, name):
    """
    The same request under the same key, and what went wrong is on record.
    """
    _, outcome, error = PASSING[name]
    delivery, (first, second) = found.deliveries[name], found.targets[name].requests

    assert ("done", [outcome, "ok"]) == (delivery["state"], [each["outcome"] for each in delivery["records"]])
    assert error == delivery["records"][0]["detail"].get("error", {}).get("kind")
    assert first[1] == second[1] == b'{"notes":"e1"}'
    assert delivery["id"] == header(first, "Idempotency-Key") == header(second, "Idempotency-Key")


@pytest.mark.parametrize("name", LASTING)
def test_a_failure_that_lasts_ends_with_its_reason(found, name):
    """
    After as many attempts as make sense, each with what went wrong.
    """
    reason, attempts, error, says = LASTING[name]
    delivery = found.deliveries[name]
    last = delivery["records"][-1]["detail"].get("error", {})

    assert ("dead", reason, attempts) == (delivery["state"], delivery["reason"], len(delivery["records"]))
    assert error == last.get("kind")
    assert says in last.get("message", "")


@pytest.mark.parametrize("name", sorted(WAITS_FOR_RETRY_AFTER))
def test_a_wish_to_wait_is_obeyed(found, name):
    """
    Not a tenth of a second as its schedule would be, but the second that the target asked for.
    """
    first, second = found.targets[name].at

    assert second - first >= 1


@pytest.mark.parametrize("name", sorted(PROVED_NOTHING))
def test_nothing_is_sent_to_whoever_cannot_prove_who_it_is(found, name):
    """
    It was asked for its certificate each time, and then told nothing.
    """
    target = found.targets[name]

    assert (3, []) == (target.connections, target.requests)


def test_a_name_that_moves_inside_is_not_dialled(found):
    """
    The first attempt went where it may go, and that counts for nothing.
    """
    first, second = found.deliveries["name that moves inside"]["records"]

    assert ["127.0.0.1"] == first["detail"]["addresses"]
    assert ["10.0.0.1: is a private address"] == second["detail"]["addresses"]


def test_a_name_that_is_not_found_is_asked_for_again(found):
    """
    The delivery goes when the name is there.
    """
    delivery = found.deliveries["name that is not there at first"]
    first, *_, last = delivery["records"]

    assert ("NameNotFound", "ok") == (first["detail"]["error"]["kind"], last["outcome"])
    assert "done" == delivery["state"]


def test_a_loop_of_redirects_ends(found):
    """
    After as many hops as the webhook allows, in each of its attempts.
    """
    assert 3 * (1 + 3) == len(found.targets["302 loop that may be followed"].requests)
    assert 1 == len(found.targets["301 loop"].requests)


def test_whoever_is_healthy_does_not_wait(found):
    """
    It was served while all the others failed, hung and dripped.
    """
    assert "done" == found.deliveries["healthy"]["state"]
    assert found.healthy_s < 1.5


def test_a_response_costs_no_more_memory_than_its_bound(found):
    """
    Of the hundred megabytes that five responses were each, nothing like that was ever held.
    """
    assert found.grown_bytes < 90 * 2**20


def test_no_failure_leaves_a_traceback(found):
    """
    Each is one line of the log, and an outcome.
    """
    assert "Traceback" not in found.said
