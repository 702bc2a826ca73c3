"""Bootstraps that were told to expect it run calls side by side, in every version that is here."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn import assets
from localfn.instances.stream import StreamChannel
from localfn.languages import nodejs
from localfn.wires.frames import Frame
from tests import interpreters
from tests.unit.runtimes.test_nodejs_bootstrap import CONTEXT

FUNCTIONS = Path(__file__).parents[2] / "functions" / "alibaba"
LIMIT_S = 20.0
# Before, nobody can know in Node.js which call prints; and the functions are written for it.
TELLS_SPEAKERS = 14


def commands() -> dict[str, tuple[tuple[str, ...], str]]:
    """Version -> what starts a bootstrap, and the runtime that it is."""
    runtimes = assets.folder("runtimes")
    found = {
        f"python{version}": ((str(path), "-u", "-B", f"{runtimes}/python/bootstrap.py"), "python3")
        for version, path in interpreters.found().items()
    }
    for version, path in interpreters.nodes().items():
        if int(version) >= TELLS_SPEAKERS:
            started = (str(path), f"{runtimes}/nodejs/bootstrap.js")
            command = ("/bin/sh", "-c", nodejs.MOVE_FRAMES, *started)
            found[f"nodejs{version}"] = (command, "nodejs20")
    return found


COMMANDS = commands()


class Bootstrap:
    """A started bootstrap, as an instance talks to it."""

    def __init__(self, command: tuple[str, ...], runtime: str) -> None:
        self.runtime = runtime
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.code,
            env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8:surrogateescape"},
        )
        ends = []
        for each in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert each is not None
            ends.append(os.dup(each.fileno()))
            each.close()
        self.channel = StreamChannel(*ends)
        self.logs: dict[str, bytes] = {}

    @property
    def code(self) -> Path:
        return FUNCTIONS / self.runtime.rstrip("0123456789")

    def open(self, concurrency: int) -> Frame:
        header = {
            "kind": "init",
            "id": "init",
            "shim": "alibaba",
            "runtime": self.runtime,
            "handler": "together.handler",
            "hooks": {},
            "code": str(self.code),
            "shown_code": "/code",
            "layers": [],
            "alone": False,
            "mark": self.channel.tape.token,
            "concurrency": concurrency,
            "context": CONTEXT,
        }
        return self.channel.ask(header, limit_s=LIMIT_S)

    def call(self, id_: str, payload: str) -> Frame:
        self.logs[id_] = b""
        self.channel.tape.follow(id_, lambda text: self.logs.update({id_: self.logs[id_] + text}))
        context = {**CONTEXT, "request_id": id_}
        header = {"kind": "invoke", "id": id_, "deadline_ms": None, "context": context}
        frame = self.channel.ask(header, payload.encode(), LIMIT_S)
        self.channel.tape.take(id_, LIMIT_S)
        self.channel.tape.leave(id_)
        return frame

    def call_all(self, payloads: dict[str, str]) -> dict[str, Frame]:
        """The answers to calls that are made at once."""
        answers: dict[str, Frame] = {}

        def run(id_: str, payload: str) -> None:
            answers[id_] = self.call(id_, payload)

        threads = [threading.Thread(target=run, args=each) for each in payloads.items()]
        for each in threads:
            each.start()
        for each in threads:
            each.join(LIMIT_S)
        return answers

    def close(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        self.channel.close()


Start = Callable[[], Bootstrap]


@pytest.fixture(params=COMMANDS)
def bootstrap(request: pytest.FixtureRequest) -> Iterator[Bootstrap]:
    started = Bootstrap(*COMMANDS[request.param])
    yield started
    started.close()


def test_calls_are_answered_when_all_of_them_have_come(bootstrap: Bootstrap) -> None:
    assert bootstrap.open(8).kind == "ready"

    answers = bootstrap.call_all({f"id-{name}": f"meet:{name}:8" for name in "abcdefgh"})

    told = {id_: each.payload.decode() for id_, each in answers.items()}
    assert told == {f"id-{name}": f"{name} id-{name}" for name in "abcdefgh"}


def test_each_call_has_the_log_that_is_its_own_and_its_id_in_it(bootstrap: Bootstrap) -> None:
    bootstrap.open(3)

    bootstrap.call_all({f"id-{name}": f"meet:{name}:3" for name in "abc"})

    for name in "abc":
        log = bootstrap.logs[f"id-{name}"].decode()
        first, second = [each for each in log.splitlines() if not each.startswith("load code")]
        assert first == f"{name} came"
        assert f" id-{name} [" in second
        assert second.endswith(f"{name} met")


def test_a_call_that_fails_is_told_apart_from_the_others(bootstrap: Bootstrap) -> None:
    bootstrap.open(2)

    answers = bootstrap.call_all({"id-1": "meet:a:2", "id-2": "fail:b:0", "id-3": "meet:c:2"})

    assert {id_: each.kind for id_, each in answers.items()} == {
        "id-1": "result",
        "id-2": "failure",
        "id-3": "result",
    }
    assert answers["id-2"].header["message"] == "b"


def test_a_call_begins_when_the_one_before_has_ended_where_the_function_does_not_want_more(
    bootstrap: Bootstrap,
) -> None:
    bootstrap.open(1)
    context = {"deadline_ms": None, "context": CONTEXT}

    for id_, payload in (("id-1", b"meet:a:2"), ("id-2", b"meet:b:2")):
        bootstrap.channel.send({"kind": "invoke", "id": id_, **context}, payload)

    # The first waits for the second, which does not begin.
    assert bootstrap.channel.receive(0.3) is None


@pytest.mark.parametrize("shim", ["alibaba", "no_such_shim"])
def test_a_bootstrap_that_has_preloaded_opens_as_any_other(bootstrap: Bootstrap, shim: str) -> None:
    bootstrap.channel.send({"kind": "preload", "shim": shim, "alone": False})

    assert bootstrap.open(1).kind == "ready"
    assert bootstrap.call("id-1", "meet:a:1").payload == b"a id-1"
