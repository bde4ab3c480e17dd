"""
Sessions in a sealed cookie, beside whatever sessions an embedding application has.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp_session import Session

    from webhook_engine.store.signing_in import SigningIn

COOKIE: Final = "webhook_engine_console"

_CSRF, _ID, _FLASH = "csrf", "id", "flash"
_OPENED: Final = 1_000
"""Cookies that need not be opened again."""

_USER, _STAMP = "user", "stamp"

KNOWN: Final = "webhook_engine_known"
"""The cookie of a browser in which somebody signed in before."""

_KNOWN_S: Final = 180 * 24 * 3600
_KNOWN_BYTES: Final = 4096


class _Seal(Fernet):
    """
    Opens each cookie once; how old a session may be is looked at every time, by what stands within.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._opened = lru_cache(_OPENED)(super().decrypt)

    def decrypt(self, token: bytes | str, ttl: int | None = None) -> bytes:
        return self._opened(token, ttl)


class Sessions:
    """
    Reads and writes the cookie; has it remembered who signed out, as a copy of their cookie would still read.
    """

    def __init__(
        self, key: bytes | None, signing_in: SigningIn, *, session_s: int, https: bool | None
    ) -> None:
        secret = key or secrets.token_bytes(32)
        self._seal = _Seal(urlsafe_b64encode(secret))
        # Another key, so that neither cookie reads as the other.
        self._known = Fernet(urlsafe_b64encode(hmac.digest(secret, KNOWN.encode(), "sha256")))
        self._signing_in = signing_in
        self._session_s = session_s
        self._https = https
        self._storage = lru_cache(8)(self._make)

    async def load(self, request: web.Request, *, path: str) -> Session:
        """
        The request's session, or a new one where it brings none that holds.
        """
        storage = self._storage(path, self._is_secure(request))
        session = await storage.load_session(request)
        if self._signing_in.has_ended(str(session.get(_ID, ""))):
            session = await storage.new_session()
        if _CSRF not in session:
            session[_ID], session[_CSRF] = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        return session

    async def save(
        self, request: web.Request, response: web.StreamResponse, session: Session, *, path: str
    ) -> None:
        """
        Send the session along, if anything in it changed.
        """
        if session._changed and not response.prepared:
            await self._storage(path, self._is_secure(request)).save_session(request, response, session)

    async def end(self, session: Session) -> None:
        """
        Let this session, and every copy of its cookie, be nobody's, after a restart too.

        Raises:
            StoreError: It cannot be written now: it holds until this process ends.
        """
        ident = str(session[_ID])
        session.invalidate()
        await self._signing_in.end_session(
            ident, until=datetime.now(UTC) + timedelta(seconds=self._session_s)
        )

    def browser_of(self, request: web.Request, email: str, *, tenant: str) -> str:
        """
        By what a browser is known in which *email* of *tenant* signed in before; empty where it is any other.
        """
        given = request.cookies.get(KNOWN, "")
        if not given or len(given) > _KNOWN_BYTES:
            return ""
        try:
            ident, _, whose = self._known.decrypt(given.encode(), ttl=_KNOWN_S).decode().partition(" ")
        except (InvalidToken, UnicodeError):
            return ""
        return ident if whose == _whose(email, tenant) else ""

    def remember(
        self, request: web.Request, response: web.StreamResponse, email: str, *, tenant: str, path: str
    ) -> None:
        """
        Have this browser known as one of *email* of *tenant*.
        """
        ident = self.browser_of(request, email, tenant=tenant) or secrets.token_urlsafe(12)
        response.set_cookie(
            KNOWN,
            self._known.encrypt(f"{ident} {_whose(email, tenant)}".encode()).decode(),
            max_age=_KNOWN_S,
            path=path,
            secure=self._is_secure(request),
            httponly=True,
            samesite="Strict",
        )

    def _make(self, path: str, secure: bool) -> EncryptedCookieStorage:
        return EncryptedCookieStorage(
            self._seal,
            cookie_name=COOKIE,
            max_age=self._session_s,
            path=path,
            secure=secure,
            httponly=True,
            samesite="Lax",
        )

    def _is_secure(self, request: web.Request) -> bool:
        return request.secure if self._https is None else self._https


def _whose(email: str, tenant: str) -> str:
    # Consoles of several tenants may share a key. No address has a blank in it, so nothing else reads like this.
    return f"{email} {tenant}"


def sign_in(session: Session, email: str, stamp: str) -> None:
    """
    Make the session that user's, under another id and token than it had before.
    """
    session.clear()
    session[_ID], session[_CSRF] = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
    session[_USER], session[_STAMP] = email, stamp


def user_of(session: Session) -> tuple[str, str]:
    """
    The address and the stamp of whoever signed in; empty where nobody did.
    """
    return str(session.get(_USER, "")), str(session.get(_STAMP, ""))


def csrf_of(session: Session) -> str:
    """
    What a change has to bring along.
    """
    return str(session[_CSRF])


def has_csrf(session: Session, given: str) -> bool:
    """
    Whether a change brought it.
    """
    return hmac.compare_digest(csrf_of(session).encode(), given.encode(errors="replace"))


def say(session: Session, kind: str, text: str) -> None:
    """
    Leave a message for the next page.
    """
    session[_FLASH] = [*session.get(_FLASH, []), [kind, text[:500]]][-4:]


def said(session: Session) -> list[tuple[str, str]]:
    """
    The messages for this page, which nobody reads again.
    """
    if not session.get(_FLASH):
        return []
    return [(str(kind), str(text)) for kind, text in session.pop(_FLASH)]
