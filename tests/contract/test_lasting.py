"""What a session that lasts promises in every language and backend."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import Session, open_session
from localfn.model import Call, Event, FailureKind, Function, Result, Revision
from localfn.project import Project
from localfn.settings import resolve
from tests.contract.conftest import Case

LIMIT_S = 30.0


class Lasting:
    """An open session, the function that is called in it, and news of its renewals."""

    def __init__(
        self,
        opened: AbstractContextManager[Session],
        case: Case,
        function: Function,
        news: "News",
    ) -> None:
        self._opened = opened
        self._case = case
        self.session = opened.__enter__()
        self.function = function
        self.news = news

    def call(self, text: str, follow: Callable[[bytes], None] = lambda text: None) -> Result:
        return self.call_other(self.function, text, follow)

    def call_other(
        self, function: Function, text: str, follow: Callable[[bytes], None] = lambda text: None
    ) -> Result:
        event = Event(self._case.event(text.encode()))
        return self._case.heard(self.session.invoke(Call(function, event), follow))

    def close(self) -> None:
        """Close the session. May be called twice."""
        self._opened.__exit__(None, None, None)

    def start(self, payload: str) -> "Started":
        return Started(self, payload)

    def renew(self, **changes: object) -> bytes:
        """Renew the function, wait for news, and return what was printed while it was loaded."""
        printed = bytearray()
        self.function = self.function._replace(**changes)
        told = len(self.news.all)
        self.session.renew(self.function, printed.extend, False)
        self.news.wait_for(told + 1)
        return bytes(printed)

    def idle(self) -> int:
        return sum(each.idle for each in self.session.standing())


class Started:
    """A call in a thread of its own."""

    def __init__(self, lasting: Lasting, payload: str) -> None:
        self._printed = bytearray()
        self._speaks = threading.Event()
        self._result: Result | None = None

        def follow(text: bytes) -> None:
            self._printed += text
            if b"holding" in self._printed:
                self._speaks.set()

        def run() -> None:
            self._result = lasting.call(payload, follow)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def holds(self) -> "Started":
        """Wait until the handler says that it holds."""
        assert self._speaks.wait(LIMIT_S), bytes(self._printed)
        return self

    def result(self) -> Result:
        self._thread.join(LIMIT_S)
        assert self._result is not None
        return self._result


class News:
    def __init__(self) -> None:
        self.all: list[Revision] = []
        self._changed = threading.Condition()

    def __call__(self, revision: Revision) -> None:
        with self._changed:
            self.all.append(revision)
            self._changed.notify_all()

    def wait_for(self, count: int) -> Revision:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, LIMIT_S)
            return self.all[-1]


@dataclass(frozen=True)
class Code:
    """A copy of the test functions, in which `revision` can be saved anew."""

    folder: Path
    source: Path

    def save(self, number: int) -> None:
        self._replace(self.source.read_text().replace("REVISION = 1", f"REVISION = {number}"))

    def spoil(self) -> None:
        self._replace(next(self.source.parent.glob("broken_import.*")).read_text())

    def _replace(self, text: str) -> None:
        # As editors do: never is half of it there.
        new = self.folder / "saved"
        new.write_text(text)
        new.replace(self.folder / self.source.name)


@pytest.fixture
def code(case: Case, tmp_path: Path) -> Code:
    case.skip_what_it_lacks("revision")
    source = next(case.function().code.glob("revision.*"))
    folder = tmp_path / "code"
    shutil.copytree(source.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Code(folder, source)


Open = Callable[..., Lasting]


@pytest.fixture(params=["spares", "no-spares"])
def spares(request: pytest.FixtureRequest) -> int:
    return {"spares": 2, "no-spares": 0}[request.param]


@pytest.fixture
def open_lasting(
    case: Case, runner: str, code: Code, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """Open a session for one function of the copy; closed at the end."""
    opened: list[Lasting] = []

    def open_(
        handler: str, spares: int = 2, most: int = 16, wait_s: float = 20, **changes: object
    ) -> Lasting:
        news = News()
        environ = {
            **os.environ,
            "LOCALFN_SPARES": str(spares),
            "LOCALFN_MAX_INSTANCES": str(most),
            "LOCALFN_QUEUE_TIMEOUT": str(wait_s),
        }
        settings = resolve({"project": str(tmp_path), "runner": runner}, environ)
        project = Project(tmp_path, None, providers.load(case.cloud), ())
        session = open_session(settings, project, lambda line: None, lasting=True, tell=news)
        function = case.function(handler, code=code.folder, **changes)
        opened.append(Lasting(session, case, function, news))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


# --- renewals ------------------------------------------------------------------------------


def test_a_saved_file_is_served_after_a_renewal_and_already_warm(
    open_lasting: Open, code: Code, spares: int
) -> None:
    lasting = open_lasting("revision.handler", spares)
    assert lasting.call("say:x").payload == b"1:x"

    for number in (2, 3, 4):
        code.save(number)
        printed = lasting.renew()
        result = lasting.call("say:x")

        assert result.payload == b"%d:x" % number
        assert result.cold_start_ms is None
        assert b"loading %d" % number in printed
    assert [each.number for each in lasting.news.all] == [2, 3, 4]
    assert all(each.ready_ms > 0 for each in lasting.news.all)


def test_a_call_right_behind_a_renewal_gets_the_new_revision(
    open_lasting: Open, code: Code
) -> None:
    lasting = open_lasting("revision.handler")
    lasting.call("say:x")

    for number in range(2, 8):
        code.save(number)
        lasting.session.renew(lasting.function, lambda text: None, False)

        assert lasting.call("say:x").payload == b"%d:x" % number


def test_a_call_in_flight_finishes_on_the_code_that_it_began_with(
    open_lasting: Open, code: Code, spares: int
) -> None:
    lasting = open_lasting("revision.handler", spares, timeout_s=20)
    lasting.call("say:x")
    before = lasting.start("hold:go").holds()

    code.save(2)
    lasting.renew()
    after = lasting.call("say:x")
    (code.folder / "go").touch()

    assert after.payload == b"2:x"
    assert before.result().payload == b"1:go"
    assert lasting.call("say:y").payload == b"2:y"


def test_a_broken_revision_is_told_calls_fail_as_in_the_cloud_and_the_fix_heals(
    open_lasting: Open, code: Code, case: Case, spares: int
) -> None:
    lasting = open_lasting("revision.handler", spares)
    lasting.call("say:x")

    code.spoil()
    lasting.renew()
    failed = lasting.call("say:x")
    told = lasting.news.all[-1].result

    assert told is not None
    assert told.failure is not None
    assert told.failure.kind is FailureKind.IMPORT_FAILED
    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.IMPORT_FAILED
    assert failed.payload == told.payload
    code.save(3)
    lasting.renew()
    healed = lasting.call("say:x")
    assert healed.payload == b"3:x"
    assert healed.cold_start_ms is None


def test_a_code_folder_that_was_replaced_is_seen_after_a_renewal(
    open_lasting: Open, code: Code, spares: int
) -> None:
    lasting = open_lasting("revision.handler", spares)
    lasting.call("say:x")

    code.folder.rename(code.folder.with_name("old"))
    shutil.copytree(code.folder.with_name("old"), code.folder)
    code.save(2)
    lasting.renew()

    assert lasting.call("say:x").payload == b"2:x"


def test_a_changed_variable_is_seen_after_a_renewal(open_lasting: Open, code: Code) -> None:
    lasting = open_lasting("revision.handler", environment={"STAGE": "dev"})
    assert lasting.call("variable:STAGE").payload == b"1:dev"

    lasting.renew(environment={"STAGE": "prod"})

    assert lasting.call("variable:STAGE").payload == b"1:prod"


def test_what_was_written_to_the_temporary_folder_is_gone_after_a_renewal(
    open_lasting: Open, code: Code, spares: int
) -> None:
    lasting = open_lasting("revision.handler", spares)
    assert lasting.call("leave-something:there").payload == b"1:absent"
    assert lasting.call("leave-something:there").payload == b"1:found"

    lasting.renew()
    lasting.renew()

    assert lasting.call("leave-something:there").payload == b"1:absent"


@pytest.mark.parametrize(
    ("asked", "kind"), [("leave:3", FailureKind.EXITED), ("dawdle:", FailureKind.TIMED_OUT)]
)
def test_calls_after_a_failure_are_served_by_a_fresh_worker(
    open_lasting: Open, spares: int, asked: str, kind: FailureKind
) -> None:
    lasting = open_lasting("revision.handler", spares, timeout_s=1)
    for _ in range(3):
        failed = lasting.call(asked)
        after = lasting.call("leave-something:there")

        assert failed.failure is not None
        assert failed.failure.kind is kind
        assert after.payload == b"1:absent"


def test_a_function_is_warm_before_its_first_call_when_it_was_warmed(open_lasting: Open) -> None:
    lasting = open_lasting("revision.handler")
    printed = bytearray()

    revision = lasting.session.warm(lasting.function, printed.extend)

    assert revision is not None
    assert revision.result is not None
    assert revision.result.failure is None
    assert b"loading 1" in printed
    assert lasting.call("say:x").cold_start_ms is None


def test_a_retired_function_starts_anew_when_it_is_back(open_lasting: Open, code: Code) -> None:
    lasting = open_lasting("revision.handler")
    lasting.call("say:x")
    lasting.session.retire(lasting.function.key)
    code.save(2)

    result = lasting.call("say:x")

    assert result.payload == b"2:x"
    assert result.cold_start_ms is not None


# --- side by side ----------------------------------------------------------------------------


def test_calls_run_side_by_side_in_one_instance_each_with_its_own_log(open_lasting: Open) -> None:
    lasting = open_lasting("together.handler", concurrency=3, timeout_s=20)

    started = [lasting.start(f"meet:{name}:3") for name in ("a", "b", "c")]
    results = [each.result() for each in started]

    for name, result in zip("abc", results, strict=True):
        id_ = result.invocation.id
        assert result.payload.decode() == f"{name} {id_}"
        log = result.logs.decode()
        assert f"{name} came\n" in log
        (line,) = [each for each in log.splitlines() if " met" in each]
        assert id_ in line
        assert line.endswith(f"{name} met")
        assert not any(f"{other} came" in log for other in "abc" if other != name)
    assert lasting.idle() == 1


def test_a_call_that_raises_leaves_the_others_alone(open_lasting: Open) -> None:
    lasting = open_lasting("together.handler", concurrency=2, timeout_s=20)
    other = lasting.start("meet:a:2")

    failed = lasting.call("fail:b:0")

    assert failed.failure is not None
    assert failed.failure.kind is FailureKind.HANDLER_RAISED
    assert lasting.call("meet:c:2").failure is None
    assert other.result().failure is None


def test_calls_end_with_the_instance_that_another_one_leaves_and_the_next_call_works(
    open_lasting: Open,
) -> None:
    lasting = open_lasting("together.handler", concurrency=3, timeout_s=20)
    other = lasting.start("dawdle:a:0").holds()

    leaving = lasting.call("leave:b:3")

    for failed in (leaving, other.result()):
        assert failed.failure is not None
        assert failed.failure.kind is FailureKind.EXITED
    assert lasting.call("meet:c:1").payload.startswith(b"c ")


def test_calls_end_with_the_instance_in_which_another_one_timed_out_and_the_next_call_works(
    open_lasting: Open,
) -> None:
    lasting = open_lasting("together.handler", concurrency=3, timeout_s=1.5)
    first = lasting.start("dawdle:a:0").holds()
    threading.Event().wait(0.7)
    second = lasting.start("dawdle:b:0").holds()

    kinds = [each.result().failure for each in (first, second)]

    assert [each and each.kind for each in kinds] == [FailureKind.TIMED_OUT, FailureKind.EXITED]
    assert lasting.call("meet:c:1").payload.startswith(b"c ")


# --- no more than so many ----------------------------------------------------------------------


def test_a_call_that_gets_no_place_in_time_is_worded_as_in_the_cloud_and_the_next_one_works(
    open_lasting: Open, case: Case, code: Code
) -> None:
    lasting = open_lasting("revision.handler", most=1, wait_s=0.05, timeout_s=20)
    running = lasting.start("hold:go").holds()

    refused = lasting.call("say:x")
    (code.folder / "go").touch()

    assert running.result().payload == b"1:go"
    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.THROTTLED
    assert refused.logs == b""
    part = case.golden("throttled")["part_of_body"]
    assert part.items() <= json.loads(refused.payload).items()
    assert lasting.call("say:x").payload == b"1:x"


def test_two_functions_share_what_little_there_is(open_lasting: Open) -> None:
    lasting = open_lasting("revision.handler", most=1)
    other = lasting.function._replace(name="other")

    for _ in range(3):
        assert lasting.call("say:x").payload == b"1:x"
        assert lasting.call_other(other, "say:y").payload == b"1:y"
        assert sum(each.idle for each in lasting.session.standing()) == 1


# --- the end -------------------------------------------------------------------------------


def test_a_session_closes_while_calls_run(open_lasting: Open, case: Case, runner: str) -> None:
    lasting = open_lasting("revision.handler", timeout_s=20)
    lasting.call("say:x")
    running = [lasting.start("hold:never").holds() for _ in range(2)]

    lasting.close()

    for each in running:
        failure = each.result().failure
        assert failure is not None
        assert failure.kind is FailureKind.EXITED
