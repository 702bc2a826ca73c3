"""The main process of a container: owns the stream, looks after one worker.

    supervisor.py -- WORKER COMMAND...

Frames are relayed between the attached standard input and output and the worker's own pipes;
payloads pass through unread. Frames for the supervisor itself: `kill` (end the worker) and
`renew` (start a new one). It tells `exited` when the worker ends, and ends with its worker
within a fifth of a second when the stream does: then localfn is gone. Standard library only, the
syntax of Python 2.7.
"""

import errno
import fcntl
import json
import os
import select
import signal
import struct
import sys
import time

LENGTHS = struct.Struct(">II")
CHUNK = 1 << 20
# Frames up to this size are passed on only when they are whole.
WHOLE = 1 << 16
BROKEN = 70
F_SETPIPE_SZ = 1031
LAST_STOP_S = 5.0


def main():
    """Relay until the stream ends."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    host_in, host_out = private(os.dup(0)), private(os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    Supervisor(command, host_in, host_out).run()


def private(descriptor):
    """Return a descriptor that no child inherits."""
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return descriptor


class Supervisor(object):
    """Relays frames for one worker at a time."""

    def __init__(self, command, host_in, host_out):
        self._command = command
        self._host_in = host_in
        self._host_out = host_out
        self._worker = 0
        self._to_worker = self._from_worker = -1
        self._stopping = False
        self._kills = oom_kills()
        self._watch = select.poll()
        self._wake, wake = os.pipe()
        for each in (self._wake, wake):
            private(each)
            fcntl.fcntl(each, fcntl.F_SETFL, os.O_NONBLOCK)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self._leave(128 + number))
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def run(self):
        """Serve until the host hangs up."""
        self._watch.register(self._host_in, select.POLLIN)
        self._watch.register(self._wake, select.POLLIN)
        self._spawn()
        while True:
            for descriptor in self._ready():
                if descriptor == self._host_in:
                    self._from_host()
                elif descriptor == self._wake:
                    self._reap()
                elif descriptor == self._from_worker:
                    self._to_host()

    def _ready(self):
        try:
            return [descriptor for descriptor, _ in self._watch.poll()]
        except (select.error, OSError) as error:
            if error.args[0] != errno.EINTR:
                raise
            return []

    def _spawn(self):
        worker_in, self._to_worker = os.pipe()
        self._from_worker, worker_out = os.pipe()
        for each in (self._to_worker, self._from_worker):
            widen(private(each))
        pid = os.fork()
        if not pid:
            os.setsid()
            os.dup2(worker_in, 0)
            os.dup2(worker_out, 1)
            for each in (worker_in, worker_out):
                if each > 2:
                    os.close(each)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            try:
                os.execvp(self._command[0], self._command)
            except OSError as error:
                os.write(2, ("%s: %s\n" % (self._command[0], error)).encode("utf-8"))
            os._exit(127)
        os.close(worker_in)
        os.close(worker_out)
        self._worker = pid
        self._watch.register(self._from_worker, select.POLLIN)

    # --- from the host ---------------------------------------------------------------------

    def _from_host(self):
        lengths = exactly(self._host_in, LENGTHS.size)
        if len(lengths) < LENGTHS.size:
            self._host_is_gone()
        total, head_size = LENGTHS.unpack(lengths)
        head = exactly(self._host_in, head_size)
        kind = json.loads(head.decode("utf-8"))["kind"]
        if kind == "kill":
            self._kill(json.loads(head.decode("utf-8")).get("grace_s", 0))
        elif kind == "renew":
            if not self._worker:
                self._spawn()
        else:
            self._stopping = kind == "stop"
            self._pass_on(lengths + head, total - head_size)

    def _pass_on(self, start, left):
        """Write a frame to the worker; a worker that is gone does not stop it from being read."""
        alive = self._worker and put(self._to_worker, start)
        while left:
            piece = os.read(self._host_in, min(left, CHUNK))
            if not piece:
                self._host_is_gone()
            left -= len(piece)
            alive = alive and put(self._to_worker, piece)

    def _host_is_gone(self):
        if self._stopping and self._worker:
            deadline = time.time() + LAST_STOP_S
            while time.time() < deadline and os.waitpid(self._worker, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        self._leave(0)

    def _leave(self, code):
        if self._worker:
            kill_group(self._worker, signal.SIGKILL)
        os._exit(code)

    # --- from the worker -------------------------------------------------------------------

    def _to_host(self):
        lengths = exactly(self._from_worker, LENGTHS.size)
        if len(lengths) < LENGTHS.size:
            self._watch.unregister(self._from_worker)
            return
        left = LENGTHS.unpack(lengths)[0]
        if left <= WHOLE:
            rest = exactly(self._from_worker, left)
            if len(rest) == left:
                put(self._host_out, lengths + rest)
            return
        put(self._host_out, lengths)
        while left:
            piece = os.read(self._from_worker, min(left, CHUNK))
            if not piece:
                # Half a frame has gone out: only the end of the stream says so clearly.
                self._leave(BROKEN)
            left -= len(piece)
            put(self._host_out, piece)

    # --- the end of the worker -------------------------------------------------------------

    def _kill(self, grace_s):
        if not self._worker:
            return
        if grace_s:
            kill_group(self._worker, signal.SIGTERM)
            deadline = time.time() + grace_s
            while time.time() < deadline:
                if self._reap():
                    return
                time.sleep(0.005)
        if self._worker:
            kill_group(self._worker, signal.SIGKILL)

    def _reap(self):
        """Collect the dead; tell the host when the worker is among them."""
        try:
            os.read(self._wake, 512)
        except OSError:
            pass
        ended = False
        while True:
            try:
                pid, status, usage = os.wait3(os.WNOHANG)
            except OSError:  # no child is left
                return ended
            if not pid:
                return ended
            if pid == self._worker:
                ended = True
                self._tell_exit(status, usage.ru_maxrss)

    def _tell_exit(self, status, peak_kb):
        kill_group(self._worker, signal.SIGKILL)
        self._drain()
        self._worker = 0
        kills = oom_kills()
        told = {
            "kind": "exited",
            "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "oom": kills > self._kills,
            "peak_kb": peak_kb,
        }
        self._kills = kills
        head = json.dumps(told).encode("utf-8")
        put(self._host_out, LENGTHS.pack(len(head), len(head)) + head)

    def _drain(self):
        """Pass on what the worker had written before it ended."""
        while select.select([self._from_worker], [], [], 0)[0]:
            before = self._from_worker
            peek = exactly(before, LENGTHS.size)
            if len(peek) < LENGTHS.size:
                break
            left = LENGTHS.unpack(peek)[0]
            rest = exactly(before, left)
            if len(rest) < left:
                break
            put(self._host_out, peek + rest)
        try:
            self._watch.unregister(self._from_worker)
        except KeyError:
            pass
        os.close(self._from_worker)
        os.close(self._to_worker)
        self._from_worker = -1


def exactly(descriptor, size):
    """Return this many bytes, or fewer at the end of the stream."""
    pieces = []
    while size:
        try:
            piece = os.read(descriptor, min(size, CHUNK))
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            raise
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def put(descriptor, text):
    """Write all of it; return whether somebody reads."""
    left = memoryview(text)
    while len(left):
        try:
            left = left[os.write(descriptor, left) :]
        except OSError as error:
            if error.errno != errno.EINTR:
                return False
    return True


def widen(pipe):
    """Give a pipe as much room as an ordinary user may, so that large frames move in few steps."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, CHUNK)
    except (IOError, OSError):
        pass


def kill_group(leader, number):
    """Signal a worker and the children that stayed with it."""
    try:
        os.killpg(leader, number)
    except OSError:
        pass


def oom_kills():
    """Return how often the kernel has killed in this container for want of memory."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        try:
            with open(path) as counters:
                for line in counters:
                    if line.startswith("oom_kill "):
                        return int(line.split()[1])
        except (IOError, OSError):
            continue
    return 0


if __name__ == "__main__":
    main()
