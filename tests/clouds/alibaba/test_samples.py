"""The samples run with generated events, as their pages say, in both backends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Localfn = Callable[..., "subprocess.CompletedProcess[bytes]"]
ORDER = 'body={"id": 1001, "items": {"tea": 2, "pot": 1}}'


@pytest.fixture
def localfn(tmp_path: Path) -> Localfn:
    def run(*words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=tmp_path,
            env=os.environ,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.parametrize("runner", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_orders_out_of_a_queue_are_booked(localfn: Localfn, runner: str) -> None:
    localfn("init", "alibaba-queue-orders", "sample")
    generate = ("-C", "sample", "invoke", "--runner", runner, "--generate", "mns-queue")

    booked = localfn(*generate, "--set", ORDER, "--count", "2")
    refused = localfn(*generate, "--set", "body=no order")

    assert booked.returncode == 0, booked.stderr
    order = {"id": 1001, "total": 165, "currency": "CNY"}
    assert json.loads(booked.stdout) == {"orders": [order, order], "refused": []}
    assert b"[info] 3 prices" in booked.stderr
    assert b"[info] booked 2 orders" in booked.stderr
    assert [len(each) for each in json.loads(refused.stdout).values()] == [0, 1]


def test_orders_out_of_a_queue_say_what_is_wrong_in_an_older_runtime(
    localfn: Localfn, tmp_path: Path
) -> None:
    localfn("init", "alibaba-queue-orders", "sample")
    template = tmp_path / "sample" / "s.yaml"
    template.write_text(template.read_text().replace("nodejs20", "nodejs16"))

    done = localfn("-C", "sample", "invoke", "--runner", "process", "--generate", "mns-queue")

    assert done.returncode == 1
    assert json.loads(done.stdout)["errorMessage"] == "Module '/code/index.js' is missing."
    assert b"hint: There is `index.mjs`, but nodejs16 loads CommonJS only" in done.stderr
