"""Guests as processes of this machine: no Docker, the same contract.

What it does not isolate is said by `describe`. Memory is watched (resident set of the process
and its children), not capped by RLIMIT_AS: address space is not what a cloud counts, and Node.js
cannot start under a small one.
"""

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from localfn.errors import MachineError
from localfn.instances.child import Child
from localfn.instances.guest import Exit, Guest
from localfn.instances.stream import StreamChannel
from localfn.model import InstancePlan, Site
from localfn.wires.tape import LogTape

if TYPE_CHECKING:
    from localfn.instances.server import Servers

ISOLATES = (
    "running in a process: time and memory (watched) are limited, {tmp} is private; "
    "{others}, network, user and CPU are not isolated"
)
WATCH_EVERY_S = 0.02
READ_BYTES = 1 << 16
LAST_WORDS_S = 0.1
LOOPBACK = "127.0.0.1"


class ProcessBackend:
    """Starts guests as child processes, each in a process group of its own."""

    site = Site.PROCESS

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._described = False
        self._environ = environ
        self._servers: Servers | None = None
        self._guests: list[Guest] = []

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> Guest:
        """Start a guest.

        Raises `MachineError` when its interpreter cannot be run, `CannotStart` when it is the
        user's own program that cannot.
        """
        self._guests = [each for each in self._guests if each.await_exit(0) is None]
        child, guest = self._server(plan, say) if plan.wire == "http" else self._bootstrap(plan)
        self._guests.append(guest)
        if not self._described:
            self._described = True
            say(describe(private_tmp=child.has_private_tmp))
        return guest

    def close(self) -> None:
        """End all guests that are left."""
        for guest in self._guests:
            guest.close()
        self._guests.clear()

    def _bootstrap(self, plan: InstancePlan) -> tuple[Child, Guest]:
        try:
            child = Child(plan, self._environ)
        except OSError as error:
            raise MachineError(
                f"`{plan.command[0]}` cannot be started for `{plan.function.key}`: {error}.",
                hint="Name another interpreter, or run in a container: `--runner docker`.",
            ) from error
        return child, ProcessGuest(plan, child)

    def _server(self, plan: InstancePlan, say: Callable[[str], None]) -> tuple[Child, Guest]:
        if self._servers is None:
            # Not loaded for the other functions, whose cold start would wait for it.
            from localfn.instances.server import Servers

            self._servers = Servers(self._environ)
        return self._servers.start(plan, say)


class ProcessGuest:
    """One bootstrap in a child process."""

    def __init__(self, plan: InstancePlan, child: Child) -> None:
        self.tape = LogTape(str(plan.init["mark"]))
        self._child = child
        self._closed = threading.Event()
        to_guest, from_guest, printed = child.pipes()
        self.channel = StreamChannel(to_guest, from_guest)
        self._threads = (
            threading.Thread(target=self._record, args=(printed,), name="tape", daemon=True),
            threading.Thread(target=self._watch, name="watch", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def kill(self, grace_s: float) -> Exit:
        """End the process and its children: SIGTERM, wait `grace_s`, SIGKILL."""
        ended = self._child.kill(grace_s)
        self.channel.hang_up()
        return ended

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the process ended, None when it still runs after this long."""
        return self._child.await_exit(limit_s)

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return the same port on this machine."""
        return LOOPBACK, port

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._child.peak_memory_mb()

    def close(self) -> None:
        """End the process, close the pipes, remove the private folder."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._child.close()
        self.channel.close()
        for thread in self._threads:
            thread.join(1.0)

    def _record(self, printed: int) -> None:
        while text := os.read(printed, READ_BYTES):
            self.tape.feed(text)
        self.tape.end()
        os.close(printed)

    def _watch(self) -> None:
        """Look at the memory in use, and notice the end."""
        while not self._child.is_over():
            self._child.weigh()
            self._closed.wait(WATCH_EVERY_S)
        # A forked child may hold the worker's end of the pipe open; the worker is gone anyway.
        self._closed.wait(LAST_WORDS_S)
        self.channel.hang_up()


def describe(*, private_tmp: bool) -> str:
    """Return one line on what is isolated and what is not."""
    if private_tmp:
        return ISOLATES.format(tmp="`/tmp`", others="other files")
    return ISOLATES.format(tmp="`TMPDIR`", others="files, `/tmp`")
