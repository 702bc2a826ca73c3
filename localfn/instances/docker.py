"""Guests in containers that mirror the cloud's runtime (`localfn.instances.guest`).

The stream is attached before the container starts, and its end tells the supervisor inside that
localfn is gone; the engine then removes the container by itself. No port is published but those
of debuggers, on this machine only; nothing is written to the engine's logs.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from localfn.errors import MachineError, ProjectError, UsageError
from localfn.instances import leftovers
from localfn.instances.attached import AttachedChannel
from localfn.instances.engine import Engine, Refused, open_engine
from localfn.instances.guest import Exit, Guest
from localfn.instances.image import Images
from localfn.instances.keeping import Keeper
from localfn.model import Beside, InstancePlan, Mount, Runtime, Site
from localfn.wires.frames import ChannelClosed
from localfn.wires.tape import LogTape

if TYPE_CHECKING:
    from localfn.instances.container import ContainerServer

# What the supervisor takes for itself must not be taken from the function.
SUPERVISOR_MB = 16
FUNCTION_USER = 10003
MOST_PROCESSES = 1024
CPU_PERIOD_US = 100_000
KILL_LIMIT_S = 1.0
# The network in which no port can be published.
UNREACHABLE = "none"
RENEW_LIMIT_S = 2.0
SWEEP_LIMIT_S = 5.0
LOOPBACK = "127.0.0.1"


class DockerBackend:
    """Starts guests as containers of one engine."""

    site = Site.CONTAINER

    def __init__(
        self,
        environ: Mapping[str, str],
        images: Callable[[Engine], Images],
        network: str,
    ) -> None:
        self._engine = open_engine(environ)
        self._images = images(self._engine)
        self._network = network
        self._keeper = Keeper(self._engine)
        self._guests: list[_Guest] = []
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None

    def image(self, runtime: Runtime) -> str:
        """Return the image to start this runtime in, built if need be."""
        return self._images.find(runtime)

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> Guest:
        """Start a container.

        Raises `MachineError` when the engine will not, `ProjectError` for a folder to mount that
        is not there, `CannotStart` when it is the user's own program that cannot be started.
        """
        for mount in plan.mounts:
            if not mount.source.is_dir():
                raise ProjectError(
                    f"`{mount.source}` is not a folder, so `{plan.function.key}` cannot see it at "
                    f"`{mount.target}`.",
                    hint="Correct the path in the template, or make the folder.",
                )
        if plan.debug_ports and self._network == "none":
            raise UsageError(
                f"`{plan.function.key}` cannot be debugged in a container without a network: "
                "no editor could connect to it.",
                hint="Leave `--network none` out, or run in a process: `--runner process`.",
            )
        guest = self._start(plan)
        with self._lock:
            self._guests = [each for each in self._guests if not each.closed]
            self._guests.append(guest)
            self._sweep()
        return guest

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Close a guest."""
        guest.close()

    def close(self) -> None:
        """End all guests that are left. May be called twice."""
        with self._lock:
            guests, self._guests = self._guests, []
        for guest in guests:
            guest.close()
        self._keeper.close()
        if self._sweeper is not None:
            self._sweeper.join(SWEEP_LIMIT_S)

    def _start(self, plan: InstancePlan) -> "_Guest":
        try:
            if plan.wire in ("http", "once"):
                return self._own(plan)
            if plan.beside is not None:
                return self._polled(plan, plan.beside)
            return DockerGuest(self._engine, plan, spec(plan, self._network))
        except Refused as error:
            raise MachineError(
                f"the container of `{plan.function.key}` cannot be started: {error}.",
                hint="`localfn invoke --print` shows the equivalent `docker run` line.",
            ) from error

    def _own(self, plan: InstancePlan) -> "_Guest":
        """Start a program of the user's own."""
        if plan.wire == "http":
            return self._server(plan, None)
        from localfn.instances.once import OnceGuest

        return OnceGuest(plan, self._server)

    def _server(self, plan: InstancePlan, tape: "LogTape | None") -> "ContainerServer":
        # Not loaded for the other functions, whose cold start would wait for it.
        from localfn.instances.container import ContainerServer, refuse_flaws

        if plan.wire == "http" and self._network == UNREACHABLE:
            raise MachineError(
                f"`{plan.function.key}` is a server, which nobody can reach in the network "
                f"`{UNREACHABLE}`.",
                hint="Leave `--network` out, or name another network.",
            )
        suspicion = refuse_flaws(plan, lambda: self._images.architecture(plan.image))
        suspicion = suspicion or self._images.foreign(plan.image)
        return ContainerServer(self._engine, self._keeper, plan, self._network, suspicion, tape)

    def _polled(self, plan: InstancePlan, beside: Beside) -> "_Guest":
        # Not loaded for the other functions, whose cold start would wait for it.
        from localfn.instances.polled import PolledImage

        image = self._images.find_ours(beside.runtime)
        return PolledImage(self._engine, self._keeper, plan, image, self._network)

    def _sweep(self) -> None:
        """Remove leftovers of dead sessions, once, while the new worker comes up."""
        if self._sweeper is not None:
            return

        def sweep() -> None:
            try:
                leftovers.sweep(self._engine)
            except (MachineError, Refused):  # the next session will
                return

        self._sweeper = threading.Thread(target=sweep, name="sweep", daemon=True)
        self._sweeper.start()


class _Guest(Guest, Protocol):
    @property
    def closed(self) -> bool:
        """Return whether everything has been given back."""


class DockerGuest:
    """One bootstrap behind the supervisor of its container."""

    def __init__(self, engine: Engine, plan: InstancePlan, wanted: Mapping[str, object]) -> None:
        self._engine = engine
        self.closed = False
        self.container = str(engine.ask("POST", "/containers/create", wanted)["Id"])
        try:
            self.channel = AttachedChannel(engine.attach(self.container))
        except BaseException:
            leftovers.remove(engine, self.container)
            raise
        try:
            engine.ask("POST", f"/containers/{self.container}/start")
        except BaseException:
            leftovers.remove(engine, self.container)
            self.close()
            raise

    @property
    def tape(self) -> LogTape:
        """Return what the worker prints."""
        return self.channel.tape

    def kill(self, grace_s: float) -> Exit:
        """End the worker: SIGTERM, wait `grace_s`, SIGKILL."""
        try:
            self.channel.send({"kind": "kill", "grace_s": grace_s}, limit_s=KILL_LIMIT_S)
        except (ChannelClosed, TimeoutError):
            self.hang_up()
        ended = self.await_exit(grace_s + KILL_LIMIT_S)
        if ended is None:
            self.hang_up()
        return ended or Exit(signal=9)

    def hang_up(self) -> None:
        """Have the container removed, from any thread: who waits for an answer learns of it."""
        leftovers.remove(self._engine, self.container)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the worker ended, None when it still runs after this long."""
        return self.channel.await_exit(limit_s)

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return where a published port is on this machine: the engine has chosen it."""
        return published(self._engine, self.container, port)

    def peak_memory_mb(self) -> float:
        """Return 0: the worker tells its own peak with every answer."""
        return 0.0

    def renew(self) -> bool:
        """Have the supervisor end the worker, empty `/tmp`, and start another."""
        return self.channel.renew(RENEW_LIMIT_S)

    def close(self) -> None:
        """Hang up: the supervisor ends, and the engine removes the container."""
        if not self.closed:
            self.closed = True
            self.channel.close()


def published(engine: Engine, container: str, port: int) -> tuple[str, int]:
    """Return where a port of a container is on this machine; raise `MachineError` if nowhere."""
    told = engine.ask("GET", f"/containers/{container}/json")
    ports = (told.get("NetworkSettings") or {}).get("Ports") or {}
    for each in ports.get(f"{port}/tcp") or ():
        return LOOPBACK, int(each["HostPort"])
    raise MachineError(
        f"port {port} of the container is not published, so nothing can connect to it.",
        hint="The network of `--network` must not be an internal one.",
    )


def exposed(ports: Iterable[int]) -> dict[str, object]:
    """Return ports as the engine's API takes them."""
    return {f"{port}/tcp": {} for port in ports}


def bound(ports: Iterable[int]) -> dict[str, object]:
    """Return ports published on this machine only: whoever reaches a debugger can run any code."""
    return {f"{port}/tcp": [{"HostIp": LOOPBACK, "HostPort": ""}] for port in ports}


def spec(plan: InstancePlan, network: str) -> dict[str, object]:
    """Return the container of a plan as the engine's API takes it."""
    return {
        "Image": plan.image,
        "Entrypoint": list(plan.command[:1]),
        "Cmd": list(plan.command[1:]),
        "Env": [f"{name}={value}" for name, value in variables_of(plan).items()],
        "WorkingDir": str(plan.folder),
        "User": user_of(plan),
        "Labels": {**leftovers.labels(plan.function.key), **plan.labels},
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        # The end of our connection is the end of the supervisor's input.
        "StdinOnce": True,
        # An image's own check would run beside the function.
        "Healthcheck": {"Test": ["NONE"]},
        "ExposedPorts": exposed(plan.debug_ports),
        "HostConfig": limits_of(plan, network),
    }


def limits_of(plan: InstancePlan, network: str) -> dict[str, object]:
    """Return what a container may and may not do: `HostConfig` of the engine's API."""
    memory_bytes = memory_mb(plan) << 20
    limits: dict[str, object] = {
        "AutoRemove": True,
        "Mounts": [
            {
                "Type": "bind",
                "Source": str(each.source),
                "Target": each.target,
                "ReadOnly": not each.writable,
            }
            for each in plan.mounts
        ],
        "Tmpfs": {"/tmp": tmp_options(plan)},  # noqa: S108
        "Memory": memory_bytes,
        # Equal to the limit, or swap would double it.
        "MemorySwap": memory_bytes,
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "PidsLimit": MOST_PROCESSES,
        "NetworkMode": network,
        "PortBindings": bound(plan.debug_ports),
        # Frames would otherwise be written to disk.
        "LogConfig": {"Type": "none", "Config": {}},
    }
    if plan.debug_ports:
        # Some debuggers call the editor, which is not in the container.
        limits["ExtraHosts"] = ["host.docker.internal:host-gateway"]
    if plan.cpu is not None:
        limits["CpuPeriod"] = CPU_PERIOD_US
        limits["CpuQuota"] = int(plan.cpu * CPU_PERIOD_US)
    return limits


def variables_of(plan: InstancePlan) -> dict[str, str]:
    """Return the environment of a container: the user has no home but `/tmp`."""
    return {"HOME": "/tmp", **plan.environment}  # noqa: S108


def memory_mb(plan: InstancePlan) -> int:
    """Return the limit of the whole container."""
    return plan.memory_mb + SUPERVISOR_MB


def tmp_options(plan: InstancePlan) -> str:
    """Return the mount options of `/tmp`."""
    return f"size={plan.disk_mb}m,mode=1777,exec"


def user_of(plan: InstancePlan) -> str:
    """Return the user to run as, `uid:gid`: one who may use the mounts, root as the last resort.

    Root in the container has no capabilities; it can read what root owns, and nothing more.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return f"{os.geteuid()}:{os.getegid()}" if hasattr(os, "geteuid") else str(FUNCTION_USER)
    open_to_all = all(_open_to_all(each) for each in plan.mounts)
    return f"{FUNCTION_USER}:{FUNCTION_USER}" if open_to_all else "0:0"


def _open_to_all(mount: Mount) -> bool:
    """Return whether any user can come to a folder and list it, and write to a writable one."""
    folder = mount.source
    needed = 0o007 if mount.writable else 0o005
    parents = all(each.stat().st_mode & 0o001 for each in folder.resolve().parents)
    return parents and folder.stat().st_mode & needed == needed
