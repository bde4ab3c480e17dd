"""
A call is checked when it is stated, and frozen from then on.
"""

import copy
import dataclasses
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import InvalidCall, UnknownVariable
from webhook_engine.variables import SAMPLES, CallContext, CallEvent, Direction, Disposition, Moment

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

REFUSED = {
    "a naive time": ({"at": datetime(2026, 1, 1)}, "at", "names no time zone"),  # noqa: DTZ001  # the point
    "a time that is text": ({"at": "2026-01-01"}, "at", "must be a date and time"),
    "a time beyond all zones": ({"at": datetime.max.replace(tzinfo=UTC)}, "at", "no clock of ours"),
    "an unknown direction": ({"direction": "inbound"}, "direction", "none of: incoming, outgoing"),
    "an unknown disposition": ({"disposition": "Sold"}, "disposition", "none of: Success, Unsure, Failed"),
    "a line break in a number": ({"caller_number": "+27\r\n"}, "caller_number", "control character"),
    "a NUL in an extension": ({"extension": "100\x00"}, "extension", "control character"),
    "half a character in a name": ({"caller_name": "\ud800"}, "caller_name", "half a character"),
    "a number that is no text": ({"caller_number": 82}, "caller_number", "must be text, not int"),
    "a negative duration": ({"duration_s": -1}, "duration_s", "cannot last less than nothing"),
    "a duration in words": ({"duration_s": "1"}, "duration_s", "whole seconds"),
    "true as a duration": ({"duration_s": True}, "duration_s", "whole seconds"),
    "a custom variable in small letters": ({"extra": {"account": "1"}}, "extra['account']", "no name"),
    "a custom variable of a documented name": (
        {"extra": {"CALLERID": "1"}},
        "extra['CALLERID']",
        "documented",
    ),
    "a custom variable that is a list": ({"extra": {"ACCOUNT": []}}, "extra['ACCOUNT']", "not list"),
    "a custom variable that is no number": (
        {"extra": {"ACCOUNT": float("nan")}},
        "extra['ACCOUNT']",
        "is nan",
    ),
    "half a character in a custom variable": ({"extra": {"ACCOUNT": "\udfff"}}, "extra['ACCOUNT']", "half"),
}


@pytest.mark.parametrize(("facts", "field", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_cannot_be_right(facts, field, says):
    """
    A wrong fact is refused where it is stated, with its name.
    """
    with pytest.raises(InvalidCall, match=says) as caught:
        CallContext(**facts)

    assert field == caught.value.field


def test_is_frozen():
    """
    Nobody changes a call that others already look at, its custom variables included.
    """
    call = CallContext(extra={"ACCOUNT": "7"})

    with pytest.raises(dataclasses.FrozenInstanceError):
        call.notes = "changed"
    with pytest.raises(TypeError):
        call.extra["ACCOUNT"] = "8"


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda call: pickle.loads(pickle.dumps(call))], ids=["copied", "pickled"]
)
def test_travels_to_another_process(again):
    """
    A call is plain data, its custom variables and what is wrong with it included.
    """
    call = CallContext(at=AT, notes="n", extra={"ACCOUNT": 7})
    with pytest.raises(InvalidCall) as caught:
        CallContext(duration_s=-1)

    assert call == again(call)
    assert dataclasses.asdict(call)["extra"] == {"ACCOUNT": 7}
    assert (str(caught.value), "duration_s") == (str(again(caught.value)), again(caught.value).field)


def test_notes_may_hold_line_breaks():
    """
    What an agent wrote is kept as written; the slot decides what it can carry.
    """
    assert "one\r\ntwo" == CallContext(notes="one\r\ntwo").notes


def test_words_become_their_kind():
    """
    A disposition stated as text is the disposition.
    """
    call = CallContext(direction="outgoing", disposition="Failed Contact")

    assert (Direction.OUTGOING, Disposition.FAILED_CONTACT) == (call.direction, call.disposition)


def test_two_calls_of_the_same_facts_are_equal_and_hash_alike():
    """
    A call is a value.
    """
    assert CallContext(at=AT, notes="n") == CallContext(at=AT, notes="n")
    assert hash(CallContext(at=AT, extra={"A": 1})) == hash(CallContext(at=AT, extra={"A": 1}))


class TestTokens:
    """
    A call may be stated in the documented names.
    """

    def test_composed_variables_are_taken_apart(self):
        """
        CALLERID and EXTENSION hold what other variables ask for.
        """
        call = CallContext.from_tokens({"CALLERID": "Conrad <100@pbx0.euphoria.co.za>", "EXTENSION_NO": 101})

        assert ("Conrad", "100", "101") == (call.caller_name, call.caller_number, call.extension)

    def test_a_caller_id_without_a_number_is_a_name(self):
        """
        A withheld number still has a caller.
        """
        call = CallContext.from_tokens({"CALLERID": "Anonymous"})

        assert ("Anonymous", "") == (call.caller_name, call.caller_number)

    @pytest.mark.parametrize(
        ("tokens", "expected"),
        [
            ({"DATETIME": "2026-01-02", "DATETIME_TIME": "03-04-05"}, "2026-01-02T03:04:05+02:00"),
            ({"DATETIME_DATE": "2026-01-02_03-04-05"}, "2026-01-02T03:04:05+02:00"),
            ({"DATETIME": "2026-01-02_03-04-05", "DATETIME_DATE": "2026-01-02"}, "2026-01-02T03:04:05+02:00"),
            ({"DATETIME": "2026-01-02"}, "2026-01-02T00:00:00+02:00"),
        ],
        ids=["date and time", "documented", "by name", "a date alone"],
    )
    def test_the_time_is_read_from_either_shape(self, tokens, expected):
        """
        Tenants read the DATETIME tokens in one of two ways; a call stated in either is understood.
        """
        call = CallContext.from_tokens(tokens, time_zone=timezone(timedelta(hours=2)))

        assert expected == call.at.isoformat()

    @pytest.mark.parametrize(
        ("tokens", "says"),
        [
            (
                {"CALLERID": "A <1@p>", "CALLERID_NUMBER": "2"},
                "CALLERID says '1' where another token says '2'",
            ),
            (
                {"EXTENSION": "100-E", "EXTENSION_NO": "101"},
                "EXTENSION_NO is '101', but EXTENSION is '100-E'",
            ),
            ({"DATETIME": "2026-01-02", "DATETIME_DATE": "2026-01-03_00-00-00"}, "say different times"),
            ({"DATETIME": "yesterday"}, "DATETIME is 'yesterday'; write 2020-01-01"),
            ({"DATETIME_TIME": "10-00-00"}, "a time without a date"),
            ({"CALL_DURATION": "1.5"}, "CALL_DURATION must be whole seconds"),
            ({"CALL_DURATION": True}, "CALL_DURATION must be whole seconds"),
            ({"CALL_DIR": "in"}, "CALL_DIR is 'in'"),
            ({"CALL_NOTES": ["a"]}, "CALL_NOTES must be text, not list"),
            ({"CALLERID_NUMBER": "1\x07"}, "CALLERID_NUMBER holds a control character"),
        ],
    )
    def test_a_refusal_names_the_token(self, tokens, says):
        """
        Whoever wrote tokens reads of tokens.
        """
        with pytest.raises(InvalidCall, match=says):
            CallContext.from_tokens(tokens)

    def test_an_unknown_name_is_answered_with_the_nearest(self):
        """
        A typing error costs seconds, not an afternoon.
        """
        with pytest.raises(UnknownVariable, match="CALLERID_NUMBR: did you mean CALLERID_NUMBER"):
            CallContext.from_tokens({"CALLERID_NUMBR": "1"})

    def test_a_name_that_is_no_text_is_unknown_too(self):
        """
        An error of ours, whatever a careless caller hands over.
        """
        with pytest.raises(UnknownVariable, match="there is no variable 5"):
            CallContext.from_tokens({5: "1"})


def text(**limits):
    return st.text(st.characters(exclude_categories=["Cs"]), **limits)


line = text(max_size=20).map(lambda value: "".join(c for c in value if c.isprintable()))
# hypothesis wants naive bounds and adds the zone itself.
times = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
calls = st.builds(
    CallContext,
    caller_name=text(max_size=20),
    caller_number=line,
    call_number=line,
    crm_tag=line,
    direction=st.none() | st.sampled_from(Direction),
    disposition=st.none() | st.sampled_from(Disposition),
    outcome=text(max_size=20),
    notes=text(max_size=50),
    duration_s=st.none() | st.integers(0, 10**6),
    call_queue=line,
    sip_id=line,
    at=times,
    dynamic_parameter=text(max_size=20),
    extension=line,
    extra=st.dictionaries(
        st.sampled_from(["A", "ACCOUNT_2"]), text(max_size=5) | st.integers() | st.booleans()
    ),
)


class TestJson:
    """
    Calls and events survive the way through JSON.
    """

    @given(calls, st.sampled_from(Moment))
    def test_round_trip(self, call, moment):
        """
        Whatever a call holds, it reads back as the same call.
        """
        event = CallEvent(moment, call)

        assert call == CallContext.from_json(call.to_json())
        assert event == CallEvent.from_json(event.to_json())

    @pytest.mark.parametrize("name", SAMPLES)
    def test_samples_are_calls_a_dialer_could_send(self, name):
        """
        The samples travel like any other call.
        """
        assert SAMPLES[name] == CallContext.from_json(SAMPLES[name].to_json())

    def test_an_event_as_documented(self):
        """
        The form that dialers send.
        """
        event = CallEvent.from_json(
            b'{"id":"e1","moment":"disposed","at":"2026-11-22T10:00:00+02:00",'
            b'"call":{"CALLERID_NUMBER":"0821234567","EXTENSION":"100-Euphoria"}}'
        )

        assert ("e1", Moment.DISPOSED, "0821234567") == (event.id, event.moment, event.call.caller_number)
        assert event.at == event.call.at, "a call without a time of its own happened when its event did"

    @pytest.mark.parametrize(
        ("document", "says"),
        [
            ("[1]", "event must be a JSON object, not list"),
            ("{", "event is no JSON"),
            ('{"call": {}}', "moment is missing from the event"),
            ('{"moment": "ringing"}', "call is missing from the event"),
            ('{"moment": "rings", "call": {}}', "moment is 'rings', which is none of: ringing"),
            ('{"moment": "ringing", "call": 5}', "call must be a JSON object"),
            ('{"moment": "ringing", "call": {}, "at": "now"}', "at is 'now'; write a time such as"),
            ('{"moment": "ringing", "call": {}, "at": "2026-01-01T00:00:00"}', "names no time zone"),
            ('{"moment": "ringing", "call": {}, "id": ""}', "id must be one line"),
            ('{"moment": "ringing", "call": {}, "id": 7}', "id must be one line"),
            ('{"moment": "ringing", "call": {}, "when": 1}', "when is no part of an event"),
            ("[" * 100_000, "event is no JSON"),
        ],
    )
    def test_refuses_what_is_no_event(self, document, says):
        """
        Each wrong event is refused by the part that is wrong.
        """
        with pytest.raises(InvalidCall, match=says):
            CallEvent.from_json(document)
