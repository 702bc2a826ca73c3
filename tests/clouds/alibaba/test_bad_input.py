"""What people get wrong is answered by the cloud's error and one line that says what to do.

What only servers can get wrong is in the contract suite (`failures` of `contract.json`) and in
`test_servers.py`, as are ES modules against CommonJS.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import open_session
from localfn.model import Call, Event, Function, Result
from localfn.project import Project
from localfn.settings import resolve

FUNCTIONS = Path(__file__).parents[2] / "functions" / "alibaba"
CODE = {"python3.10": FUNCTIONS / "python", "nodejs20": FUNCTIONS / "nodejs"}
BOTH = tuple(CODE)
Invoke = Callable[[Function, bytes], Result]


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def invoke(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Invoke]:
    settings = resolve({"project": str(tmp_path), "runner": request.param}, os.environ)
    project = Project(tmp_path, None, providers.load("alibaba"), ())
    with open_session(settings, project, lambda line: None) as session:
        yield lambda function, payload: session.invoke(
            Call(function, Event(payload)), lambda text: None
        )


def function(runtime: str, handler: str) -> Function:
    return Function("resize", runtime, handler, CODE[runtime], timeout_s=20)


@pytest.mark.parametrize("runtime", BOTH)
@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"\xa1\x61\x61\xff", "4 bytes of binary data"),
        (b"plain words", "is no JSON"),
        (b"", "is empty"),
    ],
)
def test_an_event_that_is_no_json_is_told_and_the_next_call_works(
    invoke: Invoke, runtime: str, payload: bytes, told: str
) -> None:
    reader = function(runtime, "files.handler")

    failed = invoke(reader, payload)
    after = invoke(reader, b"{}")

    assert failed.failure is not None
    assert b"Error" in failed.payload
    assert told in failed.failure.advice
    assert after.failure is None


@pytest.mark.parametrize(
    ("runtime", "handler", "error", "told"),
    [
        ("python3.10", "index", b"InvalidHandleName", "A handler is written `file.function`"),
        ("nodejs20", "index", b"InvalidHandlerName", "A handler is written `file.export`"),
        (
            "python3.10",
            "com.example.App::handle",
            b"ImportModuleError",
            "a handler is written `file.function`",
        ),
        (
            "nodejs20",
            "com.example.App::handle",
            b"ImportModuleError",
            "a handler is written `file.export`",
        ),
    ],
)
def test_a_handler_of_another_languages_shape_is_told(
    invoke: Invoke, runtime: str, handler: str, error: bytes, told: str
) -> None:
    failed = invoke(function(runtime, handler), b"{}")

    assert failed.failure is not None
    assert error in failed.payload
    assert told in failed.failure.advice
