"""Nothing is left of a session that died, and nothing is taken from one that lives."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from localfn.instances import leftovers
from localfn.instances.docker import spec
from localfn.instances.engine import Engine

pytestmark = pytest.mark.docker

SESSION = """
import os, sys, time
from pathlib import Path
from localfn.instances.docker import DockerGuest, spec
from localfn.instances.engine import open_engine
from localfn.model import Function, InstancePlan, Mount, Site
image, runtimes = sys.argv[1:]
plan = InstancePlan(Function("probe", "python3.10", "index.handler", Path("/")), Site.CONTAINER,
    "bootstrap", ("python3", "-S", "-E", "/var/localfn/supervisor.py", "--", "sleep", "60"),
    Path("/"), {}, {"mark": "token"}, 128, image, mounts=(Mount(Path(runtimes), "/var/localfn"),))
guest = DockerGuest(open_engine(os.environ), plan, spec(plan, "none"))
print(guest.container, flush=True)
time.sleep(60)
"""


def test_no_container_outlives_a_session_that_was_killed(
    image: str, root, engine: Engine, gone: Callable[[str, float], bool]
) -> None:
    runtimes = str(root / "runtimes" / "python")
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, image, runtimes], stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout
        container = session.stdout.readline().strip()
        assert engine.ask("GET", f"/containers/{container}/json")["State"]["Running"]

        session.send_signal(signal.SIGKILL)

        assert gone(container, 2)


@pytest.fixture
def dead_owner() -> str:
    with subprocess.Popen(["true"]) as dead:
        pass
    return leftovers.owner().replace(f":{os.getpid()}:", f":{dead.pid}:")


def test_sweep_removes_what_the_dead_left_and_nothing_else(
    plan, engine: Engine, dead_owner: str
) -> None:
    owners = {
        "dead": dead_owner,
        "alive": leftovers.owner(),
        "elsewhere": "another-host:boot:1:1",
    }
    made = {}
    for name, owner in owners.items():
        wanted = spec(plan(labels={leftovers.OWNER: owner}), "none")
        made[name] = engine.ask("POST", "/containers/create", wanted)["Id"]

    leftovers.sweep(engine)

    left = {each["Id"] for each in engine.ask("GET", "/containers/json?all=1")}
    for container in made.values():
        leftovers.remove(engine, container)
    assert made["dead"] not in left
    assert {made["alive"], made["elsewhere"]} <= left


def test_a_session_removes_leftovers_when_it_starts_its_first_container(
    start, plan, engine: Engine, dead_owner: str, gone: Callable[[str, float], bool]
) -> None:
    wanted = spec(plan(labels={leftovers.OWNER: dead_owner}), "none")
    left = engine.ask("POST", "/containers/create", wanted)["Id"]

    worker = start()

    assert gone(left, 2)
    assert worker.answer("answer = 'unharmed'") == "unharmed"


def test_a_container_is_removed_once(plan, engine: Engine) -> None:
    container = engine.ask("POST", "/containers/create", spec(plan(), "none"))["Id"]

    assert leftovers.remove(engine, container)
    assert not leftovers.remove(engine, container)
