"""Runs a program that asks for its events over HTTP, and speaks frames with localfn.

The interface (next event, response, error) is served on loopback, inside the instance: nothing is
published, and it is the same in a process and in a container. Which paths and headers it has is
in shims/<cloud>.py. Standard library only; the frames are those of ../python/worker.py.
"""

import errno
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.path.join(os.path.dirname(HERE), "python")
READ_BYTES = 1 << 18
ADVICE = {
    errno.ENOENT: "There is no `%s`: build it, or correct the handler in the template.",
    errno.EACCES: "`%s` may not be run: `chmod +x` it, and name the program, not a folder.",
    errno.ENOEXEC: "`%s` is built for another system: `GOOS=linux GOARCH=amd64 go build`.",
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
        self._polled = threading.Event()
        self._answers = {"init": self._open, "invoke": self._ask, "hook": self._ask}

    def run(self):
        """Serve until told to stop, or until nobody asks any more."""
        while True:
            frame = self._stream.read()
            if frame is None or frame[0]["kind"] == "stop":
                self._leave(0)
            answer = self._answers.get(frame[0]["kind"])
            if answer is not None:
                answer(*frame)

    # --- frames ----------------------------------------------------------------------------

    def _open(self, header, _payload):
        self._stream.token = header["mark"].encode("ascii")
        self._context = header["context"]
        if header["alone"]:
            self._stream.leave_with_host()
        self._shim = self._load_shim(header["shim"], HERE)
        served = socket.socket()
        served.bind(("127.0.0.1", 0))
        served.listen(64)
        spawn(self._accept, served)
        failure = self._start(header, served.getsockname()[1])
        if failure is not None:
            self._write(dict(failure, kind="failure", id=header["id"]))
            return
        spawn(self._watch)
        self._polled.wait()
        if "initializer" in header["hooks"]:
            self._ask(dict(header, hook="initializer"), b"")
            return
        self._write({"kind": "ready", "id": header["id"], "protocol": 1})

    def _start(self, header, port):
        """Start the program; return what kept it from starting."""
        path = os.path.join(header["code"], header["handler"])
        told = {self._shim.ADDRESS: "127.0.0.1:%d" % port}
        try:
            self._program = subprocess.Popen(
                [path], cwd=header["code"], env=dict(os.environ, **told), stdin=subprocess.DEVNULL
            )
        except OSError as error:
            shown = os.path.join(header["shown_code"], header["handler"])
            advice = ADVICE.get(error.errno, "`%%s` cannot be run: %s." % error.strerror)
            return {
                "failure": "handler-missing" if error.errno == errno.ENOENT else "import-failed",
                "type": self._shim.NOT_STARTED,
                "message": self._shim.not_started(shown, error.strerror),
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

    def _answer(self, id_, told, payload=b""):
        """Pass on what the program answered; return whether it was asked."""
        with self._changed:
            header = self._asked.pop(id_, None)
        if header is None:
            return False
        kind = "ready" if header.get("hook") == "initializer" and "kind" not in told else "result"
        self._write(dict({"kind": kind, "protocol": 1}, id=header["id"], **told), payload)
        return True

    def _write(self, header, payload=b""):
        header["peak_kb"] = peak_kb(self._program.pid) if self._program else 0
        with self._changed:
            self._stream.write(header, payload)

    # --- the program -----------------------------------------------------------------------

    def _watch(self):
        """End as the program ends: localfn words it."""
        code = self._program.wait()
        if code < 0:
            os.kill(os.getpid(), -code)
        self._leave(code if code > 0 else 0)

    def _leave(self, code):
        if self._program is not None and self._program.poll() is None:
            self._program.kill()
        os._exit(code)

    # --- the interface ---------------------------------------------------------------------

    def _accept(self, served):
        while True:
            link, _ = served.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spawn(self._serve, link)

    def _serve(self, link):
        try:
            requests = Requests(link)
            for method, path, headers, body in requests:
                link.sendall(self._reply(link, method, path, headers, body))
        except (OSError, ValueError):
            pass
        finally:
            link.close()

    def _reply(self, link, method, path, headers, body):
        shim = self._shim
        if method == "GET" and path == shim.NEXT:
            self._polled.set()
            header, payload = self._next(link)
            return written("200 OK", shim.headers(header), payload)
        id_, what = shim.answered(path)
        if method != "POST" or not what:
            return written("404 Not Found", (), b"")
        if what == "response":
            known = self._answer(id_, {}, body)
        elif what == "error":
            known = self._answer(id_, dict(failure_of(body), kind="failure"))
        else:
            self._write(dict(failure_of(body), kind="failure", id="init", failure="init-failed"))
            known = True
        return written(shim.ACCEPTED if known else "404 Not Found", (), b"")

    def _next(self, link):
        """Wait for an event, as long as the program does."""
        watch = select.poll()
        watch.register(link, select.POLLIN)
        with self._changed:
            while not self._events:
                self._changed.wait(1.0)
                # Whoever has gone away must not be given an event.
                if watch.poll(0):
                    raise OSError("nobody waits any more")
            return self._events.pop(0)


class Requests(object):
    """The requests that come over one connection."""

    def __init__(self, link):
        self._link = link
        self._came = b""

    def __iter__(self):
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return
            lines = head.decode("latin-1").split("\r\n")
            method, path, _ = lines[0].split(" ", 2)
            headers = dict(
                (name.strip().lower(), value.strip())
                for name, _, value in (line.partition(":") for line in lines[1:])
            )
            if headers.get("expect", "").lower() == "100-continue":
                self._link.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            yield method, path, headers, self._body(headers)

    def _body(self, headers):
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self._exactly(int(headers.get("content-length", 0)))
        pieces = []
        while True:
            size = int(self._until(b"\r\n").partition(b";")[0], 16)
            piece = self._exactly(size)
            self._until(b"\r\n")
            if not size:
                return b"".join(pieces)
            pieces.append(piece)

    def _until(self, end):
        while end not in self._came:
            piece = self._link.recv(READ_BYTES)
            if not piece:
                return None
            self._came += piece
        found, _, self._came = self._came.partition(end)
        return found

    def _exactly(self, size):
        pieces, missing = [self._came[:size]], size - len(self._came)
        self._came = self._came[size:]
        while missing > 0:
            piece = self._link.recv(min(missing, READ_BYTES))
            if not piece:
                raise OSError("the request ended too early")
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)


def written(status, headers, body):
    """Return the bytes of an answer."""
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + body


def failure_of(body):
    """Return the fields of a failure frame from an error that a program reported."""
    try:
        told = json.loads(body.decode("utf-8"))
    except ValueError:
        told = {"errorMessage": body.decode("utf-8", "replace")}
    if not isinstance(told, dict):
        told = {"errorMessage": str(told)}
    return {
        "failure": "handler-raised",
        "message": str(told.get("errorMessage", "")),
        "type": str(told.get("errorType", "")),
        "stack": told.get("stackTrace"),
    }


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


def spawn(act, *arguments):
    """Do something in a thread of its own."""
    threading.Thread(target=act, args=arguments, daemon=True).start()


if __name__ == "__main__":
    sys.path.insert(0, PYTHON)
    from worker import Stream, load_shim

    Instance(Stream(), load_shim).run()
