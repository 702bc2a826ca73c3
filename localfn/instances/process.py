"""Guests as processes of this machine: no Docker, the same contract.

What it does not isolate is said by `describe`. Memory is watched (resident set of the process
and its children), not capped by RLIMIT_AS: address space is not what a cloud counts, and Node.js
cannot start under a small one.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from localfn.errors import MachineError
from localfn.instances.guest import Exit, Guest
from localfn.instances.private_tmp import wrap
from localfn.instances.resident import resident_kb
from localfn.instances.stream import StreamChannel
from localfn.model import InstancePlan, Site

ISOLATES = (
    "running in a process: time and memory (watched) are limited, {tmp} is private; "
    "{others}, network, user and CPU are not isolated"
)
# What a process needs of the machine's own environment; the rest is the function's.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "DYLD_LIBRARY_PATH")
# How often the memory of guests is looked at, and every which time that of idle ones.
WATCH_EVERY_S = 0.02
GLANCE_EVERY = 50
LOOK_EVERY_S = 0.005
KILL_LIMIT_S = 5.0
CLOSE_LIMIT_S = 1.0


class ProcessBackend:
    """Starts guests as child processes, each in a process group of its own."""

    site = Site.PROCESS

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._described = False
        self._inherited = {name: environ[name] for name in INHERITED if name in environ}
        self._guests: list[ProcessGuest] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> "ProcessGuest":
        """Start a guest; raise `MachineError` when its interpreter cannot be run."""
        guest = ProcessGuest(plan, self._inherited)
        with self._lock:
            self._guests = [each for each in self._guests if not each.is_over()]
            self._guests.append(guest)
            first, self._described = not self._described, True
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
                self._watcher.start()
        if first:
            say(describe(private_tmp=guest.has_private_tmp))
        return guest

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Close a guest."""
        guest.close()

    def close(self) -> None:
        """End all guests that are left."""
        self._closed.set()
        with self._lock:
            guests, self._guests = self._guests, []
        for guest in guests:
            guest.close()
        if self._watcher is not None:
            self._watcher.join(CLOSE_LIMIT_S)

    def _watch(self) -> None:
        """Note the memory of every guest, and end those that take too much."""
        rounds = 0
        while not self._closed.wait(WATCH_EVERY_S):
            rounds += 1
            for guest in self._guests:
                # A guest that nobody waits for is asleep in its cloud; it gets a glance.
                if guest.channel.turns.taken or not rounds % GLANCE_EVERY:
                    guest.weigh()


class ProcessGuest:
    """One bootstrap in a child process."""

    def __init__(self, plan: InstancePlan, inherited: Mapping[str, str]) -> None:
        self._limit_kb = plan.memory_mb * 1024
        self._peak_kb = 0
        self._out_of_memory = False
        self._closing = threading.Lock()
        self._folder = _private_folder(inherited)
        self._process = self._spawn(plan, {**inherited, **plan.environment})
        self.channel = StreamChannel(*self._descriptors(), self.is_over)
        self.tape = self.channel.tape

    def kill(self, grace_s: float) -> Exit:
        """End the process and its children: SIGTERM, wait `grace_s`, SIGKILL."""
        if grace_s and not self.is_over():
            self._signal(signal.SIGTERM)
            self.await_exit(grace_s)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        return self.await_exit(KILL_LIMIT_S) or Exit(signal=9)

    def is_over(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the process ended, None when it still runs after this long."""
        deadline = time.monotonic() + limit_s
        while (code := self._process.poll()) is None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            # What it prints is read meanwhile: a full pipe would keep it from ending.
            self.channel.turns.once(min(left_s, LOOK_EVERY_S))
        return Exit(
            code=max(code, 0),
            signal=max(-code, 0),
            out_of_memory=self._out_of_memory,
            peak_memory_mb=self.peak_memory_mb(),
        )

    def weigh(self) -> None:
        """Note the memory in use, and end the process when it takes too much."""
        if self._process.returncode is not None:
            return
        used_kb = resident_kb(self._process.pid)
        self._peak_kb = max(self._peak_kb, used_kb)
        if used_kb > self._limit_kb:
            self._out_of_memory = True
            self._signal(signal.SIGKILL)

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._peak_kb / 1024

    def renew(self) -> bool:
        """Return False: another worker is another process."""
        return False

    def close(self) -> None:
        """End the process, close the pipes, remove the private folder. Twice is once."""
        # Taken once and never given back: whoever comes second has nothing to do.
        if not self._closing.acquire(blocking=False):
            return
        self.kill(0)
        self.channel.close()
        _remove(self._folder)

    def _spawn(self, plan: InstancePlan, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        layers = [Path(str(each)) for each in cast("list[str]", plan.init["layers"])]
        needed = (plan.folder, *map(Path, plan.command[:1] + plan.command[-1:]), *layers)
        command = wrap(plan.command, self._folder, needed)
        self.has_private_tmp = command != plan.command
        environment["TMPDIR"] = "/tmp" if self.has_private_tmp else str(self._folder)  # noqa: S108
        try:
            return subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=plan.folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            _remove(self._folder)
            raise MachineError(
                f"`{plan.command[0]}` cannot be started for `{plan.function.key}`: {error}.",
                hint="Name another interpreter, or run in a container: `--runner docker`.",
            ) from error

    def _descriptors(self) -> tuple[int, int, int]:
        """Return copies of the pipes' ends that we own, and close the process object's."""
        copies = []
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            copies.append(os.dup(pipe.fileno()))
            pipe.close()
        return copies[0], copies[1], copies[2]

    def _signal(self, number: int) -> None:
        # The group outlives its leader: children of a worker that has ended are ended too.
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def describe(*, private_tmp: bool) -> str:
    """Return one line on what is isolated and what is not."""
    if private_tmp:
        return ISOLATES.format(tmp="`/tmp`", others="other files")
    return ISOLATES.format(tmp="`TMPDIR`", others="files, `/tmp`")


def _private_folder(environ: Mapping[str, str]) -> Path:
    """Return a new folder that only this user can enter (as tempfile's, which costs 6 ms)."""
    folder = Path(environ.get("TMPDIR") or "/tmp", f"localfn-{os.urandom(8).hex()}")  # noqa: S108
    folder.mkdir(mode=0o700)
    return folder


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
