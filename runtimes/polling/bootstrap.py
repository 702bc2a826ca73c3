"""Runs a program that asks for its events over HTTP, and speaks frames with localfn.

The interface (next event, response, error) is served on loopback, inside the instance: nothing is
published, and it is the same in a process and in a container. Which paths and headers it has is
in shims/<cloud>.py of the folder that the command line names. An address there is one at which a
program that runs elsewhere asks. Standard library only; the frames are those of
../python/worker.py.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.path.join(os.path.dirname(HERE), "python")
# What stands for the program in the command of its debugger.
PROGRAM = "PROGRAM"
# How long a failure waits for what its program does next.
LATEST_S = 0.3
# Signals that do not end Python: a program that they ended is told by its exit code.
HANDLED = (signal.SIGINT, signal.SIGPIPE)
ADVICE = {
    errno.ENOENT: "There is no `%s`: build it, or correct the handler in the template.",
    errno.EACCES: "`%s` may not be run: `chmod +x` it, and name the program, not a folder.",
}


class Instance(object):
    """One program, and what it was asked and has not answered."""

    def __init__(self, stream, load_shim):
        self._stream = stream
        self._load_shim = load_shim
        self._shim = None
        self._program = None
        self._events = []
        self._context = {}
        self._asked = {}
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._others = None
        self._records = None
        self._late = None
        self._stopping = False
        self._served = None
        self._answers = {"init": self._open, "invoke": self._ask, "hook": self._ask}

    def listen(self, address):
        """Take requests at an address: the program runs elsewhere, and knows it beforehand."""
        self._served = listening(int(address.rpartition(":")[2]))
        self._stream.write({"kind": "listening", "id": "listening"})

    def run(self):
        """Serve until told to stop, or until nobody asks any more."""
        while True:
            frame = self._stream.read()
            if frame is None:
                self._leave(0)
            if frame[0]["kind"] == "stop":
                self._stop()
            answer = self._answers.get(frame[0]["kind"])
            if answer is not None:
                answer(*frame)

    # --- frames ----------------------------------------------------------------------------

    def _open(self, header, _payload):
        self._stream.token = header["mark"].encode("ascii")
        self._context = header["context"]
        if header["alone"]:
            self._stream.leave_with_host(debugged=False)
        self._shim = self._load_shim(header["shim"], sys.argv[1])
        if self._served is not None:
            spawn(self._accept, self._served)
            self._others = self._shim.companions(header, None, self.break_off)
            self._await_program(header)
            return
        served = listening(0)
        spawn(self._accept, served)
        address = "127.0.0.1:%d" % served.getsockname()[1]
        environ = dict(os.environ, **{self._shim.ADDRESS: address})
        environ.update(self._shim.variables(header))
        self._others = self._shim.companions(header, environ, self.break_off)
        self._records = self._shim.records(environ)
        failure = self._start(header, environ)
        if failure is not None:
            self.break_off(failure)
            return
        spawn(self._watch)
        self._await_program(header)

    def _await_program(self, header):
        """Wait until the program asks for its first event."""
        self._ready.wait()
        if "initializer" in header["hooks"]:
            self._ask(dict(header, hook="initializer"), b"")
            return
        if self._others is None or self._others.await_ready():
            self._write({"kind": "ready", "id": header["id"], "protocol": 1})

    def _start(self, header, environ):
        """Start the program; return what kept it from starting."""
        path = self._shim.program(header)
        try:
            self._program = subprocess.Popen(
                started(path, header.get("debug")),
                cwd=header["code"],
                env=environ,
                stdin=subprocess.DEVNULL,
                pass_fds=() if self._records is None else (self._records.descriptor,),
            )
            if self._records is not None:
                self._records.begin()
        except OSError as error:
            shown = path.replace(header["code"].rstrip("/"), header["shown_code"].rstrip("/"), 1)
            known = dict(ADVICE)
            known[errno.ENOEXEC] = self._shim.FOREIGN
            advice = known.get(error.errno, "`%%s` cannot be run: %s." % error.strerror)
            return {
                "failure": "handler-missing" if error.errno == errno.ENOENT else "import-failed",
                "type": self._shim.NOT_STARTED,
                "message": self._shim.not_started(header, shown, error),
                "stack": None,
                "advice": advice % path,
            }
        return None

    def _ask(self, header, payload):
        """Put an event where the program will fetch it."""
        # What is as `init` told it is left out.
        header = dict(header, context=dict(self._context, **header["context"]))
        id_ = header["context"]["request_id"]
        with self._changed:
            self._asked[id_] = header
            self._events.append((header, payload))
            self._changed.notify()
        if self._others is not None:
            self._others.tell(header)

    def _answer(self, id_, told, payload=b""):
        """Pass on what the program answered; return whether it was asked.

        A failure waits until the program asks again, or ends: then no other call comes here.
        """
        with self._changed:
            header = self._asked.pop(id_, None)
        if header is None:
            return False
        if told.get("kind") == "failure":
            late = self._late = (header["id"], told, payload)
            spawn(self._tell_later, late)
            return True
        kind = "ready" if header.get("hook") == "initializer" and "kind" not in told else "result"
        self._write(dict({"kind": kind, "protocol": 1}, id=header["id"], **told), payload)
        return True

    def _tell_later(self, late):
        time.sleep(LATEST_S)
        with self._changed:
            overdue = self._late is late
        if overdue:
            self._tell_late()

    def _tell_late(self, **more):
        with self._changed:
            late, self._late = self._late, None
        if late is not None:
            id_, told, payload = late
            self._write(dict(told, id=id_, **more), payload)

    def break_off(self, failure, payload=b""):
        """Tell that the code cannot be loaded: what comes first counts."""
        told = dict({"failure": "init-failed"}, **failure)
        self._write(dict(told, kind="failure", id="init"), payload)

    def _write(self, header, payload=b""):
        header["peak_kb"] = peak_kb(self._program.pid) if self._program else 0
        if self._records is not None:
            self._records.settle()
        with self._changed:
            self._stream.write(header, payload)

    # --- the program -----------------------------------------------------------------------

    def _watch(self):
        """End as the program ends: localfn words it."""
        code = self._program.wait()
        if self._stopping:
            return
        self._tell_late(last=True)
        if code < 0 and -code not in HANDLED:
            os.kill(os.getpid(), -code)
            # It may be another thread that takes it.
            time.sleep(LATEST_S)
        self._leave(code if code >= 0 else 128 - code)

    def _stop(self):
        """End; whoever wants to hear of it before has a moment."""
        self._stopping = True
        if self._others is not None:
            self._others.say_goodbye(self._program)
        self._leave(0)

    def _leave(self, code):
        if self._program is not None and self._program.poll() is None:
            self._program.kill()
        if self._others is not None:
            self._others.kill()
        os._exit(code)

    # --- the interface ---------------------------------------------------------------------

    def _accept(self, served):
        while True:
            link, _ = served.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spawn(self._serve, link)

    def _serve(self, link):
        try:
            for request in Requests(link, self._follower):
                link.sendall(self._reply(link, request))
        except (OSError, ValueError):
            pass
        finally:
            link.close()

    def _follower(self, path, headers):
        """Return who takes an answer as it is written, None where it is gathered."""
        told = self._shim.streamed(headers)
        id_, what = answered(path, self._shim.BASE)
        with self._changed:
            header = self._asked.get(id_)
        if told is None or what != "response" or header is None or not header.get("streams"):
            return None

        def take(piece):
            with self._changed:
                if id_ in self._asked:
                    self._stream.write(dict(told, kind="part", id=header["id"]), piece)

        return take

    def _reply(self, link, request):
        shim = self._shim
        if request.method == "GET" and request.path == shim.NEXT:
            self._ready.set()
            self._tell_late()
            header, payload = self._next(link)
            return written("200 OK", shim.headers(header), shim.event(payload))
        id_, what = answered(request.path, shim.BASE)
        if request.method == "POST" and what == "response":
            told, body = shim.response(request)
            known = self._answer(id_, told, body)
        elif request.method == "POST" and what == "error":
            told, body = shim.failure(request)
            known = self._answer(id_, dict(told, kind="failure"), body)
        elif request.method == "POST" and what == "init":
            told, body = shim.failure(request)
            self.break_off(dict(told, failure="init-failed"), body)
            known = True
        else:
            answer = None if self._others is None else self._others.answer(link, request)
            return answer or written("404 Not Found", (), b"")
        return written(*(shim.accepted(request) if known else shim.UNKNOWN))

    def _next(self, link):
        """Wait for an event, as long as the program does."""
        with self._changed:
            while not self._events:
                self._changed.wait(1.0)
                refuse_gone(link)
            return self._events.pop(0)


def listening(port):
    """Return a socket that takes connections; those that come early wait."""
    served = socket.socket()
    served.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    served.bind(("127.0.0.1", port))
    served.listen(64)
    return served


def peak_kb(pid):
    """Return the most memory a program has used, in KiB; 0 where it cannot be told."""
    try:
        with open("/proc/%d/status" % pid) as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


def started(path, debug):
    """Return the words that start the program: by its debugger, where that has to do it."""
    words = (debug or {}).get("command") or [PROGRAM]
    return [path if each == PROGRAM else each for each in words]


def spawn(act, *arguments):
    """Do something in a thread of its own."""
    threading.Thread(target=act, args=arguments, daemon=True).start()


def answered(path, base):
    """Return which request a path answers, and how: `response`, `error` or `init`; or nothing."""
    if path == base + "init/error":
        return "", "init"
    start, _, what = path.rpartition("/")
    before, _, id_ = start.rpartition("/")
    if before + "/" != base + "invocation/" or what not in ("response", "error"):
        return "", ""
    return id_, what


if __name__ == "__main__":
    sys.path[:0] = [PYTHON, HERE]
    from conversation import Requests, refuse_gone, written
    from worker import Stream, load_shim

    instance = Instance(Stream(), load_shim)
    if len(sys.argv) > 2:
        instance.listen(sys.argv[2])
    instance.run()
