"""
A delivery that is shown out of its file holds no secret of its definitions.
"""

import asyncio

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.queue import SqliteQueue

SECRET = "canary-4711"
DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "SHOWN_KEY" }

[[webhook]]
name = "Report"
type = "ajax-post"
group = "CRM"
content_type = "text"
delivery = "durable"
url = "http://127.0.0.1:9/"
body = "{CALL_NOTES}"

[[rule]]
name = "A call is over"
on = ["disposed"]
webhooks = ["Report"]
"""


@pytest.fixture
def delivery(tmp_path, monkeypatch):
    """
    The id of one whose agent wrote the key into the notes, in the file of a process that runs no more.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOWN_KEY", SECRET)
    call = CallContext(extension="100-Euphoria", notes=f"their key is {SECRET}")

    async def put():
        async with (
            Engine(read_text(DEFINITIONS)) as engine,
            SqliteQueue("webhook-engine.deliveries.db") as queue,
        ):
            event = CallEvent("disposed", call, id="1")
            await engine._made.put([(event, engine.match(event).starts)], queue)
            return (await queue.list()).deliveries[0].id

    return asyncio.run(put())


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["for people", "as JSON"])
def test_a_secret_in_the_calls_own_data_is_not_shown(command, delivery, form):
    """
    By the definitions under which it was accepted, which the file keeps.
    """
    shown = command("deliveries", "show", delivery, *form)

    assert 0 == shown.code, shown
    assert SECRET not in shown.out
    assert bool(form) == ("their key is ***" in shown.out)
