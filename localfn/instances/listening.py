"""Where a server listens that does not listen where it should."""

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

LISTENS = "0A"
# Of the kernel's tables: loopback as it is written there.
LOOPBACK = frozenset(
    {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
)


class Listener(NamedTuple):
    """A port that somebody listens on; `loopback` where only the same system can reach it."""

    port: int
    loopback: bool


def of_group(group: int) -> set[Listener]:
    """Return where the processes of a group listen; empty where that cannot be told."""
    # Slow to import, and needed only where something went wrong.
    import psutil

    found = set()
    for each in psutil.process_iter():
        try:
            if os.getpgid(each.pid) != group:
                continue
            for link in each.net_connections(kind="tcp"):
                if link.status == psutil.CONN_LISTEN and link.laddr:
                    found.add(Listener(link.laddr.port, _is_loopback(link.laddr.ip)))
        except (OSError, psutil.Error):
            continue
    return found


def of_namespace(pid: int) -> set[Listener]:
    """Return who listens in the network of a process; empty where this system does not tell."""
    return {each for name in ("tcp", "tcp6") for each in _read(Path(f"/proc/{pid}/net/{name}"))}


def is_reachable(pid: int, port: int) -> bool | None:
    """Return whether others reach somebody on a port of a process's network.

    None where this system does not tell: the process is another machine's, or another user's.
    """
    try:
        inside = os.stat(f"/proc/{pid}/ns/net").st_ino != os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return None
    return Listener(port, loopback=False) in of_namespace(pid) if inside else None


def advice(found: Iterable[Listener], wanted: int, variables: tuple[str, ...]) -> str:
    """Return one line on what to change, "" where nothing is known."""
    listeners = sorted(found)
    if any(each.port == wanted for each in listeners):
        return (
            f"The server listens on port {wanted} of its own loopback only; it must listen on "
            "all addresses (`0.0.0.0`)."
        )
    if not listeners:
        return ""
    ports = ", ".join(str(port) for port in sorted({each.port for each in listeners}))
    told = f" (`{variables[0]}` tells it)" if variables else ""
    return (
        f"The server listens on port {ports}, not on {wanted}; it must listen on {wanted}{told}, "
        "or the template must name its port."
    )


def is_loopback_only(port: int) -> bool:
    """Return whether a port of this machine is listened on, and on loopback only."""
    return {each.loopback for each in of_namespace(os.getpid()) if each.port == port} == {True}


def _read(table: Path) -> Iterable[Listener]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > 3 and words[3] == LISTENS:
            address, _, port = words[1].partition(":")
            yield Listener(int(port, 16), address in LOOPBACK)


def _is_loopback(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.partition("%")[0])
    if family == socket.AF_INET:
        return packed[0] == 127
    return packed in (b"\0" * 15 + b"\1", b"\0" * 10 + b"\xff\xff\x7f\0\0\1")
