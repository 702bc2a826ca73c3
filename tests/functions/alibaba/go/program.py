"""Stands in for a program built on the platform's Go library: asks for events, one by one.

Started by the executables beside it, each under the name of a handler.
"""
import http.client
import json
import os
import subprocess
import sys
import threading
import time

BASE = "/2020-11-11/runtime/invocation/"
HELD = []


def say(text):
    os.write(1, (text + "\n").encode())


def fail(_event, _id):
    raise ValueError("something is wrong")


def leave(_event, _id):
    os._exit(3)


def be_killed(_event, _id):
    os.kill(os.getpid(), 9)


def dawdle(_event, _id):
    time.sleep(30)


def take_memory(_event, _id):
    while True:
        HELD.append(b"x" * (8 << 20))


def speak(_event, id_):
    say("one")
    os.write(2, b"two\n")
    say("2026-11-25T00:00:00.000Z %s [INFO] three" % id_)
    subprocess.call(["echo", "four"])
    return id_.encode()


BEHAVIOURS = {
    "answer": lambda _event, _id: b"fine",
    "handler-raised": fail,
    "exited": leave,
    "killed": be_killed,
    "timed-out": dawdle,
    "out-of-memory": take_memory,
    "large": lambda _event, _id: b"x" * (3 << 20),
    "speak": speak,
}


def index(event, id_):
    say("before")
    return BEHAVIOURS[event.decode()](event, id_)


def chatty(event, _id):
    for number in range(int(event)):
        say("line %d" % number)
    return b"done"


def hooks(_event, _id):
    say("handling")
    return b""


def initialize(_event, _id):
    say("initializing")
    return b""


def initialize_badly(_event, _id):
    raise RuntimeError("no database")


def layered(_event, _id):
    def run(name):
        for folder in os.environ["PATH"].split(":"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                return subprocess.check_output(["sh", path]).strip()
        raise LookupError(name)

    return b" ".join(map(run, ("shared_by_layers", "only_in_first", "only_in_second")))


def leave_later(_event, _id):
    threading.Timer(0.05, os._exit, [3]).start()
    return b"answered"


def see(event, _id):
    import files

    return json.dumps(files.handler(event, None)).encode()


HANDLERS = {
    "files.handler": see,
    "leaver.handler": leave_later,
    "index.handler": index,
    "chatty.handler": chatty,
    "hooks.handler": hooks,
    "layered.handler": layered,
    "badly.handler": index,
    "slowly.handler": index,
}
INITIALIZERS = {"badly.handler": initialize_badly, "slowly.handler": dawdle}
# `x-fc-function-type`: the title of its lines, and what it does.
KINDS = {"0": "Invoke", "1": "Initialize", "2": "PreStop", "3": "PreFreeze"}


def act_of(kind):
    """Return what a kind of event has this program do."""
    name = os.path.basename(sys.argv[0])
    if kind == "1":
        return INITIALIZERS.get(name, initialize)
    said = {"2": "stopping", "3": "freezing"}.get(kind)
    if said is None:
        return HANDLERS[name]
    return lambda _event, _id: say(said) or b""


def main():
    link = http.client.HTTPConnection(os.environ["FC_RUNTIME_API"])
    while True:
        link.request("GET", BASE + "next")
        asked = link.getresponse()
        event, id_ = asked.read(), asked.headers["x-fc-request-id"]
        assert int(asked.headers["x-fc-function-deadline"]) > time.time() * 1000
        kind = asked.headers["x-fc-function-type"]
        say("FC %s Start RequestId: %s" % (KINDS[kind], id_))
        end = ""
        try:
            how, body = "response", act_of(kind)(event, id_)
        except Exception as error:
            end = ", Error: Unhandled function error"
            told = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": [{"path": "main.go", "line": 7, "label": "fail"}],
            }
            how, body = "error", json.dumps(told).encode()
        say("FC %s End RequestId: %s%s" % (KINDS[kind], id_, end))
        link.request("POST", "%s%s/%s" % (BASE, id_, how), body)
        answer = link.getresponse()
        assert answer.status == 200
        answer.read()
