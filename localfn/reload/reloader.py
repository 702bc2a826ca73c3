"""Tie the watcher to a session: what changed is read again, and loaded before anybody asks."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

from localfn.errors import LocalfnError
from localfn.model import Function, Result, Severity
from localfn.project import Project
from localfn.reload.batch import Batch
from localfn.reload.echoes import Echoes
from localfn.reload.ground import Standing, ground_of
from localfn.reload.watcher import Watcher
from localfn.reload.wording import failed, ready

Say = Callable[[str], None]
Sink = Callable[[bytes], None]


class Revision(Protocol):
    """One loading of a function that has come to its end."""

    @property
    def function(self) -> str:
        """Return the function's key."""

    @property
    def number(self) -> int:
        """Return which one it is, counted from 1."""

    @property
    def ready_ms(self) -> float:
        """Return how long it took."""

    @property
    def result(self) -> Result | None:
        """Return how loading went; None when a call has loaded it and tells that itself."""

    @property
    def error(self) -> LocalfnError | None:
        """Return why no instance could be started, if none could."""


class Session(Standing, Protocol):
    """What a session has to give so that its project may change under it."""

    def reopen(self) -> None:
        """Read settings and template again.

        Raises `LocalfnError`, and changes nothing, when they are broken.
        """

    def follow(
        self,
        catch_up: Callable[[], None],
        told: Callable[[Revision], None],
        is_current: Callable[[], bool],
        /,
    ) -> None:
        """Call `catch_up` before every call unless `is_current`; `told` when a renewal has ended.

        All from any thread.
        """

    def hold(self, functions: Collection[str]) -> None:
        """Have calls of these functions wait until `release`."""

    def release(self) -> None:
        """Let all calls go on."""

    def renew(self, function: Function, sink: Sink, afresh: bool, /) -> object:
        """Serve no call any more by what was loaded before, and load anew in the background.

        `sink` gets what is printed meanwhile. `afresh`: nothing that has loaded its packages
        before is used. Raises `LocalfnError` when it cannot be planned.
        """

    def retire(self, function: str, /) -> None:
        """Give up the instances of a function that is no more."""


class Reloader:
    """Has a session follow what happens to its project's files, from `with` on.

    `say` takes one line for each thing that a person should know, `sink` what user code prints
    while it is loaded.
    """

    def __init__(self, session: Session, say: Say, sink: Sink = lambda text: None) -> None:
        self._session = session
        self._say = say
        self._sink = sink
        self._echoes = Echoes()
        self._lock = threading.Lock()
        self._doubted: set[str] = set()
        self._kept_back: dict[str, str] = {}
        self._since: dict[str, float] = {}
        self._broken = False
        self._ground = ground_of(session)
        self._watcher = Watcher(self._ground.roots(), self, say)
        session.follow(self._watcher.catch_up, self.tell, self._watcher.is_current)

    def __enter__(self) -> "Reloader":
        self._watcher.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Follow no more. May be called twice."""
        self._watcher.close()
        self._session.release()

    def doubt(self, paths: Collection[Path]) -> None:
        """Have calls wait that these paths may concern."""
        meaning = self._ground.meaning(self._without_echoes(paths))
        functions = meaning.functions
        if meaning.template or meaning.settings:
            functions = frozenset(each.key for each in self._session.project.functions)
        if functions:
            with self._lock:
                self._doubted |= functions
            self._session.hold(functions)

    def settle(self, batch: Batch) -> None:
        """Follow what changed, then let the calls go on."""
        renewed: set[str] = set()
        try:
            paths = self._without_echoes([each.path for each in batch.changes])
            if paths:
                renewed = self._follow(paths, batch.since)
        finally:
            self._session.release()
            self._end_doubts(renewed)

    def tell(self, revision: Revision) -> None:
        """Say how a renewal ended."""
        key = revision.function
        self._echoes.note_loaded(key)
        self._watcher.catch_up()
        line, good = self._line(revision)
        with self._lock:
            if not good and key in self._doubted:
                # It was read while somebody wrote it: most likely the next one says better.
                self._kept_back[key] = line
                return
        self._say(line)

    def _line(self, revision: Revision) -> tuple[str, bool]:
        """Return what is said of a renewal, and whether it went well."""
        key, number = revision.function, revision.number
        if revision.error is not None:
            return f"{key}: revision {number} failed: {revision.error.message}", False
        failure = None if revision.result is None else revision.result.failure
        if failure is not None:
            code = self._session.project.provider.layout.code
            return failed(key, number, failure, code), False
        since = self._since.pop(key, None)
        waited_ms = revision.ready_ms if since is None else (time.monotonic() - since) * 1000
        return ready(key, number, waited_ms), True

    def _end_doubts(self, renewed: set[str]) -> None:
        """Say what was kept back of functions that are not loaded once more."""
        with self._lock:
            kept = [line for key, line in self._kept_back.items() if key not in renewed]
            self._kept_back.clear()
            self._doubted.clear()
        for line in kept:
            self._say(line)

    def _without_echoes(self, paths: Collection[Path]) -> list[Path]:
        return [each for each in paths if each not in self._echoes.known]

    def _follow(self, paths: Collection[Path], since: float) -> set[str]:
        """Renew what these paths concern; return the functions that were."""
        meaning = self._ground.meaning(paths)
        functions = set(self._without_answers(meaning.functions, paths, since))
        if meaning.template or meaning.settings:
            functions |= self._reopen(all_anew=meaning.settings)
        for key in sorted(functions):
            self._since[key] = since
            self._renew(key, afresh=key in meaning.dependencies)
        self._ground = ground_of(self._session)
        self._watcher.watch(self._ground.roots())
        return functions

    def _without_answers(
        self, functions: Collection[str], paths: Collection[Path], since: float
    ) -> Iterator[str]:
        """Yield the functions that did not change their own files."""
        for key in functions:
            own = [each for each in paths if key in self._ground.meaning([each]).functions]
            echoes = self._echoes.note_changes(key, own, since)
            for each in echoes:
                self._say(
                    f"{key}: `{each}` is written whenever the function runs, so its changes "
                    "are no longer looked at; an ignore pattern of yours would say so too"
                )
            if len(echoes) < len(own):
                yield key

    def _reopen(self, *, all_anew: bool) -> set[str]:
        """Read settings and template again; return the functions that have to be renewed."""
        before = self._session.project
        try:
            self._session.reopen()
        except LocalfnError as error:
            self._broken = True
            self._say(f"reload: {error.message} All functions stay as they were.")
            return set()
        if self._broken:
            self._broken = False
            self._say("reload: template and settings can be read again")
        after = self._session.project
        self._tell_findings(before, after)
        old = {each.key: each for each in before.functions}
        new = {each.key: each for each in after.functions}
        for key in old.keys() - new.keys():
            self._session.retire(key)
            self._say(f"{key}: no longer in the template")
        for key in new.keys() - old.keys():
            self._say(f"{key}: new in the template")
        return {
            key
            for key in old.keys() & new.keys()
            if all_anew or _as_loaded(old[key]) != _as_loaded(new[key])
        }

    def _tell_findings(self, before: Project, after: Project) -> None:
        """Say what is wrong in the template that was not wrong before, wherever it stood."""
        known = {(each.function, each.message) for each in before.findings}
        for each in after.findings:
            if each.severity is Severity.ERROR and (each.function, each.message) not in known:
                self._say(f"{each.place}: {each.message}")

    def _renew(self, key: str, *, afresh: bool) -> None:
        functions = self._session.project.functions
        function = next((each for each in functions if each.key == key), None)
        if function is None:
            return
        self._echoes.note_loading(key)
        try:
            self._session.renew(function, self._sink, afresh)
        except LocalfnError as error:
            self._echoes.note_loaded(key)
            self._say(f"{key}: {error.message}")


def _as_loaded(function: Function) -> Function:
    """Return the function without what no instance of it depends on."""
    return function._replace(template=None, triggers=())
