"""
The one thread that writes.
"""

from __future__ import annotations

import threading
import time
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import apsw

from webhook_engine.errors import QueueError
from webhook_engine.queue.sqlite import alarms, documents
from webhook_engine.queue.sqlite.batch import perform, transact
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.clock import NEVER, Clock
from webhook_engine.queue.sqlite.files import PASSING, open_file, refusal
from webhook_engine.queue.sqlite.housekeeping import Housekeeping
from webhook_engine.queue.sqlite.operations import Answer, Claim, Close, Operation, Settle, Wake

if TYPE_CHECKING:
    from webhook_engine.queue.sqlite.settings import QueueSettings

_MOST = 256
"""Operations in one transaction."""

_LINGER_S = 0.002
"""How long a transaction waits for company where the one before had some."""

_COMPANY = 8

_RETURN_S = 0.001
"""How long what was put waits for a claim that was answered a moment ago to be made again: to be claimed by a
transaction of its own would take it as long again as to be put."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
"""Between two tries to write where the disk does not take it."""


class Writer:
    """
    Takes operations in, commits them together, and answers each when its commit is on the disk.
    """

    def __init__(
        self,
        path: Path,
        settings: QueueSettings,
        clock: Clock,
        answer: Callable[[Sequence[Answer]], None],
        loop: AbstractEventLoop,
    ) -> None:
        self._path, self._settings, self._clock = path, settings, clock
        self._answer, self._loop = answer, loop
        self._inbox: SimpleQueue[list[Operation]] = SimpleQueue()
        self._asked: list[Operation] = []
        """What the loop asked in this turn of its; handed over together, for each time wakes the thread."""
        self._claims: list[Claim] = []
        """Those that wait for something to claim."""
        self._kept: list[Operation] = []
        """Settlements that the disk did not take; they are what must not be forgotten."""
        self._pause_s = 0.0
        self._doubts = True
        """The disk has not shown that it takes anything, at first or since it last refused."""
        self._busy = False
        self._has_served = False
        """Whether the last transaction answered a claim: whoever made it makes the next one now."""
        self._closing: Close | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"queue {path.name}", daemon=True)
        self.book: Book | None = None
        self.stragglers: list[Callable[[], None]] = []
        """Called before anything is handed over, so that what could wait goes along."""

    def start(self, opened: Operation) -> None:
        self._inbox.put([opened])
        self._thread.start()

    def ask(self, operation: Operation) -> None:
        """
        Raises:
            QueueError: The writer has ended.
        """
        if self._ended and not isinstance(operation, Close):
            raise self._gone()
        if not self._asked:
            self._loop.call_soon(self._call_stragglers if self.stragglers else self._hand_over)
        self._asked.append(operation)

    def _call_stragglers(self) -> None:
        for call in tuple(self.stragglers):
            call()
        # Behind the tasks that those began.
        self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        asked, self._asked = self._asked, []
        self._inbox.put(asked)
        if self._ended:
            # The thread may have looked for the last time already.
            self._answer([Answer(each, error=self._gone()) for each in self._left()])

    def _left(self) -> list[Operation]:
        """
        What nobody will do any more.
        """
        left: list[Operation] = []
        with suppress(Empty):
            while True:
                left += self._inbox.get_nowait()
        return left

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        (opened,) = self._inbox.get()
        try:
            self.book = book = self._open()
        except Exception as error:
            self._tell([Answer(opened, error=error)])
            return
        self._tell([Answer(opened)])
        self._house = Housekeeping(book)
        try:
            while self._closing is None:
                self._turn(book, self._gather(book))
        finally:
            self._end(book)

    def _open(self) -> Book:
        db = open_file(self._path, self._settings)
        book = Book(db, self._settings, self._clock)
        try:
            last = db.execute(
                "SELECT max(ifnull((SELECT max(id) FROM delivery), 0), ifnull((SELECT max(place) FROM delivery "
                "INDEXED BY delivery_order WHERE lock IS NOT NULL), 0))"
            ).get
            book.last_id = book.opened_at_id = int(str(last))
            self._clock.not_before(_last_moment(db))
            book.tally.load(db)
            book.alarm = 0
            transact(book, _take_back)
        except apsw.Error as error:
            db.close()
            raise refusal(error, self._path) from error
        except BaseException:
            db.close()
            raise
        return book

    # --- One turn ------------------------------------------------------------

    def _gather(self, book: Book) -> list[Operation]:
        """
        Waits for the first operation or the next alarm, and takes what came along.
        """
        gathered: list[Operation] = []
        wait_s = self._patience(book)
        with suppress(Empty):
            gathered += self._inbox.get_nowait() if wait_s == 0 else self._inbox.get(timeout=wait_s)
            if self._busy:
                time.sleep(_LINGER_S)
            elif self._has_served and not self._claims:
                self._await_claim(gathered)
            while len(gathered) < _MOST:
                gathered += self._inbox.get_nowait()
        self._busy = len(gathered) >= _COMPANY
        return gathered

    def _await_claim(self, gathered: list[Operation]) -> None:
        until = time.monotonic() + _RETURN_S
        while not any(isinstance(each, Claim | Wake | Close) for each in gathered):
            gathered += self._inbox.get(timeout=max(0.0, until - time.monotonic()))

    def _patience(self, book: Book) -> float | None:
        """
        Seconds until something has to happen although nobody asks; None is never.
        """
        until = min(book.alarm, self._house.due)
        wait_s = None if until >= NEVER else (until - self._clock.now()) / 1000 + 0.001
        if self._pause_s:
            wait_s = self._pause_s
        for each in self._claims:
            left_s = each.until - time.monotonic()
            wait_s = left_s if wait_s is None else min(wait_s, left_s)
        return None if wait_s is None else min(max(wait_s, 0.0), threading.TIMEOUT_MAX)

    def _turn(self, book: Book, gathered: list[Operation]) -> None:
        asked = self._kept
        self._kept = []
        for each in gathered:
            if isinstance(each, Claim):
                self._claims.append(each)
            elif isinstance(each, Close):
                self._closing = each
            elif isinstance(each, Wake):
                self._dismiss(lambda _: True)
            else:
                asked.append(each)
        self._commit(book, asked)
        if self._doubts and self._claims:
            self._try_anew(book)
        now = time.monotonic()
        self._dismiss(lambda claim: claim.until <= now or claim.future.cancelled())
        if not self._pause_s:
            # What fails here is tried again in a second; it concerns nobody who waits.
            with suppress(apsw.Error):
                self._house.keep(wrote=bool(asked), idle=not gathered)

    def _commit(self, book: Book, asked: list[Operation]) -> None:
        claims = () if self._doubts else self._claims
        if not asked and not claims and book.alarm > self._clock.now():
            return
        try:
            answers = transact(book, lambda book: perform(book, asked, claims))
        except PASSING as error:
            self._refuse(asked, error)
        except Exception as error:
            self._isolate(book, asked, error)
        else:
            self._pause_s = 0.0
            served = {id(each.operation) for each in answers}
            left = [each for each in self._claims if id(each) not in served]
            self._has_served = len(left) < len(self._claims)
            self._claims = left
            self._tell(answers)

    def _try_anew(self, book: Book) -> None:
        """
        Claims that find nothing write nothing, so the disk is asked by itself before they are served again.
        """
        try:
            documents.try_room(book.db)
        except apsw.Error as error:
            self._refuse([], error)
        else:
            self._doubts = False
            self._pause_s = 0.0
            self._commit(book, [])

    def _refuse(self, asked: list[Operation], error: apsw.Error) -> None:
        """
        Nothing was written: what waits for a settlement goes on waiting, everything else is told.
        """
        self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
        self._doubts = True
        self._kept += [each for each in asked if isinstance(each, Settle)]
        others = [each for each in asked if not isinstance(each, Settle)]
        why = refusal(error, self._path)
        self._tell([Answer(each, error=why) for each in (*others, *self._claims)])
        self._claims = []
        if isinstance(error, apsw.FullError):
            self._house.make_room()

    def _isolate(self, book: Book, asked: list[Operation], error: Exception) -> None:
        """
        One of them cannot be done at all; the others must not suffer for it.
        """
        if len(asked) > 1:
            for each in asked:
                self._commit(book, [each])
            return
        why = (
            refusal(error, self._path) if isinstance(error, apsw.Error) else QueueError(f"failed: {error!r}")
        )
        why.__cause__ = error
        if asked:
            self._tell([Answer(each, error=why) for each in asked])
            return
        self._pause_s = _FIRST_PAUSE_S
        self._tell([Answer(each, error=why) for each in self._claims])
        self._claims = []

    def _dismiss(self, which: Callable[[Claim], bool]) -> None:
        gone = [each for each in self._claims if which(each)]
        if gone:
            self._claims = [each for each in self._claims if not which(each)]
            self._tell([Answer(each, ()) for each in gone])

    def _tell(self, answers: Sequence[Answer]) -> None:
        # The loop may be gone where nobody closed the queue; what is on the disk is there all the same.
        if answers:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._answer, answers)

    def _end(self, book: Book) -> None:
        self._dismiss(lambda _: True)
        self._ended = True
        late = [*self._kept, *self._left()]
        self._tell([Answer(each, error=self._gone()) for each in late])
        with suppress(apsw.Error):
            book.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        book.db.close()
        if self._closing is not None:
            self._tell([Answer(self._closing)])

    def _gone(self) -> QueueError:
        return QueueError(f"the delivery queue {self._path} is closed")


def _take_back(book: Book) -> list[Answer]:
    alarms.take_back(book)
    documents.forget(book.db)
    return []


def _last_moment(db: apsw.Connection) -> int:
    """
    The latest time that stands in the file.
    """
    last = db.execute(
        "SELECT max(ifnull((SELECT max(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'done'), 0), "
        "ifnull((SELECT max(at) FROM delivery INDEXED BY delivery_clock WHERE state = 'dead'), 0), "
        "ifnull((SELECT put_at FROM delivery ORDER BY id DESC LIMIT 1), 0))"
    ).get
    return int(str(last))
