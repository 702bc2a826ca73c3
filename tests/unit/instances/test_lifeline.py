"""A guest ends with localfn, whatever its code is doing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localfn.instances.lifeline import Lifeline

SPIN = ("/bin/sh", "-c", "sleep 60 & echo $!; while :; do :; done")
# Starts a guest on a line, tells its number and its child's, and waits.
HOST = """
import subprocess, sys, time
from localfn.instances.lifeline import Lifeline
line = Lifeline(by_kernel=sys.argv[1] == "kernel")
guest = subprocess.Popen(line.wrap(tuple(sys.argv[2:])), pass_fds=(line.guests_end,),
                         start_new_session=True, stdout=subprocess.PIPE)
line.tie(guest.pid)
print(guest.pid, int(guest.stdout.readline()), flush=True)
time.sleep(60)
"""


@pytest.fixture(params=["kernel", "shell"])
def way(request: pytest.FixtureRequest) -> str:
    if request.param == "kernel" and sys.platform != "linux":
        pytest.skip("only Linux signals the end of a pipe to a group")
    return request.param


@pytest.fixture
def started(way: str) -> Iterator[tuple[Lifeline, "subprocess.Popen[bytes]"]]:
    line = Lifeline(by_kernel=way == "kernel")
    with subprocess.Popen(
        line.wrap(SPIN),
        pass_fds=(line.guests_end,),
        start_new_session=True,
        stdout=subprocess.PIPE,
    ) as guest:
        line.tie(guest.pid)
        yield line, guest
        line.close()
        guest.kill()


def gone_within(pid: int, limit_s: float) -> bool:
    """Whether a process is gone or a zombie by then."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_spinning_guest_and_its_children_end_with_a_host_that_was_killed(way: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOST, way, *SPIN], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        guest, child = map(int, host.stdout.readline().split())

        host.kill()

        assert gone_within(guest, 5)
        assert gone_within(child, 5)


def test_a_guest_runs_on_as_long_as_the_line_is_held(
    started: tuple[Lifeline, "subprocess.Popen[bytes]"],
) -> None:
    _, guest = started

    with pytest.raises(subprocess.TimeoutExpired):
        guest.wait(0.3)


def test_letting_go_twice_ends_the_guest_once(
    started: tuple[Lifeline, "subprocess.Popen[bytes]"],
) -> None:
    line, guest = started
    assert guest.stdout is not None
    guest.stdout.readline()

    line.close()
    line.close()

    assert guest.wait(5) == -signal.SIGKILL


def test_a_line_that_was_never_tied_leaves_no_descriptor_open(way: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    line = Lifeline(by_kernel=way == "kernel")

    line.close()

    assert len(os.listdir("/proc/self/fd")) == before
