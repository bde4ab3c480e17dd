"""
Bytes in, a document out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import ResponseError, ResponseTooLarge, UnreadableResponse

from .bounds import Bounds
from .charset import in_utf8, seems_utf8
from .form import read_form
from .json_text import read_json
from .path import read_path
from .response import ResponseType
from .sniff import Look, is_page, look_of, says_json, says_xml
from .xml import read_xml

if TYPE_CHECKING:
    from .response import Response
    from .tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    A response that was read.
    """

    tree: Node
    """Objects, lists and scalars; of XML what its outermost element holds; None for nothing and for a page."""

    type: ResponseType
    """What it was read as, never `AUTO`."""

    root: str | None = None
    """The name of XML's outermost element."""

    is_page: bool = False
    """Whether it is a page for a browser, in which no data is looked for."""

    source: bytes = b""
    """The body in UTF-8."""

    findings: tuple[str, ...] = ()
    """What was odd about it."""

    @property
    def text(self) -> str:
        """
        The body as text.
        """
        return self.source.decode("utf-8", "replace")


def read(
    response: Response,
    response_type: ResponseType = ResponseType.AUTO,
    *,
    records: str | None = None,
    bounds: Bounds | None = None,
) -> Document:
    """
    The document that *response* carries.

    Args:
        response_type: What it is; with `AUTO` its content decides, then its
            header. A page for a browser is recognised whatever was expected,
            except where text was.

        records: Where the records will be looked for; the XML element there
            is a list even where it comes once.

        bounds: What it may cost.

    Raises:
        UnreadableResponse: It is not what it was expected to be, or not whole.

        ResponseTooLarge: It is longer or deeper than *bounds* allow.
    """
    bounds = bounds or Bounds()
    try:
        check_length(response, bounds)
        return _read_as_it_is(response, response_type, bounds) or _read_recoded(
            response, response_type, records, bounds
        )
    except ResponseError as problem:
        problem.response = response
        raise


def check_length(response: Response, bounds: Bounds) -> None:
    """
    Raises:
        ResponseTooLarge: *response* is longer than *bounds* allow.
    """
    if len(response.body) > bounds.bytes:
        raise ResponseTooLarge(
            f"the response is {len(response.body):,} bytes long, more than the {bounds.bytes:,} allowed"
        )


def _read_as_it_is(response: Response, response_type: ResponseType, bounds: Bounds) -> Document | None:
    """
    JSON in UTF-8, the common case, which is checked only once and by the reader; None for others.
    """
    body = response.body
    if not seems_utf8(body, response.header("content-type") or ""):
        return None
    if look_at(response, body, response_type) is not Look.JSON:
        return None
    try:
        tree = read_json(body, depth=bounds.depth)
    except UnreadableResponse:
        return None
    return Document(tree=tree, type=ResponseType.JSON, source=body)


def _read_recoded(
    response: Response, response_type: ResponseType, records: str | None, bounds: Bounds
) -> Document:
    source, findings = in_utf8(response.body, response.header("content-type") or "")
    look = look_at(response, source, response_type)
    if response_type is ResponseType.AUTO:
        media = media_of(response)
        return _read_guessed(source, look, media, (*findings, *_mismatch(look, media)), records, bounds)
    return _read_as(source, look, findings, records, bounds)


def media_of(response: Response) -> str:
    """
    The media type its header tells, in lower case, without parameters.
    """
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def look_at(response: Response, source: bytes, response_type: ResponseType) -> Look:
    """
    What *source* is to be read as.
    """
    if response_type is ResponseType.TEXT:
        return Look.TEXT
    if response_type is ResponseType.AUTO:
        return look_of(source, media_of(response))
    if not source.strip():
        return Look.EMPTY
    return Look.HTML if is_page(source) else Look(response_type.value)


def _mismatch(look: Look, media: str) -> tuple[str, ...]:
    said = "JSON" if says_json(media) else "XML" if says_xml(media) else None
    if said is None or look is Look.EMPTY or look.value == said.lower():
        return ()
    return (f"the response says that it is {said} ({media}), but it looks like {look.value}",)


def _read_guessed(
    source: bytes, look: Look, media: str, findings: tuple[str, ...], records: str | None, bounds: Bounds
) -> Document:
    """
    *source* as what it looks like, or as text where that was only a likeness.
    """
    try:
        return _read_as(source, look, findings, records, bounds)
    except UnreadableResponse:
        if look is Look.XML and media == "text/html":
            return _read_as(source, Look.HTML, findings, records, bounds)
        if promises(source, look, media):
            raise
        return _read_as(source, Look.TEXT, findings, records, bounds)


_JSON_START = re.compile(rb'\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:\{\s*["}]|\[|"|\Z))')


def promises(source: bytes, look: Look, media: str) -> bool:
    """
    Whether what looks like JSON or XML is that, so that it must be broken if it cannot be read.
    """
    if look is Look.JSON:
        return says_json(media) or (media != "text/plain" and _JSON_START.match(source) is not None)
    return says_xml(media) or media != "text/plain" or source.lstrip().startswith(b"<?xml")


def _read_as(
    source: bytes, look: Look, findings: tuple[str, ...], records: str | None, bounds: Bounds
) -> Document:
    tree: Node = None
    root = None
    kind = ResponseType.TEXT
    if look is Look.JSON:
        kind, tree = ResponseType.JSON, read_json(source, depth=bounds.depth)
    elif look is Look.XML:
        kind = ResponseType.XML
        root, tree = read_xml(source, depth=bounds.depth, lists=read_path(records or ""))
    elif look is Look.FORM:
        kind, tree = ResponseType.FORM, read_form(source)
    elif look is Look.TEXT:
        tree = source.decode("utf-8", "replace").strip()
    return Document(
        tree=tree,
        type=kind,
        root=root,
        is_page=look is Look.HTML,
        source=source,
        findings=findings,
    )
