"""Find the container engine (Docker, or Podman's socket) and ask it, or tell why there is none.

No SDK here: its import takes 70 ms, which every cold call would wait for. What needs it (pulling
with the user's credentials, building) gets one from `Engine.sdk`.
"""

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from localfn.errors import MachineError

if TYPE_CHECKING:
    import docker

PING_LIMIT_S = 2.0
ANSWER_LIMIT_S = 60.0
WAY_OUT = "Start one (`docker info` tells), or run in a process: `--runner process`."
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PORT = 2375


class Refused(Exception):
    """The engine answered that it will not; `status` is the HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Engine(NamedTuple):
    """An engine that answers. `version` is that of its API."""

    address: str
    version: str = ""

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer to one request, None where it is empty.

        Raises `Refused` when the engine says no, `MachineError` when it does not answer.
        """
        try:
            answer = self._asked(method, path, body)
            return json.loads(answer) if answer.strip() else None
        except ValueError as error:
            raise self._silent(error) from error

    def has(self, container: str, path: str) -> bool:
        """Return whether a container has this path."""
        try:
            self._asked("HEAD", f"/containers/{container}/archive?path={quote(path)}")
        except Refused:
            return False
        return True

    def packed(self, container: str, path: str) -> bytes:
        """Return a file or a folder of a container as a tar archive; raises as `ask` does."""
        return self._asked("GET", f"/containers/{container}/archive?path={quote(path)}")

    def attach(self, container: str) -> socket.socket:
        """Return the standard streams of a container as one socket (`AttachedChannel`)."""
        wanted = "stdin=1&stdout=1&stderr=1&stream=1"
        link = _connect(self.address, ANSWER_LIMIT_S)
        try:
            path = self._versioned(f"/containers/{container}/attach?{wanted}")
            _send(link, "POST", path, upgrade=True)
            status = _read_head(link)
            if status not in (101, 200):
                raise Refused(status, _message(status, link.recv(1 << 16)))
            link.settimeout(None)
        except BaseException:
            link.close()
            raise
        return link

    def sdk(self) -> "docker.APIClient":
        """Return a client of the Docker SDK; the caller closes it."""
        from docker import APIClient

        return APIClient(base_url=self.address, version=self.version or "auto", timeout=600)

    def _asked(self, method: str, path: str, body: object = None) -> bytes:
        try:
            with closing(_connect(self.address, ANSWER_LIMIT_S)) as link:
                _send(link, method, self._versioned(path), body)
                status, _, answer = _receive(link)
        except OSError as error:
            raise self._silent(error) from error
        if status >= 400:
            raise Refused(status, _message(status, answer))
        return answer

    def _silent(self, error: Exception) -> MachineError:
        told = f"the container engine `{self.address}` does not answer: {error}."
        return MachineError(told, hint=WAY_OUT)

    def _versioned(self, path: str) -> str:
        return f"/v{self.version}{path}" if self.version else path


def open_engine(environ: Mapping[str, str]) -> Engine:
    """Return the engine of this machine.

    Raises `MachineError` when none answers, or when it is on another machine: the code of a
    function is mounted into its container, and a remote engine cannot see it.
    """
    named = environ.get("DOCKER_HOST") or _from_context(environ)
    if named:
        return _named(named, environ)
    reasons = []
    for path in _sockets(environ):
        try:
            return _ping(f"unix://{path}")
        except OSError as error:
            reasons.append(_reason(path, error))
    told = f": {'; '.join(reasons)}" if reasons else "; no socket of Docker or Podman was found"
    raise MachineError(f"there is no container engine{told}.", hint=WAY_OUT)


def find_engine(environ: Mapping[str, str]) -> str:
    """Return the address of the engine (`open_engine`), such as `unix:///var/run/docker.sock`."""
    return open_engine(environ).address


def is_available(environ: Mapping[str, str]) -> bool:
    """Return whether an engine answers."""
    try:
        open_engine(environ)
    except MachineError:
        return False
    return True


def describe(environ: Mapping[str, str]) -> str:
    """Return the engine's name, version and address for a person."""
    engine = open_engine(environ)
    told = engine.ask("GET", "/version")
    names = [str(each.get("Name", "")) for each in told.get("Components") or []]
    name = "Podman" if any("Podman" in each for each in names) else "Docker"
    return f"{name} {told.get('Version', '?')} at {engine.address}"


def _named(address: str, environ: Mapping[str, str]) -> Engine:
    parts = urlsplit(address)
    where = "`DOCKER_HOST`" if environ.get("DOCKER_HOST") else "the Docker context"
    if parts.scheme != "unix" and not parts.hostname:
        raise MachineError(
            f"{where} names `{address}`, which is no address of an engine.",
            hint="Write it as `unix:///var/run/docker.sock`, or leave it out.",
        )
    if parts.scheme != "unix" and parts.hostname not in LOOPBACK:
        raise MachineError(
            f"the container engine `{address}` of {where} is on another machine, which cannot "
            "mount the function's code from here.",
            hint="Unset `DOCKER_HOST` or choose a local context (`docker context use default`), "
            "or run in a process: `--runner process`.",
        )
    plain = parts.scheme in ("tcp", "http") and not environ.get("DOCKER_TLS_VERIFY")
    if parts.scheme != "unix" and not plain:
        raise MachineError(
            f"the container engine `{address}` of {where} is not reached by a plain socket.",
            hint="Name its socket in `DOCKER_HOST`, such as `unix:///var/run/docker.sock`, or "
            "run in a process: `--runner process`.",
        )
    try:
        return _ping(address)
    except OSError as error:
        reason = _reason(Path(parts.path), error) if parts.scheme == "unix" else str(error)
        raise MachineError(
            f"the container engine `{address}` of {where} does not answer: {reason}.",
            hint=WAY_OUT,
        ) from error


def _from_context(environ: Mapping[str, str]) -> str:
    """Return the address of the Docker CLI's current context, or "" for its default."""
    home = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/"), ".docker"))
    try:
        name = environ.get("DOCKER_CONTEXT") or _read(home / "config.json").get("currentContext")
        if not name or name == "default":
            return ""
        folder = hashlib.sha256(str(name).encode()).hexdigest()
        meta = _read(home / "contexts" / "meta" / folder / "meta.json")
        return str(meta["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _sockets(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the sockets of this machine's engines, the commonest first."""
    home = environ.get("HOME", "/")
    run = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    for path in (
        Path("/var/run/docker.sock"),
        Path(home, ".docker", "run", "docker.sock"),
        Path(home, ".colima", "default", "docker.sock"),
        Path(home, ".rd", "docker.sock"),
        Path(run, "docker.sock"),
        Path(run, "podman", "podman.sock"),
        Path("/run/podman/podman.sock"),
    ):
        # Unlike Path.exists, False for a folder that may not be entered.
        if os.path.exists(path):
            yield path


def _ping(address: str) -> Engine:
    """Return the engine at an address; raise `OSError` when nobody answers in time."""
    with closing(_connect(address, PING_LIMIT_S)) as link:
        _send(link, "GET", "/_ping")
        status, head, _ = _receive(link)
    if status != 200:
        raise OSError(f"it answered with the status {status}")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"api-version":
            return Engine(address, value.strip().decode())
    return Engine(address)


def _reason(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"you may not use `{path}` (members of its group `{_group(path)}` may)"
    return f"nobody answers at `{path}` ({error.strerror or error})"


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError, NotImplementedError):
        return "docker"


def _connect(address: str, limit_s: float) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname, parts.port or PORT), limit_s)
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(limit_s)
        link.connect(parts.path)
    except BaseException:
        link.close()
        raise
    return link


def _send(
    link: socket.socket, method: str, path: str, body: object = None, *, upgrade: bool = False
) -> None:
    sent = b"" if body is None else json.dumps(body).encode()
    # In HTTP/1.0 an answer ends with its connection: no chunks, no lengths.
    lines = [f"{method} {path} HTTP/{'1.1' if upgrade else '1.0'}", "Host: localhost"]
    if upgrade:
        lines += ["Connection: Upgrade", "Upgrade: tcp"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}", "", ""]
    link.sendall("\r\n".join(lines).encode() + sent)


def _receive(link: socket.socket) -> tuple[int, bytes, bytes]:
    """Return status, headers and body of an answer."""
    whole = b"".join(iter(lambda: link.recv(1 << 16), b""))
    head, _, body = whole.partition(b"\r\n\r\n")
    return _status(head), head, body


def _read_head(link: socket.socket) -> int:
    """Return the status of an answer, and leave unread what comes behind its headers."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = link.recv(1)
        if not byte:
            raise OSError("it hung up")
        head += byte
    return _status(head)


def _message(status: int, answer: bytes) -> str:
    """Return why the engine says no, on one line."""
    try:
        told = json.loads(answer)
    except ValueError:
        told = {}
    message = str(told.get("message", "") if isinstance(told, dict) else "")
    return " ".join(message.split()).rstrip(".") or f"it answered with the status {status}"


def _status(head: bytes) -> int:
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise OSError(f"it does not speak HTTP: {head[:40]!r}")
    return int(words[1])
