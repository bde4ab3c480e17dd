"""
Whether a performance is what a test expects of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine.errors import ResponseError
from webhook_engine.responses.form import read_form
from webhook_engine.responses.tree import MISSING
from webhook_engine.responses.xml import read_xml
from webhook_engine.testing.rehearsal.differing import Difference, difference, differences_in, told
from webhook_engine.testing.rehearsal.performance import Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.definitions import Expectation
    from webhook_engine.dispatch import PreparedRequest
    from webhook_engine.responses.tree import Node
    from webhook_engine.testing.rehearsal.performance import Performance

_DEEPEST: Final = 128


def differences(wanted: Expectation, performed: Performance) -> tuple[Difference, ...]:
    """
    Everything about *performed* that is not as *wanted*.
    """
    return tuple(_all(wanted, performed))


def _all(wanted: Expectation, performed: Performance) -> Iterator[Difference]:
    yield from _request(wanted, performed)
    yield from _ending(wanted, performed)
    yield from _table(wanted, performed)
    yield from _pop(wanted, performed)


def _request(wanted: Expectation, performed: Performance) -> Iterator[Difference]:
    asked = (wanted.method, wanted.url, wanted.body, wanted.headers or None)
    request = performed.request
    if request is None:
        if any(each is not None for each in asked):
            yield Difference("request", "one", f"none: {performed.error or 'nothing was sent'}")
        return
    yield from _same("method", wanted.method, request.method)
    yield from _same("url", wanted.url, request.url)
    for name, value in wanted.headers.items():
        if found := difference(f"headers.{name}", value, _header(request, name)):
            yield found
    if wanted.body is not None:
        yield from _body(wanted.body, request)


def _same(place: str, wanted: object, found: object) -> Iterator[Difference]:
    if wanted is not None and (differs := difference(place, wanted, found)):
        yield differs


def _header(request: PreparedRequest, name: str) -> object:
    sent = request.headers + request.route.added
    values = [str(value) for each, value in sent if each.lower() == name.lower()]
    return ", ".join(values) if values else MISSING


def _body(wanted: object, request: PreparedRequest) -> Iterator[Difference]:
    sent = request.body
    text: object = MISSING if sent is None else sent.decode(errors="replace")
    if not isinstance(wanted, dict | list) or (len(wanted) == 1 and not list(_parts(wanted))):
        yield from _same("body", wanted, text)
        return
    try:
        tree = _tree(sent or b"", str(_header(request, "content-type")))
    except (ResponseError, orjson.JSONDecodeError) as error:
        yield Difference("body", "something with parts", f"{told(text)} ({error})")
        return
    yield from differences_in("body", wanted, tree)


def _parts(wanted: dict[str, object] | list[object]) -> Iterator[object]:
    """
    What is asked of parts; nothing where it is a matcher for the whole.
    """
    from webhook_engine.definitions.cases import matcher_of

    if matcher_of(wanted) is None:
        yield from wanted


def _tree(body: bytes, content_type: str) -> Node:
    if "json" in content_type:
        found: Node = orjson.loads(body)
        return found
    if "xml" in content_type:
        root, inside = read_xml(body, depth=_DEEPEST)
        return {root: inside, **inside} if isinstance(inside, dict) else {root: inside}
    return read_form(body)


def _ending(wanted: Expectation, performed: Performance) -> Iterator[Difference]:
    if performed.is_unanswered and any(
        each is not None
        for each in (wanted.outcome, wanted.sentence, wanted.ends, wanted.columns, wanted.rows)
    ):
        yield Difference(
            "response", "one", f"none: no [[test.response]] says what {performed.webhook!r} is answered"
        )
        return
    outcome = MISSING if performed.outcome is None else str(performed.outcome)
    yield from _same("outcome", None if wanted.outcome is None else str(wanted.outcome), outcome)
    yield from _same("sentence", wanted.sentence, performed.sentence or MISSING)
    yield from _same("attempts", wanted.attempts, performed.sends)
    if wanted.ends is not None and performed.way is not Way.DURABLE:
        yield Difference("ends", str(wanted.ends), f"it is no durable delivery but {performed.way}")
    else:
        settled = MISSING if performed.settled is None else str(performed.settled)
        yield from _same("ends", None if wanted.ends is None else str(wanted.ends), settled)


def _table(wanted: Expectation, performed: Performance) -> Iterator[Difference]:
    if (wanted.columns is None and wanted.rows is None) or performed.is_unanswered:
        return
    view = performed.view
    if view is None:
        yield Difference("view", "one", f"none: it is {performed.way}, and no agent sees a table of it")
        return
    if wanted.columns is not None:
        headings = [column.heading for column in view.columns]
        yield from _in_parts("columns", list(wanted.columns), headings)
    if wanted.rows is not None:
        rows = [[_cell(cell) for cell in row] for row in view.rows]
        yield from _in_parts("rows", [list(row) for row in wanted.rows], rows)


def _cell(cell: object) -> object:
    return MISSING if cell is None else cell


def _in_parts(place: str, wanted: Sequence[object], found: object) -> Iterator[Difference]:
    plain: list[object] = list(wanted)
    tree: Mapping[str, object] = {"": found}
    yield from differences_in(place, plain, tree[""])  # type: ignore[arg-type]  # lists of plain values


def _pop(wanted: Expectation, performed: Performance) -> Iterator[Difference]:
    fate = performed.fate
    yield from _same("pop", None if wanted.pop is None else str(wanted.pop), str(fate.state))
    yield from _same(
        "because", None if wanted.because is None else str(wanted.because), fate.because or MISSING
    )
    yield from _same("seen_by", wanted.seen_by, fate.seen_by or MISSING)
