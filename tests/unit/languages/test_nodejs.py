from pathlib import Path

import pytest

from localfn.errors import MachineError
from localfn.languages import Launch, nodejs


def program(path: Path, answer: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {answer}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine without any Node.js, its system's own folder included."""
    beyond = nodejs._at
    monkeypatch.setattr(
        nodejs, "_at", lambda path: beyond(path) if path.is_relative_to(tmp_path) else iter(())
    )
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


def test_a_machine_without_any_nodejs_is_told_how_to_get_one(nowhere: dict[str, str]) -> None:
    with pytest.raises(MachineError, match=r"Node\.js 20 is not installed") as raised:
        nodejs.find("20", nowhere)

    assert "LOCALFN_NODE20" in raised.value.hint
    assert "--runner docker" in raised.value.hint


def test_the_variable_wins_over_everything(tmp_path: Path, nowhere: dict[str, str]) -> None:
    program(tmp_path / "bin" / "node", "v18.20.8")
    named = program(tmp_path / "mine")

    found = nodejs.find("18", {**nowhere, "LOCALFN_NODE18": str(named)})

    assert (found.path, found.note) == (named, "")


def test_a_variable_that_names_no_program_is_refused_by_name(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    with pytest.raises(MachineError, match=r"`LOCALFN_NODE4_4` names `.*nothing`"):
        nodejs.find("4.4", {**nowhere, "LOCALFN_NODE4_4": str(tmp_path / "nothing")})


@pytest.mark.parametrize(
    ("place", "variable"),
    [
        (".nvm/versions/node/v18.20.8/bin/node", ""),
        (".config/nvm/versions/node/v18.20.8/bin/node", ""),
        ("elsewhere/versions/node/v18.20.8/bin/node", "NVM_DIR"),
        (".local/share/fnm/node-versions/v18.20.8/installation/bin/node", ""),
        (".fnm/node-versions/v18.20.8/installation/bin/node", ""),
        ("Library/Application Support/fnm/node-versions/v18.20.8/installation/bin/node", ""),
        ("elsewhere/node-versions/v18.20.8/installation/bin/node", "FNM_DIR"),
        (".volta/tools/image/node/18.20.8/bin/node", ""),
        ("elsewhere/tools/image/node/18.20.8/bin/node", "VOLTA_HOME"),
    ],
)
def test_a_version_is_found_where_a_version_manager_keeps_it(
    tmp_path: Path, nowhere: dict[str, str], place: str, variable: str
) -> None:
    path = program(tmp_path / place)
    named = {variable: str(tmp_path / "elsewhere")} if variable else {}

    found = nodejs.find("18", {**nowhere, **named})

    assert (found.path, found.version, found.note) == (path, "18", "")


def test_of_one_managers_versions_the_newest_of_the_wanted_is_taken(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    for version in ("v18.9.0", "v18.20.8", "v20.1.0"):
        program(tmp_path / ".nvm/versions/node" / version / "bin/node")

    assert "v18.20.8" in str(nodejs.find("18", nowhere).path)


def test_a_program_on_the_path_is_asked_for_its_version_where_nothing_tells_it(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    path = program(tmp_path / "bin" / "node", "v14.21.3")

    found = nodejs.find("14", nowhere)

    assert (found.path, found.version) == (path, "14")


def test_headers_beside_a_program_tell_its_version_without_asking_it(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    program(tmp_path / "bin" / "node", "v0.0.0")
    header = tmp_path / "include" / "node" / "node_version.h"
    header.parent.mkdir(parents=True)
    header.write_text("#define NODE_MAJOR_VERSION 16\n#define NODE_MINOR_VERSION 20\n")

    assert nodejs.find("16", nowhere).version == "16"


def test_voltas_stand_in_is_passed_over_for_the_versions_it_stands_for(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    shim = program(tmp_path / ".volta" / "bin" / "volta-shim", "v18.0.0")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(shim)
    real = program(tmp_path / ".volta/tools/image/node/18.20.8/bin/node")

    assert nodejs.find("18", nowhere).path == real


def test_a_runtimes_minor_version_is_served_by_any_of_its_major_version(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    path = program(tmp_path / ".nvm/versions/node/v4.9.1/bin/node")

    found = nodejs.find("4.4", nowhere)

    assert (found.path, found.note) == (path, "")


def test_the_nearest_version_is_taken_with_a_line_that_says_so(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    for version in ("v8.17.0", "v14.21.3", "v22.0.0"):
        program(tmp_path / ".nvm/versions/node" / version / "bin/node")

    found = nodejs.find("16", nowhere)

    assert found.version == "14"
    assert "Node.js 16 is not installed: running on Node.js 14" in found.note
    assert "LOCALFN_NODE16" in found.note


def test_of_two_versions_equally_near_the_newer_is_taken(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    for version in ("v14.21.3", "v18.20.8"):
        program(tmp_path / ".nvm/versions/node" / version / "bin/node")

    assert nodejs.find("16", nowhere).version == "18"


def test_the_heap_takes_nine_tenths_of_the_memory_and_the_supervisor_little(
    tmp_path: Path,
) -> None:
    found = nodejs.Interpreter(tmp_path / "node", "20")

    process = nodejs.process_command(found, tmp_path, Launch(1000))
    container = nodejs.container_command("/var/localfn", Launch(1000))

    assert process[-3:] == (
        str(tmp_path / "node"),
        "--max-old-space-size=900",
        str(tmp_path / "bootstrap.js"),
    )
    split = container.index("--")
    assert container[1] == "--max-old-space-size=32"
    assert container[split + 1 :] == (
        "node",
        "--max-old-space-size=900",
        "/var/localfn/bootstrap.js",
    )
