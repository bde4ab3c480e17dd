"""
Agents' screens are after a restart what they were before it.
"""

import asyncio

from tests.faults.process import PATIENCE_S, Process, event
from webhook_engine.pops import PopBoard
from webhook_engine.process import board
from webhook_engine.process.board import BoardKeeper, restored
from webhook_engine.store import Pop, Store
from webhook_engine.variables import CallContext, CallEvent

AGENT = "100-Euphoria"


def test_a_window_is_there_after_a_restart(target, tmp_path):
    """
    The same one, with the id under which an agent closes it.
    """
    with Process(tmp_path, target) as process:
        process.send(event("call-1", "ringing"))
        process.until_logged("attempt.finished")
        before = process.screen(AGENT)
        process.terminate()
        process.wait()
        process.start()
        after = process.screen(AGENT)

    assert {"Page", "Lookup"} == {each["webhook"] for each in before}
    assert before == after


class Whose:
    name = "Euphoria"


def ringing():
    return CallEvent("ringing", CallContext(sip_id="call-1", extension=AGENT))


async def test_a_board_is_saved_while_it_changes(tmp_path, monkeypatch):
    """
    A kill costs no more than a few seconds of it.
    """
    monkeypatch.setattr(board, "EVERY_S", 0.01)
    async with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        pops = PopBoard()
        keeping = asyncio.create_task(BoardKeeper(store, pops, Whose()).run())
        pops.open_window(ringing(), "Page", "https://crm.example.com/")
        async with asyncio.timeout(PATIENCE_S):
            while not (await restored(store, "Euphoria")).open_pops(AGENT):
                await asyncio.sleep(0.01)
        keeping.cancel()

        [pop] = (await restored(store, "Euphoria")).open_pops(AGENT)

    assert "https://crm.example.com/" == pop.url


async def test_a_board_that_cannot_be_read_begins_anew(tmp_path):
    """
    Of another version, or damaged: no reason not to start.
    """
    async with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        for state in ({"form": 99}, {"form": 1}, {"form": 1, "calls": [1], "pops": [], "mail": {}}):
            await store.pops.save("Euphoria", [Pop(key="board", agent="", state=state)])

            assert () == (await restored(store, "Euphoria")).open_pops(AGENT)
