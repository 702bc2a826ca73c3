"""The gateway that runs for a project: written down for who looks for it.

`.localfn/gateway.json` holds the port and a secret; only its owner may read it. One that was
left behind by a process that is gone is told by that process's start time.
"""

import json
import os
import stat
from pathlib import Path
from typing import NamedTuple

from localfn.instances.leftovers import lives, owner

FILE = Path(".localfn", "gateway.json")
VERSION = 1


class Running(NamedTuple):
    """Where a gateway answers, and what one must say to it.

    `wishes` is what its functions are run with (`Settings.run_with`), `owner` names its process.
    """

    host: str
    port: int
    token: str
    template: str
    wishes: str
    owner: str


def new_running(host: str, port: int, template: Path | None, wishes: str) -> Running:
    """Return what is to be written down about this process."""
    from secrets import token_urlsafe  # a cold `invoke` that only looks has no use for it

    return Running(host, port, token_urlsafe(24), str(template or ""), wishes, owner())


def write(root: Path, running: Running) -> None:
    """Write it down; nothing where the folder cannot be written to."""
    path = root / FILE
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump({"version": VERSION, **running._asdict()}, opened)
        beside.replace(path)
    except OSError:
        return


def find(root: Path) -> Running | None:
    """Return the gateway that runs for the project at `root`, None where there is none."""
    path = root / FILE
    try:
        with path.open(encoding="utf-8") as opened:
            if not _is_ours(os.fstat(opened.fileno())):
                return None
            told = json.load(opened)
        found = Running(*(told[name] for name in Running._fields))
        is_known = told["version"] == VERSION and lives(found.owner)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return found if is_known else None


def forget(root: Path, running: Running) -> None:
    """Remove what was written down, unless another gateway has written since."""
    if find(root) == running:
        (root / FILE).unlink(missing_ok=True)


def _is_ours(told: os.stat_result) -> bool:
    """Return whether only we can have written a file, and only we can read it."""
    if os.name != "posix":
        return True
    return told.st_uid == os.geteuid() and not told.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
