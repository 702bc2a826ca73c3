"""Reads along what an inspector of Node.js tells its editor, to know when it holds the code."""

from localfn.debug.clock import Clock

UPGRADED = b"HTTP/1.1 101"
HEAD_END = b"\r\n\r\n"
TEXT = 1
# An event's name stands at its beginning; what follows may be long.
PAUSED = b'{"method":"Debugger.paused"'
RESUMED = b'{"method":"Debugger.resumed"'
LOOKED_AT = len(RESUMED)


class Watcher:
    """Follows one connection from the debugger: HTTP, and then the frames of a WebSocket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept = b""
        self._skip = 0
        self._framed: bool | None = None
        self._holds = False

    @property
    def is_editor(self) -> bool:
        """Return whether whoever is connected talks with the debugger, not only asks for it."""
        return bool(self._framed)

    def end(self) -> None:
        """Let time run on if it stood because of this connection."""
        if self._holds:
            self._clock.run()

    def feed(self, piece: bytes) -> None:
        """Take what the debugger sent."""
        if self._framed is False:
            return
        self._kept += piece
        if self._framed is None and not self._begin():
            return
        while self._step():
            pass

    def _begin(self) -> bool:
        """Find where frames begin; return False when that is not known yet, or never."""
        if not UPGRADED.startswith(self._kept[: len(UPGRADED)]):
            self._framed, self._kept = False, b""
            return False
        head, end, rest = self._kept.partition(HEAD_END)
        if not end:
            return False
        self._framed, self._kept = True, rest
        # Whoever waited for an editor waits no longer.
        self._clock.run()
        return bool(head)

    def _step(self) -> bool:
        """Go on by one frame, or by what is there of one; return whether there may be more."""
        if self._skip:
            gone = min(self._skip, len(self._kept))
            self._skip -= gone
            self._kept = self._kept[gone:]
            return bool(self._kept)
        size = _size(self._kept)
        if size is None:
            return False
        start, length = size
        looked_at = min(length, LOOKED_AT)
        if len(self._kept) < start + looked_at:
            return False
        if self._kept[0] & 0x0F == TEXT:
            self._read(self._kept[start : start + looked_at])
        self._skip = start + length
        return True

    def _read(self, text: bytes) -> None:
        if text.startswith(PAUSED):
            self._holds = True
            self._clock.stand()
        elif text == RESUMED:
            self._holds = False
            self._clock.run()


def _size(kept: bytes) -> tuple[int, int] | None:
    """Return where the payload of a frame starts, and its length; None when it is not known yet."""
    if len(kept) < 2:
        return None
    length = kept[1] & 0x7F
    extra = {126: 2, 127: 8}.get(length, 0)
    if len(kept) < 2 + extra:
        return None
    if extra:
        length = int.from_bytes(kept[2 : 2 + extra], "big")
    return 2 + extra, length
