"""
Whatever bytes a reader is given: a result or an error of the tree. `make fuzz` looks further, led by coverage.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attack.readers import READERS, SEEDS, read

CORPUS = Path(__file__).with_name("corpus")
BROKE = sorted(CORPUS.glob("*/*"))
"""What once broke one, and is kept."""


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=min(settings.default.max_examples, 500))
@given(data=st.data())
def test_any_bytes_are_read_or_refused(name, data):
    """
    Whole, and as wounds of what the reader expects: overwritten, cut or said twice anywhere.
    """
    seed = data.draw(st.sampled_from([b"", *SEEDS.get(name, ())]))
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, len(seed)))
    instead = data.draw(st.binary(max_size=40) | st.sampled_from(_PIECES) | st.just(seed[:400]))

    read(name, seed[:start] + instead + seed[end:])


_PIECES = [
    *(b"{{", b"}}", b"{%", b"%}", b"{#", b"'", b'"', b"\\", b"<", b"<![CDATA[", b"<!DOCTYPE a>", b"&x;", b"\x00", b"\xff\xfe"),
    *(b"[" * 300, b'{"a":' * 300, b"(" * 300, b"9" * 5_000, b"1e999", b"\\ud800", b"\xed\xa0\x80", b"\r\n\r\n", b"%", b"//"),
]  # fmt: skip


@pytest.mark.parametrize("path", BROKE, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_reader(path):
    """
    Is read or refused by now.
    """
    read(path.parent.name, path.read_bytes())


def test_every_seed_is_of_a_reader():
    """
    None is fed to nobody.
    """
    assert SEEDS.keys() <= READERS.keys()
    assert {path.parent.name for path in BROKE} <= READERS.keys()
