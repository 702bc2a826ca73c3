"""What handlers in Python and Node.js receive, print and answer (contract, sections 2, 3 and 8)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.model import FailureKind, Function
from tests import interpreters
from tests.clouds.aws.conftest import Invoke

CONTEXT = json.dumps({"client": {"installation_id": "x"}, "custom": {"a": 1}, "env": {}})
FILES = {"python": ("app.py", "python3.13"), "nodejs": ("app.js", "nodejs20.x")}
Make = Callable[..., Function]


@pytest.fixture
def runner() -> str:
    return "process"


@pytest.fixture
def handler(tmp_path: Path) -> Make:
    """Make a function of one file of a language."""

    def make(language: str, text: str, runtime: str = "", **changes: object) -> Function:
        file, usual = FILES[language]
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / file).write_text(text)
        function = Function("greet", runtime or usual, "app.handler", code, timeout_s=5)
        return function._replace(**changes)

    return make


TOLD = {
    "python": """\
import os

def handler(event, context):
    client = context.client_context
    return {
        "id": context.aws_request_id,
        "name": [context.function_name, context.function_version],
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "log": [context.log_group_name, context.log_stream_name],
        "stream": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        "trace": os.environ["_X_AMZN_TRACE_ID"],
        "left": context.get_remaining_time_in_millis(),
        "client": [client.client.installation_id, client.custom],
        "event": event,
    }
""",
    "nodejs": """\
exports.handler = async (event, context) => ({
  id: context.awsRequestId,
  name: [context.functionName, context.functionVersion],
  arn: context.invokedFunctionArn,
  memory: context.memoryLimitInMB,
  log: [context.logGroupName, context.logStreamName],
  stream: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  trace: process.env._X_AMZN_TRACE_ID,
  left: context.getRemainingTimeInMillis(),
  client: [context.clientContext.client.installation_id, context.clientContext.custom],
  event: event,
});
""",
}


@pytest.mark.parametrize("language", FILES)
def test_a_context_tells_all_about_a_call(language: str, handler: Make, invoke: Invoke) -> None:
    function = handler(language, TOLD[language], memory_mb=256)

    result = invoke(function, '{"é": [1]}', client_context=CONTEXT, qualifier="live")

    told = json.loads(result.payload)
    assert told.pop("id") == result.invocation.id
    assert told.pop("trace").startswith("Root=1-")
    assert 0 < told.pop("left") <= 5000
    group, stream = told.pop("log")
    assert group == "/aws/lambda/greet"
    assert "[$LATEST]" in stream
    assert told == {
        "name": ["greet", "$LATEST"],
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:greet:live",
        "memory": "256",
        "stream": stream,
        "client": ["x", {"a": 1}],
        "event": {"é": [1]},
    }


@pytest.mark.parametrize("language", FILES)
def test_an_empty_event_is_an_empty_object(language: str, handler: Make, invoke: Invoke) -> None:
    echo = {
        "python": "def handler(event, context):\n    return event\n",
        "nodejs": "exports.handler = async (event) => event;\n",
    }

    assert json.loads(invoke(handler(language, echo[language]), "").payload) == {}


LOGGED = {
    "python": """\
import logging

def handler(event, context):
    logging.debug("quiet")
    logging.warning("with %d", 7, extra={"order": 3})
    try:
        raise ValueError("boom")
    except ValueError:
        logging.exception("caught")
    print("plain")
""",
    "nodejs": """\
exports.handler = async () => {
  console.debug('quiet');
  console.warn('with %d', 7);
  console.error(new RangeError('boom'));
  console.info({ order: 3 });
  process.stdout.write('plain\\n');
};
""",
}


@pytest.mark.parametrize("language", FILES)
def test_a_log_in_json_is_one_object_a_line(language: str, handler: Make, invoke: Invoke) -> None:
    told = {"log_format": "JSON", "application_log_level": "INFO"}
    function = handler(language, LOGGED[language], attributes=told)

    result = invoke(function)

    lines = result.logs.decode().splitlines()
    assert "plain" in lines
    records = [json.loads(line) for line in lines if line != "plain"]
    own = [each for each in records if "level" in each]
    assert [each["level"] for each in own][:2] == ["WARN" + "ING" * (language == "python"), "ERROR"]
    assert own[0]["message"] == "with 7"
    assert all(each["requestId"] == result.invocation.id for each in own)
    assert own[1]["errorMessage"] == "boom"
    assert own[1]["errorType"] in ("ValueError", "RangeError")
    platform = [each["type"] for each in records if "type" in each]
    kinds = ("initStart", "start", "runtimeDone", "report")
    assert platform == [f"platform.{each}" for each in kinds]


@pytest.mark.parametrize(
    ("runtime", "payload"),
    [("python3.11", b'{"t": "\\u00e9"}'), ("python3.12", '{"t": "é"}'.encode())],
)
def test_an_answer_is_ascii_up_to_python_3_11_and_utf_8_since(
    handler: Make, invoke: Invoke, runtime: str, payload: bytes
) -> None:
    text = "def handler(event, context):\n    return {'t': '\\u00e9'}\n"

    assert invoke(handler("python", text, runtime)).payload == payload


def test_bytes_and_decimals_are_answered_as_the_platform_does(
    handler: Make, invoke: Invoke
) -> None:
    text = """\
from decimal import Decimal

def handler(event, context):
    return b"\\xff\\x00" if event else [Decimal("1.5"), Decimal("2"), float("nan")]
"""
    function = handler("python", text)

    assert invoke(function, "true").payload == b"\xff\x00"
    assert invoke(function, "false").payload == b"[1.5, 2, NaN]"


def test_a_coroutine_is_no_answer_in_python(handler: Make, invoke: Invoke) -> None:
    failed = invoke(handler("python", "async def handler(event, context):\n    return 1\n"))

    assert failed.failure is not None
    assert failed.failure.error_type == "Runtime.MarshalError"


def test_a_handler_with_a_callback_is_refused_since_nodejs_24(
    handler: Make, invoke: Invoke
) -> None:
    text = "exports.handler = (event, context, callback) => callback(null, 1);\n"

    refused = invoke(handler("nodejs", text, "nodejs24.x"))
    taken = invoke(handler("nodejs", text, "nodejs22.x"))

    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.HANDLER_MISSING
    assert taken.payload == b"1"


def test_a_stream_with_a_status_is_one_answer_that_says_what_it_is(
    handler: Make, invoke: Invoke
) -> None:
    text = """\
const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const told = { statusCode: 201, headers: { 'x-id': context.awsRequestId } };
  stream = awslambda.HttpResponseStream.from(stream, told);
  await pipeline(Readable.from(['ma', 'de']), stream);
});
"""

    result = invoke(handler("nodejs", text))

    head, _, body = result.payload.partition(bytes(8))
    assert json.loads(head)["headers"] == {"x-id": result.invocation.id}
    assert body == b"made"
    assert result.http is not None
    kind = "application/vnd.awslambda.http-integration-response"
    assert result.http.header("content-type") == kind


SLOW = "import time\ntime.sleep(0.4)\n\ndef handler(event, context):\n    return 'fine'\n"


def test_loading_does_not_count_against_the_limit_of_a_call(handler: Make, invoke: Invoke) -> None:
    result = invoke(handler("python", SLOW, timeout_s=0.3))

    assert result.payload == b'"fine"'
    assert result.duration_ms < 300
    assert result.cold_start_ms is not None
    assert result.cold_start_ms > 400


def test_code_that_is_printed_while_it_is_loaded_comes_before_the_call(
    handler: Make, invoke: Invoke
) -> None:
    result = invoke(handler("python", "print('loading')\n" + SLOW))

    lines = result.logs.decode().splitlines()
    assert lines[0].startswith("INIT_START Runtime Version: python:3.13")
    assert lines[1] == "loading"
    assert lines[2].startswith("START RequestId")


def test_a_module_that_leaves_while_it_is_loaded_is_an_exit(handler: Make, invoke: Invoke) -> None:
    failed = invoke(handler("python", "import sys\nsys.exit(7)\n"))

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.EXITED
    assert json.loads(failed.payload)["errorMessage"].endswith("exit status 7")


@pytest.mark.parametrize("major", [each for each in interpreters.nodes() if int(each) >= 8])
def test_handlers_run_in_each_nodejs_that_the_cloud_has_had(
    handler: Make, invoke: Invoke, major: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = {"8": "nodejs8.10"}.get(major, f"nodejs{major}.x")
    variable = "LOCALFN_NODE" + ("8_10" if major == "8" else major)
    monkeypatch.setenv(variable, str(interpreters.nodes()[major]))
    text = "exports.handler = async (event) => { console.log('hello'); return event; };\n"

    result = invoke(handler("nodejs", text, runtime), '{"a": 1}')

    assert result.payload == b'{"a":1}', result.payload
    assert f"\t{result.invocation.id}\tINFO\thello\n".encode() in result.logs


EVERYWHERE = """\
import logging
import os

logging.getLogger().setLevel(logging.INFO)

def handler(event, context):
    logging.info("hello %s", event["a"])
    print("plain")
    if event.get("raise"):
        raise ValueError("boom")
    left_ms = context.get_remaining_time_in_millis()
    return {"a": event["a"], "memory": context.memory_limit_in_mb, "left": left_ms > 0}
"""


@pytest.mark.parametrize("version", list(interpreters.found()))
def test_handlers_run_in_each_python_that_the_cloud_has_had(
    handler: Make, invoke: Invoke, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interpreters.found()[version]
    monkeypatch.setenv(f"LOCALFN_PYTHON{version.replace('.', '_')}", str(path))
    function = handler("python", EVERYWHERE, f"python{version}")

    result = invoke(function, '{"a": 1}')
    failed = invoke(function, '{"a": 1, "raise": true}')

    assert json.loads(result.payload) == {"a": 1, "memory": "128", "left": True}, result.payload
    assert f"\t{result.invocation.id}\thello 1\nplain\n".encode() in result.logs
    told = json.loads(failed.payload)
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "boom")
    assert told["stackTrace"][-1].startswith('  File "/var/task/app.py", line 10, in handler')
