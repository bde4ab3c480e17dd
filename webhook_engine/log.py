"""
What is said while calls are served: events with fields, never a secret.

Events go to the standard library's logger `webhook_engine`, so the embedding application decides where
they land and what they look like; without its doing, nothing below a warning is seen. The fields are on
the record (`record.webhook`, `record.took_s`), and the event's name is the message.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

NAME: Final = "webhook_engine"

_PLAIN = (str, int, float, bool, type(None))

_standard = logging.getLogger(NAME)


def is_heard() -> bool:
    """
    Whether anybody listens; asking is a hundred times cheaper than saying what nobody hears.
    """
    return _standard.isEnabledFor(logging.INFO)


def event(name: str, **fields: object) -> None:
    """
    Say that something happened.

    Args:
        name: Dotted, in the past tense: `attempt.finished`.

        fields: Text, numbers and nothing else; units in the names.

    Raises:
        TypeError: A field is an object, which might hold a secret.
    """
    if is_heard():
        _logger().info(name, **fields)


@cache
def _logger() -> WrappedLogger:
    import structlog

    # Configured here and for this logger alone: structlog's own defaults belong to the application.
    return structlog.wrap_logger(
        _standard,
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[_refuse_objects, structlog.stdlib.render_to_log_kwargs],
    )


def _refuse_objects(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    for key, value in fields.items():
        if not isinstance(value, _PLAIN):
            raise TypeError(
                f"the log field {key} is a {type(value).__name__}; only text and numbers are logged"
            )
    return fields
