"""
Requests as a caller writes them, and answers as it reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, Union

from webhook_engine.errors import ActionRefused, UnreadableResponse, UnsafeValue
from webhook_engine.xml_api import reading, writing
from webhook_engine.xml_api.faults import FAULTS

Inputs: TypeAlias = "Mapping[str, Given]"
Given: TypeAlias = Union[str, int, "Mapping[str, Given]", "Sequence[Mapping[str, Given]]"]
"""A text, a number, what is inside, or several elements of the same name."""

_NO_CHARACTER: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ANSWER: Final = reading.Bounds(body_bytes=64 * 2**20, elements=10_000_000)
"""What is read of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    What an action answered; which of these holds something is the action's affair.
    """

    text: str = ""
    """`Nothing Done`."""

    status: Mapping[str, str]
    """`{"Status": "Success", "Accepted": "3"}`."""

    rows: tuple[Mapping[str, str], ...] = ()


def request(tenant: str, key: str, action: str, inputs: Inputs) -> bytes:
    """
    The bytes of a request.

    Raises:
        UnsafeValue: A value holds a character that XML cannot; it names the input and does not quote the value.
    """
    who = f"<Tenant><Name>{_safe('Name', tenant)}</Name><Auth>{_safe('Auth', key)}</Auth></Tenant>"
    what = f"<ActionName>{_safe('ActionName', action)}</ActionName>{_elements(inputs)}"
    return f"{writing.PROLOG}<XML>{who}{what}</XML>".encode()


def reply(body: bytes) -> Reply:
    """
    What an answer says.

    Raises:
        ActionRefused: What it complains of; one class for each documented sentence.
        UnreadableResponse: It is no answer of this API.
    """
    try:
        children = reading.read_value(body, bounds=ANSWER)
    except ActionRefused as error:
        raise UnreadableResponse("the answer is no XML of this API") from error
    if isinstance(children, str):
        return Reply(text=children, status={})
    if len(children) == 1 and children[0][0] == "Error" and isinstance(children[0][1], str):
        said = children[0][1]
        raise FAULTS[said]() if said in FAULTS else ActionRefused(said[:500])
    rows = [value for _, value in children if not isinstance(value, str)]
    return Reply(
        status={name: value for name, value in children if isinstance(value, str)},
        rows=tuple({name: value for name, value in row if isinstance(value, str)} for row in rows),
    )


def _elements(inputs: Inputs) -> str:
    return "".join([_element(name, value) for name, value in inputs.items()])


def _element(name: str, value: Given) -> str:
    if not writing.NAME.match(name):
        raise UnsafeValue(f"{name[:40]!r} cannot be the name of an XML element", slot="XML")
    if isinstance(value, str | int):
        return f"<{name}>{_safe(name, str(value))}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    return "".join([f"<{name}>{_elements(each)}</{name}>" for each in value])


def _safe(name: str, text: str) -> str:
    if found := _NO_CHARACTER.search(text):
        problem = f"holds {found[0]!r} at position {found.start()}, which XML cannot carry"
        raise UnsafeValue(problem, slot="XML", variable=name)
    return writing.escaped(text)
