"""The reloader with a real project on a real disk; of the session only the calls are recorded."""

import re
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from localfn.errors import LocalfnError, MachineError, ProjectError
from localfn.model import Failure, FailureKind, Function
from localfn.project import Project, open_project
from localfn.reload.batch import Batch
from localfn.reload.echoes import TIMES
from localfn.reload.reloader import Reloader, Sink
from localfn.settings import Settings, resolve
from tests.unit.reload.conftest import LIMIT_S

TEMPLATE = """\
edition: 3.0.0
resources:
  resize:
    component: fc3
    props: {functionName: resize, runtime: python3.10, handler: index.handler, code: ./resize}
  report:
    component: fc3
    props: {functionName: report, runtime: python3.10, handler: index.handler, code: ./report}
"""
ADDED = TEMPLATE + (
    "  site:\n    component: fc3\n"
    "    props: {functionName: site, runtime: python3.10, handler: index.handler, code: ./site}\n"
)


class Recorded:
    """A session that can be told to follow, and writes down what it was told."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._changed = threading.Condition()
        self.held: set[str] = set()
        self.calls: list[str] = []
        self.refusal: Exception | None = None
        self.settings = self._settings()
        self.project = self._project(self.settings)

    @property
    def settings_files(self) -> tuple[Path, ...]:
        return (self._home / ".env",)

    @property
    def ignores(self) -> tuple[str, ...]:
        return ()

    def sources(self, function: Function) -> tuple[Path, ...]:
        return (function.code,)

    def reopen(self) -> None:
        settings = self._settings()
        self.project, self.settings = self._project(settings), settings

    def hold(self, functions: Collection[str]) -> None:
        with self._changed:
            self.held |= set(functions)

    def release(self) -> None:
        with self._changed:
            self.held.clear()
            self._changed.notify_all()

    def renew(self, function: Function, sink: Sink, afresh: bool) -> None:
        assert function.key in self.held
        self._note(f"renew {function.key}{' afresh' if afresh else ''}")
        if self.refusal is not None:
            raise self.refusal

    def retire(self, function: str) -> None:
        self._note(f"retire {function}")

    def follow(self, catch_up, told, is_current) -> None:
        self.tell = told

    def await_calls(self, count: int) -> list[str]:
        with self._changed:
            found = self._changed.wait_for(
                lambda: len(self.calls) >= count and not self.held, LIMIT_S
            )
            assert found, f"only {self.calls}, held {self.held}"
            calls, self.calls = self.calls, []
            return calls

    def _note(self, call: str) -> None:
        with self._changed:
            self.calls.append(call)

    def _settings(self) -> Settings:
        return resolve({"project": str(self._home)}, {})

    def _project(self, settings: Settings) -> Project:
        return open_project(settings.root, None, "", settings.environ)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("resize", "report"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.py").write_text("def handler(event, context): return b''\n")
    (tmp_path / "s.yaml").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def session(home: Path, said: list[str]) -> Iterator[Recorded]:
    recorded = Recorded(home)
    with Reloader(recorded, said.append):
        yield recorded


def test_a_save_renews_the_function_whose_code_it_is(session: Recorded, home: Path) -> None:
    (home / "resize" / "index.py").write_text("new")

    assert session.await_calls(1) == ["renew resize"]


def test_a_package_that_is_installed_renews_its_function_afresh(
    session: Recorded, home: Path
) -> None:
    (home / "report" / "node_modules").mkdir()
    (home / "report" / "node_modules" / ".package-lock.json").write_text("{}")

    assert session.await_calls(1) == ["renew report afresh"]


def test_a_template_adds_alters_and_removes_functions(
    session: Recorded, home: Path, said: list[str]
) -> None:
    (home / "site").mkdir()
    (home / "s.yaml").write_text(
        ADDED.replace("{functionName: report", "{timeout: 9, functionName: report")
    )
    assert session.await_calls(1) == ["renew report"]
    assert {each.key for each in session.project.functions} == {"resize", "report", "site"}
    assert said == ["site: new in the template"]

    (home / "site" / "index.py").write_text("watched from now on")
    assert session.await_calls(1) == ["renew site"]

    (home / "s.yaml").write_text(TEMPLATE)
    assert sorted(session.await_calls(2)) == ["renew report", "retire site"]
    assert said[1:] == ["site: no longer in the template"]


def test_a_template_with_a_line_more_renews_nothing(
    session: Recorded, home: Path, said: list[str]
) -> None:
    (home / "s.yaml").write_text("# a line more\n" + TEMPLATE)
    (home / "report" / "index.py").write_text("fence")

    assert session.await_calls(1) == ["renew report"]
    assert said == []
    assert session.project.find("resize").template.line == 4


def test_a_broken_template_keeps_the_old_one_and_says_where(
    session: Recorded, home: Path, said: list[str]
) -> None:
    before = session.project
    (home / "s.yaml").write_text("edition: 3.0.0\nresources: {\n")
    (home / "report" / "index.py").write_text("fence")
    assert session.await_calls(1) == ["renew report"]

    assert session.project is before
    (line,) = said
    assert line.startswith(f"reload: {home}/s.yaml:3: the template is not valid YAML")
    assert "stay as they were" in line

    (home / "s.yaml").write_text(ADDED)
    (home / "resize" / "index.py").write_text("fence")
    assert session.await_calls(1) == ["renew resize"]
    assert said[1] == "reload: template and settings can be read again"


def test_a_function_that_became_wrong_is_retired_with_file_and_line_and_heals(
    session: Recorded, home: Path, said: list[str]
) -> None:
    (home / "s.yaml").write_text(TEMPLATE.replace("./report", "./raport"))
    assert session.await_calls(1) == ["retire report"]
    assert said[0].startswith(f"{home}/s.yaml:8: `code` is `./raport`, which does not exist")
    assert said[1] == "report: no longer in the template"

    (home / "raport").mkdir()
    (home / "raport" / "index.py").write_text("")
    (home / "resize" / "index.py").write_text("fence")

    assert "renew resize" in session.await_calls(1)
    assert {each.key for each in session.project.functions} == {"resize", "report"}


def test_settings_renew_every_function(session: Recorded, home: Path) -> None:
    (home / ".env").write_text("STAGE=dev\n")

    assert session.await_calls(2) == ["renew report", "renew resize"]
    assert session.settings.environ["STAGE"] == "dev"


def test_broken_settings_keep_the_old_ones_and_say_where(
    session: Recorded, home: Path, said: list[str]
) -> None:
    (home / ".env").write_text("STAGE\n")
    (home / "report" / "index.py").write_text("fence")

    assert session.await_calls(1) == ["renew report"]
    (line,) = said
    assert line.startswith(f"reload: {home}/.env:1: `STAGE` is not NAME=value.")


def test_a_function_that_cannot_be_renewed_is_told_and_awaited(
    session: Recorded, home: Path, said: list[str]
) -> None:
    session.refusal = ProjectError("the code of `resize` should be at `x`, which does not exist.")
    (home / "resize").rename(home / "away")
    assert session.await_calls(1) == ["renew resize"]
    assert said == ["resize: the code of `resize` should be at `x`, which does not exist."]

    session.refusal = None
    (home / "away").rename(home / "resize")
    assert session.await_calls(1) == ["renew resize"]


def test_calls_wait_from_the_first_sign_until_it_is_known_what_it_meant(
    home: Path, said: list[str]
) -> None:
    held: list[set[str]] = []

    class Noting(Recorded):
        def hold(self, functions: Collection[str]) -> None:
            super().hold(functions)
            held.append(set(functions))

    session = Noting(home)
    with Reloader(session, said.append):
        (home / "resize" / "index.py").touch()
        (home / "report" / "index.py").write_text("fence")
        session.await_calls(1)

    assert {"resize"} in held
    assert session.held == set()


def test_a_function_that_writes_its_own_files_is_not_reloaded_for_ever(
    home: Path, said: list[str]
) -> None:
    log = home / "resize" / "app.log"

    class Chatty(Recorded):
        def renew(self, function: Function, sink: Sink, afresh: bool) -> None:
            super().renew(function, sink, afresh)
            with log.open("a") as opened:
                opened.write("loaded\n")

    session = Chatty(home)
    with Reloader(session, said.append):
        (home / "resize" / "index.py").write_text("new")
        calls = session.await_calls(TIMES)
        (home / "report" / "index.py").write_text("fence")
        calls += session.await_calls(1)

    assert calls.count("renew resize") == TIMES
    (line,) = said
    assert line.startswith(f"resize: `{log}` is written whenever the function runs")


def test_the_end_of_a_renewal_is_told(session: Recorded, said: list[str]) -> None:
    session.tell(Revision("resize", 7, 38.2))
    session.tell(Revision("resize", 8, 12.0, FAILURE))
    session.tell(Revision("resize", 9, 12.0, error=MachineError("Docker is down.")))

    assert said == [
        "resize: revision 7 ready in 38 ms",
        "resize: revision 8 failed: a.py:3: UserCodeError: no",
        "resize: revision 9 failed: Docker is down.",
    ]


def test_the_time_of_a_renewal_counts_from_the_save(
    session: Recorded, home: Path, said: list[str]
) -> None:
    (home / "resize" / "index.py").write_text("new")
    session.await_calls(1)
    time.sleep(0.05)

    session.tell(Revision("resize", 2, ready_ms=0.001))

    waited = re.fullmatch(r"resize: revision 2 ready in (\d+) ms", said[0])
    assert waited
    assert int(waited[1]) >= 50


def test_a_failure_to_load_what_is_being_written_is_kept_back(home: Path, said: list[str]) -> None:
    session = Recorded(home)
    with Reloader(session, said.append) as reloader:
        with (home / "resize" / "index.py").open("w") as opened:
            opened.write("half")
            opened.flush()
            session.tell(Revision("resize", 2, 5.0, FAILURE))
            assert said == []
        session.await_calls(1)
        assert said == []

        reloader.doubt([home / "report" / "index.py"])
        session.tell(Revision("report", 2, 5.0, FAILURE))
        assert said == []
        reloader.settle(Batch((), 0.0))
    assert said == ["report: revision 2 failed: a.py:3: UserCodeError: no"]


FAILURE = Failure(FailureKind.IMPORT_FAILED, "no", "UserCodeError", ['File "/code/a.py", line 3'])


class Ended(NamedTuple):
    """A result, as far as it matters here."""

    failure: Failure


class Revision:
    """How a renewal ended."""

    def __init__(
        self,
        function: str,
        number: int,
        ready_ms: float,
        failure: Failure | None = None,
        error: LocalfnError | None = None,
    ) -> None:
        self.function, self.number, self.ready_ms = function, number, ready_ms
        self.result = None if failure is None else Ended(failure)
        self.error = error
