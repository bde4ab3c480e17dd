"""
`webhook-engine send` against httpbin, which says what it received.
"""

import pytest

METHODS = {"get": "ajax-get", "post": "ajax-post", "put": "ajax-put", "delete": "ajax-delete"}
NAME = "Zoë & Söhne <a+b=100%> \"'/?#{CALL_NOTES}"


def webhook(url, *, kind="ajax-get", **keys):
    """
    A webhook called `it`, as TOML.
    """
    lines = [
        f"{key} = {value!r}" if isinstance(value, str) else f"{key} = {value}" for key, value in keys.items()
    ]
    return "\n".join(["[[webhook]]", 'name = "it"', f'type = "{kind}"', f'url = "{url}"', *lines, ""])


NAME_PARAMETER = '[[webhook.parameter]]\nname = "name"\nvalue = "{CALLERID_NAME}"\n'


@pytest.mark.parametrize("method", METHODS)
def test_every_method_arrives(send, httpbin, method):
    """
    Each type sends its method, and the value arrives as the call holds it.
    """
    view = send(
        webhook(f"http://127.0.0.1:{httpbin}/{method}", kind=METHODS[method]) + NAME_PARAMETER,
        "it",
        CALLERID_NAME=NAME,
    )

    assert ("ok", 200) == (view["outcome"], view["status"])
    where = "form.name" if method in ("post", "put") else "args.name"
    assert NAME == view["row"][where]


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_json_tree_arrives_as_json(send, httpbin, method):
    """
    Parameters become one JSON document; numbers stay numbers.
    """
    view = send(
        webhook(f"http://127.0.0.1:{httpbin}/{method}", kind=METHODS[method], content_type="json")
        + '[[webhook.parameter]]\nname = "contact.name"\nvalue = "{CALLERID_NAME}"\n'
        + '[[webhook.parameter]]\nname = "seconds"\nvalue = "{CALL_DURATION}"\n',
        "it",
        CALLERID_NAME=NAME,
        CALL_DURATION="75",
    )

    assert (NAME, 75) == (view["row"]["json.contact.name"], view["row"]["json.seconds"])
    assert "application/json" == view["row"]["headers.Content-Type"]


def test_an_xml_tree_arrives_as_xml(send, httpbin):
    """
    httpbin does not read XML, but shows the bytes.
    """
    view = send(
        webhook(f"http://127.0.0.1:{httpbin}/post", kind="ajax-post", content_type="xml", body_root="call")
        + NAME_PARAMETER,
        "it",
        CALLERID_NAME="A & <B>",
    )

    assert "<name>A &amp; &lt;B&gt;</name>" in view["row"]["data"]
    assert view["row"]["headers.Content-Type"].startswith("application/xml")


def test_text_arrives_as_text(send, httpbin):
    """
    A text body is what the template says.
    """
    view = send(
        webhook(
            f"http://127.0.0.1:{httpbin}/post",
            kind="ajax-post",
            content_type="text",
            body="Hello {CALLERID_NAME}",
        ),
        "it",
        CALLERID_NAME="Zoë",
    )

    assert "Hello Zoë" == view["row"]["data"]


GROUP = """
[[group]]
name = "Basic"
authentication = "credentials"
username = { env = "TEST_USERNAME" }
password = { env = "TEST_PASSWORD" }
"""


def test_basic_authentication_is_accepted(send, httpbin, monkeypatch):
    """
    User name and password travel as RFC 7617 says, umlauts included.
    """
    monkeypatch.setenv("TEST_USERNAME", "zoë")
    monkeypatch.setenv("TEST_PASSWORD", "p:ss wörd")

    view = send(
        GROUP + webhook(f"http://127.0.0.1:{httpbin}/basic-auth/zoë/p:ss%20wörd", group="Basic"), "it"
    )

    assert ("ok", True) == (view["outcome"], view["row"]["authenticated"])


def test_a_wrong_password_reads_as_expired_credentials(send, httpbin, monkeypatch):
    """
    The agent is told whose keys are old, not what 401 means.
    """
    monkeypatch.setenv("TEST_USERNAME", "zoe")
    monkeypatch.setenv("TEST_PASSWORD", "wrong")

    view = send(
        GROUP + webhook(f"http://127.0.0.1:{httpbin}/basic-auth/zoe/right", group="Basic"), "it", exit_code=3
    )

    assert ("credentials-expired", 401) == (view["outcome"], view["status"])


def test_a_bearer_key_is_accepted(send, httpbin, monkeypatch):
    """
    An API key with a prefix is a bearer token; the echo of it is masked.
    """
    monkeypatch.setenv("TEST_KEY", "a-key-nobody-should-see")
    group = (
        '[[group]]\nname = "Key"\nauthentication = "api-key"\nkey_in = "header"\nkey_name = "Authorization"\n'
        'key_prefix = "Bearer"\nkey = { env = "TEST_KEY" }\n'
    )

    view = send(group + webhook(f"http://127.0.0.1:{httpbin}/bearer", group="Key"), "it")

    assert ("ok", True) == (view["outcome"], view["row"]["authenticated"])
    assert "a-key-nobody-should-see" not in str(view)


OUTCOMES = {
    201: ("ok", 0),
    204: ("no-match", 1),
    302: ("target-failed", 4),
    400: ("refused", 3),
    401: ("credentials-expired", 3),
    403: ("refused", 3),
    404: ("no-match", 1),
    410: ("no-match", 1),
    418: ("refused", 3),
    429: ("target-failed", 4),
    500: ("target-failed", 4),
    503: ("target-failed", 4),
}


@pytest.mark.parametrize("status", OUTCOMES)
def test_every_status_has_an_outcome(send, httpbin, status):
    """
    One word and one sentence for whatever a lookup is answered with.
    """
    outcome, exit_code = OUTCOMES[status]
    if status == 201:
        exit_code, outcome = 1, "no-match"  # a lookup that is answered with nothing found nothing

    view = send(webhook(f"http://127.0.0.1:{httpbin}/status/{status}"), "it", exit_code=exit_code)

    assert (outcome, status) == (view["outcome"], view["status"])
    assert view["sentence"]


def test_a_redirect_is_not_followed_unless_allowed(send, httpbin):
    """
    Where it leads to is named instead.
    """
    view = send(webhook(f"http://127.0.0.1:{httpbin}/redirect/2"), "it", exit_code=4)

    assert ("target-failed", 302) == (view["outcome"], view["status"])
    assert "/relative-redirect/1" in view["sentence"]


def test_redirects_are_followed_as_far_as_allowed(send, httpbin):
    """
    A GET may be allowed some hops, and no more.
    """
    enough = send(webhook(f"http://127.0.0.1:{httpbin}/redirect/2", max_redirects=2), "it")
    too_few = send(webhook(f"http://127.0.0.1:{httpbin}/redirect/3", max_redirects=2), "it", exit_code=4)

    assert ("ok", 200) == (enough["outcome"], enough["status"])
    assert "target-failed" == too_few["outcome"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
def test_a_compressed_answer_is_read_or_refused(send, httpbin, coding):
    """
    httpbin compresses these unasked; what we do not inflate is a failed target, never garbage.
    """
    expected = {"gzip": ("ok", 0), "deflate": ("ok", 0), "brotli": ("target-failed", 4)}[coding]

    view = send(webhook(f"http://127.0.0.1:{httpbin}/{coding}"), "it", exit_code=expected[1])

    assert expected[0] == view["outcome"]
    if view["rows"]:
        assert view["row"]["gzipped" if coding == "gzip" else "deflated"] is True


def test_a_dripping_answer_ends_at_the_deadline(send, httpbin):
    """
    Ten bytes over ten seconds keep no agent waiting.
    """
    view = send(
        webhook(f"http://127.0.0.1:{httpbin}/drip?duration=10&numbytes=10", deadline_s=0.7), "it", exit_code=4
    )

    assert ("target-failed", []) == (view["outcome"], view["rows"])
    assert "0.7 s" in view["sentence"]


def test_a_slow_drip_within_the_deadline_is_read(send, httpbin):
    """
    Slow is not failed.
    """
    view = send(webhook(f"http://127.0.0.1:{httpbin}/drip?duration=1&numbytes=5", deadline_s=8.0), "it")

    assert "ok" == view["outcome"]


@pytest.mark.parametrize(("path", "cell"), [("json", "slideshow.title"), ("xml", "@title")])
def test_documents_become_tables(send, httpbin, path, cell):
    """
    httpbin's own sample documents, which nobody here shaped.
    """
    view = send(webhook(f"http://127.0.0.1:{httpbin}/{path}"), "it")

    assert "ok" == view["outcome"]
    assert view["rows"]


def test_a_web_page_where_data_was_expected(send, httpbin):
    """
    HTML with status 200 is no success.
    """
    view = send(webhook(f"http://127.0.0.1:{httpbin}/html"), "it", exit_code=4)

    assert "target-failed" == view["outcome"]


def test_a_large_answer_is_cut_off(send, httpbin):
    """
    Beyond the bound nothing is read.
    """
    view = send(
        webhook(f"http://127.0.0.1:{httpbin}/stream-bytes/102400?chunk_size=1024", response_type="text"), "it"
    )

    assert "ok" == view["outcome"]
