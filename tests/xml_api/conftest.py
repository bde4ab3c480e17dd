"""
An XML API on loopback, with real TLS where a test asks for it.
"""

import ssl

import pytest
import trustme

from tests.xml_api.asking import serving


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_tls(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def api():
    """
    The API with nothing but what it always has, over plain HTTP.
    """
    async with serving(insecure_http=True) as client:
        yield client
