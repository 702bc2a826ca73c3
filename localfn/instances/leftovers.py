"""Containers carry the name of the process that made them; those of the dead are removed."""

import json
import os
import socket
from pathlib import Path
from urllib.parse import quote

from localfn.instances.engine import Engine, Refused

MARK = "io.localfn"
OWNER = "io.localfn.owner"
FUNCTION = "io.localfn.function"


def labels(function: str) -> dict[str, str]:
    """Return the labels of a container of ours."""
    return {MARK: "1", OWNER: owner(), FUNCTION: function}


def sweep(engine: Engine) -> int:
    """Remove the containers of processes of this machine that no longer live; return how many."""
    wanted = quote(json.dumps({"label": [MARK]}))
    count = 0
    for found in engine.ask("GET", f"/containers/json?all=1&filters={wanted}"):
        if not lives((found.get("Labels") or {}).get(OWNER, "")):
            count += remove(engine, found["Id"])
    return count


def remove(engine: Engine, container: str) -> bool:
    """Remove a container, running or not; return whether this did it."""
    try:
        engine.ask("DELETE", f"/containers/{container}?force=1&v=1")
    except Refused:  # somebody else was faster
        return False
    return True


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
