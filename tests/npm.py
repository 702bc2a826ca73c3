"""Packages from npm: other people's code that reads or speaks what localfn writes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

LIMIT_S = 300
# How npm words a registry that cannot be reached, whatever stands in the way.
UNREACHED = "failed, reason:"


def install(folder: Path, *wanted: str) -> None:
    """Install packages into a folder, or what its `package.json` says.

    Where there is no npm, or no registry, the test is skipped with the reason; in CI it fails.
    """
    in_ci = os.environ.get("CI") == "true"
    npm = shutil.which("npm")
    if npm is None:
        _lacking("there is no npm to fetch other people's packages with", in_ci=in_ci)
        return
    words = ["--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    retries = () if in_ci else ("--fetch-retries", "0")
    done = subprocess.run(
        [npm, "install", *words, *wanted, *retries],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    told = [each for each in done.stderr.splitlines() if UNREACHED in each]
    if done.returncode and told:
        _lacking(f"no registry is reached: {told[0]}", in_ci=in_ci)
    assert done.returncode == 0, done.stderr


def _lacking(why: str, *, in_ci: bool) -> None:
    if in_ci:
        pytest.fail(why)
    pytest.skip(why)
