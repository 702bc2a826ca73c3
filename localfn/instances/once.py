"""Images that are no servers: run once for each event, which stands in a variable.

What the program prints is the log; that it leaves with 0 is all that it answers.
"""

import time
from collections.abc import Callable, Mapping

from localfn.errors import MachineError, UsageError
from localfn.flow import aside
from localfn.instances.container import ContainerServer
from localfn.instances.guest import CannotStart, Exit
from localfn.model import (
    Failure,
    FailureKind,
    HttpReply,
    HttpRequest,
    InstancePlan,
    Invocation,
    Reply,
)
from localfn.wires.said import TOO_LATE, Said
from localfn.wires.tape import LogTape

Run = Callable[[InstancePlan, LogTape], ContainerServer]
# How long what was printed last may be on its way after the program has ended.
LAST_WORDS_S = 0.5


class OnceGuest:
    """A container that is not there before its event is. `run(plan, tape)` starts it."""

    def __init__(self, plan: InstancePlan, run: Run) -> None:
        self.tape = LogTape()
        self.closed = False
        self._plan = plan
        self._run = run
        self._container: ContainerServer | None = None

    def run(self, variables: Mapping[str, str]) -> None:
        """Start the program with these variables; raise what starting a server raises."""
        environment = {**self._plan.environment, **variables}
        self._container = self._run(self._plan._replace(environment=environment), self.tape)
        if self.closed:  # by another thread, which found nothing to remove
            self._container.close()

    def kill(self, grace_s: float) -> Exit:
        """End the program: SIGTERM, wait `grace_s`, SIGKILL."""
        return self._container.kill(grace_s) if self._container else Exit()

    def await_exit(self, limit_s: float | None) -> Exit | None:
        """Return how the program ended, None when it still runs, or does not yet."""
        return self._container.await_exit(limit_s) if self._container else None

    def debug_address(self, _: int) -> tuple[str, int]:
        """Refuse: nothing of ours is in an image."""
        raise MachineError(f"`{self._plan.function.key}` is an image, which has no debugger.")

    def peak_memory_mb(self) -> float:
        """Return the most memory that was used; 0 where the engine is on no Linux of ours."""
        return self._container.peak_memory_mb() if self._container else 0.0

    def renew(self) -> bool:
        """Return False: another run is another container."""
        return False

    def close(self) -> None:
        """Have the container removed. May be called twice."""
        self.closed = True
        if self._container is not None:
            self._container.close()


class OnceWire:
    """Gives one event to one guest."""

    advice = ""
    is_well = True

    def __init__(self, plan: InstancePlan, guest: OnceGuest) -> None:
        assert plan.contract is not None
        self._contract = plan.contract
        self._function = plan.function
        self._guest = guest

    def open(self, _: Mapping[str, object], __: float | None) -> Said:
        """Do nothing: there is nothing to wait for before the event."""
        return Said(Reply(), b"")

    def call(self, invocation: Invocation, _: Mapping[str, object], limit_s: float | None) -> Said:
        """Run the program, and wait until it has ended."""
        variables = {self._contract.event_variable: self._as_text(invocation.event.payload)}
        try:
            self._guest.run(variables)
        except CannotStart as error:
            return Said(Reply(failure=self._contract.fault(error.fault), last=True), b"")
        # Starting does not count, as where a server is started.
        began = time.perf_counter()
        ended = self._guest.await_exit(limit_s)
        spent_ms = (time.perf_counter() - began) * 1000
        if ended is None:
            return Said(Reply(failure=TOO_LATE, duration_ms=spent_ms), b"")
        self._guest.tape.await_end(LAST_WORDS_S)
        reply = Reply(b"", _failure(ended), spent_ms, ended.peak_memory_mb, last=True)
        return Said(reply, self._guest.tape.take_rest())

    async def calling(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Do the same as a flow."""
        await aside()
        return self.call(invocation, context, limit_s)

    def hook(self, _: str, __: Mapping[str, object], ___: float | None) -> Said:
        """Do nothing: there is nobody to tell."""
        return Said(Reply(), b"")

    def forward(
        self, _: HttpRequest, __: Mapping[str, object], ___: float | None
    ) -> HttpReply | Failure:
        """Return that there is no server to pass a request on to."""
        return Failure(
            FailureKind.BAD_REPLY,
            "there is no server in the image",
            advice="The template says that the image is no server: it gets events, no requests.",
        )

    def failure(self, error: Exception) -> Failure:
        """Return what an exchange that ended with this error was."""
        return Failure(FailureKind.BAD_REPLY, str(error))

    def settle(self) -> bytes:
        """Return what was printed until now and has not been returned before."""
        return self._guest.tape.take_rest()

    def stop(self) -> None:
        """Do nothing: what has ended needs not be asked to."""

    def close(self) -> None:
        """Do nothing."""

    def _as_text(self, payload: bytes) -> str:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise UsageError(
                f"`{self._function.key}` gets its event in the variable "
                f"`{self._contract.event_variable}`, and this event is no text.",
                hint="Send text, such as JSON, or make the image a server.",
            )
        return text


def _failure(ended: Exit) -> Failure | None:
    if ended.out_of_memory:
        advice = "The program used more memory than its template gives it."
        return Failure(FailureKind.OUT_OF_MEMORY, advice=advice)
    if ended.signal:
        advice = f"The program was killed by signal {ended.signal}."
        return Failure(FailureKind.EXITED, advice=advice)
    if ended.code:
        advice = f"The program left with {ended.code}; only 0 says that it was successful."
        return Failure(FailureKind.EXITED, advice=advice)
    return None
