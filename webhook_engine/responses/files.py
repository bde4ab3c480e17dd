"""
Responses that are files: pictures, documents, archives. No data for an agent is in them.
"""

from __future__ import annotations

import re
from typing import Final

_BEGINNINGS: Final = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF87a", "a picture (GIF)"),
    (b"GIF89a", "a picture (GIF)"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "a packed file (gzip)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"ID3", "a recording (MP3)"),
    (b"OggS", "a recording (Ogg)"),
)

_FAMILIES: Final = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
"""Media types of what is never text."""

_LOOKED_AT: Final = 4096
_MOST_CONTROLS: Final = 0.1
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_MEDIA = re.compile(r"[\w.+-]{1,30}/[\w.+-]{1,60}", re.ASCII)


def begins_as_file(body: bytes) -> str:
    """
    What kind of file *body* begins like, as words for an agent; "" for none that is known.
    """
    return next((kind for beginning, kind in _BEGINNINGS if body.startswith(beginning)), "")


def file_of(body: bytes, source: bytes, media: str) -> str:
    """
    What kind of file a response is that is neither JSON nor XML nor a form; "" where it is a text.

    Args:
        body: As it came.

        source: The same in UTF-8.

        media: The media type of its header, in lower case; "" for none.
    """
    kind = begins_as_file(body)
    if kind or not (media.startswith(_FAMILIES) or _is_no_text(source)):
        return kind
    return f"a file ({media})" if _MEDIA.fullmatch(media) else "a file that is no text"


def _is_no_text(source: bytes) -> bool:
    # Some systems end a text with a NUL, as C does.
    bare = source.strip(b"\x00")
    if b"\x00" in bare:
        return True
    start = bare[:_LOOKED_AT].decode("utf-8", "replace")
    return len(_CONTROLS.findall(start)) > _MOST_CONTROLS * len(start)
