"""
What a response means is told without holding up the loop, however it was made.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.dispatch import Attempt, LocalSecrets, PreparedRequest
from webhook_engine.errors import ConnectionLost, UnreadableResponse
from webhook_engine.line import Lines
from webhook_engine.reading import judged, names_of, read
from webhook_engine.responses import Outcome, Response

DEFINITIONS = """
[tenant]
name = "Euphoria"

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "https://crm.example.com/"
deadline_s = {deadline_s}
"""

# Few bytes that ask for a table of some hundred thousand values: every member is in every record's list.
WIDE = b'[{"k":[%s]}]' % b",".join(b'{"a%d":{"b%d":{"c":1}}}' % (at % 31, at % 29) for at in range(600))
LONG = b"[%s]" % b",".join([b'{"a":[1,2],"b":{"c":[]}}'] * 40_000)


@pytest.fixture
def line():
    """
    A lookup whose agent waits very long.
    """
    return line_of(deadline_s=60)


def line_of(*, deadline_s):
    definitions = read_text(DEFINITIONS.replace("{deadline_s}", str(deadline_s)))
    return Lines(definitions, LocalSecrets()).of("Lookup")


def attempt_of(line, body, status=200):
    request = PreparedRequest(route=line.preparation.route, url="https://crm.example.com/")
    return Attempt(number=1, prepared=request, response=Response(status=status, body=body), took_s=0.1)


@pytest.mark.parametrize("sends", [0, 1, 2])
async def test_an_agent_reads_how_often_the_target_was_asked(line, sends):
    """
    Not how often somebody tried.
    """
    lost = ConnectionLost("broken off", target="crm.example.com:443")
    attempt = replace(attempt_of(line, b""), number=2, response=None, error=lost, times_sent=sends)

    assert sends == (await read(line, attempt, {}, until=asyncio.get_running_loop().time() + 60)).attempts


@asynccontextmanager
async def turns():
    """
    How often others had a turn meanwhile.
    """
    count = [0]

    async def tick():
        while True:
            await asyncio.sleep(0.005)
            count[0] += 1

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield count
    finally:
        ticking.cancel()


@pytest.mark.parametrize("body", [WIDE, LONG], ids=["few bytes, much work", "many bytes"])
class TestOthersHaveTheirTurn:
    """
    While a costly response is read, other calls go on.
    """

    async def test_for_an_agent(self, line, body):
        """
        The agent who asked waits, and nobody else.
        """
        until = asyncio.get_running_loop().time() + 60

        async with turns() as count:
            view = await read(line, attempt_of(line, body), {}, until=until)

        assert Outcome.OK == view.outcome
        assert count[0] > 3

    async def test_for_a_delivery(self, line, body):
        """
        Nobody waits for it, least of all the others.
        """
        async with turns() as count:
            verdict, _ = await judged(line, attempt_of(line, body), {})

        assert Outcome.OK == verdict.outcome
        assert count[0] > 3

    async def test_for_a_chain(self, line, body):
        """
        What a rule asks of the response is read again, and costs as much.
        """
        async with turns() as count:
            names = await names_of(line, Response(status=200, body=body))

        assert (200, True) == (names["status"], names["response"] is not None)
        assert count[0] > 3


class TestWhatIsNotReadInTime:
    """
    Reading has an end, and what is known without it is told.
    """

    async def test_for_an_agent(self):
        """
        A sentence says what became of the answer.
        """
        line = line_of(deadline_s=0.1)

        view = await read(line, attempt_of(line, WIDE), {}, until=asyncio.get_running_loop().time() - 1)

        assert Outcome.TARGET_FAILED == view.outcome
        assert "The response of crm.example.com:443 could not be read within 0.1 s." == view.sentence

    @pytest.mark.parametrize(
        ("status", "outcome"), [(200, Outcome.TARGET_FAILED), (401, Outcome.CREDENTIALS_EXPIRED)]
    )
    async def test_for_a_delivery(self, status, outcome):
        """
        Its status still speaks.
        """
        line = line_of(deadline_s=0.03)

        verdict, error = await judged(line, attempt_of(line, WIDE, status), {})

        assert outcome == verdict.outcome
        assert isinstance(error, UnreadableResponse)

    async def test_for_a_chain(self):
        """
        The rules see a response that could not be read.
        """
        names = await names_of(line_of(deadline_s=0.03), Response(status=200, body=WIDE))

        assert (200, None, 0) == (names["status"], names["response"], names["rows"])


async def test_an_everyday_response_is_read_at_once(line):
    """
    Nothing is handed to a thread for it.
    """
    body = b"[%s]" % b",".join([b'{"id":1,"name":"Thandi","city":"Durban"}'] * 100)

    async with turns() as count:
        view = await read(line, attempt_of(line, body), {}, until=asyncio.get_running_loop().time() + 60)

    assert (Outcome.OK, 0) == (view.outcome, count[0])
