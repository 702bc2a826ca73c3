"""When a burst of notices is over."""

import time

from localfn.reload.lookout import Notice, What

# An editor touches the file, and one or two beside it; more paths are a checkout or a build.
FEW = 3
QUIET_S = 0.1
MOST_S = 1.0
# Not every writer's end is told: after this long without a write it is assumed.
OPEN_S = 5.0


class Burst:
    """Notices that belong together: what they are about, and when there will be no more."""

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._first = self._last = 0.0
        self._paths: set[str] = set()
        self._has_folders = False
        self.lost = False
        self.hinted: set[str] = set()

    @property
    def since(self) -> float:
        """Return when the first notice came."""
        return self._first

    @property
    def begun(self) -> bool:
        """Return whether there was a notice."""
        return bool(self._paths)

    def add(self, notice: Notice, located: set[str]) -> None:
        """Take a notice in; `located` is what to look at again."""
        self._last = time.monotonic()
        if not self.begun:
            self._first = self._last
        self._paths.add(notice.path)
        self._has_folders |= notice.what in (What.FOLDER, What.GONE)
        self.lost |= notice.what is What.LOST
        self.hinted |= located

    def ends(self, *, being_written: bool) -> float:
        """Return when to look at what came of it, if nothing more comes."""
        latest = self._first + MOST_S
        if being_written:
            return latest
        many = len(self._paths) > FEW or self._has_folders or self.lost
        quiet_s = max(QUIET_S, self._grace_s) if many else self._grace_s
        return min(self._last + quiet_s, latest)


class OpenFiles:
    """Files that somebody is writing: their content is not what it will be."""

    def __init__(self) -> None:
        self._written: dict[str, float] = {}
        self._left: set[str] = set()

    def note(self, what: What, path: str) -> bool:
        """Take a notice in; return False when it only says more of a file that was left."""
        if what is not What.WRITING:
            self._written.pop(path, None)
            self._left.discard(path)
            return True
        self._written[path] = time.monotonic()
        return path not in self._left

    def among(self, paths: set[str]) -> frozenset[str]:
        """Return those of the paths that are being written and were not left yet."""
        return frozenset(paths & (self._written.keys() - self._left))

    def leave(self) -> frozenset[str]:
        """Leave all that is being written for the time when it is closed; return it."""
        self._left |= self._written.keys()
        return frozenset(self._left)

    def next_end(self) -> float | None:
        """Return when the next file may be taken as closed."""
        return min(self._written.values()) + OPEN_S if self._written else None

    def ended(self) -> frozenset[str]:
        """Return the files that nobody has written for long, from now on taken as closed."""
        now = time.monotonic()
        ended = frozenset(each for each, last in self._written.items() if last + OPEN_S <= now)
        for each in ended:
            self.note(What.WHOLE, each)
        return ended
