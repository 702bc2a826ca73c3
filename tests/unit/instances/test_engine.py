"""The engine is found where it is, and when it cannot be used the reason is told."""

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.instances import engine
from localfn.instances.engine import Engine, Refused, find_engine, is_available, open_engine

PONG = b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\nServer: Test\r\n\r\nOK"
Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve answers by path on a socket; returns its address."""
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def listen(answers: dict[bytes, bytes], link: socket.socket | None = None) -> str:
        path = tmp_path / f"{len(listening)}.sock"
        if link is None:
            link = socket.socket(socket.AF_UNIX)
            link.bind(str(path))
        link.listen()
        listening.append(link)
        threads.append(threading.Thread(target=answer, args=(link, answers)))
        threads[-1].start()
        return f"unix://{path}"

    def answer(link: socket.socket, answers: dict[bytes, bytes]) -> None:
        while True:
            try:
                met, _ = link.accept()
            except OSError:
                return
            with met:
                asked = met.recv(65536)
                met.sendall(answers.get(asked.split()[1], b"HTTP/1.0 404 Not Found\r\n\r\n"))

    yield listen
    for link in listening:
        link.shutdown(socket.SHUT_RDWR)
        link.close()
    for thread in threads:
        thread.join(5)


def test_engine_is_the_one_that_is_named(serve: Serve) -> None:
    address = serve({b"/_ping": PONG})

    assert open_engine({"DOCKER_HOST": address}) == Engine(address, "1.41")
    assert is_available({"DOCKER_HOST": address, "DOCKER_TLS_VERIFY": "1"})


def test_engine_may_be_reached_through_loopback(serve: Serve) -> None:
    link = socket.create_server(("127.0.0.1", 0))
    serve({b"/_ping": PONG}, link)
    address = f"tcp://127.0.0.1:{link.getsockname()[1]}"

    assert find_engine({"DOCKER_HOST": address}) == address


def test_engine_is_that_of_the_current_context(serve: Serve, tmp_path: Path) -> None:
    address = serve({b"/_ping": PONG})
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"other").hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": "other", "Endpoints": {"docker": {"Host": address}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "config.json").write_text('{"currentContext": "other"}')

    assert find_engine({"DOCKER_CONFIG": str(tmp_path)}) == address


@pytest.mark.parametrize("config", ["", "[]", "{", '{"currentContext": "unknown"}', "{}"])
def test_a_context_that_cannot_be_read_counts_as_none(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(config)
    monkeypatch.setattr(engine, "_sockets", lambda environ: iter(()))

    with pytest.raises(MachineError, match="no socket of Docker or Podman"):
        open_engine({"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize(
    "address",
    [
        "tcp://build.example:2375",
        "ssh://me@build.example",
        "tcp://10.1.2.3:2376",
        "http://[fe80::1]",
    ],
)
def test_an_engine_on_another_machine_is_refused_with_the_way_out(address: str) -> None:
    with pytest.raises(MachineError, match="on another machine") as raised:
        open_engine({"DOCKER_HOST": address})

    assert address in raised.value.message
    assert "`DOCKER_HOST`" in raised.value.message
    assert "--runner process" in raised.value.hint
    assert not is_available({"DOCKER_HOST": address})


@pytest.mark.parametrize("address", ["/var/run/docker.sock", "fd://", "nonsense"])
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(MachineError, match=f"`{address}`, which is no address") as raised:
        open_engine({"DOCKER_HOST": address})

    assert "unix:///" in raised.value.hint


@pytest.mark.parametrize(
    "environ",
    [
        {"DOCKER_HOST": "ssh://localhost"},
        {"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"},
    ],
)
def test_an_engine_behind_another_protocol_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(MachineError, match="not reached by a plain socket"):
        open_engine(environ)


def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent.sock"

    with pytest.raises(MachineError, match=str(path)) as raised:
        open_engine({"DOCKER_HOST": f"unix://{path}"})

    assert "--runner process" in raised.value.hint


def test_a_socket_without_an_engine_behind_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    with pytest.raises(MachineError, match="nobody answers"):
        open_engine({"DOCKER_HOST": f"unix://{path}"})


def test_an_engine_that_never_answers_is_given_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PING_LIMIT_S", 0.1)
    path = tmp_path / "silent.sock"

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(MachineError, match="timed out"):
            open_engine({"DOCKER_HOST": f"unix://{path}"})


def test_something_that_is_no_engine_is_not_taken_for_one(serve: Serve) -> None:
    with pytest.raises(MachineError, match="does not speak HTTP"):
        open_engine({"DOCKER_HOST": serve({b"/_ping": b"SSH-2.0-OpenSSH\r\n"})})

    with pytest.raises(MachineError, match="status 404"):
        open_engine({"DOCKER_HOST": serve({})})


def test_a_socket_that_one_may_not_use_is_told_with_its_group(tmp_path: Path) -> None:
    told = engine._reason(tmp_path, PermissionError(13, "Permission denied"))

    assert f"you may not use `{tmp_path}`" in told
    assert f"members of its group `{engine._group(tmp_path)}`" in told


def test_sockets_in_folders_that_one_may_not_enter_are_passed_over(tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root may enter every folder")
    (tmp_path / "run").mkdir(mode=0)

    found = list(engine._sockets({"XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": "/nowhere"}))

    assert not [each for each in found if each.is_relative_to(tmp_path)]


def test_an_engines_no_is_told_in_its_own_words(serve: Serve) -> None:
    no = b'HTTP/1.0 409 Conflict\r\n\r\n{"message":"name\\nin use."}'
    asked = Engine(serve({b"/v1.41/containers/create": no, b"/v1.41/broken": no[:24]}), "1.41")

    with pytest.raises(Refused, match=r"^name in use$") as raised:
        asked.ask("POST", "/containers/create", {})

    assert raised.value.status == 409
    with pytest.raises(Refused, match="status 409"):
        asked.ask("GET", "/broken")


def test_an_engine_that_goes_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="does not answer"):
        Engine(f"unix://{tmp_path / 'gone.sock'}").ask("GET", "/version")
