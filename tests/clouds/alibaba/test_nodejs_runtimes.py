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
