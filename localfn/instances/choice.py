"""Containers or processes: the choice of a backend, made once per runtime."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from localfn.errors import MachineError
from localfn.instances.guest import Backend
from localfn.model import InstancePlan, Runtime, Site

if TYPE_CHECKING:
    from localfn.instances.spares import Spares


class Containers(Backend, Protocol):
    """A backend that starts guests from images."""

    def image(self, runtime: Runtime) -> str:
        """Return the image to start this runtime in, built if need be.

        Raises `MachineError` when there is no engine or the image cannot be had.
        """


class Backends:
    """The backends of a session, opened when they are needed.

    `runner` is "docker", "process" or "auto": containers where an engine answers and the image
    can be had, else processes, with one line that says why. `spares` is of how many plans a
    started guest is kept; None: guests are started when they are wanted and closed after use.
    """

    def __init__(
        self,
        runner: str,
        containers: Callable[[], Containers],
        processes: Callable[[], Backend],
        say: Callable[[str], None],
        spares: int | None = None,
    ) -> None:
        self._runner = runner
        self._open_containers = containers
        self._open_processes = processes
        self._say = say
        self._most_spares = spares
        self._containers: Containers | None = None
        self._processes: Backend | None = None
        self._chosen: dict[Runtime, tuple[Site, str]] = {}
        self._spares: dict[Site, Spares] = {}
        self._lock = threading.RLock()

    def choose(self, runtime: Runtime) -> tuple[Site, str]:
        """Return where to run this runtime, and the image (empty for a process)."""
        with self._lock:
            if runtime not in self._chosen:
                self._chosen[runtime] = self._choose(runtime)
            return self._chosen[runtime]

    def backend(self, site: Site) -> Backend:
        """Return the backend of a site."""
        with self._lock:
            if site in self._spares:
                return self._spares[site]
            plain = self._docker() if site is Site.CONTAINER else self._local()
            if self._most_spares is None:
                return plain
            # A single call has no use for it.
            from localfn.instances.spares import Spares

            return self._spares.setdefault(site, Spares(plain, self._most_spares))

    def ends_first(self, old: InstancePlan, new: InstancePlan) -> bool:
        """Return whether an instance has to be stopped before its successor is started.

        So a container can be used again; where another one waits that is faster. And a debugger's
        port is there only once.
        """
        if old.debug_ports or new.debug_ports:
            return True
        again = old.site is Site.CONTAINER and old.fingerprint == new.fingerprint
        return again and old.site in self._spares and not self._spares[old.site].waits_for(new)

    def forget(self, plan: InstancePlan) -> None:
        """Have no spare of a plan used any more."""
        if plan.site in self._spares:
            self._spares[plan.site].forget(plan)

    def drop_spares(self) -> None:
        """End all spares and keep no more: the session ends."""
        for each in self._spares.values():
            each.drop()

    def close(self) -> None:
        """End all guests of both backends. May be called twice."""
        for backend in (*self._spares.values(), self._containers, self._processes):
            if backend is not None:
                backend.close()

    def _choose(self, runtime: Runtime) -> tuple[Site, str]:
        if self._runner == "process":
            return Site.PROCESS, ""
        try:
            return Site.CONTAINER, self._docker().image(runtime)
        except MachineError as error:
            # An image has no other place to run in.
            if self._runner == "docker" or runtime.language == "image":
                raise
            self._say(f"no container: {error.message}")
            return Site.PROCESS, ""

    def _docker(self) -> Containers:
        if self._containers is None:
            self._containers = self._open_containers()
        return self._containers

    def _local(self) -> Backend:
        if self._processes is None:
            self._processes = self._open_processes()
        return self._processes
