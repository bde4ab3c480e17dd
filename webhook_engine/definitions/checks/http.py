"""
What HTTP allows in a URL and in a header, asked before any value is known.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, 5.6.2
_AUTHORITY = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>(?:\{\{.*?\}\}|[^/?#\\])*)", re.DOTALL
)
_HOST = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!\Z)|\Z))+\Z")
# Resolvers take 127.1 and 0x7f000001 for addresses, so a name that ends like one is none.
_ENDS_IN_A_NUMBER = re.compile(r"(?:\A|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\Z")
_VARIABLE = re.compile(r"[{<]")

# What frames a message, names its target or says how the response is packed is the transport's.
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

SIGNATURE_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
"""What a signed request says of itself (Standard Webhooks); in a group that signs they are not an author's."""


def header_problem(name: str) -> str | None:
    """
    Why no webhook may set a header of this name.
    """
    if not _HEADER_NAME.match(name):
        return f"{name!r} is no header name: letters, digits and - are, blanks and colons are not"
    if name.lower() in _RESERVED or name.lower().startswith("proxy-"):
        return f"{name} is the transport's own header: a webhook cannot set it"
    return None


def host_problem(text: str) -> str | None:
    """
    Why this is no host.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        if _HOST.match(text) and not _ENDS_IN_A_NUMBER.search(text):
            return None
        return f"{text!r} is no host; write {_what_was_meant(text)}"
    return None


def _what_was_meant(text: str) -> str:
    """
    The name in ASCII by which a name in other letters goes on the wire, or an example.
    """
    try:
        meant = None if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        meant = None
    return repr(meant) if meant else "it alone, such as 'crm.example.com'"


def authority_of(url: str) -> tuple[str, str] | None:
    """
    Scheme and authority of an absolute URL, which may be a template.
    """
    found = _AUTHORITY.match(url)
    return (found["scheme"].lower(), found["authority"]) if found else None


def has_variable(authority: str) -> bool:
    """
    Whether the authority of a URL is not plain text.
    """
    return _VARIABLE.search(authority) is not None


def url_problem(url: str, *, hosts: tuple[str, ...] = ()) -> str | None:
    """
    Why no request can go to this URL, whatever its variables hold.
    """
    if url != url.strip() or any(ord(character) < 0x20 for character in url):
        return "holds a blank at its ends or a line break"
    found = authority_of(url)
    if found is None or found[0] not in ("http", "https"):
        return "must be absolute: begin with https:// or http://"
    authority = found[1]
    if "@" in authority:
        return "holds a user name; secrets belong in the group: authentication, username and password"
    if has_variable(authority):
        return (
            None
            if hosts
            else (
                "has a variable in its host, so a caller could choose where the request goes; "
                'list the hosts it may reach: hosts = ["crm.example.com"]'
            )
        )
    if hosts:
        return "has no variable in its host, so hosts would change nothing; leave hosts out"
    return authority_problem(authority)


def authority_problem(authority: str) -> str | None:
    """
    Why this is no `host` or `host:port`.
    """
    if "/" in authority:
        return host_problem(authority)
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, colon, port = authority, "", ""
    if not host:
        return "names no host"
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        return f"{port!r} is no port: a number from 1 to 65535"
    if host.startswith("[") is not (":" in host):
        return f"{host!r} is no host; an IPv6 address stands in brackets: [2001:db8::1]"
    return host_problem(host)


def content_type_problem(value: str) -> str | None:
    """
    Why a webhook cannot send this Content-Type.
    """
    if _VARIABLE.search(value):
        return "must be plain text: the form of the body does not change with the call"
    if not re.match(r"[!#$&^_.+A-Za-z0-9-]+/[!#$&^_.+A-Za-z0-9-]+\s*(;|\Z)", value):
        return f'{value!r} is no media type; write one such as "application/vnd.api+json"'
    charset = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]*)", value, re.IGNORECASE)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        return f"says charset {charset[1]!r}, but a body is sent as UTF-8"
    return None
