"""A pipe whose end is the end of a guest: localfn holds one end, the guest's group the other.

When localfn is gone, however it went, all processes of the group are killed at once, whatever
user code is doing. On Linux the kernel does it by itself (a signal when the state of a pipe
changes); elsewhere a tiny shell waits on the pipe. No thread and no signal handler of the guest
is needed, and nothing is written to the pipe.
"""

import contextlib
import fcntl
import os
import signal
import sys

# Above the descriptors to which a command may move its frames.
LOWEST = 10
F_SETSIG = 10
WAIT_FOR_END = '(read -r _ <"/dev/fd/$0"; kill -KILL 0) </dev/null >/dev/null 2>&1 & exec "$@"'


class Lifeline:
    """What ends one guest with localfn. `close` may be called twice."""

    def __init__(self, *, by_kernel: bool = sys.platform == "linux") -> None:
        self._by_kernel = by_kernel
        end, self._ours = os.pipe()
        self.guests_end = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, LOWEST)
        os.close(end)

    def wrap(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command to start, with `guests_end` among the descriptors it inherits."""
        if self._by_kernel:
            return command
        return ("/bin/sh", "-c", WAIT_FOR_END, str(self.guests_end), *command)

    def tie(self, group: int) -> None:
        """Tie a started process group to the line, and leave its end to it alone."""
        if self._by_kernel:
            # A kernel that does not know it leaves the guest to notice the end of its frames.
            with contextlib.suppress(OSError):
                fcntl.fcntl(self.guests_end, fcntl.F_SETOWN, -group)
                fcntl.fcntl(self.guests_end, F_SETSIG, signal.SIGKILL)
                fcntl.fcntl(self.guests_end, fcntl.F_SETFL, os.O_ASYNC)
        self._let_go_of_guests_end()

    def close(self) -> None:
        """Let go: what is left of the group is killed."""
        self._let_go_of_guests_end()
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def _let_go_of_guests_end(self) -> None:
        if self.guests_end >= 0:
            os.close(self.guests_end)
            self.guests_end = -1
