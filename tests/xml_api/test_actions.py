"""
Actions of the application's own: declared inputs, typed values, dependencies, answers.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

import pytest

from tests.xml_api.asking import KEYS, PROLOG, TENANT, error, serving
from webhook_engine.errors import SettingsError, StoreUnavailable
from webhook_engine.xml_api import ActionRequest, Input, Needs, Rows, Says, Status, action, xml_api
from webhook_engine.xml_api.faults import FAULTS, IncorrectParameters, SipServerNotFound

INCORRECT = error("Incorrect Input Parameters. Please check the documentation")
DATABASE = error("I'm sorry, connection to one or more of the databases failed")


def xml(inside):
    return PROLOG + f"<XML>{inside}</XML>".encode()


class Clock:
    """
    A dependency.
    """

    def now(self):
        return "noon"


@dataclass(frozen=True, slots=True)
class Leaf:
    colour: Annotated[str, Input("Colour", "Which.", "red")]
    size: Annotated[int, Input("Size", "How large.", "2", between=(1, 9))] = 3


@action("Echo", answer=Says("told"))
def echo(
    text: Annotated[str, Input("Text", "Anything.", "a", longest=10)],
    maybe: Annotated[str, Input("Maybe", "Anything or nothing.", "", may_be_empty=True)],
    number: Annotated[int, Input("Number", "A number.", "7", between=(-5, 5))] = 1,
    day: Annotated[date | None, Input("Day", "A day.", "2026-11-01")] = None,
    yes: Annotated[bool, Input("Yes", "Whether.", "1")] = False,
    at: Annotated[datetime | None, Input("At", "When.", "2026-11-01 10:00:00")] = None,
    leaves: Annotated[tuple[Leaf, ...], Input("Tree", "Its leaves.", each="Leaf")] = (),
) -> str:
    """
    Says what it was told.
    """
    return repr((text, maybe, number, day, yes, at, leaves))


def told(text="a", maybe="", number=1, day=None, yes=False, at=None, leaves=()):
    return xml(repr((text, maybe, number, day, yes, at, leaves)).replace("<", "&lt;").replace(">", "&gt;"))


GIVEN = {
    "as little as will do": ("<Text>a</Text><Maybe/>", told()),
    "text as it is": ("<Text>a &lt; b</Text><Maybe>é</Maybe>", told("a < b", "é")),
    "the bounds of a range": ("<Text>a</Text><Maybe/><Number>-5</Number>", told(number=-5)),
    "empty where it is optional": ("<Text>a</Text><Maybe/><Number/><Day/><Yes/><Tree/>", told()),
    "a day": ("<Text>a</Text><Maybe/><Day>2026-11-01</Day>", told(day=date(2026, 11, 1))),
    "yes": ("<Text>a</Text><Maybe/><Yes>TRUE</Yes>", told(yes=True)),
    "an instant": (
        "<Text>a</Text><Maybe/><At>2026-11-01T10:00:00Z</At>",
        told(at=datetime(2026, 11, 1, 10, tzinfo=UTC)),
    ),
    "a list": (
        "<Text>a</Text><Maybe/><Tree><Leaf><Colour>red</Colour></Leaf><Leaf><Colour>b</Colour><Size>9</Size></Leaf></Tree>",
        told(leaves=(Leaf("red"), Leaf("b", 9))),
    ),
    "nothing": ("", INCORRECT),
    "an empty text": ("<Text/><Maybe/>", INCORRECT),
    "a text too long": (f"<Text>{'x' * 11}</Text><Maybe/>", INCORRECT),
    "beyond the range": ("<Text>a</Text><Maybe/><Number>6</Number>", INCORRECT),
    "no number": ("<Text>a</Text><Maybe/><Number>one</Number>", INCORRECT),
    "no day": ("<Text>a</Text><Maybe/><Day>2026-02-30</Day>", INCORRECT),
    "neither yes nor no": ("<Text>a</Text><Maybe/><Yes>perhaps</Yes>", INCORRECT),
    "no instant": ("<Text>a</Text><Maybe/><At>soon</At>", INCORRECT),
    "twice": ("<Text>a</Text><Text>a</Text><Maybe/>", INCORRECT),
    "another in the list": ("<Text>a</Text><Maybe/><Tree><Twig/></Tree>", INCORRECT),
    "a leaf that lacks something": (
        "<Text>a</Text><Maybe/><Tree><Leaf><Size>1</Size></Leaf></Tree>",
        INCORRECT,
    ),
}


@pytest.mark.parametrize(("inputs", "expected"), GIVEN.values(), ids=GIVEN)
async def test_inputs_are_what_is_declared(inputs, expected):
    """
    Typed values reach the function, or nothing does.
    """
    async with serving(keys=KEYS, actions=[echo], insecure_http=True) as client:
        assert expected == await client.ask("Echo", inputs)


def test_a_declared_function_is_a_function_still():
    """
    Called, it does what it did.
    """
    assert "('a', '', 1, None, False, None, ())" == echo("a", "")
    assert ("Echo", "Says what it was told.") == (echo.name, echo.about)


async def test_dependencies_come_by_type():
    """
    The request among them; one that is missing has a fault of its own, or keeps the application from starting.
    """

    @action("Who", answer=Says(""))
    async def who(request: ActionRequest, clock: Clock) -> str:
        return f"{request.tenant}/{request.key}/{request.action}/{request.idempotency_key} {clock.now()}"

    @action("Where", answer=Says(""))
    async def where(
        text: Annotated[str, Input("Text", "Any.", "a")],
        clock: Annotated[Clock, Needs(otherwise=SipServerNotFound)],
    ) -> str:
        return clock.now()

    async with serving(actions=[who], provide={Clock: Clock()}, insecure_http=True) as client:
        assert xml(f"{TENANT}/CRM/Who/k-1 noon") == await client.ask(
            "Who", headers={"Idempotency-Key": "k-1"}
        )
    async with serving(actions=[where], insecure_http=True) as client:
        assert INCORRECT == await client.ask("Where")
        assert error("Sip Server not found") == await client.ask("Where", "<Text>a</Text>")
    with pytest.raises(SettingsError, match="Who needs a Clock"):
        xml_api(keys=KEYS, actions=[who])


def test_a_parameter_that_nobody_can_fill():
    """
    Said where it is declared.
    """
    with pytest.raises(TypeError, match="cannot be read as"):

        @action("Broken", answer=Says(""))
        def broken(numbers: Annotated[Mapping, Input("Numbers", "Some.", "")]) -> str:
            return ""

    with pytest.raises(TypeError, match="Line: what a list holds must be frozen"):

        @action("Broken", answer=Says(""))
        def broken_list(lines: Annotated[list[Line], Input("Lines", "Some.", each="Line")]) -> str:
            return ""

    with pytest.raises(TypeError, match="neither an input nor of a type"):

        @action("Broken", answer=Says(""))
        def broken_too(numbers: list[int]) -> str:
            return ""


@dataclass
class Line:
    Name: str
    Price: float | None


ANSWERS = {
    "rows": (
        Rows("Row", {}),
        [{"A": 1, "B": None}, {"A": "<&>"}],
        "<Row><A>1</A><B></B></Row><Row><A>&lt;&amp;&gt;</A></Row>",
    ),
    "no rows": (Rows("Row", {}), iter(()), ""),
    "rows of a class": (Rows("Row", {}), [Line("a", 1.5)], "<Row><Name>a</Name><Price>1.5</Price></Row>"),
    "a status": (
        Status({}),
        {"Status": "Success", "Done": True},
        "<Status>Success</Status><Done>true</Done>",
    ),
    "a time": (Status({}), {"At": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}, "<At>2026-01-02 03:04:05</At>"),
    "a text": (Says(""), "]]> \r\n \x00\ud800 é", "]]&gt; &#13;\n \ufffd\ufffd é"),
}


@pytest.mark.parametrize(("answer", "found", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_answers_are_written_exactly(answer, found, expected):
    """
    Whatever a value holds, the answer is XML that says it.
    """

    @action("Say", answer=answer)
    async def say() -> object:
        return found

    async with serving(actions=[say], insecure_http=True) as client:
        assert xml(expected) == await client.ask("Say")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.__name__)
async def test_an_action_may_say_any_of_the_sentences(fault):
    """
    By raising its error.
    """

    @action("Refuse", answer=Says(""), reads=True)
    def refuse() -> str:
        raise fault

    async with serving(actions=[refuse], insecure_http=True) as client:
        assert error(fault.sentence) == await client.ask("Refuse")


UNFORESEEN = {
    "a bug": ZeroDivisionError("canary-7f3a"),
    "the store": StoreUnavailable(path="/var/lib/canary-7f3a.db", why="there is no room on the disk"),
    "time": TimeoutError("canary-7f3a"),
    "an error of theirs that is one of ours": type(
        "Mine", (IncorrectParameters,), {"sentence": "canary-7f3a"}
    )(),
    "no row": None,
}


@pytest.mark.parametrize("problem", UNFORESEEN.values(), ids=UNFORESEEN)
@pytest.mark.parametrize("reads", [True, False])
async def test_what_nobody_foresaw_is_one_of_them_too(problem, reads, caplog):
    """
    The caller reads a documented sentence; the cause is in the log alone.
    """

    @action("Fail", answer=Rows("Row", {}), reads=reads)
    async def fail() -> object:
        if problem is None:
            return [3]
        raise problem

    async with serving(actions=[fail], insecure_http=True) as client:
        answer = await client.ask("Fail")

    expected = INCORRECT if isinstance(problem, IncorrectParameters) else DATABASE
    assert expected == answer
    assert (expected == DATABASE) == ("the action 'Fail' of the XML API failed" in caplog.text)


async def test_an_action_that_hangs_is_given_up():
    """
    After its own deadline; others go on meanwhile.
    """

    @action("Hang", answer=Says(""), limit=1, deadline_s=0.1)
    async def hang() -> str:
        await asyncio.sleep(60)
        return ""

    async with serving(actions=[hang], insecure_http=True) as client:
        assert DATABASE == await client.ask("Hang")
        assert DATABASE == await client.ask("Hang")


async def test_an_action_of_ours_can_be_replaced():
    """
    The application's own has the last word.
    """

    @action("DoNothing", answer=Says(""))
    async def nothing() -> str:
        return "Nothing at all"

    async with serving(actions=[nothing], insecure_http=True) as client:
        assert xml("Nothing at all") == await client.ask("DoNothing")
