"""An answer that is passed on while it comes: an instance stays busy until all of it has gone."""

import threading
from collections.abc import Callable, Iterator

from localfn.model import BrokenBody, HttpReply, Tunnel
from localfn.wires.link import Broken, Nonsense

# Told once, with what went wrong.
End = Callable[[Exception | None], None]


def passing(answer: HttpReply, end: End) -> HttpReply:
    """Return an answer that tells `end` when it is over."""
    if answer.tunnel is not None:
        return answer._replace(tunnel=PassingTunnel(answer.tunnel, end))
    assert not isinstance(answer.body, bytes)
    return answer._replace(body=Passage(iter(answer.body), end))


class _Once:
    """Tells somebody, once, from whichever thread is first."""

    def __init__(self, end: End) -> None:
        self._end = end
        self._lock = threading.Lock()

    def __call__(self, error: Exception | None) -> None:
        # Taken and never given back: whoever comes second has nothing to tell.
        if self._lock.acquire(blocking=False):
            self._end(error)


class Passage:
    """The pieces of a body. Whoever takes them closes it, at the end or before."""

    def __init__(self, pieces: Iterator[bytes], end: End) -> None:
        self._pieces = pieces
        self._end = _Once(end)

    def __iter__(self) -> "Passage":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self._end(None)
            raise
        except (TimeoutError, Broken, Nonsense) as error:
            self._end(error)
            raise BrokenBody(str(error) or "the function's time is over") from error

    def close(self) -> None:
        """Take no more. May be called twice."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        self._end(None)


class PassingTunnel:
    """A connection that was handed over. Whoever has it closes it."""

    def __init__(self, tunnel: Tunnel, end: End) -> None:
        self._tunnel = tunnel
        self._end = _Once(end)

    def read(self) -> bytes:
        """Return what has come, waiting for it; b"" when nothing more will."""
        try:
            return self._tunnel.read()
        except TimeoutError as error:
            # A function's time is over for its tunnels too.
            self._tunnel.close()
            self._end(error)
            return b""

    def write(self, piece: bytes) -> None:
        """Send all of it; raise `OSError` when nobody listens any more."""
        self._tunnel.write(piece)

    def close(self) -> None:
        """Hang up, from any thread. May be called twice."""
        self._tunnel.close()
        self._end(None)
