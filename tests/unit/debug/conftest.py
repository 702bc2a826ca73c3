"""A debugger that does what it is told, and the relays in front of it."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from localfn.debug.clock import Clock
from localfn.debug.door import Door, hang_up
from localfn.debug.messages import Message, message, read
from localfn.debug.relay import DapRelay
from localfn.debug.target import Target
from tests.dap import LIMIT_S, Client


class Debugger:
    """Listens as a worker's debugger does; answers every request with success."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.link: socket.socket | None = None
        self.heard: list[Message] = []
        self.silent: set[str] = set()
        self.talks = threading.Event()
        self._changed = threading.Condition()

    def drop(self) -> None:
        """Take one connection and close it, as a container's published port does."""
        self._listening.accept()[0].close()

    def serve(self) -> "Debugger":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def send(self, told: dict) -> None:
        assert self.talks.wait(LIMIT_S)
        assert self.link is not None
        self.link.sendall(message({"seq": 900, **told}).raw)

    def tell(self, name: str, **body: object) -> None:
        self.send({"type": "event", "event": name, "body": body})

    def await_request(self, command: str) -> Message:
        def found() -> Message | None:
            return next((each for each in self.heard if each.name == command), None)

        with self._changed:
            assert self._changed.wait_for(found, LIMIT_S), self.heard
        asked = found()
        assert asked is not None
        return asked

    def die(self) -> None:
        self._listening.close()
        hang_up(self.link)

    def _serve(self) -> None:
        try:
            self.link, _ = self._listening.accept()
            stream = self.link.makefile("rb")
            self.talks.set()
            while asked := read(stream):
                with self._changed:
                    self.heard.append(asked)
                    self._changed.notify_all()
                if asked.name not in self.silent:
                    told = {"type": "response", "request_seq": asked.seq, "success": True}
                    self.send({**told, "command": asked.name})
        except (OSError, ValueError):
            pass


@pytest.fixture
def debugger() -> Iterator[Callable[[], Debugger]]:
    made: list[Debugger] = []

    def make() -> Debugger:
        made.append(Debugger())
        return made[-1]

    yield make
    for each in made:
        each.die()


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as link:
        return link.getsockname()[1]


@pytest.fixture
def relay(port: int) -> Iterator[DapRelay]:
    made = DapRelay("resize", Clock())
    door = Door(port, "resize", made.greet)
    yield made
    door.close()
    made.close()


@pytest.fixture
def editor(port: int) -> Iterator[Callable[[], Client]]:
    made: list[Client] = []

    def make() -> Client:
        made.append(Client(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


def at(debugger: Debugger, **facts: object) -> Target:
    """Where this debugger is."""
    return Target("127.0.0.1", debugger.port, **facts)  # type: ignore[arg-type]
