"""The samples of custom runtimes and containers, built and run as their pages say."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / "samples"
LIMIT_S = 180
RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


@dataclass(frozen=True)
class Sample:
    """A sample: what builds it, the program that a container needs, and a call."""

    name: str
    tools: tuple[str, ...]
    build: tuple[str, ...]
    program: str
    call: tuple[str, ...]
    answer: object


CUSTOM = [
    Sample(
        "alibaba-custom-go",
        ("go",),
        ("sh", "-c", "cd code && CGO_ENABLED=0 go build -o main ."),
        "sh",
        ("mns-queue", "--set", 'body={"customer": "Anna", "amount": 12.5}'),
        {"currency": "CNY", "customers": {"Anna": 12.5}},
    ),
    Sample(
        "alibaba-custom-java",
        ("javac", "java"),
        ("javac", "-d", "code/classes", "code/Server.java"),
        "java",
        ("timer", "--set", "time=2026-11-25T00:00:00Z"),
        {
            "TRIGGERTIME": "2026-11-25T00:00:00Z",
            "TRIGGERNAME": "TICK",
            "PAYLOAD": '{"JOB":"SWEEP"}',
        },
    ),
    Sample(
        "alibaba-custom-php",
        ("php",),
        ("php", "-l", "code/index.php"),
        "php",
        ("oss/put-object", "--set", "key=inbox/rome.txt", "--set", "size=27"),
        {"postcards": [{"key": "inbox/rome.txt", "bytes": 27}]},
    ),
]


def lacking(reason: str) -> None:
    """Skip for want of something, which is a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def built(sample: Sample, tmp_path: Path) -> Path:
    for tool in sample.tools:
        if shutil.which(tool) is None:
            lacking(f"there is no `{tool}` to build {sample.name} with")
    folder = tmp_path / sample.name
    shutil.copytree(SAMPLES / sample.name, folder)
    # The user of a container must be able to read it.
    for each in (folder, *tmp_path.parents[:2], tmp_path):
        each.chmod(each.stat().st_mode | 0o055)
    subprocess.run(sample.build, cwd=folder, check=True, capture_output=True)
    return folder


def localfn(folder: Path, *words: str, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        (sys.executable, "-m", "localfn", "-C", str(folder), *words),
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("sample", CUSTOM, ids=lambda sample: sample.name)
def test_a_sample_of_a_custom_runtime_answers_a_generated_event(
    sample: Sample, runner: str, built: Path
) -> None:
    if runner == "docker":
        await_program(sample.program)

    done = localfn(built, "invoke", "--runner", runner, "--generate", *sample.call)

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == sample.answer


@pytest.mark.parametrize("sample", CUSTOM, ids=lambda sample: sample.name)
def test_a_sample_reports_an_event_that_it_cannot_use(sample: Sample, built: Path) -> None:
    done = localfn(built, "invoke", "--runner", "process", "--event", os.devnull)

    assert done.returncode == 1, done.stderr.decode()
    assert b"errorMessage" in done.stdout
    assert b"x-fc-status: 404" in done.stderr


def await_program(program: str) -> None:
    """Skip where the base of custom runtimes cannot run a language."""
    base = os.environ.get("LOCALFN_BASE_CUSTOM", "debian:12-slim")
    look = ("docker", "run", "--rm", "--pull", "never", "--network", "none", base)
    found = subprocess.run((*look, "which", program), capture_output=True, check=False)
    if found.returncode:
        lacking(f"`{base}` has no `{program}`; `LOCALFN_BASE_CUSTOM` names another base")


@pytest.fixture(scope="module")
def image(base: str) -> Iterator[str]:
    """The sample's image, on the base of these tests."""
    name = f"localfn-test/refreshes:{os.urandom(4).hex()}"
    command = ("docker", "build", "-q", "--build-arg", f"BASE={base}", "-t", name, ".")
    folder = SAMPLES / "alibaba-container"
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    yield name
    subprocess.run(("docker", "rmi", "-f", name), check=False, capture_output=True)


@pytest.mark.docker
def test_the_sample_that_is_an_image_answers_a_generated_event(image: str) -> None:
    call = ("invoke", "--generate", "cdn", "--set", "object_path=/a.mp4")

    done = localfn(SAMPLES / "alibaba-container", *call, IMAGE=image)

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {"refreshed": {"/a.mp4": 1}}


@pytest.mark.docker
def test_the_line_to_paste_runs_the_sample_that_is_an_image(image: str) -> None:
    done = localfn(SAMPLES / "alibaba-container", "invoke", "--print", IMAGE=image)

    words = done.stdout.decode().split()
    assert words[-1] == image
    assert "127.0.0.1:9000:9000" in words
