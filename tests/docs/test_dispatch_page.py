"""
docs/dispatch.md says what the code holds.
"""

import re
from pathlib import Path

import pytest

from webhook_engine import errors
from webhook_engine.definitions import Authentication, DeliveryClass
from webhook_engine.dispatch import EgressPolicy, egress, fault_of
from webhook_engine.settings import Limits

PAGE = (Path(__file__).parents[2] / "docs" / "dispatch.md").read_text(encoding="utf-8")
NETWORKS = dict(re.findall(r"^\| `([0-9a-f:.]+/\d+)` \| (.*) \|$", PAGE, re.MULTILINE))


def test_lists_every_refused_network():
    """
    Neither more nor fewer than the table of the code.
    """
    table = (*egress._REFUSED_V4, *egress._NAMED_V6, *egress._REFUSED_V6)

    assert [str(network) for network, _ in table] == list(NETWORKS)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_listed_network_is_refused_for_the_reason_given(network):
    """
    Its first address, as a socket would take it.
    """
    assert f"is {NETWORKS[network]}".replace("is leads", "leads") == EgressPolicy().denied(
        network.partition("/")[0]
    )


def test_lists_every_authentication():
    """
    A placement nobody reads of is one nobody uses.
    """
    assert [str(each) for each in Authentication] == re.findall(
        r"^\| `([\w-]+)` \| (?:nothing|`)", PAGE, re.MULTILINE
    )


def test_states_the_bounds_in_force():
    """
    Figures drift; these do not.
    """
    assert f"({DeliveryClass.LIVE.deadline_s:g} s by default)" in PAGE
    assert f"up to {Limits().response_bytes // 2**20} MiB" in PAGE


@pytest.mark.parametrize(
    ("name", "fault"), re.findall(r"^\| `([A-Z]\w+)` \| [^|]* \| (\w+)", PAGE, re.MULTILINE)
)
def test_every_error_has_the_fault_that_is_named(name, fault):
    """
    Whose fault it is decides later whether it counts against the target.
    """
    kind = getattr(errors, name)

    assert fault == fault_of(kind.__new__(kind))
