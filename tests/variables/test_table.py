"""
One table says what each variable is, from when it is known, and how it reads.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from webhook_engine.errors import UnknownVariable
from webhook_engine.variables import (
    SAMPLES,
    VARIABLES,
    CallContext,
    DatetimeTokens,
    Moment,
    Tenant,
    is_known,
    values_of,
)

JOHANNESBURG = Tenant(time_zone=ZoneInfo("Africa/Johannesburg"), pbx_server="pbx0.euphoria.co.za")


def test_the_manual_lists_eighteen():
    """
    No variable of the manual is missing, none is invented.
    """
    assert [
        "CALLERID_NAME", "CALLERID_NUMBER", "CALLERID", "CALL_CRMTAG", "CALL_DIR", "CALL_DISPOSITION",
        "CALL_DURATION", "CALL_NOTES", "CALL_NUMBER", "CALL_OUTCOME", "CALL_QUEUE", "CALL_SIPID",
        "DATETIME_DATE", "DATETIME_TIME", "DATETIME", "DYNAMIC_PARAMETER", "EXTENSION_NO", "EXTENSION",
    ] == list(VARIABLES)  # fmt: skip


def test_the_manuals_own_examples():
    """
    What the manual prints is what a template gets.
    """
    call = CallContext(
        caller_name="Conrad",
        caller_number="100",
        extension="100-Euphoria",
        at=datetime(2020, 1, 1, tzinfo=UTC),
    )

    values = values_of(call, Tenant(pbx_server="pbx0.euphoria.co.za"))

    for name in ("CALLERID", "EXTENSION", "DATETIME_DATE", "DATETIME_TIME", "DATETIME"):
        assert VARIABLES[name].example == values[name]
    assert "100" == values["EXTENSION_NO"]


def test_the_date_tokens_can_be_exchanged():
    """
    A tenant whose platform goes by the names gets what the names say.
    """
    by_name = Tenant(datetime_tokens=DatetimeTokens.BY_NAME)
    call = CallContext(at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    values = values_of(call, by_name, ["DATETIME", "DATETIME_DATE", "DATETIME_TIME"])

    assert {
        "DATETIME": "2026-01-02_03-04-05",
        "DATETIME_DATE": "2026-01-02",
        "DATETIME_TIME": "03-04-05",
    } == values


def test_times_read_in_the_tenants_zone():
    """
    An agent in Johannesburg reads Johannesburg's clock, wherever the server stands.
    """
    call = CallContext(at=datetime(2026, 1, 2, 23, 30, tzinfo=UTC))

    values = values_of(call, JOHANNESBURG, ["DATETIME", "DATETIME_TIME"])

    assert {"DATETIME": "2026-01-03", "DATETIME_TIME": "01-30-00"} == values


@pytest.mark.parametrize("name", VARIABLES)
def test_what_a_call_does_not_hold_reads_empty(name):
    """
    Nothing known is nothing, never the word None.
    """
    if not name.startswith("DATETIME"):
        assert "" == values_of(CallContext(), Tenant())[name]


def test_a_duration_is_a_number():
    """
    A JSON body may carry it as one; nought seconds is known, not empty.
    """
    assert {"CALL_DURATION": 0} == values_of(CallContext(duration_s=0), Tenant(), ["CALL_DURATION"])


def test_a_caller_id_says_what_is_known():
    """
    Without a name the number stands alone, without a number the name does.
    """
    assert "<1@pbx0>" == VARIABLES["CALLERID"].read(CallContext(caller_number="1"), Tenant())
    assert "Anonymous" == VARIABLES["CALLERID"].read(CallContext(caller_name="Anonymous"), Tenant())


def test_custom_variables_join_in():
    """
    An embedding application adds facts of its own; one it did not send is empty.
    """
    call = CallContext(extra={"ACCOUNT": 7})

    assert {"ACCOUNT": 7, "LANGUAGE": ""} == values_of(call, Tenant(), ["ACCOUNT", "LANGUAGE"])
    assert 7 == values_of(call, Tenant())["ACCOUNT"]


def test_a_name_that_can_be_no_variable_is_refused():
    """
    Reading never guesses.
    """
    with pytest.raises(UnknownVariable, match="did you mean CALLERID"):
        values_of(CallContext(), Tenant(), ["callerid"])


KNOWN = {
    "CALLERID_NUMBER": {*Moment},
    "CALL_DURATION": {*Moment} - {Moment.RINGING},
    "CALL_DISPOSITION": {Moment.DISPOSED},
    "CALL_OUTCOME": {Moment.DISPOSED},
    "CALL_NOTES": {Moment.DISPOSED},
    "DYNAMIC_PARAMETER": {Moment.MANUAL},
    "A_CUSTOM_ONE": {*Moment},
}


@pytest.mark.parametrize(("name", "moments"), KNOWN.items(), ids=KNOWN.keys())
def test_when_a_variable_is_known(name, moments):
    """
    A rule that asks too early can be told so.
    """
    assert moments == {moment for moment in Moment if is_known(name, moment)}


def test_samples_cover_every_variable():
    """
    Whatever an author writes, some sample has a value for it.
    """
    seen = {
        name for call in SAMPLES.values() for name, value in values_of(call, Tenant()).items() if value != ""
    }

    assert {*VARIABLES} - {"DYNAMIC_PARAMETER"} <= seen
