"""The AWS command line, unmodified, against a running gateway."""

import base64
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.clouds.aws.sdk.conftest import HOW
from tests.clouds.aws.serving import Served

pytestmark = pytest.mark.skipif(find_spec("awscli") is None, reason=HOW)


def aws(served: Served, folder: Path, *words: str, fails: bool = False) -> str:
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{served.port}",
        "AWS_MAX_ATTEMPTS": "1",
    }
    told = subprocess.run(
        [sys.executable, "-m", "awscli", "lambda", *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(told.returncode) is fails, told
    return told.stderr if fails else told.stdout


def test_a_function_is_called_and_its_log_shown(served: Served, tmp_path: Path) -> None:
    words = ("--function-name", "orders", "--payload", '{"a": 1}', "--log-type", "Tail", "out.json")

    told = json.loads(aws(served, tmp_path, "invoke", *words))

    assert (tmp_path / "out.json").read_text() == '{"a": 1}'
    assert (told["StatusCode"], told["ExecutedVersion"]) == (200, "$LATEST")
    assert b"printed" in base64.b64decode(told["LogResult"])


def test_a_failed_function_is_told(served: Served, tmp_path: Path) -> None:
    words = ("--function-name", "orders", "--payload", '{"do": "raise"}', "out.json")

    told = json.loads(aws(served, tmp_path, "invoke", *words))

    assert told["FunctionError"] == "Unhandled"
    assert json.loads((tmp_path / "out.json").read_text())["errorType"] == "ValueError"


def test_a_function_that_is_not_there_is_an_error(served: Served, tmp_path: Path) -> None:
    told = aws(served, tmp_path, "invoke", "--function-name", "nope", "out.json", fails=True)

    assert "ResourceNotFoundException" in told


def test_functions_are_listed_and_described(served: Served, tmp_path: Path) -> None:
    names = aws(served, tmp_path, "list-functions", "--query", "Functions[].FunctionName")
    told = json.loads(aws(served, tmp_path, "get-function", "--function-name", "OrdersFunction"))

    assert json.loads(names) == ["orders", "note"]
    assert told["Configuration"]["FunctionName"] == "orders"
