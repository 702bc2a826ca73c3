"""What every backend gives: a guest that can be talked to, watched and ended."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from localfn.model import Fault, InstancePlan, Site
from localfn.wires.channel import Channel
from localfn.wires.tape import LogTape


class Exit(NamedTuple):
    """How a guest ended. `signal` is 0 when it left by itself with `code`."""

    code: int = 0
    signal: int = 0
    out_of_memory: bool = False
    peak_memory_mb: float = 0.0


class CannotStart(Exception):
    """The user's own program cannot be started: a failure of the function, not of the machine."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.advice)
        self.fault = fault


class Guest(Protocol):
    """A started program: in a process, or in a container."""

    @property
    def tape(self) -> LogTape:
        """Return what the worker prints."""

    def kill(self, grace_s: float) -> Exit:
        """End the guest: ask, wait `grace_s`, then force. May be called twice."""

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the guest ended, None when it still runs after this long."""

    def debug_address(self, port: int) -> tuple[str, int]:
        """Return where a port of the guest is reached from here.

        Raises `MachineError` for one that cannot be reached.
        """

    def peak_memory_mb(self) -> float:
        """Return the most memory the guest has used so far; 0 when it cannot be told."""

    def renew(self) -> bool:
        """Be as if just started, with a new worker; False where only `close` is left to do.

        Nobody may be talking to the guest.
        """

    def close(self) -> None:
        """Give back everything: pipes, threads, the container. May be called twice."""


@runtime_checkable
class BootstrapGuest(Guest, Protocol):
    """A started bootstrap; in a container it stands behind its supervisor."""

    @property
    def channel(self) -> Channel:
        """Return the conversation."""


@runtime_checkable
class ServerGuest(Guest, Protocol):
    """A started server of the user's own (`localfn.wires.http.Server`)."""

    @property
    def address(self) -> tuple[str, int]:
        """Return where the server is reached from here."""

    @property
    def port(self) -> int:
        """Return the port that the server was told."""

    @property
    def is_relayed(self) -> bool:
        """Return whether somebody stands between, who accepts for a server that does not."""

    def begin(self) -> None:
        """Say that what is printed from now on belongs to an exchange."""

    def settle(self) -> None:
        """Have all on the tape that was printed until now."""

    def end(self) -> None:
        """Ask the server to end; do not wait."""

    def listens(self) -> bool | None:
        """Return whether the server is reached on its port, None where this cannot be told."""

    def whereabouts(self) -> str:
        """Return where the server listens instead, as advice; "" where that cannot be told."""

    def is_hidden(self) -> bool:
        """Return whether the server listens on loopback only, where its cloud reaches nobody."""

    @property
    def suspicion(self) -> str:
        """Return what may keep the server from coming up, as advice; "" for nothing."""


class Backend(Protocol):
    """A way of running guests. `close` may be called twice."""

    @property
    def site(self) -> Site:
        """Return where its guests live."""

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> Guest:
        """Start a guest.

        Raises `MachineError` when the machine cannot, `CannotStart` when it is the user's own
        program that cannot be started. `say` takes lines for the person at the terminal:
        progress, and what is not isolated.
        """

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Take a guest that nobody talks to any more, to close it or to use it again."""

    def close(self) -> None:
        """End all guests that are left."""
