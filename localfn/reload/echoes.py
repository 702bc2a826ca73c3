"""Files that a function writes whenever it is loaded: each reload would cause the next."""

import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

# A person takes longer to look at the result and save again. Formatters that follow a save, one
# after the other, do not; but they are not so many.
AFTER_S = 0.1
TIMES = 10


class Echoes:
    """Tells changes that answer a reload from those that a person made."""

    def __init__(self) -> None:
        self._ready: dict[str, float] = {}
        self._answers: dict[str, Counter[Path]] = {}
        self._known: set[Path] = set()

    @property
    def known(self) -> frozenset[Path]:
        """Return the files that are echoes: their changes mean nothing any more."""
        return frozenset(self._known)

    def note_loading(self, function: str) -> None:
        """Know that a function is being loaded; what changes until then may be its doing."""
        self._ready[function] = float("inf")

    def note_loaded(self, function: str) -> None:
        """Know that a function has been loaded."""
        self._ready[function] = time.monotonic()

    def note_changes(self, function: str, paths: Collection[Path], since: float) -> frozenset[Path]:
        """Return those of a function's changed files that turn out to be echoes now."""
        ready = self._ready.get(function, 0.0)
        if since > ready + AFTER_S or not ready:
            self._answers.pop(function, None)
            return frozenset()
        answers = self._answers.setdefault(function, Counter())
        answers.update(paths)
        found = frozenset(path for path in paths if answers[path] >= TIMES)
        self._known |= found
        return found
