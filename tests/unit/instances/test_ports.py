"""Ports of servers in processes: each to one server, of whatever session."""

import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from localfn.instances.ports import Ports, is_free

Take = Callable[[Ports, int], int]


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def take() -> Iterator[Take]:
    """Take ports that are given back at the end."""
    taken: list[tuple[Ports, int]] = []

    def take(ports: Ports, wanted: int) -> int:
        taken.append((ports, ports.take(wanted)))
        return taken[-1][1]

    yield take
    for ports, port in taken:
        ports.give_back(port)


def test_a_port_is_lent_to_one_server_at_a_time(take: Take, free: int) -> None:
    ports = Ports()
    first, second = take(ports, free), take(ports, free)

    ports.give_back(first)

    assert first == free != second
    assert take(ports, free) == free


def test_a_port_that_somebody_listens_on_is_not_lent(take: Take) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert take(Ports(), port) != port


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that end by themselves")
def test_a_port_that_another_session_has_lent_is_not_lent_though_nobody_listens_yet(
    take: Take, free: int
) -> None:
    mine, others = Ports(), Ports()
    take(mine, free)

    assert take(others, free) != free
    mine.give_back(free)
    assert take(others, free) == free


def test_a_port_that_cannot_be_is_not_free() -> None:
    assert not is_free(70_000)
