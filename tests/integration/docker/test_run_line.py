"""The line that a person can paste does what the API did."""

import os
import shutil
import subprocess

import pytest

from localfn.instances.run_line import run_line
from localfn.wires.frames import encode

pytestmark = pytest.mark.docker


def test_the_line_runs_the_same_worker_with_the_same_limits(plan, tmp_path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker command")
    planned = plan(environment={"KEY": "s3cret", "PLAIN": "a 'b' $c"}, secrets=frozenset({"KEY"}))
    code = (
        "import os; answer = [os.environ['KEY'], os.environ['PLAIN'], os.getuid(),"
        "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize >> 20,"
        "os.statvfs('/code').f_flag & os.ST_RDONLY]"
    )
    head, _ = encode({"kind": "do", "id": "1", "code": code})
    stop, _ = encode({"kind": "stop"})

    line = run_line(planned, "none")
    done = subprocess.run(
        ["sh", "-c", line],
        input=head + stop,
        capture_output=True,
        env={**os.environ, "KEY": "s3cret"},
        timeout=30,
        check=False,
    )

    assert "s3cret" not in line
    user = os.getuid() or 10003
    told = f'"s3cret", "a \'b\' $c", {user}, 512, 1]'.encode()
    assert told in done.stdout, done.stderr
    assert done.returncode == 0
