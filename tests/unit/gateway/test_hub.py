"""One thread carries many requests; what takes long, or may block, goes on in another."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from localfn.flow import Pause
from localfn.gateway import hub
from localfn.gateway.server import Server
from localfn.model import HttpReply, HttpRequest
from tests.unit.gateway.conftest import LIMIT_S, Client, read_all, read_until

pytestmark = pytest.mark.skipif(not hub.Hub.is_possible, reason="this system has no epoll")
ASK = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Function:
    """What a flow waits for: a pipe that a test writes to; or to be told, without one."""

    def __init__(self, *, tells: bool = False) -> None:
        self._ends = os.pipe()
        self._tells = tells
        self._then: Callable[[], None] | None = None
        self.answered = threading.Event()
        self.cancelled = threading.Event()
        self.blocked = threading.Event()

    @property
    def descriptor(self) -> int:
        return -1 if self._tells else self._ends[0]

    def tell(self, then: Callable[[], None]) -> bool:
        self._then = then
        return self._tells

    def look(self) -> bool:
        return self.answered.is_set()

    def block(self) -> None:
        self.blocked.set()
        assert self.answered.wait(LIMIT_S)

    def cancel(self) -> None:
        self.cancelled.set()
        self.answered.set()

    def answer(self) -> None:
        self.answered.set()
        os.write(self._ends[1], b".")
        if self._then is not None:
            self._then()

    def close(self) -> None:
        for each in self._ends:
            os.close(each)


class Scene:
    def __init__(self) -> None:
        self.waiting: dict[str, Function] = {}
        self.carriers: list[str] = []
        self.server = Server("127.0.0.1", 0, self.answer)
        self.server.start()
        self.client = Client(self.server)

    async def answer(self, request: HttpRequest) -> HttpReply:
        function = self.waiting.get(request.path)
        if function is not None:
            await Pause(function)
        self.carriers.append(threading.current_thread().name)
        return HttpReply(200, (), request.path.encode())


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.server.stop()
    for each in made.waiting.values():
        each.close()


@pytest.mark.parametrize("tells", [False, True], ids=["readable", "told"])
def test_a_request_waits_for_a_quick_function_without_a_thread(
    scene: Scene, tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "QUICK_S", LIMIT_S)
    function = scene.waiting["/quick"] = Function(tells=tells)
    with closing(scene.client.open()) as link:
        link.sendall(ASK % b"quick")
        until(lambda: tells is False or function._then is not None)
        function.answer()

        assert read_until(link, b"/quick")

    assert scene.carriers == ["hub"]


def test_a_request_whose_function_is_slow_goes_on_in_a_thread_and_holds_up_nobody(
    scene: Scene,
) -> None:
    function = scene.waiting["/slow"] = Function()
    with closing(scene.client.open()) as link, closing(scene.client.open()) as other:
        link.sendall(ASK % b"slow")
        assert function.blocked.wait(LIMIT_S)
        other.sendall(ASK % b"other")
        assert read_until(other, b"/other")
        function.answer()

        assert read_until(link, b"/slow")

    assert scene.carriers == ["hub", "client"]


def test_requests_that_come_while_one_waits_are_answered_in_order(scene: Scene) -> None:
    first = scene.waiting["/first"] = Function()
    with closing(scene.client.open()) as link:
        link.sendall(ASK % b"first")
        time.sleep(0.01)
        link.sendall(ASK % b"second" + LAST)
        first.answer()

        text = read_all(link)

    assert [text.index(each) for each in (b"/first", b"/second", b"/last")] == sorted(
        text.index(each) for each in (b"/first", b"/second", b"/last")
    )


def test_a_request_whose_client_leaves_is_cancelled(scene: Scene) -> None:
    function = scene.waiting["/left"] = Function()
    with closing(scene.client.open()) as link:
        link.sendall(ASK % b"left")
        assert function.blocked.wait(LIMIT_S)

    assert function.cancelled.wait(LIMIT_S)


def test_a_connection_is_listened_to_again_after_a_thread_has_served_it(scene: Scene) -> None:
    function = scene.waiting["/slow"] = Function()
    with closing(scene.client.open()) as link:
        link.sendall(ASK % b"slow")
        assert function.blocked.wait(LIMIT_S)
        function.answer()
        assert read_until(link, b"/slow")
        del scene.waiting["/slow"]
        for _ in range(3):
            link.sendall(ASK % b"again")
            assert read_until(link, b"/again")

    assert scene.carriers[-1] == "hub"
    function.close()


def until(satisfied: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not satisfied():
        assert time.monotonic() < deadline
        time.sleep(0.001)
