"""
Nothing inside is dialled, whichever way a request is started and however its address is written.

On a machine of its own (`tests/attack/inside.py`), where private addresses are really there to be reached.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address

import pytest

from tests.attack.hosts import EDGES, HOSTS, INSIDE, MAY_BE_PUBLIC, PUBLIC, PUBLIC_SIX
from tests.docs.test_reliability_page import ROOT

EVERY = ["all"] if os.environ.get("WEBHOOK_ENGINE_ATTACK") else []
"""Each spelling with each status of a redirect and typed as a command; the longer run is `make attack`."""

OUTSIDE = {PUBLIC, PUBLIC_SIX}
BY_ITSELF = ["library", "sent"]
SERVED = ["asked", "for a token", "tested", "durable", "live", "linked"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip, for a network of its own")
    if subprocess.run(["unshare", "-Urnm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine gives its users no network of their own")
    folder = tmp_path_factory.mktemp("inside")
    words = ["unshare", "-Urnm", sys.executable, "-m", "tests.attack.inside", folder, *EVERY]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr[-4000:]
    return json.loads(done.stdout)


def _of(seen, way):
    return seen[way] if way in BY_ITSELF else seen["served"][way]


@pytest.mark.parametrize("way", [*BY_ITSELF, *SERVED])
def test_each_way_leads_outside(seen, way):
    """
    So that what is not reached below says something.
    """
    assert "ok" == _of(seen, way)["public"][0].lower()


@pytest.mark.parametrize("way", [*BY_ITSELF, *SERVED])
def test_no_way_leads_inside(seen, way):
    """
    By commands, by the library, over HTTP, by events live and durable, by the Test button, by a link, for a token.
    """
    found = _of(seen, way)
    assert way == "sent" or HOSTS.keys() - seen["refused as written"].keys() == HOSTS.keys() & found.keys()
    for name, (outcome, sentence, *_) in found.items():
        assert sentence or way == "durable", name  # which has its reason once it is given up
        assert outcome.lower() not in ("ok", "no-match") or name not in HOSTS, (name, outcome, sentence)


def test_nothing_inside_is_dialled(seen):
    """
    Not by any of them, nor by a redirect, nor as a proxy that the environment names.
    """
    assert set(seen["reached"]) == OUTSIDE, [visit for visit in seen["visits"] if visit[0] not in OUTSIDE]


def test_no_redirect_leads_inside(seen):
    """
    With any status, in any spelling, in any form of a Location, at the second hop as at the first.
    """
    for name, (outcome, sentence, reached) in seen["redirected"].items():
        assert set(reached) <= OUTSIDE, (name, reached)
        assert reached, f"{name}: the redirecting target was not asked"
        assert outcome in ("ok", "refused", "target-failed"), (name, outcome, sentence)
    refused = [name for name, (_, why, _) in seen["redirected"].items() if "was not contacted" in why]
    assert len(refused) > len(INSIDE)


def test_names_are_judged_by_where_they_lead_now(seen):
    """
    One that leads both ways reaches the public address alone; one that moves between questions nothing else either.
    """
    for way in ("library", "asked", "for a token", "tested"):
        for name in MAY_BE_PUBLIC:
            assert set(_of(seen, way)[name][2]) <= OUTSIDE, (way, name)
        assert "ok" == _of(seen, way)["a name of both"][0].lower(), way


def test_what_only_some_read_as_an_address_is_refused_when_it_is_written(seen):
    """
    Numbers in other bases, dots and digits of other scripts, user names, backslashes, blanks.
    """
    good = {
        name: re.split("[?#]", host)[0]
        for name, host in HOSTS.items()
        if name not in seen["refused as written"]
    }

    assert {} == {name: host for name, host in good.items() if not _is_plain(host)}
    assert "public" not in seen["refused as written"]


def _is_plain(host):
    """
    Whether everybody reads the same in it: an address in its usual form, or a name with a letter in its last label.
    """
    name = re.sub(r":[0-9]+$", "", host) if "]" not in host else host.strip("[]")
    try:
        return bool(ip_address(name))
    except ValueError:
        return bool(re.fullmatch(r"([A-Za-z0-9-]{1,63}\.)*[A-Za-z][A-Za-z0-9-]{1,62}", name))


def test_the_doctor_says_so_and_dials_nobody(seen):
    """
    Of each target, before anything is sent.
    """
    found = seen["doctor"]
    verdicts = {subject: each for subject, each in found["told"].items() if subject.startswith("target ")}

    assert ("", []) == (found["error"], found["reached"])
    assert "ok" == verdicts["target public.attack.test:80"]["verdict"]
    for host in ("10.0.0.1", "localhost", "[::1]", "[::ffff:a00:1]", "[fd00::1]", "nat64.attack.test"):
        assert "allowed_networks" in verdicts[f"target {host}:80"]["detail"], host


@pytest.mark.parametrize("allowed", EDGES)
def test_an_allowed_network_opens_what_it_names(seen, allowed):
    """
    To its last address and in the wrapped spellings of it, and nothing beside it; no wide one opens the metadata.
    """
    assert EDGES[allowed] == seen["edges"][allowed]


def test_nothing_of_this_fails(seen):
    """
    No error of the process that nobody foresaw.
    """
    assert [] == seen["served"]["log"]
