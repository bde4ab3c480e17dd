"""
Host names, looked up without holding up anything else.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

from aiohttp.abc import AbstractResolver, ResolveResult

_Answer = list[ResolveResult]


class Resolver(AbstractResolver):
    """
    Asks the system's resolver, one daemon thread for each name that is being asked.

    The loop's own executor has six threads on two cores: six dead name servers would stop
    every lookup, and every file the application reads in a thread. Here a name that hangs
    costs one thread, however many requests want it, and no request waits longer than its budget.
    """

    def __init__(self, *, within_s: float, at_most: int) -> None:
        self._within_s = within_s
        self._slots = asyncio.Semaphore(at_most)
        self._asked: dict[tuple[str, int, int], asyncio.Future[_Answer]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> _Answer:
        """
        The addresses of *host*.

        Raises:
            OSError: There are none, or nobody answered within the budget.
        """
        key = (host, port, family)
        try:
            async with asyncio.timeout(self._within_s):
                if key not in self._asked:
                    await self._slots.acquire()
                    self._ask(key)
                return await asyncio.shield(self._asked[key])
        except TimeoutError:
            raise OSError(None, f"no answer from the name server within {self._within_s:g} s") from None

    async def close(self) -> None:
        """
        Lets go of lookups that still run; their threads end by themselves.
        """
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(OSError(None, "the transport was closed"))
                answer.exception()  # nobody may be left to look at it
        self._asked.clear()

    def _ask(self, key: tuple[str, int, int]) -> None:
        if key in self._asked:  # somebody else got there while this one waited for a slot
            self._slots.release()
            return
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Answer] = loop.create_future()
        self._asked[key] = answer

        def settle(found: _Answer | OSError) -> None:
            self._slots.release()
            if self._asked.get(key) is answer:
                del self._asked[key]
            if answer.done():
                return
            if isinstance(found, OSError):
                answer.set_exception(found)
                answer.exception()  # nobody may be left to look at it
            else:
                answer.set_result(found)

        def work() -> None:
            found = _look_up(*key)
            with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=work, name=f"lookup {key[0]}", daemon=True).start()


def _look_up(host: str, port: int, family: int) -> _Answer | OSError:
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError as error:
        return error
    except UnicodeError:  # a label over 63 characters, or empty
        return socket.gaierror(socket.EAI_NONAME, "not a host name")
    return [
        ResolveResult(
            hostname=host,
            # A link-local address is only complete with its interface.
            host=f"{address[0]}%{address[3]}" if len(address) == 4 and address[3] else str(address[0]),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in found
    ]
