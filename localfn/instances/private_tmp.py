"""A `/tmp` of its own for a process, on Linux, without extra rights.

A mount namespace hides the machine's `/tmp` behind a private folder. Ordinary users get one
through a user namespace, where the kernel lets them; nothing is changed outside the process.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

TMP = Path("/tmp")  # noqa: S108 - the folder that functions write to
MOUNT = 'mount --bind "$0" /tmp && exec "$@"'
PROBE_LIMIT_S = 2.0


def wrap(command: tuple[str, ...], folder: Path, needed: Iterable[Path]) -> tuple[str, ...]:
    """Return the command run so that it sees `folder` as `/tmp`; unchanged where that cannot be.

    `needed` are paths that the command must still see: below `/tmp` they would be hidden.
    """
    if any(_below_tmp(each) for each in needed):
        return command
    prefix = unshare()
    return (*prefix, "sh", "-c", MOUNT, str(folder), *command) if prefix else command


@cache
def unshare() -> tuple[str, ...]:
    """Return the words that start a program in a mount namespace; empty where none can be had."""
    if sys.platform != "linux":
        return ()
    as_user = ("--user", "--map-current-user", "--keep-caps")
    prefix = ("unshare", "--mount", *(() if os.geteuid() == 0 else as_user))
    try:
        done = subprocess.run(
            (*prefix, "mount", "--bind", "/tmp", "/tmp"),  # noqa: S108
            capture_output=True,
            check=False,
            timeout=PROBE_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if done.returncode else prefix


def _below_tmp(path: Path) -> bool:
    return path.resolve().is_relative_to(TMP)
