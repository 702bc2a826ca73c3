"""The debuggers of a session: which functions have one, on which port, and what they wait for."""

import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from localfn.debug.adapters import Adapter, Adapters
from localfn.debug.debugger import VARIABLE, Debugger
from localfn.debug.kinds import KINDS
from localfn.debug.listener import HOST
from localfn.debug.source_maps import missing_map
from localfn.errors import ProjectError
from localfn.model import NOTHING, InstancePlan, Site

HEARTBEAT_S = 15.0
MOST_PATIENCE = 8
NEWEST = "3.10"


class Debuggers:
    """Opens the ports of all functions that shall be debugged, and closes them in `close`.

    `functions` are those to debug and their languages; `ports` has a port for each; `spoken` the
    languages of programs that are not ours. `waits` says whether code waits for an editor.
    """

    def __init__(
        self,
        functions: Mapping[str, str],
        ports: Mapping[str, int],
        cache: Path,
        say: Callable[[str], None],
        *,
        waits: bool,
        spoken: Mapping[str, str] = NOTHING,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._adapters = Adapters(cache, say)
        self._waits = waits
        self._say = say
        self._heartbeat_s = heartbeat_s
        self._told: set[str] = set()
        self._wake: Callable[[str], None] | None = None
        self._closed = threading.Event()
        self._debuggers: dict[str, Debugger] = {}
        try:
            for key, language in functions.items():
                self.open(key, ports[key], language, spoken.get(key, ""))
        except BaseException:
            self.close()
            raise
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def open(self, key: str, port: int, language: str, spoken: str = "") -> None:
        """Open the debugger of one more function; raise `MachineError` where its port is taken."""
        kind = KINDS[language]
        made = Debugger(key, port, kind, self._say, waits=self._waits, language=spoken)
        self._debuggers[key] = made
        self._say(_opened(made))
        if self._wake is not None:
            made.attend(partial(self._wake, key))

    def of(self, function: str) -> Debugger | None:
        """Return the debugger of a function, None where it is not debugged."""
        return self._debuggers.get(function)

    def plan(
        self,
        plan: InstancePlan,
        language: str,
        version: str,
        interpreter: Path | None,
        foreign: str,
    ) -> InstancePlan:
        """Return the plan of an instance with its debugger, if its function has one.

        `interpreter` is one of this version on this machine, None where there is none: it
        compiles the debugger's files. `foreign` is where the cloud keeps code.
        """
        debugger = self._debuggers.get(plan.function.key)
        if debugger is None:
            return plan
        adapters: tuple[Adapter, ...] = ()
        if language == "python":
            adapters = self._for_python(version, plan.site)
            if interpreter is not None:
                self._adapters.compile(adapters[0], interpreter)
        if language == "nodejs":
            self._say_once(missing_map(_code(plan, foreign), plan.function.handler))
        return debugger.plan(plan, version, adapters, foreign)

    def attend(self, wake: Callable[[str], None]) -> None:
        """Have `wake` called with each function whose editor comes before any worker.

        Editors show that they are attached, and which breakpoints can be hit, only then.
        """
        self._wake = wake
        for key, each in tuple(self._debuggers.items()):
            each.attend(partial(wake, key))

    def finish(self) -> None:
        """Say that workers are being stopped for good: no editor is asked to come back."""
        for each in self._debuggers.values():
            each.finish()

    def close(self) -> None:
        """Send all editors away and give the ports back. May be called twice."""
        self._closed.set()
        for each in self._debuggers.values():
            each.close()

    def _say_once(self, line: str) -> None:
        if line and line not in self._told:
            self._told.add(line)
            self._say(line)

    def _for_python(self, version: str, site: Site) -> tuple[Adapter, ...]:
        """Return the debugger for a version and, as an image may have another Python, the newest.

        The first is the one for this version.
        """
        exact = self._adapters.find(version)
        if site is Site.PROCESS:
            return (exact,)
        newest = self._adapters.find(NEWEST)
        self._adapters.compile(newest, Path(sys.executable))
        return (exact,) if newest == exact else (exact, newest)

    def _beat(self) -> None:
        """Say what is waited for, more and more rarely as long as it stays the same."""
        every_s, rounds = self._heartbeat_s, 0
        while not self._closed.wait(every_s):
            lines = [line for each in tuple(self._debuggers.values()) if (line := each.heartbeat())]
            rounds = rounds + 1 if lines else 0
            every_s = self._heartbeat_s * min(2**rounds, MOST_PATIENCE)
            for line in lines:
                self._say(line)


def _code(plan: InstancePlan, foreign: str) -> Path:
    """Return the folder of a function's code on this machine."""
    return next((each.source for each in plan.mounts if each.target == foreign), plan.folder)


def _opened(debugger: Debugger) -> str:
    """Return the line about a debugger; editors' tasks look for the beginning of the first."""
    key, where = debugger.function, f"{HOST}:{debugger.port}"
    if debugger.calls_back:
        return f"the debugger of {key} calls the editor that listens on port {debugger.port}"
    if debugger.is_unknown:
        return (
            f"debugger listening on {where} ({key}) for what the program opens itself on the port "
            f"of {VARIABLE}; `localfn debug-config EDITOR {key} --language …` has localfn open it"
        )
    return f"debugger listening on {where} ({key})"


def debuggable(
    wanted: tuple[str, ...], languages: Mapping[str, str], say: Callable[[str], None]
) -> dict[str, str]:
    """Return the functions to debug and their languages, out of the project's.

    `wanted` are keys, empty for all that can be debugged. Raises `ProjectError` for one that was
    named and cannot be.
    """
    if wanted:
        for key in wanted:
            _refuse_unknown(key, languages.get(key, ""))
        return {key: languages[key] for key in wanted}
    others = [key for key, language in languages.items() if language not in KINDS]
    if others:
        say(f"no debugger is opened for {', '.join(others)}: localfn does not run their runtimes")
    return {key: language for key, language in languages.items() if language in KINDS}


def _refuse_unknown(key: str, language: str) -> None:
    if language not in KINDS:
        raise ProjectError(
            f"`{key}` has a runtime for which localfn opens no debugger.",
            hint="It opens one for Python and Node.js, and for custom runtimes and images: "
            "`localfn debug-config EDITOR NAME --language …` tells their language.",
        )
