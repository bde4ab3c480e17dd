"""
How long a refusal takes tells nothing, and where a sign-in leads is this console.
"""

import hmac
import os
import statistics
from time import perf_counter_ns
from urllib.parse import urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from hypothesis import example, given
from hypothesis import strategies as st

from webhook_engine.console.pages.sign_in import _local
from webhook_engine.service import GivenKeys as ServiceKeys
from webhook_engine.store import Role, Store, passwords
from webhook_engine.xml_api import GivenKeys as XmlKeys

IN_EARNEST = pytest.mark.skipif(
    not os.environ.get("WEBHOOK_ENGINE_ATTACK"), reason="measures, so it is for `make attack`"
)
ROUNDS = 20_000

KEY, OTHER, LAST = "wek_aaaaaaaaaa_right-and-long-enough", "wek_bbbbbbbbbb_somebody-elses-key", "the-last-key"


@pytest.fixture
async def store(tmp_path):
    async with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        yield store


async def _kinds(store):
    """
    What may be presented to the keys of a store, as one that is refused: of the same length all.
    """
    ours = (await store.keys.add("Euphoria", "ours", by="a test")).secret
    theirs = (await store.keys.add("Another", "theirs", by="a test")).secret
    return {
        "no such key": ours[:4] + "q" * 10 + ours[14:],
        "a wrong first letter": ours[:15] + ("a" if ours[15] != "a" else "b") + ours[16:],
        "a wrong last letter": ours[:-1] + ("a" if ours[-1] != "a" else "b"),
        "another tenant's": theirs,
        "nothing alike": "x" * len(ours),
    }


@pytest.fixture
def compared(monkeypatch):
    """
    How often digests were compared in constant time.
    """
    calls = []
    right = hmac.compare_digest

    def count(one, other):
        calls.append(len(one))
        return right(one, other)

    monkeypatch.setattr(hmac, "compare_digest", count)
    return calls


async def test_every_wrong_key_of_a_store_is_compared_alike(store, compared):
    """
    Whether it is nearly right, another tenant's or nobody's: as many comparisons, of as many bytes, in constant time.
    """
    done = {}
    for name, key in (await _kinds(store)).items():
        compared.clear()
        assert None is store.keys.check(key, tenant="Euphoria"), name
        done[name] = tuple(compared)

    assert {(32, 32)} == set(done.values()), done


async def test_every_given_key_is_compared_alike(compared):
    """
    With all there are, wherever the right one stands.
    """
    service = ServiceKeys({KEY: (), OTHER: ("events",), LAST: ()})
    xml = XmlKeys({"Euphoria": {"a": KEY}, "Another": {"b": OTHER, "c": LAST}})
    done = []
    for key in (KEY, OTHER, LAST, "none"):
        compared.clear()
        await service.check(key, "events")
        xml.check(key, tenant="Euphoria")
        done.append(tuple(compared))

    assert {(32,) * 6} == set(done)


@IN_EARNEST
async def test_no_kind_of_wrong_key_takes_longer(store):
    """
    Measured in turns, so that whatever else goes on meets all of them: the medians lie within a tenth.
    """
    kinds = await _kinds(store)
    took = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, key in kinds.items():
            began = perf_counter_ns()
            store.keys.check(key, tenant="Euphoria")
            took[name].append(perf_counter_ns() - began)
    medians = {name: statistics.median(each) for name, each in took.items()}

    assert max(medians.values()) < 1.1 * min(medians.values()), medians


@IN_EARNEST
async def test_no_address_is_told_by_the_time_of_a_refusal(store, monkeypatch):
    """
    A wrong password for somebody who is there takes as long as one for nobody: the medians lie within a tenth.
    """
    # Hashed as by a process, not at the price that other tests pay.
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher)
    await store.users.add("Euphoria", "a@example.com", "a long password", role=Role.MANAGER, by="a test")
    took = {"a@example.com": [], "nobody@example.com": []}
    for _ in range(30):
        for email, each in took.items():
            began = perf_counter_ns()
            assert None is await store.signing_in.check("Euphoria", email, "a wrong password")
            each.append(perf_counter_ns() - began)
    medians = [statistics.median(each) for each in took.values()]

    assert max(medians) < 1.1 * min(medians), medians


# --- Where a sign-in leads ---------------------------------------------------------------------------

PIECES = [
    "/",
    "\\",
    ".",
    "..",
    "\t",
    "\n",
    "\r",
    " ",
    "\x00",
    "\x1f",
    "@",
    ":",
    "//",
    "evil.example",
    "%2f",
    "%5c",
    "%09",
]
PIECES += [
    "?",
    "#",
    "http:",
    "javascript:",
    "\u200b",
    "\u00a0",
    "\uff0f",
    "\u2044",
    "\u29f5",
    "[",
    "]",
    "groups",
]


@given(address=st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
@example(address="//evil.example")
@example(address="/\\evil.example")
@example(address="/\t/evil.example")
@example(address="\t//evil.example")
@example(address="/./\\evil.example")
@example(address="/.//evil.example")
@example(address="/\u200b/evil.example")
def test_no_link_leads_a_sign_in_elsewhere(address):
    """
    As a browser reads it, which drops tabs and line breaks and takes a backslash for a slash.
    """
    found = _local(address)

    read = (
        found.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None}).replace("\\", "/")
    )
    assert "console.example" == urlsplit(urljoin("https://console.example/sign-in", read)).netloc
    assert "https" == urlsplit(urljoin("https://console.example/sign-in", read)).scheme
    assert not {"\r", "\n"} & set(found)
