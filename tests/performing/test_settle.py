"""
One table says what follows from an attempt.
"""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.errors import (
    AgentRefused,
    AuthoritiesMissing,
    ConnectFailed,
    ConnectionLost,
    DefinitionError,
    EgressRefused,
    EmptyParameter,
    FrozenUnusable,
    LimitExceeded,
    NameNotFound,
    NotFound,
    QueueError,
    RenderError,
    ResponseTooLarge,
    SecretMissing,
    TargetPaused,
    TimedOut,
    TlsFailed,
    TokenRefused,
    UnreadableResponse,
    UnsafeValue,
)
from webhook_engine.performing import Dead, Done, Release, Retry, RetryPolicy
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.settle import TABLE, Facts, Way, line_of, settle
from webhook_engine.responses import Outcome

CRM = "crm.example.com:443"
POLICY = RetryPolicy()
AGAIN = Retry(5.0)
"""After the first failure, the longest wait drawn."""
UNCOUNTED = Retry(2.0, counted=False)

WELL, FAILED, CROWDED, NOTHING = Word.WELL, Word.FAILED, Word.CROWDED, Word.NOTHING


def unreachable(code):
    error = ConnectFailed("no way", target=CRM)
    error.__cause__ = OSError(code, "no way")
    return error


def answered(status, outcome=None, **facts):
    return Facts(status=status, outcome=outcome, **facts)


def failed(error):
    return Facts(error=error)


ROWS = {
    # 2xx is judged by its content.
    "accepted": (answered(200, Outcome.OK), Done(), WELL),
    "no content": (answered(204, Outcome.OK), Done(), WELL),
    "a lookup that found nothing": (answered(200, Outcome.NO_MATCH), Done(), WELL),
    "200 with an error in it": (answered(200, Outcome.REFUSED), Dead("refused"), WELL),
    "200 with a log-in page": (answered(200, Outcome.CREDENTIALS_EXPIRED), Dead("credentials-expired"), WELL),
    "200 that cannot be read": (answered(200, Outcome.TARGET_FAILED), AGAIN, WELL),
    "200 too many calls at once": (answered(200, Outcome.REFUSED, crowded=True), UNCOUNTED, CROWDED),
    "200 too many calls at once, refused by a rule": (
        answered(200, Outcome.REFUSED, crowded=True, by_rule=True),
        UNCOUNTED,
        CROWDED,
    ),
    "500 too many calls at once": (answered(500, Outcome.TARGET_FAILED, crowded=True), UNCOUNTED, CROWDED),
    # What the webhook's rules say stands above the status.
    "404 is fine by a rule": (answered(404, Outcome.OK, by_rule=True), Done(), WELL),
    "410 is nothing by a rule": (answered(410, Outcome.NO_MATCH, by_rule=True), Done(), WELL),
    "503 is a refusal by a rule": (answered(503, Outcome.REFUSED, by_rule=True), Dead("refused"), WELL),
    "403 is a log-in by a rule": (
        answered(403, Outcome.CREDENTIALS_EXPIRED, by_rule=True),
        Dead("credentials-expired"),
        WELL,
    ),
    "200 is a failure by a rule": (answered(200, Outcome.TARGET_FAILED, by_rule=True), AGAIN, FAILED),
    "400 is a failure by a rule": (answered(400, Outcome.TARGET_FAILED, by_rule=True), AGAIN, FAILED),
    # Statuses.
    "301": (answered(301, Outcome.TARGET_FAILED), Dead("redirected"), WELL),
    "308": (answered(308, Outcome.TARGET_FAILED), Dead("redirected"), WELL),
    "302": (answered(302, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "307": (answered(307, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "400": (answered(400, Outcome.REFUSED), Dead("refused"), WELL),
    "401": (answered(401, Outcome.CREDENTIALS_EXPIRED), Dead("credentials-expired"), WELL),
    "403": (answered(403, Outcome.REFUSED), Dead("forbidden"), WELL),
    "404": (answered(404, Outcome.REFUSED), Dead("not-found"), WELL),
    "404 of a lookup": (answered(404, Outcome.NO_MATCH), Done(), WELL),
    "408": (answered(408, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "410": (answered(410, Outcome.REFUSED), Dead("gone"), WELL),
    "410 of a lookup": (answered(410, Outcome.NO_MATCH), Dead("gone"), WELL),
    "413": (answered(413, Outcome.REFUSED), Dead("refused"), WELL),
    "422": (answered(422, Outcome.REFUSED), Dead("refused"), WELL),
    "425": (answered(425, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "429": (answered(429, Outcome.TARGET_FAILED), AGAIN, CROWDED),
    "500": (answered(500, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "502": (answered(502, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "503": (answered(503, Outcome.TARGET_FAILED), AGAIN, FAILED),
    "599": (answered(599, Outcome.TARGET_FAILED), AGAIN, FAILED),
    # Nothing was sent.
    "skipped": (failed(EmptyParameter("phone", skips=True)), Done(), NOTHING),
    "an empty parameter": (failed(EmptyParameter("phone", skips=False)), Dead("template"), NOTHING),
    "a template that fails": (failed(RenderError("no")), Dead("template"), NOTHING),
    "a value no slot carries": (failed(UnsafeValue("no", slot="header")), Dead("template"), NOTHING),
    "a definition that does not hold": (failed(DefinitionError([])), Dead("template"), NOTHING),
    "a webhook that is gone": (failed(NotFound("webhook", "it")), Dead("deleted"), NOTHING),
    "a webhook that goes elsewhere now": (
        failed(FrozenUnusable("moved", target="it")),
        Dead("changed"),
        NOTHING,
    ),
    "no agent": (failed(AgentRefused("no", target=CRM)), Dead("agent-refused"), NOTHING),
    "a private address": (
        failed(EgressRefused(target=CRM, address="10.0.0.1", why="is private")),
        Dead("egress"),
        NOTHING,
    ),
    "a missing secret": (failed(SecretMissing("no", target=CRM)), UNCOUNTED, NOTHING),
    "missing authorities": (failed(AuthoritiesMissing(ca_file="x", problem="y")), UNCOUNTED, NOTHING),
    "our own limit": (failed(LimitExceeded("full", target=CRM)), Release(2.0), NOTHING),
    "the breaker": (failed(TargetPaused(target=CRM, wait_s=30, why="it failed")), Release(32.0), NOTHING),
    "no token for these": (
        failed(TokenRefused(target=CRM, group="CRM", status=401)),
        Dead("credentials-expired"),
        NOTHING,
    ),
    "the token URL is down": (failed(TokenRefused(target=CRM, group="CRM", status=503)), AGAIN, FAILED),
    "no more files": (failed(unreachable(errno.EMFILE)), UNCOUNTED, NOTHING),
    "no way there": (failed(unreachable(errno.ENETUNREACH)), UNCOUNTED, FAILED),
    # Nothing came back.
    "no such host": (failed(NameNotFound("no", target=CRM)), AGAIN, FAILED),
    "nobody answers": (failed(unreachable(errno.ECONNREFUSED)), AGAIN, FAILED),
    "no TLS": (failed(TlsFailed("no", target=CRM)), AGAIN, FAILED),
    "too late": (failed(TimedOut(target=CRM, after_s=4)), AGAIN, FAILED),
    "broken off": (failed(ConnectionLost("no", target=CRM)), AGAIN, FAILED),
    "too large": (failed(ResponseTooLarge("no")), AGAIN, FAILED),
    "no HTTP": (failed(UnreadableResponse("no")), AGAIN, FAILED),
    "something else": (failed(QueueError("no")), AGAIN, NOTHING),
}


def settled(facts, policy=POLICY, *, attempt=1, failures=0, roll=1.0):
    return settle(line_of(facts), facts, policy, attempt=attempt, failures=failures, roll=roll)


@pytest.mark.parametrize(("facts", "settlement", "word"), ROWS.values(), ids=ROWS.keys())
def test_the_table(facts, settlement, word):
    """
    What follows for the delivery, and what its target is taken for.
    """
    assert (settlement, word) == (settled(facts), line_of(facts).word)


def test_every_line_is_reached():
    """
    A line that nothing leads to would promise what does not happen.
    """
    reached = {id(line_of(facts)) for facts, _, _ in ROWS.values()}

    assert [] == [line.name for line in TABLE if id(line) not in reached]


def test_there_are_only_so_many_attempts():
    """
    The last of the failures that count is the end.
    """
    facts = answered(503, Outcome.TARGET_FAILED)
    policy = RetryPolicy(max_attempts=3)

    ends = [settled(facts, policy, failures=n, attempt=n + 1) for n in range(3)]

    assert [Retry(5.0), Retry(10.0), Dead("attempts-exhausted")] == ends


def test_what_does_not_count_has_no_end_of_its_own():
    """
    Our own faults use up nothing, however often they come; their waits grow all the same.
    """
    facts = failed(SecretMissing("no", target=CRM))

    assert Retry(300.0, counted=False) == settled(facts, RetryPolicy(max_attempts=1), attempt=1000)


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "credentials-expired"), (403, "forbidden"), (404, "not-found")]
)
def test_some_refusals_can_be_retried_shortly(status, reason):
    """
    Where the policy says so, as for a target that hands out rights a little late.
    """
    policy = RetryPolicy(short_retries={status: 2})
    facts = answered(status, Outcome.REFUSED)

    ends = [settled(facts, policy, failures=n) for n in range(3)]

    assert [Retry(5.0), Retry(10.0), Dead(reason)] == ends


def test_an_accepted_request_is_sent_few_times():
    """
    A target that accepts each time and answers what nobody can read may act each time.
    """
    facts = answered(200, Outcome.TARGET_FAILED)

    ends = [settled(facts, failures=n) for n in range(3)]

    assert [Retry(5.0), Retry(10.0), Dead("unusable")] == ends


def test_a_hint_is_obeyed_where_it_is_longer():
    """
    The wait of the schedule, or the target's where that is longer, and an hour at most.
    """
    waits = [
        settled(answered(429, Outcome.TARGET_FAILED, hint_s=hint), failures=3, roll=0.5).wait_s
        for hint in (None, 1.0, 90.0, 999999999.0)
    ]

    assert [20.0, 20.0, 90.0, 3600.0] == waits


FACTS = st.builds(
    Facts,
    outcome=st.none() | st.sampled_from(Outcome),
    by_rule=st.booleans(),
    status=st.none() | st.integers(100, 599),
    error=st.none() | st.sampled_from([facts.error for facts, _, _ in ROWS.values()]),
    crowded=st.booleans(),
    hint_s=st.none() | st.floats(0, 1e9),
)


@given(FACTS, st.integers(1, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_every_attempt_is_settled(facts, attempt, failures, roll):
    """
    Whatever it came to, something follows, no wait is negative or longer than an hour, and after
    the last failure that counts there is no other.
    """
    settlement = settled(facts, attempt=attempt, failures=failures, roll=roll)

    if isinstance(settlement, Retry | Release):
        assert 0 <= settlement.wait_s <= 3600
    if failures + 1 >= POLICY.max_attempts and line_of(facts).way is Way.RETRY:
        assert isinstance(settlement, Dead)
