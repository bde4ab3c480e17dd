"""
How a process proves who it is to NATS, and its TLS key: planted as canaries, and heard in no word of it.
"""

import pytest

from tests.attack.spellings import leaks
from tests.cli.conftest import command  # noqa: F401  # a fixture
from tests.faults.process import Process, Target, event

PASSWORD = "cnryN-p4s~s.w0rd"
SEED = "SUAcnryS5EEDOFNOBODYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
TLS_KEY = "cnryT-key-of-tls-AAAAAAAAAAAAAAAA"
TOKEN = "cnryK-t0ken~of.nats"
SECRETS = {"password": PASSWORD, "seed": SEED, "TLS key": TLS_KEY, "token": TOKEN}


@pytest.fixture
def files(tmp_path):
    """
    Of secrets, each of them broken, so that somebody has to speak of it.
    """
    (tmp_path / "user.nk").write_text(f"{SEED}\n")
    (tmp_path / "key.pem").write_text(f"-----BEGIN PRIVATE KEY-----\n{TLS_KEY}\n-----END PRIVATE KEY-----\n")
    (tmp_path / "user.creds").write_text(
        f"-----BEGIN NATS USER JWT-----\nx.y.z\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{SEED}\n------END USER NKEY SEED------\n"
    )
    return tmp_path


ADDRESSES = {
    "nobody there": f"nats://us:{PASSWORD}@127.0.0.1:9",
    "a token, nobody there": f"nats://{TOKEN}@127.0.0.1:9",
    "several": f"nats://us:{PASSWORD}@127.0.0.1:9,nats://us:{PASSWORD}@127.0.0.1:8",
    "another scheme": f"http://us:{PASSWORD}@127.0.0.1:9",
    "no port": f"nats://us:{PASSWORD}@127.0.0.1:port",
    "a port too high": f"nats://us:{PASSWORD}@127.0.0.1:99999",
    "no host": f"nats://us:{PASSWORD}@",
    "what is unknown behind it": f"nats://us:{PASSWORD}@127.0.0.1:9?password={PASSWORD}",
    "half an address": f"nats://us:{PASSWORD}@[::1",
    "a broken seed": "nats://127.0.0.1:9?nkey=FILES/user.nk",
    "broken credentials": "nats://127.0.0.1:9?credentials=FILES/user.creds",
    "a broken key": f"tls://us:{PASSWORD}@127.0.0.1:9?certificate=FILES/key.pem&key=FILES/key.pem",
    "a broken authority": f"tls://us:{PASSWORD}@127.0.0.1:9?ca=FILES/key.pem",
    "a file that is not there": f"nats://us:{PASSWORD}@127.0.0.1:9?nkey=FILES/none",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_no_command_says_how_it_proves_who_it_is(address, files, command, monkeypatch):  # noqa: F811  # the fixture
    """
    By flag and by environment, in words and as JSON, whatever is wrong with it.
    """
    nats = address.replace("FILES", str(files))
    monkeypatch.chdir(files)
    said = [repr(command("doctor", "--nats", nats)), repr(command("worker", "--nats", nats, "--host", ""))]
    monkeypatch.setenv("WEBHOOK_ENGINE_NATS", nats)
    said.append(repr(command("doctor", "--json")))

    assert [] == leaks("\n".join(said), SECRETS)
    # Something was said of it, at all events.
    assert not any("should not have happened" in each for each in said)
    assert all("nats" in each.lower() for each in (said[0], said[2]))


def test_no_process_does(files):
    """
    Whose NATS is not there: in its log, its metrics, what is said of its readiness, and its description.
    """
    nats = f"nats://us:{PASSWORD}@127.0.0.1:9"
    with Target() as target, Process(files, target, flags=("--nats", nats)) as process:
        process.send(event("e1"))
        process.until_logged("nats.lost", 1)
        said = [process.ask("GET", path) for path in ("/v1/ready", "/v1/openapi.json", "/v1/deliveries")]
        heard = f"{said} {process.said()} {process.log()}"

    assert [] == leaks(heard, SECRETS)
