"""
A short body that comes again is not read again, and its key is not kept meanwhile.
"""

import pytest

from tests.xml_api.asking import KEY, NOTHING_DONE, TENANT, error, request_of, serving
from webhook_engine.xml_api import reading
from webhook_engine.xml_api.envelope import envelope_of
from webhook_engine.xml_api.remembering import Memory

BODY = request_of("GetContacts", "<Search>a</Search>").encode()


@pytest.fixture
def memory():
    """
    Counts what it reads.
    """

    def read(body, content_type):
        memory.count += 1
        return envelope_of(reading.read(body, content_type=content_type))

    memory = Memory(read)
    memory.count = 0
    return memory


def everything_in(value):
    """
    All texts and bytes that a value leads to.
    """
    if isinstance(value, str | bytes):
        yield value if isinstance(value, bytes) else value.encode()
    elif isinstance(value, dict):
        yield from everything_in([*value.items()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from everything_in(each)


def test_a_body_that_comes_again_says_the_same(memory):
    """
    Tenant, key, action and inputs; another one is read.
    """
    first, again = (memory.envelope(BODY, "text/xml") for _ in range(2))

    assert 1 == memory.count
    assert (TENANT, KEY, "GetContacts") == again[:3] == first[:3]
    assert ("Search", "a") in again.children
    memory.envelope(BODY, "text/xml; charset=utf-16")
    memory.envelope(BODY.replace(KEY.encode(), b"another"), "text/xml")
    assert 3 == memory.count


def test_no_key_is_kept(memory):
    """
    Neither as the body it came in, nor by itself, nor among its inputs.
    """
    memory.envelope(BODY, "text/xml")

    kept = [*everything_in(memory._known)]
    assert b"GetContacts" in kept
    assert not any(KEY.encode() in each for each in kept)


@pytest.mark.parametrize(
    ("body", "times"),
    [
        (request_of(auth="".join(f"&#{ord(each)};" for each in KEY)).encode(), 2),
        (request_of().encode("utf-16"), 2),
        (request_of(auth="k\xe9y").encode(), 2),
        (request_of(auth=f"<![CDATA[{KEY}]]>").encode(), 1),
        (request_of(auth="").encode(), 1),
        (b"<XML/>", 1),
    ],
    ids=["references", "wide characters", "beyond ASCII", "CDATA", "empty", "missing"],
)
def test_a_key_that_does_not_stand_there_as_it_is(memory, body, times):
    """
    Is read each time, and the same each time.
    """
    first, again = (memory.envelope(body, "") for _ in range(2))

    assert (times, first.auth) == (memory.count, again.auth)


def test_the_memory_has_bounds(memory):
    """
    The least recently used go.
    """
    for number in range(300):
        memory.envelope(request_of(f"A{number}").encode(), "")
        memory.envelope(request_of("A0").encode(), "")

    assert 256 == len(memory._known)
    assert 300 == memory.count


async def test_a_key_that_is_removed_is_refused_although_the_body_is_known(standing):
    """
    What is remembered is what a request says, not that it may.
    """
    key = (await standing.store.keys.add(TENANT, "short-lived", by="an administrator")).secret
    assert NOTHING_DONE == await standing.ask(auth=key)

    await standing.store.keys.remove(TENANT, "short-lived", by="an administrator")

    assert error("Authorization Failed") == await standing.ask(auth=key)


async def test_what_is_no_request_is_told_each_time():
    """
    Refusals are not remembered as answers.
    """
    async with serving(insecure_http=True) as client:
        for _ in range(2):
            assert error("Input XML not loaded") == await client.send(b"<XML>")
