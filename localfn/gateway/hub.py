"""One thread for all clients, as long as nobody has to wait for anything but a quick function.

Threads that serve short requests side by side cost more than the requests: at each read and write
one of them takes the interpreter from another. So one thread listens to all clients and to the
functions that answer them. Whatever cannot be done at once it gives to a thread: a request that
comes slowly or is long, a function that has to be started or takes its time, a reply that does not
go out at once. That thread gives the client back when it has nothing more to do.
"""

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from localfn.flow import Waiting, cancel
from localfn.gateway.connection import STALL_S, Asked, ClientGone, Connection
from localfn.gateway.messages import BadRequest

# A function that takes longer is waited for by a thread.
QUICK_S = 0.05
LOOK_EVERY_S = 1.0
SWEEP_EVERY_S = 5.0
STOP_LIMIT_S = 0.5

K = TypeVar("K")

log = logging.getLogger(__name__)


class Waits(NamedTuple):
    """A client that waits for a function, and since when."""

    connection: Connection
    asked: Asked
    waiting: Waiting
    since: float


class Aided:
    """A client that is served by a thread, which `begin`s and `end`s."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.descriptor = connection.descriptor
        self._thread = 0
        self._is_over = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Say that the current thread serves."""
        self._thread = threading.get_ident()

    def end(self) -> None:
        """Say that it serves no more: its number may soon be another one's."""
        with self._lock:
            self._is_over = True

    def cancel(self) -> bool:
        """Have the thread not wait any more for its function; return whether it still serves."""
        with self._lock:
            if self._thread and not self._is_over:
                cancel(self._thread)
            return not self._is_over


class Hub:
    """Serves connections. `forget` is told when one has ended."""

    is_possible = hasattr(select, "epoll")

    def __init__(self, forget: Callable[[Connection], None]) -> None:
        self._forget = forget
        self._epoll = select.epoll()
        self._wakes, self._waker = os.pipe()
        self._epoll.register(self._wakes, select.EPOLLIN)
        # By descriptor: clients that say nothing and when they last did, and who waits for what.
        self._clients: dict[int, Connection] = {}
        self._heard: dict[int, float] = {}
        self._waits: dict[int, Waits] = {}
        # Who waits to be told something, and who has been told.
        self._untold: dict[Waiting, Waits] = {}
        self._told: deque[Waiting] = deque()
        self._come: deque[Connection] = deque()
        # Clients that wait for threads, by descriptor, and those of them that have left.
        self._aided: dict[int, Aided] = {}
        self._left: list[Aided] = []
        self._now = time.monotonic()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._thread.start()

    def add(self, connection: Connection) -> None:
        """Serve a connection from now on; from any thread."""
        self._come.append(connection)
        self._wake()

    def stop(self) -> None:
        """Serve nobody any more. May be called twice."""
        self._stopped = True
        self._wake()
        self._thread.join(STOP_LIMIT_S)

    def _wake(self) -> None:
        with suppress(OSError):
            os.write(self._waker, b".")

    # --- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        swept = self._now
        while not self._stopped:
            somebody_waits = self._waits or self._untold or self._left
            ready = self._epoll.poll(QUICK_S if somebody_waits else LOOK_EVERY_S)
            self._now = time.monotonic()
            for descriptor, _ in ready:
                self._guarded(lambda: self._attend(descriptor))  # noqa: B023
            self._guarded(self._go_on_with_told)
            self._pass_on_slow(self._waits)
            self._pass_on_slow(self._untold)
            self._left = [each for each in self._left if each.cancel()]
            if self._now - swept > SWEEP_EVERY_S:
                swept = self._now
                self._sweep()
        self._end()

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do something for one client; whatever becomes of it, the others are served."""
        try:
            act()
        except Exception:  # the border: one request
            log.exception("a connection broke")

    def _attend(self, descriptor: int) -> None:
        waits = self._waits.pop(descriptor, None)
        if waits is not None:
            self._look(descriptor, waits)
        elif descriptor in self._clients:
            self._listen(descriptor)
        elif descriptor in self._aided:
            aided = self._aided[descriptor]
            if aided.connection.has_left():
                self._left.append(aided)
        elif descriptor == self._wakes:
            os.read(self._wakes, 4096)
            while self._come:
                self._welcome(self._come.popleft())

    def _welcome(self, connection: Connection) -> None:
        try:
            connection.open()
        except OSError:
            self._drop(connection)
            return
        self._serve(connection)

    def _listen(self, descriptor: int) -> None:
        connection = self._clients[descriptor]
        if connection.is_answering:
            # One after the other: it is listened to again when this one is answered.
            self._unwatch(connection)
            return
        try:
            if not connection.listen():
                return
        except BadRequest as bad:
            self._move(connection, None, bad)
            return
        except (ClientGone, OSError):
            self._drop(connection)
            return
        self._serve(connection)

    def _serve(self, connection: Connection) -> None:
        """Answer the requests that are there, until one has to wait."""
        while (message := connection.next_short()) is not None:
            if not self._proceed(connection, partial(connection.begin, message)):
                return
        if connection.is_between:
            self._watch(connection)
        else:
            self._move(connection, None)

    def _look(self, descriptor: int, waits: Waits) -> None:
        if not waits.waiting.look():
            self._await(descriptor, waits)
            return
        self._go_on(waits)

    def _go_on(self, waits: Waits) -> None:
        if self._proceed(waits.connection, partial(waits.connection.go_on, waits.asked)):
            self._serve(waits.connection)

    def _proceed(self, connection: Connection, act: Callable[[], Asked]) -> bool:
        """Go on with a request; return whether it has been answered."""
        connection.is_answering = False
        try:
            asked = act()
            if asked.reply is not None and connection.send_at_once(asked.reply, asked.message):
                return True
        except (ClientGone, OSError):
            self._drop(connection)
            return False
        except BadRequest as bad:
            self._move(connection, None, bad)
            return False
        waiting = asked.waiting
        if waiting is None:
            self._move(connection, asked)
            return False
        waits = Waits(connection, asked, waiting, self._now)
        if waiting.descriptor >= 0:
            self._await(waiting.descriptor, waits)
        elif not self._is_told(waits):
            self._move(connection, asked)
        return False

    def _is_told(self, waits: Waits) -> bool:
        """Come back when somebody says that a request can go on; False where nobody will."""
        waiting = waits.waiting

        def then() -> None:
            self._told.append(waiting)
            if threading.current_thread() is not self._thread:
                self._wake()

        if waiting.tell(then):
            self._untold[waiting] = waits
            waits.connection.is_answering = True
            return True
        return False

    def _go_on_with_told(self) -> None:
        while self._told:
            waits = self._untold.pop(self._told.popleft(), None)
            if waits is not None:
                self._go_on(waits)

    def _await(self, descriptor: int, waits: Waits) -> None:
        """Come back when a function says something."""
        before = self._waits.pop(descriptor, None)
        if before is not None:  # its descriptor was closed, and is another's now
            self._move(before.connection, before.asked)
        self._waits[descriptor] = waits
        waits.connection.is_answering = True
        once = select.EPOLLIN | select.EPOLLONESHOT
        try:
            self._epoll.modify(descriptor, once)
        except OSError:
            try:
                self._epoll.register(descriptor, once)
            except OSError:  # the instance was ended meanwhile: the flow will learn of it
                del self._waits[descriptor]
                self._move(waits.connection, waits.asked)

    def _pass_on_slow(self, waits: dict[K, Waits]) -> None:
        """Give to threads what waits too long; the oldest stands first."""
        while waits:
            key, oldest = next(iter(waits.items()))
            if self._now - oldest.since < QUICK_S:
                return
            del waits[key]
            self._move(oldest.connection, oldest.asked)

    # --- clients -----------------------------------------------------------------------------

    def _watch(self, connection: Connection) -> None:
        """Come back when a client says something."""
        descriptor = connection.descriptor
        self._heard[descriptor] = self._now
        if descriptor in self._clients:
            return
        try:
            self._listen_to(descriptor)
        except (OSError, ValueError):
            self._drop(connection)
            return
        self._clients[descriptor] = connection

    def _listen_to(self, descriptor: int) -> None:
        try:
            self._epoll.register(descriptor, select.EPOLLIN)
        except FileExistsError:  # it was minded while a thread served it
            self._epoll.modify(descriptor, select.EPOLLIN)

    def _unwatch(self, connection: Connection) -> None:
        descriptor = connection.descriptor
        if self._clients.pop(descriptor, None) is not None:
            self._heard.pop(descriptor, None)
            with suppress(OSError, ValueError):
                self._epoll.unregister(descriptor)

    def _move(
        self, connection: Connection, asked: Asked | None, bad: BadRequest | None = None
    ) -> None:
        """Have a thread do what would hold up others."""
        self._unwatch(connection)
        connection.is_answering = False
        aided = Aided(connection)
        if asked is not None and asked.reply is None:
            self._mind(aided)

        def serve() -> None:
            stays = False
            aided.begin()
            try:
                stays = connection.serve_some(asked, bad)
            except Exception:  # the border: the top of a thread
                log.exception("a connection broke")
            finally:
                aided.end()
                if self._aided.get(aided.descriptor) is aided:
                    del self._aided[aided.descriptor]
            if stays and not self._stopped:
                self.add(connection)
            else:
                self._drop(connection)

        try:
            threading.Thread(target=serve, name="client", daemon=True).start()
        except RuntimeError:  # no more threads
            self._drop(connection)

    def _mind(self, aided: Aided) -> None:
        """Notice when a client leaves that waits for a function."""
        with suppress(OSError, ValueError):
            self._epoll.register(aided.descriptor, select.EPOLLRDHUP | select.EPOLLONESHOT)
            self._aided[aided.descriptor] = aided

    def _drop(self, connection: Connection) -> None:
        self._unwatch(connection)
        connection.close()
        self._forget(connection)

    def _sweep(self) -> None:
        """Hang up on clients that have said nothing for too long."""
        for descriptor, heard in tuple(self._heard.items()):
            if self._now - heard > STALL_S:
                self._drop(self._clients[descriptor])

    def _end(self) -> None:
        for waits in (*self._waits.values(), *self._untold.values()):
            waits.asked.flow.close()
            self._drop(waits.connection)
        self._epoll.close()
        # Whoever still wants to wake us must not write into what has its number next.
        waker, self._waker = self._waker, -1
        for end in (self._wakes, waker):
            os.close(end)
