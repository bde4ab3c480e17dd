"""
A file is no table: the agent reads what came instead of data, not its bytes.
"""

import zlib

import pytest

from webhook_engine.responses import Interpreter, Outcome, Response, ResponseType, read

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"

FILES = {
    "a PDF that is ASCII": ("application/pdf", PDF, "a PDF document"),
    "a PDF without a type": ("", PDF, "a PDF document"),
    "a PDF as text": ("text/plain; charset=utf-8", PDF, "a PDF document"),
    "a PNG": ("image/png", PNG, "a picture (PNG)"),
    "a JPEG as JSON": ("application/json", b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture (JPEG)"),
    "a pixel": ("image/gif", b"GIF89a\x01\x00\x01\x00\x80", "a picture (GIF)"),
    "a workbook": ("application/octet-stream", b"PK\x03\x04\x14\x00\x06", "a ZIP archive or an Office document"),
    "gzip nobody announced": ("application/json", b"\x1f\x8b\x08\x00[]", "a packed file (gzip)"),
    "bytes": ("application/octet-stream", bytes(range(256)), "a file (application/octet-stream)"),
    "bytes without zeros": ("", bytes(range(1, 32)) * 9, "a file that is no text"),
    "packed data": ("application/x-protobuf", zlib.compress(b"x" * 900) * 9, "a file (application/x-protobuf)"),
    "a sound": ("audio/x-own", b"abcdef", "a file (audio/x-own)"),
    "a type that is none": ("a b<script>", b"a\x00b", "a file that is no text"),
}  # fmt: skip

TEXTS = {
    "text as octets": ("application/octet-stream", b"id;name\n1;Thandi"),
    "a NUL at its end": ("text/plain", b"Thandi\x00"),
    "letters of one byte": ("", "Zoë Müller, Łódź".encode("iso8859-2")),
    "letters of two": ("text/plain; charset=utf-16", "Zoë".encode("utf-16")),
    "letters of two without a mark": ("text/plain", "Thandi Mokoena".encode("utf-16-le")),
    "colours of a terminal": ("text/plain", b"\x1b[1mThandi\x1b[0m Mokoena of Durban"),
    "Japanese with escapes": ("text/plain; charset=iso-2022-jp", "日本語".encode("iso-2022-jp")),
    "a number": ("text/plain", b"12345"),
}


def response(media, body, status=200):
    return Response(status=status, headers=(("Content-Type", media),) if media else (), body=body)


@pytest.mark.parametrize(("media", "body", "kind"), FILES.values(), ids=FILES.keys())
def test_a_file_in_place_of_data_is_a_failure_in_words(media, body, kind):
    """
    No cell holds a piece of it.
    """
    seen = Interpreter().interpret(response(media, body))

    assert Outcome.TARGET_FAILED is seen.outcome
    assert f"The target system answered with {kind} where data was expected." == seen.sentence
    assert (kind, (), ()) == (seen.file, seen.rows, seen.table.rows)
    assert not any("charset" in finding for finding in seen.findings)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_status_that_says_more_decides(status):
    """
    A picture of an error is still that error.
    """
    seen = Interpreter().interpret(response("image/png", PNG, status))

    expected = {200: Outcome.TARGET_FAILED, 404: Outcome.NO_MATCH, 500: Outcome.TARGET_FAILED}
    assert expected[status] is seen.outcome


def test_a_pixel_is_how_some_systems_say_thank_you():
    """
    Where no data was asked for, none is missed.
    """
    seen = Interpreter(expects_rows=False).interpret(response("image/gif", b"GIF89a\x01\x00\x01\x00\x80"))

    assert (Outcome.OK, "The target system accepted the request.") == (seen.outcome, seen.sentence)


@pytest.mark.parametrize("response_type", [ResponseType.JSON, ResponseType.XML, ResponseType.FORM])
def test_a_file_in_place_of_a_type_is_one(response_type):
    """
    Better than "no readable JSON at line 1".
    """
    seen = Interpreter(response_type=response_type, expects_rows=False).interpret(response("", PDF))

    assert "The target system answered with a PDF document where data was expected." == seen.sentence


@pytest.mark.parametrize(("media", "body"), TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_none(media, body):
    """
    However oddly it is written or announced.
    """
    document = read(response(media, body))

    assert ("", ResponseType.TEXT) == (document.file, document.type)
    assert document.tree


def test_who_asks_for_text_gets_it():
    """
    The administrator may know better.
    """
    assert "%PDF-1.7" == str(read(response("", PDF), ResponseType.TEXT).tree)[:8]
