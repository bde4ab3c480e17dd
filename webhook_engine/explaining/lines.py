"""
Explanations as lines for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from webhook_engine.explaining.origins import Origin
from webhook_engine.rules import Line, Tone
from webhook_engine.rules import explain as lines_of_trace
from webhook_engine.rules.words import shown

if TYPE_CHECKING:
    from webhook_engine.explaining.explanation import Explanation, StartExplanation
    from webhook_engine.explaining.tries import AttemptTrace
    from webhook_engine.explaining.used import VariableTrace
    from webhook_engine.queue import DeliveryReport


def lines_of(explanation: Explanation) -> tuple[Line, ...]:
    """
    An explanation as lines: the delivery where it is of one, the rules, each webhook that starts, and the others.
    """
    return tuple(_lines(explanation))


def _lines(explanation: Explanation) -> Iterator[Line]:
    report = explanation.delivery
    if report is not None:
        yield from _of_delivery(report)
    for note in explanation.notes:
        yield Line(0, f"note: {note}", Tone.WRONG)
    yield from lines_of_trace(explanation.trace)
    for start in explanation.starts:
        yield Line(0, "")
        yield from _of_start(start, explanation)
    if report is not None:
        return
    led_to = {each.start.webhook for each in explanation.starts}
    others = [each for each in explanation.webhooks if not each.starts and each.webhook not in led_to]
    if others:
        yield Line(0, "")
        yield Line(0, "did not start:" if explanation.is_recorded else "would not start:")
    for each in others:
        for because in each.because:
            yield Line(1, f"{each.webhook!r}: {because}")


def _of_delivery(report: DeliveryReport) -> Iterator[Line]:
    reason = f": {report.reason}" if report.reason else ""
    yield Line(0, f"delivery {report.id} of {report.webhook!r} to {report.target}: {report.state}{reason}")


def _of_start(start: StartExplanation, explanation: Explanation) -> Iterator[Line]:
    happened = explanation.is_recorded or explanation.delivery is not None
    is_window = start.request is not None and not start.is_asked
    tells = "sent" if start.attempts else ("opens" if is_window else "sends") if happened else "would send"
    led = (
        f", led to by {' › '.join(start.start.chain)}"
        if explanation.is_recorded and start.start.chain
        else ""
    )
    yield Line(0, f"{start.start.webhook} {tells}{led}:")
    if start.request is not None:
        yield from _of_request(start.request)
    elif start.error is not None:
        yield Line(1, f"nothing: {start.error}", Tone.NO if start.is_skipped else Tone.WRONG)
    yield from _of_variables(start.variables)
    for attempt in start.attempts:
        yield from _of_attempt(attempt)
    if explanation.is_recorded and start.is_asked and not start.attempts:
        yield Line(1, "no answer to it is recorded", Tone.WRONG)
    if start.follow is not None:
        yield from lines_of_trace(start.follow)


def _of_request(request: Mapping[str, object]) -> Iterator[Line]:
    yield Line(1, f"{request['method']} {request['url']}")
    headers = request.get("headers")
    if isinstance(headers, Mapping):
        for name, value in headers.items():
            yield Line(1, f"{name}: {value}")
    for line in str(request.get("body") or "").splitlines():
        yield Line(1, line)
    if request.get("kind") == "browser-window":
        yield Line(1, "(opens in the agent's browser; nothing is sent from here)")


def _of_variables(variables: tuple[VariableTrace, ...]) -> Iterator[Line]:
    if variables:
        yield Line(1, "from the variables")
    for each in variables:
        tone = Tone.NO if each.source.origin is Origin.MISSING else Tone.DETAIL
        yield Line(2, f"{each.name} is {shown(each.value)}: {each.source.because}", tone)
        for used in each.used:
            written = "" if used.written == each.name else f" as {{{{ {used.written} }}}}"
            yield Line(3, f"in the {used.where}{written}, {used.encoder}")


def _of_attempt(attempt: AttemptTrace) -> Iterator[Line]:
    status = "" if attempt.status is None else f" (status {attempt.status})"
    at = f" at {attempt.at:%Y-%m-%d %H:%M:%S %Z}" if attempt.at is not None else ""
    after = f" after {attempt.took_s:.3f} s" if attempt.took_s is not None else ""
    good = attempt.outcome in {"ok", "no-match", "skipped"}
    yield Line(
        1,
        f"attempt {attempt.number}{at}: {attempt.outcome}{status}{after}",
        Tone.YES if good else Tone.WRONG,
    )
    if attempt.sentence:
        yield Line(2, attempt.sentence)
    if attempt.decided_by:
        yield Line(2, f"decided by {attempt.decided_by}")
    yield from (Line(2, each) for each in _ways(attempt))
    if attempt.error:
        yield Line(2, attempt.error, Tone.WRONG)
    if attempt.settled != "done":
        wait = "" if attempt.wait_s is None else f" after {attempt.wait_s:g} s"
        yield Line(2, f"so it is {_SETTLED.get(attempt.settled, attempt.settled)}{wait}: {attempt.why}")


_SETTLED = {"retry": "tried again", "dead": "given up", "release": "put back"}


def _ways(attempt: AttemptTrace) -> Iterator[str]:
    for each in attempt.addresses:
        yield f"address {each}" + (", which took the connection" if each == attempt.chosen else "")
    if not attempt.addresses and attempt.status is not None and attempt.at is not None:
        yield "over a connection that was open already"
    for url in attempt.redirects:
        yield f"redirected to {url}"
