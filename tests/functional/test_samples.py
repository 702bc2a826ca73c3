"""Every sample does what the first commands of its README promise, in both backends."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from localfn.errors import ExitCode

TESTS = Path(__file__).resolve().parents[1]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COMMANDS = re.compile(r"^## Run it\n.*?^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What has to be built first, or is an image, is run by the tests of its cloud.
SERVER = re.compile(r"^\s*(runtime|Runtime): *['\"]?custom", re.MULTILINE)
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


def ready() -> list[str]:
    """The samples that run as they are."""
    templates = [each for each in SAMPLES.glob("*/*.y*ml") if not SERVER.search(each.read_text())]
    return sorted({each.parent.name for each in templates})


def commands(readme: Path) -> list[list[str]]:
    """The words of each command in the section "Run it"."""
    block = COMMANDS.search(readme.read_text(encoding="utf-8"))
    assert block, f"{readme} has no commands under `## Run it`"
    lines = (shlex.split(line, comments=True) for line in block[1].splitlines())
    return [words for words in lines if words]


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("sample", ready())
def test_a_sample_does_what_its_readme_promises(sample: str, runner: str, tmp_path: Path) -> None:
    environ = {**os.environ, "LOCALFN_RUNNER": runner}

    def run(words: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if done.returncode == ExitCode.MACHINE_LACKS and os.environ.get("CI") != "true":
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        return done

    run(["init", sample, "mine"], tmp_path)
    folder = tmp_path / "mine"
    if runner == "docker" and any(folder.glob("*/requirements.txt")):
        run(["install", "--python", python_of_images()], folder)

    for words in commands(folder / "README.md"):
        assert words[0] == "localfn", words
        last = run(words[1:], folder)

    assert last.stdout
    assert closing_line(sample) in last.stderr


def closing_line(sample: str) -> str:
    """The start of the line that the sample's cloud writes after a call."""
    cloud = sample.partition("-")[0]
    told = json.loads((TESTS / "clouds" / cloud / "contract.json").read_text())
    return str(told["lines"]["closing"]).partition("{id}")[0]


def python_of_images() -> str:
    """The Python that images are built on: not always the one that the runtime's id names."""
    base = os.environ.get("LOCALFN_BASE_PYTHON")
    if not base:
        return "3.10"
    line = ["docker", "run", "--rm", "--network", "none", base, "python3", "--version"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return ".".join(told.split()[1].split(".")[:2])
