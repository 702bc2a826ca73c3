"""Every sample does what the first commands of its README promise, in both backends."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from localfn.errors import ExitCode

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COMMANDS = re.compile(r"^## Run it\n.*?^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


def commands(readme: Path) -> list[list[str]]:
    """The words of each command in the section "Run it"."""
    block = COMMANDS.search(readme.read_text(encoding="utf-8"))
    assert block, f"{readme} has no commands under `## Run it`"
    lines = (shlex.split(line, comments=True) for line in block[1].splitlines())
    return [words for words in lines if words]


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("sample", sorted(each.name for each in SAMPLES.iterdir()))
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
    assert "FC Invoke End RequestId" in last.stderr


def python_of_images() -> str:
    """The Python that images are built on: not always the one that the runtime's id names."""
    base = os.environ.get("LOCALFN_BASE_PYTHON")
    if not base:
        return "3.10"
    line = ["docker", "run", "--rm", "--network", "none", base, "python3", "--version"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return ".".join(told.split()[1].split(".")[:2])
