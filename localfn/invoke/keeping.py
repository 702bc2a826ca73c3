"""How many instances are kept, for how long, and how long a call waits for one."""

import os
from typing import NamedTuple

# What the default for the number of instances assumes of each.
USUAL_MB = 128
PER_CORE = 8
LEAST = 4
# About what opening an instance takes.
PATIENCE_S = 0.05


class Keeping(NamedTuple):
    """What a pool may do.

    `most_instances` counts those of all functions. `wait_s` is how long a call waits for its turn
    when there are so many. `idle_s` is how long an instance is kept that nobody calls, None for as
    long as the session lasts. `spares` is how many started workers without code are kept.

    A call of a function whose calls are short waits up to `patience_s` for one of its instances
    to come free, if `at_once` of them are busy, before another one is opened for it: on so many
    cores more of them would only be in each other's way.
    """

    most_instances: int = 16
    wait_s: float = 10.0
    idle_s: float | None = None
    spares: int = 0
    patience_s: float = 0.0
    at_once: int = 1


def patient(keeping: Keeping) -> Keeping:
    """Return the same for calls that may wait a moment for an instance to come free."""
    return keeping._replace(patience_s=PATIENCE_S, at_once=os.cpu_count() or 1)


def usual_instances() -> int:
    """Return how many instances this machine can be asked to keep: half of its memory at most."""
    cores = os.cpu_count() or 1
    try:
        memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    except (ValueError, OSError, AttributeError):
        return max(LEAST, PER_CORE * cores)
    return max(LEAST, min(PER_CORE * cores, memory_mb // 2 // USUAL_MB))
