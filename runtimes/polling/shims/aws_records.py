"""Log records in frames, as the official clients write them (contract aws-lambda, section 4.3).

Without such a pipe they print text, in which lines are joined by carriage returns.
"""

import os
import select
import struct
import threading

VARIABLE = "_LAMBDA_TELEMETRY_LOG_FD"
# What kind, how many bytes, when.
HEAD = struct.Struct(">IIQ")
# The first half of every kind; a client that writes something else is not understood.
MAGIC = 0xA55A
READ_BYTES = 1 << 16
PRINTED = 2


class Records(object):
    """The pipe that a program writes its records to."""

    def __init__(self):
        self._read, self.descriptor = os.pipe()
        os.set_blocking(self._read, False)
        self._came = b""
        self._taking = threading.Lock()
        self._watch = select.poll()
        self._watch.register(self._read, select.POLLIN)

    def begin(self):
        """Print records as they come; the program has its end of the pipe."""
        os.close(self.descriptor)
        threading.Thread(target=self._follow, daemon=True).start()

    def settle(self):
        """Print what has come until now."""
        with self._taking:
            while self._take():
                pass

    def _follow(self):
        while True:
            self._watch.poll()
            with self._taking:
                if not self._take() and self._watch.poll(0):
                    return

    def _take(self):
        """Print what is there; return whether anything was."""
        try:
            piece = os.read(self._read, READ_BYTES)
        except BlockingIOError:
            return False
        self._came += piece
        while len(self._came) >= HEAD.size:
            kind, size, _ = HEAD.unpack_from(self._came)
            if kind >> 16 != MAGIC:
                self._print(self._came)
                self._came = b""
                break
            if len(self._came) < HEAD.size + size:
                break
            self._print(self._came[HEAD.size : HEAD.size + size])
            self._came = self._came[HEAD.size + size :]
        return bool(piece)

    def _print(self, text):
        left = memoryview(text if text.endswith(b"\n") else text + b"\n")
        while len(left):
            left = left[os.write(PRINTED, left) :]
