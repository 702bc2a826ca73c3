"""The relay of custom runtimes with a real virtual machine and its own debugger, `jdb`."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localfn.debug.any_relay import AnyRelay
from localfn.debug.clock import Clock
from localfn.debug.debugger import free_port
from localfn.debug.door import Door
from localfn.debug.own import own
from localfn.debug.target import Target

LIMIT_S = 60.0
CODE = """\
public class Handler {
    public static void main(String[] given) {
        int total = 42;
        total += 1;
        System.out.println("answer " + total);
    }
}
"""


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """A compiled program; a machine without a compiler of Java cannot say anything here."""
    if shutil.which("javac") is None or shutil.which("jdb") is None:
        pytest.skip("there is no JDK")
    (tmp_path / "Handler.java").write_text(CODE)
    subprocess.run(["javac", "-g", "Handler.java"], cwd=tmp_path, check=True, timeout=LIMIT_S)
    return tmp_path


@pytest.fixture
def relay(port: int) -> Iterator[AnyRelay]:
    made = AnyRelay("resize", Clock())
    door = Door(port, "resize", made.greet)
    yield made
    door.close()
    made.close()


def start(classes: Path, inside: int) -> "subprocess.Popen[bytes]":
    """Start the program with the variables that localfn names, waiting for its debugger."""
    needs = own("java", inside)
    assert needs is not None
    options = {
        name: value.replace("suspend=n", "suspend=y") for name, value in needs.variables.items()
    }
    return subprocess.Popen(
        ["java", "-cp", str(classes), "Handler"],
        env={**os.environ, **options},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


class Jdb:
    """The debugger, driven by what a person would type."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            ["jdb", "-attach", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self.said = ""

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def await_text(self, text: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            assert self._process.stdout is not None
            self.said += (self._process.stdout.read() or b"").decode(errors="replace")
            time.sleep(0.02)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_jdb_stops_reads_and_goes_on_in_two_programs_one_after_the_other(
    classes: Path, relay: AnyRelay, port: int
) -> None:
    for _ in range(2):
        inside = free_port()
        relay.point(Target("127.0.0.1", inside))
        program = start(classes, inside)
        debugger = Jdb(port)
        try:
            debugger.await_text("main[1]")
            debugger.type("stop at Handler:4")
            debugger.await_text("Handler:4")
            debugger.type("run")
            debugger.await_text("Breakpoint hit")
            debugger.type("print total")
            debugger.await_text("total = 42")
            debugger.type("cont")
            answered, _ = program.communicate(timeout=LIMIT_S)
            assert answered.strip().endswith(b"answer 43")
        finally:
            program.kill()
            program.communicate()
            debugger.close()
