"""
Content first, header second: what bytes are, and which characters.
"""

import pytest

from webhook_engine.errors import UnreadableResponse
from webhook_engine.responses import Response, ResponseType, read


def document_of(body: bytes, content_type: str = "", response_type: ResponseType = ResponseType.AUTO):
    headers = (("Content-Type", content_type),) if content_type else ()
    return read(Response(status=200, headers=headers, body=body), response_type)


LOOKS = {
    "JSON": (b' {"a": 1}', "application/json", ResponseType.JSON, {"a": 1}),
    "JSON as a page": (b'[{"a": 1}]', "text/html; charset=utf-8", ResponseType.JSON, [{"a": 1}]),
    "JSON as text": (b'{"a": 1}', "text/plain", ResponseType.JSON, {"a": 1}),
    "JSON without a type": (b'{"a": 1}', "", ResponseType.JSON, {"a": 1}),
    "JSON of an API": (b'{"a": 1}', "application/vnd.api+json", ResponseType.JSON, {"a": 1}),
    "PHP's null": (b"null", "text/html", ResponseType.JSON, None),
    "a JSON number": (b"5", "application/json", ResponseType.JSON, 5),
    "a number": (b"27821234567", "text/html", ResponseType.TEXT, "27821234567"),
    "a telephone number": (b"0821234567", "application/json", ResponseType.TEXT, "0821234567"),
    "XML": (b"<a><b>1</b></a>", "text/xml", ResponseType.XML, {"b": "1"}),
    "XML as a page": (b"<XML><Error>no key</Error></XML>", "text/html", ResponseType.XML, {"Error": "no key"}),
    "XML after blanks": (b"\r\n <?xml version='1.0'?><a>1</a>", "", ResponseType.XML, "1"),
    "a form": (b"a=1&b=x%20y&b=%2B", "application/x-www-form-urlencoded", ResponseType.FORM, {"a": "1", "b": ["x y", "+"]}),
    "a form without a type": (b"status=ok&id=5", "", ResponseType.FORM, {"status": "ok", "id": "5"}),
    "Base64 is no form": (b"dGVzdA==", "", ResponseType.TEXT, "dGVzdA=="),
    "a sentence is no form": (b"E = mc2 & more=less", "", ResponseType.TEXT, "E = mc2 & more=less"),
    "a log line is no JSON": (b"[INFO] done", "text/plain", ResponseType.TEXT, "[INFO] done"),
    "a log line without a type": (b"[INFO] done", "", ResponseType.TEXT, "[INFO] done"),
    "a text in angle brackets": (b"<3 you", "text/plain", ResponseType.TEXT, "<3 you"),
    "a yes": (b"OK\n", "text/plain", ResponseType.TEXT, "OK"),
    "an empty body": (b" \r\n", "application/json", ResponseType.TEXT, None),
    "only a byte order mark": (b"\xef\xbb\xbf", "application/json", ResponseType.TEXT, None),
}  # fmt: skip


@pytest.mark.parametrize(("body", "content_type", "kind", "tree"), LOOKS.values(), ids=LOOKS.keys())
def test_the_content_decides(body, content_type, kind, tree):
    """
    The header is asked only where the content does not tell.
    """
    document = document_of(body, content_type)

    assert (kind, tree) == (document.type, document.tree)


PAGES = {
    "a document type": b"<!DOCTYPE html><p>x",
    "lower case": b"<!doctype HTML SYSTEM 'about:legacy-compat'>",
    "an html element": b"\n<HTML lang=en><title>x</title>",
    "after a comment": b"<!-- built 7 --><html></html>",
    "XHTML": b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'/>",
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("content_type", ["text/html", "application/json", ""])
@pytest.mark.parametrize(
    "expected", [ResponseType.AUTO, ResponseType.JSON, ResponseType.XML, ResponseType.FORM]
)
def test_a_page_is_recognised(body, content_type, expected):
    """
    Whatever was promised or expected, a page for a browser is one, and no data.
    """
    document = document_of(body, content_type, expected)

    assert (True, None) == (document.is_page, document.tree)


@pytest.mark.parametrize("body", [b"<h1>Customer 7</h1>", b"<p>Saved<br>", b"<b>x</b> & more"])
def test_a_fragment_of_a_page_is_a_page(body):
    """
    Where the header says so too: not every page begins as one.
    """
    assert document_of(body, "text/html").is_page
    assert not document_of(b"<XML/>", "text/html").is_page


def test_a_promise_that_was_not_kept_is_a_finding():
    """
    The administrator learns that the header cannot be trusted.
    """
    document = document_of(b"<a/>", "application/json; charset=utf-8")

    assert (
        "the response says that it is JSON (application/json), but it looks like xml",
    ) == document.findings


BROKEN = {
    "JSON that ends early": (b'{"a": [1, 2', "text/html", "line 1, column 12"),
    "JSON with a comma too many": (b'{"a": 1,\n "b": ,}', "", "line 2, column 7"),
    "two JSON documents": (b'{"a": 1} {"a": 2}', "application/json", "line 1, column 10"),
    "XML that ends early": (b"<a>\n<b>1</b>", "text/xml", "line 2"),
    "XML with an entity of HTML": (b"<a>1&nbsp;2</a>", "text/xml", "undefined entity at line 1, column 5"),
    "XML with a bare ampersand": (b"<?xml version='1.0'?><a>B & B</a>", "", "line 1"),
    "XML with a control character": (b"<a>\x0b</a>", "application/xml", "invalid token"),
}


@pytest.mark.parametrize(("body", "content_type", "place"), BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_off_is_an_error_with_its_place(body, content_type, place):
    """
    Never a text, never a silent nothing.
    """
    with pytest.raises(UnreadableResponse, match=place):
        document_of(body, content_type)


@pytest.mark.parametrize(
    ("body", "expected"), [(b"OK", ResponseType.JSON), (b"OK", ResponseType.XML), (b"{}", ResponseType.XML)]
)
def test_an_expected_type_is_insisted_on(body, expected):
    """
    A webhook that says JSON does not take a text for it.
    """
    with pytest.raises(UnreadableResponse):
        document_of(body, "", expected)


NAME = "Zoë Müller 渡辺"
LATIN = "Zoë Müller"

CHARSETS = {
    "UTF-8": (NAME.encode(), "application/json", NAME),
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + NAME.encode(), "", NAME),
    "UTF-8 under a habit": (NAME.encode(), "application/json; charset=ISO-8859-1", NAME),
    "UTF-16 with a mark": (NAME.encode("utf-16"), "", NAME),
    "UTF-16 big end first": (b"\xfe\xff" + NAME.encode("utf-16-be"), "application/json", NAME),
    "UTF-32 with a mark": (NAME.encode("utf-32"), "", NAME),
    "Latin-1 as said": (LATIN.encode("latin-1"), "application/json; charset=iso-8859-1", LATIN),
    "Windows-1252 as Latin-1": ("10 € für Zoë".encode("cp1252"), "text/plain; charset=iso-8859-1", "10 € für Zoë"),
    "Windows-1252 unsaid": (LATIN.encode("cp1252"), "", LATIN),
    "Shift JIS": ("渡辺".encode("shift_jis"), "application/json; charset=Shift_JIS", "渡辺"),
    "GBK in quotes": ("渡辺商店".encode("gbk"), 'text/plain; charset="gbk"', "渡辺商店"),
    "ISO-2022-JP, which is all ASCII": ("渡辺".encode("iso2022_jp"), "text/plain; charset=iso-2022-jp", "渡辺"),
    "a charset nobody knows": (NAME.encode(), "text/plain; charset=utf8mb4", NAME),
    "a codec that is no charset": (b"a\\u0041b", "text/plain; charset=unicode_escape", "a\\u0041b"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content_type", "text"), CHARSETS.values(), ids=CHARSETS.keys())
def test_characters_are_what_the_bytes_say(name, content_type, text):
    """
    A mark, a charset that fits, UTF-8, a claim, Windows-1252: in that order.
    """
    assert text == document_of(name, content_type, ResponseType.TEXT).tree


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp1252", "shift_jis"]
)
def test_json_in_every_charset(charset):
    """
    Told by a mark, by its zero bytes, or by the header.
    """
    text = "ne" if charset == "shift_jis" else "Zoë"
    header = f"application/json; charset={charset}" if charset == "shift_jis" else "application/json"

    assert {"name": text} == document_of(f'{{"name": "{text}"}}'.encode(charset), header).tree


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "gb2312", "euc-jp", "koi8-r"]
)
def test_xml_in_every_charset_it_declares(charset):
    """
    Those that expat does not know, too.
    """
    text = {"gb2312": "中文", "euc-jp": "渡辺", "koi8-r": "Иван"}.get(charset, "Zoë")
    body = f"<?xml version='1.0' encoding='{charset}'?><a>{text}</a>".encode(charset)

    assert text == document_of(body, "application/xml").tree


def test_a_guess_is_a_finding():
    """
    Where nothing says the charset and UTF-8 does not fit, the administrator should know.
    """
    document = document_of(b'{"name": "Zo\xeb"}', "application/json")

    assert {"name": "Zoë"} == document.tree
    assert ["Windows-1252" in finding for finding in document.findings] == [True]


def test_what_orjson_refuses_and_systems_write():
    """
    NaN, half a surrogate pair and raw control characters cost a cell, not the response.
    """
    document = document_of(b'{"a": NaN, "b": -Infinity, "c": "x\\ud800y", "d": "line\nbreak", "e": 1e999}')

    assert {
        "a": "NaN",
        "b": "-Infinity",
        "c": "x\ufffdy",
        "d": "line\nbreak",
    }.items() <= document.tree.items()
    assert "1E+999" == str(document.tree["e"])


def test_half_a_surrogate_pair_beside_a_long_number():
    """
    Numbers that are read one by one do not bring back what no UTF-8 can carry.
    """
    document = document_of(b'{"a": "\\uD83D", "b": "\\ud83d\\ude00", "c": 123456789012345678901234567890}')

    assert {"a": "\ufffd", "b": "\U0001f600", "c": 123456789012345678901234567890} == document.tree
