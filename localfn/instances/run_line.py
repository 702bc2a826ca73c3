"""The `docker run` line that is equivalent to what localfn does through the API."""

import shlex

from localfn.instances.docker import limits_of, user_of
from localfn.model import InstancePlan


def run_line(plan: InstancePlan, network: str) -> str:
    """Return a line to paste into a shell; secrets are taken from that shell's environment."""
    limits = limits_of(plan)
    words = [
        *("docker", "run", "--rm", "--interactive", "--read-only"),
        *("--user", user_of(plan)),
        *("--network", network),
        *("--memory", limits["mem_limit"], "--memory-swap", limits["memswap_limit"]),
        *("--pids-limit", str(limits["pids_limit"])),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none"),
    ]
    if plan.cpu is not None:
        words += ["--cpus", f"{plan.cpu:g}"]
    for target, options in limits["tmpfs"].items():
        words += ["--tmpfs", f"{target}:{options}"]
    for bind in limits["binds"]:
        words += ["--volume", bind]
    for name, value in {"HOME": "/tmp", **plan.environment}.items():  # noqa: S108
        words += ["--env", name if name in plan.secrets else f"{name}={value}"]
    words += ["--workdir", str(plan.folder), "--entrypoint", plan.command[0]]
    return shlex.join([*words, plan.image, *plan.command[1:]])
