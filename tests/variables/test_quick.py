"""
An everyday event is read in one pass, and any other as carefully as ever: nobody can tell the difference.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.variables import CallEvent, quick
from webhook_engine.variables.errors import VariableError
from webhook_engine.variables.wire import event_from_json

AT = "2026-03-02T08:15:30+02:00"
NAMES = st.sampled_from(
    ["CALLERID_NUMBER", "CALLERID_NAME", "CALL_NUMBER", "CALL_CRMTAG", "CALL_DIR", "CALL_DISPOSITION", "CALL_DURATION",
     "CALL_NOTES", "CALL_OUTCOME", "CALL_QUEUE", "CALL_SIPID", "DYNAMIC_PARAMETER", "EXTENSION", "EXTENSION_NO",
     "CALLERID", "DATETIME", "NOBODY_KNOWS", "at", "extra", ""]
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "0821234567", "Thandi Mokoena", "incoming", "Success", "Failed Contact", "100-Euphoria", "100", "75", "-1",
     "two\nlines", "\x00", "\ud800", "a\u200bb", "\u6e21\u8fba", None, True, False, 0, 75, -1, 10**9, 1.5, [], AT,
     {}, {"ACCOUNT": "ZA1"}, {"ACCOUNT": 1}, {"account": "x"}, {"CALL_DIR": "x"}, {"A": "\ud800"}, "2026-03-02"]
)  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {"moment": st.sampled_from(["disposed", "ringing", "never", "", None, 1, [], {}]), "call": st.dictionaries(NAMES, VALUES)},
    optional={
        "id": st.sampled_from(["e-1", "", "x" * 201, "a\nb", 7, None, "\ud800"]),
        "at": st.sampled_from([AT, "2026-03-02T08:15:30Z", "2026-03-02T08:15:30", "2026-03-02", "0001-01-01T00:00:00Z",
                               "9999-12-31T00:00:00Z", "soon", 0, None]),
        "more": st.just(1),
    },
)  # fmt: skip


def read(reader, document):
    """
    The event as JSON, or the error that was raised.
    """
    try:
        event = reader(document)
    except VariableError as error:
        return type(error), str(error)
    told = event.to_json()
    if "id" not in document:
        del told["id"]
    if "at" not in document:
        del told["at"]
        if "at" not in document["call"]:
            del told["call"]["at"]
    return told, hash(event.call)


@settings(max_examples=1000)
@given(EVENTS)
def test_reads_what_the_careful_way_reads(document):
    """
    The same event or the same error, whatever is sent.
    """
    call = document.get("call")
    if document.get("at") is None and not (isinstance(call, dict) and call.get("at") is not None):
        # Now is another moment each time that one asks.
        document = {**document, "at": AT}

    quickly = read(CallEvent.from_json, document)
    owned = read(lambda told: CallEvent.from_json(told, owned=True), document)
    carefully = read(lambda told: CallEvent(**event_from_json(told)), document)

    assert carefully == quickly
    assert carefully == owned


@pytest.mark.parametrize("owned", [False, True], ids=["copied", "owned"])
@pytest.mark.parametrize("left_out", ["", "id", "at"])
def test_what_an_event_was_made_of_makes_it_again(owned, left_out):
    """
    Whatever was left out of it, and whoever writes in a document that was not given away.
    """
    call = {"CALL_NOTES": "two\nlines", "CALL_DURATION": 75, "extra": {"ACCOUNT": "ZA1"}}
    document = {"id": "e-1", "moment": "disposed", "at": AT, "call": call}
    document.pop(left_out, None)
    event = CallEvent.from_json(document, owned=owned)
    if not owned:
        call["extra"]["ACCOUNT"] = call["CALL_NOTES"] = "another"

    again = CallEvent.from_json(event.source())

    assert event == again


def test_an_everyday_event_is_read_in_one_pass():
    """
    Else nothing was gained.
    """
    call = {"CALLERID_NUMBER": "0821234567", "CALL_NOTES": "two\nlines", "CALL_DURATION": 75, "CALL_DIR": "incoming",
            "EXTENSION": "100-Euphoria", "extra": {"ACCOUNT": "ZA1"}}  # fmt: skip

    event = quick.read(CallEvent, {"id": "e-1", "moment": "disposed", "at": AT, "call": call}, owned=False)

    assert event is not None
    assert CallEvent(**event_from_json(event.to_json())) == event


def test_what_was_read_cannot_be_changed():
    """
    An event is frozen however it was made.
    """
    event = CallEvent.from_json({"moment": "disposed", "call": {"CALL_QUEUE": "Sales"}})

    with pytest.raises(AttributeError):
        event.call.call_queue = "Support"


def test_an_event_of_another_class_is_read_too():
    """
    With its class and what that adds.
    """

    class Noted(CallEvent):
        note = "an application's own"

    event = Noted.from_json({"id": "e-1", "moment": "disposed", "at": AT, "call": {"CALL_QUEUE": "Sales"}})

    assert (Noted, "e-1", "Sales") == (type(event), event.id, event.call.call_queue)


def test_a_document_may_be_changed_afterwards():
    """
    What an event was made of is its own, also where nothing stood in it yet.
    """
    document = {
        "id": "e-1",
        "moment": "ringing",
        "at": AT,
        "call": {"EXTENSION": "100-Euphoria", "extra": {}},
    }
    event = CallEvent.from_json(document)

    document["call"]["extra"]["LATER"] = "x"

    assert event == CallEvent.from_json(event.source())
