"""Every call, written down: for the terminal, for whoever follows, for who asks later."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from localfn.model import Call, Failure, Result

# What is remembered: so many calls, and so much of each one's event, answer and log.
MOST_RECORDS = 200
MOST_BYTES = 64 << 10
# How far a follower may fall behind before the oldest news are lost to him.
MOST_NEWS = 1000


class Asked(NamedTuple):
    """How a call came: through which door, and what was said there (`GET /path`)."""

    door: str
    words: str = ""


class Record:
    """One call. How it went is known when it `is_over`; `why` explains what nothing else does."""

    __slots__ = (
        "asked",
        "attempt",
        "cold_start_ms",
        "duration_ms",
        "event",
        "failure",
        "function",
        "has_start",
        "id",
        "is_over",
        "logs",
        "output",
        "payload",
        "peak_memory_mb",
        "started",
        "status",
        "why",
    )

    def __init__(self, call: Call, asked: Asked, started: float) -> None:
        self.id = call.id
        self.function = call.function.key
        self.asked = asked
        self.attempt = call.attempt
        self.started = started
        self.event = _cut(call.event.payload)
        self.is_over = False
        self.status = 0
        self.why = ""
        self.payload = b""
        self.logs = b""
        self.output = bytearray()
        self.failure: Failure | None = None
        self.duration_ms = 0.0
        self.cold_start_ms: float | None = None
        self.has_start = False
        self.peak_memory_mb = 0.0

    @property
    def age_s(self) -> float:
        """Return how long ago the call began."""
        return time.time() - self.started

    def note_start(self, cold_start_ms: float | None) -> None:
        """Note how long an instance had to be started for it, None for a warm one."""
        self.cold_start_ms, self.has_start = cold_start_ms, True

    def end(self, result: Result, status: int) -> None:
        """Note how it went."""
        self.payload = _cut(result.payload)
        self.logs = _tail(result.logs)
        self.failure = result.failure
        self.duration_ms = result.duration_ms
        self.note_start(result.cold_start_ms)
        self.peak_memory_mb = result.peak_memory_mb
        self.status = status
        self.is_over = True


News = tuple[str, Mapping[str, object]]
Watcher = Callable[[Record, Result | None], None]


class _Mail:
    """News on their way to one follower; for one who is slow the oldest are lost."""

    def __init__(self) -> None:
        self._news: deque[News] = deque(maxlen=MOST_NEWS)
        self._changed = threading.Condition()

    def put(self, news: News) -> None:
        with self._changed:
            self._news.append(news)
            self._changed.notify()

    def get(self, limit_s: float) -> News | None:
        """Return the next news, None when there were none for so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._news, limit_s)
            return self._news.popleft() if self._news else None


class Ledger:
    """The calls of a gateway, the newest ones in full. `watch` is told when one ends."""

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._followers: tuple[_Mail, ...] = ()
        self._lock = threading.Lock()

    def open(self, call: Call, asked: Asked) -> Record:
        """Begin a record."""
        record = Record(call, asked, time.time())
        with self._lock:
            self._records[record.id] = record
            self._records.move_to_end(record.id)
            if len(self._records) > MOST_RECORDS:
                self._records.popitem(last=False)
        if self._followers:
            self._tell("call", opening_of(record))
        return record

    def hear(self, record: Record, text: bytes) -> None:
        """Take a piece of a running call's log."""
        if len(record.output) < MOST_BYTES:
            record.output += text
        if self._followers:
            self._tell("log", {"id": record.id, "text": text.decode(errors="replace")})

    def close(self, record: Record, result: Result, status: int, why: str = "") -> None:
        """End a record; `why` is what is to be said of an answer that does not explain itself."""
        record.end(result, status)
        record.why = why
        self._watch(record, result)
        if self._followers:
            self._tell("result", facts_of(record))

    def pass_by(self, record: Record, status: int) -> None:
        """End the record of a request that was passed on to a function."""
        record.duration_ms = record.age_s * 1000
        self.drop(record, status, "")

    def drop(self, record: Record, status: int, why: str) -> None:
        """End the record of a call that was not made."""
        record.is_over = True
        record.status = status
        record.why = why
        self._watch(record, None)
        if self._followers:
            self._tell("result", facts_of(record))

    @property
    def records(self) -> Sequence[Record]:
        """Return the calls that are remembered, the newest first."""
        with self._lock:
            return tuple(reversed(self._records.values()))

    def running(self) -> Sequence[Record]:
        """Return the calls that have not ended."""
        return tuple(each for each in self.records if not each.is_over)

    def find(self, id_: str) -> Record | None:
        """Return a call by its id."""
        with self._lock:
            return self._records.get(id_)

    def follow(self, pause_s: float) -> Iterator[News | None]:
        """Yield what happens from now on; None after every pause without news."""
        news = _Mail()
        with self._lock:
            self._followers += (news,)
        try:
            while True:
                yield news.get(pause_s)
        finally:
            with self._lock:
                self._followers = tuple(each for each in self._followers if each is not news)

    def _tell(self, kind: str, told: Mapping[str, object]) -> None:
        for each in self._followers:
            each.put((kind, told))


def opening_of(record: Record) -> dict[str, object]:
    """Return what is known of a call when it begins, JSON-ready."""
    return {
        "id": record.id,
        "function": record.function,
        "door": record.asked.door,
        "request": record.asked.words,
        "attempt": record.attempt,
        "started": round(record.started, 3),
    }


def facts_of(record: Record) -> dict[str, object]:
    """Return what is known of a call, JSON-ready, without event, answer and log."""
    failure = record.failure
    cold = record.cold_start_ms
    return {
        **opening_of(record),
        "is_over": record.is_over,
        "status": record.status or None,
        "ok": record.is_over and failure is None and record.status < 400,
        "why": record.why or None,
        "failure": failure and {"kind": failure.kind.value, "message": failure.message},
        "duration_ms": round(record.duration_ms, 3),
        "cold_start_ms": None if cold is None else round(cold, 3),
        "peak_memory_mb": round(record.peak_memory_mb, 2),
    }


def _cut(content: bytes) -> bytes:
    return content if len(content) <= MOST_BYTES else content[:MOST_BYTES]


def _tail(content: bytes) -> bytes:
    return content if len(content) <= MOST_BYTES else content[-MOST_BYTES:]
