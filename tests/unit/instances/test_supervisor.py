"""The main process of a container, as a plain process in every Python and in Node.js."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localfn import assets
from localfn.instances.stream import StreamChannel
from localfn.wires.frames import ChannelClosed, Frame
from tests import interpreters

RUNTIMES = assets.folder("runtimes")
WORKER = str(Path(__file__).parents[2] / "functions" / "frames" / "worker.py")
# What a Node.js supervisor starts has its frames on 3 and 4.
MOVE_FRAMES = ("/bin/sh", "-c", 'exec <&3 >&4 3<&- 4>&-; exec "$0" "$@"')
LIMIT_S = 10.0


class Supervised:
    """A supervisor with its worker, and the host's end of the stream."""

    def __init__(self, supervisor: tuple[str, ...], worker: tuple[str, ...]) -> None:
        self.process = subprocess.Popen(
            [*supervisor, "--", *worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin
        assert self.process.stdout
        ends = [os.dup(each.fileno()) for each in (self.process.stdin, self.process.stdout)]
        self.process.stdin.close()
        self.process.stdout.close()
        self.channel = StreamChannel(*ends)

    def do(self, code: str, payload: bytes = b"") -> None:
        self.channel.send({"kind": "do", "id": "1", "code": code}, payload)

    def receive(self) -> Frame:
        frame = self.channel.receive(LIMIT_S)
        assert frame is not None
        return frame

    def answer(self, code: str) -> object:
        self.do(code)
        return self.receive().header["answer"]

    def renew(self) -> None:
        """Have a worker started where there is none."""
        self.channel.send({"kind": "renew"})
        assert self.receive().kind == "renewed"

    def close(self) -> None:
        self.channel.close()
        self.process.wait(LIMIT_S)
        assert self.process.stderr
        self.process.stderr.close()


Supervise = Callable[..., Supervised]


def supervisors() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Name -> the command of a supervisor, and that of a worker it can look after."""
    found = {}
    for version, program in interpreters.found().items():
        script = str(RUNTIMES / "python" / "supervisor.py")
        worker = (str(program), "-S", WORKER)
        found[f"python{version}"] = ((str(program), "-S", "-E", "-B", script), worker)
    nodes = list(interpreters.nodes().items())
    # The oldest and the newest tell as much as all of them.
    for version, program in dict(nodes[:1] + nodes[-1:]).items():
        script = str(RUNTIMES / "nodejs" / "supervisor.js")
        worker = (*MOVE_FRAMES, sys.executable, "-S", WORKER)
        found[f"nodejs{version}"] = ((str(program), script), worker)
    return found


@pytest.fixture(params=supervisors().values(), ids=supervisors())
def supervise(request: pytest.FixtureRequest) -> Iterator[Supervise]:
    supervisor, worker = request.param
    started: list[Supervised] = []

    def start(*command: str) -> Supervised:
        started.append(Supervised(supervisor, command or worker))
        return started[-1]

    yield start
    for each in started:
        each.close()


def lives(pid: object) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(pid: object, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if not lives(pid):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("size", [0, 1, 65_000, 65_536, 65_537, 6 << 20])
def test_supervisor_relays_frames_of_any_size_unchanged(supervise: Supervise, size: int) -> None:
    channel = supervise().channel
    payload = os.urandom(size)

    for name in ("first", "second"):
        channel.send({"kind": "echo", "id": name}, payload, LIMIT_S)

    for name in ("first", "second"):
        frame = channel.receive(LIMIT_S)
        assert frame is not None
        assert frame.header["id"] == name
        assert frame.payload == payload


def test_supervisor_tells_the_code_of_a_worker_that_left(supervise: Supervise) -> None:
    supervised = supervise()

    supervised.do("import os; os._exit(7)")

    told = supervised.receive().header
    assert told["kind"] == "exited"
    assert (told["code"], told["signal"], told["oom"]) == (7, 0, False)
    assert told["peak_kb"] > 0


def test_supervisor_tells_the_signal_of_a_worker_that_was_killed(supervise: Supervise) -> None:
    supervised = supervise()

    supervised.do("import os; os.kill(os.getpid(), 9)")

    told = supervised.receive().header
    assert (told["kind"], told["code"], told["signal"]) == ("exited", 0, 9)


def test_supervisor_tells_of_a_worker_that_cannot_be_started(supervise: Supervise) -> None:
    supervised = supervise("/nowhere/python")

    assert supervised.receive().header["code"] == 127


def test_supervisor_ends_a_worker_that_ends_at_the_first_word(supervise: Supervise) -> None:
    supervised = supervise()
    supervised.answer("pass")

    supervised.channel.send({"kind": "kill", "grace_s": 5})

    assert supervised.receive().header["signal"] == signal.SIGTERM


def test_supervisor_ends_a_worker_that_will_not_listen_when_its_grace_is_over(
    supervise: Supervise,
) -> None:
    supervised = supervise()
    supervised.answer("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")

    started = time.monotonic()
    supervised.channel.send({"kind": "kill", "grace_s": 0.2})

    assert supervised.receive().header["signal"] == signal.SIGKILL
    assert 0.19 < time.monotonic() - started < 2


def test_supervisor_ends_the_children_of_a_worker_with_it(supervise: Supervise) -> None:
    supervised = supervise()
    child = supervised.answer(
        "import subprocess; answer = subprocess.Popen(['sleep', '60'], close_fds=False).pid"
    )

    supervised.channel.send({"kind": "kill", "grace_s": 0})

    assert supervised.receive().kind == "exited"
    assert gone_within(child, 1)


def test_supervisor_starts_a_new_worker_when_asked_to(supervise: Supervise) -> None:
    supervised = supervise()
    first = supervised.answer("import os; answer = os.getpid()")
    supervised.channel.send({"kind": "kill", "grace_s": 0})
    assert supervised.receive().kind == "exited"

    supervised.renew()

    second = supervised.answer("import os; answer = os.getpid()")
    assert second != first
    assert not lives(first)


def test_supervisor_replaces_a_worker_that_still_runs(supervise: Supervise) -> None:
    supervised = supervise()
    first = supervised.answer("import os; answer = os.getpid()")

    supervised.channel.send({"kind": "renew", "mark": "printed until here"})

    assert supervised.receive().kind == "exited"
    assert supervised.receive().kind == "renewed"
    assert supervised.answer("import os; answer = os.getpid()") != first


def test_supervisor_tells_where_the_output_of_a_replaced_worker_ends(supervise: Supervise) -> None:
    supervised = supervise()
    supervised.answer("import os; os.write(2, b'old')")

    supervised.channel.send({"kind": "renew", "mark": "|"})
    assert [supervised.receive().kind for _ in range(2)] == ["exited", "renewed"]
    supervised.answer("import os; os.write(2, b'new')")

    assert supervised.process.stderr
    assert supervised.process.stderr.read(7) == b"old|new"


def test_supervisor_keeps_frames_apart_when_no_worker_takes_them(supervise: Supervise) -> None:
    supervised = supervise()
    supervised.channel.send({"kind": "kill", "grace_s": 0})
    assert supervised.receive().kind == "exited"

    supervised.channel.send({"kind": "echo", "id": "lost"}, bytes(1 << 20), LIMIT_S)
    supervised.renew()
    supervised.channel.send({"kind": "echo", "id": "kept"}, b"x", LIMIT_S)

    frame = supervised.receive()
    assert (frame.header["id"], frame.payload) == ("kept", b"x")


def test_supervisor_passes_on_what_was_written_before_the_end(supervise: Supervise) -> None:
    supervised = supervise()

    supervised.do(
        "import os\nfor n in range(9): put(frame({'kind': 'result', 'n': n}, b'x' * 5000))\n"
        "os._exit(3)"
    )

    assert [supervised.receive().header["n"] for _ in range(9)] == list(range(9))
    assert supervised.receive().header["code"] == 3


def test_supervisor_drops_a_small_frame_that_its_worker_did_not_finish(
    supervise: Supervise,
) -> None:
    supervised = supervise()

    supervised.do("import os; put(frame({'kind': 'result'}, b'x' * 99)[:50]); os._exit(4)")

    assert supervised.receive().header["code"] == 4
    supervised.renew()
    assert supervised.answer("answer = 'fine'") == "fine"


def test_supervisor_hangs_up_when_its_worker_dies_within_a_large_frame(
    supervise: Supervise,
) -> None:
    supervised = supervise()

    supervised.do("import os; put(frame({'kind': 'result'}, b'x' * 300000)[:200000]); os._exit(4)")

    with pytest.raises(ChannelClosed):
        supervised.channel.receive(LIMIT_S)
    assert supervised.process.wait(LIMIT_S) == 70


def test_supervisor_obeys_while_its_worker_does_not_finish_a_frame(supervise: Supervise) -> None:
    supervised = supervise()
    supervised.do("import time; put(frame({'kind': 'result'}, b'x' * 99)[:50]); time.sleep(60)")
    time.sleep(0.2)

    supervised.channel.send({"kind": "kill", "grace_s": 0})

    assert supervised.receive().header["signal"] == signal.SIGKILL


def test_supervisor_ends_with_its_worker_when_the_host_is_gone(supervise: Supervise) -> None:
    supervised = supervise()
    worker = supervised.answer("import os; answer = os.getpid()")
    supervised.do("import time; time.sleep(60)")

    supervised.channel.close()

    assert supervised.process.wait(1) == 0
    assert gone_within(worker, 1)


def test_supervisor_ends_when_the_host_is_gone_within_a_frame_that_nobody_reads(
    supervise: Supervise,
) -> None:
    supervised = supervise()
    worker = supervised.answer("import os; answer = os.getpid()")
    supervised.do("import time; time.sleep(60)")
    # A supervisor may keep what its worker does not read.
    with contextlib.suppress(TimeoutError):
        supervised.channel.send({"kind": "echo"}, bytes(16 << 20), 0.5)

    supervised.channel.close()

    assert supervised.process.wait(1) == 0
    assert gone_within(worker, 1)


def test_supervisor_lets_a_stopping_worker_finish_when_the_host_is_gone(
    supervise: Supervise, tmp_path: Path
) -> None:
    supervised = supervise()
    supervised.answer(
        "import atexit, time\n"
        "def last():\n"
        "    time.sleep(0.3)\n"
        f"    open({str(tmp_path / 'done')!r}, 'w').close()\n"
        "atexit.register(last)"
    )

    supervised.channel.send({"kind": "stop"})
    supervised.channel.close()

    assert supervised.process.wait(3) == 0
    assert (tmp_path / "done").exists()


def test_supervisor_passes_a_request_to_end_on_to_its_worker(
    supervise: Supervise, tmp_path: Path
) -> None:
    supervised = supervise()
    supervised.answer(
        "import signal, sys\n"
        "def end(number, frame):\n"
        f"    open({str(tmp_path / 'asked')!r}, 'w').close()\n"
        "    sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, end)"
    )
    # In short naps: Python does not see a signal that comes just before a long sleep begins.
    supervised.do("import time\nwhile True: time.sleep(0.05)")

    supervised.process.terminate()

    assert supervised.receive().header["code"] == 5
    assert supervised.process.wait(3) == 128 + signal.SIGTERM
    assert (tmp_path / "asked").exists()


def test_supervisor_gives_its_worker_a_session_and_default_signals(supervise: Supervise) -> None:
    supervised = supervise()

    told = supervised.answer(
        "import os, signal\n"
        "answer = [os.getsid(0) == os.getpid(), signal.getsignal(signal.SIGTERM) == 0,\n"
        "          sorted(int(n) for n in os.listdir('/proc/self/fd') if os.path.exists("
        "'/proc/self/fd/' + n))[:3]]"
    )

    assert told == [True, True, [0, 1, 2]]
