"""Containers or processes: the choice of a backend, made once per runtime."""

import threading
from collections.abc import Callable
from typing import Protocol

from localfn.errors import MachineError
from localfn.instances.guest import Backend
from localfn.model import Runtime, Site


class Containers(Backend, Protocol):
    """A backend that starts guests from images."""

    def image(self, runtime: Runtime) -> str:
        """Return the image to start this runtime in, built if need be.

        Raises `MachineError` when there is no engine or the image cannot be had.
        """


class Backends:
    """The backends of a session, opened when they are needed.

    `runner` is "docker", "process" or "auto": containers where an engine answers and the image
    can be had, else processes, with one line that says why.
    """

    def __init__(
        self,
        runner: str,
        containers: Callable[[], Containers],
        processes: Callable[[], Backend],
        say: Callable[[str], None],
    ) -> None:
        self._runner = runner
        self._open_containers = containers
        self._open_processes = processes
        self._say = say
        self._containers: Containers | None = None
        self._processes: Backend | None = None
        self._chosen: dict[Runtime, tuple[Site, str]] = {}
        # First calls may come at the same moment; each backend is opened, and closed, once.
        self._opening = threading.RLock()

    def choose(self, runtime: Runtime) -> tuple[Site, str]:
        """Return where to run this runtime, and the image (empty for a process)."""
        if runtime not in self._chosen:
            self._chosen[runtime] = self._choose(runtime)
        return self._chosen[runtime]

    def backend(self, site: Site) -> Backend:
        """Return the backend of a site."""
        return self._docker() if site is Site.CONTAINER else self._local()

    def close(self) -> None:
        """End all guests of both backends. May be called twice."""
        for backend in (self._containers, self._processes):
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
        with self._opening:
            if self._containers is None:
                self._containers = self._open_containers()
            return self._containers

    def _local(self) -> Backend:
        with self._opening:
            if self._processes is None:
                self._processes = self._open_processes()
            return self._processes
