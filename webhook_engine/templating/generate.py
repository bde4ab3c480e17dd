"""
A template of tokens alone -> one Python function of its own.

The function for `https://crm.example.com/{CALL_QUEUE}?caller={CALLERID}` is, in short,

    def render(values):
        CALL_QUEUE = values['CALL_QUEUE']
        CALLERID = values['CALLERID']
        joined = join((CALL_QUEUE, CALLERID,))
        if <the C encoder is right for every character in joined>:
            made = f'https://crm.example.com/{quote(CALL_QUEUE)}?caller={quote(CALLERID)}'
        else:
            made = f'https://crm.example.com/{url_path(CALL_QUEUE)}?caller={url_query(CALLERID)}'
        return made
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from webhook_engine.templating import bulk
from webhook_engine.templating.faults import Faults, too_large
from webhook_engine.templating.pieces import Conditional, Fields, Hole, Piece, holes_of
from webhook_engine.templating.slots import ESCAPERS, Slot, text_of
from webhook_engine.variables import SAMPLES, VARIABLES, Tenant

Values = Mapping[str, object]
Check = Callable[[str], None]

ALWAYS_TEXT = frozenset(
    name
    for name, variable in VARIABLES.items()
    if all(isinstance(variable.read(call, Tenant()), str) for call in SAMPLES.values())
)
"""Variables that are never numbers. Should one be given as a number all the same, it only takes longer."""

_MOST_PIECES = 30
"""In one f-string: of more, Python makes a list before it makes the text."""


@dataclass(slots=True)
class Program:
    """
    A function being written.
    """

    limit: int
    """Characters it may return."""

    known: dict[str, object] = field(default_factory=dict)
    """What its text refers to, by name."""

    setup: list[str] = field(default_factory=list)
    """Lines that compute the holes which are no variables."""

    typed: set[str] = field(default_factory=set)
    """Holes that keep their type; all others are texts once they are read."""

    inline: set[str] = field(default_factory=set)
    """Variables that are read where they are used, and not before."""

    converts: bool = True
    """Whether what may be a number is made a text before it is encoded."""

    def know(self, prefix: str, value: object) -> str:
        """
        A name for something made beforehand.
        """
        name = f"{prefix}{len(self.known)}"
        self.known[name] = value
        return name

    def reading(self, holes: Sequence[Hole]) -> tuple[list[str], list[str]]:
        """
        Lines that read the values, and the names of those that are texts from then on.
        """
        names = list(dict.fromkeys(hole.name for hole in holes))
        self.typed = {hole.name for hole in holes if hole.slot is Slot.JSON_VALUE}
        texts = [name for name in names if name not in self.typed]
        lines = [
            f"{name} = given[{name!r}]" for name in names if _is_variable(name) and name not in self.inline
        ]
        lines += self.setup
        for name in texts:
            if self.converts and name not in ALWAYS_TEXT:
                number = f"f'{{{name}}}' if {name}.__class__ is int"
                lines.append(f"if {name}.__class__ is not str: {name} = {number} else text_of({name})")
        return lines, texts

    def as_text(self, hole: Hole) -> str:
        """
        The hole's value as text; TypeError where a variable that is always text is none.
        """
        if hole.name in self.typed:
            return f"text_of({hole.name})"
        # Nothing but a text can be added to a text: the cheapest check there is.
        return f'{self.read(hole)} + ""' if hole.name in ALWAYS_TEXT else self.read(hole)

    def text(self, pieces: Sequence[Piece], encoded: Callable[[Hole], str], lines: list[str]) -> str:
        """
        A Python expression for these pieces; *lines* gets what must be computed before it.
        """
        inside = []
        for piece in pieces:
            if isinstance(piece, Conditional | Fields):
                inside.append(f"{{{self._part(piece, encoded, lines)}}}")
            else:
                inside.append(f"{{{encoded(piece)}}}" if isinstance(piece, Hole) else literal(piece))
        while len(inside) > _MOST_PIECES:
            *whole, rest = _cut(inside, _MOST_PIECES)
            inside = [*(f"{{{_named(_f_string(each), lines)}}}" for each in whole), *rest]
        return _f_string(inside)

    def _part(self, piece: Conditional | Fields, encoded: Callable[[Hole], str], lines: list[str]) -> str:
        inner = self.text(piece.pieces, encoded, lines)
        if isinstance(piece, Conditional):
            return _named(f"{inner} if {piece.condition} else ''", lines)
        name = _named(inner, lines)
        lines.append(f"if {name}: {name} = {piece.lead!r} + {name}[1:]")
        return name

    def escaped(self, hole: Hole) -> str:
        """
        The hole's value through its slot's escaper.
        """
        name = hole.slot.name.lower()
        self.known[name] = ESCAPERS[hole.slot]
        return f"{name}({self.read(hole)})"

    def quick(self, hole: Hole, recipe: bulk.Bulk) -> str:
        """
        The hole's value through the recipe's encoder; digits need none.
        """
        value = self.read(hole)
        if self.converts or hole.name in ALWAYS_TEXT:
            return recipe.quick.format(value=value)
        text = recipe.quick.format(value=f"{value} if {value}.__class__ is str else text_of({value})")
        return f"{value} if {value}.__class__ is int else {text}"

    def read(self, hole: Hole) -> str:
        """
        The hole's value, wherever it stands.
        """
        return f'given["{hole.name}"]' if hole.name in self.inline else hole.name

    def made(self, pieces: Sequence[Piece], encoded: Callable[[Hole], str]) -> list[str]:
        """
        Lines that put these pieces into `made`.
        """
        lines: list[str] = []
        whole = self.text(pieces, encoded, lines)
        return [*lines, f"made = {whole}"]

    def bounding_bytes(self) -> list[str]:
        """
        Lines that hold UTF-8 in `made` against the bound, which counts characters.
        """
        return [f"if len(made) > {self.limit} and len(made.decode()) > {self.limit}: raise too_large()"]

    def function(
        self, body: Iterable[str], after: Iterable[str], faults: Faults
    ) -> Callable[[Values], object]:
        """
        The function with this *body*, which must leave its result in `made`, and what follows *after* it.
        """
        lines = [
            "def render(values, given=None):",
            "    if given is None: given = values",
            "    try:",
            *_indented(body, 2),
            # MarkupSafe's inner function ends in a SystemError when it is given no text.
            "    except (TypeError, SystemError) as error:",
            "        if given is not values: raise told(error, values) from None",
            "        return render(values, as_texts(values, error))",
            "    except Exception as error:",
            "        raise told(error, values) from None",
            *_indented(after, 1),
            "    return made",
        ]
        namespace = {
            **bulk.KNOWN,
            **self.known,
            "text_of": text_of,
            "told": faults.told,
            "as_texts": faults.as_texts,
            "too_large": lambda: too_large(self.limit),
        }
        # All of it is our own text: names are checked, and what an author wrote is a literal by repr.
        exec(compile("\n".join(lines), "<template>", "exec"), namespace)  # noqa: S102
        return cast("Callable[[Values], object]", namespace["render"])


def text_function(
    pieces: Sequence[Piece], program: Program, checks: Sequence[Check] = ()
) -> Callable[[Values], str]:
    """
    The function that renders *pieces*.

    Args:
        checks: Each refuses what shows only in the whole text.
    """
    holes = list(holes_of(pieces))
    body = _text_lines(pieces, program, holes)
    after = [f"if len(made) > {program.limit}: raise too_large()"] if holes else []
    after += [f"{program.know('check', check)}(made)" for check in checks]
    return cast("Callable[[Values], str]", program.function(body, after, Faults(holes)))


def bytes_function(pieces: Sequence[Piece], program: Program) -> Callable[[Values], bytes]:
    """
    The same as UTF-8.
    """
    holes = list(holes_of(pieces))
    body = [*_text_lines(pieces, program, holes), "made = made.encode()"]
    after = program.bounding_bytes() if holes else []
    return cast("Callable[[Values], bytes]", program.function(body, after, Faults(holes)))


def _text_lines(pieces: Sequence[Piece], program: Program, holes: Sequence[Hole]) -> list[str]:
    """
    Lines that put the encoded text into `made`.
    """
    recipe = bulk.bulk_of(pieces)
    if recipe is not None and recipe.is_hindsight:
        # The encoder takes texts and nothing else, so what is always one need not be looked at.
        program.inline = {hole.name for hole in holes if hole.name in ALWAYS_TEXT}
        program.converts = False
    body, texts = program.reading(holes)
    careful = program.made(pieces, program.escaped)
    if recipe is None or not texts:
        return body + careful
    quick = program.made(pieces, lambda hole: program.quick(hole, recipe))
    quick[-1] += recipe.after
    if recipe.is_hindsight:
        return [*body, *quick, f"if not ({recipe.holds}):", *_indented(careful, 1)]
    return [
        *body,
        f"joined = join(({', '.join(texts)},))",
        f"if {recipe.holds}:",
        *_indented(quick, 1),
        "else:",
        *_indented(careful, 1),
    ]


def _named(expression: str, lines: list[str]) -> str:
    """
    The name that a new one of *lines* gives to *expression*.
    """
    name = f"part{len(lines)}"
    lines.append(f"{name} = {expression}")
    return name


def _cut(inside: Sequence[str], length: int) -> list[Sequence[str]]:
    return [inside[at : at + length] for at in range(0, len(inside), length)]


def _f_string(inside: Iterable[str]) -> str:
    return f"f'{''.join(inside)}'"


def _indented(lines: Iterable[str], depth: int) -> list[str]:
    return [f"{'    ' * depth}{line}" for line in lines]


def literal(text: str) -> str:
    """
    *text* as it stands inside of f'…'.
    """
    # With both quotes in it, repr can only choose single ones.
    return repr("'\"" + text)[4:-1].replace("{", "{{").replace("}", "}}")


def _is_variable(name: str) -> bool:
    return name[0].isupper()
