"""Containers carry the name of the process that made them; those of the dead are removed."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker

MARK = "io.localfn"
OWNER = "io.localfn.owner"
FUNCTION = "io.localfn.function"


def labels(function: str) -> dict[str, str]:
    """Return the labels of a container of ours."""
    return {MARK: "1", OWNER: owner(), FUNCTION: function}


def sweep(client: "docker.APIClient") -> int:
    """Remove the containers of processes of this machine that no longer live; return how many."""
    from docker.errors import APIError

    count = 0
    for found in client.containers(all=True, filters={"label": MARK}):
        if lives(found["Labels"].get(OWNER, "")):
            continue
        try:
            client.remove_container(found["Id"], force=True, v=True)
            count += 1
        except APIError:  # somebody else was faster
            continue
    return count


def owner() -> str:
    """Return what names this process as long as it lives: host, boot, number, start time."""
    return ":".join((socket.gethostname(), _boot(), str(os.getpid()), _started(os.getpid())))


def lives(named: str) -> bool:
    """Return whether the process of this name lives; those of other machines count as alive."""
    host, _, rest = named.partition(":")
    boot, _, rest = rest.partition(":")
    number, _, started = rest.partition(":")
    if host != socket.gethostname():
        return True
    return boot == _boot() and number.isdigit() and _started(int(number)) == started != ""


def _started(pid: int) -> str:
    """Return when a process started, in ticks of the kernel; "" when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _started_elsewhere(pid)
    return text.rpartition(")")[2].split()[19]


def _started_elsewhere(pid: int) -> str:
    """Return the same where there is no /proc."""
    if Path("/proc/self/stat").exists():
        return ""
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"
