"""Find the container engine: Docker, Podman's socket, or none with the reason.

No SDK here: whether an engine is there must be known without its 100 ms of import.
"""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localfn.errors import MachineError

CONNECT_LIMIT_S = 0.5
WAY_OUT = "Start one (`docker info` tells), or run in a process: `--runner process`."
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def find_engine(environ: Mapping[str, str]) -> str:
    """Return the address of the engine, such as `unix:///var/run/docker.sock`.

    Raises `MachineError` when none answers, or when it is on another machine: the code of a
    function is mounted into its container, and a remote engine cannot see it.
    """
    named = environ.get("DOCKER_HOST") or _from_context(environ)
    if named:
        return _named(named)
    reasons = []
    for path in _sockets(environ):
        reason = _refusal(path)
        if not reason:
            return f"unix://{path}"
        reasons.append(reason)
    told = f": {reasons[0]}" if reasons else "; no socket of Docker or Podman was found"
    raise MachineError(f"there is no container engine{told}.", hint=WAY_OUT)


def describe(environ: Mapping[str, str]) -> str:
    """Return the engine's name, version and address for a person."""
    address = find_engine(environ)
    if not address.startswith("unix://"):
        return f"an engine at {address}"
    told = _ask(address.removeprefix("unix://"), "/version")
    names = [str(each.get("Name", "")) for each in told.get("Components", [])]
    name = "Podman" if any("Podman" in each for each in names) else "Docker"
    return f"{name} {told.get('Version', '?')} at {address}"


def _named(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        reason = _refusal(Path(parts.path))
        if reason:
            raise MachineError(
                f"the container engine `{address}` does not answer: {reason}.", hint=WAY_OUT
            )
        return address
    if parts.scheme == "npipe" or (parts.hostname or "") in LOOPBACK:
        return address
    raise MachineError(
        f"the container engine `{address}` is on another machine, which cannot mount the "
        "function's code from here.",
        hint="Unset `DOCKER_HOST` or choose a local context (`docker context use default`), or "
        "run in a process: `--runner process`.",
    )


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
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _sockets(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the sockets of this machine's engines, the commonest first."""
    home, run = environ.get("HOME", "/"), environ.get("XDG_RUNTIME_DIR", "/run/user/0")
    for path in (
        Path("/var/run/docker.sock"),
        Path(home, ".docker", "run", "docker.sock"),
        Path(home, ".colima", "default", "docker.sock"),
        Path(home, ".rd", "docker.sock"),
        Path(run, "docker.sock"),
        Path(run, "podman", "podman.sock"),
        Path("/run/podman/podman.sock"),
    ):
        if path.exists():
            yield path


def _refusal(path: Path) -> str:
    """Return why this socket cannot be used; "" when it can."""
    try:
        with closing(socket.socket(socket.AF_UNIX)) as link:
            link.settimeout(CONNECT_LIMIT_S)
            link.connect(str(path))
    except PermissionError:
        return f"you may not use `{path}` (members of its group `{_group(path)}` may)"
    except OSError as error:
        return f"nobody answers at `{path}` ({error.strerror or error})"
    return ""


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError, NotImplementedError):
        return "docker"


def _ask(path: str, what: str) -> dict[str, list[dict[str, object]]]:
    with closing(socket.socket(socket.AF_UNIX)) as link:
        link.settimeout(CONNECT_LIMIT_S * 4)
        link.connect(path)
        link.sendall(f"GET {what} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert isinstance(told, dict)
    return told
