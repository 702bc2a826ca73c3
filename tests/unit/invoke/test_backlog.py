import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.invoke.backlog import MOST_WORKERS, Backlog
from localfn.model import (
    Call,
    Event,
    Failure,
    FailureKind,
    Function,
    Invocation,
    Repeats,
    Result,
)

FUNCTION = Function("job", "any", "index.handler", Path())
NEXT = Function("next", "any", "index.handler", Path())
LIMIT_S = 10.0


def call(name: str = "") -> Call:
    return Call(FUNCTION, Event(b""), id=name)


def result(of: Call, kind: FailureKind | None = None) -> Result:
    failure = None if kind is None else Failure(kind)
    invocation = Invocation(of.id, of.function, of.event, 0.0, None)
    return Result(invocation, b"", failure, b"", 1.0, None, 0.0)


class Scene:
    """A backlog, what it made and what it said. `answers` end with the one that is repeated."""

    def __init__(self, repeats: Repeats, *answers: FailureKind | Exception | None) -> None:
        self.made: list[Call] = []
        self.said: list[str] = []
        self.changed = threading.Condition()
        self._answers = list(answers)
        self.backlog = Backlog(self.make, lambda _: repeats, self.say, pause_s=0.01)

    def make(self, asked: Call) -> Result:
        with self.changed:
            self.made.append(asked)
            self.changed.notify_all()
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return result(asked, answer)

    def say(self, line: str) -> None:
        with self.changed:
            self.said.append(line)
            self.changed.notify_all()

    def until(self, satisfied: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(satisfied, LIMIT_S), (self.made, self.said)


def test_a_call_that_succeeds_is_made_once() -> None:
    scene = Scene(Repeats(3, 60, on_success="queue"), None)

    scene.backlog.put(call("a"))

    scene.until(lambda: bool(scene.said))
    assert [each.attempt for each in scene.made] == [0]
    assert scene.said == ["job: its success would now go to `queue`; nothing is sent"]


def test_a_result_goes_to_a_destination_that_can_be_reached_here() -> None:
    scene = Scene(Repeats(3, 60, on_success="next"), None)
    scene.backlog = Backlog(
        scene.make,
        lambda of: Repeats(0, 60, on_success="next" if of is FUNCTION else ""),
        scene.say,
        destined=lambda result, where: Call(NEXT, Event(b"told"), id="b"),
    )

    scene.backlog.put(call("a"))

    scene.until(lambda: len(scene.made) == 2)
    assert [(each.function, each.event.payload) for each in scene.made] == [
        (FUNCTION, b""),
        (NEXT, b"told"),
    ]
    assert scene.said == ["job: its success goes to next (b)"]


@pytest.mark.parametrize("attempts", [0, 2])
def test_a_call_that_fails_is_repeated_as_often_as_its_function_says(attempts: int) -> None:
    scene = Scene(Repeats(attempts, 60, on_failure="dead"), FailureKind.HANDLER_RAISED)

    scene.backlog.put(call("a"))

    scene.until(lambda: len(scene.said) == 2)
    assert [(each.id, each.attempt) for each in scene.made] == [
        ("a", number) for number in range(attempts + 1)
    ]
    assert scene.said[0] == f"job: gave up the asynchronous call a after {attempts + 1}"
    assert "its failure would now go to `dead`" in scene.said[1]


def test_a_call_that_finds_no_place_is_repeated_beyond_that() -> None:
    no_place = FailureKind.THROTTLED
    scene = Scene(Repeats(0, 60, on_success="q"), no_place, no_place, no_place, None)

    scene.backlog.put(call("a"))

    scene.until(lambda: bool(scene.said))
    assert len(scene.made) == 4
    assert "success" in scene.said[0]


def test_a_call_is_not_repeated_when_it_is_too_old() -> None:
    scene = Scene(Repeats(100, 0.03), FailureKind.THROTTLED)

    scene.backlog.put(call("a"))

    scene.until(lambda: bool(scene.said))
    assert 1 <= len(scene.made) < 5


def test_a_call_that_cannot_be_made_on_this_machine_is_told_and_dropped() -> None:
    scene = Scene(Repeats(3, 60), MachineError("no interpreter"))

    scene.backlog.put(call("a"))

    scene.until(lambda: bool(scene.said))
    assert scene.said == ["job: the asynchronous call a failed: no interpreter"]
    assert len(scene.made) == 1


def test_calls_do_not_wait_for_each_other() -> None:
    barrier = threading.Barrier(4)
    done = threading.Semaphore(0)

    def make(asked: Call) -> Result:
        barrier.wait(LIMIT_S)
        done.release()
        return result(asked)

    backlog = Backlog(make, lambda _: Repeats(0, 60), lambda _: None)
    for number in range(4):
        backlog.put(call(str(number)))

    assert all(done.acquire(timeout=LIMIT_S) for _ in range(4))


def test_closing_tells_what_was_not_made_to_its_end() -> None:
    started, gate = threading.Semaphore(0), threading.Event()
    made: list[str] = []

    def make(asked: Call) -> Result:
        made.append(asked.id)
        started.release()
        gate.wait(LIMIT_S)
        return result(asked, FailureKind.HANDLER_RAISED)

    backlog = Backlog(make, lambda _: Repeats(3, 60), lambda _: None, pause_s=0.01)
    names = {str(number) for number in range(MOST_WORKERS + 2)}
    for name in names:
        backlog.put(call(name))
    assert all(started.acquire(timeout=LIMIT_S) for _ in range(MOST_WORKERS))

    left = backlog.close()
    backlog.put(call("late"))
    gate.set()
    time.sleep(0.1)

    assert {each.id for each in left} == names
    assert len(made) == MOST_WORKERS
