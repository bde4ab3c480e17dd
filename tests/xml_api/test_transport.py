"""
HTTPS only: TLS here, or a trusted proxy that says so.
"""

import pytest

from tests.xml_api.asking import NOTHING_DONE, error, request_of, serving
from webhook_engine.errors import SettingsError

REFUSED = error("Authorization Failed")


async def test_tls_of_our_own(server_tls, client_tls):
    """
    A request over TLS is answered.
    """
    async with serving(tls=server_tls, client_tls=client_tls) as client:
        assert NOTHING_DONE == await client.ask()


async def test_plain_http_is_refused():
    """
    Whoever sends a key in the open learns that it does not work, whatever the headers say.
    """
    async with serving() as client:
        assert REFUSED == await client.ask()
        assert REFUSED == await client.send(request_of(), headers={"X-Forwarded-Proto": "https"})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("https", NOTHING_DONE),
        ("HTTPS", NOTHING_DONE),
        ("https, https", NOTHING_DONE),
        ("http", REFUSED),
        ("https, http", REFUSED),
        ("http,https", REFUSED),
        ("", REFUSED),
        (None, REFUSED),
    ],
    ids=repr,
)
async def test_a_trusted_proxy_is_believed(said, expected):
    """
    Only where every word of its header is https.
    """
    async with serving(trusted_proxies=["127.0.0.0/8"]) as client:
        headers = {} if said is None else {"X-Forwarded-Proto": said}

        assert expected == await client.send(request_of(), headers=headers)


async def test_another_proxy_is_not():
    """
    The header of somebody else means nothing.
    """
    async with serving(trusted_proxies=["10.0.0.1"]) as client:
        assert REFUSED == await client.send(request_of(), headers={"X-Forwarded-Proto": "https"})


async def test_a_proxy_is_an_address():
    """
    A name could be anybody's.
    """
    with pytest.raises(SettingsError, match=r"proxy\.example\.com"):
        async with serving(trusted_proxies=["proxy.example.com"]):
            pass
