"""The official runtime interface clients, unmodified: programs that localfn serves.

The one for Node.js has to be compiled (`npm install aws-lambda-ric`): `LOCALFN_TEST_RIC` names the
folder `node_modules` that has it.
"""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.model import FailureKind, Function
from tests.clouds.aws.conftest import Invoke

Make = Callable[..., Function]

PYTHON = "awslambdaric"
PYTHON_PARTS = (PYTHON, "runtime_client", "simplejson", "snapshot_restore_py")
PYTHON_HANDLER = """\
import logging

logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    logging.info("one\\ntwo")
    if event == "raise":
        raise ValueError("boom")
    if event == "set":
        return {1}
    return [context.aws_request_id, context.get_remaining_time_in_millis() > 0]
"""
NODEJS_HANDLER = """\
exports.handler = async (event, context) => {
  console.log('one\\ntwo');
  if (event === 'raise') throw new TypeError('boom');
  if (event === 'aside') {
    Promise.reject(new Error('aside'));
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
  return [context.awsRequestId, context.getRemainingTimeInMillis() > 0];
};

exports.stream = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  stream.write('ma');
  if (event === 'raise') throw new Error('half way');
  stream.end('de');
});
"""


@pytest.fixture
def in_python(program: Make, runner: str) -> Callable[[str], Function]:
    """Make a function whose program is the client for Python."""
    if importlib.util.find_spec(PYTHON) is None:
        pytest.skip("awslambdaric is not here; `pip install -e '.[sdk]'`")
    python = "python3" if runner == "docker" else sys.executable

    def make(handler: str) -> Function:
        text = f"#!/bin/sh\nexport PYTHONPATH=deps\nexec {python} -m {PYTHON} $_HANDLER\n"
        function = program(text, {"app.py": PYTHON_HANDLER}, handler=handler, memory_mb=256)
        for name in PYTHON_PARTS:
            found = importlib.util.find_spec(name)
            assert found is not None
            assert found.origin is not None
            origin = Path(found.origin)
            target = function.code / "deps" / name
            if origin.name == "__init__.py":
                shutil.copytree(origin.parent, target)
            else:
                shutil.copy(origin, function.code / "deps" / origin.name)
        return function

    return make


@pytest.fixture
def in_nodejs(
    program: Make, runner: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Function]:
    """Make a function whose program is the client for Node.js."""
    modules = os.environ.get("LOCALFN_TEST_RIC")
    if not modules:
        pytest.skip("`LOCALFN_TEST_RIC` names no folder that has aws-lambda-ric")
    # It wants a Node.js beside the Python that serves it.
    monkeypatch.setenv("LOCALFN_BASE_POLLING", "localfn-ci/node:20")

    def make(handler: str) -> Function:
        text = "#!/bin/sh\nexec node node_modules/aws-lambda-ric/bin/index.mjs $_HANDLER\n"
        function = program(text, {"app.js": NODEJS_HANDLER}, handler=handler, memory_mb=256)
        shutil.copytree(modules, function.code / "node_modules")
        return function

    return make


def test_the_client_for_python_answers_and_logs(
    in_python: Callable[[str], Function], invoke: Invoke
) -> None:
    function = in_python("app.handler")

    cold, warm = invoke(function), invoke(function)

    for each in (cold, warm):
        assert json.loads(each.payload) == [each.invocation.id, True]
        assert f"\t{each.invocation.id}\tone\ntwo\n".encode() in each.logs
    assert warm.cold_start_ms is None


@pytest.mark.parametrize(
    ("event", "kind"), [('"raise"', "ValueError"), ('"set"', "Runtime.MarshalError")]
)
def test_an_error_of_the_client_for_python_is_its_own_and_the_next_call_works(
    in_python: Callable[[str], Function], invoke: Invoke, event: str, kind: str
) -> None:
    function = in_python("app.handler")

    failed, after = invoke(function, event), invoke(function)

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.HANDLER_RAISED
    assert json.loads(failed.payload)["errorType"] == kind
    assert after.failure is None


def test_code_that_the_client_for_python_cannot_load_is_told_in_its_words(
    in_python: Callable[[str], Function], invoke: Invoke
) -> None:
    failed = invoke(in_python("absent.handler"))

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.INIT_FAILED
    told = json.loads(failed.payload)
    assert told["errorType"] == "Runtime.ImportModuleError"
    assert told["errorMessage"] == "Unable to import module 'absent': No module named 'absent'"


def test_the_client_for_nodejs_answers_and_logs(
    in_nodejs: Callable[[str], Function], invoke: Invoke
) -> None:
    function = in_nodejs("app.handler")

    cold, warm = invoke(function), invoke(function)

    for each in (cold, warm):
        assert json.loads(each.payload) == [each.invocation.id, True]
        assert f"\t{each.invocation.id}\tINFO\tone\ntwo\n".encode() in each.logs
    assert warm.cold_start_ms is None


@pytest.mark.parametrize(
    ("event", "kind"), [('"raise"', "TypeError"), ('"aside"', "Runtime.UnhandledPromiseRejection")]
)
def test_an_error_of_the_client_for_nodejs_is_its_own_and_the_next_call_works(
    in_nodejs: Callable[[str], Function], invoke: Invoke, event: str, kind: str
) -> None:
    function = in_nodejs("app.handler")

    failed, after = invoke(function, event), invoke(function)

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.HANDLER_RAISED
    assert json.loads(failed.payload)["errorType"] == kind
    assert after.failure is None


def test_a_stream_of_the_client_for_nodejs_comes_whole_or_fails(
    in_nodejs: Callable[[str], Function], invoke: Invoke
) -> None:
    function = in_nodejs("app.stream")

    made, failed = invoke(function), invoke(function, '"raise"')

    assert made.payload == b'{"statusCode":201}' + bytes(8) + b"made"
    assert failed.failure is not None
    assert json.loads(failed.payload)["errorMessage"] == "half way"
