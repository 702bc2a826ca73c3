"""Pythons that the newest debugger does not serve, in containers: each with its own debugger."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.debug.conftest import ANSWER, GENERATE, PYTHON, Connect, Project, Start

# Runtime id, version, and the words that are not the same in Python 2.
OLDER = [("python3.9", "3.9"), ("python3.9", "3.8"), ("python3", "3.6"), ("python2.7", "2.7")]


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
