"""
What commands are given: files of definitions, and a call stated on the command line.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from webhook_engine.errors import InvalidCall, UnknownVariable, WebhookEngineError, did_you_mean
from webhook_engine.variables import VARIABLES, CallContext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webhook_engine.definitions import Definitions

File = Annotated[Path, typer.Argument(help="A definitions file, or a folder of them.", show_default=False)]
WebhookName = Annotated[str, typer.Argument(help="The webhook's name.", show_default=False)]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="TOKEN=VALUE", help="A variable of the call; may be given again.", show_default=False
    ),
]
CallFile = Annotated[
    Path | None,
    typer.Option("--call", metavar="FILE", help="A call as JSON, to start from.", show_default=False),
]
UseTestValues = Annotated[
    bool, typer.Option("--test-values", help="Send the parameters' test values, where they have one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class BadInput(WebhookEngineError):
    """
    An option or a file that a command cannot use.
    """


_Choice = TypeVar("_Choice", bound=StrEnum)


def one_of(kind: type[_Choice]) -> Callable[[str], _Choice]:
    """
    A parser for an option that takes one of some words; typer's own speaks of a "Value error".
    """

    def parse(text: str) -> _Choice:
        try:
            return kind(text)
        except ValueError:
            likely = did_you_mean(text, list(kind))
            hint = f"; did you mean {likely!s}?" if likely else ""
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(kind)}{hint}") from None

    return parse


def load(path: Path) -> Definitions:
    """
    The definitions in a file or a folder.
    """
    from webhook_engine.definitions import read

    return read(path)


def read_bytes(path: Path) -> bytes:
    """
    A file's bytes; `-` is standard input.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def call_from(settings: Sequence[str], call_file: Path | None, definitions: Definitions) -> CallContext:
    """
    The call that `--call` and `--set` state together; `--set` wins.

    Raises:
        BadInput: A `--set` that is no TOKEN=VALUE.
        UnknownVariable: A name that is neither documented nor defined in the file.
        InvalidCall: A value that cannot be right.
    """
    tokens: dict[str, object] = {}
    extra: dict[str, str | int | float | bool] = {}
    at = None
    if call_file is not None:
        try:
            stated = CallContext.from_json(read_bytes(call_file))
        except InvalidCall as error:
            raise InvalidCall(f"--call {call_file}: {error.field}", error.problem) from None
        tokens = {name: value for name, value in stated.to_json().items() if name in VARIABLES}
        extra, at = dict(stated.extra), stated.at
    custom = {each.name for each in definitions.variables}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise BadInput(
                f"--set {setting}: write it as TOKEN=VALUE, such as --set CALLERID_NUMBER=0821234567"
            )
        if name in custom:
            extra[name] = value
        elif name in VARIABLES:
            tokens[name] = value
            at = None if name.startswith("DATETIME") else at
        else:
            raise UnknownVariable(name, known=[*VARIABLES, *custom])
    zone = definitions.tenant.time_zone
    try:
        return CallContext.from_tokens(tokens, extra=extra, at=at, time_zone=zone)
    except InvalidCall as error:
        raise InvalidCall(f"--set {error.field}", error.problem) from None
