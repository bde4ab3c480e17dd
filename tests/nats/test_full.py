"""
A NATS server that has no room any more loses nothing that it acknowledged, and goes on when there is room.
"""

import asyncio
import base64
import json
import os
import random
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.faults.process import event
from tests.nats.test_intake import TENANT, Backend, taking, until
from tests.servers.nats import NatsNode
from webhook_engine.errors import NatsError
from webhook_engine.nats import open_publisher, prepare
from webhook_engine.nats.connecting import connected_to_any


def big(name):
    """
    An event with notes that are long and cannot be packed, so that few of them fill a little room.
    """
    notes = base64.b64encode(random.Random(name).randbytes(15_000)).decode()
    return name, json.dumps(event(name, CALL_NOTES=notes)).encode()


async def prepared(url):
    async with connected_to_any(url) as client:
        await prepare(client, [TENANT])


async def filled(url):
    """
    Publishes until the server takes no more; what it acknowledged.
    """
    kept, left = [], 6_000
    async with open_publisher(url, TENANT) as publisher:
        while left:
            some = [big(f"e{left - n}") for n in range(10)]
            left -= 10
            try:
                async with asyncio.timeout(10):
                    await publisher.publish(some)
            except (TimeoutError, NatsError):
                return kept
            kept += [name for name, _ in some]
    pytest.fail("there was room for everything")


async def test_a_server_at_the_limit_of_its_storage(tmp_path):
    """
    By `max_file` of its configuration: the publisher waits and is told, and what a worker takes makes room.
    """
    # The other stream has 64 MiB of this for itself.
    limits = f'jetstream {{ store_dir: "{tmp_path}/data", max_mem: 16M, max_file: 72M }}'
    async with NatsNode(tmp_path, limits) as server:
        await prepared(server.url)
        kept = await filled(server.url)
        backend = Backend()
        async with taking(server.url, backend):
            await until(lambda: set(kept) <= set(backend.taken), 60)
            async with open_publisher(server.url, TENANT) as publisher:
                await publisher.publish([big("later")])
            await until(lambda: "later" in backend.taken, 60)

    assert kept


@pytest.fixture
def small_disk(tmp_path):
    """
    A disk of 6 MiB, and what gives it more.
    """
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "webhook-engine-test", str(place)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root of a machine may mount a small disk")
    try:
        yield place, lambda: subprocess.run(["mount", "-o", "remount,size=256m", str(place)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


async def test_a_server_whose_disk_is_full(tmp_path, small_disk):
    """
    JetStream switches itself off; publishers are told, and the worker says so once and waits. With room and a new start
    everything that was acknowledged is there, and is taken without a person at the worker.
    """
    place, enlarge = small_disk
    async with NatsNode(
        tmp_path, f'jetstream {{ store_dir: "{place}", max_mem: 16M, max_file: 1G }}'
    ) as server:
        await prepared(server.url)
        kept = await filled(server.url)
        backend = Backend()
        async with taking(server.url, backend):
            await asyncio.sleep(2)
            enlarge()
            server.kill()
            await server.start()
            await until(lambda: set(kept) <= set(backend.taken), 60)
            async with asyncio.timeout(60):
                while "later" not in backend.taken:
                    with suppress(NatsError):
                        async with open_publisher(server.url, TENANT) as publisher:
                            await publisher.publish([big("later")])
                    await asyncio.sleep(0.1)

    assert len(kept) >= 50
