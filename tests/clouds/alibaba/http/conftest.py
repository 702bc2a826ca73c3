"""Visits, results and calls made for one test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.model import (
    Call,
    Event,
    Failure,
    Function,
    HttpReply,
    HttpRequest,
    Invocation,
    Result,
    Trigger,
    Visit,
    WebRules,
)

ID = "1-64f6cd87-9a0b1c2d-3e4f50617283"
Make = Callable[..., Visit]


def function(generation: str = "fc3", **changes: object) -> Function:
    made = Function(
        name="resize",
        runtime="python3.10",
        handler="index.handler",
        code=Path("code"),
        service="shop" if generation == "fc2" else "",
        attributes={"generation": generation},
    )
    return made._replace(**changes)


def visit(
    request: HttpRequest | None = None,
    generation: str = "fc3",
    uri: str = "/2016-08-15/proxy/shop/resize/a%20b?q=1&q=2&n",
    **options: object,
) -> Visit:
    trigger = Trigger("http", "web", options)
    asked = request or HttpRequest("GET", "/")
    return Visit(asked, function(generation), trigger, ID, 1693896071.895, uri)


def result(
    payload: bytes = b"", failure: Failure | None = None, http: HttpReply | None = None
) -> Result:
    invocation = Invocation(ID, function(), Event(b""), 0.0, 3.0)
    return Result(invocation, payload, failure, b"the log", 1.5, None, 9.2, http)


class Recorder:
    """Calls that are answered with one result, and remembered."""

    def __init__(self, answer: Result, *functions: Function, rules: WebRules | None = None) -> None:
        self.functions = functions
        self.rules = rules or WebRules()
        self.answer = answer
        self.made: list[Call] = []
        self.queued: list[Call] = []
        self.visits: list[tuple[Function, HttpRequest, str]] = []

    def new_id(self, asked: Function) -> str:
        return f"id-of-{asked.attributes['generation']}"

    def invoke(self, call: Call) -> Result:
        self.made.append(call)
        invocation = self.answer.invocation._replace(
            id=call.id, function=call.function, qualifier=call.qualifier
        )
        return self.answer._replace(invocation=invocation)

    def enqueue(self, call: Call) -> None:
        self.queued.append(call)

    def visit(self, asked: Function, request: HttpRequest, uri: str) -> HttpReply:
        self.visits.append((asked, request, uri))
        return HttpReply(200)


@pytest.fixture
def rules() -> WebRules:
    return WebRules()
