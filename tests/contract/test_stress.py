"""Many callers, renewals and deaths at once: every answer is right, fresh, and nothing is left."""

import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from localfn import providers
from localfn.app import Session, open_session
from localfn.instances import leftovers
from localfn.instances.engine import open_engine
from localfn.model import Call, Event, FailureKind, Function, Result
from localfn.project import Project
from localfn.settings import resolve
from tests.contract.conftest import Case

LASTS_S = 5.0
CALLERS = 8
# Fewer than there are callers, so that calls wait and instances go for others.
MOST_INSTANCES = 5


class Target:
    """A function with a code folder of its own, and the newest revision that is surely served."""

    def __init__(self, function: Function, source: Path) -> None:
        self.function = function
        self.surely = 1
        self._source = source
        self._saving = threading.Lock()

    def renew(self, session: Session) -> None:
        with self._saving:
            number = self.surely + 1
            text = self._source.read_text().replace("REVISION = 1", f"REVISION = {number}")
            new = self.function.code / "saved"
            new.write_text(text)
            new.replace(self.function.code / self._source.name)
            session.renew(self.function, lambda text: None, False)
            self.surely = number


@pytest.fixture
def targets(case: Case, tmp_path: Path) -> list[Target]:
    """Three functions: two with one call at a time, one with four."""
    case.skip_what_it_lacks("revision")
    made = []
    for name, concurrency in (("one", 1), ("two", 1), ("shared", 4)):
        function = case.function("revision.handler", timeout_s=20, concurrency=concurrency)
        source = next(function.code.glob("revision.*"))
        folder = tmp_path / name
        shutil.copytree(function.code, folder, ignore=shutil.ignore_patterns("__pycache__"))
        made.append(Target(function._replace(name=name, code=folder), source))
    return made


@pytest.fixture
def _nothing_left(runner: str) -> Iterator[None]:
    """Hold that a session gives back all that it took."""
    before = threads_and_descriptors()
    # Of other tests' sessions: what removes containers outlives them, and nobody waits for it.
    children = set(psutil.Process().children(recursive=True))
    yield
    until(lambda: not set(psutil.Process().children(recursive=True)) - children, "processes")
    until(lambda: threads_and_descriptors() <= before, "threads or descriptors")
    if runner == "docker":
        until(lambda: not own_containers(), "containers")


def threads_and_descriptors() -> tuple[int, int]:
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def own_containers() -> list[object]:
    engine = open_engine(os.environ)
    found = engine.ask("GET", "/containers/json?all=1")
    return [
        each
        for each in found
        if (each.get("Labels") or {}).get(leftovers.OWNER) == leftovers.owner()
    ]


def until(satisfied: object, what: str) -> None:
    deadline = time.monotonic() + 10
    while not satisfied():
        assert time.monotonic() < deadline, f"{what} are left"
        time.sleep(0.02)


@pytest.mark.usefixtures("_nothing_left")
def test_every_call_is_answered_by_the_newest_revision_under_renewals_and_deaths(
    case: Case, runner: str, targets: list[Target], tmp_path: Path
) -> None:
    environ = {
        **os.environ,
        "LOCALFN_MAX_INSTANCES": str(MOST_INSTANCES),
        "LOCALFN_IDLE_TIMEOUT": "0.3",
        "LOCALFN_QUEUE_TIMEOUT": "60",
    }
    settings = resolve({"project": str(tmp_path), "runner": runner}, environ)
    project = Project(tmp_path, None, providers.load(case.cloud), ())
    over = threading.Event()
    wrong: list[str] = []
    answered: list[str] = []

    def ask(session: Session, target: Target, text: str) -> Result:
        event = Event(case.event(text.encode()))
        return case.heard(session.invoke(Call(target.function, event), lambda text: None))

    def call(session: Session, dice: random.Random) -> None:
        target = dice.choice(targets)
        dies = dice.random() < 0.03
        asked = "leave:3" if dies else f"say:{dice.randrange(10**6)}"
        surely = target.surely
        result = ask(session, target, asked)
        kind = result.failure and result.failure.kind
        if dies or (kind is FailureKind.EXITED and target.function.concurrency > 1):
            # A death takes with it the other calls of its instance.
            if kind is not FailureKind.EXITED:
                wrong.append(f"{asked} of {target.function.name}: {result.payload!r}")
            return
        number, _, told = result.payload.decode().partition(":")
        if kind or f"say:{told}" != asked or int(number) < surely:
            wrong.append(f"{asked} of {target.function.name} at {surely}: {result.payload!r}")
        answered.append(target.function.name)

    def keep_calling(session: Session, seed: int) -> None:
        dice = random.Random(seed)
        while not over.is_set():
            call(session, dice)

    def keep_renewing(session: Session, seed: int) -> None:
        dice = random.Random(seed)
        while not over.wait(dice.uniform(0, 0.15)):
            dice.choice(targets).renew(session)

    with open_session(settings, project, lambda line: None, lasting=True) as session:
        acts = [(keep_calling, number) for number in range(CALLERS)]
        threads = [
            threading.Thread(target=act, args=(session, seed))
            for act, seed in (*acts, (keep_renewing, 98), (keep_renewing, 99))
        ]
        for each in threads:
            each.start()
        over.wait(LASTS_S)
        over.set()
        for each in threads:
            each.join(60)
        assert not any(each.is_alive() for each in threads)
        for target in targets:
            last = ask(session, target, "say:last")
            assert last.payload == f"{target.surely}:last".encode()
        standing = session.standing()

    assert wrong == []
    assert {each.function.name for each in targets} == set(answered)
    assert sum(each.idle + each.busy + each.opening for each in standing) <= MOST_INSTANCES
    assert all(target.surely > 3 for target in targets)
