"""`localfn invoke` where another tool goes wrong: answers, failures and logs kept apart."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Invoke = Callable[..., "subprocess.CompletedProcess[bytes]"]

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Odd:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code/, Handler: app.handler, Runtime: python3.13, Timeout: 1}
"""
CODE = """\
import os
import sys
import time

def handler(event, context):
    if event == "json printed":
        print('{"statusCode": 500, "errorMessage": "not me"}')
        sys.stderr.write('{"errorType": "NorMe"}')
        return {"statusCode": 200}
    if event == "error as answer":
        return {"errorMessage": "x", "errorType": "y", "requestId": "z", "stackTrace": []}
    if event == "sleep":
        time.sleep(30)
    if event == "fill":
        return len([b"x" * (8 << 20) for _ in range(1000)])
    if event == "exit":
        sys.exit(0)
    if event == "group":
        return [os.environ.get(name) for name in ("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_SAM_LOCAL")]
"""


@pytest.fixture
def invoke(tmp_path: Path) -> Invoke:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    def run(event: str) -> "subprocess.CompletedProcess[bytes]":
        words = ("invoke", "--runner", "process", "--event", json.dumps(event))
        return subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


def test_json_that_a_function_prints_is_never_taken_for_its_answer(invoke: Invoke) -> None:
    done = invoke("json printed")

    assert (done.returncode, done.stdout) == (0, b'{"statusCode": 200}')
    assert b'{"statusCode": 500, "errorMessage": "not me"}\n' in done.stderr


def test_an_answer_that_looks_like_an_error_is_a_good_one(invoke: Invoke) -> None:
    done = invoke("error as answer")

    assert done.returncode == 0
    assert json.loads(done.stdout)["errorMessage"] == "x"


@pytest.mark.parametrize(
    ("event", "kind", "status"),
    [
        ("sleep", "Sandbox.Timedout", "Status: timeout"),
        ("fill", "Runtime.ExitError", "Error Type: Runtime.OutOfMemory"),
        ("exit", "Runtime.ExitError", "Error Type: Runtime.ExitError"),
    ],
)
def test_a_call_that_does_not_end_well_has_an_answer_a_report_and_an_exit_code(
    invoke: Invoke, event: str, kind: str, status: str
) -> None:
    done = invoke(event)

    assert done.returncode == 1
    assert json.loads(done.stdout)["errorType"] == kind
    told = done.stderr.decode()
    assert told.index("INIT_START") < told.index("START RequestId") < told.index("END RequestId")
    (report,) = [line for line in told.splitlines() if line.startswith("REPORT")]
    assert f"\t{status}\t" in report


def test_the_log_group_is_named_as_in_the_cloud_and_nothing_is_made_up(invoke: Invoke) -> None:
    assert json.loads(invoke("group").stdout) == ["/aws/lambda/Odd", None]
