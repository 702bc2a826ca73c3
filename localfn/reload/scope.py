"""What is below one root and worth a look, as it is on the disk now."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from localfn.reload.ignores import Ignores, Verdict, is_manifest
from localfn.reload.stamp import Identity, Stamp, identity_of, stamp_of

MOST_DEPTH = 64


class Root(NamedTuple):
    """A folder or a file to watch. It may vanish, come back, and be another kind then."""

    path: Path
    ignores: Ignores = Ignores()


@dataclass(slots=True)
class Listing:
    """What is in one folder. `links` are the files that are links, and where they lead."""

    files: dict[str, Stamp] = field(default_factory=dict)
    folders: dict[str, Identity] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class Scope:
    """One root and its ignores. Paths are told as they are reached from the root."""

    def __init__(self, root: Root) -> None:
        self.path = os.path.abspath(root.path)
        self._ignores = root.ignores

    def holds(self, path: str) -> bool:
        """Return whether a path is below the root."""
        return path.startswith(self.path.rstrip(os.sep) + os.sep)

    def is_worth(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a path below the root is watched, and all folders above it."""
        relative = self._relative(path)
        above = relative.rpartition("/")[0]
        nearest = self._ignores.of_folder(above) if above else Verdict.WATCHED
        if nearest is Verdict.MANIFEST_ONLY:
            return self._all_watched(above.rpartition("/")[0]) and is_manifest(
                relative.rpartition("/")[2], is_folder=is_folder
            )
        of = self._ignores.of_folder if is_folder else self._ignores.of_file
        return of(relative) is not Verdict.IGNORED and self._all_watched(above)

    def list(self, path: str) -> Listing | None:
        """Return what is in a folder that is worth a look; None when it is gone."""
        listing = Listing()
        relative = self._relative(path)
        only_manifest = self._ignores.of_folder(relative) is Verdict.MANIFEST_ONLY
        keep = self._keep_manifest if only_manifest else self._keep
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    keep(entry, f"{relative}/{entry.name}" if relative else entry.name, listing)
        except PermissionError:
            return listing
        except OSError:
            return None
        return listing

    def walk(self, path: str, depth: int = 0) -> Iterator[tuple[str, Listing]]:
        """Yield this folder and those below it, with what is in them."""
        listing = self.list(path)
        if listing is None or depth > MOST_DEPTH:
            return
        yield path, listing
        for name in listing.folders:
            yield from self.walk(f"{path}{os.sep}{name}", depth + 1)

    def anchors(self) -> dict[str, Identity]:
        """Return the folders where the root itself appears, vanishes or is led elsewhere."""
        found: dict[str, Identity] = {}
        path = self.path
        while path != os.path.dirname(path):
            below, path = path, os.path.dirname(path)
            identity = identity_of(path)
            if identity is not None and (not found or os.path.islink(below)):
                found[path] = identity
        return found

    def _keep(self, entry: "os.DirEntry[str]", relative: str, listing: Listing) -> None:
        """Write down an entry of a folder that is looked into."""
        is_folder = _is_folder(entry)
        of = self._ignores.of_folder if is_folder else self._ignores.of_file
        if of(relative) is Verdict.IGNORED:
            return
        told = _stat(entry)
        if told is None:
            return
        if is_folder:
            if not entry.is_symlink() or self._may_follow(entry.path):
                listing.folders[entry.name] = told.st_dev, told.st_ino
        elif stat.S_ISREG(told.st_mode) or stat.S_ISLNK(told.st_mode):
            listing.files[entry.name] = stamp_of(told)
            if entry.is_symlink():
                listing.links[entry.name] = os.path.realpath(entry.path)

    def _keep_manifest(self, entry: "os.DirEntry[str]", _: str, listing: Listing) -> None:
        """Write down an entry of a folder of dependencies if it tells what is installed."""
        is_folder = _is_folder(entry)
        told = _stat(entry) if is_manifest(entry.name, is_folder=is_folder) else None
        if told is not None:
            # Of an installed package it counts which one it is, not when somebody touched it.
            package = Stamp(0, 0, told.st_ino, told.st_mode)
            listing.files[entry.name] = package if is_folder else stamp_of(told)

    def _may_follow(self, link: str) -> bool:
        """Return whether a link to a folder leads to something new: not in here, not above."""
        real = os.path.realpath(link)
        if _is_inside(real, os.path.realpath(self.path)):
            return False
        above = link
        while above != self.path:
            above = os.path.dirname(above)
            if _is_inside(os.path.realpath(above), real):
                return False
        return True

    def _relative(self, path: str) -> str:
        return path[len(self.path) + 1 :].replace(os.sep, "/")

    def _all_watched(self, relative: str) -> bool:
        while relative:
            if self._ignores.of_folder(relative) is not Verdict.WATCHED:
                return False
            relative = relative.rpartition("/")[0]
        return True


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stat(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Return what an entry is, or what a link is that leads nowhere; None when it is gone."""
    try:
        return entry.stat()
    except OSError:
        pass
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
