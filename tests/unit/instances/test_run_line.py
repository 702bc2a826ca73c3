"""The line to paste says what the API is told, and no secret."""

import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from localfn.instances.docker import limits_of
from localfn.instances.run_line import run_line
from localfn.model import Function, InstancePlan, Mount, Site


@pytest.fixture
def plan(tmp_path: Path) -> InstancePlan:
    folder = tmp_path / 'with "quotes", a comma'
    folder.mkdir()
    return InstancePlan(
        function=Function("probe", "python3.10", "index.handler", folder),
        site=Site.CONTAINER,
        wire="bootstrap",
        command=("python3", "-u", "main.py"),
        folder=Path("/code"),
        environment={"GREETING": "it's $HOME", "TOKEN": "s3cret"},
        init={"mark": "token"},
        memory_mb=256,
        image="debian:12",
        cpu=0.5,
        disk_mb=512,
        mounts=(Mount(folder, "/code"), Mount(tmp_path, "/data", writable=True)),
        secrets=frozenset({"TOKEN"}),
    )


def test_the_line_names_a_secret_and_does_not_tell_it(plan: InstancePlan) -> None:
    words = shlex.split(run_line(plan, "none"))

    assert "s3cret" not in " ".join(words)
    assert words[words.index("TOKEN") - 1] == "--env"
    assert "GREETING=it's $HOME" in words


def test_the_line_ends_with_the_image_and_its_command(plan: InstancePlan) -> None:
    words = shlex.split(run_line(plan, "none"))

    assert words[-5:] == ["--entrypoint", "python3", "debian:12", "-u", "main.py"]


def test_the_line_sets_the_limits_that_the_engine_is_told(plan: InstancePlan) -> None:
    words = shlex.split(run_line(plan, "bridge"))
    limits = limits_of(plan, "bridge")

    options = dict(pairwise(words))
    assert limits["Memory"] == limits["MemorySwap"] == int(options["--memory"][:-1]) << 20
    assert options["--memory-swap"] == options["--memory"] == "272m"
    assert options["--network"] == limits["NetworkMode"] == "bridge"
    assert options["--cpus"] == "0.5"
    assert limits["CpuQuota"] == limits["CpuPeriod"] // 2
    assert options["--pids-limit"] == str(limits["PidsLimit"])
    assert options["--tmpfs"] == f"/tmp:{limits['Tmpfs']['/tmp']}"
    assert {"--read-only", "--interactive", "--rm"} <= set(words)


def test_the_line_quotes_folders_as_mount_reads_them(plan: InstancePlan, tmp_path: Path) -> None:
    words = shlex.split(run_line(plan, "none"))

    doubled = str(plan.mounts[0].source).replace('"', '""')
    assert f'type=bind,"source={doubled}",target=/code,readonly' in words
    assert f"type=bind,source={tmp_path},target=/data" in words
