"""What has come in on a channel, each frame kept for who asked for it."""

from collections import deque
from collections.abc import Callable

from localfn.wires.frames import ChannelClosed, Frame

Take = Callable[[Frame], None]


class Inbox:
    """Sorts the frames of one worker by the id that they answer, so that several may ask at once.

    What answers no question that is still open (its asker may have given up long ago) is kept
    apart. Only who reads the channel puts something in. `advice` is why an answer to what is asked
    now may never come, as far as the worker has told.
    """

    def __init__(self) -> None:
        self._answers: dict[str, Frame | None] = {}
        self._takers: dict[str, Take] = {}
        self._rest: deque[Frame] = deque()
        self.closed = False
        self.reason = ""
        self.advice = ""

    def put(self, frame: Frame) -> None:
        """Sort in what has come."""
        id_ = str(frame.header.get("id"))
        if frame.kind == "advice":
            self.advice = str(frame.header.get("advice", ""))
        elif frame.kind == "part":
            take = self._takers.get(id_)
            if take is not None:
                take(frame)
        elif id_ in self._answers:
            self._answers[id_] = frame
        else:
            self._rest.append(frame)

    def close(self, reason: str = "") -> None:
        """Say that nothing more will come. May be called twice."""
        self.reason = self.reason or reason
        self.closed = True

    def expect(self, id_: str, take: Take | None = None) -> None:
        """Keep the answer to `id_` for who asks for it; `take` gets parts that come before it."""
        if not self._answers:
            self.advice = ""
        self._answers[id_] = None
        if take is not None:
            self._takers[id_] = take

    def cancel(self, id_: str) -> None:
        """Answer what is still open ourselves: nobody waits for it any more."""
        if id_ in self._answers and self._answers[id_] is None:
            self._answers[id_] = Frame({"kind": "failure", "failure": "canceled", "id": id_})

    def has(self, id_: str) -> bool:
        """Return whether the answer is here, or will never be."""
        return self._answers.get(id_) is not None or self.closed

    def take(self, id_: str) -> Frame | None:
        """Return the answer, if it is here, and expect it no longer."""
        self._takers.pop(id_, None)
        return self._answers.pop(id_, None)

    def has_more(self) -> bool:
        """Return whether something is here that nobody expects, or never will be."""
        return bool(self._rest) or self.closed

    def take_more(self) -> Frame:
        """Return the oldest frame that nobody expects; raise `ChannelClosed` without one."""
        if not self._rest:
            raise ChannelClosed(self.reason)
        return self._rest.popleft()
