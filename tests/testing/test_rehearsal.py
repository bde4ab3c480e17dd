"""
What a test of a rule set says holds, or the test says what came instead.
"""

from __future__ import annotations

import os
import signal

import pytest

from tests.testing.conftest import DISPOSED, ENDED, RINGING, RULES
from webhook_engine.definitions import read_text
from webhook_engine.settings import Limits
from webhook_engine.testing.rehearsal import rehearse_now

ANSWERED = '[[test.response]]\nwebhook = "Lookup"\nbody = { id = 7, name = "Ann" }\n'
PAGE = '[[test.expect]]\nwebhook = "Page"\n'
LOOKUP = '[[test.expect]]\nwebhook = "Lookup"\n'
ORDERS = '[[test.expect]]\nwebhook = "Last orders"\n'
REPORT = '[[test.expect]]\nwebhook = "Report"\n'
OLD = '[[test.expect]]\nwebhook = "Report, form"\n[[test.expect]]\nwebhook = "Report, XML"\n'
WHOLE_CALL = """
given = { CALLERID_NUMBER = "0821234567", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria", CALL_SIPID = "a1" }
  [[test.moment]]
  event = "ringing"
  [[test.moment]]
  event = "answered"
  [[test.moment]]
  event = "transferred"
  given = { EXTENSION = "101-Euphoria" }
"""

PASSING = {
    "a request's method, address and headers": RINGING
    + PAGE
    + LOOKUP
    + """
  method = "GET"
  url = "https://crm.example.com/api/contacts?phone=%2B27821234567"
  headers = { x-api-key = "secret-CRM_KEY", X-Other = { absent = true }, Accept = { present = true } }
""",
    "a window's address": RINGING
    + LOOKUP
    + PAGE
    + 'url = { matches = ".*/0821234567" }\npop = "open"\nseen_by = "100-Euphoria"\n',
    "an answer as the agent sees it": RINGING
    + PAGE
    + ORDERS
    + ANSWERED
    + LOOKUP
    + 'outcome = "ok"\ncolumns = ["id", "name"]\nrows = [[7, { matches = "A.*" }]]\nattempts = 1\npop = "open"\n',
    "an outcome rule and its sentence": RINGING
    + PAGE
    + '[[test.response]]\nwebhook = "Lookup"\nbody = { error = "no licence" }\n'
    + LOOKUP
    + 'outcome = "refused"\nsentence = "The CRM says no licence"\n',
    "a chained webhook with what was handed on, and its token": RINGING
    + PAGE
    + LOOKUP
    + ANSWERED
    + ORDERS
    + 'after = "Lookup"\nurl = "https://orders.example.com/of/7"\nheaders = { Authorization = "Bearer token" }\n',
    "a token that is refused": RINGING
    + PAGE
    + LOOKUP
    + ANSWERED
    + '[[test.response]]\nwebhook = "Last orders"\nfault = "no-token"\n'
    + ORDERS
    + 'outcome = "credentials-expired"\nattempts = 0\n',
    "a time-out": RINGING
    + PAGE
    + '[[test.response]]\nwebhook = "Lookup"\nfault = "time-out"\n'
    + LOOKUP
    + 'outcome = "target-failed"\nsentence = "crm.example.com:443 did not answer within 4 s."\n',
    "a second try, where that is safe": RINGING
    + PAGE
    + ORDERS
    + '[[test.response]]\nwebhook = "Lookup"\nfault = "reset"\n'
    + ANSWERED
    + LOOKUP
    + 'outcome = "ok"\nattempts = 2\n',
    "an empty value that keeps a lookup back": """
event = "ringing"
given = { CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria" }
[[test.expect]]
webhook = "Lookup"
outcome = "skipped"
attempts = 0
pop = "withdrawn"
because = "nothing-to-show"
"""
    + PAGE,
    "an empty value that is left out of a body": """
event = "disposed"
given = { CALL_DISPOSITION = "Success", EXTENSION = "100-Euphoria" }
[[test.expect]]
webhook = "Report"
body = { contact = { absent = true }, outcome = "Success" }
""",
    "an empty value that must not be": """
event = "disposed"
given = { EXTENSION = "100-Euphoria" }
[[test.expect]]
webhook = "Report"
outcome = "refused"
ends = "dead"
""",
    "parts of a JSON body by path": DISPOSED
    + REPORT
    + 'body = { "contact.phone" = "+27821234567", contact = { phone = { matches = "\\\\+27.*" } } }\n',
    "a whole body": DISPOSED
    + REPORT
    + 'body = \'{"contact":{"phone":"+27821234567"},"outcome":"Success"}\'\n',
    "parts of an XML body and of a form": ENDED
    + '[[test.expect]]\nwebhook = "Report, XML"\nbody = { call.contact.phone = "0821234567" }\n'
    + '[[test.expect]]\nwebhook = "Report, form"\nbody = { notes = "a & b" }\n',
    "a delivery that is tried until it arrives": DISPOSED
    + "".join(f'[[test.response]]\nwebhook = "Report"\nstatus = {status}\n' for status in (503, 429, 201))
    + REPORT
    + 'attempts = 3\nends = "done"\noutcome = "ok"\nheaders = { Idempotency-Key = { present = true } }\n',
    "a delivery that waits for another attempt": DISPOSED
    + '[[test.response]]\nwebhook = "Report"\nstatus = 503\n'
    + REPORT
    + 'attempts = 1\nends = "retried"\n',
    "a delivery that is given up": DISPOSED
    + '[[test.response]]\nwebhook = "Report"\nstatus = 422\n'
    + REPORT
    + 'ends = "dead"\noutcome = "refused"\n',
    "nothing": 'event = "ringing"\ngiven = { CALL_QUEUE = "Support", EXTENSION = "100-Euphoria" }\nnothing = true\n',
    "what must not start": RINGING + 'others = true\n[[test.expect]]\nwebhook = "Report"\nabsent = true\n',
    "the order": RINGING + "in_order = true\n" + LOOKUP + PAGE,
    "pops that go along with a call": WHOLE_CALL
    + LOOKUP
    + 'moment = 1\npop = "waiting"\nseen_by = "101-Euphoria"\n'
    + PAGE
    + 'pop = "open"\nseen_by = "101-Euphoria"\n',
    "pops that are withdrawn": WHOLE_CALL
    + '[[test.moment]]\nevent = "ended"\n'
    + LOOKUP
    + 'pop = "withdrawn"\nbecause = "call-ended"\n'
    + PAGE
    + 'pop = "withdrawn"\n'
    + OLD,
}


@pytest.mark.parametrize("test", PASSING.values(), ids=PASSING.keys())
def test_passes_where_all_is_as_expected(play, test):
    """
    Everything a test can say of a call, where it is so.
    """
    result = play(test)

    assert () == tuple(map(str, result.failures))


FAILING = {
    "an address": (
        RINGING + PAGE + LOOKUP + 'url = "https://crm.example.com/api/contacts?phone=0821234567"\n',
        """\
expect[2] 'Lookup' is not as expected
  url
    expected  https://crm.example.com/api/contacts?phone=0821234567
    actual    https://crm.example.com/api/contacts?phone=%2B27821234567
                                                         ^
  rule 'Greet': it matches""",
    ),
    "a pattern": (
        RINGING + LOOKUP + PAGE + 'url = { matches = "https://elsewhere/.*" }\n',
        """\
expect[2] 'Page' is not as expected
  url
    expected  matches https://elsewhere/.*
    actual    https://crm.example.com/contacts/0821234567
  rule 'Greet': it matches""",
    ),
    "a method": (
        RINGING + PAGE + LOOKUP + 'method = "POST"\n',
        """\
expect[2] 'Lookup' is not as expected
  method
    expected  POST
    actual    GET
              ^
  rule 'Greet': it matches""",
    ),
    "a header": (
        RINGING + PAGE + LOOKUP + 'headers = { X-Tenant = "Euphoria" }\n',
        """\
expect[2] 'Lookup' is not as expected
  headers.X-Tenant
    expected  Euphoria
    actual    nothing
  rule 'Greet': it matches""",
    ),
    "a part of a body, and its kind": (
        DISPOSED + REPORT + "body = { contact.phone = 27, outcome = { absent = true } }\n",
        """\
expect[1] 'Report' is not as expected
  body.contact.phone
    expected  27
    actual    "+27821234567"
              ^
  body.outcome
    expected  nothing
    actual    Success
  rule 'Tell': it matches""",
    ),
    "rows": (
        RINGING + PAGE + ORDERS + ANSWERED + LOOKUP + 'rows = [[7, "Anne"]]\ncolumns = ["name"]\n',
        """\
expect[3] 'Lookup' is not as expected
  columns
    expected  ["name"]
    actual    ["id","name"]
                ^
  rows[0][1]
    expected  Anne
    actual    Ann
                 ^
  rule 'Greet': it matches""",
    ),
    "a number that is text": (
        RINGING
        + PAGE
        + ORDERS
        + ANSWERED.replace("7", '"7"')
        + LOOKUP
        + "rows = [[7, { present = true }]]\n",
        """\
expect[3] 'Lookup' is not as expected
  rows[0][0]
    expected  7
    actual    "7"
              ^
  rule 'Greet': it matches""",
    ),
    "an outcome, and what decided it": (
        RINGING
        + PAGE
        + '[[test.response]]\nwebhook = "Lookup"\nbody = { error = "no licence" }\n'
        + LOOKUP
        + 'outcome = "no-match"\n',
        """\
expect[2] 'Lookup' is not as expected
  outcome
    expected  no-match
    actual    refused
              ^
  rule 'Greet': it matches
  status 200 is refused, decided by outcome[1]: response.error is defined: The CRM says no licence""",
    ),
    "one webhook expected twice": (
        RINGING + PAGE + LOOKUP + LOOKUP,
        """\
'Lookup' starts only once, and is expected more often
  rule 'Greet': it matches""",
    ),
    "an answer to a request that is not made": (
        RINGING.replace("0821234567", "") + "others = true\n" + ANSWERED + PAGE,
        """\
response[1] for 'Lookup' was never asked for
  rule 'Greet': it matches
  it makes no request: the parameter phone is empty, so nothing is sent""",
    ),
    "more answers than requests": (
        RINGING + "others = true\n" + ANSWERED + ANSWERED + LOOKUP,
        """\
response[2] for 'Lookup' was never asked for
  rule 'Greet': it matches
  it makes 1 request""",
    ),
    "a webhook that does not start": (
        'event = "ringing"\ngiven = { CALL_QUEUE = "Sals", EXTENSION = "100-Euphoria" }\n' + LOOKUP,
        """\
'Lookup' does not start
  rule 'Greet': CALL_QUEUE == 'Sales' does not hold: CALL_QUEUE is 'Sals'""",
    ),
    "one that is not expected": (
        DISPOSED + "nothing = true\n",
        """\
'Report' starts at disposed, and the test does not expect it
  rule 'Tell': it matches""",
    ),
    "one that must not start": (
        DISPOSED + 'others = true\n[[test.expect]]\nwebhook = "Report"\nabsent = true\n',
        """\
'Report' starts at disposed, and the test does not expect it
  rule 'Tell': it matches""",
    ),
    "an answer nobody asked for": (
        DISPOSED + ANSWERED + REPORT,
        """\
response[1] for 'Lookup' was never asked for
  rule 'Greet': it waits for ringing""",
    ),
    "an outcome without an answer": (
        RINGING + PAGE + LOOKUP + 'outcome = "ok"\n',
        """\
expect[2] 'Lookup' is not as expected
  response
    expected  one
    actual    none: no [[test.response]] says what 'Lookup' is answered
  rule 'Greet': it matches""",
    ),
    "a chain whose value is not there": (
        RINGING + PAGE + LOOKUP + ORDERS + '[[test.response]]\nwebhook = "Lookup"\nbody = { name = "Ann" }\n',
        """\
'Last orders' does not start
  rule 'Greet': after 'Lookup'
  'Lookup' ended ok: 1 link of its chain
  rule 'Greet', then[1] 'Last orders': 'dict object' has no attribute 'id'
    value response.id""",
    ),
    "another order": (
        RINGING + "in_order = true\n" + PAGE + LOOKUP,
        """\
the webhooks start in another order
  expected  Page, Lookup
  actual    Lookup, Page""",
    ),
    "a pop": (
        RINGING + LOOKUP + PAGE + 'pop = "withdrawn"\n',
        """\
expect[2] 'Page' is not as expected
  pop
    expected  withdrawn
    actual    open
              ^
  rule 'Greet': it matches""",
    ),
}


@pytest.mark.parametrize(("test", "told"), FAILING.values(), ids=FAILING.keys())
def test_says_what_came_instead_and_why(play, test, told):
    """
    Both beside each other, the first difference marked, and what the rules say.
    """
    (failure,) = play(test).failures

    assert told == str(failure)


SEVERAL = """
response = [{ webhook = "Lookup", body = { id = [7, 8] } }]
others = true
"""
SEVENTH = ORDERS + 'url = "https://orders.example.com/of/7"\n'
EIGHTH = ORDERS + 'url = "https://orders.example.com/of/8"\n'


@pytest.mark.parametrize(
    "expected",
    [ORDERS + SEVENTH, SEVENTH + ORDERS, ORDERS + EIGHTH, EIGHTH + SEVENTH, SEVENTH + EIGHTH],
    ids=["any, then the first", "the first, then any", "any, then the second", "turned round", "in order"],
)
def test_what_says_little_leaves_to_others_what_only_they_fit(play, expected):
    """
    In whichever order a test expects several starts of one webhook.
    """
    result = play(RINGING + SEVERAL + expected)

    assert () == tuple(map(str, result.failures))


def test_of_several_that_fit_nowhere_the_nearest_is_shown(play):
    """
    And each stands for one alone.
    """
    failures = play(RINGING + SEVERAL + SEVENTH + SEVENTH + SEVENTH).failures

    assert [
        "expect[2] 'Last orders' is not as expected",
        "'Last orders' starts only 2 times, and is expected more often",
    ] == [each.what for each in failures]
    assert "of/8" in str(failures[0])


def test_what_looks_the_same_is_shown_in_another_way(play):
    """
    A line break, and what stands for one where it is shown.
    """
    (failure,) = play(
        'event = "ended"\ngiven = { CALLERID_NAME = "a\\nb", EXTENSION = "100-Euphoria" }\nothers = true\n'
        '[[test.expect]]\nwebhook = "Report, form"\nbody = { notes = "a\\\\nb" }\n'
    ).failures

    assert ('  expected  "a\\\\nb"', '  actual    "a\\nb"') == failure.lines[1:3]


def test_the_mark_stands_under_the_difference_of_wide_letters(play):
    """
    As a terminal shows them.
    """
    (failure,) = play(
        'event = "ended"\ngiven = { CALLERID_NAME = "東京2", EXTENSION = "100-Euphoria" }\nothers = true\n'
        '[[test.expect]]\nwebhook = "Report, form"\nbody = { notes = "東京1" }\n'
    ).failures

    assert (" " * 12 + "    ^",) == failure.lines[3:]


def test_a_long_value_is_shown_around_its_difference(play):
    """
    A difference at the end of a long address is seen without counting.
    """
    digits = "1" * 300
    test = RINGING.replace("0821234567", digits) + LOOKUP + PAGE
    test += f'url = "https://crm.example.com/contacts/{digits[:-1]}2"\n'

    (failure,) = play(test).failures

    _, expected, actual, mark = failure.lines
    at = mark.index("^")
    assert ("2", "1") == (expected[at], actual[at])


def test_a_secret_is_never_read(play, monkeypatch):
    """
    A test passes on a machine that has no secrets, and shows none where there are.
    """
    monkeypatch.setenv("CRM_KEY", "s3cr3t")

    result = play(RINGING + PAGE + LOOKUP + 'headers = { X-Api-Key = "x" }\n')

    assert "secret-CRM_KEY" in str(result.failures[0])
    assert "s3cr3t" not in str(result.failures[0])


def test_a_file_with_an_answer_that_is_not_there_fails(play):
    """
    Each such file is named.
    """
    answer = '[[test.response]]\nwebhook = "Lookup"\nfile = "no/such.json"\n'
    result = play(RINGING + PAGE + LOOKUP + answer + answer.replace("such", "other"))

    why = "the file of a response cannot be read: No such file or directory"
    assert [f"response[1]: no/such.json: {why}", f"response[2]: no/other.json: {why}"] == [
        each.what for each in result.failures
    ]


@pytest.mark.parametrize("turned", [False, True], ids=["at the end", "first"])
def test_what_must_not_start_here_is_not_expected_anywhere(play, turned):
    """
    In whichever order a test says so.
    """
    expect = [PAGE, PAGE + "absent = true\nmoment = 1\n"]

    result = play(RINGING + "others = true\n" + ANSWERED + "".join(expect[::-1] if turned else expect))

    assert ["'Page' starts at ringing, and the test does not expect it"] == [
        each.what for each in result.failures
    ]


def test_a_pattern_that_never_ends_is_given_up(play):
    """
    The test fails and says why; whatever else wants that signal is left as it was.
    """
    url = "https://crm.example.com/" + "a" * 40 + "!"
    answer = f'[[test.response]]\nwebhook = "Lookup"\nbody = {{ id = "{url}" }}\n'
    wanted = "rows = [[{ matches = '.*/(a+)+' }]]\n"
    before = signal.getsignal(signal.SIGVTALRM)

    (failure,) = play(RINGING + "others = true\n" + answer + LOOKUP + wanted).failures

    assert any("matches .*/(a+)+ (given up after 1 s: it can be read" in line for line in failure.lines)
    assert before == signal.getsignal(signal.SIGVTALRM)


def test_a_file_that_is_a_pipe_fails(play, tmp_path):
    """
    Nobody is waited for who might write into it.
    """
    os.mkfifo(tmp_path / "pipe")
    answer = f'[[test.response]]\nwebhook = "Lookup"\nfile = "{tmp_path}/pipe"\n'

    (failure,) = play(RINGING + PAGE + LOOKUP + answer).failures

    assert failure.what.endswith("/pipe: the file of a response cannot be read: it is no ordinary file")


@pytest.mark.parametrize(("more", "outcome"), [(0, "no-match"), (1, "target-failed")])
def test_an_answer_is_as_long_as_one_that_is_read(play, tmp_path, more, outcome):
    """
    Where a target's is refused, a test's is too.
    """
    length = Limits().response_bytes + more
    (tmp_path / "long").write_bytes(b" " * length)
    answer = f'[[test.response]]\nwebhook = "Lookup"\nfile = "{tmp_path}/long"\n'

    result = play(RINGING + "others = true\n" + answer + LOOKUP + f'outcome = "{outcome}"\n')

    assert () == result.failures


def test_a_call_that_goes_on_too_long_fails(play):
    """
    Other tests are played all the same.
    """
    result = play(
        """
given = { DATETIME_DATE = "9998-12-31_23-00-00", EXTENSION = "100-Euphoria" }
moment = [{ event = "ringing" }, { event = "ended", after_s = 86400 }]
nothing = true
"""
    )

    (failure,) = result.failures
    assert (
        "there can be no such call: at is 9999-01-01T23:00:00+00:00, which no clock of ours can show"
        == failure.what
    )


def test_tests_do_not_know_of_each_other():
    """
    A target that failed in many tests is not left alone in the next one.
    """
    failing = (
        RINGING + '[[test.response]]\nwebhook = "Lookup"\nstatus = 500\n' + PAGE + LOOKUP + "attempts = 1\n"
    )
    tests = "".join(f"[[test]]\nname = 'test {number}'\n{failing}" for number in range(30))

    report = rehearse_now(read_text(RULES + tests))

    assert 30 == len(report.results)
    assert () == report.failed


ENDED_CALL = """
given = { CALLERID_NUMBER = "0821234567", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria", CALL_SIPID = "a1" }
others = true
moment = [{ event = "ringing" }, { event = "ended" }]
"""

WRONG = {
    "outcome": (RINGING + ANSWERED, 'webhook = "Lookup"\noutcome = "refused"', "outcome: refused, not ok"),
    "sentence": (
        RINGING + ANSWERED,
        'webhook = "Lookup"\nsentence = "No."',
        "sentence: No., not Found 1 record.",
    ),
    "attempts": (RINGING + ANSWERED, 'webhook = "Lookup"\nattempts = 2', "attempts: 2, not 1"),
    "a pattern for all of it": (
        RINGING,
        'webhook = "Page"\nurl = { matches = "https://crm" }',
        "url: matches https://crm, not https://crm.example.com/contacts/0821234567",
    ),
    "what must be there": (
        RINGING,
        'webhook = "Lookup"\nheaders = { X-Other = { present = true } }',
        "headers.X-Other: anything, not nothing",
    ),
    "ends": (DISPOSED, 'webhook = "Report"\nends = "dead"', "response: one, not none: no [[test.response]]"),
    "ends of what is not durable": (
        RINGING + ANSWERED,
        'webhook = "Lookup"\nends = "done"',
        "ends: done, not it is no durable delivery but live",
    ),
    "because": (ENDED_CALL, 'webhook = "Page"\nbecause = "disposed"', "because: disposed, not call-ended"),
    "seen_by": (
        ENDED_CALL,
        'webhook = "Page"\nseen_by = "101-Euphoria"',
        "seen_by: 101-Euphoria, not 100-Euphoria",
    ),
    "rows of what nobody sees": (
        DISPOSED + '[[test.response]]\nwebhook = "Report"\n',
        'webhook = "Report"\nrows = []',
        "view: one, not none: it is durable, and no agent sees a table of it",
    ),
    "a request that was not made": (
        'event = "ringing"\ngiven = { CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria" }\n',
        'webhook = "Lookup"\nmethod = "GET"',
        "request: one, not none: ",
    ),
}


@pytest.mark.parametrize(("test", "expected", "told"), WRONG.values(), ids=WRONG.keys())
def test_every_expectation_can_fail(play, test, expected, told):
    """
    None of them passes whatever happens.
    """
    others = "" if "others" in test else "others = true\n"
    head, mark, tables = test.partition("[[test.response]]")

    (failure,) = play(f"{head}{others}{mark}{tables}[[test.expect]]\n{expected}\n").failures

    place, wanted, actual, *_ = failure.lines
    assert f"{place}: {wanted.split(maxsplit=1)[1]}, not {actual.split(maxsplit=1)[1]}".startswith(told)


PLACES = {
    "another moment": (ENDED_CALL, "moment = 2", "'Page' does not start at moment 2"),
    "another webhook before it": (
        RINGING + "others = true\n",
        'after = "Lookup"',
        "'Page' does not start after 'Lookup'",
    ),
}


@pytest.mark.parametrize(("test", "where", "told"), PLACES.values(), ids=PLACES.keys())
def test_when_it_starts_can_be_wrong(play, test, where, told):
    """
    The right webhook at the wrong time is not what was expected.
    """
    (failure,) = play(f'{test}[[test.expect]]\nwebhook = "Page"\n{where}\n').failures

    assert told == failure.what
