"""Programs in any language ask for their events (contract aws-lambda, sections 4.3 and 4.4)."""

import base64
import json
import time
from collections.abc import Callable

import pytest

from localfn.model import FailureKind, Function
from tests.clouds.aws.conftest import Invoke

Make = Callable[..., Function]

# Asks as any client would, and does what the test appends.
CLIENT = """#!/usr/bin/env python3
import base64, http.client, json, os, struct, sys, time

BASE = "/2018-06-01/runtime/"
link = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def ask(method, path, body=None, headers={}, **more):
    link.request(method, path if path.startswith("/2") else BASE + path, body, headers, **more)
    answer = link.getresponse()
    return answer, answer.read()


def take():
    answer, event = ask("GET", "invocation/next")
    return answer.headers, event


def give(id_, body, headers={}, what="response", **more):
    answer, told = ask("POST", "invocation/%s/%s" % (id_, what), body, headers, **more)
    return answer.status, told.decode()
"""
ECHO = (
    CLIENT
    + """
while True:
    told, event = take()
    id_ = told["Lambda-Runtime-Aws-Request-Id"]
    give(id_, json.dumps({"told": dict(told.items()), "event": json.loads(event)}))
"""
)


def test_a_program_learns_all_about_an_event(invoke: Invoke, program: Make) -> None:
    context = json.dumps({"client": {"installation_id": "x"}})

    result = invoke(program(ECHO), '{"a": 1}', client_context=context, qualifier="live")

    told = json.loads(result.payload)
    headers = {name.lower(): value for name, value in told["told"].items()}
    assert told["event"] == {"a": 1}
    assert headers["lambda-runtime-aws-request-id"] == result.invocation.id
    left_ms = int(headers["lambda-runtime-deadline-ms"]) - time.time() * 1000
    assert 0 < left_ms <= 10_000
    arn = "arn:aws:lambda:us-east-1:123456789012:function:greet:live"
    assert headers["lambda-runtime-invoked-function-arn"] == arn
    assert headers["lambda-runtime-trace-id"].startswith("Root=1-")
    assert json.loads(headers["lambda-runtime-client-context"]) == json.loads(context)
    assert "lambda-runtime-cognito-identity" not in headers
    assert headers["content-type"] == "application/json"


def test_an_answer_is_taken_once_and_only_for_what_was_asked(invoke: Invoke, program: Make) -> None:
    function = program(
        CLIENT
        + """
said = []
while True:
    told, _ = take()
    id_ = told["Lambda-Runtime-Aws-Request-Id"]
    said.append(give("00000000-0000-0000-0000-000000000000", "1"))
    said.append(give(id_, json.dumps(said)))
    said.append(give(id_, "3"))
"""
    )

    invoke(function)
    second = json.loads(invoke(function).payload)

    unknown = {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
    assert [(status, json.loads(text)) for status, text in second[:3]] == [
        (400, unknown),
        (202, {"status": "OK"}),
        (400, unknown),
    ]


def test_an_error_is_passed_on_as_the_program_words_it(invoke: Invoke, program: Make) -> None:
    function = program(
        CLIENT
        + """
while True:
    told, _ = take()
    error = {"errorMessage": "no stock", "errorType": "OutOfStock", "cause": {"item": 7}}
    headers = {"Lambda-Runtime-Function-Error-Type": "Function.OutOfStock"}
    give(told["Lambda-Runtime-Aws-Request-Id"], json.dumps(error), headers, "error")
"""
    )

    failed = invoke(function)

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.HANDLER_RAISED
    assert failed.failure.error_type == "Function.OutOfStock"
    assert json.loads(failed.payload)["cause"] == {"item": 7}
    assert invoke(function).cold_start_ms is None


def test_an_answer_that_looks_like_an_error_is_none(invoke: Invoke, program: Make) -> None:
    function = program(
        CLIENT
        + """
while True:
    told, _ = take()
    body = '{"errorMessage": "all is well", "errorType": "Error"}'
    give(told["Lambda-Runtime-Aws-Request-Id"], body)
"""
    )

    result = invoke(function)

    assert result.failure is None
    assert json.loads(result.payload)["errorMessage"] == "all is well"


STREAM = (
    CLIENT
    + """
def chunks():
    yield b'{"statusCode": 201}' + bytes(8)
    yield b"made"


def send(id_, end):
    link.putrequest("POST", BASE + "invocation/%s/response" % id_)
    link.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    link.putheader("Content-Type", "application/vnd.awslambda.http-integration-response")
    link.putheader("Transfer-Encoding", "chunked")
    link.endheaders()
    for piece in chunks():
        link.send(b"%x\\r\\n%s\\r\\n" % (len(piece), piece))
    link.send(b"0\\r\\n" + end + b"\\r\\n")
    assert link.getresponse().read()


while True:
    told, event = take()
    trailers = json.loads(event)
    end = b"".join(b"%s: %s\\r\\n" % (k.encode(), v.encode()) for k, v in trailers.items())
    send(told["Lambda-Runtime-Aws-Request-Id"], end)
"""
)


def test_an_answer_in_pieces_is_whole_and_says_what_it_is(invoke: Invoke, program: Make) -> None:
    result = invoke(program(STREAM))

    assert result.payload == b'{"statusCode": 201}' + bytes(8) + b"made"
    assert result.http is not None
    kind = "application/vnd.awslambda.http-integration-response"
    assert result.http.header("content-type") == kind


def test_a_stream_that_breaks_off_with_an_error_has_failed(invoke: Invoke, program: Make) -> None:
    body = json.dumps({"errorMessage": "half way", "errorType": "Oops"})
    trailers = {
        "Lambda-Runtime-Function-Error-Type": "Runtime.StreamError",
        "Lambda-Runtime-Function-Error-Body": base64.b64encode(body.encode()).decode(),
    }

    failed = invoke(program(STREAM), json.dumps(trailers))

    assert failed.failure is not None
    assert failed.failure.error_type == "Runtime.StreamError"
    assert failed.payload == body.encode()


def test_a_program_that_ends_after_an_error_serves_no_other_call(
    invoke: Invoke, program: Make
) -> None:
    function = program(
        CLIENT
        + """
told, event = take()
if event == b"true":
    give(told["Lambda-Runtime-Aws-Request-Id"], '{"errorType": "Fatal"}', {}, "error")
    time.sleep(0.05)
    sys.exit(128)
give(told["Lambda-Runtime-Aws-Request-Id"], "1")
take()
"""
    )

    failed = invoke(function, "true")
    after = invoke(function, "false")

    assert failed.failure is not None
    assert json.loads(failed.payload) == {"errorType": "Fatal"}
    assert after.payload == b"1"


@pytest.mark.parametrize(
    ("number", "how"),
    [(11, "signal: segmentation fault"), (15, "signal: terminated"), (13, "exit status 141")],
)
def test_a_program_that_a_signal_ends_is_told_so_and_the_next_call_works(
    invoke: Invoke, program: Make, number: int, how: str
) -> None:
    function = program(
        CLIENT
        + """
import signal
while True:
    told, event = take()
    if event != b"0":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), int(event))
        time.sleep(5)
    give(told["Lambda-Runtime-Aws-Request-Id"], "1")
"""
    )

    failed, after = invoke(function, str(number)), invoke(function, "0")

    assert json.loads(failed.payload)["errorMessage"].endswith(f"exited with error: {how}")
    assert after.payload == b"1"


def test_records_in_frames_are_printed_with_their_lines_as_they_are(
    invoke: Invoke, program: Make
) -> None:
    function = program(
        CLIENT
        + """
records = int(os.environ["_LAMBDA_TELEMETRY_LOG_FD"])
while True:
    told, _ = take()
    for text in (b"one\\ntwo", b"three"):
        os.write(records, struct.pack(">IIQ", 0xA55A000E, len(text), 0) + text)
    give(told["Lambda-Runtime-Aws-Request-Id"], "1")
"""
    )

    logs = invoke(function).logs + invoke(function).logs

    assert logs.count(b"one\ntwo\nthree\nEND RequestId") == 2


def test_a_program_is_found_in_a_layer_too(invoke: Invoke, program: Make) -> None:
    function = program(ECHO)
    layer = function.code.parent / ".localfn" / "layers" / "runtime"
    layer.mkdir(parents=True)
    (function.code / "bootstrap").rename(layer / "bootstrap")

    result = invoke(function._replace(layers=("runtime",)), "7")

    assert result.failure is None, result.payload
    assert json.loads(result.payload)["event"] == 7


def test_what_a_program_finds_around_it_is_what_the_platform_sets(
    invoke: Invoke, program: Make
) -> None:
    function = program(
        CLIENT
        + """
while True:
    told, event = take()
    found = {name: os.environ.get(name) for name in json.loads(event)}
    give(told["Lambda-Runtime-Aws-Request-Id"], json.dumps([found, os.getcwd()]))
""",
        environment={"STAGE": "dev", "AWS_REGION": "nowhere"},
    )
    names = ["_HANDLER", "STAGE", "AWS_REGION", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT"]

    found, folder = json.loads(invoke(function, json.dumps(names)).payload)

    assert found == {
        "_HANDLER": "some.handler",
        "STAGE": "dev",
        "AWS_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": None,
        "LAMBDA_TASK_ROOT": folder,
    }
