"""
Every failure is an error of the tree that says whose fault it is, and quotes no secret.
"""

from __future__ import annotations

import errno
import os
import socket
import traceback

import pytest

from webhook_engine.dispatch import Fault, Masker, Transport, fault_of
from webhook_engine.dispatch.faults import translate
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.errors import (
    AgentRefused,
    AuthoritiesMissing,
    ConnectFailed,
    ConnectionLost,
    EgressRefused,
    EmptyParameter,
    LimitExceeded,
    NameNotFound,
    ResponseTooLarge,
    SecretMissing,
    TimedOut,
    TlsFailed,
    TokenRefused,
    UnreadableResponse,
    UnsafeValue,
    WebhookEngineError,
)

from .conftest import StartTarget, Visit, a_request

FAULTS = {
    UnsafeValue("x", slot="header"): Fault.TEMPLATE,
    EmptyParameter("phone", skips=True): Fault.TEMPLATE,
    AgentRefused("x", target="t"): Fault.POLICY,
    EgressRefused(target="t", address="10.0.0.1", why="is private"): Fault.POLICY,
    LimitExceeded("x", target="t"): Fault.POLICY,
    SecretMissing("x", target="t"): Fault.OURS,
    AuthoritiesMissing(ca_file="f", problem="p"): Fault.OURS,
    TokenRefused(target="t", group="g", status=400): Fault.OURS,
    NameNotFound("x", target="t"): Fault.NAME,
    ConnectFailed("x", target="t"): Fault.TARGET,
    TlsFailed("x", target="t"): Fault.TARGET,
    TimedOut(target="t", after_s=4): Fault.TARGET,
    ConnectionLost("x", target="t"): Fault.TARGET,
    ResponseTooLarge("x"): Fault.TARGET,
    UnreadableResponse("x"): Fault.TARGET,
    WebhookEngineError("x"): Fault.OURS,
}


@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
def test_every_error_is_somebodys_fault(error: WebhookEngineError) -> None:
    """
    Only the target's count against it.
    """
    assert FAULTS[error] is fault_of(error)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (errno.ECONNREFUSED, Fault.TARGET),
        (errno.ENETUNREACH, Fault.NETWORK),
        (errno.EHOSTUNREACH, Fault.NETWORK),
        (errno.EMFILE, Fault.OURS),
    ],
)
def test_the_systems_own_error_tells_the_way_from_the_target(code: int, fault: Fault) -> None:
    """
    No route and no free file are not the target's doing.
    """
    error = translate(
        OSError(code, os.strerror(code)), exchange=Exchange(), target="crm:443", secure=True, connect_s=5
    )

    assert isinstance(error, ConnectFailed)
    assert fault is fault_of(error)
    assert os.strerror(code).lower() in str(error)


def test_a_token_url_that_is_down_counts_against_it() -> None:
    """
    A refusal is our credentials' fault, a failure its own.
    """
    assert Fault.TARGET is fault_of(TokenRefused(target="t", group="g", status=503))


def test_what_is_none_of_the_transports_stays_what_it_is() -> None:
    """
    A mistake of ours is not dressed up as the target's.
    """
    for sent in (False, True):
        exchange = Exchange()
        exchange.sent = sent

        assert None is translate(KeyError("x"), exchange=exchange, target="t", secure=False, connect_s=5)


async def test_a_refused_connection_says_so(transport: Transport) -> None:
    """
    With target and reason, and that nothing was delivered.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(
            ConnectFailed, match=f"127.0.0.1:{port} cannot be reached: connection refused"
        ) as failed:
            await transport.send(a_request(f"http://127.0.0.1:{port}/"))

    assert not failed.value.maybe_delivered
    assert isinstance(failed.value.__cause__, ConnectionRefusedError)


async def _hangs_up(visit: Visit) -> None:
    visit.writer.close()


async def _talks_nonsense(visit: Visit) -> None:
    await visit.say(visit.line.encode() + b"\r\n\r\n")


async def _breaks_off(visit: Visit) -> None:
    await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + visit.line.encode())
    visit.writer.close()


async def _says_nothing(visit: Visit) -> None:
    await visit.reader.read()


@pytest.mark.parametrize("handler", [_hangs_up, _talks_nonsense, _breaks_off, _says_nothing, None])
async def test_no_error_quotes_a_secret(
    handler: object, transport: Transport, start_target: StartTarget
) -> None:
    """
    Neither its message nor its whole traceback: causes and contexts of aiohttp's would quote the URL.
    """
    target = await start_target(handler or b"")
    url = target.url("/find?key=s3cret-key") if handler else "http://127.0.0.1:1/find?key=s3cret-key"
    request = a_request(
        url, headers=(("X-Api-Key", "s3cret-key"),), mask=Masker(["s3cret-key"]), deadline_s=0.3
    )

    with pytest.raises(WebhookEngineError) as raised:
        await transport.send(request)

    told = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=False).format())
    assert "s3cret" not in told.replace(repr(url), "")
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "s3cret" not in str(chain) + repr(chain)
        chain = chain.__cause__ or chain.__context__
