"""Guests as processes of this machine: no Docker, the same contract.

What it does not isolate is said by `describe`. Memory is watched (resident set of the process
and its children), not capped by RLIMIT_AS: address space is not what a cloud counts, and Node.js
cannot start under a small one.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from localfn.errors import MachineError
from localfn.instances.guest import Exit
from localfn.instances.lifeline import Lifeline
from localfn.instances.namespace import stage_of, wrap
from localfn.instances.resident import resident_kb
from localfn.instances.stream import StreamChannel
from localfn.model import InstancePlan, Site
from localfn.wires.tape import LogTape

ISOLATES = (
    "running in a process: time and memory (watched) are limited, {tmp} is private; "
    "{others}, network, user and CPU are not isolated"
)
# What a process needs of the machine's own environment; the rest is the function's.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "DYLD_LIBRARY_PATH")
WATCH_EVERY_S = 0.02
READ_BYTES = 1 << 16
LAST_WORDS_S = 0.1


class ProcessBackend:
    """Starts guests as child processes, each in a process group of its own."""

    site = Site.PROCESS

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._described = False
        self._inherited = {name: environ[name] for name in INHERITED if name in environ}
        self._guests: list[ProcessGuest] = []

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> "ProcessGuest":
        """Start a guest; raise `MachineError` when its interpreter cannot be run."""
        self._guests = [each for each in self._guests if each.await_exit(0) is None]
        guest = ProcessGuest(plan, self._inherited)
        self._guests.append(guest)
        if not self._described:
            self._described = True
            say(describe(private_tmp=guest.has_private_tmp))
        return guest

    def close(self) -> None:
        """End all guests that are left."""
        for guest in self._guests:
            guest.close()
        self._guests.clear()


class ProcessGuest:
    """One bootstrap in a child process."""

    def __init__(self, plan: InstancePlan, inherited: Mapping[str, str]) -> None:
        self.tape = LogTape(str(plan.init["mark"]))
        self._limit_kb = plan.memory_mb * 1024
        self._peak_kb = 0
        self._out_of_memory = False
        self._closed = threading.Event()
        self._folder = _private_folder(inherited)
        self._lifeline = Lifeline()
        self._process = self._spawn(plan, {**inherited, **plan.environment})
        to_guest, from_guest, printed = self._descriptors()
        self.channel = StreamChannel(to_guest, from_guest)
        self._threads = (
            threading.Thread(target=self._record, args=(printed,), name="tape", daemon=True),
            threading.Thread(target=self._watch, name="watch", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def kill(self, grace_s: float) -> Exit:
        """End the process and its children: SIGTERM, wait `grace_s`, SIGKILL."""
        if grace_s and self._process.poll() is None:
            self._signal(signal.SIGTERM)
            self.await_exit(grace_s)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        ended = self.await_exit(5.0)
        self.channel.hang_up()
        return ended or Exit(signal=9)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the process ended, None when it still runs after this long."""
        try:
            code = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        return Exit(
            code=max(code, 0),
            signal=max(-code, 0),
            out_of_memory=self._out_of_memory,
            peak_memory_mb=self.peak_memory_mb(),
        )

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._peak_kb / 1024

    def close(self) -> None:
        """End the process, close the pipes, remove the private folder."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.kill(0)
        self._lifeline.close()
        self.channel.close()
        for thread in self._threads:
            thread.join(1.0)
        self._remove_folders()

    def _spawn(self, plan: InstancePlan, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        layers = [Path(str(each)) for each in cast("list[str]", plan.init["layers"])]
        named = [Path(word) for word in plan.command if word.startswith("/")]
        needed = (plan.folder, *named, *layers)
        command, self.has_private_tmp = wrap(
            plan.command, self._folder, needed, plan.mounts, plan.folder
        )
        lifeline = self._lifeline
        environment["TMPDIR"] = "/tmp" if self.has_private_tmp else str(self._folder)  # noqa: S108
        try:
            process = subprocess.Popen(
                lifeline.wrap(command),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=plan.folder,
                env=environment,
                start_new_session=True,
                pass_fds=(lifeline.guests_end,),
            )
        except OSError as error:
            lifeline.close()
            self._remove_folders()
            raise MachineError(
                f"`{plan.command[0]}` cannot be started for `{plan.function.key}`: {error}.",
                hint="Name another interpreter, or run in a container: `--runner docker`.",
            ) from error
        lifeline.tie(process.pid)
        return process

    def _remove_folders(self) -> None:
        for folder in (self._folder, stage_of(self._folder)):
            _remove(folder)

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

    def _record(self, printed: int) -> None:
        while text := os.read(printed, READ_BYTES):
            self.tape.feed(text)
        self.tape.end()
        os.close(printed)

    def _watch(self) -> None:
        """Note the memory in use, end the process when it takes too much, notice its end."""
        while self._process.poll() is None:
            used_kb = resident_kb(self._process.pid)
            self._peak_kb = max(self._peak_kb, used_kb)
            if used_kb > self._limit_kb:
                self._out_of_memory = True
                self._signal(signal.SIGKILL)
            self._closed.wait(WATCH_EVERY_S)
        # A forked child may hold the worker's end of the pipe open; the worker is gone anyway.
        self._closed.wait(LAST_WORDS_S)
        self.channel.hang_up()


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
