"""What the kernel has counted for a container, where it runs on this very system."""

from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def peak_counter(pid: int) -> Path | None:
    """Return the file that holds the most memory (bytes) that a process's group ever used."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            found = ROOT / "memory" / path.lstrip("/") / "memory.max_usage_in_bytes"
        elif not controllers:
            found = ROOT / path.lstrip("/") / "memory.peak"
        else:
            continue
        if found.is_file():
            return found
    return None


def read_mb(counter: Path | None) -> float:
    """Return a counter of bytes in MB; 0 where there is none, or no longer."""
    try:
        return 0.0 if counter is None else int(counter.read_text()) / (1 << 20)
    except (OSError, ValueError):
        return 0.0


def handles(pid: int, number: int) -> bool:
    """Return whether a process has a handler for a signal; True where that cannot be told.

    To the main process of a container a signal without a handler does nothing.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    for line in status.splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return True
