"""
`python -m benchmarks.memory ours|xmltodict COUNT`: bytes held at once while XML becomes rows.

In a process of its own, so that nothing else is counted; expat takes its memory
from Python's allocator, so tracemalloc sees all of it.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from typing import TYPE_CHECKING

from benchmarks.records import FIVE, as_xml

if TYPE_CHECKING:
    from collections.abc import Sequence


def scratch(reader: str, count: int) -> int:
    """
    Peak less what is left at the end: the rows.
    """
    read = _READERS[reader]
    read(as_xml(1))
    body = as_xml(count)
    gc.collect()
    tracemalloc.start()
    rows = read(body)
    held, peak = tracemalloc.get_traced_memory()
    assert len(rows) == count
    return peak - held


def _ours(body: bytes) -> Sequence[object]:
    from webhook_engine.responses import Column, Response, View, interpret

    view = View(columns=tuple(Column(path=name) for name in FIVE))
    response = Response(status=200, headers=(("Content-Type", "application/xml"),), body=body)
    return interpret(response, view=view).rows


def _xmltodict(body: bytes) -> Sequence[object]:
    import xmltodict

    contacts = xmltodict.parse(body, force_list=("contact",))["response"]["contact"]
    return [tuple(each[name] for name in FIVE) for each in contacts]


_READERS = {"ours": _ours, "xmltodict": _xmltodict}

if __name__ == "__main__":
    print(scratch(sys.argv[1], int(sys.argv[2])))
