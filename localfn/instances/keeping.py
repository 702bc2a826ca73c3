"""The keeper of a session's containers (`keeper.py`), as the session sees it."""

import contextlib
import os
import sys
import threading
from pathlib import Path

from localfn.instances.engine import PORT, Engine

SCRIPT = Path(__file__).with_name("keeper.py")
TCP = ("tcp", "http")


class Keeper:
    """Removes containers, also when localfn cannot any more. Started at the first one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._to_keeper = -1
        self._pid = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process, if it is not there yet; do not wait for it."""
        with self._lock:
            if self._to_keeper < 0:
                self._start()

    def hold(self, container: str) -> None:
        """Have a container removed when localfn ends."""
        self._tell(f"+{container}\n")

    def remove(self, container: str) -> None:
        """Have a container removed now; do not wait for it."""
        self._tell(f"-{container}\n")

    def close(self) -> None:
        """Let the keeper remove what is left, after us. May be called twice."""
        with self._lock:
            if self._to_keeper < 0:
                return
            os.close(self._to_keeper)
            self._to_keeper = -1
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, os.WNOHANG)

    def _start(self) -> None:
        from_us, self._to_keeper = os.pipe()
        nothing = os.open(os.devnull, os.O_WRONLY)
        words = (sys.executable, "-S", "-E", "-B", str(SCRIPT))
        # Not `subprocess`, which would insist on waiting for it.
        self._pid = os.posix_spawn(
            sys.executable,
            (*words, _address(self._engine.address), self._engine.version),
            {},
            file_actions=(
                (os.POSIX_SPAWN_DUP2, from_us, 0),
                (os.POSIX_SPAWN_DUP2, nothing, 1),
                (os.POSIX_SPAWN_DUP2, nothing, 2),
            ),
            # An interrupt at the terminal is for us; the keeper has work to do then.
            setsid=True,
        )
        os.close(from_us)
        os.close(nothing)

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._to_keeper >= 0:
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._to_keeper, line.encode())


def _address(address: str) -> str:
    """Return an address with its port written out."""
    scheme, _, rest = address.partition("://")
    if scheme not in TCP or ":" in rest.rpartition("]")[2]:
        return address
    return f"{scheme}://{rest.rstrip('/')}:{PORT}"
