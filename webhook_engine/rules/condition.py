"""
What a rule asks of a call, ready to be asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import RenderError
from webhook_engine.rules.quick import Holds, beginning, conjuncts, quick

if TYPE_CHECKING:
    from webhook_engine.templating import Expression


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """
    An expression that holds or does not.

    It holds where it comes to something that is not empty, zero, false or none.
    """

    expression: Expression

    quick: Holds
    """
    The same in less time.

    Raises:
        TypeError: It may fail on these values; `asked` knows.
        TemplateError: It fails on these values.
    """

    @classmethod
    def of(cls, expression: Expression) -> Condition:
        """
        A compiled expression, ready to be asked.
        """
        fast = quick(expression.source)
        return cls(expression, fast if fast is not None else _in_turn(expression))

    def asked(self, values: Mapping[str, object]) -> object:
        """
        Whether it holds.

        Raises:
            TemplateError: It fails on these values, or comes to NaN, which is neither true nor false.
        """
        return asking(self.expression)(values)

    def failing(self, values: Mapping[str, object]) -> str | None:
        """
        The first of the parts joined by `and` that does not hold; None where that is not plain to see.
        """
        parts = conjuncts(self.expression.source)
        return next((each.text for each in parts if not each.holds(values)), None)


def _in_turn(expression: Expression) -> Holds:
    """
    The function that asks the expression only where what is plain at its beginning holds.

    Most rules name a queue or a direction first, and most events fail there.
    """
    first, ask = beginning(expression.source), asking(expression)
    return ask if first is None else lambda values: first(values) and ask(values)


def asking(expression: Expression) -> Holds:
    """
    The function that evaluates an expression and refuses NaN.
    """
    evaluate = expression.evaluate

    def ask(values: Mapping[str, object]) -> object:
        found = evaluate(values)
        if isinstance(found, float) and math.isnan(found):
            raise RenderError(f"{expression.source}: comes to NaN, which is neither true nor false")
        return found

    return ask
