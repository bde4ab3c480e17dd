"""
One Python function per template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from webhook_engine.templating.slots import ESCAPERS, Slot, text_of


@dataclass(frozen=True, slots=True)
class Hole:
    """
    A value that is not known yet.
    """

    name: str
    """The Python name that holds it."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Optional:
    """
    Pieces that are there only if a value is not empty.
    """

    condition: str
    """In Python."""

    pieces: tuple[str | Hole, ...] | tuple[Piece, ...]


Piece = str | Hole | Optional
Render = Callable[[Mapping[str, object]], str]


@dataclass(slots=True)
class Function:
    """
    A function being written.
    """

    lines: list[str] = field(default_factory=list)
    known: dict[str, object] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def variable(self, name: str) -> str:
        """
        The Python name of a variable, read from the values once.
        """
        if name not in self._names:
            self._names[name] = f"v{len(self._names)}"
            self.lines.append(f"{self._names[name]} = values[{name!r}]")
        return self._names[name]

    def object(self, value: object) -> str:
        """
        The Python name of something made beforehand.
        """
        name = f"k{len(self.known)}"
        self.known[name] = value
        return name

    def compile(self) -> Callable[[Mapping[str, object]], object]:
        """
        The function itself.
        """
        source = "def render(values):\n" + "".join(f"    {line}\n" for line in self.lines)
        namespace = dict(self.known)
        exec(compile(source, "<template>", "exec"), namespace)  # noqa: S102  # our own text: names are checked, literals are repr
        render: Callable[[Mapping[str, object]], object] = namespace["render"]  # type: ignore[assignment]
        return render

    def text(self, pieces: Sequence[Piece]) -> str:
        """
        A Python expression for the text of *pieces*.
        """
        return f"f'{''.join(map(self._piece, pieces))}'"

    def _piece(self, piece: Piece) -> str:
        if isinstance(piece, str):
            return quoted(piece)
        if isinstance(piece, Hole):
            return f"{{{self.escaper(piece.slot)}({piece.name})}}"
        name = f"o{len(self.lines)}"
        inner = self.text(piece.pieces)
        self.lines.append(f"{name} = {inner} if {piece.condition} else ''")
        return f"{{{name}}}"

    def escaper(self, slot: Slot) -> str:
        """
        The Python name of a slot's escaper.
        """
        name = f"safe_{slot.name.lower()}"
        self.known[name] = ESCAPERS[slot]
        return name


def quoted(text: str) -> str:
    """
    *text* as it stands inside an f-string in single quotes.
    """
    # With both quotes in it, repr must choose single ones.
    return repr("'\"" + text)[4:-1].replace("{", "{{").replace("}", "}}")


__all__ = ["Function", "Hole", "Optional", "Piece", "Render", "quoted", "text_of"]
