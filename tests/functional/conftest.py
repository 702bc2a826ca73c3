"""The command line as a user runs it: a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  echo:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: echo
      runtime: python3.10
      handler: index.handler
      code: ./code
      memorySize: 256
      timeout: 20
      environmentVariables: {STAGE: dev}
      triggers:
        - triggerName: tick
          triggerType: timer
          triggerConfig: {cronExpression: '@every 5m', enable: true, payload: '{"job":"sweep"}'}
        - triggerName: onput
          triggerType: oss
          sourceArn: acs:oss:cn-hangzhou:1234567890123456:shop-img
          triggerConfig:
            events: ['oss:ObjectCreated:PutObject']
            filter: {key: {prefix: raw/, suffix: .jpg}}
"""
CODE = """\
import os, sys, time

def handler(event, context):
    print("printed")
    if event == b"fail":
        raise ValueError("no")
    if event == b"sleep":
        print("pid %d" % os.getpid())
        time.sleep(60)
    if event == b"env":
        return os.environ["STAGE"] + " " + os.environ.get("EXTRA", "-")
    return event
"""

Localfn = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text(CODE)
    (tmp_path / "s.yaml").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def environ() -> dict[str, str]:
    """The machine's environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCALFN_")}


@pytest.fixture
def localfn(project: Path, environ: dict[str, str]) -> Localfn:
    """Run the command in the project; returns its exit code and both outputs."""

    def run(*words: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            input=given,
            capture_output=True,
            cwd=project,
            env=environ,
            timeout=60,
            check=False,
        )

    return run
