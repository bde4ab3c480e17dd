"""
The tables of `docs/performance.md`, put in by the run that measured them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """
    *page* with each block between its marks, `<!-- measured: NAME -->` and `<!-- end -->`.

    Raises:
        ValueError: The page has no place for a block.
    """
    for name, block in blocks.items():
        places = re.findall(rf"<!-- measured: {re.escape(name)} -->\n.*?<!-- end -->", page, re.DOTALL)
        if len(places) != 1:
            raise ValueError(f"the page has {len(places)} places for {name}")
        page = page.replace(places[0], f"<!-- measured: {name} -->\n\n{block}\n\n<!-- end -->")
    return page


def publish(blocks: Mapping[str, str]) -> None:
    """
    Write the blocks into the page.
    """
    PAGE.write_text(filled(PAGE.read_text(), blocks))
