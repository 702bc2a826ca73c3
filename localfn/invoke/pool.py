"""Warm instances: lent to calls, kept for the next, replaced when the code has changed.

Rules: a call gets a warm instance, else one that is about to be opened and not yet spoken for,
else a new one, for which the instance that has been idle longest may have to go. When none of
this can be had it waits, first come first served, and is refused at the limit. No call that comes
after `renew` is served by what was loaded before it. A call that was under way runs to its end in
what it began with, unless a debugger holds it: nobody shall look at code that is no longer there.
"""

import threading
import time
from collections.abc import Callable
from itertools import zip_longest
from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.instances.instance import Instance, Unusable
from localfn.invoke.fleet import Berth, Fleet, Sink, Standing, nowhere
from localfn.invoke.keeping import Keeping
from localfn.model import InstancePlan, InstanceState, Result, Revision

REAP_EVERY = 4
# What has answered so lately is taken to be alive; looking costs as much as lending.
FRESH_S = 0.005
STOPPING = "localfn is stopping."
# How often it is seen whether a debugger holds a call in old code.
LOOK_EVERY_S = 0.02
OUTDATED = (
    "The code was changed while the debugger held this call, so the call was ended; the next one "
    "stops in the new code. `--no-reload` leaves calls alone."
)


Open = Callable[[Instance, Sink], Result]
End = Callable[[Instance], None]
Tell = Callable[[Revision], None]


def untold(_: Revision) -> None:
    """Tell nobody."""


class NoPlace(Exception):
    """A call could not be given an instance in time; the message says why."""


class Lives(NamedTuple):
    """What a pool has done with instances.

    - `make(plan)`: a new instance, not started.
    - `open(instance, sink)`: starts it and loads the code; raises `Unusable` when it is stopped
      meanwhile.
    - `end(instance)`: stops it.
    - `ends_first(old, new)`: whether an instance of the old plan has to be stopped before one of
      the new plan is opened; else it serves its hook of the end meanwhile.
    - `forget(plan)`: nothing that was started for this plan is to be used again.
    """

    make: Callable[[InstancePlan], Instance]
    open: Open
    end: End
    ends_first: Callable[[InstancePlan, InstancePlan], bool] = lambda old, new: False
    forget: Callable[[InstancePlan], None] = lambda plan: None


class Renewal(NamedTuple):
    """A renewal that has begun. `awaited`: the function is in use, so news will come of it."""

    number: int
    awaited: bool


class Waiter:
    """A call that waits. `berth` is what it was given; none when it came too late.

    While it is `patient` nothing is opened for it.
    """

    __slots__ = ("_asleep", "_then", "began", "berth", "fleet", "is_served", "patient")
    descriptor = -1

    def __init__(self, fleet: Fleet, now: float, *, patient: bool) -> None:
        self.fleet = fleet
        self.began = now
        self.patient = patient
        self._then: Callable[[], None] | None = None
        self.berth: Berth | None = None
        self.is_served = False
        # A bare lock: an event costs several times as much, and each short call may wait for one.
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def serve(self, berth: Berth | None) -> None:
        """Wake it, with what it gets. Only once."""
        self.berth, self.is_served = berth, True
        self._asleep.release()
        if self._then is not None:
            self._then()

    # --- as what a flow waits for ------------------------------------------------------------

    def tell(self, then: Callable[[], None]) -> bool:
        """Have `then` called when it is served."""
        self._then = then
        if self.is_served:
            then()
        return True

    def look(self) -> bool:
        """Return whether it is served."""
        return self.is_served

    def block(self) -> None:
        """Do nothing: `Pool.await_turn` waits."""

    def cancel(self) -> None:
        """Do nothing: it will be served soon, or refused."""

    def wait(self, limit_s: float) -> bool:
        """Sleep until it is served; return whether it was in time. Not to be called afterwards."""
        return self._asleep.acquire(timeout=limit_s)


class Loan:
    """An instance that is lent as long as a block lasts; a generator costs every call more."""

    __slots__ = ("_berth", "_give_back", "_plan", "_take")

    def __init__(
        self,
        take: Callable[[InstancePlan], Berth],
        plan: InstancePlan,
        give_back: Callable[[Berth], None],
    ) -> None:
        self._take = take
        self._plan = plan
        self._give_back = give_back

    def __enter__(self) -> Berth:
        self._berth = self._take(self._plan)
        return self._berth

    def __exit__(self, *_: object) -> None:
        self._give_back(self._berth)


class Pool:
    """The instances of a session. `tell` gets news of each renewal, from another thread."""

    def __init__(
        self,
        lives: Lives,
        keeping: Keeping,
        tell: Tell = untold,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lives = lives
        self._keeping = keeping
        self._tell = tell
        self._clock = clock
        self._fleets: dict[str, Fleet] = {}
        self._numbers: dict[str, int] = {}
        self._waiting: list[Waiter] = []
        self._count = 0
        self._closed = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._reaper: threading.Thread | None = None
        self._lock = threading.Lock()

    # --- calls -----------------------------------------------------------------------------

    def borrow(self, plan: InstancePlan) -> "Loan":
        """Lend an instance within a `with`; take it back if it is still good.

        It is `opening` when it has not been started: then the borrower does that, and says
        `opened`. Raises `NoPlace` when none can be had in time.
        """
        return Loan(self.take, plan, self.give_back)

    def take(self, plan: InstancePlan) -> Berth:
        """Lend an instance, to be given back; see `borrow`."""
        got = self.ask(plan)
        return self.await_turn(got) if isinstance(got, Waiter) else got

    def ask(self, plan: InstancePlan) -> Berth | Waiter:
        """Lend an instance, or queue the call, to be given one in `await_turn`."""
        with self._lock:
            self._refuse_when_closed()
            fleet = self._fleet(plan)
            fleet.awake = True
            berth, patient, now = self._free(fleet), False, self._clock()
            if berth is None:
                ahead = sum(each.fleet.newest() is fleet for each in self._waiting)
                patient = self._comes_soon(fleet, ahead)
                berth = None if patient else self._another(fleet, ahead)
            if berth is not None:
                berth.lend(now)
                return berth
            waiter = Waiter(fleet, now, patient=patient)
            self._waiting.append(waiter)
            return waiter

    def leave(self, waiter: Waiter) -> None:
        """Take back a call that waits, or the instance that it was given meanwhile."""
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        if waiter.berth is not None:
            self.give_back(waiter.berth)

    def give_back(self, berth: Berth) -> None:
        """Take back what was lent; keep it if it is still good."""
        opening: list[Berth] = []
        with self._lock:
            berth.give_back(self._clock())
            gone = not berth.lent and not berth.is_good
            replaced = gone and self._remove(berth) and berth.is_old
            if replaced:
                opening = self._make_up(berth.fleet.newest())
            if self._waiting and not gone:
                self._serve_next(berth)
            elif replaced:
                self._serve()
            if self._reaper is None:
                self._watch_idle()
        if replaced:
            self._in_background(self._replace, [berth], opening)
        elif gone:
            self._end_failed(berth)

    def opened(self, berth: Berth) -> None:
        """Say that an instance has loaded its code: other calls may come to it."""
        with self._lock:
            berth.opening = False
            berth.used = self._clock()
            since = self._take_untold(berth)
            self._serve()
        if since is not None:
            self._tell(self._revision(berth, since))

    # --- renewals --------------------------------------------------------------------------

    def renew(self, plan: InstancePlan, sink: Sink = nowhere, *, afresh: bool = False) -> Renewal:
        """Serve no call with what has been loaded until now, of any plan of this function.

        As many instances as there were are opened in the background, at least one if the function
        was ever called; `sink` gets what is printed meanwhile. Instances in use are replaced when
        they come back. `afresh`: even what was started before and has loaded nothing is not used.
        """
        if afresh:
            self._lives.forget(plan)
        with self._lock:
            self._refuse_when_closed()
            fleet, former = self._succeed(plan)
            family = (fleet, *former)
            overtaken = self._remove_all(family, lambda each: each.is_promised)
            idle = self._remove_all(family, lambda each: each.is_idle)
            there = len(overtaken) + len(idle)
            awake = any(each.awake for each in family)
            fleet.awake, fleet.sink = awake, sink
            fleet.wanted = max(1, there + sum(len(each.berths) for each in family)) * awake
            fleet.untold_since = self._clock() if awake else None
            opening = self._promise(fleet, max(1, there) * awake)
            debugged = [each for one in family if one.alone for each in one.berths if each.lent]
            self._serve()
        for each in debugged:
            self._in_background(self._end_when_held, each)
        for each in overtaken:
            self._in_background(self._lives.end, each.instance)
        for fleet_before in former:
            self._lives.forget(fleet_before.plan)
        if idle or opening:
            self._in_background(self._replace, idle, opening)
        return Renewal(fleet.revision, awake)

    def retire(self, key: str) -> None:
        """Have a function's instances go: those in use when they come back."""
        with self._lock:
            family = self._family(key)
            self._numbers[key] = self._numbers.get(key, 1) + 1
            for fleet in family:
                fleet.revision, fleet.wanted, fleet.awake = self._numbers[key], 0, False
            gone = self._remove_all(family, lambda each: each.is_idle or each.is_promised)
            self._serve()
        for berth in gone:
            self._in_background(self._lives.end, berth.instance)
        for fleet in family:
            self._lives.forget(fleet.plan)

    def warm(self, plan: InstancePlan, sink: Sink = nowhere) -> Revision | None:
        """Open one instance and return how that went; None when there is one, or no place."""
        with self._lock:
            self._refuse_when_closed()
            fleet = self._fleet(plan)
            fleet.awake, fleet.sink = True, sink
            if fleet.current():
                return None
            opening = self._promise(fleet, 1)
        return self._open(opening[0], self._clock()) if opening else None

    def standing(self) -> tuple[Standing, ...]:
        """Return how each function stands."""
        with self._lock:
            keys = dict.fromkeys(each.key for each in self._fleets.values())
            return tuple(self._standing(key) for key in keys)

    # --- the end ---------------------------------------------------------------------------

    def reap(self) -> None:
        """End instances that nobody has called for long."""
        assert self._keeping.idle_s is not None
        oldest = self._clock() - self._keeping.idle_s
        with self._lock:
            gone = self._remove_all(
                tuple(self._fleets.values()),
                lambda each: each.is_idle and not each.fleet.alone and each.used <= oldest,
            )
            self._serve()
        for each in gone:
            self._in_background(self._lives.end, each.instance)

    def close(self, limit_s: float | None = None) -> None:
        """Stop every instance, those in use too, all at once; wait so long. Twice is once."""
        with self._lock:
            self._closed.set()
            berths = self._remove_all(tuple(self._fleets.values()), lambda each: True)
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                each.serve(None)
        for berth in berths[1:]:
            self._in_background(self._lives.end, berth.instance)
        for berth in berths[:1]:
            if limit_s is None:
                self._lives.end(berth.instance)
            else:
                self._in_background(self._lives.end, berth.instance)
        self._join(limit_s)

    def await_turn(self, waiter: Waiter) -> Berth:
        """Wait for an instance; raise `NoPlace` when none can be had in time."""
        if waiter.patient and not waiter.is_served:
            left_s = self._keeping.patience_s - (self._clock() - waiter.began)
            if left_s <= 0 or not waiter.wait(left_s):
                with self._lock:
                    waiter.patient = False
                    self._serve()
        while not waiter.is_served and not waiter.wait(self._keeping.wait_s):
            with self._lock:
                if waiter.is_served:
                    break
                fleet = waiter.fleet.newest()
                # One that is being opened comes when it comes: there is a limit on that already.
                # And whoever debugs takes his time.
                if not fleet.promised() and not (fleet.alone and fleet.berths):
                    self._waiting.remove(waiter)
                    raise NoPlace(self._full(fleet))
        if waiter.berth is None:
            raise NoPlace(STOPPING)
        return waiter.berth

    def _end_failed(self, berth: Berth) -> None:
        """End an instance, then see who can be served: perhaps by what is left of it."""
        self._lives.end(berth.instance)
        with self._lock:
            self._serve()

    def _full(self, fleet: Fleet) -> str:
        most = f"{self._keeping.most_instances} are kept (`LOCALFN_MAX_INSTANCES`)"
        if fleet.is_full:
            most = f"{fleet.most} of this function may live, says its template"
        return f"No instance came free within {self._keeping.wait_s:g} s; at most {most}."

    # --- who waits, under the lock -------------------------------------------------------------

    def _serve_next(self, berth: Berth) -> None:
        """Have an instance that has come back serve who is next, if he waits for such a one."""
        first = self._waiting[0]
        if first.fleet.newest() is not berth.fleet or not berth.has_room:
            self._serve()
            return
        # Nothing else has changed, so nobody else need be looked at.
        del self._waiting[0]
        berth.lend(self._clock())
        first.serve(berth)

    def _serve(self) -> None:
        """Give those who wait what can be had now, first come first served."""
        if not self._waiting:
            return
        passed: dict[Fleet, int] = {}
        for waiter in tuple(self._waiting):
            fleet = waiter.fleet.newest()
            ahead = passed.get(fleet, 0)
            berth = self._free(fleet) or (None if waiter.patient else self._another(fleet, ahead))
            if berth is None:
                # It will be served by what is opening, before others are.
                passed[fleet] = ahead + 1
                continue
            self._waiting.remove(waiter)
            berth.lend(self._clock())
            waiter.serve(berth)

    def _free(self, fleet: Fleet) -> Berth | None:
        """Return an instance that can take one more call at once."""
        while (berth := fleet.free()) is not None:
            just_now = berth.used > self._clock() - FRESH_S
            if just_now or not berth.is_idle or berth.instance.lives():
                return berth
            # It ended by itself while nobody looked.
            self._remove(berth)
            self._in_background(self._lives.end, berth.instance)
        return None

    def _comes_soon(self, fleet: Fleet, ahead: int) -> bool:
        """Return whether an instance will come free sooner than another one would help."""
        if not self._keeping.patience_s or fleet.current() < self._keeping.at_once:
            return False
        wait_s = fleet.wait_s(ahead)
        return wait_s is not None and wait_s < self._keeping.patience_s

    def _another(self, fleet: Fleet, ahead: int) -> Berth | None:
        """Return an instance to be opened for one more call.

        None where one is coming, or where the session has as many as it may. `ahead` others wait
        for this fleet's.
        """
        if fleet.promised() > ahead or fleet.is_full:
            return None
        if fleet.alone and any(each.berths for each in self._family(fleet.key)):
            return None
        if self._count >= self._keeping.most_instances and not self._retire_one():
            return None
        return self._add(fleet)

    def _retire_one(self) -> bool:
        """Have the instance go that has been idle longest; return whether there was one."""
        idle = [
            each
            for fleet in self._fleets.values()
            if not fleet.alone
            for each in fleet.berths
            if each.is_idle
        ]
        if not idle:
            return False
        berth = min(idle, key=lambda each: each.used)
        self._remove(berth)
        self._in_background(self._lives.end, berth.instance)
        return True

    def _promise(self, fleet: Fleet, most: int) -> list[Berth]:
        """Add instances to be opened in the background; nobody has to go for them."""
        if fleet.alone:
            most = 0 if any(each.berths for each in self._family(fleet.key)) else min(most, 1)
        if fleet.most is not None:
            most = min(most, fleet.most - fleet.current())
        most = min(most, self._keeping.most_instances - self._count)
        return [self._add(fleet) for _ in range(most)]

    def _make_up(self, fleet: Fleet) -> list[Berth]:
        """Promise one more when an old instance has come back and there are fewer than wanted."""
        return self._promise(fleet, 1) if fleet.current() < fleet.wanted else []

    def _add(self, fleet: Fleet) -> Berth:
        berth = Berth(fleet, self._lives.make(fleet.plan), self._clock())
        fleet.berths.append(berth)
        self._count += 1
        return berth

    def _remove(self, berth: Berth) -> bool:
        """Take an instance out; False when somebody has done so."""
        if not berth.here:
            return False
        berth.here = False
        berth.fleet.berths.remove(berth)
        self._count -= 1
        return True

    def _remove_all(self, fleets: tuple[Fleet, ...], which: Callable[[Berth], bool]) -> list[Berth]:
        found = [each for fleet in fleets for each in fleet.berths if which(each)]
        for each in found:
            self._remove(each)
        return found

    # --- fleets, under the lock --------------------------------------------------------------

    def _fleet(self, plan: InstancePlan) -> Fleet:
        """Return the fleet that serves calls of a plan now."""
        fleet = self._fleets.get(plan.fingerprint)
        if fleet is None:
            fleet = Fleet(plan, self._numbers.setdefault(plan.function.key, 1))
            self._fleets[plan.fingerprint] = fleet
        return fleet.newest()

    def _family(self, key: str) -> tuple[Fleet, ...]:
        return tuple(each for each in self._fleets.values() if each.key == key)

    def _succeed(self, plan: InstancePlan) -> tuple[Fleet, tuple[Fleet, ...]]:
        """Make the plan's fleet the one that serves the function, as a new revision."""
        key = plan.function.key
        number = self._numbers[key] = self._numbers.get(key, 1) + 1
        fleet = self._fleets.setdefault(plan.fingerprint, Fleet(plan, number))
        fleet.revision, fleet.successor = number, None
        former = tuple(each for each in self._family(key) if each is not fleet)
        for each in former:
            each.successor = fleet
        return fleet, former

    def _standing(self, key: str) -> Standing:
        berths = [each for fleet in self._family(key) for each in fleet.berths]
        return Standing(
            key,
            self._numbers[key],
            idle=sum(each.is_idle for each in berths),
            busy=sum(bool(each.lent) and not each.opening for each in berths),
            opening=sum(each.opening for each in berths),
            waiting=sum(each.fleet.key == key for each in self._waiting),
        )

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise NoPlace(STOPPING)

    # --- in the background -----------------------------------------------------------------

    def _replace(self, old: list[Berth], opening: list[Berth]) -> None:
        """Open new instances, and end old ones: each new one before the next old one goes."""
        for before, after in zip_longest(old, opening):
            first = before is not None and (
                after is None or self._lives.ends_first(before.instance.plan, after.instance.plan)
            )
            if first:
                self._lives.end(before.instance)
            if after is not None:
                self._open_told(after)
            if before is not None and not first:
                self._lives.end(before.instance)

    def _end_when_held(self, berth: Berth) -> None:
        """Look after a call in old code: it ends by itself, or as soon as it is held."""
        while berth.lent and not berth.instance.is_held:
            if self._closed.wait(LOOK_EVERY_S):
                return
        berth.instance.interrupt(OUTDATED)

    def _open_told(self, berth: Berth) -> None:
        with self._lock:
            since = self._take_untold(berth)
        revision = self._open(berth, self._clock() if since is None else since)
        if since is not None and revision is not None:
            self._tell(revision)

    def _take_untold(self, berth: Berth) -> float | None:
        """Return since when news of this revision is awaited, None when somebody tells it."""
        if not berth.here or berth.is_old:
            return None
        since, berth.fleet.untold_since = berth.fleet.untold_since, None
        return since

    def _open(self, berth: Berth, since: float) -> Revision | None:
        """Open a promised instance; None when it was overtaken, or the session has ended."""
        result: Result | None = None
        error: LocalfnError | None = None
        try:
            if berth.here:
                result = self._lives.open(berth.instance, berth.fleet.sink)
        except Unusable:
            pass
        except LocalfnError as raised:
            error = raised
        finally:
            counts = self._settle(berth)
        if not counts or (result is None and error is None):
            return None
        return self._revision(berth, since, result, error)

    def _revision(
        self,
        berth: Berth,
        since: float,
        result: Result | None = None,
        error: LocalfnError | None = None,
    ) -> Revision:
        ready_ms = (self._clock() - since) * 1000
        return Revision(berth.fleet.key, berth.revision, ready_ms, result, error)

    def _settle(self, berth: Berth) -> bool:
        """Let calls come to an instance, or drop it; return whether it was not overtaken."""
        with self._lock:
            berth.opening = False
            berth.used = self._clock()
            counts = berth.here and not berth.is_old
            gone = not berth.is_good and self._remove(berth)
            if counts and gone:
                # The others would fail likewise; a call that comes tries for itself.
                berth.fleet.wanted = 0
                self._remove_all((berth.fleet,), _is_untouched)
            if not gone:
                self._serve()
            self._watch_idle()
        if gone:
            self._end_failed(berth)
        return counts

    def _watch_idle(self) -> None:
        """Have somebody look for idle instances from now on, if they time out at all."""
        if self._keeping.idle_s is None or self._reaper is not None or self._closed.is_set():
            return
        self._reaper = threading.Thread(target=self._keep_reaping, name="reaper", daemon=True)
        self._reaper.start()

    def _keep_reaping(self) -> None:
        assert self._keeping.idle_s is not None
        while not self._closed.wait(self._keeping.idle_s / REAP_EVERY):
            self.reap()

    def _in_background(self, act: Callable[..., None], *given: object) -> None:
        def run() -> None:
            try:
                act(*given)
            finally:
                self._threads.discard(thread)

        thread = threading.Thread(target=run, name="pool", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _join(self, limit_s: float | None) -> None:
        deadline = None if limit_s is None else time.monotonic() + limit_s
        for each in tuple(self._threads):
            each.join(None if deadline is None else max(0.0, deadline - time.monotonic()))


def _is_untouched(berth: Berth) -> bool:
    return berth.is_promised and berth.instance.state is InstanceState.NEW
