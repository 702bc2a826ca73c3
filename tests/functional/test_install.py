"""`localfn install` for Node.js functions, with packages of this machine only."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests import interpreters
from tests.functional.conftest import Localfn

TEMPLATE = """\
edition: 3.0.0
name: shop
resources:
  greet:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: greet
      runtime: nodejs20
      handler: index.handler
      code: ./code
      timeout: 20
"""
PACKAGE = {
    "dependencies": {"words": "file:./vendor/words"},
    "devDependencies": {"checks": "file:./vendor/checks"},
}
RUN = ("invoke", "--runner", "process")


@pytest.fixture(autouse=True)
def _has_npm() -> None:
    if shutil.which("npm") is None or not interpreters.nodes():
        absent = "there is no Node.js with npm on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)


@pytest.fixture
def code(project: Path) -> Path:
    (project / "s.yaml").write_text(TEMPLATE)
    code = project / "code"
    (code / "index.js").write_text(
        "exports.handler = async () => [require('words'), process.env.NODE_ENV];\n"
    )
    (code / "package.json").write_text(json.dumps(PACKAGE))
    for name in ("words", "checks"):
        folder = code / "vendor" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0"}))
        (folder / "index.js").write_text("module.exports = 'hello';\n")
    return code


def test_packages_are_installed_beside_the_code_without_those_for_development(
    localfn: Localfn, code: Path
) -> None:
    before = localfn(*RUN)
    done = localfn("install")
    after = localfn(*RUN)

    assert b"`words` is neither beside the code nor in a layer; `localfn install`" in before.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert b"greet: npm install into code/node_modules" in done.stderr
    assert after.stdout == b'["hello",null]', after.stderr
    assert not (code / "node_modules" / "checks").exists()


def test_what_is_locked_is_installed_as_it_is(localfn: Localfn, code: Path) -> None:
    localfn("install")
    lock = (code / "package-lock.json").read_bytes()
    shutil.rmtree(code / "node_modules")

    done = localfn("install", "greet")

    assert done.returncode == 0, done.stderr
    assert b"greet: npm ci into code/node_modules" in done.stderr
    assert (code / "package-lock.json").read_bytes() == lock
    assert (code / "node_modules" / "words").exists()


def test_a_lock_of_another_tool_is_told(localfn: Localfn, code: Path) -> None:
    (code / "yarn.lock").touch()

    assert b"npm does not read `yarn.lock`" in localfn("install").stderr


def test_a_package_that_npm_refuses_is_told_after_npms_own_words(
    localfn: Localfn, code: Path
) -> None:
    (code / "package.json").write_text("{broken")

    done = localfn("install")

    assert done.returncode == 4
    assert b"npm could not install `" in done.stderr
    assert b"JSON" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_machine_without_npm_is_told(
    localfn: Localfn, code: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").symlink_to(list(interpreters.nodes().values())[-1])
    environ["PATH"] = str(tmp_path / "bin")
    environ["LOCALFN_NODE20"] = str(tmp_path / "bin" / "node")

    done = localfn("install")

    assert done.returncode == 4
    assert b"npm is not installed" in done.stderr
    assert b"hint: Install Node.js with npm" in done.stderr


def test_a_project_without_dependencies_is_told(localfn: Localfn, code: Path) -> None:
    (code / "package.json").unlink()

    done = localfn("install")

    assert done.returncode == 2
    assert b"`requirements.txt` or `package.json`" in done.stderr
