"""
The XML API of a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import SettingsError
from webhook_engine.xml_api import LiveDirectory, StoreDirectory, store_api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

    from webhook_engine.definitions import Definitions
    from webhook_engine.settings import Settings
    from webhook_engine.store import Store
    from webhook_engine.store.among import Among
    from webhook_engine.xml_api.shared import SharedAnswers, SharedLimits

_UNREACHABLE: Final = (
    "the XML API takes HTTPS alone: name a certificate with --tls-certificate, or the proxy that has one "
    "with --trusted-proxies, or say --insecure-http for development"
)


def xml_api_of(
    store: Store, settings: Settings, *, current: Callable[[], tuple[str, Definitions]] | None = None
) -> web.Application:
    """
    The XML API over the store, as the settings let it be reached.

    Args:
        current: The tenant that an engine of this process works for, and its definitions; the store's where left out.

    Raises:
        SettingsError: A trusted proxy is no address.
    """
    directory = StoreDirectory(store.definitions)
    with_others = _with_others(settings) if settings.is_shared else None
    app = store_api(
        store,
        directory=directory if current is None else LiveDirectory(current, directory),
        insecure_http=settings.insecure_http,
        trusted_proxies=filter(None, map(str.strip, settings.trusted_proxies.split(","))),
        cache=None if with_others is None else with_others.answers,
        limits=None if with_others is None else with_others.limits,
    )
    if with_others is not None:
        app.cleanup_ctx.append(_connection_of(with_others.among))
    return app


@dataclass(frozen=True, slots=True)
class _WithOthers:
    """
    What this process's XML API has in common with those of others on its database.
    """

    among: Among
    answers: SharedAnswers
    limits: SharedLimits


def _with_others(settings: Settings) -> _WithOthers:
    # What a single process on a file never loads.
    from webhook_engine.store.among import Among
    from webhook_engine.xml_api.shared import SharedAnswers, SharedLimits

    among = Among(settings.database)
    return _WithOthers(among, SharedAnswers(among), SharedLimits(among))


def _connection_of(among: Among) -> Callable[[web.Application], AsyncIterator[None]]:
    async def connected(_: web.Application) -> AsyncIterator[None]:
        async with among.running():
            yield

    return connected


def check_reachable(settings: Settings) -> None:
    """
    Raises:
        SettingsError: Nothing that is said would let a request in.
    """
    if settings.tls_certificate is None and not settings.trusted_proxies and not settings.insecure_http:
        raise SettingsError([_UNREACHABLE])
