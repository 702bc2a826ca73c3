"""How a guest is spoken to: the wire that a plan names."""

from collections.abc import Callable, Mapping
from typing import Protocol

from localfn.instances.guest import BootstrapGuest, Guest, ServerGuest
from localfn.model import Failure, HttpReply, HttpRequest, InstancePlan, Invocation
from localfn.wires.bootstrap import BootstrapWire
from localfn.wires.said import Said

Say = Callable[[str], None]
Clock = Callable[[], float]


class Wire(Protocol):
    """A way of talking to one guest; as many calls at once as its function takes.

    A failure `is TOO_LATE` where the limit was over, `is GONE` where the guest is.
    """

    @property
    def advice(self) -> str:
        """Return why an answer may never have come, as far as the guest has told."""

    @property
    def is_well(self) -> bool:
        """Return whether the guest is in order, as far as somebody looks."""

    def open(self, init: Mapping[str, object], limit_s: float | None) -> Said:
        """Have the user's code loaded; the reply's failure is None when the guest is ready."""

    def call(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Run the handler once."""

    async def calling(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Run the handler once, as a flow (`localfn.flow`)."""

    def hook(self, name: str, context: Mapping[str, object], limit_s: float | None) -> Said:
        """Run a lifecycle hook."""

    def stop(self) -> None:
        """Ask the guest to end by itself; do not wait."""

    def close(self) -> None:
        """Let go of what is kept for the next conversation. May be called twice."""


class PassingWire(Wire, Protocol):
    """A wire that can also pass on requests as they are."""

    def forward(
        self, request: HttpRequest, context: Mapping[str, object], limit_s: float | None
    ) -> HttpReply | Failure:
        """Pass a request on; the body of the reply is an iterator that must be closed."""

    def failure(self, error: Exception) -> Failure:
        """Return what an exchange that ended with this error was."""

    def settle(self) -> bytes:
        """Return what was printed until now and has not been returned before."""


def open_wire(plan: InstancePlan, guest: Guest, say: Say, clock: Clock) -> Wire:
    """Return the wire that this plan's guest is spoken to with; `clock` counts its limits."""
    return _WIRES[plan.wire](plan, guest, say, clock)


def _frames(_: InstancePlan, guest: Guest, __: Say, clock: Clock) -> Wire:
    assert isinstance(guest, BootstrapGuest)
    return BootstrapWire(guest.channel, guest.tape, clock)


def _http(plan: InstancePlan, guest: Guest, say: Say, _: Clock) -> Wire:
    # Not loaded for the other functions, whose cold start would wait for it.
    from localfn.wires.http import HttpWire

    assert isinstance(guest, ServerGuest)
    return HttpWire(plan, guest, say)


def _once(plan: InstancePlan, guest: Guest, _: Say, __: Clock) -> Wire:
    # Likewise.
    from localfn.instances.once import OnceGuest, OnceWire

    assert isinstance(guest, OnceGuest)
    return OnceWire(plan, guest)


_WIRES: Mapping[str, Callable[[InstancePlan, Guest, Say, Clock], Wire]] = {
    "bootstrap": _frames,
    "polled": _frames,
    "http": _http,
    "once": _once,
}
