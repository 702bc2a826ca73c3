"""Guests as processes of this machine: no Docker, the same contract.

What it does not isolate is said by `describe`. Memory is watched (resident set of the process
and its children), not capped by RLIMIT_AS: address space is not what a cloud counts, and Node.js
cannot start under a small one.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from localfn.errors import MachineError
from localfn.instances.child import Child
from localfn.instances.guest import Exit, Guest
from localfn.instances.stream import StreamChannel
from localfn.model import InstancePlan, Site

if TYPE_CHECKING:
    from localfn.instances.server import Servers

ISOLATES = (
    "running in a process: time and memory (watched) are limited, {tmp} is private; "
    "{others}, network, user and CPU are not isolated"
)
# How often the memory of guests is looked at, and every which time that of idle ones.
WATCH_EVERY_S = 0.02
GLANCE_EVERY = 50
CLOSE_LIMIT_S = 1.0
LOOPBACK = "127.0.0.1"


class ProcessBackend:
    """Starts guests as child processes, each in a process group of its own."""

    site = Site.PROCESS

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._described = False
        self._environ = environ
        self._servers: Servers | None = None
        self._guests: list[Guest] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> Guest:
        """Start a guest.

        Raises `MachineError` when its interpreter cannot be run, `CannotStart` when it is the
        user's own program that cannot.
        """
        child, guest = self._server(plan, say) if plan.wire == "http" else self._bootstrap(plan)
        with self._lock:
            self._guests = [each for each in self._guests if each.await_exit(0) is None]
            self._guests.append(guest)
            first, self._described = not self._described, True
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
                self._watcher.start()
        if first:
            say(describe(private_tmp=child.has_private_tmp))
        return guest

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Close a guest."""
        guest.close()

    def close(self) -> None:
        """End all guests that are left. May be called twice."""
        self._closed.set()
        with self._lock:
            guests, self._guests = self._guests, []
        for guest in guests:
            guest.close()
        if self._watcher is not None:
            self._watcher.join(CLOSE_LIMIT_S)

    def _watch(self) -> None:
        """Note the memory of every bootstrap, and end those that take too much."""
        rounds = 0
        while not self._closed.wait(WATCH_EVERY_S):
            rounds += 1
            for guest in self._guests:
                # A guest that nobody waits for is asleep in its cloud; it gets a glance.
                if isinstance(guest, ProcessGuest) and (
                    guest.channel.turns.taken or not rounds % GLANCE_EVERY
                ):
                    guest.weigh()

    def _bootstrap(self, plan: InstancePlan) -> tuple[Child, Guest]:
        try:
            child = Child(plan, self._environ)
        except OSError as error:
            raise MachineError(
                f"`{plan.command[0]}` cannot be started for `{plan.function.key}`: {error}.",
                hint="Name another interpreter, or run in a container: `--runner docker`.",
            ) from error
        return child, ProcessGuest(child, one_by_one=plan.init.get("concurrency", 1) == 1)

    def _server(self, plan: InstancePlan, say: Callable[[str], None]) -> tuple[Child, Guest]:
        # Not loaded for the other functions, whose cold start would wait for it.
        from localfn.instances.server import Servers

        with self._lock:
            if self._servers is None:
                self._servers = Servers(self._environ)
        return self._servers.start(plan, say)


class ProcessGuest:
    """One bootstrap in a child process; `one_by_one` promises that it gets one call at a time."""

    def __init__(self, child: Child, *, one_by_one: bool = False) -> None:
        self._child = child
        self._closing = threading.Lock()
        to_guest, from_guest, printed = child.pipes()
        self.channel = StreamChannel(
            to_guest, from_guest, printed, child.is_over, in_order=one_by_one
        )
        self.tape = self.channel.tape
        # What it prints is read while its end is awaited: a full pipe would keep it from ending.
        child.pause = self.channel.turns.once

    def kill(self, grace_s: float) -> Exit:
        """End the process and its children: SIGTERM, wait `grace_s`, SIGKILL."""
        return self._child.kill(grace_s)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the process ended, None when it still runs after this long."""
        return self._child.await_exit(limit_s)

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return the same port on this machine."""
        return LOOPBACK, port

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._child.peak_memory_mb()

    def weigh(self) -> None:
        """Note the memory in use, and end the process when it takes too much."""
        self._child.weigh()

    def renew(self) -> bool:
        """Return False: another worker is another process."""
        return False

    def close(self) -> None:
        """End the process, close the pipes, remove the private folder. Twice is once."""
        # Taken once and never given back: whoever comes second has nothing to do.
        if not self._closing.acquire(blocking=False):
            return
        self._child.close()
        self.channel.close()


def describe(*, private_tmp: bool) -> str:
    """Return one line on what is isolated and what is not."""
    if private_tmp:
        return ISOLATES.format(tmp="`/tmp`", others="other files")
    return ISOLATES.format(tmp="`TMPDIR`", others="files, `/tmp`")
