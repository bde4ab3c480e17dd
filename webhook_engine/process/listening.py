"""
A service on an address of this machine.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from aiohttp import web

from webhook_engine.errors import SettingsError

if TYPE_CHECKING:
    from webhook_engine.settings import Settings

_LAST_S: Final = 5.0
"""How long the last answers may take to be read, when the service closes."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # looked up, not listened on


async def listen(app: web.Application, settings: Settings) -> tuple[web.AppRunner, str]:
    """
    The application, served; what `cleanup` ends, and the address at which this machine reaches it.

    Raises:
        SettingsError: It cannot listen there, and why.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError([_cannot_listen(settings.host, settings.port, error)]) from error
    host = _EVERYWHERE.get(settings.host, settings.host)
    port = runner.addresses[0][1]
    return runner, f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: {host}:{port} is taken by another program; stop it, or choose another with --port"
    return f"host: cannot listen on {host}:{port}: {error.strerror or error}"
