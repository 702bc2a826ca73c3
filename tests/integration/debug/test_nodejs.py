import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.app import find_project, languages_of, open_session
from localfn.model import Call, Event, Result
from localfn.settings import Debugging, resolve
from tests import interpreters
from tests.integration.debug.conftest import ANSWER, GENERATE, Project, Start

INSPECTOR = Path(__file__).with_name("inspect.js")
TYPESCRIPT = Path(__file__).with_name("typed.js")
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
CODE = """\
'use strict';
const LIMIT = 42;

exports.initialize = (context, callback) => callback(null, '');

exports.handler = (event, context, callback) => {
  const told = JSON.parse(event);
  if (told.end) {
    process.kill(process.pid, 'SIGKILL');
  }
  const key = told.events[0].oss.object.key;
  let total = LIMIT; // in the handler
  total += 1;
  callback(null, key + ' ' + total);
};
"""
# The newest runtime id whose handlers answer by callback, on whichever Node.js.
RUNTIME = "nodejs16"
NODES: dict[str, Path] = getattr(interpreters, "nodes", dict)()
VERSIONS = [each for each in NODES if int(each) >= 12]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, RUNTIME, "index.js", CODE)
    settings = resolve({"project": str(tmp_path)}, os.environ)
    if not languages_of(find_project(settings))["resize"]:
        pytest.skip("no runtime id of Node.js is offered")
    return made


class Inspector:
    """The client in a process of its own."""

    def __init__(self, packages: Path, port: int, line: int) -> None:
        self._process = subprocess.Popen(
            ["node", INSPECTOR, packages, str(port), r".*/code/index\.js$", str(line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def seen(self) -> list[str]:
        try:
            told, complaint = self._process.communicate(timeout=60)
        finally:
            self._process.kill()
        assert self._process.returncode == 0, complaint.decode()
        return told.decode().split()


@pytest.mark.parametrize("runner", RUNNERS)
def test_an_inspectors_client_stops_in_the_handler(
    project: Project, start: Start, port: int, packages: Path, runner: str
) -> None:
    line = project.line("in the handler")
    running = start(project, "invoke", "--runner", runner, *GENERATE, "--debug", str(port))

    seen = Inspector(packages, port, line).seen()

    assert seen == ["exports.handler", str(line), "raw/cat.jpg", "resize", "84", str(line + 1)]
    assert running.answer() == ANSWER


@pytest.mark.parametrize("version", VERSIONS)
def test_every_nodejs_of_this_machine_can_be_debugged_in_a_process(
    project: Project, start: Start, port: int, packages: Path, version: str
) -> None:
    line = project.line("in the handler")
    words = ("invoke", "--runner", "process", *GENERATE, "--debug", str(port))
    running = start(project, *words, LOCALFN_NODE16=str(NODES[version]))

    seen = Inspector(packages, port, line).seen()

    assert seen[1:5] == [str(line), "raw/cat.jpg", "resize", "84"]
    assert running.answer() == ANSWER


def test_a_client_that_comes_back_stops_in_the_code_of_the_next_worker(
    project: Project, port: int, packages: Path
) -> None:
    event = b'{"events": [{"oss": {"object": {"key": "raw/cat.jpg"}}}]}'
    line = project.line("in the handler")
    settings = resolve({"project": str(project.root), "runner": "process"}, os.environ)
    settings = settings._replace(debugging=Debugging(port, True, ("resize",)))
    with open_session(settings, find_project(settings), lambda line: None) as session:

        def start(payload: bytes) -> Callable[[], Result]:
            results: list[Result] = []
            call = Call(session.project.find("resize"), Event(payload))
            run = lambda: results.append(session.invoke(call, lambda text: None))  # noqa: E731
            thread = threading.Thread(target=run, daemon=True)
            thread.start()

            def result() -> Result:
                thread.join(60)
                return results[0]

            return result

        first = Inspector(packages, port, line)
        called = start(event)
        assert first.seen()[2] == "raw/cat.jpg"
        assert called().payload == ANSWER

        assert start(b'{"end": true}')().failure is not None
        project.file.write_text(CODE.replace("total += 1", "total += 2"))
        second = Inspector(packages, port, line)
        called = start(event)
        assert second.seen()[2] == "raw/cat.jpg"
        assert called().payload == b"raw/cat.jpg 44"


TYPED = """\
interface Order {
  id: string;
  total: number;
}

type Answer = (error: unknown, told?: string) => void;

export const handler = (event: unknown, context: unknown, callback: Answer): void => {
  const order: Order = { id: 'a', total: 42 };
  callback(null, `${order.id} ${order.total}`); // here
};
"""


def test_a_breakpoint_in_typescript_is_found_by_its_source_map(
    tmp_path: Path, start: Start, port: int, packages: Path
) -> None:
    project = Project(tmp_path, RUNTIME, "index.ts", TYPED)
    template = tmp_path / "s.yaml"
    hook = "      instanceLifecycleConfig: {initializer: {handler: index.initialize, timeout: 1}}\n"
    template.write_text(template.read_text().replace(hook, ""))
    compiler = packages / "typescript" / "bin" / "tsc"
    words = ("--target", "es2020", "--module", "commonjs", "--sourceMap", project.file)
    subprocess.run(["node", compiler, *words], check=True, timeout=60)
    line = project.line("// here")
    running = start(project, "invoke", "--runner", "process", "-e", "1", "--debug", str(port))

    script = project.file.with_suffix(".js")
    client = ["node", TYPESCRIPT, packages, str(port), script, str(line)]
    done = subprocess.run(client, capture_output=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().split() == ["index.ts", str(line), "42"]
    assert running.answer() == b"a 42"
    assert "source map" not in running.said


def test_a_source_map_that_is_not_there_is_told(project: Project, start: Start, port: int) -> None:
    project.file.write_text(CODE + "//# sourceMappingURL=index.js.map\n")
    words = ("invoke", "--runner", "process", *GENERATE, "--debug", str(port), "--debug-no-wait")

    running = start(project, *words)

    assert running.answer() == ANSWER
    assert "names the source map `index.js.map`, which is not there" in running.said
