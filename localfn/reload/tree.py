"""One root as it was last accepted, and how it differs from that now."""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from localfn.reload.batch import Change, ChangeKind
from localfn.reload.scope import Listing, Root, Scope
from localfn.reload.stamp import Identity, Seen, Stamp, identity_of, is_same, read, stamp_of

# No folder is this one.
NONE: Identity = (0, 0)


@dataclass(slots=True)
class Folder:
    """A folder as it was accepted."""

    files: dict[str, Seen] = field(default_factory=dict)
    folders: dict[str, Identity] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class Tree:
    """A root's folders and files. Not for several threads at once."""

    def __init__(self, root: Root) -> None:
        self._scope = Scope(root)
        self._path = self._scope.path
        self._identity: Identity | None = None
        self._file: Seen | None = None
        self._folders: dict[str, Folder] = {}
        self._unread: list[str] = []
        self.settle()

    @property
    def path(self) -> str:
        """Return where the root is."""
        return self._path

    def locate(self, path: str, *, is_folder: bool) -> str:
        """Return what to look at again when something happened to `path`; "" for nothing."""
        if path == self._path or self._path.startswith(path.rstrip(os.sep) + os.sep):
            return self._path
        if not self._scope.holds(path):
            return self._link_to(path)
        if not self._scope.is_worth(path, is_folder=is_folder):
            return ""
        return self._nearest(path)

    def note_gone(self, path: str) -> None:
        """Know that a folder went: one that is there by now is another, even with its inode."""
        above, _, name = path.rpartition(os.sep)
        if path == self._path and self._identity is not None:
            self._identity = NONE
        elif above in self._folders and name in self._folders[above].folders:
            self._folders[above].folders[name] = NONE

    def settle(
        self, hinted: Collection[str] | None = None, leaving: Collection[str] = ()
    ) -> tuple[Change, ...]:
        """Accept what is there now, and return how it differs from what was accepted before.

        `hinted` are paths from `locate`: only they and their neighbours are looked at, their
        content even if their stamps are equal. None: everything. Files in `leaving` are left for
        another time.
        """
        look = _Look(frozenset(hinted or ()), frozenset(leaving))
        if hinted is None or self._path in hinted:
            self._settle_root(look)
        else:
            for folder in sorted({os.path.dirname(each) for each in hinted} | look.hinted):
                if folder in self._folders:
                    self._settle_folder(folder, look, deep=False)
        return tuple(Change(Path(path), kind) for path, kind in look.changes.items())

    def folders(self) -> dict[str, Identity]:
        """Return every folder in which something may happen to the accepted files."""
        found = self._scope.anchors()
        if self._identity is not None and self._path in self._folders:
            found[self._path] = self._identity
        for path, folder in self._folders.items():
            for name, identity in folder.folders.items():
                found[f"{path}{os.sep}{name}"] = identity
            for real in folder.links.values():
                above = identity_of(os.path.dirname(real))
                if above is not None:
                    found.setdefault(os.path.dirname(real), above)
        return found

    def explore(self, path: str) -> dict[str, Identity]:
        """Return the folders from `path` down that are worth a look, accepting nothing."""
        found: dict[str, Identity] = {}
        identity = identity_of(path)
        if identity is None or not os.path.isdir(path):
            return found
        found[path] = identity
        for folder, listing in self._scope.walk(path):
            for name, inner in listing.folders.items():
                found[f"{folder}{os.sep}{name}"] = inner
        return found

    def stamps(self) -> dict[str, Stamp]:
        """Return what a look at the whole disk finds now, accepting nothing."""
        try:
            told = os.stat(self._path)
        except (OSError, ValueError):
            return {}
        if not stat.S_ISDIR(told.st_mode):
            return {self._path: stamp_of(told)}
        found = {self._path: Stamp(0, 0, told.st_ino, told.st_mode)}
        for folder, listing in self._scope.walk(self._path):
            for name, stamp in listing.files.items():
                found[f"{folder}{os.sep}{name}"] = stamp
        return found

    def read_some(self, most: int) -> bool:
        """Read the content of some accepted files; return whether there are more.

        A file that was read is known when it is saved again with the same content.
        """
        for _ in range(min(most, len(self._unread))):
            path = self._unread.pop()
            folder, _, name = path.rpartition(os.sep)
            known = self._folders.get(folder)
            seen = known.files.get(name) if known is not None else None
            if known is None or seen is None or seen.digest is not None:
                continue
            now = read(path)
            if now is not None and now.stamp == seen.stamp:
                known.files[name] = now
        return bool(self._unread)

    def _settle_root(self, look: "_Look") -> None:
        try:
            told = os.stat(self._path)
        except (OSError, ValueError):
            told = None
        if told is None or not stat.S_ISDIR(told.st_mode):
            self._settle_file(told, look)
            if self._path in self._folders:
                self._forget(self._path, look)
                self._identity = NONE
                look.changes[self._path] = ChangeKind.REMOVED
            return
        self._settle_file(None, look)
        if self._identity not in (None, (told.st_dev, told.st_ino)):
            look.changes[self._path] = ChangeKind.REPLACED
        self._identity = told.st_dev, told.st_ino
        self._settle_folder(self._path, look, deep=True)

    def _settle_file(self, told: os.stat_result | None, look: "_Look") -> None:
        """Accept the root where it is a file; `told` is None where it is none."""
        if self._path in look.leaving:
            return
        before, now = self._file, None
        if told is not None:
            now = read(self._path) or Seen(stamp_of(told))
        self._file = now
        look.note(self._path, before, now)

    def _settle_folder(self, path: str, look: "_Look", *, deep: bool) -> None:
        """Accept a folder; with `deep` the known folders in it too, the new ones always."""
        listing = self._scope.list(path)
        if listing is None:
            self._forget(path, look)
            return
        folder = self._folders.setdefault(path, Folder())
        self._settle_files(path, folder, listing, look)
        folder.links = listing.links
        for name in [each for each in folder.folders if each not in listing.folders]:
            del folder.folders[name]
            self._forget(f"{path}{os.sep}{name}", look)
        for name, identity in listing.folders.items():
            is_new = folder.folders.get(name) != identity
            folder.folders[name] = identity
            if deep or is_new:
                self._settle_folder(f"{path}{os.sep}{name}", look, deep=True)

    def _settle_files(self, path: str, folder: Folder, listing: Listing, look: "_Look") -> None:
        gone = [each for each in folder.files if each not in listing.files]
        for name in (*listing.files, *gone):
            whole = f"{path}{os.sep}{name}"
            before, stamp = folder.files.get(name), listing.files.get(name)
            is_known = before is not None and before.stamp == stamp
            if whole in look.leaving or (is_known and whole not in look.hinted):
                continue
            now = self._seen(whole, stamp, before)
            if now is None:
                del folder.files[name]
            else:
                folder.files[name] = now
            look.note(whole, before, now)

    def _seen(self, path: str, stamp: Stamp | None, before: Seen | None) -> Seen | None:
        if stamp is None:
            return None
        if before is None:
            # That it is there is news enough; it is read when there is time.
            self._unread.append(path)
            return Seen(stamp)
        return read(path) or Seen(stamp)

    def _forget(self, path: str, look: "_Look") -> None:
        """Accept that a folder is gone, with all that was in it."""
        folder = self._folders.pop(path, None)
        if folder is None:
            return
        for name, seen in folder.files.items():
            look.note(f"{path}{os.sep}{name}", seen, None)
        for name in folder.folders:
            self._forget(f"{path}{os.sep}{name}", look)

    def _nearest(self, path: str) -> str:
        """Return the path, or what is above it in the nearest accepted folder."""
        above = os.path.dirname(path)
        while above not in self._folders:
            if path == self._path:
                return path
            path, above = above, os.path.dirname(above)
        return path

    def _link_to(self, path: str) -> str:
        for folder, known in self._folders.items():
            for name, real in known.links.items():
                if real == path:
                    return f"{folder}{os.sep}{name}"
        return ""


class _Look:
    """One settling: what was asked for, and what was found so far."""

    def __init__(self, hinted: frozenset[str], leaving: frozenset[str]) -> None:
        self.hinted = hinted
        self.leaving = leaving
        self.changes: dict[str, ChangeKind] = {}

    def note(self, path: str, before: Seen | None, now: Seen | None) -> None:
        """Write down what became of a file, if anything did."""
        if before is None and now is not None:
            self.changes[path] = ChangeKind.ADDED
        elif before is not None and now is None:
            self.changes[path] = ChangeKind.REMOVED
        elif before is not None and now is not None and not is_same(before, now):
            self.changes[path] = ChangeKind.CHANGED
