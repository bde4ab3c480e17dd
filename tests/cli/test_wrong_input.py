"""
Whatever a user types first, the answer is a sentence that says what to do.
"""

import sys

import pytest

SET = ("--set", "EXTENSION=100-Euphoria", "--set", "CALL_QUEUE=Sales", "--set", "CALLERID_NUMBER=0821234567")

WRONG = {
    "a file that is not there": (["check", "nowhere.toml"], 2, "nowhere.toml"),
    "a render without its file": (["render", "nowhere.toml", "x"], 2, "nowhere.toml"),
    "a webhook misspelt": (["render", "EXAMPLE", "Contact lokup", *SET], 2, "did you mean 'Contact lookup'"),
    "a token misspelt": (
        ["render", "EXAMPLE", "Contact lookup", "--set", "CALL_QEUE=x"],
        2,
        "did you mean CALL_QUEUE",
    ),
    "a setting without a name": (["render", "EXAMPLE", "Contact lookup", "--set", "=x"], 2, "TOKEN=VALUE"),
    "a moment misspelt": (["explain", "EXAMPLE", "--event", "rining"], 2, "'rining' is not one of ringing"),
    "a form misspelt": (["read", "EXAMPLE", "--as", "jsn"], 2, "'jsn' is not one of auto, json"),
    "a doctor for nothing": (["doctor", "nowhere.toml"], 2, "nowhere.toml"),
    "a setting without a value": (
        ["render", "EXAMPLE", "Contact lookup", "--set", "CALL_QUEUE"],
        2,
        "TOKEN=VALUE",
    ),
    "a direction that is none": (
        ["render", "EXAMPLE", "Contact lookup", "--set", "CALL_DIR=in"],
        2,
        "incoming, outgoing",
    ),
    "a disposition that is none": (
        ["render", "EXAMPLE", "Call outcome", "--set", "CALL_DISPOSITION=Sold"],
        2,
        "Success",
    ),
    "a duration in words": (
        ["render", "EXAMPLE", "Call outcome", "--set", "CALL_DURATION=long"],
        2,
        "whole seconds",
    ),
    "a time that is none": (
        ["render", "EXAMPLE", "Call outcome", "--set", "DATETIME=today"],
        2,
        "2020-01-01",
    ),
    "a page that cannot be sent": (["send", "EXAMPLE", "Customer page", *SET], 2, "render"),
    "a call without its agent": (
        ["send", "EXAMPLE", "Contact lookup", "--set", "CALL_QUEUE=Sales"],
        3,
        "EXTENSION",
    ),
    "an extension that is no agent": (
        ["send", "EXAMPLE", "Account state", "--set", "EXTENSION=999-Euphoria"],
        3,
        "999-Euphoria",
    ),
    "a call file that is not there": (
        ["render", "EXAMPLE", "Contact lookup", "--call", "no.json"],
        2,
        "no.json",
    ),
    "a call file that is no JSON": (
        ["render", "EXAMPLE", "Contact lookup", "--call", "EXAMPLE"],
        2,
        "integration.toml: call is no JSON",
    ),
    "a database in a folder that is not there": (
        ["key", "list", "--database", "sqlite:////nowhere/of/all/x.db"],
        2,
        "nowhere",
    ),
    "a process in a folder that is not there": (
        ["up", "EXAMPLE", "--database", "sqlite:////nowhere/of/all/x.db"],
        2,
        "make the folder",
    ),
    "a response that is not there": (["read", "no.json"], 2, "no.json"),
    "a path that does not read": (["read", "EXAMPLE", "--records", "b[["], 2, "--records 'b[[' is no path"),
    "a file that is no response": (["read", sys.executable], 2, "neither JSON nor XML nor any text"),
    "a command that is none": (["chek"], 2, "chek"),
    "an option that is none": (["check", "EXAMPLE", "--jsn"], 2, "--jsn"),
    "a form that is none": (["read", "-", "--as", "yaml"], 2, "yaml"),
}


@pytest.mark.parametrize(("words", "code", "says"), WRONG.values(), ids=WRONG.keys())
def test_is_answered_with_a_sentence(command, example, words, code, says):
    """
    The exit code tells a script, the sentence tells its author; nothing is on standard output.
    """
    result = command(*(example if word == "EXAMPLE" else word for word in words))

    assert code == result.code, result
    assert says in result.err
    assert "Traceback" not in result.err
    assert "Value error" not in result.err, "typer's words for its authors"
    assert "" == result.out


UNREADABLE = {
    "an empty file": (b"", "nothing"),
    "no TOML": (b"[tenant\nname=", "bad.toml:1: the document: is no TOML"),
    "no text": (b"\xff\xfe\x00\x00", "UTF-8"),
    "a list of nothing known": (b"[[wehbook]]\nname='x'\n", "webhook"),
    "a webhook of nothing": (b"[[webhook]]\n", "webhook[1]"),
}


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_defines_nothing(command, tmp_path, content, says):
    """
    A file that does not read is refused with its name and place.
    """
    file = tmp_path / "bad.toml"
    file.write_bytes(content)

    result = command("check", str(file))

    assert result.code in (1, 2), result
    assert says in result.err + result.out
    assert "bad.toml" in result.err + result.out
    assert "Traceback" not in result.err


RESPONSES = {
    "broken JSON": (b'{"a": ', ["--as", "json"], 4),
    "broken XML": (b"<a><b></a>", ["--as", "xml"], 4),
    "a bomb": (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', [], 4),
    "nothing": (b"", [], 1),
    "a path that leads nowhere": (b'{"a": [1]}', ["--records", "b"], 1),
}


@pytest.mark.parametrize(("body", "options", "code"), RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_that_is_no_table(command, body, options, code):
    """
    It says why, and ends with the code of its outcome.
    """
    result = command("read", "-", *options, stdin=body)

    assert code == result.code, result
    assert result.out + result.err
    assert "Traceback" not in result.err
