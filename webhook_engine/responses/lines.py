"""
Text of a target system on one line.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 300
"""Characters of a sentence; the agent is on the telephone."""


def one_line(text: str) -> str:
    """
    *text* without line breaks and control characters, cut at 300 characters.
    """
    start = text[: 4 * MOST]
    line = " ".join("".join(each if each.isprintable() else " " for each in start).split())
    return line if len(line) <= MOST else f"{line[: MOST - 1]}…"
