"""
All that reads what somebody else wrote, each as a function of bytes: what comes out is a result or an error of the tree.

Whatever else is raised is a find, and so is a promise that the result breaks. `fuzz.py` and `test_fuzz.py` feed them.
"""

import asyncio
import gzip
import io
import tomllib
import zlib
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from tests.attack.bending import bent
from tests.xml_api.asking import request_of
from tests.xml_api.test_hostile import WHOLE, handling, is_documented
from webhook_engine.cli.contacts_csv import ContactsFile
from webhook_engine.cli.lines import WrongLine
from webhook_engine.definitions import lint, read_text, read_tree, write_toml
from webhook_engine.dispatch.body import unpacker
from webhook_engine.drift import Drift, Way
from webhook_engine.drift.column import ColumnState
from webhook_engine.errors import WebhookEngineError
from webhook_engine.responses import Column, Response, ResponseType, View, interpret, read_path, write_path
from webhook_engine.service.diagnosis import problems_of
from webhook_engine.service.reading import parse
from webhook_engine.templating import Bounds, Kind, compile_expression, compile_template
from webhook_engine.testing.replay import Recorded
from webhook_engine.variables import CallContext, CallEvent

ROOT = Path(__file__).parents[2]
NAMES = frozenset({"CALLERID", "CALL_NOTES", "CALL_DURATION"})
VALUES = [
    {"CALLERID": "Conrad <100@pbx0>", "CALL_NOTES": "1&admin=true\n{CALLERID}", "CALL_DURATION": 75},
    {"CALLERID": "", "CALL_NOTES": "</a>\"'\\{{ 7 * 7 }}", "CALL_DURATION": 0},
]


def _small(tree):
    """
    A document of each webhook alone, with its group and its rules: what is short is read more often.
    """
    for webhook in tree["webhook"]:
        rules = [each for each in tree["rule"] if each.get("webhooks") == [webhook["name"]]]
        groups = [each for each in tree["group"] if each["name"] == webhook.get("group")]
        yield {
            "tenant": tree["tenant"],
            "agent": tree["agent"],
            "group": groups,
            "webhook": [webhook],
            "rule": rules,
        }


DEFINITIONS = tomllib.loads((ROOT / "examples" / "integration.toml").read_text())
SMALL = list(_small(DEFINITIONS))
EVENT = {
    "id": "e1",
    "moment": "disposed",
    "at": "2026-11-22T10:00:00+02:00",
    "call": {
        "CALLERID": "Conrad <100@pbx0.euphoria.co.za>",
        "CALLERID_NUMBER": "0821234567",
        "EXTENSION": "100-Euphoria",
        "CALL_DIR": "incoming",
        "CALL_DURATION": 75,
        "CALL_DISPOSITION": "Failed",
        "DATETIME": "2020-01-01",
        "DATETIME_TIME": "10-00-00",
        "at": "2026-11-22T10:00:00+02:00",
        "extra": {"shift": "night", "desk": 7},
    },
}
RECORDED = EVENT | {
    "responses": {
        "Contact lookup": [{"status": 200, "headers": {"Content-Type": "application/json"}, "body": "[]"}],
        "Report": {"fault": "timeout"},
        "Other": [{"body_base64": "AAAA"}, {"left_out": "too long"}],
    }
}
BENT = b"\x00"
"""A first byte that no document has: what follows bends the sample."""


LEARNT = {
    "Contact lookup": {
        "revision": "r1",
        "columns": {
            "id": ColumnState(seen=9, types={"number"}, odd=3, odd_types={"text"}).to_json(),
            "gone": ColumnState(
                seen=9, types={"text"}, way=Way.VANISHED, since=datetime(2026, 1, 1, tzinfo=UTC)
            ).to_json(),
        },
    }
}

SEEDS = {
    "template": [b"\x00https://a.example/{CALLERID}/x?q={{ CALL_NOTES | e164 | upper }}#{CALL_DURATION}",
                 b'\x03{"a": "{CALL_NOTES}", "b": [{{ CALL_DURATION }}, {% if CALLERID %}1{% else %}2{% endif %}]}',
                 b"\x04<a b='{CALLERID}'>{{ CALL_NOTES | default('x') }}<![CDATA[{CALLERID}]]></a>",
                 b"\x02a={CALLERID}&b={% for x in CALL_NOTES.split(',') %}{{ x | last(9) }}{% endfor %}",
                 b"\x05{% set a = CALL_NOTES | replace('a', 'b') %}{{ a ~ CALLERID[1:2] }}<CALL_NOTES>",
                 b"\x06{{ CALLERID | map({'a': 'b'}) }}{{ '%05d' }}{{ CALL_NOTES | format_datetime('%Y') | trim }}"],
    "expression": [b"CALL_NOTES == 'incoming' and CALLERID in ['a', 'b'] or not CALL_DURATION > 3 ** 2",
                   b"(CALLERID | digits | last(9)) ~ 'x' * 3 if CALL_NOTES is defined else [1, 2][0]"],
    "definitions": [each.encode() for each in (ROOT / "examples" / "integration.toml").read_text().split("\n\n")]
    + [(ROOT / "examples" / "dialer.toml").read_bytes()],
    "response": [b'\x00\x01{"results": [{"id": 1, "a": {"b": [1e400, "\\ud800"]}}], "total": 1}',
                 b"\x00\x02<?xml version='1.0' encoding='gbk'?><a><b c='1'>x<![CDATA[y]]></b><b>&amp;</b></a>",
                 b"\x00\x03a=1&b=%2B&a=2", b"\x00\x04\xff\xfe<\x00h\x00", b'\x00\x05id;name\r\n1;"x"',
                 b'\x00\x01[{"id": 1, "id": 2}, {"ID": NaN}]', b"\x00\x00%PDF-1.4", b"\x00\x00<html><title>x</title>"],
    "packed": [gzip.compress(b"hello" * 50), zlib.compress(b"hello" * 50), gzip.compress(b"a") + gzip.compress(b"b")],
    "xml_request": [b"\x01" + request_of(each).encode() for each in ("DoNothing", "DialerTrickleFeed", "GetContacts")]
    + [b"\x01" + WHOLE, b"\x01<?xml version='1.0' encoding='utf-16'?>" + WHOLE],
    "event": [orjson.dumps(EVENT), BENT + bytes(30)],
    "recorded": [orjson.dumps(RECORDED), BENT + bytes(30)],
    "path": [b"a.b[0]['x y'].phones[type=mobile].value", b'["a\\"b"][*]', b"a[label='x'].value"],
    "contacts": [b"First Name;LASTNAME;phone number\r\nA;\"B;\n\";1\r\n\r\nx\r\n", b"PhoneNumber,FirstName\n1,2\n"],
}  # fmt: skip
"""Inputs that mean something to a reader, from which those that nearly do are made."""


def _text(data):
    return data.decode("utf-8", "surrogateescape" if data[:1] == b"\xff" else "replace")


def template(data):
    """
    The first byte says what it makes.
    """
    kinds = tuple(Kind)
    kind = kinds[data[0] % len(kinds)] if data else Kind.TEXT
    made = compile_template(_text(data[1:]), kind, names=NAMES, country="ZA", hosts=["a.example"])
    for values in VALUES:
        try:
            text = made.render(values)
        except WebhookEngineError:
            continue
        assert len(text) <= Bounds().output_chars
        assert text.encode() == made.render_bytes(values)
        if kind is Kind.URL:
            assert not set(text) & set("\r\n\t \x00"), text
            urlsplit(text)
        if kind is Kind.HEADER:
            assert not set(text) & set("\r\n\x00"), text


def expression(data):
    """
    A condition of a rule.
    """
    made = compile_expression(_text(data), names=NAMES, country="ZA")
    for values in VALUES:
        try:
            made.evaluate(values)
            made.holds(values)
        except WebhookEngineError:
            continue


def definitions(data):
    """
    A file of TOML: read, looked over, and written so that it reads as the same.
    """
    found = read_text(_text(data))
    lint(found)
    assert found == read_text(write_toml(found, literals=True))


def definitions_tree(data):
    """
    The same as objects, out of the store or over HTTP.
    """
    found = read_tree(bent(SMALL[data[0] % len(SMALL)] if data else SMALL[0], data[1:]))
    lint(found)
    assert found == read_text(write_toml(found, literals=True))


MEDIA = (
    "",
    "application/json",
    "text/xml",
    "application/x-www-form-urlencoded",
    "text/html; charset=utf-16",
    "text/csv",
)
VIEW = View(columns=(Column(path="a.b"), Column(path="[0].id")))


def response(data):
    """
    The first two bytes say what it is told to be; never an error, always an outcome.
    """
    kinds = tuple(ResponseType)
    kind, media = (
        (kinds[data[0] % len(kinds)], MEDIA[data[1] % len(MEDIA)]) if len(data) > 1 else (kinds[0], "")
    )
    said = Response(status=200, headers=(("Content-Type", media),), body=data[2:])
    for view in (View(), VIEW):
        seen = interpret(said, response_type=kind, view=view)
        orjson.dumps(seen.as_view(webhook="W").to_json())


def packed(data):
    """
    A body that claims to be packed, in two pieces.
    """
    for coding in ("gzip", "deflate"):
        unpack = unpacker(coding, at_most=10_000)
        try:
            found = unpack.feed(data[: len(data) // 2]) + unpack.feed(data[len(data) // 2 :])
        except WebhookEngineError:
            continue
        assert len(found) <= 10_000


_LOOPS = []
"""The one that answers, once it is there."""


def xml_request(data):
    """
    A request of the XML API, to its answer; the first byte says how it comes.
    """
    if not _LOOPS:
        _LOOPS.append((asyncio.Runner(), handling()))
    (runner, answering), kind = _LOOPS[0], MEDIA[data[0] % len(MEDIA)] if data else ""
    is_documented(runner.run(answering.answer(data[1:], content_type=kind)))


def event(data):
    """
    A call event as the service takes it; where it is none, what is wrong with it.
    """
    document = bent(EVENT, data[1:]) if data[:1] == BENT else parse(data)
    try:
        found = CallEvent.from_json(document)
    except WebhookEngineError:
        assert problems_of(document)
        return
    assert found == CallEvent.from_json(found.to_json())


def tokens(data):
    """
    A call by the documented names.
    """
    CallContext.from_tokens(bent(EVENT["call"], data))


def recorded(data):
    """
    A recorded call with its responses.
    """
    Recorded.from_json(bent(RECORDED, data[1:]) if data[:1] == BENT else data)


def learnt(data):
    """
    What a process kept of its responses; what it is not told by is stated in its docstring.
    """
    try:
        Drift.from_json(bent(LEARNT, data)).findings()
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def path(data):
    """
    A path into a response.
    """
    steps = read_path(_text(data))
    assert steps == read_path(write_path(steps))


def contacts(data):
    """
    A file of contacts.
    """
    file = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    for each in ContactsFile(file, "contacts.csv", ("FirstName", "LastName", "PhoneNumber")):
        assert isinstance(each, WrongLine) or each.fields["PhoneNumber"] is not None


READERS = {
    each.__name__: each
    for each in (
        template,
        expression,
        definitions,
        definitions_tree,
        response,
        packed,
        xml_request,
        event,
        tokens,
        recorded,
        learnt,
        path,
        contacts,
    )
}


def read(name, data):
    """
    Have it read; what one is told of in the tree is no find.
    """
    try:
        READERS[name](data)
    except WebhookEngineError:
        return
    except ValueError as error:
        # What is no JSON is told by the callers, who know where it came from.
        if name != "event" or type(error) not in _NO_JSON:
            raise


_NO_JSON = (orjson.JSONDecodeError, ValueError)
