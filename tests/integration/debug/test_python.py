import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.app import Session, find_project, open_session
from localfn.model import Call, Event, Result
from localfn.settings import Debugging, resolve
from tests import interpreters
from tests.dap import RESTARTED
from tests.integration.debug.conftest import ANSWER, GENERATE, PYTHON, Connect, Project, Start

RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
NEW_ENOUGH = [each for each in interpreters.found() if tuple(map(int, each.split("."))) >= (3, 10)]
CLIENT = Path(__file__).with_name("independent.js")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "python3.10", "index.py", PYTHON)


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_editor_stops_before_within_and_after_user_code_is_loaded(
    project: Project, start: Start, port: int, connect: Connect, runner: str
) -> None:
    running = start(project, "invoke", "--runner", runner, *GENERATE, "--debug", str(port))
    editor = connect()
    places = ["at module level", "in the initializer", "in the handler"]

    points = editor.attach(project.file, [project.line(each) for each in places])
    assert all(each["verified"] for each in points)
    for place in places[:2]:
        stop = editor.stopped()
        assert (stop.line, stop.path) == (project.line(place), str(project.file))
        stop.resume()
    stop = editor.stopped()

    assert stop.line == project.line(places[2])
    # What runs the handler is not the user's code.
    assert [each["name"] for each in stop.frames] == ["handler"]
    assert [each["name"] for each in editor.ask("threads")["threads"]] == ["MainThread"]
    assert stop.variables()["key"] == "'raw/cat.jpg'"
    assert stop.evaluate("context.function.name") == "'resize'"
    assert stop.evaluate("LIMIT * 2") == "84"
    # Longer than the function's timeout: no clock runs.
    time.sleep(1.2)
    stop = stop.step()
    assert stop.variables()["total"] == "42"
    stop.resume()

    assert editor.event("terminated") == {}
    editor.ask("disconnect")
    assert running.answer() == ANSWER


@pytest.mark.parametrize("version", NEW_ENOUGH)
def test_every_python_of_this_machine_can_be_debugged_in_a_process(
    project: Project, start: Start, port: int, connect: Connect, version: str
) -> None:
    program = str(interpreters.found()[version])
    running = start(
        project,
        *("invoke", "--runner", "process", *GENERATE, "--debug", str(port)),
        LOCALFN_PYTHON3_10=program,
    )
    editor = connect()

    editor.attach(project.file, [project.line("in the handler")])
    stop = editor.stopped()

    assert stop.evaluate("'%d.%d' % __import__('sys').version_info[:2]") == f"'{version}'"
    stop.resume()
    assert running.answer() == ANSWER
    assert "frozen" not in running.said


def test_the_mappings_of_a_container_do_no_harm_in_a_process(
    project: Project, start: Start, port: int, connect: Connect
) -> None:
    start(project, "invoke", "--runner", "process", *GENERATE, "--debug", str(port))
    editor = connect()
    mapped = [{"localRoot": str(project.file.parent), "remoteRoot": "/code"}]

    editor.attach(project.file, [project.line("in the handler")], pathMappings=mapped)

    assert editor.stopped().path == str(project.file)


@pytest.mark.parametrize("how", ["leaves", "is killed"])
def test_a_call_runs_on_when_the_editor_goes(
    project: Project, start: Start, port: int, connect: Connect, how: str
) -> None:
    running = start(project, "invoke", "--runner", "process", *GENERATE, "--debug", str(port))
    editor = connect()
    editor.attach(project.file, [project.line("in the handler")])
    editor.stopped()

    if how == "leaves":
        editor.ask("disconnect", terminateDebuggee=True)
    editor.close()

    assert running.answer() == ANSWER


def test_code_does_not_wait_when_nobody_shall(project: Project, start: Start, port: int) -> None:
    words = ("invoke", "--runner", "process", *GENERATE, "--debug", str(port), "--debug-no-wait")

    running = start(project, *words)

    assert running.answer() == ANSWER
    assert "waits for an editor" not in running.said


def test_what_is_waited_for_is_said(project: Project, start: Start, port: int) -> None:
    running = start(project, "invoke", "--runner", "process", *GENERATE, "--debug", str(port))

    line = running.await_line("waits for an editor")

    assert f"resize waits for an editor at 127.0.0.1:{port}" in line
    assert "localfn debug-config" in line


def test_running_time_is_limited_when_a_limit_is_given(
    project: Project, start: Start, port: int, connect: Connect
) -> None:
    text = project.file.read_text()
    project.file.write_text(
        text.replace("    return", "    import time; time.sleep(60)\n    return")
    )
    words = ("invoke", "--runner", "process", *GENERATE, "--debug", str(port), "--timeout", "1")
    running = start(project, *words)
    editor = connect()
    editor.attach(project.file, [project.line("in the handler")])
    stop = editor.stopped()
    time.sleep(1.5)
    assert stop.evaluate("key") == "'raw/cat.jpg'"

    stop.resume()
    code, answered = running.outcome()

    assert code == 1
    assert b"FunctionTimeoutError" in answered or b"timed out" in answered


def test_an_independent_client_stops_reads_and_goes_on(
    project: Project, start: Start, port: int, packages: Path
) -> None:
    running = start(project, "invoke", "--runner", "process", *GENERATE, "--debug", str(port))
    line = str(project.line("in the handler"))

    done = subprocess.run(
        ["node", CLIENT, packages, str(port), project.file, line],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().split() == ["handler", line, "'raw/cat.jpg'", "84"]
    assert running.answer() == ANSWER


@pytest.mark.docker
def test_debugging_is_refused_in_a_container_without_a_network(
    project: Project, start: Start, port: int
) -> None:
    words = ("invoke", "--runner", "docker", "--network", "none", *GENERATE)

    running = start(project, *words, "--debug", str(port))
    code, _ = running.outcome()

    assert code == 2
    assert "without a network" in running.said
    assert "hint: " in running.said


CHANGED = (
    PYTHON.replace("total += 1", "total += 2")
    .replace("import json", "import json\nimport os")
    .replace("    told =", '    if event == b"end":\n        os._exit(3)\n    told =')
)
EVENT = b'{"events": [{"oss": {"object": {"key": "raw/cat.jpg"}}}]}'


class Calls:
    """Calls in threads of their own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._results: list[Result] = []

    def start(self, payload: bytes) -> Callable[[], Result]:
        function = self._session.project.find("resize")

        def run() -> None:
            told = self._session.invoke(Call(function, Event(payload)), lambda text: None)
            self._results.append(told)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def result() -> Result:
            thread.join(60)
            assert not thread.is_alive()
            return self._results.pop()

        return result


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_editor_is_asked_back_and_stops_in_the_code_of_the_next_worker(
    project: Project,
    port: int,
    connect: Connect,
    runner: str,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    project.file.write_text(CHANGED.replace("total += 2", "total += 1"))
    wanted = {"project": str(project.root), "runner": runner}
    settings = resolve(wanted, os.environ)._replace(debugging=Debugging(port, False, ("resize",)))
    with open_session(settings, find_project(settings), lambda line: None) as session:
        calls = Calls(session)
        editor = connect()
        first = calls.start(EVENT)
        editor.attach(project.file, [project.line("in the handler")])
        editor.stopped().resume()
        assert first().payload == ANSWER

        assert calls.start(b"end")().failure is not None
        assert editor.event("terminated") == RESTARTED
        editor.ask("disconnect")
        assert editor.await_close()
        project.file.write_text(CHANGED)

        again = connect()
        second = calls.start(EVENT)
        again.attach(
            project.file, [project.line("at module level"), project.line("in the handler")]
        )
        again.stopped().resume()
        stop = again.stopped()
        assert stop.step().line == project.line("total += 2")
        again.ask("continue", threadId=stop.thread)
        assert second().payload == b"raw/cat.jpg 44"

        again.ask("disconnect")
        assert calls.start(EVENT)().payload == b"raw/cat.jpg 44"
