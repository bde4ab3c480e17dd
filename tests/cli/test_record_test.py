"""
A file that a test is to be added to is looked at before anything is done.
"""

from __future__ import annotations

import pytest

from tests.testing.conftest import RULES

REFUSED = {
    "tests on one line": b"test = []\n",
    "no tests at all": b"test = 5\n",
    "no TOML": b"[[test\n",
    "a number of ten thousand digits": b"x = " + b"1" * 10_000,
    "no UTF-8": b"# \xff",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED.keys())
def test_what_no_test_can_be_added_to_is_refused(command, tmp_path, content):
    """
    Nobody could read it with the test at its end.
    """
    (tmp_path / "rules.toml").write_text(RULES)
    file = tmp_path / "tests.toml"
    file.write_bytes(content)

    result = command("record-test", "1", "--against", str(tmp_path / "rules.toml"), "--append", str(file))

    assert 2 == result.code
    assert f"error: {file} cannot be added to: " in result.err
    assert content == file.read_bytes()


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_what_reads_can_be_added_to(command, tmp_path, begin):
    """
    Then the id is what is asked about next.
    """
    (tmp_path / "rules.toml").write_text(RULES)
    file = tmp_path / "tests.toml"
    file.write_bytes(begin + b'[[test]]\nname = "a"\nevent = "ringing"\nnothing = true\n')

    result = command("record-test", "1", "--against", str(tmp_path / "rules.toml"), "--append", str(file))

    assert "cannot be added to" not in result.err
