"""Stands between localfn and a worker of another language, beside which programs run.

    relay.py SHIMS WORKER COMMAND...

Frames pass in both directions. On the way the programs are started, as shims/<cloud>.py of the
folder SHIMS finds them, told of every event and of the end, and answered over HTTP on loopback,
as in bootstrap.py. The worker knows nothing of it. Standard library only.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.path.join(os.path.dirname(HERE), "python")


class Worker(object):
    """The program that answers, by its frames."""

    def __init__(self, command, environ):
        self._process = subprocess.Popen(
            command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.wait, self.poll = self._process.wait, self._process.poll
        self.send_signal, self.kill = self._process.send_signal, self._process.kill

    def give(self, header, payload):
        """Hand over a frame; one that has ended takes nothing more."""
        head = json.dumps(header).encode("utf-8")
        try:
            self._process.stdin.write(LENGTHS.pack(len(head) + len(payload), len(head)) + head)
            self._process.stdin.write(payload)
            self._process.stdin.flush()
        except OSError:
            pass

    def frames(self):
        """Yield what it answers, until it ends."""
        answers = self._process.stdout
        while True:
            lengths = answers.read(LENGTHS.size)
            if len(lengths) < LENGTHS.size:
                return
            total, head_size = LENGTHS.unpack(lengths)
            head, payload = answers.read(head_size), answers.read(total - head_size)
            if len(head) + len(payload) < total:
                return
            yield json.loads(head.decode("utf-8")), payload


class Relay(object):
    """One worker, and the programs beside it."""

    def __init__(self, stream, shims, command):
        self._stream = stream
        self._shims = shims
        self._command = command
        self._worker = None
        self._shim = None
        self._others = None
        self._context = {}
        self._mark = b""
        self._served = listening(0)
        self._writing = threading.Lock()
        self._opened = False
        self._stopping = False

    def run(self):
        """Serve until told to stop, or until nobody asks any more."""
        # Whoever is asked to end by a signal is the worker; this process ends as it does.
        signal.signal(signal.SIGTERM, lambda number, frame: None)
        while True:
            frame = self._stream.read()
            if frame is None:
                self._leave(0)
            self._take(*frame)

    def _take(self, header, payload):
        kind = header["kind"]
        if kind == "stop":
            self._stop()
        self._know(header)
        if kind == "init" and not self._open(header):
            return
        if kind == "invoke":
            # What is as `init` told it is left out.
            context = dict(self._context, **header["context"])
            self._others.tell(dict(header, context=context))
        self._worker.give(header, payload)

    def _know(self, header):
        """Start the worker by the first frame: that one tells which cloud it is for."""
        if self._worker is not None:
            return
        if header["alone"]:
            self._stream.leave_with_host(debugged=False)
        self._shim = load_shim(header["shim"], self._shims)
        self._worker = Worker(self._command, self._environ())
        spawn(self._watch)

    def _environ(self):
        address = "127.0.0.1:%d" % self._served.getsockname()[1]
        return dict(os.environ, **{self._shim.ADDRESS: address})

    def _open(self, header):
        """Start the programs; return whether all of them wish to be there."""
        self._context = header["context"]
        self._mark = header["mark"].encode("ascii")
        spawn(self._accept)
        environ = self._environ()
        environ.update(self._shim.variables(header))
        self._others = self._shim.companions(header, environ, self._break_off)
        return self._others.await_known()

    def _break_off(self, failure, payload=b""):
        """Tell that the code cannot be loaded: what comes first counts."""
        told = dict({"failure": "init-failed"}, **failure)
        self._tell(dict(told, kind="failure", id="init", peak_kb=0), payload, self._mark)

    def _tell(self, header, payload, mark=b""):
        """Pass on an answer; the worker has put its own mark behind what was printed."""
        with self._writing:
            opens = header["id"] == "init"
            if opens and self._opened:
                return
            self._opened = self._opened or opens
            self._stream.token = mark
            self._stream.write(header, payload)

    # --- the worker ------------------------------------------------------------------------

    def _watch(self):
        """Pass on what the worker answers, and end as it does."""
        for header, payload in self._worker.frames():
            if header["kind"] == "ready" and not self._others.await_ready():
                continue
            self._tell(header, payload)
        code = self._worker.wait()
        if self._stopping:
            return
        self._others.kill()
        if code < 0:
            if -code == signal.SIGTERM:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
            time.sleep(LATEST_S)
        self._leave(code if code >= 0 else 128 - code)

    def _stop(self):
        self._stopping = True
        if self._others is not None:
            self._others.say_goodbye(self._worker)
        self._leave(0)

    def _leave(self, code):
        if self._worker is not None and self._worker.poll() is None:
            self._worker.kill()
        if self._others is not None:
            self._others.kill()
        os._exit(code)

    # --- the interface ---------------------------------------------------------------------

    def _accept(self):
        while True:
            link, _ = self._served.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spawn(self._serve, link)

    def _serve(self, link):
        try:
            for request in Requests(link, lambda path, headers: None):
                answer = self._others.answer(link, request)
                link.sendall(answer or written("404 Not Found", (), b""))
        except (OSError, ValueError):
            pass
        finally:
            link.close()


if __name__ == "__main__":
    # Both have a `bootstrap`; this folder's is meant.
    sys.path[:0] = [HERE, PYTHON]
    from bootstrap import LATEST_S, listening, spawn
    from conversation import Requests, written
    from worker import LENGTHS, Stream, load_shim

    Relay(Stream(), sys.argv[1], sys.argv[2:]).run()
