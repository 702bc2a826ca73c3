"""Whether the owner of a container lives is known from its name."""

import os
import subprocess

import pytest

from localfn.instances import leftovers


def test_this_process_lives() -> None:
    assert leftovers.lives(leftovers.owner())


def test_a_process_that_ended_does_not_live() -> None:
    with subprocess.Popen(["true"]) as dead:
        pass

    name = leftovers.owner().replace(f":{os.getpid()}:", f":{dead.pid}:")

    assert not leftovers.lives(name)


@pytest.mark.parametrize(
    ("part", "value"),
    [(1, "another-boot"), (2, "1"), (2, "x"), (3, "0"), (3, "")],
    ids=["booted since", "another process", "no number", "number used again", "no start time"],
)
def test_a_name_that_differs_is_that_of_a_dead_process(part: int, value: str) -> None:
    parts = leftovers.owner().split(":")
    parts[part] = value

    assert not leftovers.lives(":".join(parts))


def test_processes_of_other_machines_are_left_alone() -> None:
    _, rest = leftovers.owner().split(":", 1)

    assert leftovers.lives(f"another-host:{rest}")


def test_a_container_carries_its_owner_and_function() -> None:
    assert leftovers.labels("shop/resize") == {
        "io.localfn": "1",
        "io.localfn.owner": leftovers.owner(),
        "io.localfn.function": "shop/resize",
    }
