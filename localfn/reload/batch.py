"""What the watcher reports: files that are not what they were."""

from enum import Enum
from pathlib import Path
from typing import NamedTuple


class ChangeKind(Enum):
    """What became of a path.

    REPLACED is a watched root that is another folder than before, whatever is in it: an instance
    that was started on the old one does not see the new one.
    """

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    REPLACED = "replaced"


class Change(NamedTuple):
    """One file, or one root, and what became of it."""

    path: Path
    kind: ChangeKind


class Batch(NamedTuple):
    """What one save, one checkout or one build came to; maybe nothing.

    `since` is when its first sign was seen, on the monotonic clock.
    """

    changes: tuple[Change, ...]
    since: float
