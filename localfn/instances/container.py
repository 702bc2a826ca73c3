"""Servers of the user's own in containers (`localfn.instances.guest`).

In an image of ours the code is mounted; an image of the user's own runs as it is. The port is
published on loopback only. A keeper removes the container, whatever becomes of localfn.
"""

import errno
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from localfn.errors import MachineError
from localfn.instances import cgroup, docker, listening, program
from localfn.instances.attached_output import AttachedOutput
from localfn.instances.engine import Engine, Refused
from localfn.instances.guest import CannotStart, Exit
from localfn.instances.keeping import Keeper
from localfn.model import Fault, FaultKind, InstancePlan
from localfn.wires.http import shown_command
from localfn.wires.tape import LogTape

LOOPBACK = "127.0.0.1"
KILL_LIMIT_S = 5.0
WEIGH_EVERY_S = 0.02
# What the engine says about a program that cannot be started, and the kernel's number for it.
START_ERRORS: Mapping[str, int] = {
    "permission denied": errno.EACCES,
    "exec format error": errno.ENOEXEC,
    "no such file or directory": errno.ENOENT,
    "executable file not found": errno.ENOENT,
    "not a directory": errno.ENOENT,
    "is a directory": errno.EACCES,
}


class ContainerServer:
    """One server as the main process of its container."""

    is_relayed = True

    def __init__(
        self,
        engine: Engine,
        keeper: Keeper,
        plan: InstancePlan,
        network: str,
        suspicion: str,
        tape: LogTape | None = None,
    ) -> None:
        assert plan.contract is not None
        self.tape = tape or LogTape()
        self.port = plan.port
        self.suspicion = suspicion
        self.closed = False
        self._engine = engine
        self._keeper = keeper
        self._variables = plan.contract.port_variables
        self._peak_mb = self._weighed = 0.0
        self._pid = 0
        self._peak: Path | None = None
        self._output: AttachedOutput | None = None
        self._exit: Exit | None = None
        self._exited = threading.Event()
        keeper.start()
        self.id = str(engine.ask("POST", "/containers/create", server_spec(plan, network))["Id"])
        keeper.hold(self.id)
        try:
            self._output = AttachedOutput(engine.attach(self.id), self.tape, self._note_exit)
            self._start(plan)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> tuple[str, int]:
        """Return where the published port is."""
        return self._address

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return where a debugger's port is on this machine."""
        return docker.published(self._engine, self.id, port)

    def begin(self) -> None:
        """Say that what is printed from now on belongs to an exchange."""
        if self._output is not None:
            self._output.begin()

    def settle(self) -> None:
        """Have on the tape what was printed until now, as far as the engine has passed it on."""
        self._weigh()
        if self._output is not None:
            self._output.settle()

    def end(self) -> None:
        """Ask the server to end: SIGTERM, SIGKILL where that would do nothing."""
        listens = cgroup.handles(self._pid, signal.SIGTERM)
        self._kill("SIGTERM" if listens else "SIGKILL")

    def listens(self) -> bool | None:
        """Return whether the server is reached on its port, None where this cannot be told."""
        return listening.is_reachable(self._pid, self.port)

    def whereabouts(self) -> str:
        """Return where the server listens instead, as advice."""
        return listening.advice(listening.of_namespace(self._pid), self.port, self._variables)

    def is_hidden(self) -> bool:
        """Return False: here only those are reached who listen for others."""
        return False

    def kill(self, grace_s: float) -> Exit:
        """End the server: SIGTERM, wait `grace_s`, SIGKILL."""
        self._weigh()
        if grace_s and cgroup.handles(self._pid, signal.SIGTERM):
            self._kill("SIGTERM")
            self.await_exit(grace_s)
        if self._exit is None:
            self._kill("SIGKILL")
        return self.await_exit(KILL_LIMIT_S) or Exit(signal=9)

    def await_exit(self, limit_s: float | None) -> Exit | None:
        """Return how the server ended, None when it still runs after this long."""
        self._exited.wait(limit_s)
        return self._exit

    def peak_memory_mb(self) -> float:
        """Return the most memory that was used; 0 where the engine is on no Linux of ours."""
        self._weigh()
        return self._peak_mb

    def renew(self) -> bool:
        """Return False: the server is the container's main process."""
        return False

    def close(self) -> None:
        """Have the container removed. May be called twice."""
        if self.closed:
            return
        self.closed = True
        self._keeper.remove(self.id)
        if self._output is not None:
            self._output.close()

    def _start(self, plan: InstancePlan) -> None:
        try:
            self._engine.ask("POST", f"/containers/{self.id}/start")
        except Refused as error:
            raise refusal(plan, str(error), self.suspicion) from error
        told = self._engine.ask("GET", f"/containers/{self.id}/json")
        self._pid = int(told["State"]["Pid"] or 0)
        self._peak = cgroup.peak_counter(self._pid)
        published = (told["NetworkSettings"]["Ports"] or {}).get(f"{self.port}/tcp") or ()
        # A server that has left already publishes nothing any more.
        self._address = (LOOPBACK, int(published[0]["HostPort"]) if published else 0)

    def _weigh(self) -> None:
        # The counter is gone with the container; reading it costs a tenth of a call.
        now = time.monotonic()
        if now - self._weighed > WEIGH_EVERY_S:
            self._weighed = now
            self._peak_mb = max(self._peak_mb, cgroup.read_mb(self._peak))

    def _kill(self, name: str) -> None:
        try:
            self._engine.ask("POST", f"/containers/{self.id}/kill?signal={name}")
        except (Refused, MachineError):  # it has ended, or was removed
            return

    def _note_exit(self) -> None:
        """Ask how it ended; called when the stream has."""
        try:
            # Does not answer before the engine has noticed the end itself.
            self._engine.ask("POST", f"/containers/{self.id}/wait")
            state = self._engine.ask("GET", f"/containers/{self.id}/json")["State"]
        except (Refused, MachineError, TypeError):
            self._exit = Exit(signal=9)
        else:
            self._exit = exit_of(state, self._peak_mb)
        self._exited.set()


def server_spec(plan: InstancePlan, network: str) -> dict[str, object]:
    """Return the container of a server as the engine's API takes it."""
    ports = (plan.port, *plan.debug_ports)
    limits = docker.limits_of(plan, network)
    limits["AutoRemove"] = False
    limits["Memory"] = limits["MemorySwap"] = plan.memory_mb << 20
    limits["PortBindings"] = docker.bound(ports)
    spec = docker.spec(plan, network)
    variables = [f"{name}={value}" for name, value in variables_of(plan).items()]
    spec.update(HostConfig=limits, ExposedPorts=docker.exposed(ports), Env=variables)
    for name in ("AttachStdin", "OpenStdin", "StdinOnce"):
        spec[name] = False
    if is_own_image(plan):
        leave_alone(plan, spec)
        for name in ("CapDrop", "ReadonlyRootfs", "Tmpfs"):
            del limits[name]
    return spec


def leave_alone(plan: InstancePlan, spec: dict[str, object]) -> None:
    """Take out what an image of the user's own says itself."""
    container = plan.function.container
    assert container is not None
    for name in ("Entrypoint", "Cmd", "WorkingDir", "User"):
        del spec[name]
    if container.entrypoint:
        spec["Entrypoint"] = list(container.entrypoint)
    if container.command:
        spec["Cmd"] = list(container.command)
    if container.folder:
        spec["WorkingDir"] = container.folder


def variables_of(plan: InstancePlan) -> dict[str, str]:
    """Return the environment of a server; an image of the user's own has a home of its own."""
    assert plan.contract is not None
    variables = plan.environment if is_own_image(plan) else docker.variables_of(plan)
    return {**variables, **{name: str(plan.port) for name in plan.contract.port_variables}}


def refuse_flaws(plan: InstancePlan, architecture: Callable[[], str]) -> str:
    """Look at the program of a plan; return what may keep it from coming up, "" for nothing.

    Raises `CannotStart` where it cannot be run. What is not in the code cannot be looked at.
    """
    found = None if is_own_image(plan) else _in_the_code(plan)
    if found is None:
        return ""
    flaw = program.find_flaw(found, architecture())
    if flaw is not None:
        raise CannotStart(_fault(plan, flaw.errno, flaw.advice, exists=found.exists()))
    return program.windows_lines(found) if program.has_windows_lines(found) else ""


def _in_the_code(plan: InstancePlan) -> Path | None:
    """Return the file of this machine that a container will start, None where it is elsewhere."""
    word = plan.command[0]
    path = Path(plan.folder, word)
    for mount in plan.mounts:
        if "/" in word and path.is_relative_to(mount.target):
            return mount.source / path.relative_to(mount.target)
    return None


def refusal(plan: InstancePlan, told: str, suspicion: str) -> Exception:
    """Return what the engine's refusal to start means."""
    for text, number in START_ERRORS.items():
        if text in told and "exec" in told:
            exists = number != errno.ENOENT
            advice = suspicion or _start_advice(plan, number, told)
            return CannotStart(_fault(plan, number, advice, exists=exists))
    return MachineError(
        f"the container of `{plan.function.key}` cannot be started: {told}.",
        hint="Correct what it says, or run in a process: `--runner process`.",
    )


def _start_advice(plan: InstancePlan, number: int, told: str) -> str:
    if number == errno.ENOENT and not is_own_image(plan):
        return (
            f"The image `{plan.image}` has no `{plan.command[0]}`: name a base that has it in "
            "`LOCALFN_BASE_CUSTOM`, or take the cloud's own image, `--image vendor`."
        )
    return f"The engine says: {told.rpartition('exec: ')[2] or told}."


def _fault(plan: InstancePlan, code: int, advice: str, *, exists: bool) -> Fault:
    kind = FaultKind.EXITED if exists else FaultKind.MISSING
    return Fault(kind, shown_command(plan), code=code, advice=advice)


def is_own_image(plan: InstancePlan) -> bool:
    """Return whether a plan's image is the function itself."""
    container = plan.function.container
    return container is not None and bool(container.image)


def exit_of(state: Mapping[str, object], peak_mb: float) -> Exit:
    """Return how a container ended."""
    told = state.get("ExitCode")
    code = told if isinstance(told, int) else 0
    killed = code > 128
    return Exit(
        code=0 if killed else code,
        signal=code - 128 if killed else 0,
        out_of_memory=bool(state.get("OOMKilled")),
        peak_memory_mb=peak_mb,
    )
