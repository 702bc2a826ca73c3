"""Pythons that the newest debugger does not serve, in containers: each with its own debugger."""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from localfn.instances.engine import Engine
from tests import interpreters
from tests.integration.debug.conftest import ANSWER, GENERATE, PYTHON, Connect, Project, Start

# Runtime id, version, and the words that are not the same in Python 2.
OLDER = [("python3.9", "3.9"), ("python3.9", "3.8"), ("python3", "3.6"), ("python2.7", "2.7")]
# The user without rights must come to the interpreter, whoever's home it lies in.
DOCKERFILE = """\
FROM {base}
COPY python {prefix}
RUN rm -f /usr/local/bin/python3 && ln -s {prefix}/bin/python /usr/local/bin/python3 \
    && path={prefix}; while [ "$path" != / ]; do chmod a+rx "$path"; path=$(dirname "$path"); done
"""
LEFT_OUT = ("/test", "/tests", "/__pycache__", "/idlelib", "/lib2to3", "/site-packages")


@pytest.fixture(scope="module")
def image_of(engine: Engine, base: str) -> Iterator[Callable[[str], str]]:
    """Make an image with a Python of this machine, at the same path."""
    made: dict[str, str] = {}

    def make(version: str) -> str:
        program = interpreters.found().get(version)
        if program is None:
            pytest.skip(f"there is no Python {version} to make an image of")
        if version not in made:
            made[version] = f"localfn-test/python:{version}"
            build(engine, made[version], base, program.resolve().parent.parent)
        return made[version]

    yield make
    for each in made.values():
        engine.ask("DELETE", f"/images/{each}?force=1")


def build(engine: Engine, tag: str, base: str, prefix: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        text = DOCKERFILE.format(base=base, prefix=prefix).encode()
        head = tarfile.TarInfo("Dockerfile")
        head.size = len(text)
        archive.addfile(head, io.BytesIO(text))
        for folder in ("bin", "lib"):
            archive.add(prefix / folder, f"python/{folder}", filter=kept)
    packed.seek(0)
    with closing(engine.sdk()) as client:
        steps = client.build(
            fileobj=packed, custom_context=True, tag=tag, network_mode="none", rm=True, decode=True
        )
        told = [step for step in steps if "error" in step]
    assert not told, told


def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith(LEFT_OUT) else member


@pytest.mark.docker
@pytest.mark.parametrize(("runtime", "version"), OLDER)
def test_an_older_python_is_debugged_by_the_debugger_it_needs(
    tmp_path: Path,
    start: Start,
    port: int,
    connect: Connect,
    image_of: Callable[[str], str],
    runtime: str,
    version: str,
) -> None:
    project = Project(tmp_path, runtime, "index.py", PYTHON)
    words = ("--runner", "docker", "--image", image_of(version))
    running = start(project, "invoke", *words, *GENERATE, "--debug", str(port))
    editor = connect()

    editor.attach(project.file, [project.line("at module level"), project.line("in the handler")])
    editor.stopped().resume()
    stop = editor.stopped()

    assert stop.path == str(project.file)
    assert [each["name"] for each in stop.frames] == ["handler"]
    assert stop.evaluate("'%d.%d' % __import__('sys').version_info[:2]") == f"'{version}'"
    assert stop.evaluate("LIMIT * 2") == "84"
    stop = stop.step()
    stop.resume()
    assert running.answer() == ANSWER
