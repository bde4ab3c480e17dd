"""
Who asked for what is written down, but not what comes by the thousand.
"""

from tests.service.serving import KEY, Client, engine_on, served, told
from webhook_engine.service import GivenKeys, Noting


class Log:
    """
    Keeps what is noted.
    """

    def __init__(self):
        self.noted = []

    def note(self, request):
        self.noted.append((request.tenant, request.key, request.action, request.outcome))
        assert 0 < request.took_s < 60


async def test_requests_are_noted_with_their_keys(tmp_path):
    """
    What was done and what was refused; accepted events and probes are left out.
    """
    log = Log()
    noting = Noting(log, lambda: "Euphoria")
    keys = GivenKeys({KEY: (), "only-metrics": ["metrics"]})
    async with engine_on(tmp_path / "q.db") as engine, served(engine, keys=keys, noting=noting) as client:
        await client.told("get", "/v1/deliveries")
        await client.told("post", "/v1/events", json=told())
        await client.told("post", "/v1/events", json={"id": "x"})
        await client.told("get", "/v1/ready")
        await client.told("get", "/v1/nowhere")
        await Client(client.session, "only-metrics").told("get", "/v1/deliveries")

    assert [
        ("Euphoria", "key 1", "GET /v1/deliveries", "Success"),
        ("Euphoria", "key 1", "POST /v1/events", "422 Unprocessable Entity"),
        ("Euphoria", "key 2", "GET /v1/deliveries", "403 Forbidden"),
    ] == log.noted


async def test_a_flood_without_a_key_fills_no_log(tmp_path):
    """
    Anybody can send that, so one is noted and the rest of that second is not.
    """
    log = Log()
    noting = Noting(log, lambda: "Euphoria")
    async with engine_on(tmp_path / "q.db") as engine, served(engine, noting=noting) as client:
        for _ in range(20):
            await Client(client.session, "none in force").told("get", "/v1/deliveries")

    assert 1 <= len(log.noted) < 5
    assert ("Euphoria", None, "GET /v1/deliveries", "401 Unauthorized") == log.noted[0]
