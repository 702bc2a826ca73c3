"""Where answers are written cannot always be written to."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["list"], ["invoke", "-e", "{}"], ["schema"]])
def test_a_full_disk_is_one_clear_error_whatever_is_written(
    arguments: list[str], project: Path
) -> None:
    runner = ["--runner", "process"] if "invoke" in arguments else []
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "localfn", *arguments, *runner],
            cwd=project,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 4
    assert "error: the output cannot be written: No space left on device." in done.stderr
    assert "hint: Make room there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_error(project: Path) -> None:
    schema = subprocess.Popen(
        [sys.executable, "-m", "localfn", "schema"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert schema.stdout is not None
    assert schema.stderr is not None
    schema.stdout.close()
    assert schema.stderr.read() == b""
    schema.stderr.close()
    assert schema.wait(timeout=60) == 0
