"""
The reference of actions, made of their declarations: `python -m webhook_engine.xml_api.reference` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from webhook_engine.xml_api import writing
from webhook_engine.xml_api.answers import Rows
from webhook_engine.xml_api.faults import FAULTS
from webhook_engine.xml_api.standing import PROVIDED_ACTIONS

if TYPE_CHECKING:
    from webhook_engine.xml_api.actions import Action
    from webhook_engine.xml_api.inputs import Declared

_KINDS: Final = {
    "int": "number",
    "str": "text",
    "bool": "yes or no",
    "date": "day",
    "datetime": "day and time",
}


def reference(actions: Iterable[Action] = PROVIDED_ACTIONS) -> str:
    """
    A section of Markdown for each action: what it does, its inputs, a request and its answer.
    """
    return "\n".join(map(_section, actions))


def fault_table() -> str:
    """
    Each sentence and what it means, as Markdown, in the order in which they are looked for.
    """
    rows = [f"| {sentence} | {_line(fault.__doc__)} |" for sentence, fault in FAULTS.items()]
    return "\n".join(["| answer | when |", "|---|---|", *rows, ""])


def _section(action: Action) -> str:
    parts = [f"### {action.name}\n", f"{action.about}\n", f"{_conduct(action)}\n"]
    if action.inputs.inputs:
        parts.append(_table(action.inputs.inputs))
    for declared in action.inputs.inputs:
        if declared.within is not None:
            parts.append(f"Each `{declared.input.each}` of `{declared.input.name}` holds:\n")
            parts.append(_table(declared.within.inputs))
    parts.append(f"```xml\n{_sample(action)}```\n")
    what = "answers, for one row:" if isinstance(action.answer, Rows) else "answers:"
    parts.append(f"{what}\n\n```xml\n{action.answer.sample().decode()}\n```\n")
    return "\n".join(parts)


def _conduct(action: Action) -> str:
    told = ["Reads: an answer is given again for 30 seconds." if action.reads else "Done each time."]
    if action.limit is not None:
        told.append(f"{action.limit} at a time for each tenant.")
    return " ".join(told)


def _table(inputs: Iterable[Declared]) -> str:
    rows = [f"| `{each.input.name}` | {_rule(each)} | {_line(each.input.about)} |" for each in inputs]
    return "\n".join(["| input | rule | what it is |", "|---|---|---|", *rows, ""])


def _rule(declared: Declared) -> str:
    stated = declared.input
    kind = "list" if declared.within is not None else _KINDS[declared.type.__name__]
    if stated.between is not None:
        kind = f"{kind}, {stated.between[0]:,} to {stated.between[1]:,}"
    if declared.is_optional:
        return f"optional; {kind}"
    return f"must be there, may be empty; {kind}" if stated.may_be_empty else f"required; {kind}"


def _sample(action: Action) -> str:
    who = "<Tenant><Name>Your Tenant Name</Name><Auth>Your-Auth-Key-goes-here</Auth></Tenant>"
    inputs = "".join(map(_example, action.inputs.inputs))
    whole = f"<XML>{who}<ActionName>{action.name}</ActionName>{inputs}</XML>"
    tree = ET.fromstring(whole)  # noqa: S314  # of our own making
    ET.indent(tree)
    return ET.tostring(tree, encoding="unicode", short_empty_elements=False) + "\n"


def _example(declared: Declared) -> str:
    stated = declared.input
    inside = writing.escaped(stated.example)
    if declared.within is not None:
        inside = f"<{stated.each}>{''.join(map(_example, declared.within.inputs))}</{stated.each}>"
    return f"<{stated.name}>{inside}</{stated.name}>"


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
