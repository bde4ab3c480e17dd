"""
Every connection goes through the guard, whichever way its address was come by.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from webhook_engine.dispatch import PUBLIC, EgressPolicy, Transport, resolver
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.errors import ConnectFailed, EgressRefused, NameNotFound

from .conftest import LOOPBACK, StartTarget, a_request, answer

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """
    Says where a name leads; each look-up takes the next list of addresses, and the last one stays.
    """
    known: dict[str, list[list[str]]] = {}

    def look_up(host: str, port: int, family: int) -> object:
        if host not in known:
            return socket.gaierror(socket.EAI_NONAME, "unknown")
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in found
        ]

    monkeypatch.setattr(resolver, "_look_up", look_up)
    return lambda host, *answers: known.__setitem__(host, [list(each) for each in answers])


SPELLINGS = {
    "plain": "127.0.0.1",
    "another loopback": "127.1.2.3",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped in hex": "[::ffff:7f00:1]",
    "mapped in full": "[0:0:0:0:0:ffff:7f00:0001]",
    "six": "[::1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "nothing": "0.0.0.0",
    "hex": "0x7f000001",
    "decimal": "2130706433",
    "octal": "0177.0.0.1",
    "short": "127.1",
    "mixed": "0x7f.1",
    "leading noughts": "127.000.000.001",
    "with a dot": "127.0.0.1.",
    "by name": "localhost",
    "by name with a dot": "localhost.",
    "by name in capitals": "LOCALHOST",
}


@pytest.mark.parametrize("host", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_no_spelling_gets_through(host: str, transport: Transport, start_target: StartTarget) -> None:
    """
    A private target is refused however its address is written, and not a packet goes there.
    """
    target = await start_target()

    with pytest.raises((EgressRefused, NameNotFound)):
        await transport.send(a_request(target.url(host=host), policy=PUBLIC))

    assert 0 == target.connections


async def test_the_refusal_says_what_to_do(transport: Transport) -> None:
    """
    Its target, the address, the reason and the way out.
    """
    with pytest.raises(
        EgressRefused, match=r"crm\.example.*10\.1\.2\.3 is a private address.*allowed_networks"
    ) as refused:
        raise EgressRefused(target="crm.example:443", address="10.1.2.3", why="is a private address")

    assert "10.1.2.3" == refused.value.address


async def test_a_name_that_leads_inside_is_refused(
    names: Names, transport: Transport, start_target: StartTarget
) -> None:
    """
    The guard judges the address that is dialled, not the name.
    """
    target = await start_target()
    names("crm.example", ["127.0.0.1", "::1"])
    exchange = Exchange()

    with pytest.raises(EgressRefused, match=r"127\.0\.0\.1 is a loopback address"):
        await transport.send(a_request(target.url(host="crm.example"), policy=PUBLIC), exchange=exchange)

    assert {"127.0.0.1", "::1"} == {dial.address for dial in exchange.dials}
    assert not exchange.sent
    assert 0 == target.connections


async def test_of_mixed_answers_only_the_good_one_is_dialled(
    names: Names, transport: Transport, start_target: StartTarget
) -> None:
    """
    A bad address beside a good one is passed over, and the record says so.
    """
    target = await start_target()
    names("crm.example", ["10.0.0.1", "127.0.0.1", "fe80::1"])
    exchange = Exchange()

    response = await transport.send(a_request(target.url(host="crm.example")), exchange=exchange)

    assert 200 == response.status
    refused = {dial.address: dial.denied for dial in exchange.dials}
    assert refused["127.0.0.1"] is None
    assert all(why for address, why in refused.items() if address != "127.0.0.1")
    assert f"crm.example:{target.port}" == target.visits[0].headers["host"]


async def test_a_name_that_moves_inside_is_refused_the_second_time(
    names: Names, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Rebinding: the first look-up was allowed, and counts for nothing.
    """
    target = await start_target(answer(b"ok", headers=("Connection: close",)))
    names("crm.example", ["127.0.0.1"], ["10.0.0.1"])
    async with Transport() as transport:
        request = a_request(target.url(host="crm.example"))
        first = await transport.send(request)
        transport._connections.way(LOOPBACK, None).session.connector.clear_dns_cache()

        with pytest.raises(EgressRefused, match=r"10\.0\.0\.1"):
            await transport.send(request)

    assert 200 == first.status
    assert 1 == len(target.visits)


async def test_connections_are_not_shared_between_policies(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    An open connection of one tenant does not carry another's request past the guard.
    """
    target = await start_target()
    await transport.send(a_request(target.url()))

    with pytest.raises(EgressRefused):
        await transport.send(a_request(target.url(), policy=EgressPolicy(["10.0.0.0/8"])))

    assert 1 == len(target.visits)


async def test_a_refused_address_beside_a_dead_one_is_a_dead_target(
    names: Names, transport: Transport, start_target: StartTarget
) -> None:
    """
    Where one address was tried, the target failed; the policy alone did not decide.
    """
    names("crm.example", ["10.0.0.1", "127.0.0.1"])

    with pytest.raises(ConnectFailed, match="refused"):
        await transport.send(a_request(f"http://crm.example:{unused_port()}/"))


async def test_a_name_nobody_knows_leads_nowhere(names: Names, transport: Transport) -> None:
    """
    A name that does not resolve is told apart from a target that does not answer.
    """
    with pytest.raises(NameNotFound, match=r"no host nowhere\.example"):
        await transport.send(a_request("http://nowhere.example/"))


@pytest.fixture
def without_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The guard, broken on purpose.
    """
    monkeypatch.setattr(EgressPolicy, "denied", lambda self, address: None)


async def test_these_tests_see_a_broken_guard(
    without_guard: None, transport: Transport, start_target: StartTarget
) -> None:
    """
    With the guard switched off the target is reached, so what refused it above was the guard.
    """
    target = await start_target()

    response = await transport.send(a_request(target.url(), policy=PUBLIC))

    assert 200 == response.status


def unused_port() -> int:
    """
    A port on loopback where nobody listens.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
