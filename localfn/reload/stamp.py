"""How a file is recognised as the one that was accepted."""

import hashlib
import os
from typing import NamedTuple

# Larger files are told apart by size and time alone.
MOST_READ_BYTES = 8 << 20
READ_BYTES = 1 << 20

# Device and inode: which folder it is, whatever is in it.
Identity = tuple[int, int]


class Stamp(NamedTuple):
    """What a directory entry tells of a file without opening it."""

    size: int
    mtime_ns: int
    inode: int
    mode: int


class Seen(NamedTuple):
    """A file as it was accepted; `digest` is None when its content was not read."""

    stamp: Stamp
    digest: bytes | None = None


def stamp_of(told: os.stat_result) -> Stamp:
    """Return the stamp in a stat result."""
    return Stamp(told.st_size, told.st_mtime_ns, told.st_ino, told.st_mode)


def identity_of(path: str) -> Identity | None:
    """Return which folder this is; None when there is none."""
    try:
        told = os.stat(path)
    except (OSError, ValueError):
        return None
    return told.st_dev, told.st_ino


def read(path: str) -> Seen | None:
    """Return a file with its content's digest; None when it cannot be read or is too large."""
    try:
        with open(path, "rb", buffering=0) as opened:
            told = os.fstat(opened.fileno())
            if told.st_size > MOST_READ_BYTES:
                return None
            content = hashlib.blake2b(digest_size=16)
            while piece := opened.read(READ_BYTES):
                content.update(piece)
            return Seen(stamp_of(told), content.digest())
    except (OSError, ValueError):
        return None


def is_same(before: Seen, now: Seen) -> bool:
    """Return whether nobody could tell the two apart by reading or running the file."""
    if before.stamp.mode != now.stamp.mode:
        return False
    if before.digest is not None and now.digest is not None:
        return before.digest == now.digest
    return before.digest == now.digest and before.stamp == now.stamp
