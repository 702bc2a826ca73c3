"""Several callers and one guest: each gets his own answer, and all are told when it is gone."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn.instances.stream import StreamChannel
from localfn.wires.frames import ChannelClosed, Frame

WORKER = Path(__file__).parents[2] / "functions" / "frames" / "worker.py"
LIMIT_S = 10.0


class Guest:
    """A worker of the tests' own, that does what a frame asks, one after the other."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-S", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        ends = []
        for each in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert each is not None
            ends.append(os.dup(each.fileno()))
            each.close()
        self.channel = StreamChannel(*ends, lambda: self.process.poll() is not None)

    def do(self, id_: str, code: str, limit_s: float | None = LIMIT_S) -> Frame:
        return self.channel.ask({"kind": "do", "id": id_, "code": code}, b"", limit_s)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        self.channel.close()


@pytest.fixture
def guest() -> Iterator[Guest]:
    started = Guest()
    yield started
    started.close()


def in_threads(acts: list[Callable[[], object]]) -> list[object]:
    """What each act returns or raises, all of them at once."""
    told: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            told[place] = acts[place]()
        except (ChannelClosed, TimeoutError) as error:
            told[place] = type(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(LIMIT_S)
    return told


def test_each_caller_gets_the_answer_to_his_own_question(guest: Guest) -> None:
    def ask(number: int) -> Callable[[], object]:
        return lambda: [
            guest.do(f"{number}-{turn}", f"answer = {number * 1000 + turn}").header["answer"]
            for turn in range(50)
        ]

    told = in_threads([ask(number) for number in range(8)])

    assert told == [[number * 1000 + turn for turn in range(50)] for number in range(8)]


def test_large_payloads_of_several_callers_do_not_mix(guest: Guest) -> None:
    payloads = [bytes([number]) * (3 << 20) for number in range(4)]

    def echo(payload: bytes) -> bool:
        header = {"kind": "echo", "id": str(payload[0])}
        return guest.channel.ask(header, payload, LIMIT_S).payload == payload

    told = in_threads([lambda payload=each: echo(payload) for each in payloads])

    assert told == [True] * 4


def test_an_answer_that_comes_too_late_is_nobodys(guest: Guest) -> None:
    with pytest.raises(TimeoutError):
        guest.do("slow", "import time; time.sleep(0.3); answer = 'late'", 0.05)

    assert guest.do("next", "answer = 'in time'").header["answer"] == "in time"
    late = guest.channel.receive(LIMIT_S)
    assert late is not None
    assert late.header["answer"] == "late"


def test_all_who_wait_are_told_when_the_guest_ends(guest: Guest) -> None:
    codes = ["import time, os; time.sleep(0.3); os._exit(1)", "answer = 1", "answer = 2"]

    acts = [
        lambda place=place, code=code: guest.do(str(place), code)
        for place, code in enumerate(codes)
    ]
    told = in_threads(acts)

    assert told[0] is ChannelClosed
    with pytest.raises(ChannelClosed):
        guest.do("after", "answer = 1")


def test_who_waits_is_told_of_the_end_though_a_child_holds_the_pipes_open(guest: Guest) -> None:
    started = time.monotonic()
    with pytest.raises(ChannelClosed):
        guest.do(
            "a",
            "import os, time\nif not os.fork():\n    time.sleep(3)\n    os._exit(0)\nos._exit(1)",
        )

    assert time.monotonic() - started < 2.5


def test_a_guest_that_prints_while_it_is_written_to_is_read_meanwhile(guest: Guest) -> None:
    heard = bytearray()
    guest.channel.tape.follow("a", heard.extend)
    printing = "import os\nfor _ in range(64): os.write(2, b'x' * 65536)\nanswer = 1"
    guest.channel.send({"kind": "do", "id": "a", "code": printing})

    # More than fits the pipe: the guest prints first, and cannot unless it is read.
    payload = b"y" * (6 << 20)
    answer = guest.channel.ask({"kind": "echo", "id": "b"}, payload, LIMIT_S)

    assert answer.payload == payload
    assert len(heard) == 64 * 65536


def test_a_guest_that_does_not_read_is_given_up_at_the_limit(guest: Guest) -> None:
    guest.channel.send({"kind": "do", "id": "a", "code": "import time; time.sleep(60)"})

    told = in_threads(
        [lambda: guest.channel.ask({"kind": "echo", "id": "b"}, bytes(32 << 20), 0.3)] * 3
    )

    assert told == [TimeoutError] * 3


def test_a_closed_channel_gives_back_its_descriptors_and_takes_nothing_more() -> None:
    before = len(os.listdir("/proc/self/fd"))
    guest = Guest()
    asking = threading.Thread(
        target=in_threads, args=([lambda: guest.do("a", "import time; time.sleep(60)")],)
    )
    asking.start()
    while not guest.channel.turns.taken:
        time.sleep(0.001)

    guest.close()
    guest.channel.close()
    asking.join(LIMIT_S)

    with pytest.raises(ChannelClosed):
        guest.channel.send({"kind": "stop"})
    assert len(os.listdir("/proc/self/fd")) == before
