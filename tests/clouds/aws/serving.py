"""Gateways of functions that a test describes itself: real handlers, real HTTP, no template."""

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localfn import providers
from localfn.app import open_session
from localfn.gateway.gateway import Wishes, open_gateway
from localfn.gateway.journal import Journal
from localfn.model import DomainRoute, Function, Trigger, WebRules
from localfn.project import Project
from localfn.settings import resolve

LIMIT_S = 30.0


class Answer:
    def __init__(self, told: http.client.HTTPResponse) -> None:
        self.status = told.status
        self.headers = told.headers
        self.body = told.read()


class Served:
    """A running gateway. What its journal wrote and what it said stands in `told`."""

    def __init__(self, port: int, told: list[str]) -> None:
        self.port = port
        self.told = told

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        body: bytes | None = None,
        headers: dict[str, str] | tuple[tuple[str, str], ...] = (),
        host: str = "",
    ) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        try:
            link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            link.putheader("Host", host or f"127.0.0.1:{self.port}")
            pairs = headers.items() if isinstance(headers, dict) else headers
            for name, value in pairs:
                link.putheader(name, value)
            if body is not None:
                link.putheader("Content-Length", str(len(body)))
            link.endheaders(body)
            return Answer(link.getresponse())
        finally:
            link.close()


def function(name: str, code: Path, handler: str = "", **changes: object) -> Function:
    made = Function(name, "python3.11", handler or "app.handler", code)
    return made._replace(**changes)


def routes(*functions: Function) -> tuple[DomainRoute, ...]:
    """The routes of these functions' triggers, as a template's reader makes them."""
    return tuple(
        DomainRoute(
            domain=str(trigger.options.get("api_id", "")).lower(),
            path="/*" if (path := str(trigger.options["path"])) == "$default" else path,
            function=each.key,
            methods=tuple(trigger.options.get("methods", ())),
            trigger=trigger.name,
        )
        for each in functions
        for trigger in each.triggers
        if "path" in trigger.options
    )


def api(name: str, path: str, *methods: str, source: str = "api", **options: object) -> Trigger:
    ids = {"api": "ServerlessRestApi", "http-api": "ServerlessHttpApi"}
    told = {"api_id": ids.get(source, ""), "path": path, **options}
    return Trigger(source, name, {**told, "methods": methods} if methods else told)


@contextmanager
def serving(
    root: Path, *functions: Function, rules: WebRules | None = None, runner: str = "process"
) -> Iterator[Served]:
    """Yield a gateway of these functions."""
    project = Project(root, None, providers.load("aws"), functions, routes=routes(*functions))
    named = {"PATH", "HOME", *(name for name in os.environ if name.startswith("LOCALFN_"))}
    environ = {name: os.environ[name] for name in named if name in os.environ}
    settings = resolve({"project": str(root), "runner": runner}, environ)
    told: list[str] = []
    rules = (rules or WebRules())._replace(environ=environ)
    journal = Journal(told.append, lambda result: result.logs, coloured=False)
    with (
        open_session(settings, project, told.append, lasting=True) as session,
        open_gateway(session, Wishes(port=0, rules=rules), journal, told.append) as gateway,
    ):
        yield Served(gateway.port, told)
