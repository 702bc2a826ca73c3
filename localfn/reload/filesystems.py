"""File systems on which the system is not told of changes that others make."""

import os
import sys
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
# Shares of another machine, or of the host of a virtual machine (9p: WSL's drives).
TOLD_NOTHING = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fakeowner",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "prl_fs",
        "smb3",
        "smbfs",
        "v9fs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)


def silent(path: str, mounts: Path | None = None) -> str:
    """Return the name of the path's file system if it tells nobody of changes, else ""."""
    if sys.platform != "linux":
        return ""
    kind = _kind(os.path.realpath(path), mounts or MOUNTS)
    return kind if kind in TOLD_NOTHING or kind.startswith("fuse.") else ""


def _kind(path: str, mounts: Path) -> str:
    """Return the type of the file system that is mounted nearest above a path."""
    nearest, kind = "", ""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # The later of two mounts at one place hides the earlier.
        if inside and len(point) >= len(nearest):
            nearest, kind = point, after.split()[0]
    return kind


def _unescaped(text: str) -> str:
    for written, meant in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(written, meant)
    return text
