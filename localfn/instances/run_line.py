"""The `docker run` line that is equivalent to what localfn does through the API."""

import csv
import io
import shlex

from localfn.instances import docker
from localfn.model import InstancePlan, Mount


def run_line(plan: InstancePlan, network: str) -> str:
    """Return a line to paste into a shell; secrets are taken from that shell's environment."""
    memory = f"{docker.memory_mb(plan)}m"
    words = [
        *("docker", "run", "--rm", "--interactive", "--read-only"),
        *("--user", docker.user_of(plan)),
        *("--network", network),
        *("--memory", memory, "--memory-swap", memory),
        *("--pids-limit", str(docker.MOST_PROCESSES)),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--log-driver", "none", "--no-healthcheck"),
        *("--tmpfs", f"/tmp:{docker.tmp_options(plan)}"),  # noqa: S108
    ]
    if plan.cpu is not None:
        words += ["--cpus", f"{plan.cpu:g}"]
    for port in plan.debug_ports:
        words += ["--publish", f"{docker.LOOPBACK}:{port}:{port}"]
    for mount in plan.mounts:
        words += ["--mount", _mount(mount)]
    for name, value in docker.variables_of(plan).items():
        words += ["--env", name if name in plan.secrets else f"{name}={value}"]
    words += ["--workdir", str(plan.folder), "--entrypoint", plan.command[0]]
    return shlex.join([*words, plan.image, *plan.command[1:]])


def _mount(mount: Mount) -> str:
    """Return one record of comma-separated values, as `--mount` reads it."""
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(
        fields if mount.writable else [*fields, "readonly"]
    )
    return written.getvalue()
