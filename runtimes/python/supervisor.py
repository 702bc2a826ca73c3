"""The main process of a container: owns the stream, looks after one worker.

    supervisor.py -- WORKER COMMAND...

Frames are relayed between the attached standard input and output and the worker's own pipes;
payloads pass through unread. Frames for the supervisor itself: `kill` (end the worker) and
`renew` (start a new one, with an empty `/tmp`; answered by `renewed`, and by the `mark` on
standard error behind all that the old one printed). It tells `exited` when the worker ends, and
ends with its worker within a fifth of a second when the stream does: then localfn is gone. Standard library only, the
syntax of Python 2.7, and nothing that is slow to import: every cold start waits for this file.
"""

import errno
import fcntl
import os
import select
import struct
import sys
import time

try:
    # The same without the enums, which take 3 ms to build.
    import _signal as signal
except ImportError:
    import signal

LENGTHS = struct.Struct(">II")
CHUNK = 1 << 20
# Frames up to this size are passed on only when they are whole.
WHOLE = 1 << 16
# How the container leaves when a worker died within a frame that had begun to go out.
BROKEN = 70
F_SETPIPE_SZ = 1031
LAST_STOP_S = 5.0
# Open files of a worker, as in the clouds, where the container may have as many.
MOST_FILES = 100000
FOR_SUPERVISOR = (b'"kill"', b'"renew"', b'"stop"')
PLAIN_STOP = b'{"kind":"stop"}'
RENEWED = b'{"kind":"renewed"}'
# Of a container, and there a file system of its own.
TMP = "/tmp"
OOM_COUNTERS = ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events")


def main():
    """Relay until the stream ends."""
    command = sys.argv[sys.argv.index("--") + 1 :]
    host_in, host_out = private(os.dup(0)), private(os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    Supervisor(command, host_in, host_out).run()


class Supervisor(object):
    """Relays frames for one worker at a time."""

    def __init__(self, command, host_in, host_out):
        self._command = command
        self._host_in = host_in
        self._host_out = host_out
        self._worker = 0
        self._to_worker = self._from_worker = -1
        self._unsent = []
        self._stopping = False
        self._renew = None
        self._kill_at = None
        self._leave_with = None
        self._kills = oom_kills()
        self._from_host_cut = Cutter(lambda total, head: head)
        self._watch = select.poll()
        self._wake, wake = os.pipe()
        for each in (self._wake, wake):
            unblock(private(each))
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._forward)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        widen(host_in)
        widen(host_out)

    def run(self):
        """Serve until the host hangs up."""
        self._watch.register(self._host_in, select.POLLIN)
        self._watch.register(self._wake, select.POLLIN)
        self._spawn()
        while True:
            for descriptor in self._ready():
                if descriptor == self._from_worker:
                    self._to_host()
                elif descriptor == self._host_in:
                    self._from_host()
                elif descriptor == self._to_worker:
                    self._send_on()
                elif descriptor == self._wake:
                    self._reap()

    def _ready(self):
        """Wait for something to do, at most until a worker's grace is over."""
        limit_ms = None
        if self._kill_at is not None:
            limit_ms = max(0, int((self._kill_at - time.time()) * 1000) + 1)
        try:
            ready = [descriptor for descriptor, _ in self._watch.poll(limit_ms)]
        except (select.error, OSError) as error:
            if error.args[0] != errno.EINTR:
                raise
            return []
        if self._kill_at is not None and time.time() >= self._kill_at:
            self._kill_at = None
            signal_worker(self._worker, signal.SIGKILL)
        return ready

    def _spawn(self):
        worker_in, self._to_worker = os.pipe()
        self._from_worker, worker_out = os.pipe()
        for each in (self._to_worker, self._from_worker):
            widen(unblock(private(each)))
        self._to_host_cut = Cutter(lambda total, head: total if total <= WHOLE else 0)
        pid = os.fork()
        if not pid:
            self._become_worker(worker_in, worker_out)
        os.close(worker_in)
        os.close(worker_out)
        self._worker = pid
        self._watch.register(self._from_worker, select.POLLIN)

    def _become_worker(self, worker_in, worker_out):
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.setsid()
            os.dup2(worker_in, 0)
            os.dup2(worker_out, 1)
            for each in (worker_in, worker_out):
                if each > 2:
                    os.close(each)
            die_first()
            limit_files()
            os.execvp(self._command[0], self._command)
        except OSError as error:
            os.write(2, ("%s: %s\n" % (self._command[0], error)).encode("utf-8"))
        finally:
            os._exit(127)

    # --- from the host ---------------------------------------------------------------------

    def _from_host(self):
        piece = read(self._host_in)
        if piece is None:
            return
        if not piece:
            self._host_is_gone()
            return
        for head, part in self._from_host_cut.cut(piece):
            if head is not None:
                self._stopping = head == PLAIN_STOP
                # JSON is not imported for the commonest end.
                asked = not self._stopping and any(word in head for word in FOR_SUPERVISOR)
                if asked and self._obey(head):
                    continue
            if self._worker:
                self._unsent.append(part)
        self._send_on()

    def _obey(self, head):
        """Do what a frame asks of the supervisor; return whether that was all it was for."""
        import json

        told = json.loads(head.decode("utf-8"))
        kind = told.get("kind")
        self._stopping = kind == "stop"
        if kind == "kill":
            self._kill(told.get("grace_s", 0))
        elif kind == "renew":
            self._start_afresh(told.get("mark", ""))
        return kind in ("kill", "renew")

    def _start_afresh(self, mark):
        self._renew = mark.encode("utf-8")
        if self._worker:
            self._kill(0)
        else:
            self._renew_worker()

    def _renew_worker(self):
        mark, self._renew = self._renew, None
        if os.getpid() == 1:
            empty(TMP)
        put(2, mark)
        self._tell(RENEWED)
        self._spawn()

    def _send_on(self):
        """Write to the worker what it takes; nothing more is read for it until it took all."""
        if not self._worker:
            self._unsent = []
        while self._unsent:
            size = write(self._to_worker, self._unsent[0])
            if size is None:
                break
            if size < len(self._unsent[0]):
                self._unsent[0] = memoryview(self._unsent[0])[size:]
            else:
                self._unsent.pop(0)
        if self._worker:
            forget(self._watch, self._to_worker)
            if self._unsent:
                self._watch.register(self._to_worker, select.POLLOUT)
        # Without POLLIN the end of the stream is still told.
        self._listen(0 if self._unsent else select.POLLIN)

    def _listen(self, events):
        if self._leave_with is None:
            self._watch.modify(self._host_in, events)

    def _host_is_gone(self):
        """Leave at once, or when a worker that was asked to stop has done so."""
        if not (self._stopping and self._worker):
            self._leave(0)
        self._leave_with = 0
        self._kill_at = time.time() + LAST_STOP_S
        self._watch.unregister(self._host_in)

    def _leave(self, code):
        if self._worker:
            signal_worker(self._worker, signal.SIGKILL)
        os._exit(code)

    # --- from the worker -------------------------------------------------------------------

    def _to_host(self):
        piece = read(self._from_worker)
        if piece is None:
            return False
        if not piece:
            forget(self._watch, self._from_worker)
            return False
        for _, part in self._to_host_cut.cut(piece):
            put(self._host_out, part)
        return True

    # --- the end of the worker -------------------------------------------------------------

    def _forward(self, number, _):
        """Pass a request to end on to the worker, and end after it."""
        if not self._worker:
            os._exit(128 + number)
        self._leave_with = 128 + number
        self._kill_at = time.time() + LAST_STOP_S
        signal_worker(self._worker, number)

    def _kill(self, grace_s):
        if not self._worker:
            return
        self._kill_at = time.time() + grace_s
        signal_worker(self._worker, signal.SIGTERM if grace_s else signal.SIGKILL)

    def _reap(self):
        """Collect the dead; tell the host when the worker is among them."""
        read(self._wake)
        while True:
            try:
                pid, status, usage = os.wait3(os.WNOHANG)
            except OSError:  # no child is left
                return
            if not pid:
                return
            if pid == self._worker:
                self._bury(status, usage.ru_maxrss)

    def _bury(self, status, peak_kb):
        signal_group(self._worker, signal.SIGKILL)
        if os.getpid() == 1:
            # All others in this container were started by the worker.
            signal_all(signal.SIGKILL)
        while self._to_host():
            pass
        for each in (self._from_worker, self._to_worker):
            forget(self._watch, each)
            os.close(each)
        self._worker, self._kill_at = 0, None
        self._from_worker = self._to_worker = -1
        if self._to_host_cut.left:
            # Half a frame has gone out: only the end of the stream says so clearly.
            os._exit(BROKEN)
        self._send_on()
        self._tell_exit(status, peak_kb)
        if self._leave_with is not None:
            os._exit(self._leave_with)
        if self._renew is not None:
            self._renew_worker()

    def _tell_exit(self, status, peak_kb):
        kills = oom_kills()
        head = '{"kind":"exited","code":%d,"signal":%d,"oom":%s,"peak_kb":%d}' % (
            os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "true" if kills > self._kills else "false",
            peak_kb,
        )
        self._kills = kills
        self._tell(head.encode("ascii"))

    def _tell(self, head):
        put(self._host_out, LENGTHS.pack(len(head), len(head)) + head)


class Cutter(object):
    """Cuts a stream where frames start, keeping back what is not yet enough of one.

    `enough(total, head)` tells how much of a frame must be there, behind its lengths, for its
    start to be passed on. `left` is what is still to come of a frame that has been.
    """

    def __init__(self, enough):
        self._enough = enough
        self._kept = b""
        self.left = 0

    def cut(self, piece):
        """Return (header, bytes) of each start and (None, bytes) of each continuation."""
        kept = self._kept + piece if self._kept else piece
        at, end, parts = 0, len(kept), []
        while at < end:
            if self.left:
                head, size = None, min(self.left, end - at)
                self.left -= size
            else:
                if end - at < LENGTHS.size:
                    break
                total, head_size = LENGTHS.unpack_from(kept, at)
                start = at + LENGTHS.size
                if end - start < self._enough(total, head_size):
                    break
                head = kept[start : start + head_size]
                size = min(end - at, LENGTHS.size + total)
                self.left = LENGTHS.size + total - size
            # The commonest: all that was read is one frame, or a part of one.
            parts.append((head, kept if size == len(kept) else kept[at : at + size]))
            at += size
        self._kept = kept[at:]
        return parts


def private(descriptor):
    """Return a descriptor that no child inherits."""
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return descriptor


def unblock(descriptor):
    """Return a descriptor that nobody waits on."""
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)
    return descriptor


def widen(pipe):
    """Give a pipe as much room as an ordinary user may, so that large frames move in few steps."""
    try:
        fcntl.fcntl(pipe, F_SETPIPE_SZ, CHUNK)
    except (IOError, OSError):
        pass


def read(descriptor):
    """Return what is there, b"" at the end of the stream, None when there is nothing yet."""
    try:
        return os.read(descriptor, CHUNK)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EINTR):
            return None
        return b""


def write(descriptor, text):
    """Return how much was taken: all of it where nobody reads any more; None when it is full."""
    try:
        return os.write(descriptor, text)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EINTR):
            return None
        return len(text)


def put(descriptor, text):
    """Write all of it, unless nobody reads."""
    left = memoryview(text)
    while len(left):
        size = write(descriptor, left)
        if size is not None:
            left = left[size:]


def forget(watch, descriptor):
    """Watch a descriptor no longer, if it was watched."""
    try:
        watch.unregister(descriptor)
    except KeyError:
        pass


def signal_group(leader, number):
    """Signal a worker and the children that stayed with it; return whether there were any."""
    try:
        os.killpg(leader, number)
    except OSError:
        return False
    return True


def signal_worker(worker, number):
    """Signal a worker that has not been collected yet."""
    # Before its first step it has no group of its own.
    if not signal_group(worker, number):
        os.kill(worker, number)


def signal_all(number):
    """Signal every process but this one."""
    try:
        os.kill(-1, number)
    except OSError:
        pass


def die_first():
    """Have the kernel choose the worker, not the supervisor, when memory is short."""
    try:
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(score, b"1000")
    except OSError:
        pass
    os.close(score)


def limit_files():
    """Set the limit of open files."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except ValueError:
        pass


def empty(folder):
    """Remove what is in a folder, but nothing that is mounted there."""
    try:
        device, names = os.lstat(folder).st_dev, os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        try:
            found = os.lstat(path)
            if found.st_dev != device:
                continue
            if found.st_mode & 0o170000 == 0o040000:
                empty(path)
                os.rmdir(path)
            else:
                os.unlink(path)
        except OSError:  # a mount below it, or not ours
            continue


def oom_kills():
    """Return how often the kernel has killed in this container for want of memory."""
    for path in OOM_COUNTERS:
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
