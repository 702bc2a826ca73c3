"""One of those who wait reads for all, and nobody waits in vain."""

import os
import select
import threading
from collections.abc import Iterator

import pytest

from localfn.instances.turns import Turns

LIMIT_S = 5.0


class Source:
    """A pipe of single letters, and what has been read of it so far."""

    def __init__(self) -> None:
        self.come = ""
        self.readers: set[int] = set()
        self._end, self._start = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._end, select.POLLIN)
        self.turns = Turns(self._read)

    def _read(self, limit_s: float | None) -> None:
        if self._poll.poll(None if limit_s is None else limit_s * 1000):
            self.readers.add(threading.get_ident())
            self.come += os.read(self._end, 1).decode()

    def send(self, letters: str) -> None:
        os.write(self._start, letters.encode())

    def wait(self, letter: str, limit_s: float | None = LIMIT_S) -> bool:
        return self.turns.until(lambda: letter in self.come, limit_s)

    def close(self) -> None:
        os.close(self._end)
        os.close(self._start)


class Waiting:
    def __init__(self, source: Source, letter: str, limit_s: float | None = LIMIT_S) -> None:
        self.got: bool | None = None

        def run() -> None:
            self.got = source.wait(letter, limit_s)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def result(self) -> bool | None:
        self.thread.join(LIMIT_S)
        return self.got


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    yield made
    made.close()


def until_taken(source: Source) -> None:
    while not source.turns.taken:
        threading.Event().wait(0.0005)


def test_what_has_come_already_is_not_waited_for(source: Source) -> None:
    source.come = "a"

    assert source.wait("a", 0)
    assert not source.readers


def test_who_waits_alone_reads_for_himself(source: Source) -> None:
    source.send("xa")

    assert source.wait("a")
    assert source.readers == {threading.get_ident()}


def test_a_wait_ends_at_its_limit(source: Source) -> None:
    assert not source.wait("a", 0.01)
    assert not source.wait("a", 0)


def test_one_reads_for_all_and_each_goes_when_his_own_has_come(source: Source) -> None:
    waiting = {letter: Waiting(source, letter) for letter in "abcdefgh"}

    for letter in "hcabgfed":
        source.send(letter)
        assert waiting[letter].result()


def test_another_one_reads_when_the_reader_goes(source: Source) -> None:
    first = Waiting(source, "a")
    until_taken(source)
    second = Waiting(source, "b")

    source.send("a")
    assert first.result()
    source.send("b")

    assert second.result()
    assert len(source.readers) == 2


def test_another_one_reads_when_the_readers_time_is_up(source: Source) -> None:
    first = Waiting(source, "a", 0.05)
    until_taken(source)
    second = Waiting(source, "b")

    assert first.result() is False
    source.send("b")

    assert second.result()


def test_a_follower_whose_time_is_up_goes_while_another_reads(source: Source) -> None:
    reader = Waiting(source, "a")
    until_taken(source)

    assert Waiting(source, "b", 0.01).result() is False
    source.send("a")
    assert reader.result()


def test_another_one_reads_when_the_reader_breaks(source: Source) -> None:
    broken: list[BaseException] = []

    def read(limit_s: float | None) -> None:
        if not broken:
            threading.Event().wait(0.05)
            raise OSError("broken")
        source._read(limit_s)

    turns = Turns(read)

    def run() -> None:
        try:
            turns.until(lambda: "a" in source.come, LIMIT_S)
        except OSError as error:
            broken.append(error)

    first = threading.Thread(target=run)
    first.start()
    while not turns.taken:
        threading.Event().wait(0.0005)
    source.send("b")

    assert turns.until(lambda: "b" in source.come, LIMIT_S)
    first.join(LIMIT_S)
    assert len(broken) == 1


def test_nobody_reads_after_the_close_and_who_waits_is_sent_away(source: Source) -> None:
    reader = Waiting(source, "a", None)
    until_taken(source)
    followers = [Waiting(source, "b", None) for _ in range(3)]
    closer = threading.Thread(target=lambda: closed.append(source.turns.close(LIMIT_S)))
    closed: list[bool] = []
    closer.start()
    source.send("x")

    closer.join(LIMIT_S)
    assert closed == [True]
    assert [each.result() for each in (reader, *followers)] == [False] * 4
    source.send("a")
    assert not source.wait("a", 0.01)


def test_a_close_gives_up_on_a_reader_that_does_not_return(source: Source) -> None:
    reader = Waiting(source, "a")
    until_taken(source)

    assert not source.turns.close(0.01)
    source.send("a")
    assert reader.result()


def test_many_threads_get_all_that_comes() -> None:
    source = Source()
    letters = [chr(ord("A") + number) for number in range(26)]
    threads = [Waiting(source, letter) for letter in letters for _ in range(3)]

    for letter in letters:
        source.send(letter)

    assert all(each.result() for each in threads)
    source.close()
