"""
What a text is made of once its template was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webhook_engine.templating.slots import Slot


@dataclass(frozen=True, slots=True)
class Hole:
    """
    A value that is not known yet.
    """

    name: str
    """A variable, or in small letters what the generated code made of a parameter."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Conditional:
    """
    Pieces that are there only under a condition.
    """

    condition: str
    """In Python."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """
    Fields that each start with an ampersand: the first that is there starts with *lead* instead.
    """

    lead: str
    pieces: tuple[Piece, ...]


Piece = str | Hole | Conditional | Fields


def holes_of(pieces: Iterable[Piece]) -> Iterator[Hole]:
    """
    Every hole, conditional or not.
    """
    for piece in pieces:
        if isinstance(piece, Hole):
            yield piece
        elif isinstance(piece, Conditional | Fields):
            yield from holes_of(piece.pieces)


def literals_of(pieces: Iterable[Piece]) -> Iterator[str]:
    """
    Every text that is the author's own.
    """
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Conditional | Fields):
            yield from literals_of(piece.pieces)


def merged(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """
    The same, with neighbouring texts in one.
    """
    made: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and made and isinstance(made[-1], str):
            made[-1] += piece
        elif piece != "":
            made.append(piece)
    return tuple(made)
