"""
Rules: which moments of which calls start which webhooks, in which order, and what responses lead to.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.meanwhile import seen_in, why_not
from webhook_engine.console.saving import Edit, change, delete, save, table_of
from webhook_engine.console.tables import position_of
from webhook_engine.errors import NotFound
from webhook_engine.responses import Outcome
from webhook_engine.variables import VARIABLES, Direction, Disposition, Moment, is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.forms import Reader, Table
    from webhook_engine.console.saving import Conflict
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Definitions
    from webhook_engine.store.revisions import Revision

READERS: Final[Mapping[str, Reader]] = {
    "name": forms.kept,
    "when": forms.text,
    "priority": forms.whole,
    "stop": forms.flag,
    "call_queue": forms.lines,
    "then[].after": forms.text,
    "then[].webhook": forms.kept,
    "then[].when": forms.text,
    "then[].value": forms.text,
    "then[].at_most": forms.whole,
}
"""The fields of a rule's form that hold one value each."""

TICKED: Final[Mapping[str, Sequence[str]]] = {
    "on": tuple(Moment),
    "direction": tuple(Direction),
    "disposition": tuple(Disposition),
}
"""The fields of which several may be ticked."""

AFTER: Final = tuple(each for each in Outcome if each is not Outcome.SKIPPED)
"""Outcomes after which a chain may go on."""

_OWNS: Final = frozenset({*(name.partition("[")[0] for name in READERS), *TICKED, "webhooks", "silence"})
_LINE: Final = re.compile(r"then\[([0-9]+)\]\.(.+)")

_ORDER: Final = (
    "name",
    "on",
    "direction",
    "disposition",
    "call_queue",
    "when",
    "webhooks",
    "then[].after",
    "then[].webhook",
    "then[].on",
    "then[].when",
    "then[].value",
    "then[].at_most",
    "priority",
    "stop",
    "silence",
)
"""The fields from top to bottom."""

LISTS: Final = ("webhooks", "then")


async def rules(visit: Visit) -> web.StreamResponse:
    """
    All rules in the order in which they are asked; and which variables are known at which moment.
    """
    revision = await visit.console.revision()
    definitions = revision.definitions
    return visit.page(
        "rules.html",
        based_on=revision.entry.number,
        rules=[each.definition for each in definitions.compiled_rules()],
        moments=list(Moment),
        grid=list(_grid(definitions)),
        durable={each.name for each in definitions.webhooks if each.is_durable},
    )


def _grid(definitions: Definitions) -> Iterator[tuple[str, str, list[bool]]]:
    """
    Each variable, what it means, and for each moment whether a call knows it then.
    """
    for row in VARIABLES.values():
        yield row.name, row.meaning, [is_known(row.name, moment) for moment in Moment]
    for custom in definitions.variables:
        yield custom.name, custom.meaning, [custom.known_from in moment.follows for moment in Moment]


async def edit(visit: Visit) -> web.StreamResponse:
    """
    The form of one rule, of a copy of one (`?copy=`), or of a new one.
    """
    revision = await visit.console.revision()
    name, copied = visit.asked("rule"), visit.asked("copy")
    table = _known(revision, name or copied) if name or copied else {"on": ["ringing"]}
    if copied and not name:
        table = {**table, "name": f"{copied}, copy"}
    return await _shown(visit, revision, name, Form(table=table, based_on=revision.entry.number))


async def store(visit: Visit) -> web.StreamResponse:
    """
    Save the form; what is wrong with it stands at its fields, what is wrong with a condition with its column.
    """
    name, based_on = visit.given("was"), seen_in(visit)
    table = read(visit.fields)
    revision = await visit.console.revision()
    saving = await save(
        visit.console,
        Edit(
            kind="rule",
            name=name,
            table=table,
            owns=_OWNS,
            based_on=based_on,
            by=visit.who.email,
            note=f"{'changed' if name else 'added'} rule {table.get('name', name)}",
        ),
    )
    if saving.entry is not None:
        said = f"Saved as revision {saving.entry.number}." if saving.is_new else "Nothing had changed."
        return visit.go("rule", rule=table["name"], say=said)
    number = saving.conflict.entry.number if saving.conflict else revision.entry.number
    form = Form(table=table, errors=forms.in_order(saving.errors, _ORDER), based_on=number)
    return await _shown(
        visit, revision, name, form, conflict=saving.conflict, status=HTTPStatus.UNPROCESSABLE_ENTITY
    )


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Delete a rule: nothing refers to one.
    """
    name = visit.given("rule")
    gone = await delete(visit.console, "rule", name, by=visit.who.email, based_on=seen_in(visit))
    if gone.conflict is not None:
        where = {} if gone.conflict.is_gone else {"rule": name}
        return visit.go("rule" if where else "rules", warn=why_not(name, gone.conflict), **where)
    return visit.go("rules", say=f"{name} was deleted.")


async def move(visit: Visit) -> web.StreamResponse:
    """
    Ask a rule one place earlier or later, among those that its page showed.
    """
    if meanwhile := await _reordered(visit):
        return visit.go("rules", warn=meanwhile, at="rules")
    name, step = visit.given("rule"), -1 if visit.given("to") == "earlier" else 1

    def alter(tree: dict[str, Any]) -> str:
        return _move(tree.get("rule", []), name, step)

    where = "earlier" if step < 0 else "later"
    saving = await change(visit.console, alter, by=visit.who.email, note=f"rule {name} is asked {where}")
    wrong = "; ".join(message for messages in saving.errors.values() for message in messages)
    said = f"{name} is asked {where} now." if saving.is_new else ""
    return visit.go("rules", say=said, warn=wrong, at="rules")


async def _reordered(visit: Visit) -> str:
    """
    Who changed the order since the page was shown; empty where it still stands so.
    """
    revision = await visit.console.revision()
    if seen_in(visit) in (0, revision.entry.number):
        return ""
    seen = await visit.console.store.definitions.load(visit.console.tenant, seen_in(visit))
    if _order(seen) == _order(revision):
        return ""
    entry = revision.entry
    return f"Nothing was moved: {entry.saved_by} changed the order meanwhile (revision {entry.number}). This is it now."


def _order(revision: Revision) -> list[str]:
    return [each.definition.name for each in revision.definitions.compiled_rules()]


def _move(tables: list[Table], name: str, step: int) -> str:
    """
    Changes places with the neighbour in the order of asking, and takes its priority.

    Raises:
        NotFound: There is no such rule.
    """
    asked = sorted(tables, key=lambda each: -each.get("priority", 0))
    place = position_of(asked, name)
    if place is None:
        raise NotFound("rule", name, known=[str(each.get("name")) for each in tables])
    if 0 <= place + step < len(asked):
        rule, neighbour = asked[place], asked[place + step]
        tables.remove(rule)
        tables.insert(tables.index(neighbour) + (step > 0), rule)
        rule["priority"] = neighbour.get("priority", 0)
    return f"rule[{tables.index(asked[place]) + 1}]"


async def line(visit: Visit) -> web.StreamResponse:
    """
    One more line of a list, blank; for the "+" button.
    """
    kind = visit.asked("list")
    if kind not in LISTS:
        raise NotFound("list", kind, known=LISTS)
    index = forms.whole(visit.asked("index"))
    number = index if isinstance(index, int) and 0 < index <= 10 * forms.ROWS else 1
    names = [each.name for each in (await visit.console.revision()).definitions.webhooks]
    return visit.fragment(
        "_rule_line.html", list=kind, index=number, form=Form(), webhooks=names, outcomes=AFTER
    )


def read(fields: Iterable[tuple[str, str]]) -> Table:
    """
    The rule that the form spells.
    """
    fields = list(fields)
    table = forms.read_table(_without_blank_links(fields), READERS)
    for name, words in TICKED.items():
        if ticked := [each for each in words if (name, each) in fields]:
            table[name] = ticked
    table.setdefault("on", [])
    if silenced := forms.ticked(fields, "silence"):
        table["silence"] = silenced
    if webhooks := [given for name, given in fields if re.fullmatch(r"webhooks\[[0-9]+\]", name) and given]:
        table["webhooks"] = webhooks
    outcomes = _outcomes(fields)
    for number, then in zip(_numbers(_without_blank_links(fields)), table.get("then", ()), strict=False):
        if (ticked := outcomes.get(number, [])) != ["ok"]:
            then["on"] = ticked
    return table


def _without_blank_links(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """
    The fields without the lines of the chain in which nothing was typed: ticks come by themselves.
    """
    typed = {
        found[1] for name, given in fields if (found := _LINE.match(name)) and _is_typed(found[2], given)
    }
    return [(name, given) for name, given in fields if not (found := _LINE.match(name)) or found[1] in typed]


def _is_typed(key: str, given: str) -> bool:
    return bool(given.strip()) and key != "on"


def _numbers(fields: Iterable[tuple[str, str]]) -> list[str]:
    found = [match[1] for name, _ in fields if (match := _LINE.match(name))]
    return list(dict.fromkeys(found))


def _outcomes(fields: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, given in fields:
        if (match := _LINE.match(name)) and match[2] == "on":
            found.setdefault(match[1], []).append(given)
    return found


def _known(revision: Revision, name: str) -> Table:
    table = table_of(revision, "rule", name)
    if table is None:
        raise NotFound("rule", name, known=[rule.name for rule in revision.definitions.rules])
    return table


async def _shown(
    visit: Visit,
    revision: Revision,
    name: str,
    form: Form,
    *,
    conflict: Conflict | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    definitions = revision.definitions
    return visit.page(
        "rule.html",
        status=status,
        was=name,
        form=form,
        conflict=conflict,
        ticked=TICKED,
        webhooks=[each.name for each in definitions.webhooks],
        outcomes=AFTER,
        advice=await visit.console.advisor.of(definitions, "rule", name, form.table.get("silence", ())),
        variables=[*VARIABLES.values(), *definitions.variables],
    )
