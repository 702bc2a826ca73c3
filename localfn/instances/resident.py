"""The family of a process, and how much memory it holds right now."""

import sys


def resident_kb(pid: int) -> int:
    """Return the resident set of a process and its children in KiB; 0 when it is gone."""
    return _from_proc(pid) if sys.platform == "linux" else _from_psutil(pid)


def _from_proc(pid: int) -> int:
    total = 0
    # A start script may have started a server.
    for each in (pid, *descendants(pid)):
        try:
            with open(f"/proc/{each}/statm", "rb") as statm:
                total += int(statm.read().split()[1]) * 4
        except (OSError, IndexError):
            continue
    return total


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs; none where the system does not list them."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as listed:
            children = [int(each) for each in listed.read().split()]
    except OSError:
        return []
    return [each for child in children for each in (child, *descendants(child))]


def _from_psutil(pid: int) -> int:
    import psutil

    try:
        leader = psutil.Process(pid)
        family = (leader, *leader.children(recursive=True))
        return sum(each.memory_info().rss for each in family) // 1024
    except psutil.Error:
        return 0
