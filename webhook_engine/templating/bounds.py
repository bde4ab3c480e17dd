"""
How far a template may go.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What no template exceeds, whatever the values are.
    """

    source_chars: int = 64 * 1024
    """Length of a template as written."""

    output_chars: int = 256 * 1024
    """Length of what it renders, and of every text on the way there."""

    loop_steps: int = 10_000
    """Steps of all its loops together, in one rendering."""

    effort: int = 2_500_000
    """Steps of work, about ten nanoseconds each, in one rendering, and in all those of one request together."""

    work_chars: int = 8 * 1024 * 1024
    """Characters and list items that its operators and filters work on, in one rendering."""
