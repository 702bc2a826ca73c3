"""What a program has started ends with it."""

import os
import sys
import time
from pathlib import Path

import pytest

from localfn.instances.child import Child
from localfn.model import Function, InstancePlan, Site

# Starts a sleeper in a session of its own, as debuggers do with their program; tells its number.
STARTER = """\
import subprocess, sys, time
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                           start_new_session=True)
print(sleeper.pid, flush=True)
time.sleep(60)
"""
LIMIT_S = 10.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process")
@pytest.mark.parametrize("grace_s", [0.0, 0.1])
def test_what_has_left_the_group_ends_with_it(tmp_path: Path, grace_s: float) -> None:
    function = Function("started", "python3.10", "index.handler", tmp_path)
    command = (sys.executable, "-c", STARTER)
    init = {"layers": []}
    plan = InstancePlan(function, Site.PROCESS, "bootstrap", command, tmp_path, {}, init, 128)
    child = Child(plan, os.environ)
    to_child, told, errors = child.pipes()
    try:
        sleeper = int(os.read(told, 100))
        os.kill(sleeper, 0)
        child.kill(grace_s)

        deadline = time.monotonic() + LIMIT_S
        while _runs(sleeper):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        child.close()
        for each in (to_child, told, errors):
            os.close(each)


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return False
