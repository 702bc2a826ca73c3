import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localfn.gateway import running


@pytest.fixture
def written(tmp_path: Path) -> running.Running:
    told = running.new_running("127.0.0.1", 8000, tmp_path / "s.yaml", "wishes")
    running.write(tmp_path, told)
    return told


def test_a_gateway_that_runs_is_found(tmp_path: Path, written: running.Running) -> None:
    assert running.find(tmp_path) == written
    assert len(written.token) > 30


def test_only_its_owner_may_read_the_secret(tmp_path: Path, written: running.Running) -> None:
    path = tmp_path / running.FILE

    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert running.find(tmp_path) is None


def test_one_that_a_dead_process_left_behind_is_not_taken_for_alive(
    tmp_path: Path, written: running.Running
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "from localfn.instances.leftovers import owner; print(owner())"],
        capture_output=True,
        text=True,
        check=True,
    )
    running.write(tmp_path, written._replace(owner=child.stdout.strip()))

    assert running.find(tmp_path) is None


def test_one_of_another_process_with_our_number_is_not_taken_for_ours(
    tmp_path: Path, written: running.Running
) -> None:
    name, _, _ = written.owner.rpartition(":")
    running.write(tmp_path, written._replace(owner=f"{name}:1"))

    assert running.find(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1}', '"x"', "null"])
def test_a_file_with_anything_else_in_it_is_no_gateway(
    tmp_path: Path, written: running.Running, content: str
) -> None:
    (tmp_path / running.FILE).write_text(content)

    assert running.find(tmp_path) is None


def test_one_of_a_later_version_is_left_alone(tmp_path: Path, written: running.Running) -> None:
    path = tmp_path / running.FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 2}))

    assert running.find(tmp_path) is None


def test_forgetting_removes_only_what_is_ours(tmp_path: Path, written: running.Running) -> None:
    other = written._replace(port=8001, token="other")
    running.write(tmp_path, other)

    running.forget(tmp_path, written)
    assert running.find(tmp_path) == other
    running.forget(tmp_path, other)
    assert list((tmp_path / ".localfn").iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".localfn").write_text("in the way")

    running.write(tmp_path, running.new_running("127.0.0.1", 8000, None, ""))

    assert running.find(tmp_path) is None
    assert os.listdir(tmp_path) == [".localfn"]
