"""What the terminal shows of every call: one line, and under it what the function printed."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from localfn.gateway.ledger import Record, facts_of
from localfn.model import Failure, Result

Write = Callable[[str], None]
# A call that runs longer is told of while it runs, with what it has printed.
LONG_S = 2.0
LOOK_EVERY_S = 0.5
# How long lines are gathered before they are written together.
GATHER_S = 0.02
MOST_WHY = 160

PLAIN, DIM, GREEN, YELLOW, RED = "", "2", "32", "33", "31"


class Pen:
    """Writes in a thread of its own, several calls at once: no call waits for a terminal."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: deque[Callable[[], Iterable[str]]] = deque()
        self._wanted = threading.Event()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put(self, lines: Callable[[], Iterable[str]]) -> None:
        """Have lines made and written soon."""
        self._waiting.append(lines)
        if not self._wanted.is_set():
            self._wanted.set()

    def flush(self) -> None:
        """Write what is left, now."""
        text = []
        while self._waiting:
            try:
                lines = self._waiting.popleft()
            except IndexError:  # the thread was faster
                break
            text += [f"{line}\n" for line in lines()]
        if text:
            self._write("".join(text))

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            time.sleep(GATHER_S)
            self._wanted.clear()
            self.flush()


class Journal:
    """Writes calls for a person. `own_output` says what of a log the function itself printed."""

    def __init__(
        self, write: Write, own_output: Callable[[Result], bytes], *, coloured: bool
    ) -> None:
        self._pen = Pen(write)
        self._own_output = own_output
        self._coloured = coloured

    def __call__(self, record: Record, result: Result | None) -> None:
        """Write a call that has ended."""
        self._pen.put(lambda: self._lines(record, result))

    def running(self, record: Record) -> None:
        """Write a call that takes long, with what it has printed until now."""
        self._pen.put(lambda: self._running_lines(record))

    def flush(self) -> None:
        """Write what is left, now."""
        self._pen.flush()

    def _lines(self, record: Record, result: Result | None) -> list[str]:
        lines = [self._line(record, result)]
        if result is not None:
            lines += self._output(result)
        else:
            lines += self._indented(bytes(record.output).decode(errors="replace"))
        return lines + [
            self._paint(f"  {line[:MOST_WHY]}", RED) for line in record.why.splitlines()
        ]

    def _running_lines(self, record: Record) -> list[str]:
        words = self._paint(f"… still running after {record.age_s:.0f} s", YELLOW)
        line = f"{_clock(record.started)}  {record.function}  {_asked(record)}  {words}"
        return [line, *self._indented(bytes(record.output).decode(errors="replace"))]

    def _line(self, record: Record, result: Result | None) -> str:
        parts = [
            self._paint(_clock(record.started), DIM),
            record.function,
            _asked(record),
            self._paint(_status(record), _colour(record)),
        ]
        if record.duration_ms:
            parts.append(f"{record.duration_ms:.1f} ms")
        if record.has_start:
            parts.append(self._start(record))
        if result is not None:
            parts.append(self._paint(f"{record.peak_memory_mb:.0f} MB", DIM))
        return "  ".join(parts)

    def _start(self, record: Record) -> str:
        if record.cold_start_ms is None:
            return self._paint("warm", DIM)
        return self._paint(f"cold {record.cold_start_ms:.0f} ms", YELLOW)

    def _output(self, result: Result) -> list[str]:
        lines = self._indented(self._own_output(result).decode(errors="replace"))
        if result.failure is None:
            return lines
        lines += [self._paint(f"  {line}", RED) for line in _told(result.failure, result.payload)]
        if result.failure.advice:
            lines.append(f"  hint: {result.failure.advice}")
        return lines

    def _indented(self, text: str) -> list[str]:
        return [f"  {line}" for line in text.splitlines()]

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour else text


class JsonJournal:
    """Writes calls for machines: one JSON object a line."""

    def __init__(self, write: Write) -> None:
        self._pen = Pen(write)

    def __call__(self, record: Record, result: Result | None) -> None:
        """Write a call that has ended."""
        self._pen.put(lambda: [_json_line(record)])

    def running(self, record: Record) -> None:
        """Write nothing: machines wait."""

    def flush(self) -> None:
        """Write what is left, now."""
        self._pen.flush()


def _json_line(record: Record) -> str:
    logs = (record.logs or bytes(record.output)).decode(errors="replace")
    return json.dumps({**facts_of(record), "logs": logs}, ensure_ascii=False)


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def _asked(record: Record) -> str:
    words = f"{record.asked.door} {record.asked.words}".rstrip()
    return f"{words} (try {record.attempt + 1})" if record.attempt else words


def _told(failure: Failure, payload: bytes) -> list[str]:
    """Return a failure as a person reads it: what, then where."""
    if not failure.error_type:
        return payload.decode(errors="replace").splitlines()
    stack = failure.stack if isinstance(failure.stack, list) else []
    where = [", ".join(map(str, each)) if isinstance(each, list) else str(each) for each in stack]
    return [f"{failure.error_type}: {failure.message}", *(f"  {line}" for line in where)]


def _status(record: Record) -> str:
    if record.failure is not None:
        return f"{record.status} {record.failure.kind.value}"
    return str(record.status)


def _colour(record: Record) -> str:
    if record.failure is not None or record.status >= 500:
        return RED
    return YELLOW if record.status >= 400 else GREEN
