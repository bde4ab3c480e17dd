"""
Where a group's credentials go in a request.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, replace
from urllib.parse import quote
from xml.sax.saxutils import escape

from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.words import Authentication, ContentType, CredentialsIn, KeyIn
from webhook_engine.dispatch.credentials import Credentials
from webhook_engine.dispatch.headers import checked
from webhook_engine.errors import UnsafeValue

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_END = re.compile(rb"(?:</[^<>]+>|/>)\s*\Z")
_XML_NAME = re.compile(rb"<([^\s<>/!?]+)[^<>]*/>\s*\Z")


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """
    A request while it is put together.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    content_type: ContentType


def authenticated(parts: Parts, group: Group | None, credentials: Credentials) -> Parts:
    """
    *parts* with the credentials where *group* wants them. A token is added later, when it is there.

    Raises:
        UnsafeValue: The place cannot carry them.
    """
    if group is None or group.authentication is Authentication.NONE:
        return parts
    if group.authentication is Authentication.API_KEY:
        return _with_key(parts, group, credentials.key or "")
    if group.authentication is Authentication.CREDENTIALS:
        return _with_credentials(parts, group, credentials.username or "", credentials.password or "")
    return parts


def basic(username: str, password: str) -> str:
    """
    The value of an Authorization header with a user name and a password; RFC 7617.

    Raises:
        UnsafeValue: The user name holds a colon, which ends it there.
    """
    if ":" in username:
        raise UnsafeValue("a user name for Basic authentication cannot hold a colon", slot="header")
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def _with_key(parts: Parts, group: Group, key: str) -> Parts:
    name = group.key_name or "X-Api-Key"
    if group.key_in is KeyIn.HEADER:
        joint = " " if group.key_prefix[-1:].isalnum() else ""
        return _with_header(parts, name, group.key_prefix + joint + key)
    if group.key_in is KeyIn.QUERY:
        return _in_query(parts, ((name, key),))
    return _in_body(parts, ((name, key),))


def _with_credentials(parts: Parts, group: Group, username: str, password: str) -> Parts:
    if group.credentials_in is CredentialsIn.BASIC:
        return _with_header(parts, "Authorization", basic(username, password))
    pairs = ((group.username_name, username), (group.password_name, password))
    if group.credentials_in is CredentialsIn.QUERY:
        return _in_query(parts, pairs)
    return _in_body(parts, pairs)


def _with_header(parts: Parts, name: str, value: str) -> Parts:
    others = tuple(header for header in parts.headers if header[0].lower() != name.lower())
    return replace(parts, headers=(*others, checked(name, value)))


_Pairs = tuple[tuple[str, str], ...]


def _in_query(parts: Parts, pairs: _Pairs) -> Parts:
    url, mark, fragment = parts.url.partition("#")
    joint = "&" if "?" in url and not url.endswith(("?", "&")) else "" if "?" in url else "?"
    return replace(parts, url=url + joint + _form(pairs) + mark + fragment)


def _in_body(parts: Parts, pairs: _Pairs) -> Parts:
    body = parts.body or b""
    if parts.content_type is ContentType.URL:
        return replace(parts, body=body + (b"&" if body else b"") + _form(pairs).encode())
    if parts.content_type is ContentType.JSON:
        return replace(parts, body=_into_json(body, pairs))
    if parts.content_type is ContentType.XML:
        return replace(parts, body=_into_xml(body, pairs))
    raise UnsafeValue("a text body has no place for credentials", slot="text")


def _form(pairs: _Pairs) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def _into_json(body: bytes, pairs: _Pairs) -> bytes:
    """
    The members put first into the object; spliced, so that what is there keeps every digit.
    """
    members = json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    inside = body.strip()
    if not inside:
        return b"{" + members + b"}"
    if not inside.startswith(b"{"):
        raise UnsafeValue("only a JSON object has a place for credentials in the body", slot="json")
    rest = inside[1:].lstrip()
    return b"{" + members + (b"" if rest.startswith(b"}") else b",") + rest


def _into_xml(body: bytes, pairs: _Pairs) -> bytes:
    """
    The elements put last into the root element.
    """
    for name, value in pairs:
        if _NOT_IN_XML.search(value):
            raise UnsafeValue(f"{name} holds a character that XML cannot carry", slot="xml")
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in pairs).encode()
    end = _XML_END.search(body)
    if end is None:
        raise UnsafeValue("the XML body has no root element to put credentials into", slot="xml")
    if not end[0].startswith(b"/>"):
        return body[: end.start()] + elements + body[end.start() :]
    root = _XML_NAME.search(body)
    name_of_root = root[1] if root else b""
    return body[: end.start()] + b">" + elements + b"</" + name_of_root + b">"
