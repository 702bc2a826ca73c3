import socket
import threading
from collections.abc import Iterator

import pytest

from localfn.debug.clock import Clock
from localfn.debug.door import Door
from localfn.debug.inspector import Watcher
from localfn.debug.plain_relay import PlainRelay
from localfn.debug.target import Target
from tests.unit.debug.test_relay import await_that

HANDSHAKE = b"JDWP-Handshake"


@pytest.fixture
def relay(port: int) -> Iterator[PlainRelay]:
    made = PlainRelay("resize", Clock())
    door = Door(port, "resize", made.greet)
    yield made
    door.close()
    made.close()


@pytest.fixture
def debugger() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as link:
        yield link


def echo(debugger: socket.socket) -> None:
    def serve() -> None:
        link, _ = debugger.accept()
        while piece := link.recv(1000):
            link.sendall(piece)
        link.close()

    threading.Thread(target=serve, daemon=True).start()


def knock(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), 20.0)
    link.sendall(HANDSHAKE)
    return link


def aim(relay: PlainRelay, debugger: socket.socket) -> None:
    relay.point(Target("127.0.0.1", debugger.getsockname()[1]))


def test_an_early_editor_is_held_until_a_debugger_answers(
    relay: PlainRelay, debugger: socket.socket, port: int
) -> None:
    with knock(port) as editor:
        await_that(lambda: relay.has_editor)
        assert not relay.is_attached
        aim(relay, debugger)
        debugger.accept()[0].close()
        echo(debugger)

        assert editor.recv(100) == HANDSHAKE
        editor.sendall(b"more")
        assert editor.recv(100) == b"more"
        assert relay.is_attached


def test_an_editor_that_hangs_up_while_it_is_held_is_forgotten(
    relay: PlainRelay, port: int
) -> None:
    knock(port).close()

    await_that(lambda: not relay.has_editor)


def test_the_end_of_the_debugger_is_the_end_of_the_connection_and_the_port_stays(
    relay: PlainRelay, debugger: socket.socket, port: int
) -> None:
    aim(relay, debugger)
    for _ in range(2):
        with knock(port) as editor:
            link, _ = debugger.accept()
            link.sendall(link.recv(100))
            assert editor.recv(100) == HANDSHAKE
            link.close()
            assert editor.recv(100) == b""


def test_closing_hangs_up(relay: PlainRelay, debugger: socket.socket, port: int) -> None:
    aim(relay, debugger)
    echo(debugger)
    with knock(port) as editor:
        assert editor.recv(100) == HANDSHAKE
        relay.close()
        assert editor.recv(100) == b""


def frame(text: bytes) -> bytes:
    if len(text) < 126:
        return bytes((0x81, len(text))) + text
    if len(text) < 1 << 16:
        return bytes((0x81, 126)) + len(text).to_bytes(2, "big") + text
    return bytes((0x81, 127)) + len(text).to_bytes(8, "big") + text


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_an_inspectors_pauses_are_seen_in_pieces_of_any_size(size: int) -> None:
    clock = Clock()
    watcher = Watcher(clock)
    paused = frame(b'{"method":"Debugger.paused","params":{"x":"' + b"x" * 300 + b'"}}')
    long = frame(b'{"id":1,"result":"' + b'"method":"Debugger.resumed"' * 3000 + b'"}')
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    stands = []

    for sent in (
        head + long,
        paused,
        long[:300] + long[300:],
        frame(b'{"method":"Debugger.resumed"}'),
    ):
        for at in range(0, len(sent), size):
            watcher.feed(sent[at : at + size])
        stands.append(clock.stands)

    assert stands == [False, True, True, False]


def test_other_protocols_are_not_read() -> None:
    clock = Clock()
    watcher = Watcher(clock)

    watcher.feed(b"HTTP/1.1 200 OK\r\n\r\n" + frame(b'{"method":"Debugger.paused"}'))
    watcher.feed(frame(b'{"method":"Debugger.paused"}'))

    assert not clock.stands
