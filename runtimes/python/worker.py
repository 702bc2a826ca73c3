"""Runs a Python function inside an instance and speaks frames with localfn.

Standard library only, and the syntax of Python 2.7: this file runs in every Python that a cloud
has had. The frames are described in ARCHITECTURE.md, "The wire"; what differs from cloud to cloud
is in shims/<cloud>.py.
"""

import json
import os
import struct
import sys
import time

LENGTHS = struct.Struct(">II")
PROTOCOL = 1
WRITE_BYTES = 1 << 20
# What is read with the start of a frame: mostly all of it.
READ_BYTES = 1 << 16
# What opening takes beside the shim.
PRELOADED = ("select", "signal")


class Stream(object):
    """The frames. Lives on private descriptors, where user code cannot print."""

    def __init__(self):
        self._in = _private(os.dup(0))
        self._out = _private(os.dup(1))
        self._marks = _private(os.dup(2))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self.token = b""
        self._ahead = b""
        self._turn = Nobody()
        self._calls = None
        self._speaker = b""

    def share(self):
        """Let several threads write, and tell which call prints what."""
        import threading

        # Taken again where a signal interrupts who holds it.
        self._turn = threading.RLock()
        self._calls = threading.local()
        sys.stdout = Attributed(sys.stdout, self, threading.local())
        sys.stderr = Attributed(sys.stderr, self, threading.local())

    def speak_for(self, id_):
        """Say which call the current thread runs."""
        self._calls.id = id_.encode("utf-8")

    def print_on(self, printed, text):
        """Print, after a mark on standard error where another call has printed before.

        What children and C code print goes to whom has printed last: nobody can tell better.
        """
        with self._turn:
            speaker = getattr(self._calls, "id", self._speaker)
            if speaker != self._speaker:
                self._speaker = speaker
                self._all(self._marks, b"\0" + self.token + b">" + speaker + b"\0")
            return printed.write(text)

    def read(self):
        """Return (header, payload), or None when localfn is gone."""
        lengths = self._exactly(LENGTHS.size, READ_BYTES)
        if len(lengths) < LENGTHS.size:
            return None
        total, head_size = LENGTHS.unpack(lengths)
        head = self._exactly(head_size)
        payload = self._exactly(total - head_size)
        if len(head) + len(payload) < total:
            return None
        return json.loads(head.decode("utf-8")), payload

    def write(self, header, payload=b""):
        """Send one frame, after a mark on standard error: what was printed is this frame's.

        Without a token nobody needs to be told.
        """
        with self._turn:
            self._write(header, payload)

    def _write(self, header, payload):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed or replaced by user code: nothing is left to flush
                pass
        if self.token:
            name = header["id"].encode("utf-8")
            self._all(self._marks, b"\0" + self.token + b":" + name + b"\0")
        head = json.dumps(header).encode("utf-8")
        head = LENGTHS.pack(len(head) + len(payload), len(head)) + head
        if len(payload) < WRITE_BYTES:
            self._all(self._out, head + payload)
        else:
            self._all(self._out, head)
            self._all(self._out, payload)

    def leave_with_host(self, debugged=False):
        """End this process group at once when localfn is gone, even in the middle of a call.

        In a container the supervisor does it. A bare thread: user code that lists or counts its
        threads does not see it. A debugger would show it among the user's, so it gets one that
        it knows as its own.
        """
        try:
            import select
            import signal

            try:
                import _thread
            except ImportError:  # Python 2
                import thread as _thread

            watch = select.poll()
        except (ImportError, AttributeError):  # Windows: the next read ends the process
            return
        watch.register(self._in, 0)

        def leave():
            while not watch.poll():
                pass
            if os.getpgid(0) == os.getpid():  # children too, but never somebody else's group
                os.killpg(0, signal.SIGKILL)
            os._exit(1)

        if not debugged:
            _thread.start_new_thread(leave, ())
            return
        import threading

        thread = threading.Thread(target=leave, name="localfn")
        thread.daemon = thread.is_pydev_daemon_thread = True
        thread.start()

    def _exactly(self, size, more=0):
        """Return so many bytes, fewer at the end; `more` may be read ahead where it is there."""
        pieces, missing = [self._ahead], size - len(self._ahead)
        while missing > 0:
            piece = os.read(self._in, min(missing, WRITE_BYTES) + more)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._ahead = whole[size:]
        return whole[:size]

    def _all(self, descriptor, text):
        left = memoryview(text)
        while len(left):
            left = left[os.write(descriptor, left) :]


def _private(descriptor):
    try:
        os.set_inheritable(descriptor, False)
    except AttributeError:  # Python 2
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return descriptor


class Nobody(object):
    """A lock where there is one thread only."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class Attributed(object):
    """A text stream whose output carries the call that it belongs to."""

    def __init__(self, printed, stream, own):
        self._printed = printed
        self._stream = stream
        self._own = own

    @property
    def softspace(self):
        """Whether `print` of Python 2 owes a blank: to the thread that prints, not to all."""
        return getattr(self._own, "softspace", 0)

    @softspace.setter
    def softspace(self, owed):
        self._own.softspace = owed

    def write(self, text):
        return self._stream.print_on(self._printed, text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._printed, name)


class Broken(Exception):
    """A handler that cannot be had: what the failure frame will say."""

    def __init__(self, failure, kind, message, stack, advice=""):
        Exception.__init__(self, message)
        self.told = {
            "failure": failure,
            "type": kind,
            "message": message,
            "stack": stack,
            "advice": advice,
        }


class Worker(object):
    """Answers one frame after the other; calls side by side where the function wants that."""

    def __init__(self, stream, folder):
        self._stream = stream
        self._folder = folder
        self._shim = None
        self._peak_kb = self._peak_read = 0
        self._init = {}
        self._handlers = {}
        self._side_by_side = False
        self._guarded = False
        self._answers = {"init": self._open, "invoke": self._invoke, "hook": self._hook}

    def run(self):
        """Serve until told to stop, or until nobody asks any more."""
        while True:
            frame = self._stream.read()
            if frame is None or frame[0]["kind"] == "stop":
                self._leave(0)
            header, payload = frame
            if header["kind"] == "preload":
                self._preload(header)
            elif self._side_by_side and header["kind"] == "invoke":
                self._begin(header, payload)
            elif header["kind"] in self._answers:
                self._serve(header, payload)

    def _preload(self, header):
        """Load what is not the user's, while nobody waits."""
        try:
            self._guard(header)
            self._shim = load_shim(header["shim"], self._folder)
            for each in PRELOADED:
                __import__(each)
        except Exception:  # `init` will tell
            self._shim = None

    def _guard(self, header):
        """Be sure to end with localfn, if there is no supervisor to see to that."""
        if header["alone"] and not self._guarded:
            self._guarded = True
            self._stream.leave_with_host(bool(header.get("debug")))

    def _begin(self, header, payload):
        import threading

        def run():
            self._stream.speak_for(header["id"])
            self._serve(header, payload)

        thread = threading.Thread(target=run)
        thread.daemon = True
        thread.start()

    def _serve(self, header, payload):
        try:
            told, body = self._answers[header["kind"]](header, payload)
        except SystemExit as leaving:
            self._leave(_code(leaving))
        except BaseException as error:
            told, body = self._failure(error), b""
        told["id"] = header["id"]
        told["peak_kb"] = self._peak()
        self._stream.write(told, body)

    def _open(self, header, _payload):
        """Load the user's code, or run the initializer, which loads it."""
        self._init = header
        self._stream.token = header["mark"].encode("ascii")
        self._guard(header)
        self._side_by_side = header.get("concurrency", 1) > 1
        if self._side_by_side:
            self._stream.share()
        self._shim = self._shim or load_shim(header["shim"], self._folder)
        self._shim.prepare(header)
        if header.get("debug"):
            # Kept, as Python 2 empties a module that nobody holds.
            self._debugging = load_beside("debugging", self._folder)
            self._debugging.open_debugger(header["debug"], Broken)
        if self._has_initializer():
            self._hook({"hook": "initializer", "context": header["context"]}, b"")
        else:
            self._handler(header["handler"])
        version = "%d.%d.%d" % sys.version_info[:3]
        return {"kind": "ready", "protocol": PROTOCOL, "language_version": version}, b""

    def _with_context(self, header):
        """Return a header with its whole context: what is as `init` told it is left out."""
        return dict(header, context=dict(self._init.get("context", {}), **header["context"]))

    def _invoke(self, header, payload):
        header = self._with_context(header)
        handler = self._handler(self._init["handler"])
        if "http" in header:
            http, body = self._shim.run_http(handler, payload, header)
            return {"kind": "result", "http": http}, body
        return {"kind": "result"}, self._shim.run_handler(handler, payload, header)

    def _hook(self, header, _payload):
        header = self._with_context(header)
        handler = self._handler(self._init["hooks"][header["hook"]])
        self._shim.run_hook(handler, header["context"])
        return {"kind": "result"}, b""

    def _has_initializer(self):
        return "initializer" in self._init["hooks"]

    def _peak(self):
        """Return the peak of memory, read anew at most every 20 ms: it costs as much as a call."""
        now = time.time()
        if now - self._peak_read > 0.02:
            self._peak_kb = peak_kb()
            self._peak_read = time.time()
        return self._peak_kb

    def _handler(self, name):
        if name not in self._handlers:
            self._handlers[name] = self._shim.load_handler(name, Broken)
        return self._handlers[name]

    def _failure(self, error):
        told = dict(error.told) if isinstance(error, Broken) else self._shim.describe(error)
        told["kind"] = "failure"
        return told

    def _leave(self, code):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed by user code
                pass
        os._exit(code)


def _code(leaving):
    """Return the exit status of a SystemExit, which may carry anything."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    sys.stderr.write("%s\n" % (leaving.code,))
    return 1


def load_shim(name, folder):
    """Return what differs from cloud to cloud; the user's module names stay free."""
    sys.path.insert(0, folder)
    try:
        shim = getattr(__import__("shims." + name), name)
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = True
    for each in ("shims", "shims.expecting", "shims." + name, "worker"):
        sys.modules.pop(each, None)
    shim.HIDDEN = frozenset(each.__code__.co_filename for each in (load_shim, shim.prepare))
    return shim


def load_beside(name, folder):
    """Return a module of ours that few workers need; the user's module names stay free."""
    sys.path.insert(0, folder)
    try:
        return __import__(name)
    finally:
        sys.path.remove(folder)
        sys.modules.pop(name, None)


def peak_kb():
    """Return the most memory this process has used, in KiB; 0 where it cannot be told."""
    try:
        # Not getrusage: its figure is inherited over fork and exec.
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except (IOError, OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def main(folder):
    """Be an instance; `folder` is where the shims are."""
    stream = Stream()
    sys.argv[:] = [""]
    Worker(stream, folder).run()
