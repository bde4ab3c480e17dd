"""
What came back over the wire, before anybody read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from webhook_engine.quick import maker, quick


class ResponseType(StrEnum):
    """
    How the bytes of a response are to be read.
    """

    AUTO = "auto"
    """By what the content looks like, then by its header."""

    JSON = "json"
    XML = "xml"
    FORM = "form"
    TEXT = "text"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """
    What the target system answered.
    """

    status: int
    """HTTP status, 100 to 599."""

    headers: tuple[tuple[str, str], ...] = ()
    """In the order received; names as sent."""

    body: bytes = field(default=b"", repr=False)
    """Decompressed, and no longer than the transport allows."""

    took_s: float = 0.0
    """Seconds from the first byte sent to the last byte read, monotonic."""

    url: str = ""
    """Where it came from at last, after redirects; masked."""

    def header(self, name: str) -> str | None:
        """
        The value of header *name*, whatever its case.

        Returns:
            All values joined by `, ` where it was sent more than once
            (RFC 9110, 5.3); None where it was not sent.
        """
        wanted = name.lower()
        values = [value for key, value in self.headers if key.lower() == wanted]
        return ", ".join(values) if values else None


make_response = maker(Response)
