"""A function that is debugged while `localfn start-api` serves it."""

import http.client
import json
import re
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.dap import RESTARTED, Client
from tests.integration.debug.conftest import Connect, Project, Running, Start

LIMIT_S = 30.0
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
URL = re.compile(r"^(\w+) .*http://127\.0\.0\.1:(\d+)(/\S*)$", re.MULTILINE)
HEAD = "edition: 3.0.0\nname: shop\nresources:\n"
FUNCTION = """\
  {name}:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: {name}
      runtime: python3.10
      handler: index.handler
      code: ./code
      memorySize: 256
      timeout: 5
      triggers:
        - triggerName: web
          triggerType: http
          triggerConfig: {{authType: anonymous, methods: [GET]}}
"""
CODE = """\
import json
import time


def handler(event, context):
    path = json.loads(event)["rawPath"]  # here
    time.sleep(0.3)
    return {"statusCode": 200, "body": context.function.name + path}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, "python3.10", "index.py", CODE)
    functions = "".join(FUNCTION.format(name=each) for each in ("web", "other"))
    (tmp_path / "s.yaml").write_text(HEAD + functions)
    return project


class Request:
    """A request to a function of the gateway, in a thread of its own."""

    def __init__(self, running: Running, function: str, name: str) -> None:
        running.await_line("localfn: ready at")
        urls = {found[1]: found for found in URL.finditer(running.said)}
        self._port, self._path = int(urls[function][2]), urls[function][3] + name
        self._told: tuple[int, str] | None = None
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def answer(self, limit_s: float = LIMIT_S) -> tuple[int, str] | None:
        """What came within the limit, None for nothing."""
        self._thread.join(limit_s)
        return self._told

    def _ask(self) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port)) as link:
            link.request("GET", self._path)
            try:
                told = link.getresponse()
            except ConnectionError:
                return
            self._told = (told.status, told.read().decode())


def serve(runner: str, port: int, *more: str) -> tuple[str, ...]:
    return ("start-api", "--port", "0", "--runner", runner, "--debug", str(port), *more)


@pytest.mark.parametrize("runner", RUNNERS)
def test_requests_stop_in_the_function_that_is_debugged_and_in_no_other(
    project: Project, start: Start, port: int, connect: Connect, runner: str
) -> None:
    running = start(project, *serve(runner, port, "--debug-function", "web"))
    editor = connect()
    request = Request(running, "web", "one")
    editor.attach(project.file, [project.line("# here")])
    stop = editor.stopped()

    assert Request(running, "other", "").answer() == (200, "other/")
    assert request.answer(0) is None
    stop.resume()

    assert request.answer() == (200, "web/one")
    again = Request(running, "web", "two")
    editor.stopped().resume()
    assert again.answer() == (200, "web/two")
    assert running.said.count("debugger listening") == 1


@pytest.mark.parametrize("runner", RUNNERS)
def test_requests_to_a_debugged_function_wait_for_the_one_that_is_held(
    project: Project, start: Start, port: int, connect: Connect, runner: str
) -> None:
    running = start(project, *serve(runner, port, "--debug-function", "web"))
    editor = connect()
    first = Request(running, "web", "one")
    editor.attach(project.file, [project.line("# here")])
    stop = editor.stopped()

    second = Request(running, "web", "two")
    assert second.answer(1) is None
    stop.resume()
    assert first.answer() == (200, "web/one")
    editor.stopped().resume()

    assert second.answer() == (200, "web/two")


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_editor_that_comes_first_has_the_function_loaded_for_it(
    project: Project, start: Start, port: int, connect: Connect, runner: str
) -> None:
    running = start(project, *serve(runner, port, "--debug-function", "web"))
    editor = connect()

    points = editor.attach(project.file, [project.line("import json"), project.line("# here")])

    assert all(each["verified"] for each in points)
    stop = editor.stopped()
    assert stop.line == project.line("import json")
    request = Request(running, "web", "one")
    stop.resume()
    editor.stopped().resume()
    assert request.answer() == (200, "web/one")


def test_code_that_cannot_be_loaded_for_an_editor_is_told_and_loaded_no_more(
    project: Project, start: Start, port: int, connect: Connect
) -> None:
    project.file.write_text("import nothing_of_the_kind\n" + CODE)
    running = start(project, *serve("process", port, "--debug-function", "web"))
    editor = connect()
    editor.attach(project.file, [])

    running.await_line("web: revision 1 failed")
    assert editor.event("terminated") == RESTARTED
    editor.ask("disconnect")
    held = connect()
    held.send("initialize", adapterID="debugpy")

    assert not held.await_close(1)
    assert running.said.count("revision 1 failed") == 1


@pytest.mark.parametrize("runner", RUNNERS)
def test_without_an_editor_all_requests_are_answered(
    project: Project, start: Start, port: int, runner: str
) -> None:
    running = start(project, *serve(runner, port))

    requests = [Request(running, "web", str(each)) for each in range(4)]

    expected = [(200, f"web/{each}") for each in range(4)]
    assert [each.answer() for each in requests] == expected
    assert "waits for an editor" not in running.said


def test_it_ends_at_once_while_requests_are_held_and_wait(
    project: Project, start: Start, port: int, connect: Connect
) -> None:
    running = start(project, *serve("process", port))
    editor = connect()
    requests = [Request(running, "web", "one")]
    editor.attach(project.file, [project.line("# here")])
    editor.stopped()
    requests.append(Request(running, "web", "two"))
    assert requests[1].answer(0.5) is None

    running.interrupt()

    assert running.outcome()[0] == 130
    assert [each.answer(5) for each in requests] == [None, None]
    assert editor.await_close()


def test_a_function_that_comes_into_the_template_can_be_debugged_at_once(
    project: Project, start: Start, port: int
) -> None:
    running = start(project, *serve("process", port))
    running.await_line("localfn: ready at")
    told = json.loads((project.root / ".localfn" / "debug-ports.json").read_text())["ports"]

    with (project.root / "s.yaml").open("a") as template:
        template.write(FUNCTION.format(name="late"))

    line = running.await_line("(late)")
    late = int(line.rpartition(":")[2].partition(" ")[0])
    assert late not in told.values()
    with closing(Client(late)) as editor:
        (point,) = editor.attach(project.file, [project.line("# here")])
        assert point["verified"]


def test_a_choice_of_functions_needs_the_debugger(project: Project) -> None:
    words = [sys.executable, "-m", "localfn", "start-api", "--debug-function", "web"]

    done = subprocess.run(
        words, cwd=project.root, capture_output=True, timeout=LIMIT_S, check=False
    )

    assert done.returncode == 2
    assert b"`--debug-function web` goes with `--debug`" in done.stderr
