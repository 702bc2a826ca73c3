"""From our requests to a WSGI application and back."""

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from localfn.model import HttpReply, HttpRequest

# Where an application finds the request as it came, and leaves a reply that WSGI cannot carry.
REQUEST = "localfn.request"
REPLY = "localfn.reply"

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def ask(application: Application, request: HttpRequest) -> HttpReply:
    """Return what an application answers."""
    environ = environ_of(request)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _: object = None
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return _no_write

    body = application(environ, start_response)
    left = environ.get(REPLY)
    if isinstance(left, HttpReply):
        close = getattr(body, "close", None)
        if close is not None:
            close()
        return left
    status, headers = started[0]
    return HttpReply(int(status.partition(" ")[0]), tuple(headers), body)


def environ_of(request: HttpRequest) -> Environ:
    """Return the request in WSGI's words (PEP 3333); the body stays with the request itself."""
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": request.protocol,
        "REMOTE_ADDR": request.client_ip,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        REQUEST: request,
    }
    for name, value in request.headers:
        key = f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if f"HTTP_{key}" in environ:
            environ[key] = environ.pop(f"HTTP_{key}")
    return environ


def _no_write(_: bytes) -> object:
    raise RuntimeError("an application of ours writes nothing by hand")
