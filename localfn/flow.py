"""Flows: work that says where it waits, so that one thread can carry many of them.

A flow is a coroutine. Whoever carries it may block where it waits (`finish`), or carry another
one meanwhile and come back when there is something to see. What may block in any other way stands
behind `aside()`.
"""

import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")


class Waiting(Protocol):
    """What a flow waits for."""

    @property
    def descriptor(self) -> int:
        """Return what becomes readable when it is worth looking; -1 where nothing does."""

    def tell(self, then: Callable[[], None]) -> bool:
        """Have `then` called when the flow can go on, from any thread; False if nobody would.

        It may be called more than once.
        """

    def look(self) -> bool:
        """Take in what is there, without waiting; return whether the flow can go on."""

    def block(self) -> None:
        """Wait until the flow can go on."""

    def cancel(self) -> None:
        """Have it go on soon, without what it waits for; from any thread."""


Flow: TypeAlias = Coroutine[Any, None, T]


class Pause:
    """Awaited by a flow that has to wait."""

    __slots__ = ("_waiting",)

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    def __await__(self) -> Generator[Waiting, None, None]:
        """Hand what is waited for to whoever carries the flow."""
        yield self._waiting


class _Aside:
    """Nothing to wait for: only a thread that may block."""

    descriptor = -1

    def tell(self, then: Callable[[], None]) -> bool:
        return False

    def look(self) -> bool:
        return True

    def block(self) -> None:
        return

    def cancel(self) -> None:
        return


# What each thread waits for that carries a flow; the innermost one's where it carries several.
_blocking: dict[int, Waiting] = {}

ASIDE = _Aside()


async def aside() -> None:
    """Go on where blocking harms nobody."""
    await Pause(ASIDE)


def finish(flow: Flow[T], waiting: Waiting | None = None) -> T:
    """Carry a flow to its end, blocking wherever it waits, first for `waiting`."""
    thread = threading.get_ident()
    try:
        while True:
            if waiting is not None:
                _blocking[thread] = waiting
                waiting.block()
            waiting = flow.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        _blocking.pop(thread, None)
        flow.close()


def cancel(thread: int) -> None:
    """Have the flow that a thread carries go on without what it waits for, if it waits."""
    waiting = _blocking.get(thread)
    if waiting is not None:
        waiting.cancel()
