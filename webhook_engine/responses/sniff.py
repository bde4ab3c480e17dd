"""
What a response looks like, whatever its header says.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Look(StrEnum):
    """
    What the first characters promise.
    """

    EMPTY = "empty"
    JSON = "json"
    XML = "xml"
    HTML = "html"
    FORM = "form"
    TEXT = "text"
    FILE = "file"


_BLANK = b" \t\r\n\x0b\x0c\x00"

# A page may begin with comments, or be XHTML with an XML declaration.
_PAGE = re.compile(
    rb"(?:\s++|<!--.{0,2000}?-->|<\?xml[^>]{0,200}>){0,20}+<(?:!doctype\s{1,20}html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_FRAGMENT = re.compile(
    rb"<(?:a|article|b|body|br|center|div|font|form|h[1-6]|head|hr|i|img|input|li|link|main|meta|nav|ol|p|pre"
    rb"|script|section|span|strong|style|table|title|u|ul)\b",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rb"<[A-Za-z_:?!\x80-\xff]")
_SCALAR = re.compile(rb'(?:"|(?:true|false|null)\s*\Z)')
_NUMBER = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?\s*\Z")
_NAME = rb"[\w.\-+%\[\]*]{1,200}"
_FORM = re.compile(rb"%b=[^\s&=<>]+\s*|%b=[^\s&=<>]*(?:&%b=[^\s&=<>]*)+&?\s*" % (_NAME, _NAME, _NAME))


def look_of(body: bytes, media: str) -> Look:
    """
    What *body* is, by its content first.

    Args:
        body: In UTF-8.

        media: The media type of its header, in lower case; "" for none.
    """
    start = body.lstrip(_BLANK)[:4096]
    if not start:
        return Look.EMPTY
    if start[:1] == b"<":
        return _markup(start, media)
    if start[:1] in {b"{", b"["}:
        return Look.JSON
    if _SCALAR.match(body.strip()) or (says_json(media) and _NUMBER.match(start)):
        return Look.JSON
    if media == "application/x-www-form-urlencoded" or _is_form(body, media):
        return Look.FORM
    return Look.TEXT


def _markup(start: bytes, media: str) -> Look:
    if is_page(start):
        return Look.HTML
    if media == "text/html" and _FRAGMENT.match(start):
        return Look.HTML
    return Look.XML if _ELEMENT.match(start) else Look.TEXT


def is_page(body: bytes) -> bool:
    """
    Whether this is a page for a browser.
    """
    return _PAGE.match(body.lstrip(_BLANK)[:65536]) is not None


def says_json(media: str) -> bool:
    """
    Whether a media type is one of JSON's.
    """
    return media.endswith(("/json", "+json", "/javascript", "/x-javascript"))


def says_xml(media: str) -> bool:
    """
    Whether a media type is one of XML's.
    """
    return media.endswith(("/xml", "+xml"))


def _is_form(body: bytes, media: str) -> bool:
    return media != "text/csv" and len(body) < 65536 and _FORM.fullmatch(body.strip()) is not None


_PASSWORD = re.compile(rb"<input\b[^<>]{0,500}?\btype\s{0,5}=\s{0,5}[\"']?password\b", re.IGNORECASE)
_SIGN_IN = re.compile(
    rb"<title[^<>]{0,100}>[^<]{0,200}?\b(?:log[ -]?in|sign[ -]?in|log[ -]?on|session expired)\b"
    rb"|<form\b[^<>]{0,500}?\b(?:login|log-in|signin|sign-in|logon)\b",
    re.IGNORECASE,
)


def asks_to_log_in(page: bytes) -> bool:
    """
    Whether a page holds a log-in form.
    """
    head = page[:262144]
    return _PASSWORD.search(head) is not None or _SIGN_IN.search(head) is not None
