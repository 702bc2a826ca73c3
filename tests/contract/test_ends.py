"""No instance outlives its localfn, however that went."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.conftest import Case

LIMIT_S = 10.0


def marked(mark: str) -> list[str]:
    """The processes whose environment holds this mark, those in containers of this machine too."""
    found = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in each.read_bytes():
                found.append(each.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the processes of containers")
def test_a_function_that_never_pauses_ends_with_a_localfn_that_was_killed(
    case: Case, runner: str
) -> None:
    case.skip_what_it_lacks("spin")
    mark = os.urandom(8).hex()
    function = case.function()
    options = ("--runner", runner, "--runtime", function.runtime, "--env", f"MARK={mark}")
    command = [sys.executable, "-m", "localfn", "-C", str(function.code)]
    command += ["--provider", case.cloud, "invoke", *options, f"{case.facts['file']}:handler"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(case.event(b"spin"))
        running.stdin.close()
        said = iter(running.stderr.readline, b"")
        assert b"before\n" in said
        assert marked(mark)

        running.kill()

        deadline = time.monotonic() + LIMIT_S
        while marked(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert marked(mark) == []
