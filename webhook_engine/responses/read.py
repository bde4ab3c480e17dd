"""
Bytes in, a document out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from webhook_engine.errors import ResponseError, ResponseTooLarge, UnreadableResponse

from .bounds import Bounds
from .charset import in_utf8, is_utf8, seems_utf8
from .document import Document
from .files import begins_as_file, file_of
from .form import read_form
from .json_text import check_nests, read_json
from .path import read_path
from .response import ResponseType
from .sniff import Look, is_page, look_of, says_json, says_xml
from .xml import read_xml

if TYPE_CHECKING:
    from collections.abc import Callable

    from .response import Response
    from .tree import Node


class XmlReader(Protocol):
    """
    What makes a tree of XML: the outermost element's name, and its content.
    """

    def __call__(
        self, body: bytes, *, depth: int, between: Callable[[], None] | None = None
    ) -> tuple[str, Node]: ...


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
        DefinitionError: *records* is no path.

        UnreadableResponse: It is not what it was expected to be, or not whole.

        ResponseTooLarge: It is longer or deeper than *bounds* allow.
    """
    return read_with(
        partial(read_xml, lists=read_path(records or "")), response, response_type, bounds or Bounds()
    )


def read_with(
    xml_reader: XmlReader, response: Response, response_type: ResponseType, bounds: Bounds
) -> Document:
    """
    The same with another reader of XML.
    """
    media = (response.header("content-type") or "").partition(";")[0].strip().lower()
    try:
        return _Reading(response, response_type, media, bounds, xml_reader).document()
    except ResponseError as problem:
        problem.response = response
        raise


# A text may begin with a bracket; an object or a list begins like this.
_JSON_START = re.compile(rb'\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:\{\s*["}]|\[|"|\Z))')


@dataclass(frozen=True, slots=True)
class _Reading:
    """
    One response on its way to a document.
    """

    response: Response
    response_type: ResponseType
    media: str
    """The media type its header tells, in lower case, without parameters."""
    bounds: Bounds
    xml_reader: XmlReader

    def document(self) -> Document:
        body = self.response.body
        if len(body) > self.bounds.bytes:
            raise ResponseTooLarge(
                f"the response is {len(body):,} bytes long, more than the {self.bounds.bytes:,} allowed"
            )
        return self._as_it_is(body) or self._recoded(body)

    def _as_it_is(self, body: bytes) -> Document | None:
        """
        UTF-8, the common case: readers of JSON and XML check it, so it is not checked before.
        """
        if not seems_utf8(body, self.response.header("content-type") or ""):
            return None
        look = self._look(body)
        if look not in {Look.JSON, Look.XML}:
            return None
        try:
            return self._read(body, look)
        except UnreadableResponse:
            if self._promises(body, look) and is_utf8(body):
                raise
            return None

    def _recoded(self, body: bytes) -> Document:
        source, findings = in_utf8(body, self.response.header("content-type") or "")
        look = self._look(source)
        try:
            return self._read(source, look, findings)
        except UnreadableResponse:
            if self._promises(source, look):
                raise
            is_fragment = look is Look.XML and self.media == "text/html"
            plain = Look.FILE if self._file(source) else Look.TEXT
            return self._read(source, Look.HTML if is_fragment else plain, findings)

    def _look(self, source: bytes) -> Look:
        if self.response_type is ResponseType.AUTO:
            look = look_of(source, self.media)
            return Look.FILE if look is Look.TEXT and self._file(source) else look
        if self.response_type is ResponseType.TEXT:
            return Look.TEXT
        if not source.strip():
            return Look.EMPTY
        if begins_as_file(self.response.body):
            return Look.FILE
        return Look.HTML if is_page(source) else Look(self.response_type.value)

    def _file(self, source: bytes) -> str:
        return file_of(self.response.body, source, self.media)

    def _promises(self, source: bytes, look: Look) -> bool:
        """
        Whether what looks like JSON or XML must be that, so that it is broken if it cannot be read.
        """
        if self.response_type is not ResponseType.AUTO:
            return True
        if look is Look.JSON:
            return says_json(self.media) or (self.media != "text/plain" and bool(_JSON_START.match(source)))
        return says_xml(self.media) or self.media not in {"text/plain", "text/html"}

    def _read(self, source: bytes, look: Look, findings: tuple[str, ...] = ()) -> Document:
        tree: Node = None
        root = None
        kind = ResponseType.TEXT
        if look is Look.JSON:
            check_nests(source, self.bounds)
            kind, tree = ResponseType.JSON, read_json(source, depth=self.bounds.depth)
        elif look is Look.XML:
            kind = ResponseType.XML
            root, tree = self.xml_reader(source, depth=self.bounds.depth, between=self.bounds.check_time)
        elif look is Look.FORM:
            kind, tree = ResponseType.FORM, read_form(source)
        elif look is Look.TEXT:
            tree = source.decode("utf-8", "replace").strip()
        return Document(
            tree=tree,
            type=kind,
            root=root,
            is_page=look is Look.HTML,
            file=self._file(source) if look is Look.FILE else "",
            source=source,
            # A file has no characters, so nothing is odd about them.
            findings=(*(() if look is Look.FILE else findings), *self._mismatch(look)),
        )

    def _mismatch(self, look: Look) -> tuple[str, ...]:
        said = "JSON" if says_json(self.media) else "XML" if says_xml(self.media) else None
        if said is None or look is Look.EMPTY or look.value == said.lower():
            return ()
        return (f"the response says that it is {said} ({self.media}), but it looks like {look.value}",)
