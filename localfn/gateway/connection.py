"""One client: requests in, replies out, until somebody leaves."""

import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from localfn.flow import ASIDE, Flow, Waiting, finish
from localfn.gateway.messages import BadRequest, Message, Messages
from localfn.gateway.replies import (
    Framing,
    framed,
    framing_of,
    head_of,
    plain,
    upgraded_head_of,
)
from localfn.model import BrokenBody, HttpReply, HttpRequest, Tunnel

Answer = Callable[[HttpRequest], Flow[HttpReply]]

READ_BYTES = 1 << 16
# Small bodies are sent together with their heads.
TOGETHER_BYTES = 1 << 16
# How long a client may say and take nothing, and how long a head may take in all.
STALL_S = 75.0
HEAD_S = 30.0
# What is read of a body that nobody wants, so that its sender gets to read the reply.
MOST_SKIPPED_BYTES = 256 << 20
SKIP_S = 5.0
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# How long a thread waits for another request before it leaves the client to who serves many.
SOON_S = 0.2
NOW = getattr(socket, "MSG_DONTWAIT", 0)

log = logging.getLogger(__name__)


class ClientGone(BrokenBody):
    """The client has left, or has not said or taken anything for too long."""


class BodyTooLong(BrokenBody):
    """The body is longer than `Body.most_bytes`."""


class Body:
    """A request's body that is still coming. Iterating yields its pieces, once."""

    def __init__(self, message: Message, more: Callable[[], None]) -> None:
        self._message = message
        self._more = more
        self._taken = 0
        self.most_bytes: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        message = self._message
        while True:
            while message.pieces:
                piece = message.pieces.popleft()
                self._taken += len(piece)
                if self.most_bytes is not None and self._taken > self.most_bytes:
                    raise BodyTooLong
                yield piece
            if message.is_whole:
                return
            self._more()


def limit(link: socket.socket, limit_s: float) -> None:
    """Let the system end waits on a socket: `BlockingIOError` after this long, 0 for never.

    A timeout of Python's own would cost every read and write a call of `poll` more.
    """
    value: int | bytes = int(limit_s * 1000)
    if os.name == "posix":
        value = struct.pack("ll", int(limit_s), int(limit_s % 1 * 1_000_000))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)


class Asked(NamedTuple):
    """A request that has begun to be answered: what is waited for, or what the answer is."""

    message: Message
    flow: Flow[HttpReply]
    waiting: Waiting | None
    reply: HttpReply | None


class Connection:
    """Serves one client. `answer` is never asked for two requests at once.

    A thread may serve it from the first request to the last (`serve`). Or somebody who has many
    clients and one thread does what needs no waiting (`listen`, `next_short`, `begin`, `go_on`,
    `send_at_once`), and has a thread do the rest (`serve_some`).
    """

    def __init__(self, link: socket.socket, client_ip: str, answer: Answer) -> None:
        self._link = link
        self._client_ip = client_ip
        self._answer = answer
        self._messages = Messages()
        self._owes_continue = False
        self._unsent = b""
        # Whether a request is being answered, by whoever serves many.
        self.is_answering = False

    @property
    def descriptor(self) -> int:
        """Return what becomes readable when the client says something; -1 when it is closed."""
        return self._link.fileno()

    def open(self) -> None:
        """Be ready for the first request."""
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit(self._link, STALL_S)

    def serve(self) -> None:
        """Answer requests until the client leaves or says nothing for too long."""
        with self._hanging_up():
            self.open()
            while self._complete(self.begin(self._next())):
                pass
            raise ClientGone

    def serve_some(self, asked: Asked | None, bad: BadRequest | None = None) -> bool:
        """Answer a request that has begun to be answered, else the next one, and more like it.

        Returns whether the client is still there, as soon as it says nothing more or a request
        has come that needed no thread. `bad` is what is wrong with what it has said.
        """
        with self._hanging_up():
            if bad is not None:
                raise bad
            while True:
                asked = asked or self.begin(self._next())
                if not self._complete(asked):
                    raise ClientGone
                if asked.waiting is not ASIDE or not self._says_more():
                    return True
                asked = None
        return False

    @contextmanager
    def _hanging_up(self) -> Iterator[None]:
        """Hang up on a client that leaves or does not speak HTTP."""
        try:
            yield
        except BadRequest as bad:
            self._refuse(bad)
            self.close()
        except (ClientGone, OSError):
            self.close()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up. May be called twice, and by another thread."""
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()

    # --- in ----------------------------------------------------------------------------------

    def listen(self) -> bool:
        """Take in what the client has said, without waiting; return whether it has said anything.

        Raises `ClientGone`, and `BadRequest` for what is no HTTP.
        """
        try:
            piece = self._link.recv(READ_BYTES, NOW)
        except BlockingIOError:
            return False
        if not piece:
            raise ClientGone
        self._messages.feed(piece)
        return True

    def has_left(self) -> bool:
        """Return whether the client will neither say nor hear anything any more."""
        try:
            return not self._link.recv(1, NOW | socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    @property
    def is_between(self) -> bool:
        """Return whether nothing of a request has come that has not been taken."""
        return self._messages.is_between and not self._messages.queue

    def next_short(self) -> Message | None:
        """Return the next request if it is whole and short, None if there is none like that."""
        queue = self._messages.queue
        if not queue or not queue[0].is_short:
            return None
        return queue.popleft()

    def begin(self, message: Message) -> Asked:
        """Begin to answer a request."""
        return self.go_on(Asked(message, self._answering(self._request(message)), None, None))

    def go_on(self, asked: Asked) -> Asked:
        """Go on with answering a request until it has to wait, or the answer is there."""
        message, flow, _, _ = asked
        try:
            return Asked(message, flow, flow.send(None), None)
        except StopIteration as end:
            return Asked(message, flow, None, end.value)

    def _complete(self, asked: Asked) -> bool:
        """Answer a request, however long it takes; return whether there may be another one."""
        if self._unsent:
            unsent, self._unsent = self._unsent, b""
            self._send_all(unsent)
            return True
        message, reply = asked.message, asked.reply
        if reply is None:
            reply = finish(asked.flow, asked.waiting)
        if reply.tunnel is not None:
            self._pipe(reply, reply.tunnel)
            return False
        # A body that nobody has read would be taken for the next request.
        keeps_alive = message.keeps_alive and message.is_whole and not message.upgrades
        keeps_alive = self._send(reply, message, keeps_alive=keeps_alive)
        if not keeps_alive:
            self._linger()
        return keeps_alive

    def _says_more(self) -> bool:
        """Return whether there is more of what the client says, or will be soon."""
        return bool(self._messages.queue) or bool(
            select.select([self._link], (), (), SOON_S)[0] if self.is_between else True
        )

    def _next(self) -> Message:
        messages = self._messages
        if not messages.queue:
            self._await_head()
        message = messages.queue.popleft()
        self._owes_continue = not message.is_whole and message.expects_continue
        return message

    def _await_head(self) -> None:
        """Read until a request's head is there; not longer than a head may take."""
        self._feed()
        deadline = time.monotonic() + HEAD_S
        while not self._messages.queue:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BadRequest(408, "the request's head took too long")
            limit(self._link, left)
            self._feed()
            limit(self._link, STALL_S)

    def _feed(self) -> None:
        try:
            piece = self._link.recv(READ_BYTES)
        except BlockingIOError:
            raise ClientGone from None
        if not piece:
            raise ClientGone
        self._messages.feed(piece)

    def _more(self) -> None:
        """Read on in a body."""
        if self._owes_continue:
            self._owes_continue = False
            self._send_all(CONTINUE)
        self._feed()

    def _request(self, message: Message) -> HttpRequest:
        path, query = message.target
        body = message.whole_body() if message.is_whole else Body(message, self._more)
        protocol = f"HTTP/{message.version}"
        headers = tuple(message.headers)
        return HttpRequest(message.method, path, query, headers, body, self._client_ip, protocol)

    async def _answering(self, request: HttpRequest) -> HttpReply:
        try:
            return await self._answer(request)
        except (ClientGone, BadRequest, OSError):
            raise
        except Exception:  # the border: one request
            log.exception("%s %s could not be answered", request.method, request.path)
            return plain(500, "localfn could not answer this request; its terminal says why.")

    # --- out ---------------------------------------------------------------------------------

    def send_at_once(self, reply: HttpReply, message: Message) -> bool:
        """Send a short reply and keep the connection, without waiting.

        Returns False when that cannot be: then `serve_some` does it, or what is left of it.
        """
        body = reply.body
        if not message.keeps_alive or not isinstance(body, bytes) or len(body) >= TOGETHER_BYTES:
            return False
        framing = framing_of(reply, message.method, message.version)
        if reply.tunnel is not None or framing.ends_connection or framing.is_chunked:
            return False
        try:
            head = head_of(reply, framing, "keep-alive" if message.version == "1.0" else "")
            text = head + body if framing.has_body else head
            sent = self._link.send(text, NOW)
        except (BlockingIOError, ValueError):
            return False
        self._unsent = text[sent:]
        return not self._unsent

    def _send(self, reply: HttpReply, message: Message, *, keeps_alive: bool) -> bool:
        """Send a reply; return whether the connection may be used for another one."""
        framing = framing_of(reply, message.method, message.version)
        keeps_alive = keeps_alive and not framing.ends_connection
        connection = "" if keeps_alive else "close"
        if keeps_alive and message.version == "1.0":
            connection = "keep-alive"
        try:
            head = head_of(reply, framing, connection)
        except ValueError:
            log.exception("the reply to %s cannot be sent", message.target[0])
            reply = plain(502, "The answer has a header that cannot be sent.")
            framing = framing_of(reply, message.method, message.version)
            head = head_of(reply, framing, connection)
        if isinstance(reply.body, bytes):
            self._send_whole(head, reply.body if framing.has_body else b"")
        else:
            self._send_pieces(head, reply.body, framing)
        return keeps_alive

    def _send_whole(self, head: bytes, body: bytes) -> None:
        if len(body) < TOGETHER_BYTES:
            self._send_all(head + body)
        else:
            self._send_all(head)
            self._send_all(body)

    def _send_pieces(self, head: bytes, body: Iterable[bytes], framing: Framing) -> None:
        """Send pieces as they come; whatever happens, tell their maker when nobody wants more."""
        try:
            self._send_all(head)
            for piece in framed(body, framing) if framing.has_body else ():
                self._send_all(piece)
        except (ClientGone, OSError):
            raise
        except Exception as error:  # the border: one request, begun to be answered
            log.warning("an answer broke off: %s", error)
            raise ClientGone from error
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _send_all(self, text: bytes) -> None:
        """Send all of it. A client may be slow, but it must take something all the time."""
        try:
            sent = self._link.send(text)
            left = memoryview(text)[sent:]
            while left:
                left = left[self._link.send(left) :]
        except BlockingIOError:
            raise ClientGone from None

    def _refuse(self, bad: BadRequest) -> None:
        """Say what is wrong with what a client sends, and hang up."""
        with suppress(ClientGone, OSError):
            limit(self._link, SKIP_S)
            self._send(plain(bad.status, f"{bad}."), Message(), keeps_alive=False)
            self._linger()

    def _linger(self) -> None:
        """Read what the client still sends: else its system would drop our reply unread."""
        deadline = time.monotonic() + SKIP_S
        skipped = 0
        try:
            self._link.shutdown(socket.SHUT_WR)
            while skipped < MOST_SKIPPED_BYTES and (left := deadline - time.monotonic()) > 0:
                limit(self._link, left)
                piece = self._link.recv(READ_BYTES)
                if not piece:
                    return
                skipped += len(piece)
        except OSError:
            return

    # --- another protocol --------------------------------------------------------------------

    def _pipe(self, reply: HttpReply, tunnel: Tunnel) -> None:
        """Pass bytes both ways until one side ends."""
        try:
            self._send_all(upgraded_head_of(reply))
            limit(self._link, 0)
            threading.Thread(target=self._from_tunnel, args=(tunnel,), daemon=True).start()
            if self._messages.rest:
                tunnel.write(self._messages.rest)
            while piece := self._link.recv(READ_BYTES):
                tunnel.write(piece)
        finally:
            tunnel.close()

    def _from_tunnel(self, tunnel: Tunnel) -> None:
        try:
            while piece := tunnel.read():
                self._send_all(piece)
        except (ClientGone, OSError):
            pass
        finally:
            self.close()
