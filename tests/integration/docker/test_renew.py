"""A container whose worker was replaced is as good as a new one, and the same one still."""

import threading
import time

import pytest

from localfn.instances.docker import DockerGuest
from localfn.instances.engine import Engine
from localfn.wires.frames import ChannelClosed

pytestmark = pytest.mark.docker


def test_a_renewed_guest_has_another_worker_in_the_same_container(start) -> None:
    worker = start()
    worker.answer("import builtins; builtins.left = 1")

    assert worker.guest.renew()

    assert worker.answer("import builtins; answer = hasattr(builtins, 'left')") is False


def test_a_guest_can_be_renewed_many_times(start) -> None:
    worker = start()
    seen = set()

    for _ in range(10):
        seen.add(worker.answer("import os; answer = os.getpid()"))
        assert worker.guest.renew()

    assert len(seen) == 10


def test_a_guest_whose_worker_has_ended_is_renewed(start) -> None:
    worker = start()
    worker.do("import os; os._exit(7)")
    with pytest.raises(ChannelClosed):
        worker.receive()
    assert worker.guest.await_exit(5).code == 7

    assert worker.guest.renew()

    assert worker.guest.await_exit(0) is None
    assert worker.answer("answer = 'fine'") == "fine"
    worker.do("import os; os._exit(8)")
    assert worker.guest.await_exit(5).code == 8


def test_a_guest_whose_worker_is_stuck_is_renewed(start) -> None:
    worker = start()
    worker.do("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")

    assert worker.guest.renew()

    assert worker.answer("answer = 'fine'") == "fine"


def test_a_guest_whose_worker_ran_out_of_memory_is_renewed_and_has_all_of_it_again(start) -> None:
    worker = start(memory_mb=64)
    worker.do("x = bytearray(200 << 20)")
    assert worker.guest.await_exit(10).out_of_memory

    assert worker.guest.renew()

    assert worker.answer("x = bytearray(50 << 20); answer = len(x)") == 50 << 20
    worker.do("import os; os.kill(os.getpid(), 9)")
    assert not worker.guest.await_exit(5).out_of_memory


def test_nothing_that_the_old_worker_started_or_wrote_is_left(start) -> None:
    worker = start(disk_mb=8)
    worker.answer(
        "import os, time\n"
        "os.makedirs('/tmp/a/b'); open('/tmp/a/b/c', 'wb').write(bytes(6 << 20))\n"
        "os.symlink('/code', '/tmp/link')\n"
        "if not os.fork():\n"
        "    os.setsid()\n"
        "    time.sleep(60)"
    )

    assert worker.guest.renew()

    assert worker.answer("import os; answer = os.listdir('/tmp')") == []
    assert worker.answer("answer = open('/tmp/x', 'wb').write(bytes(7 << 20))") == 7 << 20
    # Number 1 is the supervisor.
    count = "import os; answer = len([each for each in os.listdir('/proc') if each.isdigit()])"
    assert worker.answer(count) == 2
    assert worker.answer("import os; answer = os.listdir('/code')") == ["index.py"]


def test_what_the_old_worker_printed_is_not_taken_for_the_new_ones(start) -> None:
    worker = start()
    worker.do("import os\nwhile True: os.write(2, b'old ' * 100)")
    time.sleep(0.2)

    assert worker.guest.renew()
    token = worker.guest.tape.token
    worker.answer(f"import os; os.write(2, b'new\\x00{token}:1\\x00')")

    assert worker.guest.tape.take("1", 5) == b"new"


def test_who_still_waits_for_the_old_worker_is_told_that_it_is_gone(start) -> None:
    worker = start()
    told: list[BaseException] = []
    channel = worker.guest.channel

    def ask() -> None:
        try:
            channel.ask({"kind": "do", "id": "a", "code": "import time; time.sleep(60)"})
        except ChannelClosed as error:
            told.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)

    assert worker.guest.renew()
    asking.join(5)

    assert len(told) == 1


def test_a_guest_whose_container_is_gone_cannot_be_renewed(start, engine: Engine) -> None:
    worker = start()
    worker.answer("pass")

    engine.ask("DELETE", f"/containers/{worker.container}?force=1")

    assert not worker.guest.renew()
    worker.guest.close()


def test_a_guest_that_has_half_a_frame_cannot_be_renewed(start) -> None:
    worker = start()
    worker.do("import time; time.sleep(60)")
    with pytest.raises(TimeoutError):
        worker.guest.channel.send({"kind": "echo"}, bytes(32 << 20), 0.3)

    started = time.monotonic()
    renewed = worker.guest.renew()

    assert not renewed
    assert time.monotonic() - started < 1
    assert isinstance(worker.guest, DockerGuest)
    worker.guest.close()
