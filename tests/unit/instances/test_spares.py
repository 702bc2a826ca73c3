"""Guests that wait are used once, by whom they were started for, and never outlive their reason."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.instances import spares as spares_module
from localfn.instances.guest import Exit
from localfn.instances.spares import Spares
from localfn.model import Function, InstancePlan, Mount, Site
from localfn.wires.frames import ChannelClosed
from tests.unit.invoke.fakes import until


class FakeChannel:
    def __init__(self) -> None:
        self.sent: list[Mapping[str, object]] = []
        self.is_gone = False

    def send(self, header: Mapping[str, object], payload: bytes = b"", limit_s: object = 0) -> None:
        if self.is_gone:
            raise ChannelClosed
        self.sent.append(header)


class FakeGuest:
    def __init__(self, renewable: bool) -> None:
        self.channel = FakeChannel()
        self.renewable = renewable
        self.renewals = 0
        self.closed = False
        self.ended: Exit | None = None

    def await_exit(self, limit_s: float) -> Exit | None:
        return self.ended

    def renew(self) -> bool:
        self.renewals += self.renewable
        return self.renewable

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    site = Site.PROCESS

    def __init__(self) -> None:
        self.guests: list[FakeGuest] = []
        self.renewable = False
        self.fails = False

    def start(self, plan: InstancePlan, say: Callable[[str], None]) -> FakeGuest:
        if self.fails:
            raise MachineError("no")
        self.guests.append(FakeGuest(self.renewable))
        return self.guests[-1]

    def take_back(self, plan: InstancePlan, guest: FakeGuest) -> None:
        guest.close()

    def close(self) -> None:
        for each in self.guests:
            each.close()


def say(_: str) -> None:
    return


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spares_module, "SETTLE_S", 0.0)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def spares(backend: FakeBackend) -> Iterator[Spares]:
    made = Spares(backend, 2)
    yield made
    made.close()
    assert all(each.closed for each in backend.guests)


def plan(folder: Path, name: str = "resize", **changes: object) -> InstancePlan:
    function = Function(name, "python3.10", "index.handler", folder)
    init = {"shim": "cloud", "alone": True, "handler": "index.handler"}
    made = InstancePlan(function, Site.PROCESS, "bootstrap", (), folder, {}, init, 128)
    return made._replace(fingerprint=f"{name} {changes}", **changes)


def test_the_second_start_gets_the_spare_of_the_first(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    first = spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    second = spares.start(plan(tmp_path), say)

    assert (first, second) == (backend.guests[0], backend.guests[1])
    until(lambda: len(backend.guests) == 3)


def test_a_spare_is_told_what_it_may_load_and_nothing_of_the_users(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    assert backend.guests[0].channel.sent == []
    assert backend.guests[1].channel.sent == [{"kind": "preload", "shim": "cloud", "alone": True}]


def test_a_spare_is_only_for_its_own_plan(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    other = spares.start(plan(tmp_path, "mail"), say)

    assert other is backend.guests[2]


def test_a_spare_that_died_is_not_given(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))
    backend.guests[1].ended = Exit(signal=9)

    given = spares.start(plan(tmp_path), say)

    assert given is backend.guests[2]
    assert backend.guests[1].closed


@pytest.mark.parametrize("which", ["folder", "mount"])
def test_a_spare_whose_folder_was_replaced_is_not_given(
    spares: Spares, backend: FakeBackend, tmp_path: Path, which: str
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    planned = plan(code) if which == "folder" else plan(tmp_path, mounts=(Mount(code, "/code"),))
    spares.start(planned, say)
    until(lambda: spares.waits_for(planned))

    code.rename(tmp_path / "old")
    code.mkdir()
    given = spares.start(planned, say)

    assert given is backend.guests[2]
    assert backend.guests[1].closed


def test_no_more_spares_are_kept_than_wanted_and_the_oldest_goes(
    spares: Spares, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares_module, "SURPLUS_S", 0.0)
    for name in ("a", "b", "c"):
        spares.start(plan(tmp_path, name), say)
        until(lambda name=name: spares.waits_for(plan(tmp_path, name)))

    until(lambda: not spares.waits_for(plan(tmp_path, "a")))
    assert spares.waits_for(plan(tmp_path, "b"))
    assert spares.waits_for(plan(tmp_path, "c"))


def test_a_guest_that_can_be_renewed_is_used_again(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    guest = spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    spares.take_back(plan(tmp_path), guest)

    assert guest.renewals == 1
    assert spares.start(plan(tmp_path), say) is guest
    assert guest.channel.sent[-1]["kind"] == "preload"


def test_a_guest_that_cannot_be_renewed_is_closed(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    guest = spares.start(plan(tmp_path), say)

    spares.take_back(plan(tmp_path), guest)

    assert guest.closed


def test_a_guest_whose_folder_was_replaced_is_not_renewed(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    code = tmp_path / "code"
    code.mkdir()
    guest = spares.start(plan(code), say)
    code.rename(tmp_path / "old")
    code.mkdir()

    spares.take_back(plan(code), guest)

    assert guest.closed
    assert guest.renewals == 0


def test_more_guests_than_wanted_wait_only_for_a_while(
    spares: Spares, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares_module, "SURPLUS_S", 0.01)
    backend.renewable = True
    guests = [spares.start(plan(tmp_path), say) for _ in range(4)]
    for each in guests:
        spares.take_back(plan(tmp_path), each)

    until(lambda: sum(not each.closed for each in backend.guests) == 1)
    assert spares.waits_for(plan(tmp_path))


def test_nothing_is_started_ahead_when_no_spares_are_wanted_but_containers_are_used_again(
    backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    spares = Spares(backend, 0)
    guest = spares.start(plan(tmp_path), say)

    spares.take_back(plan(tmp_path), guest)

    assert spares.start(plan(tmp_path), say) is guest
    assert len(backend.guests) == 1
    spares.close()


@pytest.mark.parametrize("changes", [{"debug_ports": (5678,)}, {"wire": "http"}])
def test_no_spare_is_started_where_there_can_be_none(
    spares: Spares, backend: FakeBackend, tmp_path: Path, changes: dict[str, object]
) -> None:
    spares.start(plan(tmp_path, **changes), say)
    # Later wishes are served after earlier ones.
    spares.start(plan(tmp_path, "mail"), say)
    until(lambda: spares.waits_for(plan(tmp_path, "mail")))

    assert not spares.waits_for(plan(tmp_path, **changes))
    assert len(backend.guests) == 3


def test_forgetting_a_plan_ends_its_spares_and_uses_none_of_its_guests_again(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    lent = spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    spares.forget(plan(tmp_path))
    spares.take_back(plan(tmp_path), lent)

    assert backend.guests[1].closed
    assert lent.closed
    assert not spares.waits_for(plan(tmp_path))


def test_a_spare_that_cannot_be_started_is_left_to_the_call_that_needs_one(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))
    backend.fails = True
    spares.start(plan(tmp_path), say)

    with pytest.raises(MachineError):
        spares.start(plan(tmp_path), say)
    backend.fails = False
    spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))


def test_a_spare_that_died_before_it_was_told_is_not_kept(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    guest = spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))
    guest.channel.is_gone = True

    spares.take_back(plan(tmp_path), guest)

    assert guest.closed


def test_no_spare_is_kept_or_started_when_all_have_been_dropped(
    spares: Spares, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.renewable = True
    lent = spares.start(plan(tmp_path), say)
    until(lambda: spares.waits_for(plan(tmp_path)))

    spares.drop()
    spares.take_back(plan(tmp_path), lent)

    assert [each.closed for each in backend.guests] == [True, True]
    assert lent.renewals == 0


def test_a_spare_that_is_being_started_when_the_session_ends_is_ended_too(
    backend: FakeBackend, tmp_path: Path
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    start = backend.start

    def slow(planned: InstancePlan, saying: Callable[[str], None]) -> FakeGuest:
        if threading.current_thread().name == "spares":
            begun.set()
            may_go_on.wait(5)
        return start(planned, saying)

    backend.start = slow
    spares = Spares(backend, 2)
    spares.start(plan(tmp_path), say)
    assert begun.wait(5)

    spares.drop()
    may_go_on.set()
    spares.close()

    assert [each.closed for each in backend.guests] == [True, True]


def test_nothing_is_left_running_after_the_close(backend: FakeBackend, tmp_path: Path) -> None:
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    spares = Spares(backend, 2)
    spares.start(plan(tmp_path), say)

    spares.close()
    spares.close()

    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
