"""
A service on an address of this machine.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import ssl
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from webhook_engine import log
from webhook_engine.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from webhook_engine.settings import Settings

_LAST_S: Final = 5.0
"""How long the last answers may take to be read, when the service closes."""

_IDLE_S: Final = 75.0
"""How long a connection may take to bring its next request, whole to the end of its head; aiohttp allows an hour."""

_MOST: Final = 16_384
"""Connections at once, where the system grants files enough."""

_OTHER_FILES: Final = 0.5
"""The part of the files a process may have open that is not for connections: those to targets, and the databases."""

_LOOK_S: Final = 0.5
"""How often connections are counted."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # looked up, not listened on


def _is_ours(record: logging.LogRecord) -> bool:
    """
    Whether it tells of this program: a body that was refused unread is read to its end by aiohttp, which logs what is
    wrong in it as an error of whoever serves.

    What is no HTTP is told without what it says: of a request that states too short a length, that is the end, with
    whatever names and keys it holds.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.msg, record.args = "request.no_http", ()
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = record.exc_text = None
        record.why = type(error).__name__
    return not isinstance(error, web.RequestPayloadError)


_log: Final = logging.getLogger(f"{log.NAME}.http")
_log.addFilter(_is_ours)


async def listen(app: web.Application, settings: Settings) -> tuple[web.AppRunner, str]:
    """
    The application, served; what `cleanup` ends, and the address at which this machine reaches it.

    Raises:
        SettingsError: It cannot listen there, and why.
    """
    tls = _tls(settings)
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=_LAST_S, keepalive_timeout=_IDLE_S, logger=_log
    )
    app.cleanup_ctx.append(partial(_bounded, runner, most_connections()))
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError([_cannot_listen(settings.host, settings.port, error)]) from error
    host = _EVERYWHERE.get(settings.host, settings.host)
    port = runner.addresses[0][1]
    scheme = "http" if tls is None else "https"
    return runner, f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def most_connections() -> int:
    """
    How many connections may be open at once: by the files that this process may have, of which it takes what it can.
    """
    if sys.platform == "win32":
        return _MOST
    import resource

    granted, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(_MOST / _OTHER_FILES)
    if granted != resource.RLIM_INFINITY and granted < wanted:
        granted = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return _MOST if granted == resource.RLIM_INFINITY else min(_MOST, max(16, int(granted * _OTHER_FILES)))


async def _bounded(runner: web.AppRunner, most: int, _: web.Application) -> AsyncIterator[None]:
    """
    For the application's `cleanup_ctx`: of more connections than *most*, those that waited longest for a request close.
    """
    watch = asyncio.create_task(_close_the_oldest(runner, most))
    yield
    watch.cancel()
    await asyncio.wait([watch])


async def _close_the_oldest(runner: web.AppRunner, most: int) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        open_now = runner.server.connections if runner.server else []
        too_many = len(open_now) - most
        if too_many <= 0:
            continue
        # Its own close() ends the waiting and leaves the socket open (aiohttp 3.14), so who waits has to be known.
        waiting = [each for each in open_now if getattr(each, "_current_request", None) is None]
        for connection in waiting[:too_many]:
            connection.force_close()
        _log.warning("connections.too_many", extra={"open": len(open_now), "most": most})


def fingerprint(settings: Settings) -> str:
    """
    SHA-256 of the certificate that the settings name, in hexadecimal; "" without one.
    """
    if settings.tls_certificate is None:
        return ""
    text = settings.tls_certificate.read_text()
    end = "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE-----") :].partition(end)[0] + end
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """
    Raises:
        SettingsError: A certificate that cannot be used.
    """
    if settings.tls_certificate is None:
        if settings.tls_key is not None:
            raise SettingsError(["tls_key: there is no tls_certificate that it belongs to"])
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or error
        raise SettingsError([f"tls_certificate: {settings.tls_certificate} cannot be used: {why}"]) from error
    return context


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: {host}:{port} is taken by another program; stop it, or choose another with --port"
    return f"host: cannot listen on {host}:{port}: {error.strerror or error}"
