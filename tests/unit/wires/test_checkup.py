"""A server that serves is asked how it is, in its template's rhythm."""

import threading
from collections.abc import Iterator

import pytest

from localfn.model import Health
from localfn.wires.checkup import Checkup

LIMIT_S = 5.0


class Patient:
    """Answers what it is told, and keeps what was said of it."""

    def __init__(self, *flaws: str) -> None:
        self._flaws = list(flaws)
        self.asked = threading.Semaphore(0)
        self.failed: list[str] = []
        self.told = threading.Event()

    def ask(self) -> str:
        flaw = self._flaws.pop(0) if self._flaws else ""
        self.asked.release()
        return flaw

    def fail(self, flaw: str) -> None:
        self.failed.append(flaw)
        self.told.set()

    def await_asked(self, times: int) -> None:
        for _ in range(times):
            assert self.asked.acquire(timeout=LIMIT_S)


@pytest.fixture
def watched() -> Iterator[list[Checkup]]:
    checkups: list[Checkup] = []
    yield checkups
    for each in checkups:
        each.stop()


def begin(patient: Patient, watched: list[Checkup]) -> Checkup:
    health = Health("/health", period_s=0.005, failures=2)
    watched.append(Checkup(health, patient.ask, patient.fail))
    return watched[-1]


def test_a_server_is_asked_again_and_again(watched: list[Checkup]) -> None:
    patient = Patient()

    begin(patient, watched)

    patient.await_asked(4)
    assert not patient.failed


def test_failures_that_are_not_in_a_row_are_forgiven(watched: list[Checkup]) -> None:
    patient = Patient("503", "", "503", "")

    begin(patient, watched)

    patient.await_asked(6)
    assert not patient.failed


def test_failures_in_a_row_are_told_once_and_nobody_is_asked_any_more(
    watched: list[Checkup],
) -> None:
    patient = Patient("first", "second", "third", "fourth")

    begin(patient, watched)

    assert patient.told.wait(LIMIT_S)
    patient.await_asked(2)
    assert not patient.asked.acquire(timeout=0.05)
    assert patient.failed == ["second"]


def test_nobody_is_asked_after_the_end(watched: list[Checkup]) -> None:
    patient = Patient()
    checkup = begin(patient, watched)
    patient.await_asked(1)

    checkup.stop()
    while patient.asked.acquire(timeout=0.05):
        pass

    assert not patient.asked.acquire(timeout=0.05)
