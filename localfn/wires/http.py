"""The conversation with functions that are HTTP servers; what is said is their cloud's.

One connection per call, kept alive for the next one: any number of calls may be made at once. An
event that may have reached the server is never sent twice.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from localfn.flow import aside
from localfn.model import (
    Failure,
    FailureKind,
    Fault,
    FaultKind,
    Health,
    HttpReply,
    HttpRequest,
    InstancePlan,
    Invocation,
    Reply,
)
from localfn.wires.checkup import Checkup
from localfn.wires.link import SWITCHING, Broken, Head, Link, Nonsense
from localfn.wires.said import GONE, TOO_LATE, Said
from localfn.wires.tape import LogTape

# What may be asked again when a connection breaks before anything came back (RFC 9110, 9.2.2).
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# How long it may take to notice that a server has ended whose connection has.
END_LIMIT_S = 1.0
# How often a server that starts is looked at: often at first.
FIRST_PAUSE_S, LAST_PAUSE_S = 0.002, 0.02
# A relay in front of a container accepts for servers that do not listen yet, and then hangs up.
RELAY_LIMIT_S = 0.025
# When somebody who waits is told what for.
PATIENCE_S = 3.0
HEALTHY = range(200, 400)


class Ended(Protocol):
    """How a server's program ended."""

    @property
    def code(self) -> int:
        """Return the exit code; 0 where a signal ended it."""

    @property
    def signal(self) -> int:
        """Return the signal; 0 where it left by itself."""

    @property
    def out_of_memory(self) -> bool:
        """Return whether it was ended for taking too much memory."""


class Server(Protocol):
    """What the wire must know of whoever runs the server."""

    @property
    def address(self) -> tuple[str, int]:
        """Return where the server is reached from here."""

    @property
    def port(self) -> int:
        """Return the port that the server was told."""

    @property
    def is_relayed(self) -> bool:
        """Return whether somebody stands between, who accepts for a server that does not."""

    @property
    def tape(self) -> LogTape:
        """Return what the server prints."""

    def begin(self) -> None:
        """Say that what is printed from now on belongs to an exchange."""

    def settle(self) -> None:
        """Have all on the tape that was printed until now."""

    def await_exit(self, limit_s: float) -> Ended | None:
        """Return how the server ended, None when it still runs after this long."""

    def end(self) -> None:
        """Ask the server to end; do not wait."""

    def peak_memory_mb(self) -> float:
        """Return the most memory that was used until now."""

    def listens(self) -> bool | None:
        """Return whether the server is reached on its port, None where this cannot be told."""

    def whereabouts(self) -> str:
        """Return where the server listens instead, as advice; "" where that cannot be told."""

    def is_hidden(self) -> bool:
        """Return whether the server listens on loopback only, where its cloud reaches nobody."""

    @property
    def suspicion(self) -> str:
        """Return what may keep the server from coming up, as advice; "" for nothing."""


class Passage:
    """A body on its way; its link is idle again after the end, and closed before it."""

    def __init__(self, link: Link, head: Head, give_back: Callable[[Link], None]) -> None:
        self._link = link
        self._give_back = give_back
        self._pieces = link.pieces(head)
        self._closed = False

    def __iter__(self) -> "Passage":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the link. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._give_back(self._link)


class HttpWire:
    """Talks to one server."""

    advice = ""

    def __init__(self, plan: InstancePlan, server: Server, say: Callable[[str], None]) -> None:
        assert plan.contract is not None
        self._plan = plan
        self._contract = plan.contract
        self._function = plan.function
        self._server = server
        self._say = say
        self._idle: deque[Link] = deque()
        self._closed = False
        self._checkup: Checkup | None = None
        self.is_well = True

    def open(self, init: Mapping[str, object], limit_s: float | None) -> Said:
        """Wait until the server is up, and have it initialized.

        Only the initializer counts against the limit: starting has its own, as in the clouds.
        """
        context = init["context"]
        assert isinstance(context, Mapping)
        said = Said(Reply(failure=self._come_up()), b"")
        if said.reply.failure is not None:
            return said
        request = self._contract.request("load", self._function, context, b"")
        if request is not None:
            said = self._exchange("load", request, limit_s)
        if said.reply.failure is None:
            said = said._replace(reply=said.reply._replace(failure=self._become_healthy()))
        if said.reply.failure is None:
            self._stay_healthy()
        return said

    def call(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Give the server one event."""
        request = self._contract.request(
            "invoke", self._function, context, invocation.event.payload
        )
        assert request is not None
        return self._exchange("invoke", request, limit_s)

    async def calling(
        self, invocation: Invocation, context: Mapping[str, object], limit_s: float | None
    ) -> Said:
        """Do the same as a flow."""
        await aside()
        return self.call(invocation, context, limit_s)

    def hook(self, name: str, context: Mapping[str, object], limit_s: float | None) -> Said:
        """Tell the server what happens to its instance."""
        request = self._contract.request(name, self._function, context, b"")
        return Said(Reply(), b"") if request is None else self._exchange(name, request, limit_s)

    def forward(
        self, request: HttpRequest, context: Mapping[str, object], limit_s: float | None
    ) -> HttpReply | Failure:
        """Pass a client's request on.

        The body of the reply comes in pieces and must be closed; it raises `Broken`, `Nonsense`
        or `TimeoutError` where it ends too early.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        self._server.begin()
        asked = self._contract.passed_on(request, self._function, context)
        try:
            link, head = self._begin(asked, deadline)
        except (TimeoutError, Broken, Nonsense) as error:
            return self.failure(error)
        if head.status == SWITCHING:
            return HttpReply(head.status, head.headers, tunnel=link)
        answer = HttpReply(head.status, head.headers, Passage(link, head, self._give_back))
        return self._contract.passed_back(answer)

    def failure(self, error: Exception) -> Failure:
        """Return what an exchange that ended with this error was."""
        if isinstance(error, TimeoutError):
            return TOO_LATE
        if isinstance(error, Broken) and self._server.await_exit(END_LIMIT_S) is not None:
            return GONE
        return Failure(
            FailureKind.BAD_REPLY,
            str(error),
            advice=f"{str(error)[:1].upper()}{str(error)[1:]}; it still runs.",
        )

    def settle(self) -> bytes:
        """Return what was printed until now and has not been returned before."""
        self._server.settle()
        return self._server.tape.take_rest()

    def stop(self) -> None:
        """Ask the server to end."""
        self.close()
        self._server.end()

    def close(self) -> None:
        """Let go of the connections that are idle. May be called twice."""
        self._closed = True
        if self._checkup is not None:
            self._checkup.stop()
        while self._idle:
            self._idle.pop().close()

    # --- coming up -------------------------------------------------------------------------

    def _come_up(self) -> Failure | None:
        """Wait until somebody listens; return what went wrong."""
        limit_s = self._plan.load_timeout_s
        began = time.monotonic()
        pause_s, silent = FIRST_PAUSE_S, True
        while not self._listens():
            ended = self._server.await_exit(pause_s)
            if ended is not None:
                return self._exited(ended)
            waited_s = time.monotonic() - began
            if limit_s is not None and waited_s > limit_s:
                return self._unhealthy(limit_s, self._server.whereabouts())
            if silent and waited_s > PATIENCE_S:
                self._tell_wait()
                silent = False
            pause_s = min(pause_s * 1.5, LAST_PAUSE_S)
        return None

    def _listens(self) -> bool:
        told = self._server.listens()
        if told is False:
            return False
        try:
            link = Link(self._server.address, time.monotonic() + LAST_PAUSE_S * 10)
        except OSError:
            return False
        relayed = told is None and self._server.is_relayed
        if (relayed and not link.is_quiet(RELAY_LIMIT_S)) or self._server.is_hidden():
            link.close()
            return False
        self._idle.append(link)
        return True

    def _become_healthy(self) -> Failure | None:
        """Ask the template's own health check as often as it says; a success need not wait."""
        health = self._contract.health(self._function)
        if not health.path:
            return None
        began, in_a_row = time.monotonic(), 0
        while in_a_row < health.successes:
            flaw = self._flaw(health)
            in_a_row = 0 if flaw else in_a_row + 1
            if in_a_row:
                continue
            ended = self._server.await_exit(min(health.period_s, LAST_PAUSE_S * 10))
            if ended is not None:
                return self._exited(ended)
            if time.monotonic() - began > health.limit_s:
                advice = f"`GET {health.path}` of the template's health check was not met: {flaw}."
                return self._unhealthy(health.limit_s, advice)
        return None

    def _flaw(self, health: Health) -> str:
        """Return what is wrong with the answer to a health check, "" for nothing."""
        path, _, query = health.path.partition("?")
        deadline = time.monotonic() + health.timeout_s
        try:
            status = self._ask(HttpRequest("GET", path, query), deadline).status
        except TimeoutError:
            return f"no answer within {health.timeout_s:g} s"
        except (Broken, Nonsense) as error:
            return str(error)
        return "" if status in HEALTHY else f"the last answer had the status {status}"

    def _stay_healthy(self) -> None:
        """Have the server asked from now on, unless a debugger may hold it."""
        health = self._contract.health(self._function)
        if health.path and self._checkup is None and not self._plan.debug_ports:
            self._checkup = Checkup(health, lambda: self._flaw(health), self._note_illness)

    def _note_illness(self, flaw: str) -> None:
        if self._closed or self._server.await_exit(0) is not None:
            return
        self.is_well = False
        path = self._contract.health(self._function).path
        self._say(
            f"`{self._function.key}`: `GET {path}` of its health check was not met: {flaw}; "
            "calls go to another instance"
        )

    def _exited(self, ended: Ended) -> Failure:
        if ended.out_of_memory:
            advice = "The server used more memory than its template gives it before it was up."
            return Failure(FailureKind.OUT_OF_MEMORY, during_init=True, advice=advice)
        how = f"was killed by signal {ended.signal}" if ended.signal else f"left with {ended.code}"
        self._server.tape.await_end(END_LIMIT_S)
        fault = Fault(
            FaultKind.EXITED,
            self.command,
            code=ended.code or (128 + ended.signal if ended.signal else 0),
            port=self._server.port,
            printed=self._server.tape.take_rest(),
            advice=self._server.suspicion
            or f"The server {how} before it listened on port {self._server.port}.",
        )
        return self._contract.fault(fault)

    def _unhealthy(self, limit_s: float, advice: str) -> Failure:
        port = self._server.port
        fault = Fault(
            FaultKind.UNHEALTHY,
            self.command,
            port=port,
            limit_s=limit_s,
            printed=self.settle(),
            advice=advice or f"Nothing listens on port {port} after {limit_s:g} s.",
        )
        return self._contract.fault(fault)

    @property
    def command(self) -> str:
        """Return the start command as the cloud would see it."""
        return shown_command(self._plan)

    def _tell_wait(self) -> None:
        where = self._server.whereabouts()
        told = f"; {where[:1].lower()}{where[1:].rstrip('.')}" if where else ""
        name = self._function.key
        self._say(f"still waiting for `{name}` to listen on port {self._server.port}{told}")

    # --- exchanges -------------------------------------------------------------------------

    def _exchange(self, kind: str, request: HttpRequest, limit_s: float | None) -> Said:
        started = time.perf_counter()
        deadline = None if limit_s is None else time.monotonic() + limit_s
        self._server.begin()
        try:
            answer: HttpReply | Exception = self._ask(request, deadline)
        except (TimeoutError, Broken, Nonsense) as error:
            answer = error
        spent_ms = (time.perf_counter() - started) * 1000
        if isinstance(answer, HttpReply):
            reply = self._contract.reply(kind, answer)
        else:
            reply = Reply(failure=self.failure(answer))
        output = self.settle()
        peak_mb = self._server.peak_memory_mb()
        timed = Reply(reply.payload, reply.failure, spent_ms, peak_mb, again=reply.again)
        return Said(timed, output)

    def _ask(self, request: HttpRequest, deadline: float | None) -> HttpReply:
        link, head = self._begin(request, deadline)
        try:
            body = link.body(head)
        except BaseException:
            link.close()
            raise
        self._give_back(link)
        return HttpReply(head.status, head.headers, body)

    def _give_back(self, link: Link) -> None:
        if link.is_reusable and not self._closed:
            self._idle.append(link)
        else:
            link.close()

    def _begin(self, request: HttpRequest, deadline: float | None) -> tuple[Link, Head]:
        """Send a request; return the link and the head of the answer."""
        link = self._take(deadline)
        try:
            return link, link.ask(request, deadline)
        except Broken as error:
            link.close()
            again = error.silent and request.method in HARMLESS and not request.body
            if not again:
                raise
        except BaseException:
            link.close()
            raise
        return self._begin_afresh(request, deadline)

    def _begin_afresh(self, request: HttpRequest, deadline: float | None) -> tuple[Link, Head]:
        link = self._connect(deadline)
        try:
            return link, link.ask(request, deadline)
        except BaseException:
            link.close()
            raise

    def _take(self, deadline: float | None) -> Link:
        """Return a link that is idle and alive, else a new one."""
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return self._connect(deadline)
            # A server that has hung up meanwhile is not given an event that it would not read.
            if link.is_quiet():
                return link
            link.close()

    def _connect(self, deadline: float | None) -> Link:
        try:
            return Link(self._server.address, deadline)
        except TimeoutError:
            raise
        except OSError as error:
            raise Broken(f"the server accepts no connection ({error})") from error


def shown_command(plan: InstancePlan) -> str:
    """Return the start command of a plan with the paths that its cloud would show."""
    here, there = str(plan.init["code"]).rstrip("/"), str(plan.init["shown_code"]).rstrip("/")
    return " ".join(
        there + word[len(here) :] if word == here or word.startswith(f"{here}/") else word
        for word in plan.command
    )
