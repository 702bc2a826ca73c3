"""Guests that wait: started, the bootstrap loaded, nothing of the user's.

A cold call then costs what loading the user's code costs. Containers of instances that have
ended come back here and get a new worker, which takes a tenth of starting a container.
"""

import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from localfn.errors import LocalfnError
from localfn.instances.guest import Backend, BootstrapGuest, Guest
from localfn.model import InstancePlan
from localfn.wires.frames import ChannelClosed

Say = Callable[[str], None]
Roots = tuple[tuple[int, int], ...]
# How long more spares than are wanted may wait to be used.
SURPLUS_S = 10.0
SETTLE_S = 0.05
# What of `init` a worker may know before it is given code.
PRELOADED = ("shim", "alone")
PRELOAD_LIMIT_S = 1.0
CLOSE_LIMIT_S = 5.0


class Stamp(NamedTuple):
    """What a guest was started from; a folder that was replaced has other `roots`."""

    fingerprint: str
    roots: Roots


class Spare(NamedTuple):
    """A guest that waits since a moment of the monotonic clock."""

    guest: Guest
    stamp: Stamp
    since: float


class Spares:
    """A backend around another one: `start` gives what has been started already.

    Of `most` plans, those last used, one spare each is kept.
    """

    def __init__(self, backend: Backend, most: int) -> None:
        self.site = backend.site
        self._backend = backend
        self._most = most
        self._waiting: list[Spare] = []
        self._stamps: WeakKeyDictionary[Guest, Stamp] = WeakKeyDictionary()
        self._wanted: queue.SimpleQueue[InstancePlan | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._dropped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, plan: InstancePlan, say: Say) -> Guest:
        """Return a spare of this plan, else a guest started now; have the next one started."""
        stamp = stamp_of(plan)
        guest = self._take(stamp) or self._start(plan, stamp, say)
        if may_wait(plan) and self._most:
            self._ask(plan)
        return guest

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Give a guest a new worker and keep it, or close it where that cannot be."""
        with self._lock:
            stamp = self._stamps.get(guest)
        if stamp is None or stamp != stamp_of(plan) or self._dropped.is_set() or not guest.renew():
            self._backend.take_back(plan, guest)
            return
        self._keep(plan, guest, stamp)
        self._ask(None)

    def waits_for(self, plan: InstancePlan) -> bool:
        """Return whether there is a spare of this plan."""
        stamp = stamp_of(plan)
        with self._lock:
            return any(each.stamp == stamp for each in self._waiting)

    def forget(self, plan: InstancePlan) -> None:
        """End the spares of a plan; its guests that are in use will not be used again."""
        with self._lock:
            for guest, stamp in tuple(self._stamps.items()):
                if stamp.fingerprint == plan.fingerprint:
                    del self._stamps[guest]
            gone = [each for each in self._waiting if each.stamp.fingerprint == plan.fingerprint]
            self._waiting = [each for each in self._waiting if each not in gone]
        self._end(gone)

    def drop(self) -> None:
        """End all spares and keep no more."""
        with self._lock:
            self._dropped.set()
            gone, self._waiting = self._waiting, []
        self._wanted.put(None)
        self._end(gone)

    def close(self) -> None:
        """End all guests that are left. May be called twice."""
        self.drop()
        if self._thread is not None:
            self._thread.join(CLOSE_LIMIT_S)
        self._backend.close()

    def _start(self, plan: InstancePlan, stamp: Stamp, say: Say) -> Guest:
        guest = self._backend.start(plan, say)
        with self._lock:
            self._stamps[guest] = stamp
        return guest

    def _take(self, stamp: Stamp) -> Guest | None:
        """Return the newest spare that still lives; end those whose folders were replaced."""
        found: Spare | None = None
        gone: list[Spare] = []
        with self._lock:
            for each in reversed(self._waiting):
                if each.stamp.fingerprint != stamp.fingerprint or found is not None:
                    continue
                if each.stamp == stamp and each.guest.await_exit(0) is None:
                    found = each
                else:
                    gone.append(each)
            self._waiting = [each for each in self._waiting if each not in (found, *gone)]
        self._end(gone)
        return found.guest if found else None

    def _ask(self, plan: InstancePlan | None) -> None:
        """Have a spare started in the background (None: only the surplus looked after)."""
        with self._lock:
            if self._thread is None and not self._dropped.is_set():
                self._thread = threading.Thread(target=self._serve, name="spares", daemon=True)
                self._thread.start()
        self._wanted.put(plan)

    def _serve(self) -> None:
        while not self._dropped.is_set():
            try:
                plan = self._wanted.get(timeout=self._next_look())
            except queue.Empty:
                plan = None
            # Later, so that whoever took the last one is not slowed down by the start of the next.
            if plan is not None and not self._dropped.wait(SETTLE_S) and not self.waits_for(plan):
                self._start_spare(plan)
            self._trim()

    def _start_spare(self, plan: InstancePlan) -> None:
        stamp = stamp_of(plan)
        try:
            guest = self._start(plan, stamp, _quietly)
        except LocalfnError:  # the call that needs one will be told
            return
        self._keep(plan, guest, stamp)

    def _keep(self, plan: InstancePlan, guest: Guest, stamp: Stamp) -> None:
        try:
            asked = {"kind": "preload", **{name: plan.init.get(name) for name in PRELOADED}}
            # Servers are neither started ahead nor renewed.
            cast("BootstrapGuest", guest).channel.send(asked, limit_s=PRELOAD_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            self._backend.take_back(plan, guest)
            return
        with self._lock:
            kept = not self._dropped.is_set() and guest in self._stamps
            if kept:
                self._waiting.append(Spare(guest, stamp, time.monotonic()))
        if not kept:
            self._backend.take_back(plan, guest)

    def _trim(self) -> None:
        """End what is more than one of a plan, or more than may wait."""
        old = time.monotonic() - SURPLUS_S
        seen: set[Stamp] = set()
        kept: list[Spare] = []
        gone: list[Spare] = []
        with self._lock:
            for each in reversed(self._waiting):
                wanted = each.stamp not in seen and len(seen) < self._most
                seen.add(each.stamp)
                (kept if wanted or each.since > old else gone).append(each)
            self._waiting = kept[::-1]
        self._end(gone)

    def _next_look(self) -> float | None:
        """Return when surplus may have to be ended, None when there is none."""
        with self._lock:
            kinds = {each.stamp for each in self._waiting}
            surplus = len(self._waiting) > min(len(kinds), self._most)
        return SURPLUS_S if surplus else None

    def _end(self, spares: list[Spare]) -> None:
        for each in spares:
            each.guest.close()


def may_wait(plan: InstancePlan) -> bool:
    """Return whether a spare of this plan can be had: a debugger's port is there only once."""
    return plan.wire == "bootstrap" and not plan.debug_ports


def stamp_of(plan: InstancePlan) -> Stamp:
    """Return what a guest of this plan would be started from now."""
    folders = (plan.folder, *(each.source for each in plan.mounts))
    return Stamp(plan.fingerprint, tuple(_root(each) for each in folders))


def _root(folder: Path) -> tuple[int, int]:
    try:
        found = os.stat(folder)
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _quietly(_: str) -> None:
    return
