"""A saved file under a debugger: the editor is back by itself, and stops in the new code.

The editors are other people's clients of the protocols, in a process of their own.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import interpreters
from tests.integration.debug.conftest import GENERATE, PYTHON, Project, Running, Start

LIMIT_S = 60.0
EDITOR = Path(__file__).with_name("editor.js")
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]
NODEJS = """\
'use strict';
const LIMIT = 42;

exports.initialize = (context, callback) => callback(null, '');

exports.handler = (event, context, callback) => {
  const key = JSON.parse(event).events[0].oss.object.key;
  let total = LIMIT; // in the handler
  total += 1;
  callback(null, key + ' ' + total);
};
"""


def newer(version: str) -> bool:
    """Whether localfn's own debugger serves this Python."""
    return tuple(map(int, version.split("."))) >= (3, 10)


class Language(NamedTuple):
    """What differs from one language to the other."""

    kind: str
    runtime: str
    file: str
    code: str
    quote: str
    top: str


PYTHON_3 = Language("dap", "python3.10", "index.py", PYTHON, "'", "handler")
NODEJS_16 = Language("cdp", "nodejs16", "index.js", NODEJS, "", "exports.handler")


class Editor:
    """An editor in a process of its own, and what it tells."""

    def __init__(self, kind: str, packages: Path, port: int, project: Project) -> None:
        line = str(project.line("in the handler"))
        self._process = subprocess.Popen(
            ["node", EDITOR, kind, packages, str(port), project.file, line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._told: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self._heard: list[dict] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_told(self, what: str) -> dict:
        told = self._next()
        assert told["what"] == what, self._heard
        return told

    def await_stop(self) -> dict:
        """The next stop, however often the editor had to come back before it."""
        while True:
            told = self._next()
            if told["what"] == "stopped":
                return told
            assert told["what"] in ("attached", "ended"), self._heard

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _next(self) -> dict:
        try:
            self._heard.append(self._told.get(timeout=LIMIT_S))
        except queue.Empty:
            raise AssertionError(self._heard) from None
        return self._heard[-1]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._told.put(json.loads(line))
        self._told.put({"what": "the editor's process has ended"})


class Invocation:
    """`localfn invoke` with a generated event, while a gateway runs."""

    def __init__(self, project: Project, words: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "localfn", "invoke", *words, *GENERATE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=project.root,
        )

    def outcome(self) -> tuple[int, bytes]:
        answered, said = self._process.communicate(timeout=LIMIT_S)
        self.said = said.decode()
        return self._process.returncode, answered

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


Open = Callable[[], Editor]
Words = tuple[str, ...]


class Scene:
    """A gateway with a debugger, an editor, and calls."""

    def __init__(self, project: Project, words: Words, running: Running, open_editor: Open) -> None:
        self.project = project
        self._words = words
        self._code = project.file.read_text()
        self.calls: list[Invocation] = []
        self.running = running
        self.open_editor = open_editor
        running.await_line("localfn: ready at")

    def invoke(self) -> Invocation:
        self.calls.append(Invocation(self.project, self._words))
        return self.calls[-1]

    def save(self, total: str) -> None:
        """Save as editors do: beside, and then in place."""
        beside = self.project.file.with_name("beside.tmp")
        beside.write_text(self._code.replace("total += 1", total))
        beside.replace(self.project.file)


Play = Callable[..., Scene]


@pytest.fixture
def play(
    tmp_path: Path, start: Start, port: int, packages: Path
) -> Iterator[Callable[[Language, str], Scene]]:
    editors: list[Editor] = []
    scenes: list[Scene] = []

    def _play(language: Language, runner: str, *more: str, **environ: str) -> Scene:
        project = Project(tmp_path, language.runtime, language.file, language.code)
        words = ("--runner", runner, *more)
        served = ("start-api", "--port", "0", "--debug", str(port), *words)

        def open_editor() -> Editor:
            editors.append(Editor(language.kind, packages, port, project))
            return editors[-1]

        running = start(project, *served, **environ)
        scenes.append(Scene(project, words, running, open_editor))
        return scenes[-1]

    yield _play
    for each in (*editors, *(call for scene in scenes for call in scene.calls)):
        each.close()


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("language", [PYTHON_3, NODEJS_16], ids=["python", "nodejs"])
def test_an_editor_is_back_after_a_save_and_stops_in_the_new_code(
    play: Play, language: Language, runner: str
) -> None:
    scene = play(language, runner)
    line = scene.project.line("in the handler")
    editor = scene.open_editor()
    call = scene.invoke()
    assert editor.await_told("attached")["verified"]

    stop = editor.await_told("stopped")
    assert (stop["line"], stop["path"]) == (line, str(scene.project.file))
    assert stop["frames"][0] == language.top
    assert stop["locals"]["key"] == f"{language.quote}raw/cat.jpg{language.quote}"
    assert stop["context"] == f"{language.quote}resize{language.quote}"
    assert stop["double"] == "84"
    # Longer than the function's timeout: no clock runs.
    time.sleep(1.2)
    editor.say("step")
    stop = editor.await_told("stopped")
    assert (stop["line"], stop["locals"]["total"]) == (line + 1, "42")
    editor.say("continue")
    assert call.outcome() == (0, b"raw/cat.jpg 43")

    scene.save("total += 2")
    assert editor.await_told("ended")["restart"]
    assert editor.await_told("attached")["verified"]
    call = scene.invoke()
    assert editor.await_told("stopped")["line"] == line
    editor.say("continue")
    assert call.outcome() == (0, b"raw/cat.jpg 44")

    editor.say("leave")
    editor.await_told("left")
    assert scene.invoke().outcome() == (0, b"raw/cat.jpg 44")


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("language", [PYTHON_3, NODEJS_16], ids=["python", "nodejs"])
def test_a_call_that_is_held_in_old_code_is_ended_by_a_save(
    play: Play, language: Language, runner: str
) -> None:
    scene = play(language, runner)
    editor = scene.open_editor()
    call = scene.invoke()
    editor.await_told("attached")
    editor.await_told("stopped")

    scene.save("total += 2")

    assert editor.await_told("ended")["restart"]
    assert call.outcome()[0] == 1
    assert "The code was changed while the debugger held this call" in call.said
    editor.await_told("attached")
    call = scene.invoke()
    assert editor.await_told("stopped")["locals"]["key"].strip("'") == "raw/cat.jpg"
    editor.say("continue")
    assert call.outcome() == (0, b"raw/cat.jpg 44")


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("language", [PYTHON_3, NODEJS_16], ids=["python", "nodejs"])
def test_an_editor_outlives_broken_code_and_saves_that_follow_each_other(
    play: Play, language: Language, runner: str
) -> None:
    scene = play(language, runner)
    editor = scene.open_editor()
    call = scene.invoke()
    editor.await_told("attached")
    editor.await_told("stopped")
    editor.say("continue")
    assert call.outcome() == (0, b"raw/cat.jpg 43")

    scene.save("total += (")
    scene.running.await_line("resize: revision 2 failed")
    assert scene.invoke().outcome()[0] == 1
    for number in range(3, 9):
        scene.save(f"total += {number}")
        time.sleep(0.05)
    call = scene.invoke()
    stop = editor.await_stop()

    assert stop["locals"]["key"].strip("'") == "raw/cat.jpg"
    editor.say("continue")
    assert call.outcome() == (0, b"raw/cat.jpg 50")


def stop_before_and_after_a_save(scene: Scene) -> None:
    editor = scene.open_editor()
    for total, answer in (("total += 1", b"raw/cat.jpg 43"), ("total += 2", b"raw/cat.jpg 44")):
        if answer.endswith(b"44"):
            scene.save(total)
            assert editor.await_told("ended")["restart"]
        editor.await_told("attached")
        call = scene.invoke()
        stop = editor.await_told("stopped")
        assert stop["double"] == "84"
        editor.say("continue")
        assert call.outcome() == (0, answer)
    editor.say("leave")
    editor.await_told("left")
    assert scene.invoke().outcome() == (0, answer)


@pytest.mark.parametrize("version", [each for each in interpreters.found() if newer(each)])
def test_every_python_of_this_machine_is_followed_across_a_save(play: Play, version: str) -> None:
    program = str(interpreters.found()[version])

    stop_before_and_after_a_save(play(PYTHON_3, "process", LOCALFN_PYTHON3_10=program))


@pytest.mark.parametrize("version", [each for each in interpreters.nodes() if int(each) >= 12])
def test_every_nodejs_of_this_machine_is_followed_across_a_save(play: Play, version: str) -> None:
    program = str(interpreters.nodes()[version])

    stop_before_and_after_a_save(play(NODEJS_16, "process", LOCALFN_NODE16=program))


@pytest.mark.docker
@pytest.mark.parametrize(("runtime", "version"), [("python3.9", "3.8"), ("python2.7", "2.7")])
def test_an_older_python_is_followed_across_a_save_in_a_container(
    play: Play, image_of: Callable[[str], str], runtime: str, version: str
) -> None:
    language = PYTHON_3._replace(runtime=runtime)

    stop_before_and_after_a_save(play(language, "docker", "--image", image_of(version)))
