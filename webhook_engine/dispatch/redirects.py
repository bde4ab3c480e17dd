"""
Where a redirect leads, and what may go there.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

from webhook_engine.dispatch.request import PreparedRequest, origin_of, target_of
from webhook_engine.errors import EgressRefused, UnreadableResponse
from webhook_engine.responses import Response

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# What tells a stranger nothing. Any other header may be a credential, whatever its name.
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})


def next_hop(request: PreparedRequest, response: Response) -> PreparedRequest | None:
    """
    The request that *response* asks for; None when it is no redirect that is followed.

    Only a GET goes on. To another origin it takes no header that could be a credential.

    Raises:
        EgressRefused: It leads from https to http, or carries our secret to another origin.
        UnreadableResponse: It leads to something that is no web address.
    """
    location = response.header("Location")
    if response.status not in _REDIRECTS or request.method != "GET" or not location:
        return None
    url = _resolved(request, location)
    if _same_origin(request.url, url):
        return replace(request, url=url)
    if request.url.lower().startswith("https:") and not url.lower().startswith("https:"):
        raise EgressRefused(
            target=target_of(url), address=target_of(url), why="is a redirect from https to http"
        )
    if request.mask.text(url) != url:
        raise EgressRefused(
            target=target_of(url),
            address=target_of(url),
            why="is a redirect that would hand our credentials to another origin",
        )
    headers = tuple(header for header in request.headers if header[0].lower() in _HARMLESS)
    return replace(request, url=url, headers=headers)


def _resolved(request: PreparedRequest, location: str) -> str:
    # RFC 3986, 2.1: what a URL cannot hold is percent-encoded; what is encoded already stays.
    # Bytes that are no UTF-8 come as half characters, and go as they came.
    encoded = quote(location.strip(" \t"), safe="%:/?#[]@!$&'()*+,;=-._~", errors="surrogateescape")
    try:
        parts = urlsplit(urljoin(request.url.partition("#")[0], encoded))
        port = parts.port
        host = parts.hostname
    except ValueError:
        host = port = None
    if not host or parts.scheme not in ("http", "https"):
        raise UnreadableResponse(
            f"{request.target} redirects to something that is no web address: {request.mask.text(encoded[:200])}"
        )
    # A user name in a Location is the target's idea of our credentials; it is not ours.
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority += f":{port}"
    return parts._replace(netloc=authority, path=parts.path or "/", fragment="").geturl()


def _same_origin(one: str, other: str) -> bool:
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str]:
    return origin_of(url).partition("://")[0].lower(), target_of(url).lower()
