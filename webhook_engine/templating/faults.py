"""
What went wrong while a template was rendered, told with the variable it went wrong with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webhook_engine.errors import RenderError, TemplateError, TemplateTooLarge, UnsafeValue
from webhook_engine.templating.pieces import Hole
from webhook_engine.templating.slots import ESCAPERS, Slot, text_of

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Faults:
    """
    Looks closer once generated code has failed; it costs nothing before.
    """

    holes: Sequence[Hole]

    def told(self, error: Exception, values: Values) -> TemplateError:
        """
        The error to raise for *error*.
        """
        if isinstance(error, TemplateError) and not isinstance(error, UnsafeValue):
            return error
        if isinstance(error, KeyError):
            return RenderError(f"no value was given for {error.args[0]}")
        for hole in self.holes:
            if hole.name in values and (refused := _refused(hole, values[hole.name])):
                return refused
        return error if isinstance(error, TemplateError) else RenderError(str(error))

    def as_texts(self, values: Values, error: Exception) -> Values:
        """
        The values that land in texts, as texts.

        Raises:
            TemplateError: They are texts already: that is not why generated code failed.
        """
        typed = {hole.name for hole in self.holes if hole.slot is Slot.JSON_VALUE}
        names = {hole.name for hole in self.holes} - typed
        try:
            texts = {name: text_of(values[name]) for name in names if name in values}
        except TemplateError:
            raise self.told(error, values) from None
        if all(values[name].__class__ is str for name in texts):
            raise self.told(error, values) from None
        return {**values, **texts}


def _refused(hole: Hole, value: object) -> TemplateError | None:
    try:
        ESCAPERS[hole.slot](value)
    except UnsafeValue as error:
        return UnsafeValue(error.problem, slot=error.slot, variable=hole.name)
    except RenderError as error:
        return RenderError(f"{hole.name}: {error}")
    return None


def too_large(limit: int) -> TemplateTooLarge:
    """
    The error for a result beyond its bound.
    """
    return TemplateTooLarge(what="characters", limit=limit)
