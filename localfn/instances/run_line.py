"""The `docker run` line that is equivalent to what localfn does through the API."""

import csv
import io
import shlex
from collections.abc import Mapping

from localfn.instances import docker
from localfn.model import InstancePlan, Mount


def run_line(plan: InstancePlan, network: str) -> str:
    """Return a line to paste into a shell; secrets are taken from that shell's environment."""
    line = _server_line if plan.wire in ("http", "once") else _bootstrap_line
    return line(plan, network)


def _bootstrap_line(plan: InstancePlan, network: str) -> str:
    words = [
        *("docker", "run", "--rm", "--interactive"),
        *_confined(plan),
        *_limited(plan, network, docker.memory_mb(plan)),
        *("--log-driver", "none", "--no-healthcheck"),
        *_seeing(plan, docker.variables_of(plan)),
    ]
    words += ["--workdir", str(plan.folder), "--entrypoint", plan.command[0]]
    return shlex.join([*words, plan.image, *plan.command[1:]])


def _server_line(plan: InstancePlan, network: str) -> str:
    # Loaded here, as where it is used: the other functions do without.
    from localfn.instances.container import is_own_image, variables_of

    words = [
        *("docker", "run", "--rm", "--publish", f"127.0.0.1:{plan.port}:{plan.port}"),
        *_limited(plan, network, plan.memory_mb),
        *_seeing(plan, variables_of(plan)),
    ]
    container = plan.function.container
    if container is not None and is_own_image(plan):
        entry, last = container.entrypoint, container.command
        words += ["--entrypoint", entry[0]] if entry else []
        return shlex.join([*words, plan.image, *entry[1:], *last])
    words += [*_confined(plan), "--workdir", str(plan.folder), "--entrypoint", plan.command[0]]
    return shlex.join([*words, plan.image, *plan.command[1:]])


def _confined(plan: InstancePlan) -> tuple[str, ...]:
    """Return what keeps a program of ours from more than its cloud would let it do."""
    return (
        *("--read-only", "--user", docker.user_of(plan), "--cap-drop", "ALL"),
        *("--tmpfs", f"/tmp:{docker.tmp_options(plan)}"),  # noqa: S108
    )


def _limited(plan: InstancePlan, network: str, memory_mb: int) -> list[str]:
    memory = f"{memory_mb}m"
    words = [
        *("--network", network, "--memory", memory, "--memory-swap", memory),
        *("--pids-limit", str(docker.MOST_PROCESSES), "--security-opt", "no-new-privileges"),
    ]
    return words if plan.cpu is None else [*words, "--cpus", f"{plan.cpu:g}"]


def _seeing(plan: InstancePlan, variables: Mapping[str, str]) -> list[str]:
    words = [word for mount in plan.mounts for word in ("--mount", _mount(mount))]
    for port in plan.debug_ports:
        words += ["--publish", f"{docker.LOOPBACK}:{port}:{port}"]
    for name, value in variables.items():
        words += ["--env", name if name in plan.secrets else f"{name}={value}"]
    return words


def _mount(mount: Mount) -> str:
    """Return one record of comma-separated values, as `--mount` reads it."""
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(
        fields if mount.writable else [*fields, "readonly"]
    )
    return written.getvalue()
