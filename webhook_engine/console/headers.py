"""
What every answer of the console says to the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
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


KEPT: Final = "X-Kept"
"""Marks an answer within the console that may be kept by whoever gets it; browsers never see it."""

_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


OURS: Final = web.RequestKey("webhook_engine.console.ours", bool)
"""Set on requests that the console answers: whatever else one application holds has headers of its own."""


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """
    For the application's `on_response_prepare`.
    """
    if OURS not in request:
        return
    for name, value in HEADERS.items():
        response.headers[name] = value
    # Set here, after whatever an embedding application says of all its answers.
    is_kept = response.headers.pop(KEPT, None) is not None
    response.headers["Cache-Control"] = _FOR_A_YEAR if is_kept else "no-store"
