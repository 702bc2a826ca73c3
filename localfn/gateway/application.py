"""The Flask application: the cloud's API and localfn's own."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import flask
from werkzeug.exceptions import HTTPException

from localfn.errors import LocalfnError
from localfn.gateway.connection import BodyTooLong
from localfn.gateway.desk import Desk, with_start
from localfn.gateway.guard import Guard
from localfn.gateway.own_api import OwnApi
from localfn.gateway.wsgi import REPLY, REQUEST
from localfn.model import Call, Calls, HttpReply, HttpRequest, Result, Web

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

Handle = Callable[[HttpRequest, Mapping[str, str]], HttpReply]
Lost = Callable[[HttpRequest], HttpReply]


def make_application(web: Web, own: OwnApi, desk: Desk, guard: Guard, lost: Lost) -> flask.Flask:
    """Return the application. `lost` answers where nothing does."""
    app = flask.Flask("localfn", static_folder=None)
    # Function names may hold what looks like an empty part of a path.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    for each in own.endpoints:
        _add(app, each.rule, (each.method,), _guarded(each.handle, guard))
    for route in web.routes:
        handle = _for_desk(route.handle, desk)
        if not route.is_for_pages:
            handle = _guarded(handle, guard)
        _add(app, route.rule, (route.method,) if route.method else METHODS, handle)
    app.register_error_handler(HTTPException, lambda _: _leave(lost(_request())))
    return app


def _add(app: flask.Flask, rule: str, methods: Sequence[str], handle: Handle) -> None:
    def view(**values: str) -> flask.Response:
        return _leave(handle(_request(), values))

    app.add_url_rule(
        rule,
        endpoint=f"{'|'.join(methods)} {rule}".replace(".", "_"),
        view_func=view,
        methods=methods,
        provide_automatic_options=False,
    )


class Noted:
    """The desk for one request to a cloud's API: remembers the call that is made."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._result: Result | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._desk, name)

    def invoke(self, call: Call) -> Result:
        """Make a call and wait for its result."""
        self._result = self._desk.invoke(call)
        return self._result

    def with_start(self, reply: HttpReply) -> HttpReply:
        """Return the reply; it tells whether an instance had to be started, if it called one."""
        return reply if self._result is None else with_start(reply, self._result.cold_start_ms)


def _for_desk(
    handle: Callable[[HttpRequest, Mapping[str, str], Calls], HttpReply], desk: Desk
) -> Handle:
    def handled(request: HttpRequest, values: Mapping[str, str]) -> HttpReply:
        calls = Noted(desk)
        try:
            reply = desk.too_long(request) or handle(request, values, cast("Calls", calls))
            return calls.with_start(reply)
        except BodyTooLong:
            return desk.found_too_long(request)
        except LocalfnError as error:
            return desk.broken(error)

    return handled


def _guarded(handle: Handle, guard: Guard) -> Handle:
    def guarded(request: HttpRequest, values: Mapping[str, str]) -> HttpReply:
        return guard.refuse_origin(request) or handle(request, values)

    return guarded


def _request() -> HttpRequest:
    request = flask.request.environ[REQUEST]
    assert isinstance(request, HttpRequest)
    return request


def _leave(reply: HttpReply) -> flask.Response:
    """Leave a reply where `wsgi.ask` finds it: it may hold what WSGI cannot carry."""
    flask.request.environ[REPLY] = reply
    return flask.Response(status=reply.status)
