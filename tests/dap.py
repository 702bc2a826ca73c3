"""A client of the Debug Adapter Protocol, written for tests: sees and keeps every message."""

import itertools
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from localfn.debug.door import hang_up
from localfn.debug.messages import BrokenMessage, Message, message, read

LIMIT_S = 20.0
RESTARTED = {"restart": True}


class Client:
    """An editor: connects, asks, and waits for what it was told."""

    def __init__(self, port: int) -> None:
        self.link = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.link.settimeout(None)
        self._seq = itertools.count(1)
        self._heard: list[Message] = []
        self._taken: set[int] = set()
        self._changed = threading.Condition()
        self.closed = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, command: str, **arguments: object) -> int:
        seq = next(self._seq)
        told = {"seq": seq, "type": "request", "command": command, "arguments": arguments}
        self.link.sendall(message(told).raw)
        return seq

    def answer(self, seq: int, limit_s: float = LIMIT_S) -> dict:
        return dict(self._take(lambda each: each.request_seq == seq, limit_s).told)

    def ask(self, command: str, **arguments: object) -> dict:
        told = self.answer(self.send(command, **arguments))
        assert told["success"], told
        return told.get("body") or {}

    def event(self, name: str, limit_s: float = LIMIT_S) -> dict:
        found = self._take(lambda each: each.kind == "event" and each.name == name, limit_s)
        return found.told.get("body") or {}

    def heard(self, name: str) -> bool:
        return any(each.name == name for each in self._heard)

    def await_close(self, limit_s: float = LIMIT_S) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.closed, limit_s)

    def close(self) -> None:
        hang_up(self.link)

    def attach(self, file: Path, lines: list[int], **arguments: object) -> list[dict]:
        """Go through the whole beginning of a session; returns the breakpoints."""
        self.ask("initialize", adapterID="debugpy", pathFormat="path")
        attached = self.send("attach", justMyCode=True, **arguments)
        self.event("initialized")
        body = self.ask(
            "setBreakpoints",
            source={"path": str(file)},
            breakpoints=[{"line": each} for each in lines],
        )
        self.ask("configurationDone")
        assert self.answer(attached)["success"]
        return body["breakpoints"]

    def stopped(self) -> "Stop":
        body = self.event("stopped")
        frames = self.ask("stackTrace", threadId=body["threadId"])["stackFrames"]
        return Stop(self, body["threadId"], frames)

    def _take(self, wanted: Callable[[Message], bool], limit_s: float) -> Message:
        deadline = time.monotonic() + limit_s
        with self._changed:
            while True:
                for place, each in enumerate(self._heard):
                    if place not in self._taken and wanted(each):
                        self._taken.add(place)
                        return each
                left = deadline - time.monotonic()
                if left <= 0 or self.closed:
                    raise AssertionError([dict(each.told) for each in self._heard[-10:]])
                self._changed.wait(left)

    def _read(self) -> None:
        with suppress(OSError, ValueError, BrokenMessage), self.link.makefile("rb") as stream:
            while told := read(stream):
                with self._changed:
                    self._heard.append(told)
                    self._changed.notify_all()
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class Stop:
    """Code held at a line."""

    def __init__(self, client: Client, thread: int, frames: list[dict]) -> None:
        self._client = client
        self.thread = thread
        self.frames = frames

    @property
    def line(self) -> int:
        return self.frames[0]["line"]

    @property
    def path(self) -> str:
        return self.frames[0]["source"]["path"]

    def variables(self) -> dict[str, str]:
        scopes = self._client.ask("scopes", frameId=self.frames[0]["id"])["scopes"]
        told = self._client.ask("variables", variablesReference=scopes[0]["variablesReference"])
        return {each["name"]: each["value"] for each in told["variables"]}

    def evaluate(self, expression: str) -> str:
        frame = self.frames[0]["id"]
        asked = self._client.ask("evaluate", expression=expression, frameId=frame)
        return str(asked["result"])

    def step(self, how: str = "next") -> "Stop":
        self._client.ask(how, threadId=self.thread)
        return self._client.stopped()

    def resume(self) -> None:
        self._client.ask("continue", threadId=self.thread)
