import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from localfn.debug.adapters import Adapter
from localfn.debug.debugger import Debugger
from localfn.debug.debuggers import Debuggers, debuggable
from localfn.debug.kinds import KINDS
from localfn.errors import MachineError, ProjectError
from localfn.model import Function, InstancePlan, Mount, Site
from tests.dap import Client
from tests.unit.debug.test_relay import await_that

ADAPTER = Adapter((3, 10), "1.8.22", Path("/cache/debugpy/1.8.22"))


def plan(
    site: Site, command: tuple[str, ...] = ("python3", "-u", "/rt/bootstrap.py")
) -> InstancePlan:
    return InstancePlan(
        function=Function("resize", "python3.10", "index.handler", Path("/w/code")),
        site=site,
        wire="bootstrap",
        command=command,
        folder=Path("/code"),
        environment={"STAGE": "dev"},
        init={},
        memory_mb=128,
        cpu=0.1,
        mounts=(Mount(Path("/w/code"), "/code"), Mount(Path("/w/runtimes/python"), "/rt")),
        fingerprint="same",
    )


Make = Callable[..., Debugger]


@pytest.fixture
def make(port: int) -> Iterator[Make]:
    made: list[Debugger] = []

    def run(language: str = "python", *, waits: bool = True, spoken: str = "") -> Debugger:
        kind = KINDS[language]
        made.append(Debugger("resize", port, kind, lambda line: None, waits=waits, language=spoken))
        return made[-1]

    yield run
    for each in made:
        each.close()


def at(port: int) -> tuple[str, int]:
    return "127.0.0.1", port


def test_a_container_is_debugged_on_the_port_that_the_editor_knows(make: Make, port: int) -> None:
    debugger = make()

    planned = debugger.plan(plan(Site.CONTAINER), "3.10", (ADAPTER,), "/code")

    assert planned.debug_ports == (port,)
    assert planned.mounts[-1] == Mount(ADAPTER.folder, "/var/localfn-debug/1.8.22")
    assert planned.memory_mb > 128
    assert planned.cpu is None
    assert planned.fingerprint != "same"
    told = debugger.begin(at)
    assert (told["host"], told["port"]) == ("0.0.0.0", port)
    assert told["folders"] == [[[3, 10], "/var/localfn-debug/1.8.22"]]


def test_a_process_is_debugged_on_a_port_of_its_own_on_this_machine(make: Make, port: int) -> None:
    debugger = make()

    planned = debugger.plan(plan(Site.PROCESS), "3.10", (ADAPTER,), "/code")

    told = debugger.begin(at)
    assert told["host"] == "127.0.0.1"
    assert planned.debug_ports == (told["port"],)
    assert told["port"] != port
    assert told["folders"] == [[[3, 10], str(ADAPTER.folder)]]


@pytest.mark.parametrize(("version", "expected"), [("3.12", True), ("2.7", False)])
def test_the_worker_and_not_its_supervisor_reads_the_library_from_files(
    make: Make, version: str, expected: bool
) -> None:
    command = (
        "python3",
        "-S",
        "/rt/supervisor.py",
        "--",
        "python3",
        "-u",
        "-B",
        "/rt/bootstrap.py",
    )

    planned = make().plan(plan(Site.CONTAINER, command), version, (), "/code")

    option = ("-X", "frozen_modules=off") if expected else ()
    assert planned.command == (*command[:5], *option, *command[5:])


def test_time_stands_while_code_waits_for_an_editor_and_a_heartbeat_says_so(
    make: Make, port: int
) -> None:
    debugger = make()
    debugger.plan(plan(Site.PROCESS), "3.10", (ADAPTER,), "/code")
    assert debugger.heartbeat() == ""

    told = debugger.begin(at)

    assert told["wait_s"] is None
    assert debugger.clock.stands
    assert f"waits for an editor at 127.0.0.1:{port}" in debugger.heartbeat()


def test_code_that_does_not_wait_still_waits_for_an_editor_that_is_there(
    make: Make, port: int
) -> None:
    debugger = make(waits=False)
    debugger.plan(plan(Site.PROCESS), "3.10", (ADAPTER,), "/code")
    assert debugger.begin(at)["wait_s"] == 0
    assert not debugger.clock.stands

    editor = Client(port)
    editor.send("initialize")
    await_that(lambda: debugger.begin(at)["wait_s"])

    assert "waits for its editor" in debugger.heartbeat()
    editor.close()


def test_a_custom_runtime_is_told_the_port_for_its_own_debugger(make: Make, port: int) -> None:
    debugger = make("custom")

    planned = debugger.plan(plan(Site.CONTAINER, ()), "", (), "/code")

    assert planned.environment["LOCALFN_DEBUG_PORT"] == str(port)
    assert planned.command == ()
    assert debugger.begin(at)["wait_s"] == 0


@pytest.mark.parametrize("site", list(Site))
def test_a_program_whose_language_is_told_opens_its_debugger_where_it_can_be_reached(
    make: Make, port: int, site: Site
) -> None:
    debugger = make("custom", spoken="java")
    served = plan(site, ("java", "Server"))._replace(wire="http", load_timeout_s=30.0)

    planned = debugger.plan(served, "", (), "/code")

    (inside,) = planned.debug_ports
    where = f"0.0.0.0:{port}" if site is Site.CONTAINER else f"127.0.0.1:{inside}"
    assert planned.environment["JAVA_TOOL_OPTIONS"].endswith(f"suspend=y,address={where}")
    assert planned.command == ("java", "Server")
    # Before main is no reason to give up.
    assert planned.load_timeout_s is None
    debugger.begin(at)
    assert "waits for an editor" in debugger.heartbeat()


def test_a_program_that_a_bootstrap_starts_is_started_by_its_debugger_inside(make: Make) -> None:
    debugger = make("go", spoken="go", waits=False)
    planned = debugger.plan(plan(Site.PROCESS), "", (), "/code")

    told = debugger.begin(at)["command"]

    assert planned.command == plan(Site.PROCESS).command
    assert isinstance(told, list)
    assert told[:3] == ["dlv", "exec", "PROGRAM"]
    assert debugger.heartbeat() == ""


def test_a_debugger_that_calls_its_editor_leaves_the_port_to_it(make: Make, port: int) -> None:
    debugger = make("custom", spoken="php")
    planned = debugger.plan(plan(Site.PROCESS, ("php",)), "", (), "/code")

    with socket.create_server(("127.0.0.1", port)):
        pass

    assert planned.environment["XDEBUG_CONFIG"].endswith(f"client_port={port}")
    debugger.begin(at)
    assert debugger.heartbeat() == ""


def test_an_editor_that_comes_before_any_worker_wakes_its_function_once(
    make: Make, port: int
) -> None:
    debugger, woken = make(waits=False), []
    debugger.plan(plan(Site.PROCESS), "3.10", (ADAPTER,), "/code")
    debugger.attend(lambda: woken.append("woken"))

    with closing(Client(port)):
        await_that(lambda: woken)
        assert debugger.begin(at)["wait_s"] != 0

    with closing(Client(port)) as late:
        late.send("initialize")
        assert not late.await_close(0.1)
    assert woken == ["woken"]


def test_only_functions_with_a_debugger_are_debugged_unless_named() -> None:
    said: list[str] = []
    languages = {"a": "python", "b": "", "c": "nodejs"}

    assert debuggable((), languages, said.append) == {"a": "python", "c": "nodejs"}
    assert "b" in said[0]
    assert debuggable(("c",), languages, said.append) == {"c": "nodejs"}
    with pytest.raises(ProjectError) as caught:
        debuggable(("b",), languages, said.append)
    assert "`b`" in caught.value.message


def test_a_taken_port_gives_the_others_back(tmp_path: Path, port: int) -> None:
    languages = {"a": "python", "b": "python"}
    first = Debuggers({"b": "python"}, {"b": port}, tmp_path, lambda line: None, waits=True)
    other = port + 1 if port < 65000 else port - 1

    with pytest.raises(MachineError):
        Debuggers(languages, {"a": other, "b": port}, tmp_path, lambda line: None, waits=True)

    again = Debuggers({"a": "python"}, {"a": other}, tmp_path, lambda line: None, waits=True)
    for each in (first, again):
        each.close()


def test_heartbeats_come_more_and_more_rarely(tmp_path: Path, port: int) -> None:
    said: list[str] = []
    opened = Debuggers(
        {"a": "python"}, {"a": port}, tmp_path, said.append, waits=True, heartbeat_s=0.02
    )
    debugger = opened.of("a")
    assert debugger is not None
    debugger.plan(plan(Site.PROCESS), "3.10", (ADAPTER,), "/code")
    debugger.begin(at)

    await_that(lambda: len([line for line in said if "still waits" in line]) >= 3)
    opened.close()
    count = len(said)
    time.sleep(0.2)

    assert len(said) == count
    assert said[0] == f"debugger listening on 127.0.0.1:{port} (a)"
