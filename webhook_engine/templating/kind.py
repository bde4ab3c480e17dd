"""
What a template makes, and who follows its structure.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from webhook_engine.templating.form import FormWalker
from webhook_engine.templating.json import JsonWalker
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.url import UrlWalker
from webhook_engine.templating.walk import Uniform, Walker
from webhook_engine.templating.xml import XmlWalker


class Kind(StrEnum):
    """
    What a template makes.
    """

    URL = "url"

    HEADER = "header"

    FORM = "form"
    """A body of `name=value` fields."""

    JSON = "json"

    XML = "xml"

    TEXT = "text"

    VALUE = "value"
    """The plain value of a parameter, which is encoded where it is put."""


def walker_of(kind: Kind, hosts: Collection[str]) -> Walker[Any]:
    """
    A walker at the start of a template of this kind.
    """
    match kind:
        case Kind.URL:
            return UrlWalker(hosts)
        case Kind.JSON:
            return JsonWalker()
        case Kind.XML:
            return XmlWalker()
        case Kind.HEADER:
            return Uniform(Slot.HEADER)
        case Kind.FORM:
            return FormWalker()
        case _:
            return Uniform(Slot.TEXT)
