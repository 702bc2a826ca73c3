"""What a program prints into a pipe: put on a tape as it comes, or at once when it is asked for."""

import os
import select
import threading

from localfn.wires.tape import LogTape

# What a pipe holds: one read takes all that is there.
READ_BYTES = 1 << 16


class Output:
    """Reads one pipe for a tape. Owns the descriptor, and closes it after the pipe's end."""

    def __init__(self, descriptor: int, tape: LogTape) -> None:
        self._descriptor = descriptor
        self._tape = tape
        self._lock = threading.Lock()
        self._over = False
        # Asks in a third of the time that a read in vain takes.
        self._printed = select.poll()
        self._printed.register(descriptor, select.POLLIN)
        os.set_blocking(descriptor, False)
        threading.Thread(target=self._follow, name="output", daemon=True).start()

    def settle(self) -> None:
        """Have all on the tape that was printed until now."""
        with self._lock:
            if not self._over and self._printed.poll(0):
                self._take()

    def finish(self) -> None:
        """Take what is left, and no more: whoever still holds the pipe does not matter."""
        with self._lock:
            self._take()
            self._end()

    def _follow(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while not self._over:
            poll.poll()
            self.settle()
        os.close(self._descriptor)

    def _take(self) -> None:
        if self._over:
            return
        try:
            text = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        if text:
            self._tape.feed(text)
        else:
            self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._tape.end()
