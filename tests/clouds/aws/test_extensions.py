"""Extensions run beside the program and hear of events and of the end (contract, section 4.5)."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from localfn.instances import namespace
from localfn.model import FailureKind, Function, Volume
from tests.clouds.aws.conftest import Invoke, opened
from tests.clouds.aws.test_runtime_api import CLIENT, ECHO

Make = Callable[..., Function]

EXTENSION = """#!/usr/bin/env python3
import http.client, json, os, sys

BASE = "/2020-01-01/extension/"
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
name = os.path.basename(sys.argv[0])


def say(text):
    os.write(1, ("%s: %s\\n" % (name, text)).encode())


def ask(method, path, body=None, **headers):
    told = {"Lambda-Extension-" + key: value for key, value in headers.items()}
    link.request(method, path, body, told)
    answer = link.getresponse()
    return answer, json.loads(answer.read())


answer, told = ask("POST", BASE + "register", EVENTS, Name=name)
id_ = answer.headers["Lambda-Extension-Identifier"]
say("registered with %s" % told["functionName"])
telemetry, _ = ask("PUT", "/2022-07-01/telemetry", "{}", Identifier=id_)
assert telemetry.status == 202
while True:
    _, event = ask("GET", BASE + "event/next", Identifier=id_)
    said = event["eventType"] + " " + event.get("requestId", event.get("shutdownReason", ""))
    if os.path.isdir("/mnt/localfn-told"):
        with open("/mnt/localfn-told/told", "a") as told:
            told.write(said + "\\n")
    if event["eventType"] == "SHUTDOWN":
        sys.exit(0)
"""
BOTH = EXTENSION.replace("EVENTS", json.dumps('{"events": ["INVOKE", "SHUTDOWN"]}'))
ONLY_INVOKE = EXTENSION.replace("EVENTS", json.dumps('{"events": ["INVOKE"]}'))


def with_extension(function: Function, *texts: str) -> Function:
    """Return the function with a layer that has these extensions."""
    folder = function.code.parent / ".localfn" / "layers" / "extended" / "extensions"
    folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        file = folder / f"watcher{number}"
        file.write_text(text)
        file.chmod(0o755)
    return function._replace(layers=("extended",))


# More than one read or write takes.
LARGE = {"text": "x" * 3_000_000}
HANDLERS = {
    "python": (
        "python3.13",
        "app.py",
        """\
import os

def handler(event, context):
    if event.get("end"):
        os._exit(7)
    return [context.aws_request_id, "AWS_LAMBDA_RUNTIME_API" in os.environ, event]
""",
    ),
    "nodejs": (
        "nodejs20.x",
        "app.js",
        """\
exports.handler = (event, context, done) => {
  if (event.end) {
    process.exit(7);
  }
  done(null, [context.awsRequestId, 'AWS_LAMBDA_RUNTIME_API' in process.env, event]);
};
""",
    ),
}


@pytest.fixture(params=HANDLERS)
def handled(request: pytest.FixtureRequest, program: Make) -> Function:
    """Return a function in a language that localfn runs itself."""
    runtime, file, text = HANDLERS[request.param]
    return program("", {file: text}, runtime=runtime, handler="app.handler")


def hearing(runner: str) -> Volume:
    """Return a folder in which an extension tells what it hears."""
    if runner == "process" and not namespace.can_show("/mnt/localfn-told"):
        pytest.skip("this machine lets nobody have a mount namespace")
    return Volume("told:/", "/mnt/localfn-told")


def heard(function: Function, root: Path) -> list[str]:
    """Return what the extension of a function has heard."""
    folder = root / ".localfn" / "mounts" / function.key / "mnt" / "localfn-told"
    return (folder / "told").read_text().splitlines()


def test_an_extension_beside_a_handler_hears_of_every_event_and_of_the_end(
    runner: str, handled: Function, tmp_path: Path
) -> None:
    function = with_extension(handled, BOTH)._replace(mounts=(hearing(runner),))

    with closing(opened(runner, tmp_path)) as session:
        invoke = next(session)
        first = invoke(function, '{"é": 1}')
        second = invoke(function, json.dumps(LARGE))

    assert json.loads(first.payload) == [first.invocation.id, True, {"é": 1}]
    assert json.loads(second.payload) == [second.invocation.id, True, LARGE]
    assert second.cold_start_ms is None
    assert b"watcher0: registered with greet\n" in first.logs
    assert heard(function, tmp_path) == [
        f"INVOKE {first.invocation.id}",
        f"INVOKE {second.invocation.id}",
        "SHUTDOWN SPINDOWN",
    ]


def test_an_extension_beside_a_handler_keeps_no_answer_back(
    invoke: Invoke, handled: Function
) -> None:
    endless = ONLY_INVOKE.replace("import ", "import time, ")
    endless = endless.replace("    said = ", "    time.sleep(600)\n    said = ")
    function = with_extension(handled, endless)

    assert invoke(function).failure is None
    assert invoke(function).failure is None


def test_a_handler_beside_an_extension_that_crashes_is_not_called(
    invoke: Invoke, handled: Function
) -> None:
    function = with_extension(handled, BOTH, "#!/bin/sh\nexit 3\n")

    failed = invoke(function)

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.INIT_FAILED
    told = json.loads(failed.payload)
    assert told["errorType"] == "Extension.Crash"
    assert told["errorMessage"].endswith("Error: watcher1: exit status 3")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("#!/nowhere\n", "Extension.LaunchError", "watcher0: No such file or directory"),
        (
            EXTENSION.replace("EVENTS", "'{}'").replace(
                "while True:\n",
                'ask("POST", BASE + "init/error", "no key", Identifier=id_)\nwhile 1:\n',
            ),
            "Extension.InitError",
            "no key",
        ),
    ],
)
def test_a_handler_beside_an_extension_that_cannot_begin_is_not_called(
    text: str, kind: str, said: str, invoke: Invoke, handled: Function
) -> None:
    failed = invoke(with_extension(handled, text))

    told = json.loads(failed.payload)
    assert told["errorType"] == kind
    assert told["errorMessage"].endswith(f"Error: {said}")


def test_a_handler_that_ends_its_process_beside_an_extension_is_worded_as_without(
    invoke: Invoke, handled: Function
) -> None:
    plain = invoke(handled._replace(name="plain"), '{"end": true}')
    function = with_extension(handled, BOTH)

    failed = invoke(function, '{"end": true}')

    assert failed.failure is not None
    assert plain.failure is not None
    assert (failed.failure.kind, failed.failure.code) == (plain.failure.kind, plain.failure.code)
    assert invoke(function).failure is None


def test_a_handler_without_extensions_has_no_interface(invoke: Invoke, handled: Function) -> None:
    assert json.loads(invoke(handled).payload)[1] is False


def test_an_extension_registers_hears_of_every_event_and_of_the_end(
    runner: str, program: Make, tmp_path: Path
) -> None:
    if runner == "process" and not namespace.can_show("/mnt/localfn-told"):
        pytest.skip("this machine lets nobody have a mount namespace")
    volume = Volume("told:/", "/mnt/localfn-told")
    function = with_extension(program(ECHO), BOTH)._replace(mounts=(volume,))
    told = tmp_path / ".localfn" / "mounts" / function.key / "mnt" / "localfn-told" / "told"

    with closing(opened(runner, tmp_path)) as session:
        invoke = next(session)
        first, second = invoke(function), invoke(function)

    assert b"watcher0: registered with greet\n" in first.logs
    assert told.read_text().splitlines() == [
        f"INVOKE {first.invocation.id}",
        f"INVOKE {second.invocation.id}",
        "SHUTDOWN SPINDOWN",
    ]


def test_an_extension_that_does_not_want_the_end_holds_up_nothing(
    invoke: Invoke, program: Make
) -> None:
    function = with_extension(program(ECHO), ONLY_INVOKE)

    assert invoke(function).failure is None
    assert invoke(function).cold_start_ms is None


def test_an_extension_that_ends_before_it_is_ready_is_worded_as_in_the_cloud(
    invoke: Invoke, program: Make
) -> None:
    function = with_extension(program(ECHO), "#!/bin/sh\nexit 3\n")

    failed = invoke(function)

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.INIT_FAILED
    told = json.loads(failed.payload)
    assert told["errorType"] == "Extension.Crash"
    assert told["errorMessage"].endswith("Error: watcher0: exit status 3")


def test_an_extension_inside_the_runtime_may_only_ask_for_events(
    invoke: Invoke, program: Make
) -> None:
    function = program(
        CLIENT
        + """
answer, told = ask(
    "POST", "/2020-01-01/extension/register", '{"events": ["INVOKE"]}',
    {"Lambda-Extension-Name": "inside", "Lambda-Extension-Accept-Feature": "accountId"},
)
registered = [answer.status, json.loads(told)]
stranger = {"Lambda-Extension-Identifier": "who"}
answer, told = ask("GET", "/2020-01-01/extension/event/next", None, stranger)
registered.append(answer.status)
while True:
    told, _ = take()
    give(told["Lambda-Runtime-Aws-Request-Id"], json.dumps(registered))
"""
    )

    status, told, unknown = json.loads(invoke(function).payload)

    assert (status, unknown) == (200, 403)
    assert told == {
        "functionName": "greet",
        "functionVersion": "$LATEST",
        "handler": "some.handler",
        "accountId": "123456789012",
    }
