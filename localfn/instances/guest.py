"""What every backend gives: a guest that can be talked to, watched and ended."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from localfn.model import InstancePlan, Site
from localfn.wires.channel import Channel
from localfn.wires.tape import LogTape


class Exit(NamedTuple):
    """How a guest ended. `signal` is 0 when it left by itself with `code`."""

    code: int = 0
    signal: int = 0
    out_of_memory: bool = False
    peak_memory_mb: float = 0.0


class Guest(Protocol):
    """A started bootstrap: in a process, or in a container behind its supervisor."""

    @property
    def channel(self) -> Channel:
        """Return the conversation with the worker."""

    @property
    def tape(self) -> LogTape:
        """Return what the worker prints."""

    def kill(self, grace_s: float) -> Exit:
        """End the guest: ask, wait `grace_s`, then force. May be called twice."""

    def await_exit(self, limit_s: float) -> Exit | None:
        """Return how the guest ended, None when it still runs after this long."""

    def peak_memory_mb(self) -> float:
        """Return the most memory the guest has used so far; 0 when it cannot be told."""

    def renew(self) -> bool:
        """Be as if just started, with a new worker; False where only `close` is left to do.

        Nobody may be talking to the guest.
        """

    def close(self) -> None:
        """Give back everything: pipes, threads, the container. May be called twice."""


class Backend(Protocol):
    """A way of running guests. `close` may be called twice."""

    @property
    def site(self) -> Site:
        """Return where its guests live."""

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> Guest:
        """Start a guest; raise `MachineError` when the machine cannot.

        `say` takes lines for the person at the terminal: progress, and what is not isolated.
        """

    def take_back(self, plan: InstancePlan, guest: Guest) -> None:
        """Take a guest that nobody talks to any more, to close it or to use it again."""

    def close(self) -> None:
        """End all guests that are left."""
