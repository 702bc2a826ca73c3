"""Guests in containers that mirror the cloud's runtime (`localfn.instances.guest`).

The stream is attached before the container starts, and its end tells the supervisor inside that
localfn is gone; the engine then removes the container by itself. No port is published, nothing
is written to the engine's logs.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localfn.errors import MachineError, ProjectError
from localfn.instances import leftovers
from localfn.instances.attached import AttachedChannel
from localfn.instances.engine import WAY_OUT, find_engine
from localfn.instances.guest import Exit
from localfn.instances.image import Images
from localfn.model import InstancePlan, Runtime, Site
from localfn.wires.tape import LogTape

if TYPE_CHECKING:
    import docker

# What the supervisor takes for itself must not be taken from the function.
SUPERVISOR_MB = 16
FUNCTION_USER = 10003
MOST_PROCESSES = 1024
MOST_FILES = 100_000
CPU_PERIOD_US = 100_000
KILL_LIMIT_S = 2.0


class DockerBackend:
    """Starts guests as containers of one engine."""

    site = Site.CONTAINER

    def __init__(
        self,
        environ: Mapping[str, str],
        images: Callable[["docker.APIClient"], Images],
        network: str,
    ) -> None:
        address = find_engine(environ)
        # After the engine was found: the SDK alone takes 100 ms to import.
        from docker import APIClient
        from docker.errors import DockerException

        try:
            self._client = APIClient(base_url=address, version="auto", timeout=120)
        except DockerException as error:
            raise MachineError(
                f"the container engine `{address}` does not answer: {error}.", hint=WAY_OUT
            ) from error
        self._address = address
        self._images = images(self._client)
        self._network = network
        self._guests: list[DockerGuest] = []
        self._sweeper: threading.Thread | None = None

    def image(self, runtime: Runtime) -> str:
        """Return the image to start this runtime in, built if need be."""
        return self._images.find(runtime)

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> "DockerGuest":
        """Start a container; raise `MachineError` when the engine will not."""
        from docker.errors import APIError

        for mount in plan.mounts:
            if not mount.source.is_dir():
                raise ProjectError(f"`{mount.source}` is not a folder, so it cannot be mounted.")
        try:
            guest = DockerGuest(self._client, plan, self._network)
        except APIError as error:
            raise MachineError(
                f"the container of `{plan.function.key}` cannot be started: "
                f"{error.explanation or error}.",
                hint="`localfn invoke --print` shows the equivalent `docker run` line.",
            ) from error
        self._guests.append(guest)
        self._sweep()
        return guest

    def close(self) -> None:
        """End all guests that are left. May be called twice."""
        for guest in self._guests:
            guest.close()
        self._guests.clear()
        if self._sweeper is not None:
            self._sweeper.join(5.0)
            self._sweeper = None
        self._client.close()

    def _sweep(self) -> None:
        """Remove leftovers of dead sessions while the new worker comes up."""
        if self._sweeper is not None:
            return

        def sweep() -> None:
            from docker import APIClient

            client = APIClient(base_url=self._address, version=self._client.api_version)
            try:
                leftovers.sweep(client)
            finally:
                client.close()

        self._sweeper = threading.Thread(target=sweep, name="sweep", daemon=True)
        self._sweeper.start()


class DockerGuest:
    """One bootstrap behind the supervisor of its container."""

    def __init__(self, client: "docker.APIClient", plan: InstancePlan, network: str) -> None:
        self._client = client
        self._closed = False
        self.tape = LogTape(str(plan.init["mark"]))
        self._id = client.create_container(
            plan.image,
            entrypoint=list(plan.command[:1]),
            command=list(plan.command[1:]),
            environment={"HOME": "/tmp", **plan.environment},  # noqa: S108
            working_dir=str(plan.folder),
            stdin_open=True,
            user=user_of(plan),
            labels={**leftovers.labels(plan.function.key), **plan.labels},
            host_config=client.create_host_config(**limits_of(plan), network_mode=network),
        )["Id"]
        try:
            wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            attached = client.attach_socket(self._id, params=wanted)
            # The raw socket below the SDK's wrapper: `select` and `MSG_DONTWAIT` need it.
            self.channel = AttachedChannel(getattr(attached, "_sock", attached), self.tape)
            self._attached = attached
            client.start(self._id)
        except BaseException:
            self._remove()
            raise

    def kill(self, grace_s: float) -> Exit:
        """End the worker: SIGTERM, wait `grace_s`, SIGKILL."""
        from localfn.wires.frames import ChannelClosed

        try:
            self.channel.send({"kind": "kill", "grace_s": grace_s}, limit_s=KILL_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            self._remove()
        ended = self.await_exit(grace_s + KILL_LIMIT_S)
        if ended is None:
            self._remove()
        return ended or Exit(signal=9)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the worker ended, None when it still runs after this long."""
        return self.channel.await_exit(limit_s)

    def peak_memory_mb(self) -> float:
        """Return 0: the worker tells its own peak with every answer."""
        return 0.0

    def close(self) -> None:
        """Hang up: the supervisor ends, and the engine removes the container."""
        if self._closed:
            return
        self._closed = True
        self.channel.close()
        self._attached.close()

    def _remove(self) -> None:
        from docker.errors import APIError

        try:
            self._client.remove_container(self._id, force=True, v=True)
        except APIError:  # already gone
            return


def limits_of(plan: InstancePlan) -> dict[str, Any]:
    """Return what a container may and may not do, as the SDK's `create_host_config` takes it."""
    memory = f"{plan.memory_mb + SUPERVISOR_MB}m"
    limits: dict[str, Any] = {
        "auto_remove": True,
        "binds": [
            f"{each.source}:{each.target}:{'rw' if each.writable else 'ro'}" for each in plan.mounts
        ],
        "tmpfs": {"/tmp": f"size={plan.disk_mb}m,mode=1777,exec"},  # noqa: S108
        "mem_limit": memory,
        # Equal to the limit, or swap would double it.
        "memswap_limit": memory,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": MOST_PROCESSES,
        # Frames would otherwise be written to disk.
        "log_config": {"Type": "none"},
    }
    if plan.cpu is not None:
        limits["cpu_period"] = CPU_PERIOD_US
        limits["cpu_quota"] = int(plan.cpu * CPU_PERIOD_US)
    return limits


def user_of(plan: InstancePlan) -> str:
    """Return the user to run as, `uid:gid`: one who may read the code, root as the last resort.

    Root in the container has no capabilities; it can read what root owns, and nothing more.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return f"{os.geteuid()}:{os.getegid()}" if hasattr(os, "geteuid") else str(FUNCTION_USER)
    open_to_all = all(_all_may_read(each.source) for each in plan.mounts)
    return f"{FUNCTION_USER}:{FUNCTION_USER}" if open_to_all else "0:0"


def _all_may_read(folder: Path) -> bool:
    """Return whether any user can come to a folder and list it."""
    parents = all(each.stat().st_mode & 0o001 for each in folder.resolve().parents)
    return parents and folder.stat().st_mode & 0o005 == 0o005
