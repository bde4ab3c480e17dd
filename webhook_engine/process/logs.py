"""
The log of a process: JSON lines for a program, words for a person, and never more than somebody can take.

The event loop hands a line over and goes on; a thread of its own forms and writes it, so that a terminal or
a pipe that takes nothing holds nobody up.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final, TextIO

from webhook_engine import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.typing import EventDict, ExcInfo, WrappedLogger

    from webhook_engine.settings import LogFormat

WAITING: Final = 10_000
"""Lines that may wait for whoever reads them; beyond it they are counted and left out."""

LINES_PER_S: Final = 100
"""Of one event; attempts that went well are not counted, each of them is told."""

_END_S: Final = 2.0
"""How long the end of a process waits for its last lines to be taken."""


@contextmanager
def logging_to(stream: TextIO, form: LogFormat) -> Iterator[LogLines]:
    """
    Within this, everything that is logged in this process goes to *stream*.

    Args:
        form: `auto` is words where *stream* is a terminal, and JSON elsewhere.
    """
    is_text = stream.isatty() if form == "auto" else form == "text"
    lines = LogLines(stream, _formatter(colours=is_text and stream.isatty(), is_text=is_text))
    root, ours = logging.getLogger(), logging.getLogger(log.NAME)
    level = ours.level
    root.addHandler(lines)
    ours.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        ours.setLevel(level)
        root.removeHandler(lines)
        lines.end()


class LogLines(logging.Handler):
    """
    Takes lines in without waiting, and writes them from a thread.
    """

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream = stream
        self._waiting: Queue[logging.LogRecord | None] = Queue(WAITING)
        self._second = 0
        self._told: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """
        Called by whoever logs, in whatever thread.
        """
        if self._is_too_much(record):
            self._leave_out(record)
            return
        try:
            self._waiting.put_nowait(record)
        except Full:
            self._leave_out(record)

    def _leave_out(self, record: logging.LogRecord) -> None:
        with self._counting:
            self._left_out[record.msg] += 1

    def _is_too_much(self, record: logging.LogRecord) -> bool:
        if getattr(record, "outcome", None) == "ok":
            return False
        second = int(record.created)
        if second != self._second:
            self._second = second
            self._told.clear()
        self._told[record.msg] += 1
        return self._told[record.msg] > LINES_PER_S

    def end(self) -> None:
        """
        Write what waits; not for ever, where nobody takes it.
        """
        try:
            self._waiting.put(None, timeout=_END_S)
        except Full:
            return
        self._thread.join(_END_S)

    def _run(self) -> None:
        while True:
            try:
                record = self._waiting.get(timeout=1.0)
            except Empty:
                self._tell_left_out()
                continue
            if record is None:
                self._tell_left_out()
                return
            self._write(record)
            if self._left_out and self._waiting.empty():
                self._tell_left_out()

    def _tell_left_out(self) -> None:
        with self._counting:
            left_out, self._left_out = self._left_out, Counter()
        for name, count in left_out.items():
            fields = {
                "name": log.NAME,
                "msg": "log.left_out",
                "levelno": logging.WARNING,
                "levelname": "WARNING",
            }
            self._write(logging.makeLogRecord(fields | {"of": name, "lines": count, "created": time.time()}))

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception as error:  # a line that nobody can write must not be the last one
            return self.format(_unwritable(record, error))

    def _write(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self._line(record) + "\n")
            if self._waiting.empty():
                self._stream.flush()
        except (OSError, ValueError):
            # Whoever read the log has gone; the work goes on without a reader.
            self._left_out.clear()


def _unwritable(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": log.NAME,
            "msg": "log.unwritable",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "created": record.created,
            "of": record.name,
            "why": f"{type(error).__name__}: {error}",
        }
    )


def _formatter(*, colours: bool, is_text: bool) -> logging.Formatter:
    import structlog

    renderer: structlog.typing.Processor
    if is_text:
        # structlog's own shows what stands in every variable, secrets among it.
        renderer = structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=22, exception_formatter=_traced)
    else:
        renderer = structlog.processors.JSONRenderer(serializer=lambda fields, **_: _json(fields))
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), _when, _where],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([_as_one_line] if is_text else [structlog.processors.format_exc_info]),
            renderer,
        ],
    )


def _as_one_line(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """
    What a library said, which may quote what somebody sent: no line of its own, and nothing that a terminal obeys.
    """
    return {**fields, "event": _shown(str(fields["event"])).replace("\n", "\\n")}


def _traced(to: TextIO, error: ExcInfo) -> None:
    text = StringIO()
    traceback.print_exception(*error, file=text)
    to.write("\n" + _shown(text.getvalue().rstrip("\n")))


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _json(fields: object) -> str:
    import orjson

    try:
        line = orjson.dumps(fields, default=str).decode()
    except TypeError:
        # Half a character, as in a file's name that is no UTF-8, or a number beyond 64 bits.
        return json.dumps(fields, default=str)
    # JSON carries what some terminals obey, and logs are looked at on terminals too.
    return line if line.isprintable() else json.dumps(fields, default=str).replace("\x7f", "\\u007f")


def _when(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    at = datetime.fromtimestamp(fields["_record"].created, UTC)
    return {"timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **fields}


def _where(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """
    Which library said it, where it was not ours; nothing twice.
    """
    name = fields["_record"].name
    fields.pop("message", None)  # what another handler made of the record
    return fields if name == log.NAME else {**fields, "logger": name}


def stderr() -> TextIO:
    """
    Standard error, as it is now.
    """
    return sys.stderr
