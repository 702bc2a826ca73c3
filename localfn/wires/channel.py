"""One conversation with one guest, whatever carries it."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from localfn.wires.frames import Frame

Clock = Callable[[], float]


class Channel(Protocol):
    """Frames to and from a guest; several threads may ask at once, each under its own id."""

    def send(
        self, header: Mapping[str, object], payload: bytes = b"", limit_s: float | None = None
    ) -> None:
        """Send one frame.

        Raises `ChannelClosed` when nobody listens, `TimeoutError` when the guest does not take
        it in time: then part of it may have gone, and only ending the guest helps.
        """

    @property
    def advice(self) -> str:
        """Return why an answer may never come, as far as the guest has told."""

    def ask(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        limit_s: float | None = None,
        clock: Clock = time.monotonic,
    ) -> Frame:
        """Send one frame and return the one that answers its `id`; raises as `send` does.

        `clock` counts the seconds of the limit; it may stand still.
        """

    async def asking(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        limit_s: float | None = None,
        clock: Clock = time.monotonic,
        take: Callable[[Frame], None] | None = None,
    ) -> Frame:
        """Do the same as a flow (`localfn.flow`); `take` gets parts that come before the answer."""
