"""Requests out of a stream of bytes: parsed by llhttp, queued as they come."""

from collections import deque

import httptools

# Beyond the cloud's own limit, so that it is the cloud's words that refuse what is too long.
MOST_HEAD_BYTES = 64 << 10
# What can be dealt with in so little time that other clients may wait for it.
MOST_SHORT_BYTES = 32 << 10


class BadRequest(Exception):
    """The client does not speak HTTP; the status says how badly."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Message:
    """One request on its way in. `pieces` are parts of its body that nobody has taken yet."""

    def __init__(self) -> None:
        self.method = ""
        self.url = b""
        self.version = "1.1"
        self.headers: list[tuple[str, str]] = []
        self.has_head = False
        self.is_whole = False
        self.keeps_alive = False
        self.upgrades = False
        self.pieces: deque[bytes] = deque()

    @property
    def target(self) -> tuple[str, str]:
        """Return path and query as they were sent, without scheme and host."""
        url = self.url.decode("latin-1")
        if not url.startswith("/"):
            url = f"/{url.partition('://')[2].partition('/')[2]}" if "://" in url else url
        path, _, query = url.partition("#")[0].partition("?")
        return path, query

    @property
    def expects_continue(self) -> bool:
        """Return whether the client waits for a word before it sends the body."""
        return any(
            name.lower() == "expect" and value.lower() == "100-continue"
            for name, value in self.headers
        )

    @property
    def is_short(self) -> bool:
        """Return whether all of it is here, and that is not much."""
        return (
            self.is_whole
            and not self.upgrades
            and sum(len(each) for each in self.pieces) <= MOST_SHORT_BYTES
        )

    def whole_body(self) -> bytes:
        """Return the body of a request that has come to its end."""
        pieces, self.pieces = self.pieces, deque()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Messages:
    """Parses what a client sends. A request may be followed by the next one at once.

    `is_between`: no request has begun and not ended.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._coming = Message()
        self._head_bytes = 0
        self.is_between = True
        self.queue: deque[Message] = deque()
        self.rest = b""

    def feed(self, piece: bytes) -> None:
        """Take in bytes; raise `BadRequest` for those that are no HTTP.

        What follows an upgrade is not HTTP any more; it is kept in `rest`.
        """
        if not self._coming.has_head:
            self._head_bytes += len(piece)
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self.rest = piece[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            raise BadRequest(400, f"this is no HTTP that can be read: {error}") from error
        if not self._coming.has_head and self._head_bytes > MOST_HEAD_BYTES:
            raise BadRequest(431, "the request's head is too long")

    # --- called by the parser ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Start a request."""
        self._coming = Message()
        self.is_between = False

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        self._coming.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._coming.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Offer the request: its head is whole."""
        coming, parser = self._coming, self._parser
        coming.method = parser.get_method().decode("latin-1")
        coming.version = parser.get_http_version()
        coming.keeps_alive = parser.should_keep_alive()
        coming.upgrades = parser.should_upgrade()
        coming.has_head = True
        self._head_bytes = 0
        self.queue.append(coming)

    def on_body(self, piece: bytes) -> None:
        """Take a part of the body."""
        self._coming.pieces.append(piece)

    def on_message_complete(self) -> None:
        """End a request."""
        self._coming.is_whole = True
        self.is_between = True
