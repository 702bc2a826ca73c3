import json
import os
import socket
import sys
from pathlib import Path

import pytest

from localfn.debug.ports import Ports
from tests.functional.conftest import Localfn

VSCODE = ("debug-config", "vscode", "--runner", "docker")
MINE = """\
{
    // mine
    "version": "0.2.0",
    "configurations": [
        {"name": "mine", "type": "node"}, // keep
    ],
}
"""


@pytest.fixture
def launch(project: Path) -> Path:
    return project / ".vscode" / "launch.json"


def test_debug_config_writes_what_vscode_needs_and_says_so(localfn: Localfn, launch: Path) -> None:
    done = localfn(*VSCODE)

    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert b".vscode/launch.json written" in done.stderr
    (entry,) = json.loads(launch.read_text())["configurations"]
    assert entry["name"] == "localfn: echo"
    assert entry["connect"]["port"] == 5678
    assert entry["pathMappings"][0]["localRoot"] == "${workspaceFolder}/code"
    (task,) = json.loads(launch.with_name("tasks.json").read_text())["tasks"]
    # The environment that is active here is not active in an editor.
    program = Path(sys.executable).with_name("localfn")
    assert task["command"] == f"{program} start-api --runner docker --debug 5678"


def test_debug_config_calls_localfn_by_name_where_every_shell_finds_it(
    localfn: Localfn, launch: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "localfn").symlink_to(Path(sys.executable).with_name("localfn"))
    environ["PATH"] = f"{tmp_path}{os.pathsep}{environ['PATH']}"

    localfn(*VSCODE)

    (task,) = json.loads(launch.with_name("tasks.json").read_text())["tasks"]
    assert task["command"] == "localfn start-api --runner docker --debug 5678"


def test_debug_config_changes_a_file_only_with_consent(localfn: Localfn, launch: Path) -> None:
    launch.parent.mkdir()
    launch.write_text(MINE)

    refused = localfn(*VSCODE)

    assert refused.returncode == 2
    assert b"`.vscode/launch.json` would be changed" in refused.stderr
    assert launch.read_text() == MINE
    assert localfn(*VSCODE, "--yes").returncode == 0
    assert "// keep" in launch.read_text()
    assert "localfn: echo" in launch.read_text()
    again = localfn(*VSCODE)
    assert again.returncode == 0
    assert b"as it should be" in again.stderr


def test_debug_config_only_prints_when_asked_to(localfn: Localfn, launch: Path) -> None:
    launch.parent.mkdir()
    launch.write_text(MINE)

    done = localfn(*VSCODE, "--print")

    assert b'"localfn: echo"' in done.stdout
    assert b"// keep" in done.stdout
    assert launch.read_text() == MINE
    assert not launch.with_name("tasks.json").exists()


def test_debug_config_leaves_a_file_alone_that_it_cannot_read(
    localfn: Localfn, launch: Path
) -> None:
    launch.parent.mkdir()
    launch.write_text('{\n  "configurations": [\n')

    done = localfn(*VSCODE, "--yes")

    assert done.returncode == 3
    assert b"launch.json:3: " in done.stderr
    assert launch.read_text() == '{\n  "configurations": [\n'


def test_debug_config_maps_no_paths_for_processes(localfn: Localfn, launch: Path) -> None:
    localfn("debug-config", "vscode", "--runner", "process")

    (entry,) = json.loads(launch.read_text())["configurations"]
    assert "pathMappings" not in entry


def test_debug_config_writes_a_file_for_pycharm_and_prints_lua_for_neovim(
    localfn: Localfn, project: Path
) -> None:
    assert localfn("debug-config", "pycharm", "echo").returncode == 0
    assert "PythonDap" in (project / ".idea/runConfigurations/localfn_echo.xml").read_text()

    assert b"port = 5678," in localfn("debug-config", "neovim").stdout


def test_debug_config_asks_for_the_language_that_a_custom_runtime_does_not_tell(
    localfn: Localfn, project: Path, launch: Path
) -> None:
    template = project / "s.yaml"
    template.write_text(
        template.read_text().replace("runtime: python3.10", "runtime: custom.debian10")
    )

    unknown = localfn("debug-config", "vscode", "echo")
    assert unknown.returncode == 2
    assert b"--language" in unknown.stderr
    known = localfn("debug-config", "vscode", "echo", "--language", "java")

    assert known.returncode == 0, known.stderr
    assert b"JAVA_TOOL_OPTIONS=-agentlib:jdwp" in known.stderr
    (entry,) = json.loads(launch.read_text())["configurations"]
    assert (entry["type"], entry["port"]) == ("java", 5678)


def test_list_shows_the_port_of_a_functions_debugger(localfn: Localfn) -> None:
    assert (
        json.loads(localfn("list", "--output", "json").stdout)["functions"][0]["debug_port"] is None
    )

    localfn(*VSCODE)

    assert (
        json.loads(localfn("list", "--output", "json").stdout)["functions"][0]["debug_port"] == 5678
    )
    assert b"5678" in localfn("list").stdout


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_a_debug_port_that_is_none_is_refused(localfn: Localfn, port: str) -> None:
    done = localfn("invoke", "echo", "--runner", "process", "--debug", port)

    assert done.returncode == 2
    assert f"`--debug {port}`".encode() in done.stderr


def test_a_debug_port_that_is_taken_is_refused_with_who_has_it(localfn: Localfn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = str(held.getsockname()[1])
        done = localfn("invoke", "--runner", "process", "--debug", port)

    assert done.returncode == 4
    assert f"127.0.0.1:{port}".encode() in done.stderr
    assert b"python" in done.stderr


def test_a_function_may_stand_behind_the_option_that_debugs(
    localfn: Localfn, project: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Ports(project).pin("echo", port, ["echo"])

    done = localfn(
        "invoke", "--runner", "process", "--debug-no-wait", "--debug", "echo", given=b"x"
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == b"x"
    assert f"debugger listening on 127.0.0.1:{port} (echo)".encode() in done.stderr
