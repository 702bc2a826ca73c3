"""The file systems and buckets that a template mounts: folders of this machine stand for them.

localfn.yaml names a folder by mount point, or by what is mounted there; without one a function
gets its own in `.localfn/mounts/FUNCTION/MOUNT-POINT`, made when it is needed.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import Function, Local, Mount, Volume

HOME = Path(".localfn", "mounts")
# Any user of a container may write, as in the cloud, though root made the folder.
OPEN_TO_ALL = 0o777


def find_mounts(function: Function, root: Path, known: Mapping[str, Local]) -> tuple[Mount, ...]:
    """Return what the function's instances see; raise `ProjectError` for a folder not there."""
    return tuple(
        Mount(_folder(function, each, root, known), each.target, each.writable)
        for each in function.mounts
    )


def named_for(volume: Volume, known: Mapping[str, Local]) -> Local | None:
    """Return the folder that localfn.yaml names for a volume, None where it names none."""
    target = volume.target.rstrip("/")
    return known.get(target) or known.get(f"{target}/") or known.get(volume.source)


def variable_of(mount: Mount) -> str:
    """Return the variable that tells a function where a mount is, if it cannot be in its place."""
    return "LOCALFN_MOUNT_" + re.sub(r"\W+", "_", mount.target.strip("/")).upper()


def _folder(function: Function, volume: Volume, root: Path, known: Mapping[str, Local]) -> Path:
    named = named_for(volume, known)
    if named is None:
        return _own(root / HOME / function.key / volume.target.strip("/"))
    if not named.path.is_dir():
        raise ProjectError(
            f"{named}, which stands for `{volume.target}` of `{function.key}`, is not a folder.",
            hint="Make the folder, or correct `mounts` in localfn.yaml.",
        )
    return named.path.resolve()


def _own(folder: Path) -> Path:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            folder.chmod(OPEN_TO_ALL)
    return folder.resolve()
