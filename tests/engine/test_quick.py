"""
What is made quickly is what the slow way makes.
"""

import copy
import inspect
import pickle
import sys
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from webhook_engine.dispatch import Attempt, PreparedRequest, Route
from webhook_engine.dispatch.attempt import make_attempt
from webhook_engine.dispatch.request import make_request
from webhook_engine.quick import maker, quick
from webhook_engine.responses import AgentView, Outcome, Response, make_response
from webhook_engine.responses.agent_view import make_view

VALUES = {
    Attempt: {
        "number": 2,
        "prepared": PreparedRequest(route=Route(webhook="w"), url="http://a/"),
        "sent": True,
    },
    PreparedRequest: {"route": Route(webhook="w"), "url": "http://a/", "body": b"x"},
    Response: {"status": 200, "headers": (("A", "b"),), "body": b"x"},
    AgentView: {"outcome": Outcome.OK, "sentence": "Found 1.", "rows": ((1,),)},
}


MAKERS = {Attempt: make_attempt, PreparedRequest: make_request, Response: make_response, AgentView: make_view}


@pytest.mark.parametrize(("kind", "values"), VALUES.items(), ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("make", [lambda kind: kind, MAKERS.get], ids=["the class", "its maker"])
def test_a_value_is_a_frozen_dataclass_in_every_way(kind, values, make):
    """
    Its class, its fields and their defaults; equal, hashed, copied, pickled, replaced and shown as any other.
    """
    value = make(kind)(**values)

    assert kind is type(value)
    assert values == {name: getattr(value, name) for name in values}
    assert all(part.default == getattr(value, name) for name, part in left_out(kind, values))
    assert value == kind(**values) == copy.copy(value) == replace(value)
    assert hash(value) == hash(kind(**values))
    assert kind.__name__ in repr(value)
    assert not hasattr(value, "__dict__")
    with pytest.raises(FrozenInstanceError):
        setattr(value, next(iter(values)), None)
    with pytest.raises(TypeError):
        make(kind)(**values, another=1)
    with pytest.raises(TypeError):
        make(kind)()


def left_out(kind, values):
    return [(n, p) for n, p in kind.__dataclass_fields__.items() if n not in values]


def test_it_travels():
    """
    By pickle too.
    """
    response = Response(status=200, headers=(("A", "b"),), body=b"x")

    assert response == pickle.loads(pickle.dumps(response))


def test_its_signature_is_what_it_was():
    """
    Whoever looks into a class sees its arguments and what they are.
    """

    def slow():
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Value:
            one: int
            two: str = "2"

        return Value

    fast, plain = quick(slow()), slow()

    assert inspect.signature(plain) == inspect.signature(fast)
    assert plain.__init__.__annotations__ == fast.__init__.__annotations__
    assert plain.__init__.__qualname__ == fast.__init__.__qualname__


def test_what_is_left_out_is_made_anew():
    """
    Nothing is shared between two values that had a list made for them, and what is no argument has its default.
    """

    @quick
    @dataclass(frozen=True, slots=True)
    class Value:
        one: int
        many: list = field(default_factory=list)
        inner: str = field(default="", init=False)
        two: str = field(default="2", kw_only=True)

    for make in (Value, maker(Value)):
        first, second = make(1), make(2, [3], two="4")

        assert (1, [], "", "2") == (first.one, first.many, first.inner, first.two)
        assert (2, [3], "", "4") == (second.one, second.many, second.inner, second.two)
        assert first.many is not make(1).many


def test_what_would_not_be_the_same_is_refused():
    """
    A class that makes something of its fields, or has no slots.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Checks:
        one: int

        def __post_init__(self):
            pass

    @dataclass(frozen=True, kw_only=True)
    class Open:
        one: int

    for kind in (Checks, Open, int):
        with pytest.raises(TypeError):
            quick(kind)
        with pytest.raises(TypeError):
            maker(kind)


def test_threads_that_run_at_once_keep_the_slow_way(monkeypatch):
    """
    There an instance is given another class only while all of them stand still.
    """
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Value:
        one: int

    before = Value.__init__

    assert before is quick(Value).__init__
    assert maker(Value) is Value
    assert 1 == Value(one=1).one
