"""A server in Java, a custom runtime, held by the JDK's own debugger, `jdb`."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.debug.conftest import Running, Start, line_of, open_to_all

LIMIT_S = 60.0
SAMPLE = Path(__file__).parents[3] / "samples" / "alibaba-custom-java"
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
BREAKPOINT = "event.isBlank()"
EVENT = "17"


class Folder:
    """The sample's project, compiled."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(SAMPLE, root, dirs_exist_ok=True)
        self.root = root
        self.file = root / "code" / "Server.java"
        self.build()
        for each in (root, *root.rglob("*")):
            each.chmod(each.stat().st_mode | 0o055)
        open_to_all(root)

    def build(self) -> None:
        words = ["javac", "-g", "-d", "code/classes", "code/Server.java"]
        subprocess.run(words, cwd=self.root, check=True, timeout=LIMIT_S, capture_output=True)

    def line(self) -> int:
        return line_of(self.file, BREAKPOINT)


@pytest.fixture
def project(tmp_path: Path) -> Folder:
    for tool in ("javac", "jdb"):
        if shutil.which(tool) is None:
            absent = f"there is no `{tool}`"
            if os.environ.get("CI") == "true":
                pytest.fail(absent)
            pytest.skip(absent)
    made = Folder(tmp_path)
    words = ("debug-config", "vscode", "upper", "--language", "java")
    done = subprocess.run(
        [sys.executable, "-m", "localfn", *words], cwd=tmp_path, capture_output=True, check=True
    )
    assert b"`--debug` opens the debugger of upper (java)" in done.stderr
    return made


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
        self.said = ""
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


@pytest.fixture
def attach(port: int) -> Iterator[Callable[[], Jdb]]:
    made: list[Jdb] = []

    def _attach() -> Jdb:
        made.append(Jdb(port))
        return made[-1]

    yield _attach
    for each in made:
        each.close()


def invoke(project: Folder, runner: str) -> "subprocess.Popen[bytes]":
    words = ("invoke", "--runner", runner, "-e", EVENT)
    return subprocess.Popen(
        [sys.executable, "-m", "localfn", *words],
        cwd=project.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("runner", RUNNERS)
def test_jdb_stops_in_a_server_that_waits_for_it(
    project: Folder, start: Start, port: int, attach: Callable[[], Jdb], runner: str
) -> None:
    words = ("invoke", "upper", "--runner", runner, "--debug", str(port), "-e", EVENT)
    running: Running = start(project, *words)
    running.await_line("upper waits for an editor at")
    debugger = attach()

    debugger.await_text("main[1]")
    debugger.type(f"stop at Server:{project.line()}")
    debugger.await_text(f"Server:{project.line()}")
    debugger.type("run")
    debugger.await_text("Breakpoint hit")
    debugger.type("print event")
    debugger.await_text(f'event = "{EVENT}"')
    debugger.type("cont")

    assert running.answer() == EVENT.encode()


@pytest.mark.parametrize("runner", RUNNERS)
def test_jdb_stops_in_a_server_of_the_gateway_and_in_the_one_that_is_built_anew(
    project: Folder, start: Start, port: int, attach: Callable[[], Jdb], runner: str
) -> None:
    running = start(project, "start-api", "--port", "0", "--runner", runner, "--debug", str(port))
    running.await_line("localfn: ready at")
    for revision in (1, 3):
        debugger = attach()
        debugger.await_text("> ")
        debugger.type(f"stop at Server:{project.line()}")
        debugger.await_text(f"Server:{project.line()}")
        call = invoke(project, runner)
        debugger.await_text("Breakpoint hit")
        debugger.type("print event")
        debugger.await_text(f'event = "{EVENT}"')
        debugger.type("cont")
        assert call.communicate(timeout=LIMIT_S)[0] == EVENT.encode()
        debugger.type("quit")

        code = project.file.read_text()
        project.file.write_text(code.replace("public class", "// anew\npublic class", 1))
        running.await_line(f"upper: revision {revision + 1} ready")
        project.build()
        running.await_line(f"upper: revision {revision + 2} ready")
