"""The instances of one plan, and how each of them stands."""

from collections.abc import Callable
from typing import NamedTuple

from localfn.instances.instance import Instance
from localfn.model import InstancePlan, InstanceState

Sink = Callable[[bytes], None]
# So many calls tell how long one takes.
LEARNS_FROM = 8


def nowhere(_: bytes) -> None:
    """Swallow output that nobody follows."""


class Berth:
    """An instance in the pool.

    `lent` counts the calls it serves. While it is `opening`, somebody starts it and loads the
    code: a call, or a renewal in the background. `used` is when it was last lent or given back.
    """

    __slots__ = ("fleet", "here", "instance", "lent", "opening", "revision", "served", "used")

    def __init__(self, fleet: "Fleet", instance: Instance, now: float) -> None:
        self.fleet = fleet
        self.instance = instance
        self.revision = fleet.revision
        self.lent = 0
        self.served = 0
        self.opening = True
        self.here = True
        self.used = now

    def lend(self, now: float) -> None:
        """Serve one more call; one whose code could not be loaded is opened by it, once more."""
        self.lent += 1
        self.used = now
        self.opening = self.opening or self.instance.fresh

    def give_back(self, now: float) -> None:
        """Serve one call less."""
        self.lent -= 1
        self.served += 1
        if self.served > 1:  # the first one is like no other
            self.fleet.note(now - self.used)
        self.used = now
        if not self.lent:
            self.opening = False

    @property
    def is_idle(self) -> bool:
        """Return whether nobody uses or opens it."""
        return not self.lent and not self.opening

    @property
    def is_promised(self) -> bool:
        """Return whether it is opened in the background, for whoever comes."""
        return self.opening and not self.lent

    @property
    def is_old(self) -> bool:
        """Return whether the function has been renewed since it was made."""
        return self.revision != self.fleet.revision or self.fleet.successor is not None

    @property
    def is_good(self) -> bool:
        """Return whether it can be kept for the next call."""
        return self.instance.state is InstanceState.READY and not self.is_old

    @property
    def has_room(self) -> bool:
        """Return whether it can take another call now."""
        return (
            not self.opening
            and self.lent < self.fleet.places
            and self.instance.usable
            and not self.is_old
        )


class Standing(NamedTuple):
    """How a function stands in the pool: counts of its instances, and of calls that wait."""

    function: str
    revision: int
    idle: int
    busy: int
    opening: int
    waiting: int


class Fleet:
    """All instances of one plan. Belongs to the pool and its lock.

    A renewal with another plan makes that plan's fleet the `successor` of this one. `places` is
    how many calls one instance serves at once. A fleet that is `alone` has one instance only,
    which stays until it is replaced: a debugger is attached to it. `most` is how many instances
    the function itself may have, None for no such limit.
    """

    def __init__(self, plan: InstancePlan, revision: int) -> None:
        self.plan = plan
        self.revision = revision
        self.berths: list[Berth] = []
        self.successor: Fleet | None = None
        self.alone = bool(plan.debug_ports)
        self.places = 1 if self.alone else max(1, plan.function.concurrency)
        self.most = plan.function.most_instances
        # Somebody has wanted an instance: a renewal is worth warming.
        self.awake = False
        # Of the last renewal: how many instances to have, where output goes, since when nobody
        # has been told of it.
        self.wanted = 0
        self.sink: Sink = nowhere
        self.untold_since: float | None = None
        # How long a call takes, of late; None before the first one.
        self.usual_s: float | None = None

    def note(self, spent_s: float) -> None:
        """Learn from how long a call took."""
        usual_s = self.usual_s
        self.usual_s = spent_s if usual_s is None else usual_s + (spent_s - usual_s) / LEARNS_FROM

    def wait_s(self, ahead: int) -> float | None:
        """Return how long a call will wait for an instance, `ahead` others being before it.

        None where that cannot be told. One that is being opened is taken to come soon.
        """
        opening = sum(1 for each in self.berths if each.opening and not each.is_old)
        there = self.current()
        if self.places > 1 or not there or (self.usual_s is None and not opening):
            return None
        return (ahead + 1) * (self.usual_s or 0.0) / there

    @property
    def key(self) -> str:
        """Return the name of the function."""
        return self.plan.function.key

    def newest(self) -> "Fleet":
        """Return the fleet that calls of this plan are served by now."""
        fleet = self
        while fleet.successor is not None:
            fleet = fleet.successor
        return fleet

    def free(self) -> Berth | None:
        """Return an instance that can take a call now: the busiest, else the last used."""
        found = None
        for each in self.berths:
            if each.has_room and (
                found is None or (each.lent, each.used) > (found.lent, found.used)
            ):
                found = each
        return found

    def promised(self) -> int:
        """Return how many more calls can be served when what is opening now has opened."""
        return sum(
            self.places - each.lent for each in self.berths if each.opening and not each.is_old
        )

    @property
    def is_full(self) -> bool:
        """Return whether there are as many instances as the function may have."""
        return self.most is not None and self.current() >= self.most

    def current(self) -> int:
        """Return how many instances of the newest revision there are or will be."""
        return sum(1 for each in self.berths if not each.is_old)
