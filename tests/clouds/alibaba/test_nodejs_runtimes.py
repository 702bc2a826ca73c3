"""Every Node.js runtime id runs in a Node.js of its own version, where that one is here."""

import os
from pathlib import Path

import pytest

from localfn import providers
from localfn.app import open_session
from localfn.languages import nodejs
from localfn.model import Call, Event, Function
from localfn.project import Project
from localfn.providers.alibaba.runtimes import RUNTIMES
from localfn.settings import resolve
from tests import interpreters

IDS = [each.id for each in RUNTIMES.values() if each.language == "nodejs"]
HANDLER = """\
exports.handler = (event, context, callback) =>
  callback(null, process.versions.node + ' ' + context.function.name + ' ' + event);
"""


def test_the_ids_are_those_of_the_contract() -> None:
    versions = ("4.4", *range(6, 22, 2))

    assert [f"nodejs{version}" for version in versions] == IDS


@pytest.mark.parametrize("id_", IDS)
def test_a_runtime_runs_in_its_own_version(id_: str, tmp_path: Path) -> None:
    version = RUNTIMES[id_].version
    major = nodejs.major_of(version)
    program = interpreters.nodes().get(major)
    if program is None:
        pytest.skip(f"Node.js {major} is not on this machine")
    (tmp_path / "index.js").write_text(HANDLER)
    environ = {**os.environ, nodejs.variable(version): str(program)}
    settings = resolve({"project": str(tmp_path), "runner": "process"}, environ)
    project = Project(tmp_path, None, providers.load("alibaba"), ())
    said: list[str] = []

    with open_session(settings, project, said.append) as session:
        function = Function("resize", id_, "index.handler", tmp_path)
        result = session.invoke(Call(function, Event(b"raw")), lambda text: None)

    assert result.failure is None, result.payload
    told, name, event = result.payload.decode().split()
    assert told.partition(".")[0] == major
    assert (name, event) == ("resize", "raw")
    assert not [line for line in said if "is not installed" in line]


WRAPPER = """\
#!/bin/sh
echo printed before
node=$1
shift
exec "$node" --title=wrapped "$@"
"""
WRAPPED = "exports.handler = async (event) => process.title + ' ' + event;\n"


@pytest.mark.parametrize("named", ["/code/wrapper.sh", "./wrapper.sh"])
@pytest.mark.parametrize("runner", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_node_is_started_through_the_wrapper_that_the_function_names(
    runner: str, named: str, tmp_path: Path
) -> None:
    (tmp_path / "index.js").write_text(WRAPPED)
    (tmp_path / "wrapper.sh").write_text(WRAPPER)
    (tmp_path / "wrapper.sh").chmod(0o755)
    settings = resolve({"project": str(tmp_path), "runner": runner}, os.environ)
    project = Project(tmp_path, None, providers.load("alibaba"), ())
    function = Function("resize", "nodejs20", "index.handler", tmp_path)
    function = function._replace(environment={"BOOTSTRAP_WRAPPER": named})

    with open_session(settings, project, lambda line: None) as session:
        result = session.invoke(Call(function, Event(b"raw")), lambda text: None)

    assert result.failure is None, result.payload
    assert result.payload == b"wrapped raw"
    assert b"printed before" in result.logs
