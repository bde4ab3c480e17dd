"""
Who puts something rings, and who waits for something hears it: in all processes on one database.

It is rung where there is more than whoever put it takes itself, and for one process: that takes what it can, and rings
for the next one where it found something. A bell that nobody hears costs a moment and never a delivery: everybody looks
again after `poll_s` anyway.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from bisect import bisect
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.queue.postgresql.connecting import PROMPT_S, is_passing

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.queue.postgresql.connecting import Connection, Server

_BETWEEN_S: Final = 0.01
"""Between two rings: commits that notify wait for one another, so they are few and none of them puts anything."""

_BETWEEN_PEERS_S: Final = 3e-5
"""What a bell costs the server for each session that listens, on whatever channel (measured: 30 us). Where they are
many each rings more seldom, by this times their square: all bells together cost a core at the most."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0

_STILL_THERE_S: Final = 10.0
"""After so long without a bell to ring it is asked whether the connection still leads somewhere."""

_HOPS: Final = 8
"""A bell that comes to somebody who can take nothing goes on so often, to the next in the circle of all."""

_KNOWN_S: Final = 2.0
_KNOWN_EACH_S: Final = 0.05
"""For how long it is believed who is there, and how much longer for each of them: to look costs as much as they are."""

_SPREAD_S: Final = 0.001
"""Where all are rung for they look one after the other, by so much for each of them."""

# Names of sessions, as `pg_stat_activity` has them, tell who is there: nobody has to write that down.
_PEERS: Final = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE $1"


class Doorbell:
    """
    LISTEN and NOTIFY on a connection of its own, which is made anew where it broke.
    """

    def __init__(self, server: Server, me: str, heard: Callable[[int], None]) -> None:
        """
        Args:
            heard: Called when another process rang, and when it may have and was not heard; with how often that
                bell may be passed on.
        """
        self._server, self._me, self._heard = server, me, heard
        self._everybody = f"{server.schema}_ready"
        self._targets = f"{server.schema}_target"
        # Names of sessions and of channels end after 63 bytes.
        place = hashlib.sha256(server.schema.encode()).hexdigest()[:12]
        self._names = f"webhook-engine waits {place}."
        self._own = me.rpartition("/")[2]
        self._bell = f"webhook_engine_{place}_"
        self._heard_of_targets: Callable[[], None] = _nothing
        self._stir = asyncio.Event()
        self._hops = 0
        self._rings_any = self._rings_all = self._tells_of_targets = self._is_told = False
        self._serves = self._is_named = False
        self._peers: list[str] = []
        self._peers_until = 0.0
        self.is_well = False
        """Whether there is a connection to ring by."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def ring(self) -> None:
        """
        There is something to claim for somebody.
        """
        self._rings_any = True
        self._stir.set()

    def pass_on(self, hops: int = _HOPS) -> None:
        """
        There is something to claim for the next one.
        """
        self._hops = max(hops, self._hops)
        self._stir.set()

    def ring_all(self) -> None:
        """
        There is something to claim for everybody.
        """
        self._rings_all = True
        self._stir.set()

    def serve(self) -> None:
        """
        Have this process rung for: it claims.
        """
        if not self._serves:
            self._serves = True
            self._stir.set()

    def tell_of_portions(self) -> None:
        """
        Targets are to be divided anew.
        """
        self._tells_of_targets = True
        self._stir.set()

    def hear_of_portions(self, heard: Callable[[], None]) -> None:
        self._heard_of_targets = heard

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            db: Connection | None = None
            try:
                db = await self._server.connect()
                await self._listen(db)
                self._is_told = False
                pause_s = _FIRST_PAUSE_S
                while not db.is_closed():
                    await self._wait(db)
            except Exception as error:
                self._tell_of(error)
                if not is_passing(error):
                    pause_s = _LONGEST_PAUSE_S
            finally:
                self.is_well = self._is_named = False
                if db is not None:
                    db.terminate()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _listen(self, db: Connection) -> None:
        # A ring is nothing that has to be on the disk.
        await db.execute("SET synchronous_commit = off")
        db.add_termination_listener(lambda _: self._stir.set())
        await db.add_listener(self._everybody, self._hear_all)
        await db.add_listener(self._targets, self._hear_of_targets)
        await db.add_listener(self._bell + self._own, self._hear)
        self.is_well = True
        self._peers_until = 0.0
        self._heard(0)
        self._heard_of_targets()

    async def _wait(self, db: Connection) -> None:
        if self._serves and not self._is_named:
            await db.execute("SELECT set_config('application_name', $1, false)", self._names + self._own)
            self._is_named = True
        try:
            async with asyncio.timeout(_STILL_THERE_S):
                await self._stir.wait()
        except TimeoutError:
            await db.execute("SELECT 1", timeout=PROMPT_S)
        self._stir.clear()
        channels = [] if db.is_closed() else await self._to_ring(db)
        if channels:
            await db.execute(
                "SELECT pg_notify(c.name, c.what) FROM unnest($1::text[], $2::text[]) c (name, what)",
                *zip(*channels, strict=True),
                timeout=PROMPT_S,
            )
            await asyncio.sleep(max(_BETWEEN_S, _BETWEEN_PEERS_S * len(self._peers) ** 2))

    async def _to_ring(self, db: Connection) -> list[tuple[str, str]]:
        """
        Channels, and what is said there.
        """
        channels = []
        if self._tells_of_targets:
            self._tells_of_targets = False
            channels.append((self._targets, self._me))
        any_one, hops = self._rings_any, self._hops
        self._rings_any, self._hops = False, 0
        if self._rings_all:
            self._rings_all = False
            channels.append((self._everybody, self._me))
        elif any_one or hops:
            peers = await self._others(db)
            if not peers:
                # Where names are not to be seen, everybody is somebody.
                channels.append((self._everybody, self._me))
            elif any_one:
                channels.append((self._bell + random.choice(peers), str(_HOPS)))  # noqa: S311  # anyone will do
            else:
                after = bisect(peers, self._own) % len(peers)
                channels.append((self._bell + peers[after], str(hops)))
        return channels

    async def _others(self, db: Connection) -> list[str]:
        if (now := time.monotonic()) >= self._peers_until:
            rows = await db.fetch(_PEERS, self._names + "%")
            found = {name.removeprefix(self._names) for (name,) in rows}
            self._peers = sorted(found - {self._own})
            self._peers_until = now + _KNOWN_S + _KNOWN_EACH_S * len(self._peers)
        return self._peers

    def _tell_of(self, error: Exception) -> None:
        """
        Once for each time: until it is back, everybody finds by looking what there is.
        """
        if not self._is_told:
            self._is_told = True
            log.event("doorbell.lost", queue=self._server.shown, why=str(error) or type(error).__name__)

    def _hear(self, _db: object, _pid: int, _channel: str, hops: object) -> None:
        with suppress(RuntimeError):  # a loop that is just closing
            self._heard(int(str(hops)))

    def _hear_all(self, _db: object, _pid: int, _channel: str, who: object) -> None:
        if who == self._me:
            return
        with suppress(RuntimeError):
            late_s = random.random() * _SPREAD_S * len(self._peers)  # noqa: S311  # spreads load, keeps no secret
            asyncio.get_running_loop().call_later(late_s, self._heard, 0)

    def _hear_of_targets(self, _db: object, _pid: int, _channel: str, who: object) -> None:
        if who != self._me:
            with suppress(RuntimeError):
                self._heard_of_targets()


def _nothing() -> None:
    """
    Nobody wants to know.
    """
