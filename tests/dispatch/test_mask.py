"""
A secret is unreadable wherever it got to, in whichever encoding.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.dispatch import Masker
from webhook_engine.dispatch.mask import NOTHING, masker_of

SECRET = "pä/ss+w\"o'r&d <42>=é"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent in small letters": lambda text: quote(text, safe="").replace("%C3%A4", "%c3%a4"),
    "percent, slashes left": quote,
    "plus": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON by orjson": lambda text: orjson.dumps(text).decode()[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[3:-3],
    "JSON in HTML": lambda text: html.escape(json.dumps(text)[1:-1]),
    "JSON in a URL": lambda text: quote(json.dumps(text)[1:-1], safe=""),
    "XML text": escape,
    "XML attribute": lambda text: quoteattr(text, {'"': "&quot;"})[1:-1],
    "HTML": html.escape,
    "HTML in numbers": lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    "HTML in hex": lambda text: "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in text),
    "JSON of a careful encoder": lambda text: "".join(
        c if c.isalnum() and c.isascii() else json.dumps(c)[1:-1] if ord(c) > 127 else f"\\u{ord(c):04X}"
        for c in text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 for URLs, unpadded": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_is_hidden_in_every_encoding(encode: Callable[[str], str]) -> None:
    """
    In text, in bytes and in an answer.
    """
    mask = Masker([SECRET])
    told = f"before {encode(SECRET)} after"

    assert "before *** after" == mask.text(told)
    assert b"before *** after" == mask.data(told.encode())
    assert b"before *** after" == mask.answer(told.encode())


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "a longer name"])
def test_is_hidden_inside_a_basic_pair(user: str) -> None:
    """
    Wherever it begins in a group of three, no six characters of it can be read.
    """
    pair = base64.b64encode(f"{user}:{SECRET}".encode()).decode()

    masked = Masker([SECRET]).text(pair)

    assert "***" in masked
    kept = base64.b64decode(masked.partition("***")[0] + "==", validate=False).decode(errors="replace")
    assert len(kept) <= len(user) + 3


def test_the_longer_of_two_is_hidden_whole() -> None:
    """
    A secret that begins with another one leaves no rest.
    """
    assert "***" == Masker(["abc", "abcdef"]).text("abcdef")


def test_a_short_secret_stays_in_an_answer_alone() -> None:
    """
    Four digits are hidden in what we send, and left in a table that is full of numbers.
    """
    mask = Masker(["1234"])

    assert "pin=***" == mask.text("pin=1234")
    assert b"+27821234567" == mask.answer(b"+27821234567")


def test_without_secrets_nothing_changes() -> None:
    """
    Not even the object.
    """
    text = "Authorization: none"

    assert text is NOTHING.text(text)
    assert NOTHING is masker_of(())
    assert "***" == Masker(["", "x"]).text("x")


def test_shows_nothing_of_itself() -> None:
    """
    Nor does its representation.
    """
    assert "Masker(***)" == repr(Masker([SECRET])) == str(Masker([SECRET]))
    assert "Masker()" == repr(NOTHING)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=6, max_size=30),
    st.sampled_from(sorted(ENCODINGS)),
    st.binary(max_size=20),
)
def test_no_secret_survives(secret: str, encoding: str, around: bytes) -> None:
    """
    Whatever it is made of, however it is spelled, and whatever stands around it.
    """
    spelled = ENCODINGS[encoding](secret).encode()
    mask = Masker([secret])
    told = around + b"\x00" + spelled + b"\x00" + around

    assert b"\x00***\x00" in mask.answer(told)
    assert b"\x00***\x00" in mask.data(told)


class TestALongAnswer:
    """
    Is looked through piece by piece, and reads as if it had been in one go.
    """

    SECRETS = ("sk_live_4242abcd", "p@ss/w0rd & more", "!!!!!!!!")

    @pytest.mark.parametrize("secret", SECRETS)
    async def test_is_the_same_as_in_one_go(self, secret: str) -> None:
        """
        A secret that lies across the end of a piece is found too.
        """
        masker = Masker(self.SECRETS)
        spelt = quote(secret, safe="").encode()
        rest = 128 * 1024 - 7  # so that the pieces end at every place of a secret
        body = b"".join(b"x" * (rest - at) + spelt for at in range(0, 2 * len(spelt), 3))

        hidden = await masker.answer_in_turns(body)

        assert masker.answer(body) == hidden
        assert spelt not in hidden

    async def test_holds_up_nobody(self) -> None:
        """
        Even where every byte of it may begin a secret.
        """
        turns = 0

        async def tick() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        ticking = asyncio.create_task(tick())
        await Masker(["!!!!!!!!"]).answer_in_turns(b"!!!!!!! " * 200_000)
        ticking.cancel()

        assert turns > 5
