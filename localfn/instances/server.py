"""Servers of the user's own as processes of this machine (`localfn.instances.guest`)."""

import errno
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from localfn.instances import listening, program
from localfn.instances.child import Child
from localfn.instances.guest import CannotStart, Exit
from localfn.instances.output import Output
from localfn.instances.ports import Ports
from localfn.model import Fault, FaultKind, InstancePlan
from localfn.wires.http import shown_command
from localfn.wires.tape import LogTape

LOOPBACK = "127.0.0.1"
WATCH_EVERY_S = 0.02
LAST_WORDS_S = 0.1


class Servers:
    """Starts the servers of a session, each on a port of its own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._ports = Ports()

    def start(
        self, plan: InstancePlan, say: Callable[[str], None]
    ) -> tuple[Child, "ProcessServer"]:
        """Start the server of a plan; raise `CannotStart` when its program cannot be run."""
        found = _checked(plan)
        port = self._ports.take(plan.port)
        told = _told(plan, port)
        if port != plan.port:
            names = " and ".join(f"`{name}`" for name in told)
            say(f"port {plan.port} is taken: `{plan.function.key}` must listen on {port} ({names})")
        child = self._spawn(plan._replace(environment={**plan.environment, **told}), port)
        server = ProcessServer(child, port, lambda: self._ports.give_back(port), tuple(told))
        if program.has_windows_lines(found):
            server.suspicion = program.windows_lines(found)
        return child, server

    def _spawn(self, plan: InstancePlan, port: int) -> Child:
        try:
            return Child(plan, self._environ, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        except OSError as error:
            self._ports.give_back(port)
            raise CannotStart(_fault(plan, error.errno or 1, f"{error}.")) from error


class ProcessServer:
    """One server in a child process."""

    is_relayed = False

    def __init__(
        self, child: Child, port: int, give_back: Callable[[], None], variables: tuple[str, ...]
    ) -> None:
        self.tape = LogTape()
        self.port = port
        self.suspicion = ""
        self._child = child
        self._give_back = give_back
        self._variables = variables
        self._closing = threading.Lock()
        self._closed = threading.Event()
        (printed,) = child.pipes()
        self._output = Output(printed, self.tape)
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watcher.start()

    @property
    def address(self) -> tuple[str, int]:
        """Return where the server is reached."""
        return LOOPBACK, self.port

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return the same port on this machine."""
        return LOOPBACK, port

    def begin(self) -> None:
        """Do nothing: what is in the pipe after an answer was printed before it."""

    def settle(self) -> None:
        """Have all on the tape that was printed until now."""
        self._output.settle()

    def end(self) -> None:
        """Ask the server to end."""
        self._child.signal(signal.SIGTERM)

    def listens(self) -> bool | None:
        """Return None: whoever can connect knows."""
        return None

    def whereabouts(self) -> str:
        """Return where the server listens instead, as advice."""
        found = listening.of_group(self._child.pid)
        return listening.advice(found, self.port, self._variables)

    def is_hidden(self) -> bool:
        """Return whether the server listens on loopback only: it would not be reached elsewhere."""
        return listening.is_loopback_only(self.port)

    def kill(self, grace_s: float) -> Exit:
        """End the server and its children: SIGTERM, wait `grace_s`, SIGKILL."""
        return self._child.kill(grace_s)

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the server ended, None when it still runs after this long."""
        return self._child.await_exit(limit_s)

    def peak_memory_mb(self) -> float:
        """Return the largest resident set that was seen."""
        return self._child.peak_memory_mb()

    def renew(self) -> bool:
        """Return False: another server is another process."""
        return False

    def close(self) -> None:
        """End the server, remove the private folder. May be called twice."""
        # Taken once and never given back: whoever comes second has nothing to do.
        if not self._closing.acquire(blocking=False):
            return
        self._closed.set()
        self._child.close()
        self._watcher.join(1.0)
        self._give_back()

    def _watch(self) -> None:
        """Look at the memory in use; when the server has ended, end what it left behind.

        Its children may hold its connections and its output open, and nobody would notice.
        """
        while not self._child.is_over():
            self._child.weigh()
            self._closed.wait(WATCH_EVERY_S)
        self._child.signal(signal.SIGKILL)
        self._closed.wait(LAST_WORDS_S)
        self._output.finish()


def _told(plan: InstancePlan, port: int) -> dict[str, str]:
    assert plan.contract is not None
    return {name: str(port) for name in plan.contract.port_variables}


def _checked(plan: InstancePlan) -> Path:
    """Return the program of a plan; raise `CannotStart` for one that cannot be run."""
    path = plan.environment.get("PATH", "")
    found = program.find_program(plan.command[0], plan.folder, path)
    if found is None:
        raise CannotStart(_fault(plan, errno.ENOENT, _not_found(plan), exists=False))
    flaw = program.find_flaw(found)
    if flaw is not None:
        raise CannotStart(_fault(plan, flaw.errno, flaw.advice, exists=found.exists()))
    return found


def _fault(plan: InstancePlan, code: int, advice: str, *, exists: bool = True) -> Fault:
    kind = FaultKind.EXITED if exists else FaultKind.MISSING
    return Fault(kind, shown_command(plan), code=code, advice=advice)


def _not_found(plan: InstancePlan) -> str:
    return (
        f"There is no program `{plan.command[0]}` on this machine: install it, or run in a "
        "container: `--runner docker`."
    )
