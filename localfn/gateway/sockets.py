"""The WebSockets that are open: functions hear what clients say, and may answer whenever."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.gateway import websocket
from localfn.gateway.websocket import Broken, Code, Frames, Kind, Messages
from localfn.model import Calls, Headers, HttpReply, HttpRequest, Socket, WebSockets

log = logging.getLogger(__name__)

# What a client may have said that no function has heard yet.
MOST_WAITING = 100


class Ended(NamedTuple):
    """How a connection has ended."""

    code: int
    reason: str


class Conversation:
    """One WebSocket: a tunnel of its connection, whose messages are heard one after another.

    `hear` gets each message and returns what is sent back; `over` is told once how it ended.
    """

    def __init__(
        self,
        socket: Socket,
        words: WebSockets,
        hear: Callable[[Socket, str | bytes], str | bytes | None],
        over: Callable[[Socket, Ended], None],
    ) -> None:
        self.socket = socket
        self._hear = hear
        self._over = over
        self._frames = Frames(words.most_frame_bytes)
        self._messages = Messages(words.most_message_bytes)
        self._out: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._in: queue.Queue[str | bytes | None] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._ended: Ended | None = None
        threading.Thread(target=self._listen, name=f"socket {socket.id}", daemon=True).start()

    # --- a tunnel of its connection ----------------------------------------------------------

    def read(self) -> bytes:
        """Return what is to be sent, waiting for it; b"" when nothing more will."""
        return self._out.get()

    def write(self, piece: bytes) -> None:
        """Take what the client has sent."""
        if self._ended is not None:
            return
        try:
            for came in self._frames.cut(piece):
                self._take(came)
        except Broken as broken:
            self._end(Ended(broken.code, str(broken)), websocket.closing(broken.code))

    def close(self) -> None:
        """Take note that the connection is gone. May be called twice."""
        self._end(Ended(Code.BROKEN_OFF, ""), b"")

    # --- what others do with it --------------------------------------------------------------

    def send(self, message: str | bytes) -> bool:
        """Send a message; return whether the connection was still there."""
        if self._ended is not None:
            return False
        if isinstance(message, str):
            self._out.put(websocket.frame(Kind.TEXT, message.encode("utf-8", "replace")))
        else:
            self._out.put(websocket.frame(Kind.BINARY, message))
        return True

    def hang_up(self, code: Code, reason: str = "") -> None:
        """End it from our side."""
        self._end(Ended(code, reason), websocket.closing(code, reason))

    def _take(self, came: websocket.Frame) -> None:
        if came.kind is Kind.PING:
            self._out.put(websocket.frame(Kind.PONG, came.payload))
        elif came.kind is Kind.CLOSE:
            code, reason = websocket.code_of(came.payload)
            self._end(Ended(code, reason), websocket.frame(Kind.CLOSE, came.payload[:2]))
        elif came.kind is not Kind.PONG:
            message = self._messages.add(came)
            if message is not None:
                self.socket = self.socket._replace(heard=time.time())
                self._in.put(message)

    def _end(self, ended: Ended, last: bytes) -> None:
        with self._lock:
            if self._ended is not None:
                return
            self._ended = ended
        if last:
            self._out.put(last)
        self._out.put(b"")
        # What has come before is heard first. One who said too much is not waited for.
        threading.Thread(target=self._in.put, args=(None,), daemon=True).start()

    def _listen(self) -> None:
        while (message := self._in.get()) is not None:
            try:
                answer = self._hear(self.socket, message)
            except LocalfnError as error:
                log.warning("%s", error)
                self.hang_up(Code.OUR_FAULT)
                continue
            except Exception:  # the border: one message
                log.exception("a message of the WebSocket %s could not be heard", self.socket.id)
                self.hang_up(Code.OUR_FAULT)
                continue
            if answer is not None:
                self.send(answer)
        assert self._ended is not None
        self._over(self.socket, self._ended)


class Sockets:
    """All open WebSockets of a gateway (`localfn.model.OpenSockets`)."""

    def __init__(self, words: WebSockets, calls: Calls) -> None:
        self._words = words
        self._calls = calls
        self._open: dict[str, Conversation] = {}

    def serves(self, request: HttpRequest) -> bool:
        """Return whether a request asks for a WebSocket that functions serve: see `opened`."""
        return websocket.wants_upgrade(request) and self._words.serves(
            request, self._calls.functions
        )

    def manages(self, request: HttpRequest) -> bool:
        """Return whether a request is about open sockets: see `managed`."""
        return self._words.manages(request, self._calls.functions)

    def managed(self, request: HttpRequest) -> HttpReply:
        """Return the answer to a request about open sockets."""
        return self._words.managed(request, self._calls)

    def opened(self, request: HttpRequest) -> HttpReply:
        """Return the answer to a client that asks for a WebSocket."""
        refused = websocket.refuse(request)
        if refused is not None:
            return refused
        opened = self._words.opened(request, time.time(), self._calls)
        if isinstance(opened, HttpReply):
            return opened
        socket, more = opened
        return self._begin(socket, more)

    def find(self, id_: str) -> Socket | None:
        """Return one of them, None where it is not open any more."""
        found = self._open.get(id_)
        return None if found is None else found.socket

    def send(self, id_: str, message: str | bytes) -> bool:
        """Send a message; return whether there was somebody to send it to."""
        found = self._open.get(id_)
        return found is not None and found.send(message)

    def close(self, id_: str) -> bool:
        """Hang up; return whether it was open."""
        found = self._open.get(id_)
        if found is None:
            return False
        found.hang_up(Code.NORMAL, "Connection Closed Normally")
        return True

    def _begin(self, socket: Socket, more: Headers) -> HttpReply:
        words = self._words

        def hear(said_by: Socket, message: str | bytes) -> str | bytes | None:
            return words.heard(said_by, message, time.time(), self._calls)

        def over(gone: Socket, ended: Ended) -> None:
            self._open.pop(gone.id, None)
            try:
                words.closed(gone, ended.code, ended.reason, time.time(), self._calls)
            except LocalfnError as error:  # localfn may be ending
                log.info("the end of the WebSocket %s was not told: %s", gone.id, error)

        conversation = Conversation(socket, words, hear, over)
        self._open[socket.id] = conversation
        headers = websocket.accepting(socket.request, more)
        return HttpReply(101, headers, tunnel=conversation)
