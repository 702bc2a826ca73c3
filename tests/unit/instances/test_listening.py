"""Where a server listens, and what is said of it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from localfn.instances import listening
from localfn.instances.listening import Listener, advice

SERVE = """
import socket, sys
served = socket.create_server((sys.argv[1], 0))
print(served.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, int]]:
    """Return address and port of a server in a process group of its own, and the group."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        yield request.param, int(process.stdout.readline()), process.pid
        process.communicate()


def test_the_listeners_of_a_group_are_found(server: tuple[str, int, int]) -> None:
    address, port, group = server

    found = listening.of_group(group)

    assert found == {Listener(port, loopback=address == "127.0.0.1")}


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's tables are Linux's")
def test_a_port_on_loopback_only_is_told_apart(server: tuple[str, int, int]) -> None:
    address, port, _ = server

    assert listening.is_loopback_only(port) == (address == "127.0.0.1")
    assert Listener(port, address == "127.0.0.1") in listening.of_namespace(os.getpid())


def test_the_advice_names_what_is_and_what_should_be() -> None:
    elsewhere = advice({Listener(8080, loopback=False)}, 9000, ("PORT",))
    inside = advice({Listener(9000, loopback=True)}, 9000, ("PORT",))

    assert "listens on port 8080, not on 9000" in elsewhere
    assert "`PORT`" in elsewhere
    assert "loopback only" in inside
    assert advice((), 9000, ("PORT",)) == ""


def test_who_is_reached_in_this_very_network_is_for_others_to_tell() -> None:
    assert listening.is_reachable(os.getpid(), 9000) is None
    assert listening.is_reachable(-1, 9000) is None
