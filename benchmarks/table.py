"""
From the bytes of a response to rows: ours, parsing alone, and pandas.
"""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING

import orjson
import pandas
import xmltodict

from benchmarks.harness import Contender, Pace, compare, repeated
from benchmarks.records import FIVE, as_json, as_nested_json, as_xml, record
from webhook_engine.responses import Column, Response, View, interpret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.harness import Comparison

_VIEW_OF_FIVE = View(columns=tuple(Column(path=name) for name in FIVE))
_ALL = tuple(record(0))


def run(pace: Pace) -> Iterator[Comparison]:
    """
    1, 100 and 10,000 records; JSON, then XML; and what the XML reader keeps in memory.
    """
    for count in (1, 100, 10_000):
        at = pace.slow() if count > 100 else pace
        yield _compare(f"JSON, {_records(count)}", _json_ways(as_json(count), count), at)
    yield _compare("JSON, 10,000 nested records", _nested_ways(as_nested_json(10_000)), pace.slow())
    for count in (1, 100, 10_000):
        at = pace.slow() if count > 100 else pace
        yield _compare(f"XML, {_records(count)}", _xml_ways(as_xml(count), count), at)
    yield _memory()


def rows(body: bytes, content_type: str, view: View) -> tuple[tuple[object, ...], ...]:
    """
    What the engine makes of a response, told no more than the target system says.
    """
    response = Response(status=200, headers=(("Content-Type", content_type),), body=body)
    return interpret(response, view=view).rows


def _json_ways(body: bytes, count: int) -> Mapping[str, Callable[[], object]]:
    expected = [tuple(record(number)[name] for name in _ALL) for number in range(count)]
    assert list(rows(body, "application/json", View())) == expected
    assert [tuple(row[_ALL.index(name)] for name in FIVE) for row in expected] == list(
        rows(body, "application/json", _VIEW_OF_FIVE)
    )
    return {
        "orjson.loads": lambda: orjson.loads(body),
        "ours, 5 columns": lambda: rows(body, "application/json", _VIEW_OF_FIVE),
        "ours, all 20": lambda: rows(body, "application/json", View()),
        "5 columns by hand": lambda: [
            (each["id"], each["name"], each["phone"], each["balance"], each["updated"])
            for each in orjson.loads(body)["results"]
        ],
        "pandas, all 20": lambda: pandas.DataFrame(orjson.loads(body)["results"]),
    }


def _nested_ways(body: bytes) -> Mapping[str, Callable[[], object]]:
    view = View(
        columns=tuple(
            Column(path=name) for name in ("id", "name", "phone", "properties.balance", "properties.updated")
        )
    )
    return {
        "orjson.loads": lambda: orjson.loads(body),
        "ours, 5 columns": lambda: rows(body, "application/json", view),
        "ours, all 20": lambda: rows(body, "application/json", View()),
        "pandas, all 20": lambda: pandas.json_normalize(orjson.loads(body)["results"]),
    }


def _xml_ways(body: bytes, count: int) -> Mapping[str, Callable[[], object]]:
    five = rows(body, "application/xml", _VIEW_OF_FIVE)
    assert [row[1] for row in five] == [record(number)["name"] for number in range(count)]
    every = rows(body, "application/xml", View())
    assert [tuple(row[_ALL.index(name)] for name in FIVE) for row in every] == list(five)
    return {
        "xmltodict.parse": lambda: xmltodict.parse(body),
        "ours, 5 columns": lambda: rows(body, "application/xml", _VIEW_OF_FIVE),
        "ours, all 20": lambda: rows(body, "application/xml", View()),
        "pandas, all 20": lambda: pandas.read_xml(BytesIO(body)),
    }


def _compare(name: str, ways: Mapping[str, Callable[[], object]], pace: Pace) -> Comparison:
    return compare(name, [repeated(each, work, pace) for each, work in ways.items()], pace)


def _records(count: int) -> str:
    return f"{count:,} record{'s' if count > 1 else ''}"


def _memory() -> Comparison:
    """
    The most that reading holds at once, without the response before it and the table after it.
    """
    ways = [_scratch(f"{count:,} records", "ours", count) for count in (1_000, 10_000)]
    ways.append(_scratch("xmltodict, 10,000 records", "xmltodict", 10_000))
    return compare("XML to 5 columns, memory", ways, Pace(rounds=5, slice_s=0), unit="B")


def _scratch(name: str, reader: str, count: int) -> Contender:
    command = (sys.executable, "-m", "benchmarks.memory", reader, str(count))
    return Contender(
        name, lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    )
