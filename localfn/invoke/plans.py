"""The plan of each function, made once as long as the function stays the same."""

import threading
from collections.abc import Callable

from localfn.invoke.plan import Planner
from localfn.model import Function, InstancePlan, Runtime, Site


def as_it_is(plan: InstancePlan, _: Runtime) -> InstancePlan:
    """Return the plan."""
    return plan


class Plans:
    """Plans that have been made.

    `choose` says where a runtime is run, and in which image; `complete` adds what the planner
    does not know of.
    """

    def __init__(
        self,
        planner: Planner,
        choose: Callable[[Runtime], tuple[Site, str]],
        say: Callable[[str], None],
        complete: Callable[[InstancePlan, Runtime], InstancePlan] = as_it_is,
    ) -> None:
        self._planner = planner
        self._choose = choose
        self._say = say
        self._complete = complete
        self._known: dict[str, InstancePlan] = {}
        self._lock = threading.Lock()

    def find(self, function: Function) -> InstancePlan:
        """Return the plan of a function, made once however many ask; raise what planning raises."""
        known = self._found(function)
        if known is not None:
            return known
        with self._lock:
            return self._found(function) or self._make(function)

    def knows(self, function: Function) -> bool:
        """Return whether `find` has nothing to do."""
        return self._found(function) is not None

    def make(self, function: Function) -> InstancePlan:
        """Return a plan made from what is on the disk now, and use it from now on."""
        with self._lock:
            return self._make(function)

    def use(self, planner: Planner) -> None:
        """Have all plans made anew, by another planner."""
        with self._lock:
            self._planner = planner
            self._known.clear()

    def drop(self, key: str) -> None:
        """Forget a function that is no longer there."""
        with self._lock:
            self._known.pop(key, None)

    def _found(self, function: Function) -> InstancePlan | None:
        known = self._known.get(function.key)
        return known if known is not None and known.function is function else None

    def _make(self, function: Function) -> InstancePlan:
        self._known.pop(function.key, None)
        runtime = self._planner.runtime(function)
        site, image = self._choose(runtime)
        made = self._complete(self._planner.plan(function, site, image), runtime)
        self._known[function.key] = made
        self._planner.say_notes(self._say)
        return made
