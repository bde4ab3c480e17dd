"""
Responses as a CRM sends them: records of 20 fields, as JSON and as XML.
"""

from __future__ import annotations

import orjson
from markupsafe._speedups import _escape_inner as escape

FIVE = ("id", "name", "phone", "balance", "updated")


def record(number: int) -> dict[str, str | int | float | bool | None]:
    """
    One contact; texts, numbers, truths and a null, as real ones have.
    """
    return {
        "id": 10_000 + number,
        "name": f"Thandi Mokoena {number}",
        "company": ("Umlazi Timber (Pty) Ltd", "Müller & Söhne", "渡辺商店")[number % 3],
        "email": f"thandi.{number}@example.co.za",
        "phone": f"+2782{number * 7919 % 10_000_000:07}",
        "mobile": f"+2783{number * 104729 % 10_000_000:07}",
        "street": f"{number % 300} Mahatma Gandhi Road",
        "city": ("Durban", "Cape Town", "Johannesburg")[number % 3],
        "postal_code": f"{4000 + number % 100}",
        "country": "ZA",
        "owner": f"agent{number % 40}",
        "stage": ("lead", "customer", "lost")[number % 3],
        "source": "telephone",
        "orders": number % 17,
        "balance": number * 13 % 10_000 + 0.25,
        "discount": (0.0, 0.05, 0.1, 0.15, 0.2)[number % 5],
        "active": number % 4 != 0,
        "newsletter": None if number % 6 == 0 else number % 2 == 0,
        "created": "2024-05-17T09:30:00+02:00",
        "updated": f"2026-03-{1 + number % 28:02}T10:15:30+02:00",
    }


def as_json(count: int) -> bytes:
    """
    The records under an envelope, as most CRMs have it.
    """
    return orjson.dumps({"total": count, "results": [record(number) for number in range(count)]})


def as_nested_json(count: int) -> bytes:
    """
    The same twenty values, fifteen of them one level down.
    """
    results = []
    for number in range(count):
        flat = record(number)
        top = {name: flat.pop(name) for name in tuple(flat)[:5]}
        results.append(top | {"properties": flat})
    return orjson.dumps({"total": count, "results": results})


def as_xml(count: int) -> bytes:
    """
    The same values as elements; a null is an empty one.
    """
    parts = ["<?xml version='1.0' encoding='UTF-8'?>\n<response>\n"]
    for number in range(count):
        parts.append("  <contact>\n")
        parts += (f"    <{name}>{escape(_text(value))}</{name}>\n" for name, value in record(number).items())
        parts.append("  </contact>\n")
    parts.append("</response>\n")
    return "".join(parts).encode()


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
