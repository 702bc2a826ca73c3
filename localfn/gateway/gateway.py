"""The gateway: one port, one process, every function of the project."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from localfn.flow import aside
from localfn.gateway import running, wsgi
from localfn.gateway.desk import Desk, Engine
from localfn.gateway.guard import Guard, host_of
from localfn.gateway.journal import LONG_S, LOOK_EVERY_S
from localfn.gateway.ledger import Ledger, Record
from localfn.gateway.own_api import PREFIX, OwnApi
from localfn.gateway.replies import plain
from localfn.gateway.server import Server
from localfn.gateway.sites import FUNCTIONS, all_urls
from localfn.invoke.backlog import Backlog
from localfn.model import Call, HttpReply, HttpRequest, Provider, Result, WebRules

Say = Callable[[str], None]


class Wishes(NamedTuple):
    """What the person at the terminal wants of a gateway.

    `allowed` are names under which it may be asked for besides loopback's own. `retry_pause_s`
    is how long a failed asynchronous call waits for its first repetition. `run_with` is what
    the functions are run with, in one word: who wants it otherwise does not use this gateway.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed: tuple[str, ...] = ()
    rules: WebRules = WebRules()
    retry_pause_s: float = 1.0
    run_with: str = ""


class Watching(Protocol):
    """A journal of calls: told when one ends, and of those that run long."""

    def __call__(self, record: Record, result: Result | None, /) -> None:
        """Take a call that has ended."""

    def running(self, record: Record, /) -> None:
        """Take a call that runs long."""

    def flush(self) -> None:
        """Write what is left, now."""


class Gateway:
    """Answers requests. Functions are served at once, everything else by the application."""

    def __init__(
        self, engine: Engine, wishes: Wishes, ledger: Ledger, token: str, backlog: Backlog
    ) -> None:
        self._engine = engine
        self._web = engine.project.provider.web()
        self._guard = Guard(wishes.allowed)
        self.desk = Desk(engine, ledger, wishes.rules, backlog.put)
        self._own = OwnApi(lambda: engine.project, self.desk, ledger, token)
        self._prefixes = (f"{PREFIX}/", *self._web.prefixes)
        self._application: wsgi.Application | None = None
        self._loading = threading.Lock()
        self.port = 0

    async def answer(self, request: HttpRequest) -> HttpReply:
        """Return the answer to a request, whatever it is about, as a flow."""
        host = host_of(request)
        refused = self._guard.refuse_host(host)
        if refused is not None:
            return refused
        about_sockets = await self.desk.about_sockets(request, self._guard)
        if about_sockets is not None:
            return about_sockets
        sites, path = self.desk.sites, request.path
        if sites.is_named(host):
            found = sites.by_host(host, request)
        elif path.startswith(FUNCTIONS):
            found = sites.by_name(request)
        elif path.startswith(self._prefixes):
            await aside()
            return wsgi.ask(self.load(), request)
        else:
            found = sites.by_path(request)
        return self._lost(request) if found is None else await self.desk.serve(request, found)

    def load(self) -> wsgi.Application:
        """Return the Flask application, made when it is first wanted."""
        if self._application is None:
            with self._loading:
                if self._application is None:
                    # Its import takes longer than all the rest of a start.
                    from localfn.gateway.application import make_application

                    self._application = make_application(
                        self._web, self._own, self.desk, self._guard, self._lost
                    )
        return self._application

    def urls(self) -> Sequence[tuple[str, str, str]]:
        """Return (function's key, what for, URL) of everything that answers."""
        return all_urls(self._engine.project, self.port)

    def _lost(self, request: HttpRequest) -> HttpReply:
        """Return the answer where nothing answers: what does."""
        if request.path.startswith(self._web.prefixes):
            return self._web.no_route(request, self.desk.any_id())
        if self._web.unrouted is not None:
            told = self._web.unrouted(request, self.desk.functions, self.desk.any_id())
            if told is not None:
                return told
        lines = [f"{url}  {key}  {what}" for key, what, url in self.urls()]
        listed = "\n".join(lines) or "(no function of this project has an HTTP trigger)"
        return plain(404, f"Nothing answers at `{request.path}` here. What does:\n\n{listed}")


@contextmanager
def open_gateway(engine: Engine, wishes: Wishes, journal: Watching, say: Say) -> Iterator[Gateway]:
    """Yield a gateway that serves; at the end its port is closed and everybody hung up on.

    Raises `UsageError` when the port cannot be had.
    """
    project = engine.project
    web = project.provider.web()
    ledger = Ledger(journal)
    later: list[Callable[[Call], Result]] = []
    backlog = Backlog(
        lambda call: later[0](call),
        web.repeats,
        say,
        wishes.retry_pause_s,
        lambda result, where: _destined(gateway, engine, result, where),
    )
    written = running.new_running(wishes.host, wishes.port, project.template, wishes.run_with)
    gateway = Gateway(engine, wishes, ledger, written.token, backlog)
    later.append(gateway.desk.later)
    server = Server(wishes.host, wishes.port, gateway.answer)
    gateway.port = server.port
    written = written._replace(port=server.port)
    over = threading.Event()
    try:
        server.start()
        running.write(project.root, written)
        _start(gateway.load, "application")
        _start(lambda: _look_out(ledger, journal, over), "lookout")
        yield gateway
    finally:
        over.set()
        server.stop()
        running.forget(project.root, written)
        journal.flush()
        for call in backlog.close():
            say(f"{call.function.key}: the asynchronous call {call.id} was dropped")


def _destined(gateway: Gateway, engine: Engine, result: Result, where: str) -> Call | None:
    """Return the call that tells a function of the project how an asynchronous call went."""
    project = engine.project
    call = project.provider.web().destined(result, where, project.functions)
    return None if call is None else call._replace(id=gateway.desk.new_id(call.function))


def own_output(provider: Provider, result: Result) -> bytes:
    """Return what of a log the function itself has printed."""
    invocation = result.invocation
    said = [
        provider.opening_lines(invocation),
        provider.closing_lines(result),
        provider.start_output(invocation),
    ]
    text = result.logs
    if len(text) == len(said[0]) + len(said[1]):  # it has printed nothing
        return b""
    for each in said:
        text = text.replace(each, b"", 1) if each else text
    return text


def _look_out(ledger: Ledger, journal: Watching, over: threading.Event) -> None:
    """Tell of calls that run long, each once."""
    told: set[str] = set()
    while not over.wait(LOOK_EVERY_S):
        old = [each for each in ledger.running() if each.age_s > LONG_S]
        for record in old:
            if record.id not in told:
                journal.running(record)
        told = {each.id for each in old}


def _start(act: Callable[[], object], name: str) -> None:
    threading.Thread(target=act, name=name, daemon=True).start()
