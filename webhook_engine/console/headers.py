"""
What every answer of the console says to the browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import web

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script and no style but ours: what a target system or a caller says can never run."""

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # The versions of what runs here are nobody's business.
        "Server": "webhook-engine",
    }
)


def adder(app: web.Application) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """
    For the `on_response_prepare` of *app*: headers for its own answers, not for those of applications within it.
    """

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        if request.match_info.apps[-1] is not app:
            return
        for name, value in HEADERS.items():
            response.headers[name] = value
        # Assets say themselves how long they may be kept.
        response.headers.setdefault("Cache-Control", "no-store")

    return add_headers
