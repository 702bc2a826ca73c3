"""A program of this machine with all its children: one process group, watched and ended whole."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from localfn.instances.guest import Exit
from localfn.instances.lifeline import Lifeline
from localfn.instances.namespace import stage_of, wrap
from localfn.instances.resident import descendants, resident_kb
from localfn.model import InstancePlan

# What a process needs of the machine's own environment; the rest is the function's.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "DYLD_LIBRARY_PATH")
KILL_LIMIT_S = 5.0
# How soon it is looked whether a program has ended, at first and in the long run.
LOOK_FIRST_S = 0.0003
LOOK_LATER_S = 0.01


class Child:
    """The command of a plan in a process group of its own, with a private `/tmp` where possible.

    Raises `OSError` when the command cannot be started. Ends with localfn, however that ends.
    `pause(seconds)` is what is done while its end is awaited.
    """

    def __init__(
        self,
        plan: InstancePlan,
        environ: Mapping[str, str],
        *,
        stdin: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> None:
        self.pause: Callable[[float], None] = time.sleep
        self._limit_kb = plan.memory_mb * 1024
        self._peak_kb = 0
        self._out_of_memory = False
        self._folder = _private_folder(environ)
        self._lifeline = Lifeline()
        inherited = {name: environ[name] for name in INHERITED if name in environ}
        self._process = self._spawn(plan, {**inherited, **plan.environment}, stdin, stderr)

    @property
    def pid(self) -> int:
        """Return the number of the leader and of its group."""
        return self._process.pid

    def pipes(self) -> tuple[int, ...]:
        """Return copies of the ends of standard input, output and error that are ours.

        The caller closes them.
        """
        process, copies = self._process, []
        for pipe in cast("list[IO[bytes] | None]", [process.stdin, process.stdout, process.stderr]):
            if pipe is not None:
                copies.append(os.dup(pipe.fileno()))
                pipe.close()
        return tuple(copies)

    def is_over(self) -> bool:
        """Return whether the leader has ended."""
        return self._process.poll() is not None

    def weigh(self) -> None:
        """Note the memory in use, and end the group when it takes too much."""
        if self._process.returncode is not None:
            return
        used_kb = resident_kb(self.pid)
        self._peak_kb = max(self._peak_kb, used_kb)
        if used_kb > self._limit_kb:
            self._out_of_memory = True
            self.signal(signal.SIGKILL)

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._peak_kb / 1024

    def signal(self, number: int) -> None:
        """Signal the group. It outlives its leader: children that are left are signalled too."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def kill(self, grace_s: float) -> Exit:
        """End the group: SIGTERM, wait `grace_s` for the leader, SIGKILL.

        Descendants that have left the group are ended too: a debugger starts its program in one
        of its own.
        """
        family = () if self.is_over() else descendants(self.pid)
        strays = [each for each in family if _group_of(each) != self.pid]
        if grace_s and not self.is_over():
            self.signal(signal.SIGTERM)
            self.await_exit(grace_s)
        self.signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        for each in strays:
            with suppress(OSError):
                os.kill(each, signal.SIGKILL)
        return self.await_exit(KILL_LIMIT_S) or Exit(signal=9)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the leader ended, None when it still runs after this long."""
        if limit_s <= 0 and self._process.poll() is None:
            return None
        deadline = time.monotonic() + limit_s
        look_s = LOOK_FIRST_S
        while (code := self._process.poll()) is None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return None
            self.pause(min(left_s, look_s))
            look_s = min(2 * look_s, LOOK_LATER_S)
        return Exit(
            code=max(code, 0),
            signal=max(-code, 0),
            out_of_memory=self._out_of_memory,
            peak_memory_mb=self.peak_memory_mb(),
        )

    def close(self) -> None:
        """End the group and remove its private folder. May be called twice."""
        self.kill(0)
        self._lifeline.close()
        self._remove_folders()

    def _remove_folders(self) -> None:
        for folder in (self._folder, stage_of(self._folder)):
            _remove(folder)

    def _spawn(
        self, plan: InstancePlan, environment: dict[str, str], stdin: int, stderr: int
    ) -> "subprocess.Popen[bytes]":
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
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=plan.folder,
                env=environment,
                start_new_session=True,
                pass_fds=(lifeline.guests_end,),
            )
        except OSError:
            lifeline.close()
            self._remove_folders()
            raise
        lifeline.tie(process.pid)
        return process


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _private_folder(environ: Mapping[str, str]) -> Path:
    """Return a new folder that only this user can enter (as tempfile's, which costs 6 ms)."""
    folder = Path(environ.get("TMPDIR") or "/tmp", f"localfn-{os.urandom(8).hex()}")  # noqa: S108
    folder.mkdir(mode=0o700)
    return folder


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
