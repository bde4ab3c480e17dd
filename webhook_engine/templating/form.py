"""
The structure of a form: a row of `name=value`, all of it one slot.

Source:
    URL Standard, "application/x-www-form-urlencoded".
"""

from __future__ import annotations

import re
from urllib.parse import quote

from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Misplaced, Uniform

# Looking back keeps a run of blanks from being tried at each of them.
_BETWEEN_LINES = re.compile(r"(?<![ \t])[ \t]*[\r\n]\s*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What an author may have written as it is: encoded text, and the marks between fields.
_LEGAL = "%+-._~*!$'(),:@/?=&;"


class FormWalker(Uniform):
    """
    Follows a form, which may be written over several lines.
    """

    def __init__(self) -> None:
        super().__init__(Slot.FORM)

    def text(self, text: str, at: int, /) -> str:
        """
        The text without its line breaks; what may not stand in a form is percent-encoded.
        """
        broken = _BROKEN_ESCAPE.search(text)
        if broken:
            raise Misplaced("a percent sign in a form is written %25", at + broken.start())
        return quote(_BETWEEN_LINES.sub("", super().text(text, at)).replace(" ", "+"), safe=_LEGAL)
