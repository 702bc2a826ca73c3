"""A session that follows its files while calls flow: none fails, none is answered by old code."""

import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from localfn.app import Session, find_project, open_session
from localfn.errors import LocalfnError, ProjectError
from localfn.model import Call, Event, FailureKind, Result
from localfn.project import Project
from localfn.reload.reloader import Reloader
from localfn.settings import Settings, resolve
from tests.unit.reload.saves import SAVES, Save

LIMIT_S = 30.0
TEMPLATE = """\
edition: 3.0.0
resources:
  echo:
    component: fc3
    props: {functionName: echo, runtime: python3.10, handler: index.handler, code: ./code}
"""
MORE = """\
  more:
    component: fc3
    props: {functionName: more, runtime: python3.10, handler: index.handler, code: ./more}
"""
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


def source(answer: object) -> str:
    return f"def handler(event, context):\n    return b'{answer}'\n"


class Following:
    """A project in a session that follows its files."""

    def __init__(self, home: Path, session: Session, said: list[str]) -> None:
        self.home = home
        self.session = session
        self.said = said

    def call(self, name: str = "echo") -> Result:
        call = Call(self.session.project.find(name), Event(b""))
        return self.session.invoke(call, lambda text: None)

    def answer(self, name: str = "echo") -> str:
        result = self.call(name)
        assert result.failure is None, result.payload
        return result.payload.decode()

    def await_said(self, words: str) -> str:
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            for line in self.said:
                if words in line:
                    return line
            time.sleep(0.01)
        raise AssertionError(f"nobody said {words!r}, only {self.said}")


Follow = Callable[..., Following]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text(source(0))
    (tmp_path / "s.yaml").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def follow(home: Path, environ: dict[str, str]) -> Iterator[Follow]:
    with ExitStack() as stack:

        def _follow(runner: str = "process") -> Following:
            base = os.environ.get("LOCALFN_BASE_PYTHON", "")
            given = {"project": str(home), "runner": runner, "network": "none"}

            def read() -> tuple[Settings, Project]:
                settings = resolve(given, {**environ, "LOCALFN_BASE_PYTHON": base})
                return settings, find_project(settings)

            settings, project = read()
            said: list[str] = []
            session = stack.enter_context(
                open_session(settings, project, said.append, lasting=True, read=read)
            )
            stack.enter_context(Reloader(session, said.append))
            return Following(home, session, said)

        yield _follow


class Load:
    """Calls without a pause, each with the time it began at and what came of it."""

    def __init__(self, following: Following, threads: int = 2) -> None:
        self._following = following
        self._stop = threading.Event()
        self.calls: list[tuple[float, str]] = []
        self._callers: set[int] = set()
        self.failures: list[object] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> "Load":
        for each in self._threads:
            each.start()
        # In a container a first call may take longer than a revision is there.
        deadline = time.monotonic() + LIMIT_S
        while len(self._callers) < len(self._threads):
            assert time.monotonic() < deadline, self.failures
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(LIMIT_S)

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            began = time.monotonic()
            try:
                result = self._following.call()
            except LocalfnError as error:
                self.failures.append(error)
                continue
            if result.failure is not None:
                self.failures.append(result.payload)
            self.calls.append((began, result.payload.decode()))
            self._callers.add(threading.get_ident())

    def await_answer(self, wanted: str) -> None:
        """Wait until one of the callers gets this answer: each may be busy with a slow start."""
        deadline = time.monotonic() + LIMIT_S
        while not any(answer == wanted for _, answer in tuple(self.calls)):
            assert time.monotonic() < deadline, (wanted, self.calls[-10:], self.failures)
            time.sleep(0.01)

    def stale(self, saved: list[tuple[float, str]]) -> list[tuple[float, str]]:
        """Return the calls that began after a save and were answered by what was before it."""
        order = [answer for _, answer in saved]
        found = []
        for began, answer in self.calls:
            due = [each for when, each in saved if when < began]
            if due and answer in order[: order.index(due[-1])]:
                found.append((began, answer))
        return found


@pytest.mark.parametrize("runner", RUNNERS)
def test_no_call_fails_or_is_stale_while_a_handler_is_saved_in_every_way(
    follow: Follow, runner: str
) -> None:
    following = follow(runner)
    file = following.home / "code" / "index.py"
    assert following.answer() == "0"
    saved: list[tuple[float, str]] = [(0.0, "0")]
    with Load(following) as load:
        for number, (name, save) in enumerate(SAVES.items(), 1):
            save(file, source(f"{number}-{name}"))
            saved.append((time.monotonic(), f"{number}-{name}"))
            assert following.answer() == f"{number}-{name}"
            load.await_answer(f"{number}-{name}")
            time.sleep(0.2)

    assert load.failures == []
    assert load.stale(saved) == []


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_the_first_call_after_a_save_is_answered_by_the_new_code(
    follow: Follow, save: Save
) -> None:
    following = follow()
    following.answer()

    save(following.home / "code" / "index.py", source("new"))

    assert following.answer() == "new"


def test_a_call_that_runs_while_the_code_is_saved_ends_on_the_code_it_began_with(
    follow: Follow,
) -> None:
    following = follow()
    file = following.home / "code" / "index.py"
    begun, go = following.home / "begun", following.home / "go"
    file.write_text(
        "import os, time\ndef handler(event, context):\n"
        f"    open({str(begun)!r}, 'w').close()\n"
        f"    while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
        "    return b'old'\n"
    )
    answers: list[str] = []
    running = threading.Thread(target=lambda: answers.append(following.answer()))
    running.start()
    await_path(begun)

    file.write_text(source("new"))

    assert following.answer() == "new"
    go.touch()
    running.join(LIMIT_S)
    assert answers == ["old"]
    assert following.answer() == "new"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_syntax_error_is_told_with_file_and_line_and_saving_the_mended_file_heals(
    follow: Follow, runner: str
) -> None:
    following = follow(runner)
    file = following.home / "code" / "index.py"
    following.answer()

    file.write_text("def handler(event, context):\n    return (\n")
    broken = following.call()
    line = following.await_said("failed")
    file.write_text(source("mended"))

    assert broken.failure is not None
    assert broken.failure.kind is FailureKind.IMPORT_FAILED
    assert b"SyntaxError" in broken.payload
    assert line.startswith("echo: revision 2 failed: index.py:2: SyntaxError")
    assert following.answer() == "mended"
    assert following.answer() == "mended"


def test_every_reload_is_one_line(follow: Follow) -> None:
    following = follow()
    following.answer()

    (following.home / "code" / "index.py").write_text(source(1))
    following.answer()

    line = following.await_said("ready")
    assert line.startswith("echo: revision 2 ready in ")
    assert line.endswith(" ms")


def test_what_changes_nothing_reloads_nothing(follow: Follow) -> None:
    following = follow()
    file = following.home / "code" / "index.py"
    following.answer()

    file.touch()
    file.write_text(source(0))
    (following.home / "code" / "__pycache__").mkdir(exist_ok=True)
    result = following.call()

    assert result.cold_start_ms is None
    assert not any("revision" in each for each in following.said)


def test_a_template_adds_changes_and_removes_functions(follow: Follow) -> None:
    following = follow()
    assert following.answer() == "0"
    (following.home / "more").mkdir()
    (following.home / "more" / "index.py").write_text(
        "import os\ndef handler(event, context):\n"
        "    return os.environ.get('STAGE', '-').encode()\n"
    )

    (following.home / "s.yaml").write_text(TEMPLATE + MORE)
    following.await_said("more: new in the template")
    assert following.answer("more") == "-"

    changed = MORE.replace("{functionName", "{environmentVariables: {STAGE: dev}, functionName")
    (following.home / "s.yaml").write_text(TEMPLATE + changed)
    assert following.answer("more") == "dev"
    assert following.call("echo").cold_start_ms is None

    (following.home / "s.yaml").write_text(TEMPLATE)
    following.await_said("more: no longer in the template")
    with pytest.raises(LocalfnError):
        following.session.project.find("more")


def test_a_broken_template_keeps_the_functions_as_they_were(follow: Follow) -> None:
    following = follow()
    assert following.answer() == "0"

    (following.home / "s.yaml").write_text("edition: [\n")

    assert "s.yaml:2: the template is not valid YAML" in following.await_said("reload: ")
    assert following.answer() == "0"
    (following.home / "code" / "index.py").write_text(source(1))
    assert following.answer() == "1"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_code_folder_that_vanishes_and_comes_back_heals(follow: Follow, runner: str) -> None:
    """In a container the old folder stays mounted, and empty: it has to be another container."""
    following = follow(runner)
    code = following.home / "code"
    assert following.answer() == "0"

    shutil.rmtree(code)
    following.await_said("which does not exist")
    with pytest.raises(ProjectError, match="does not exist"):
        following.call()
    code.mkdir()
    (code / "index.py").write_text(source("back"))

    assert eventually(following.answer, "back") == "back"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_code_folder_that_is_built_anew_is_seen(follow: Follow, runner: str) -> None:
    following = follow(runner)
    code = following.home / "code"
    assert following.answer() == "0"
    for number in range(1, 4):
        built = following.home / "built"
        built.mkdir()
        (built / "index.py").write_text(source(number))

        code.rename(following.home / f"old{number}")
        built.rename(code)

        assert eventually(following.answer, str(number)) == str(number)


def test_code_that_is_not_built_yet_is_awaited(follow: Follow, home: Path) -> None:
    (home / "s.yaml").write_text(TEMPLATE + MORE)
    following = follow()
    with pytest.raises(LocalfnError):
        following.session.project.find("more")

    (home / "more").mkdir()
    (home / "more" / "index.py").write_text(source("built"))

    following.await_said("more: new in the template")
    assert following.answer("more") == "built"


def test_variables_of_the_env_file_reach_the_functions(follow: Follow, home: Path) -> None:
    (home / "s.yaml").write_text(
        TEMPLATE.replace(
            "{functionName",
            "{environmentVariables: {STAGE: \"${env('STAGE', '-')}\"}, functionName",
        )
    )
    (home / "code" / "index.py").write_text(
        "import os\ndef handler(event, context):\n    return os.environ['STAGE'].encode()\n"
    )
    following = follow()
    assert following.answer() == "-"

    (home / ".env").write_text("STAGE=dev\n")

    assert following.answer() == "dev"


def test_a_package_that_is_installed_is_seen(follow: Follow, home: Path) -> None:
    (home / "code" / "index.py").write_text(
        "try:\n    from lib import answer\nexcept ImportError:\n    answer = b'-'\n"
        "def handler(event, context):\n    return answer\n"
    )
    following = follow()
    assert following.answer() == "-"

    (home / "code" / "lib").mkdir()
    (home / "code" / "lib" / "__init__.py").write_text("answer = b'installed'\n")

    assert eventually(following.answer, "installed") == "installed"


def test_an_archive_is_unpacked_anew(follow: Follow, home: Path) -> None:
    (home / "s.yaml").write_text(TEMPLATE.replace("./code", "./code.zip"))
    pack(home / "code.zip", source("packed"))
    following = follow()
    assert following.answer() == "packed"

    pack(home / "next.zip", source("packed again"))
    (home / "next.zip").replace(home / "code.zip")

    assert following.answer() == "packed again"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_layer_is_followed(follow: Follow, home: Path, runner: str) -> None:
    (home / "s.yaml").write_text(
        TEMPLATE.replace("{functionName", "{layers: [tools, extras], functionName")
    )
    for name in ("tools", "extras"):
        (home / ".localfn" / "layers" / name / "python").mkdir(parents=True)
    tools = home / ".localfn" / "layers" / "tools" / "python" / "tools.py"
    tools.write_text("answer = b'one'\n")
    (home / "code" / "index.py").write_text(
        "import tools\ndef handler(event, context):\n    return tools.answer\n"
    )
    following = follow(runner)
    assert following.answer() == "one"

    tools.write_text("answer = b'two'\n")
    assert following.answer() == "two"

    tools.unlink()
    (tools.with_name("more.py")).write_text("answer = b'three'\n")
    (home / "code" / "index.py").write_text(
        "import more\ndef handler(event, context):\n    return more.answer\n"
    )
    assert eventually(following.answer, "three") == "three"


def pack(path: Path, content: str) -> None:
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("index.py", content)


def eventually(ask: Callable[[], str], wanted: str) -> str:
    """Ask until the answer is the wanted one; what is made of several steps is seen after them."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except (LocalfnError, AssertionError):
            continue
        if answer == wanted:
            return answer
    return ask()


def await_path(path: Path) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
