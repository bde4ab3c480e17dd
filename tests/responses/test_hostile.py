"""
A response that means harm costs a bounded time and an error.
"""

import time

import pytest

from webhook_engine.errors import ResponseError, ResponseTooLarge, UnreadableResponse
from webhook_engine.responses import (
    Bounds,
    Column,
    Interpreter,
    Outcome,
    OutcomeRule,
    Response,
    ResponseType,
    View,
    interpret,
    read,
    tabulate,
)

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<lolz>&c;</lolz>"""

DOCUMENT_TYPES = {
    "entities in entities": LAUGHS,
    "a file": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "an address": b'<!DOCTYPE a SYSTEM "http://169.254.169.254/latest/meta-data/"><a/>',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;]><a/>',
    "an empty one": b"<!DOCTYPE a><a/>",
    "behind a comment": b"<!-- -->\n<!DOCTYPE a []><a/>",
}


@pytest.mark.parametrize("body", DOCUMENT_TYPES.values(), ids=DOCUMENT_TYPES.keys())
@pytest.mark.parametrize(
    "rules", [(), (OutcomeRule(when=lambda _: False, outcome=Outcome.OK),)], ids=["fast", "tree"]
)
def test_document_types_are_refused(body, rules):
    """
    Entities live there, and no response of a CRM needs one.
    """
    seen = interpret(Response(status=200, headers=(("Content-Type", "text/xml"),), body=body), rules=rules)

    assert Outcome.TARGET_FAILED is seen.outcome
    assert isinstance(seen.error, UnreadableResponse)
    assert "DOCTYPE" in str(seen.error)


DEEP = {
    "lists": b"[" * 20_000 + b"]" * 20_000,
    "lists that never end": b"[" * 200_000,
    "objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a little too deep": b"[" * 65 + b"]" * 65,
    "behind brackets in texts": b'["' + b"]" * 99 + b'",' + b"[" * 64 + b"]" * 65,
    "with numbers that are read one by one": b"[123456789012345678901234567890," + b"[" * 900 + b"]" * 901,
    "with what orjson refuses": b"[NaN," + b"[" * 5_000 + b"]" * 5_001,
    "elements": b"<a>" * 20_000 + b"</a>" * 20_000,
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize(
    "rules", [(), (OutcomeRule(when=lambda _: False, outcome=Outcome.OK),)], ids=["fast", "tree"]
)
def test_depth_is_refused(body, rules):
    """
    Before anything of ours recurses into it.
    """
    seen = interpret(Response(status=200, body=body), rules=rules)

    assert isinstance(seen.error, ResponseError)
    assert Outcome.TARGET_FAILED is seen.outcome


def test_the_deepest_that_is_read_is_shown():
    """
    64 levels are read by every way, and make a column.
    """
    body = b'{"a":' * 63 + b'{"a":1}' + b"}" * 63

    assert ((1,),) == interpret(Response(status=200, body=body)).table.rows
    assert (("1",),) == interpret(Response(status=200, body=b"<a>" * 64 + b"1" + b"</a>" * 64)).table.rows


BOUNDS = {
    "bytes": (b'{"a": "xxxxxxxxxxxxxxxxxxxx"}', Bounds(bytes=20), "29 bytes long, more than the 20 allowed"),
    "columns of one record": (b'{"a": 1, "b": 2, "c": 3}', Bounds(columns=2), "more than 2 columns"),
    "columns of many": (b'[{"a": 1}, {"b": 2}, {"c": 3}]', Bounds(columns=2), "more than 2 columns"),
    "columns inside": (b'[{"a": {"b": 1, "c": 2, "d": 3}}]', Bounds(columns=2), "more than 2 columns"),
    "cells": (b'[{"a": 1, "b": 2}, {"a": 1, "b": 2}]', Bounds(cells=3), "more than the 3 cells"),
    "values in a cell": (b'[{"a": 1, "b": [%s]}]' % b",".join([b'{"c": 1}'] * 99), Bounds(cells=9), "more than the 9 cells"),
    "objects and lists": (b'[{"a": []}, {"a": []}]', Bounds(nests=4), "more than 4 objects and lists"),
    "lists after lists": (b"[%s]" % b",".join([b"[]"] * 500), Bounds(nests=500), "more than 500 objects and lists"),
    "depth": (b"[[[1]]]", Bounds(depth=2), "deeper than 2 levels"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "bounds", "words"), BOUNDS.values(), ids=BOUNDS.keys())
def test_beyond_a_bound_is_an_error_that_says_which(body, bounds, words):
    """
    It says what is too much, and what to do about it.
    """
    with pytest.raises(ResponseTooLarge, match=words):
        tabulate(read(Response(status=200, body=body), bounds=bounds), bounds=bounds)


@pytest.mark.parametrize("count", [1, 98, 99, 100, 101, 500])
@pytest.mark.parametrize("nest", [b"[]", b"{}"])
def test_as_many_nests_as_are_allowed_are_read(nest, count):
    """
    To the last one, however many.
    """
    response = Response(status=200, body=b"[%s]" % b",".join([nest] * count))

    assert count == len(read(response, bounds=Bounds(nests=count + 1)).tree)
    with pytest.raises(ResponseTooLarge):
        read(response, bounds=Bounds(nests=count))


def test_chosen_columns_need_not_be_few_in_the_response():
    """
    The bound on columns is for those nobody chose.
    """
    body = b'{"a": 1, "b": 2, "c": 3}'

    seen = interpret(
        Response(status=200, body=body), view=View(columns=(Column(path="c"),)), bounds=Bounds(columns=2)
    )

    assert ((3,),) == seen.rows


MANY = 60_000
SLOW = {
    "members of one object": b"{%s}" % b",".join(b'"k%d":1' % number for number in range(MANY)),
    "members of many objects": b"[%s]" % b",".join(b'{"k%d":1}' % number for number in range(MANY)),
    "ids": b"{%s}" % b",".join(b'"%d":{"a":1}' % number for number in range(MANY)),
    "errors in errors": b'{"error":[%s]}' % b",".join([b'{"errors":[{"error":{}}]}'] * MANY),
    "labels": b'[{"a":[%s]}]' % b",".join(b'{"type":"%d","v":1}' % number for number in range(MANY)),
    "names and values": b"[%s]" % b",".join(b'{"name":"%d","value":1}' % number for number in range(MANY)),
    "many parts of many": b'[{"a":[{%s},%s]}]'
    % (b",".join(b'"k%d":1' % number for number in range(300)), b",".join([b'{"k1":1}'] * (MANY // 3))),
    "lists in lists": b"[" * 60 + b",".join([b"1"] * MANY) + b",{}" + b"]" * 60,
    "digits": b"[" + b"9" * 1_000_000 + b"]",
    "digits with a point": b"[0." + b"5" * 1_000_000 + b"]",
    "long numbers": b"[%s]" % b",".join(b"%d" % (10**30 + number) for number in range(MANY // 2)),
    "digits in texts": b'["' + b"1234567890123456789 " * MANY + b'"]',
    "an exponent": b'[{"a": 1e999999999, "b": 1e-99999999999999999999}]',
    "a name": b'{"%s": 1}' % (b"x" * 1_000_000),
    "comments before a page": b"<!-- -->" * MANY,
    "comments that never end": b"<!--" * MANY,
    "blanks before nothing": b" " * 5_000_000 + b"<",
    "half of an input": b"<html>" + b"<input " * MANY,
    "half of a title": b"<html>" + b"<title>" * MANY,
    "almost a form": b"&".join([b"a=b"] * 15_000) + b" x",
    "children": b"<a>%s</a>" % (b"<b/>" * MANY),
    "children of different names": b"<a>%s</a>" % b"".join(b"<b%d/>" % number for number in range(MANY)),
    "texts between children": b"<a>%s</a>" % (b"x<b/>" * MANY),
    "very many texts between children": b"<a>%s</a>" % (b"x<b/>" * 500_000),
    "attributes": b"<a %s/>" % b" ".join(b'b%d="1"' % number for number in range(MANY // 4)),
    "a long text": b"<a><b>%s</b><c/><d/></a>" % (b"x &amp; " * 300_000),
    "records that are unusual late": b"<a>%s<b/></a>" % (b"<b><c>1</c><d>2</d><e>3</e></b>" * 20_000),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("body", SLOW.values(), ids=SLOW.keys())
@pytest.mark.parametrize(
    "view", [View(), View(columns=(Column(path="a.b"), Column(path="gone")))], ids=["all", "chosen"]
)
def test_time_is_bounded(body, view, patience):
    """
    No shape costs more than in proportion to its length, one that is made for it included.
    """
    start = time.process_time()

    interpret(Response(status=500, body=body), view=view)

    # Seconds of the processor; each of these takes a tenth of one to three, and minutes where something is squared.
    assert time.process_time() - start < 12 * patience


WIDE = {
    "many members, many records": b"[%s]"
    % b",".join(b'{"a":1,"k%d":1}' % (number % 900) for number in range(20_000)),
    "lists of lists of objects": b'{"x":[%s]}'
    % b",".join(b'[[{"a":1},{"b%d":2}],[{"a":3}]]' % (number % 300) for number in range(8_000)),
    "objects in objects": b'[{"k":[%s]}]'
    % b",".join(b'{"a%d":{"b%d":{"c":1}}}' % (number % 31, number % 29) for number in range(9_000)),
    "XML": b"<x>%s</x>"
    % b"".join(b"<r><a><b%d>1</b%d></a></r>" % (number % 900, number % 900) for number in range(20_000)),
    "XML that is deep": b"<x>%s</x>" % ((b"<a>" * 60 + b"</a>" * 60) * 4_000),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("body", WIDE.values(), ids=WIDE.keys())
@pytest.mark.parametrize(
    "columns", [(), tuple(Column(path=f"a.b{number}") for number in range(90))], ids=["all", "chosen"]
)
@pytest.mark.parametrize(
    "rules", [(), (OutcomeRule(when=lambda _: False, outcome=Outcome.OK),)], ids=["fast", "tree"]
)
def test_it_stops_when_its_time_is_over(body, columns, rules, patience):
    """
    A table of a million cells from a few bytes is given up at the agent's deadline, and not made to its end.
    """
    interpreter = Interpreter(view=View(columns=columns), rules=rules)
    began = time.monotonic()

    with pytest.raises(TimeoutError, match="in the time there was"):
        interpreter.interpret(Response(status=200, body=body), until=began + 0.03)

    assert time.monotonic() - began < 2 * patience


@pytest.mark.parametrize("response_type", ResponseType)
def test_a_text_of_the_response_reaches_nothing_but_cells(response_type):
    """
    Names and values are data: markup, templates and paths in them stay what they are.
    """
    body = b'{"{{ 7 * 7 }}": "<b>{CALLERID}</b>", "__class__": "{% include \'x\' %}", "id": 1}'

    seen = interpret(Response(status=200, body=body), response_type=response_type)

    if response_type in {ResponseType.AUTO, ResponseType.JSON}:
        assert (("{{ 7 * 7 }}", "__class__", "id"), (("<b>{CALLERID}</b>", "{% include 'x' %}", 1),)) == (
            seen.table.columns,
            seen.table.rows,
        )
