"""
Tests give a call that there can be, refer to what there is, and ask for what can be answered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from webhook_engine.definitions.cases import Canned, Expectation, TestCase, matcher_of, matcher_problem
from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.words import PopState
from webhook_engine.errors import DefinitionError, InvalidCall, UnknownVariable, did_you_mean
from webhook_engine.responses import read_path
from webhook_engine.variables import VARIABLES, CallContext, Value

_NAMES = re.compile(r"[A-Z][A-Z0-9_]*")

_METHODS = ("GET", "POST", "PUT", "DELETE")


def check_test(entry: Entry[TestCase], webhooks: Names, variables: Collection[str], report: Report) -> None:
    """
    Report whatever in a test can never be so.
    """
    test = entry.item
    for key, other, message in _wholes(test):
        # What could not be read is not what its author wrote.
        if not any(report.has_refused_within(entry.source, (*entry.path, each)) for each in (key, other)):
            entry.problem(report, key, message=message)
    for index, canned in enumerate(test.responses):
        if missing := webhooks.missing(canned.webhook):
            entry.problem(report, "response", index, "webhook", message=missing)
        for key, problem in _of_canned(canned):
            entry.problem(report, "response", index, key, message=problem)
    for index, expectation in enumerate(test.expect):
        for inside, message in _of_expectation(expectation, test, webhooks):
            entry.problem(report, "expect", index, *inside, message=message)
    for index, message in _contradictions(test.expect):
        entry.problem(report, "expect", index, "absent", message=message)
    _check_given(entry, test.given, {}, ("given",), variables, report)
    known = dict(test.given)
    for index, moment in enumerate(test.moments):
        if moment.given:  # what was wrong before is told where it stands
            _check_given(entry, moment.given, known, ("moment", index, "given"), variables, report)
        known |= moment.given


def _wholes(test: TestCase) -> Iterator[tuple[str, str, str]]:
    """
    A key, the other one with which it makes no sense, and why.
    """
    if test.nothing and any(not each.absent for each in test.expect):
        yield "nothing", "expect", "is true, but the test expects webhooks too"
    if test.nothing and test.others:
        yield "others", "nothing", "is true, but the test says that nothing starts"
    if test.event is None and not test.moments:
        yield "event", "moment", "is missing: say which moment it is, or play several with [[test.moment]]"
    if test.event is not None and test.moments:
        yield "event", "moment", "stands beside [[test.moment]]; write it as one of them"


def _of_canned(canned: Canned) -> Iterator[tuple[str, str]]:
    if canned.fault is not None:
        for key, is_there in (
            ("status", canned.status != 200),
            ("headers", bool(canned.headers)),
            ("body", canned.body is not None),
            ("file", canned.file is not None),
        ):
            if is_there:
                yield key, f"stands beside fault = {str(canned.fault)!r}, where nothing is answered"
    elif canned.file is not None and canned.body is not None:
        yield "file", "stands beside a body; there is one or the other"


def _of_expectation(wanted: Expectation, test: TestCase, webhooks: Names) -> Iterator[tuple[Path, str]]:
    for key, name in (("webhook", wanted.webhook), ("after", wanted.after)):
        if name is not None and (message := webhooks.missing(name)):
            yield (key,), message
    if wanted.method is not None and wanted.method not in _METHODS:
        yield ("method",), f"is {wanted.method!r}, which is none of {', '.join(_METHODS)}"
    if wanted.moment is not None and wanted.moment > max(1, len(test.moments)):
        yield ("moment",), f"is {wanted.moment}, and the test plays {max(1, len(test.moments))}"
    if wanted.absent and (others := _details(wanted)):
        yield ("absent",), f"is true, so there is no {' and no '.join(others)} to expect"
    if wanted.because is not None and wanted.pop not in (None, PopState.WITHDRAWN):
        yield ("because",), f"says why the pop was withdrawn, but pop is {str(wanted.pop)!r}"
    yield from _matchers(wanted)


def _contradictions(expect: Sequence[Expectation]) -> Iterator[tuple[int, str]]:
    """
    Where a webhook must not start that another place of the same test expects.
    """
    for index, wanted in enumerate(expect):
        if not wanted.absent:
            continue
        for place, other in enumerate(expect, start=1):
            if not other.absent and _is_within(other, wanted):
                yield index, f"is true, but expect[{place}] expects {wanted.webhook!r}"
                break


def _is_within(wanted: Expectation, other: Expectation) -> bool:
    """
    Whether whatever *wanted* means is something that *other* means too.
    """
    return (
        wanted.webhook == other.webhook
        and other.moment in (None, wanted.moment)
        and other.after in (None, wanted.after)
    )


def _details(wanted: Expectation) -> list[str]:
    names = ("method", "url", "headers", "body", "outcome", "sentence", "columns", "rows", "attempts", "ends")
    return [name for name in (*names, "pop", "because", "seen_by") if getattr(wanted, name) not in (None, {})]


def _matchers(wanted: Expectation) -> Iterator[tuple[Path, str]]:
    parts: list[tuple[Path, object]] = [(("url",), wanted.url), (("sentence",), wanted.sentence)]
    parts += [(("headers", name), each) for name, each in wanted.headers.items()]
    for row, cells in enumerate(wanted.rows or ()):
        parts += [(("rows", row, column), each) for column, each in enumerate(cells)]
    for inside, part in parts:
        if message := matcher_problem(part):
            yield inside, message
    yield from _of_body(wanted.body, ("body",))


def _of_body(part: object, inside: Path) -> Iterator[tuple[Path, str]]:
    if matcher_of(part) is not None:
        if message := matcher_problem(part):
            yield inside, message
    elif isinstance(part, Mapping):
        for key, value in part.items():
            try:
                read_path(key)
            except DefinitionError as error:
                yield (*inside, key), error.problems[0].message.replace("a response", "a body")
            yield from _of_body(value, (*inside, key))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _of_body(value, (*inside, index))


def _check_given(
    entry: Entry[TestCase],
    given: Mapping[str, Value],
    before: Mapping[str, Value],
    inside: Path,
    variables: Collection[str],
    report: Report,
) -> None:
    """
    Every value that no call could have, at its own place.
    """
    left = {**before, **given}
    while (found := _refusal(left, variables)) is not None:
        name, message = found
        culprit = next((each for each in (name, *_NAMES.findall(name)) if each in left), None)
        if culprit is None or culprit in given:
            entry.problem(report, *inside, *([culprit] if culprit else []), message=message)
        if culprit is None:
            return
        del left[culprit]


def _refusal(given: Mapping[str, Value], variables: Collection[str]) -> tuple[str, str] | None:
    """
    The first value that no call could have, and why; None when a call can hold them all.
    """
    custom = {name: value for name, value in given.items() if name in variables and name not in VARIABLES}
    tokens = {name: value for name, value in given.items() if name not in custom}
    try:
        CallContext.from_tokens(tokens, extra=custom)
    except UnknownVariable as error:
        meant = did_you_mean(error.name, variables)
        hint = f"did you mean {meant}?" if meant else "add a [[variable]] of that name"
        return error.name, f"is no variable; {hint}"
    except InvalidCall as error:
        return error.field, error.problem
    return None
