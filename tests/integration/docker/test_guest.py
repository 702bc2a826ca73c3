"""What a container gives a worker, and how it ends."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.errors import MachineError, ProjectError
from localfn.instances.docker import DockerBackend
from localfn.instances.engine import Engine
from localfn.model import Mount
from localfn.wires.frames import ChannelClosed

pytestmark = pytest.mark.docker
Gone = Callable[[str, float], bool]


@pytest.mark.parametrize("size", [0, 1024, 6 << 20])
def test_frames_come_back_unchanged(start, size: int) -> None:
    guest = start().guest
    payload = os.urandom(size)

    for name in ("first", "second"):
        guest.channel.send({"kind": "echo", "id": name}, payload, 20)
        frame = guest.channel.receive(20)

        assert frame.header["id"] == name
        assert frame.payload == payload


def test_prints_go_to_the_tape_and_never_into_frames(start) -> None:
    worker = start()

    answer = worker.answer(
        "import os, sys\n"
        "print('printed'); sys.stdout.flush()\n"
        "os.write(1, b'written to 1\\n'); os.system('echo from a child')\n"
        f"os.write(2, b'\\x00{worker.guest.tape.token}:1\\x00'); answer = 'clean'"
    )

    assert answer == "clean"
    assert worker.guest.tape.take("1", 5) == b"printed\nwritten to 1\nfrom a child\n"


def test_prints_between_pieces_of_a_large_frame_do_not_break_it(start) -> None:
    worker = start()

    worker.do(
        "import os\n"
        "whole = frame({'kind': 'result', 'answer': 1}, b'x' * (3 << 20))\n"
        "for at in range(0, len(whole), 100000):\n"
        "    put(whole[at:at + 100000]); os.write(2, b'.' * 1000)\n"
        f"os.write(2, b'\\x00{worker.guest.tape.token}:1\\x00')"
    )

    assert worker.receive().payload == b"x" * (3 << 20)
    assert worker.guest.tape.take("1", 5) == b"." * 1000 * 32


def test_a_worker_that_left_is_told_with_its_code(start) -> None:
    worker = start()

    worker.do("import os; os._exit(7)")

    with pytest.raises(ChannelClosed):
        worker.receive()
    ended = worker.guest.await_exit(5)
    assert (ended.code, ended.signal, ended.out_of_memory) == (7, 0, False)


def test_a_worker_that_killed_itself_is_not_taken_for_one_without_memory(start) -> None:
    worker = start()

    worker.do("import os; os.kill(os.getpid(), 9)")

    ended = worker.guest.await_exit(5)
    assert (ended.signal, ended.out_of_memory) == (9, False)


def test_a_worker_that_takes_too_much_memory_is_told_as_such(start) -> None:
    worker = start(memory_mb=64)

    worker.do("x = bytearray(200 << 20)")

    ended = worker.guest.await_exit(10)
    assert (ended.signal, ended.out_of_memory) == (9, True)
    assert 40 < ended.peak_memory_mb < 90


def test_a_worker_may_use_all_the_memory_it_was_promised(start) -> None:
    worker = start(memory_mb=64)

    assert worker.answer("x = bytearray(50 << 20); answer = len(x)") == 50 << 20


def test_kill_ends_a_worker_that_ignores_words(start, gone: Gone) -> None:
    worker = start()
    worker.answer("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    worker.do("import time; time.sleep(60)")

    started = time.monotonic()
    ended = worker.guest.kill(0.2)
    again = worker.guest.kill(0)

    assert ended.signal == again.signal == 9
    assert time.monotonic() - started < 1
    worker.guest.close()
    assert gone(worker.container, 2)


def test_kill_ends_a_guest_that_does_not_even_read(start, gone: Gone) -> None:
    worker = start()
    worker.do("import time; time.sleep(60)")
    with pytest.raises(TimeoutError):
        worker.guest.channel.send({"kind": "echo"}, bytes(32 << 20), 0.5)

    ended = worker.guest.kill(0)

    assert ended.signal == 9
    assert gone(worker.container, 2)


def test_nothing_is_left_of_a_closed_guest(start, gone: Gone) -> None:
    worker = start()
    worker.do("import os, time\nif not os.fork():\n    os.setsid()\ntime.sleep(60)")

    worker.guest.close()
    worker.guest.close()

    assert gone(worker.container, 2)


def test_a_container_that_somebody_removes_is_told_as_killed(start, engine: Engine) -> None:
    worker = start()
    worker.answer("pass")

    engine.ask("DELETE", f"/containers/{worker.container}?force=1")

    with pytest.raises(ChannelClosed):
        worker.receive()
    assert worker.guest.await_exit(5).signal == 9


def test_code_and_root_are_read_only_and_tmp_has_its_size(start) -> None:
    worker = start(disk_mb=8)

    assert worker.answer("import sys; sys.path.insert(0, '/code'); import index; answer=index.word")
    for folder in ("/code", "/var/localfn", "/", "/root", "/etc"):
        refusal = worker.refusal(f"open('{folder}/new', 'w')")
        assert refusal in ("EROFS", "EACCES"), folder
    assert worker.refusal("open('/code/new', 'w')") == "EROFS"
    assert worker.answer("open('/tmp/x', 'wb').write(bytes(7 << 20)); answer = 'ok'") == "ok"
    assert worker.refusal("open('/tmp/y', 'wb').write(bytes(2 << 20))") == "ENOSPC"


def test_a_worker_has_no_rights(start) -> None:
    told = start().answer(
        "import os\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "answer = {name: status[name].strip() for name in ('CapEff', 'CapBnd', 'NoNewPrivs')}\n"
        "answer['user'] = [os.getuid(), os.getgid()]\n"
        "answer['home'] = os.environ['HOME']\n"
        "answer['stage'] = os.environ['STAGE']\n"
        "answer['network'] = os.listdir('/sys/class/net')"
    )

    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
    assert told["NoNewPrivs"] == "1"
    own = [os.getuid(), os.getgid()]
    assert told["user"] == (own if own[0] else [10003, 10003])
    assert (told["home"], told["stage"], told["network"]) == ("/tmp", "dev", ["lo"])


def test_code_that_only_root_may_read_can_be_run_by_root(start, code: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can hide a folder from the function's user")
    code.chmod(0o700)

    worker = start()

    assert worker.answer("answer = open('/code/index.py').read()") == "word = 'mounted'\n"


def test_cpu_is_limited_only_when_the_plan_says_so(start, engine: Engine) -> None:
    free, limited = start(), start(cpu=0.25)

    def quota(container: str) -> float:
        host = engine.ask("GET", f"/containers/{container}/json")["HostConfig"]
        return host["CpuQuota"] / (host["CpuPeriod"] or 1)

    assert quota(free.container) == 0
    assert quota(limited.container) == 0.25


def test_values_of_variables_are_on_no_command_line(start, engine: Engine) -> None:
    worker = start(environment={"SECRET": "s3cret-value"})

    shown = engine.ask("GET", f"/containers/{worker.container}/json")

    assert worker.answer("import os; answer = os.environ['SECRET']") == "s3cret-value"
    assert "s3cret-value" not in repr([shown["Path"], shown["Args"]])
    assert shown["Config"]["Labels"]["io.localfn"] == "1"
    assert shown["Config"]["Labels"]["io.localfn.function"] == "probe"


def test_folders_with_awkward_names_are_mounted(start, plan, tmp_path: Path) -> None:
    folder = tmp_path / "a:b 'c'"
    folder.mkdir()
    (folder / "found").touch()

    worker = start(mounts=(*plan().mounts, Mount(folder, "/opt")))

    assert worker.answer("import os; answer = os.listdir('/opt')") == ["found"]


def test_a_folder_that_is_not_there_is_named(start, engine: Engine, tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    with pytest.raises(ProjectError, match=str(missing)) as raised:
        start(mounts=(Mount(missing, "/code"),))

    assert raised.value.hint
    assert not missing.exists()


def test_a_main_process_that_is_not_there_is_told_and_leaves_nothing(
    start, engine: Engine, gone: Gone
) -> None:
    before = engine.ask("GET", "/containers/json?all=1")

    with pytest.raises(MachineError, match="no-such-program"):
        start(command=("no-such-program",))

    left = {each["Id"] for each in engine.ask("GET", "/containers/json?all=1")}
    assert all(gone(each, 2) for each in left - {each["Id"] for each in before})


def test_an_unknown_network_is_told(plan, engine: Engine, backend: DockerBackend) -> None:
    backend._network = "no-such-network"

    with pytest.raises(MachineError, match="no-such-network"):
        backend.start(plan(), print)


def test_guests_are_started_side_by_side(start) -> None:
    answers: list[object] = []

    def run(number: int) -> None:
        answers.append(start().answer(f"answer = {number}"))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert sorted(answers) == [0, 1, 2, 3]
