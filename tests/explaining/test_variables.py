"""
Where each value of a request comes from, and what makes it safe where it lands.
"""

from datetime import UTC, datetime

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.explaining import ENCODERS, Origin, explain_event
from webhook_engine.templating import ESCAPERS

DEFINITIONS = """
[tenant]
name = "Euphoria"
time_zone = "Africa/Johannesburg"

[[variable]]
name = "CASE"
example = "7"
known_from = "ended"

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Page"
type = "browser-window"
url = "https://crm.example.com/{EXTENSION_NO}"

[[webhook.parameter]]
name = "q"
value = "VALUE"

[[rule]]
name = "A call rings"
on = ["ringing", "ended"]
webhooks = ["Page"]
"""

SOURCES = {
    "a token": ("{CALL_QUEUE}", Origin.TOKEN, "token CALL_QUEUE of the call"),
    "a filter": ("{{ CALL_QUEUE | upper }}", Origin.TOKEN, "token CALL_QUEUE of the call"),
    "made of others": ("{CALLERID}", Origin.MADE, "made of CALLERID_NAME, CALLERID_NUMBER"),
    "another number": ("{CALL_NUMBER}", Origin.MADE, "CALLERID_NUMBER, for the call states no other number"),
    "the time": ("{DATETIME}", Origin.TIME, "the call's time in Africa/Johannesburg, read as documented"),
    "missing": ("{CALL_CRMTAG}", Origin.MISSING, "the call does not state it"),
    "too early": ("{CALL_NOTES}", Origin.MISSING, "it is known from disposed on, and this is ringing"),
    "the application's own": ("{CASE}", Origin.EXTRA, "a variable of the application's own"),
}

CALL = CallContext.from_tokens(
    {"EXTENSION": "100-Euphoria", "CALL_QUEUE": "Sales", "CALLERID_NUMBER": "0821234567"},
    extra={"CASE": "7"},
    at=datetime(2026, 11, 22, 8, tzinfo=UTC),
)


def explained(value, *, moment="ringing", call=CALL):
    definitions = read_text(DEFINITIONS.replace("VALUE", value))
    (start,) = explain_event(Engine(definitions), CallEvent(moment, call, id="e")).starts
    return [each for each in start.variables if each.name != "EXTENSION_NO"]


def test_every_slot_has_its_words():
    """
    As every slot has its escaper.
    """
    assert set(ESCAPERS) == set(ENCODERS)


@pytest.mark.parametrize(("value", "origin", "because"), SOURCES.values(), ids=SOURCES.keys())
def test_a_variable_names_its_source(value, origin, because):
    """
    Which token, setting or moment gave it, or why nothing did.
    """
    (found,) = explained(value)

    assert origin is found.source.origin
    assert because in found.source.because


@pytest.mark.parametrize(("moment", "early"), [("ringing", True), ("ended", False)])
def test_a_value_that_a_call_need_not_know_yet_is_marked(moment, early):
    """
    By the moment from which its variable is known, a custom one's too.
    """
    (found,) = explained("{CASE}", moment=moment)

    assert early is found.early


def test_what_only_a_condition_reads_lands_nowhere():
    """
    It is told all the same: it decides what is sent.
    """
    found = {each.name: each.used for each in explained("{% if CALL_DIR %}{CALL_QUEUE}{% endif %}")}

    assert () == found["CALL_DIR"]
    assert ["url, parameter 'q'"] == [each.where for each in found["CALL_QUEUE"]]


def test_raw_is_told():
    """
    It is the one way past the encoder.
    """
    (found,) = explained("{{ CALL_QUEUE | raw }}")

    assert ["as it is, past the encoding: | raw"] == [each.encoder for each in found.used]
