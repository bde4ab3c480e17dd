"""
`webhook-engine send` against nginx.
"""

import pytest


def webhook(port, path, **keys):
    """
    A lookup called `it`, as TOML.
    """
    lines = [f"{key} = {value!r}" for key, value in keys.items()]
    return "\n".join(
        [
            "[[webhook]]",
            'name = "it"',
            'type = "ajax-get"',
            f'url = "http://127.0.0.1:{port}{path}"',
            *lines,
            "",
        ]
    )


ROWS = [[1, "Thandi"], [2, "Sipho"]]


def test_json_becomes_rows(send, nginx):
    """
    A file of records, compressed or not, is a table.
    """
    view = send(webhook(nginx, "/contacts.json"), "it")

    assert ["id", "name"] == [column["path"] for column in view["columns"]]
    assert ROWS == view["rows"]


def test_xml_becomes_the_same_rows(send, nginx):
    """
    The same records in XML have the same columns; XML has no numbers, so the cells are text.
    """
    view = send(webhook(nginx, "/contacts.xml"), "it")

    assert ["id", "name"] == [column["path"] for column in view["columns"]]
    assert [[str(cell) for cell in row] for row in ROWS] == view["rows"]


def test_json_served_as_html_is_still_json(send, nginx):
    """
    The content decides, not the label.
    """
    assert ROWS == send(webhook(nginx, "/as-html.json"), "it")["rows"]


def test_nothing_is_no_match(send, nginx):
    """
    204 is an answer.
    """
    view = send(webhook(nginx, "/nothing"), "it", exit_code=1)

    assert ("no-match", 204, []) == (view["outcome"], view["status"], view["rows"])


def test_a_moved_page_is_followed_where_allowed(send, nginx):
    """
    One hop is enough for a 301.
    """
    view = send(webhook(nginx, "/moved", max_redirects=1), "it")

    assert ROWS == view["rows"]


def test_a_redirect_to_the_metadata_service_leads_nowhere(send, nginx):
    """
    A followed hop is checked like the first: nothing is sent to an address of the cloud.
    """
    view = send(webhook(nginx, "/to-metadata", max_redirects=3), "it", exit_code=3)

    assert "169.254.169.254" in view["sentence"]
    assert [] == view["rows"]


def test_gone_is_no_match(send, nginx):
    """
    410 on a lookup: there is nobody of that number any more.
    """
    assert "no-match" == send(webhook(nginx, "/gone"), "it", exit_code=1)["outcome"]


def test_a_dropped_connection_is_said_to_be_one(send, nginx):
    """
    nginx hangs up without a byte.
    """
    view = send(webhook(nginx, "/dropped"), "it", exit_code=4)

    assert "target-failed" == view["outcome"]
    assert view["status"] is None


@pytest.mark.parametrize(
    "value", ["a b", "a+b", "a/b", "%2e%2e", "ü", "?x=1&y", "#f", "'\"<>", "a%2Fb", "{CALLERID}"]
)
def test_a_path_segment_arrives_byte_for_byte(send, nginx, value):
    """
    nginx shows the request line as it came: one segment, encoded once, decoding to the value.
    """
    from urllib.parse import unquote

    view = send(webhook(nginx, "/echo/{CALLERID_NAME}", response_type="text"), "it", CALLERID_NAME=value)

    [[wire]] = view["rows"]
    assert wire.startswith("/echo/")
    assert "/" not in wire.removeprefix("/echo/")
    assert value == unquote(wire.removeprefix("/echo/"))


def test_a_port_where_nobody_listens(send):
    """
    Refused is said at once.
    """
    view = send(webhook(9, "/"), "it", exit_code=4)

    assert "target-failed" == view["outcome"]


def test_a_private_address_that_is_not_allowed(send):
    """
    Nothing leaves for it, and the sentence says what to do.
    """
    definitions = '[[webhook]]\nname = "it"\ntype = "ajax-get"\nurl = "http://10.1.2.3/"\n'

    view = send(definitions, "it", exit_code=3)

    assert "allowed_networks" in view["sentence"]
