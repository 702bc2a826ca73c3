"""Visits, results and calls made for one test."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn.model import (
    Call,
    Event,
    Failure,
    FailureKind,
    Function,
    HttpReply,
    HttpRequest,
    Invocation,
    Part,
    Result,
    Trigger,
    Visit,
    WebRules,
)

ID = "c6af9ac6-7b61-41e6-9a41-93e8deadbeef"
MOMENT = 1763979365.123
RAISED = Failure(FailureKind.HANDLER_RAISED, "boom", "ValueError")


def function(name: str = "orders", **changes: object) -> Function:
    return Function(name, "python3.13", "app.handler", Path("code"))._replace(**changes)


def visit(
    request: HttpRequest | None = None,
    source: str = "api",
    values: dict[str, str] | None = None,
    client: dict[str, object] | None = None,
    **options: object,
) -> Visit:
    asked = request or HttpRequest("GET", "/orders/42")
    uri = f"{asked.path}?{asked.query}" if asked.query else asked.path
    trigger = Trigger(source, "Rest", options)
    return Visit(asked, function(), trigger, ID, MOMENT, uri, True, values or {}, client or {})


def result(
    payload: object = b"",
    failure: Failure | None = None,
    logs: bytes = b"",
    http: HttpReply | None = None,
) -> Result:
    said = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    invocation = Invocation(ID, function(), Event(b""), MOMENT, 3.0)
    return Result(invocation, said, failure, logs, 1.5, None, 9.2, http)


class Recorder:
    """Calls that are answered as a test says, and remembered."""

    def __init__(
        self,
        answer: Result | Callable[[Call], Result],
        *functions: Function,
        rules: WebRules | None = None,
    ) -> None:
        self.functions = functions or (function(),)
        self.rules = rules or WebRules()
        self.answer = answer
        self.made: list[Call] = []
        self.queued: list[Call] = []
        self.parts: tuple[Part, ...] = ()

    def new_id(self, _: Function) -> str:
        return ID

    def invoke(self, call: Call, _: str = "api") -> Result:
        self.made.append(call)
        answer = self.answer if isinstance(self.answer, Result) else self.answer(call)
        invocation = answer.invocation._replace(
            id=call.id, function=call.function, qualifier=call.qualifier
        )
        return answer._replace(invocation=invocation)

    def stream(self, call: Call) -> Iterator[Part | Result]:
        return iter((*self.parts, self.invoke(call)))

    def enqueue(self, call: Call) -> None:
        self.queued.append(call)

    def visit(self, _: Function, __: HttpRequest, ___: str) -> HttpReply:
        raise AssertionError("no endpoint of this cloud hands requests on")


@pytest.fixture
def rules() -> WebRules:
    return WebRules()
