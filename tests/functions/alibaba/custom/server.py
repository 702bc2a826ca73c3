"""Behaves as its event says: every way in which a server can end a call."""
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time

HANDLER = os.environ.get("FC_FUNCTION_HANDLER", "")
HELD = []


def say(text):
    os.write(1, (text + "\n").encode())


def answer(_server):
    return b"fine"


def fail(server):
    body = b'{"errorMessage": "something is wrong", "errorType": "ValueError"}'
    server.end = ", Error: Unhandled function error"
    return lambda: server.answer(200, body, ("x-fc-status", "404"))


def leave(_server):
    os._exit(3)


def be_killed(_server):
    # A main process of a container takes no signal from inside, not even this one.
    if os.getpid() == 1:
        os._exit(137)
    os.kill(os.getpid(), 9)


def dawdle(_server):
    time.sleep(30)


def take_memory(_server):
    while True:
        HELD.append(b"x" * (8 << 20))


def hang_up(server):
    return lambda: server.connection.shutdown(socket.SHUT_RDWR)


def talk_nonsense(server):
    def talk():
        server.wfile.write(b"220 mail.example.com ESMTP\r\n")
        server.wfile.flush()
        server.connection.shutdown(socket.SHUT_RDWR)

    return talk


def answer_large(_server):
    return b"x" * (3 << 20)


def speak(server):
    say("one")
    say("two")
    say("2026-11-25T00:00:00.000Z %s [INFO] three" % server.id)
    subprocess.run(["echo", "four"])
    return server.id.encode()


def chatter(server):
    for number in range(int(server.body)):
        say("line %d" % number)
    return b"done"


def use_layers(_server):
    def run(name):
        for folder in os.environ["PATH"].split(":"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                return subprocess.check_output(["sh", path]).strip()
        raise LookupError(name)

    return b" ".join(map(run, ("shared_by_layers", "only_in_first", "only_in_second")))


def leave_later(_server):
    threading.Timer(0.05, os._exit, [3]).start()
    return b"answered"


def see(server):
    import files

    return json.dumps(files.handler(server.body, None)).encode()


def handle(_server):
    say("handling")
    return b""


BEHAVIOURS = {
    "answer": answer,
    "handler-raised": fail,
    "exited": leave,
    "killed": be_killed,
    "timed-out": dawdle,
    "out-of-memory": take_memory,
    "bad-reply": hang_up,
    "nonsense": talk_nonsense,
    "large": answer_large,
    "speak": speak,
}
HANDLERS = {
    "chatty.handler": chatter,
    "files.handler": see,
    "leaver.handler": leave_later,
    "hooks.handler": handle,
    "layered.handler": use_layers,
}
# What `POST /initialize` answers for an initializer of this name.
INITIALIZERS = {
    "hooks.initialize": (200, b""),
    "index.initialize_badly": (400, b'{"errorMessage": "no database", "errorType": "RuntimeError"}'),
    "index.initialize_fatally": (500, b"no database at all"),
    "index.nothing": (404, b"there is no such path"),
}


class Function(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.id = self.headers.get("x-fc-request-id", "")
        {"/invoke": self.invoke, "/initialize": self.initialize}[self.path]()

    def invoke(self):
        assert self.headers["x-fc-control-path"] == "/invoke"
        assert self.headers["Content-Type"] == "application/octet-stream"
        self.end = ""
        say("FC Invoke Start RequestId: %s" % self.id)
        act = HANDLERS.get(HANDLER)
        if act is None:
            say("before")
            act = BEHAVIOURS[self.body.decode()]
        found = act(self)
        # What is printed after the answer may belong to no call.
        say("FC Invoke End RequestId: %s%s" % (self.id, self.end))
        if callable(found):
            found()
        else:
            self.answer(200, found)

    def initialize(self):
        wanted = self.headers["x-fc-function-initializer"]
        say("FC Initialize Start RequestId: %s" % self.id)
        if wanted == "index.initialize_slowly":
            time.sleep(30)
        status, body = INITIALIZERS[wanted]
        if status == 200:
            say("initializing")
        say("FC Initialize End RequestId: %s" % self.id)
        self.answer(status, body)

    def do_GET(self):
        self.id = self.headers.get("x-fc-request-id", "")
        title, said = {
            "/pre-stop": ("PreStop", "stopping"),
            "/pre-freeze": ("PreFreeze", "freezing"),
        }.get(self.path, ("", ""))
        if not title:
            return self.answer(503, b"never")
        say("FC %s Start RequestId: %s" % (title, self.id))
        say(said)
        say("FC %s End RequestId: %s" % (title, self.id))
        return self.answer(404, b"whatever: it is not looked at")

    def answer(self, status, body, *headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


port = int(os.environ.get("OWN_PORT") or os.environ["FC_CUSTOM_LISTEN_PORT"])
Server((os.environ.get("BIND", "0.0.0.0"), port), Function).serve_forever()
