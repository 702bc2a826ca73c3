"""The Extensions API of AWS Lambda (contract aws-lambda, section 4.5).

External extensions are programs in `/opt/extensions`, started before the runtime; internal ones
register from inside it. Each asks for its next event, as the runtime does.
"""

import json
import os
import signal
import subprocess
import threading
import time
import uuid

from conversation import refuse_gone, written

BASE = "/2020-01-01/extension/"
# Subscriptions that are taken and never served.
TELEMETRY = {
    "/2020-08-15/logs": ("Logs.NotSupported", "Logs API is not supported"),
    "/2022-07-01/telemetry": ("Telemetry.NotSupported", "Telemetry API is not supported"),
}
JSON = ("Content-Type", "application/json")
# How long external extensions have at the end, and the runtime before them.
GOODBYE_S = 1.8
RUNTIME_GOODBYE_S = 0.3
READY_LIMIT_S = 9.5
NO_LIMIT_MS = 900000


class Extension(object):
    """One extension, known by its name until it has registered."""

    def __init__(self, name, process=None):
        self.name = name
        self.process = process
        self.id = ""
        self.wants = ()
        self.asks = False
        self.events = []


class Extensions(object):
    """All extensions of one instance."""

    def __init__(self, header, break_off):
        self._header = header
        self._break_off = break_off
        self._all = []
        self._changed = threading.Condition()
        self._ending = False
        self._broken = False

    def start(self, programs, environ):
        """Start the external extensions."""
        for path in programs:
            name = os.path.basename(path)
            try:
                process = subprocess.Popen([path], env=environ, stdin=subprocess.DEVNULL)
            except OSError as error:
                self._fail("Extension.LaunchError", "%s: %s" % (name, error.strerror))
                return
            extension = Extension(name, process)
            self._all.append(extension)
            spawn(self._watch, extension)

    def await_known(self):
        """Wait until the external ones have registered; return whether all is well."""
        return self._await(lambda each: each.id)

    def await_ready(self):
        """Wait until the external ones ask for their first event; return whether all is well."""
        return self._await(lambda each: each.asks)

    def _await(self, reached):
        def all_have():
            return self._broken or all(reached(each) for each in self._all if each.process)

        with self._changed:
            self._changed.wait_for(all_have, READY_LIMIT_S)
            return not self._broken

    def tell(self, header):
        """Tell whoever wants to know that an event is being served."""
        context = header["context"]
        deadline_ms = header.get("deadline_ms") or int(time.time() * 1000) + NO_LIMIT_MS
        self._send(
            {
                "eventType": "INVOKE",
                "deadlineMs": deadline_ms,
                "requestId": context["request_id"],
                "invokedFunctionArn": context["function_arn"],
                "tracing": {"type": "X-Amzn-Trace-Id", "value": context["trace_id"]},
            }
        )

    def say_goodbye(self, program):
        """Let the external extensions know that all is over, and wait for them."""
        external = [each for each in self._all if each.process is not None]
        with self._changed:
            self._ending = True
        if not external:
            return
        if program is not None and program.poll() is None:
            program.send_signal(signal.SIGTERM)
            wait_for([program], RUNTIME_GOODBYE_S)
        deadline_ms = int((time.time() + GOODBYE_S) * 1000)
        self._send(
            {"eventType": "SHUTDOWN", "shutdownReason": "SPINDOWN", "deadlineMs": deadline_ms}
        )
        wait_for([each.process for each in external if "SHUTDOWN" in each.wants], GOODBYE_S)

    def kill(self):
        """End what is left of them."""
        with self._changed:
            self._ending = True
        for each in self._all:
            if each.process is not None and each.process.poll() is None:
                each.process.kill()

    def answer(self, link, request):
        """Return the answer to a request of an extension, None where it is none."""
        path = request.path.partition("?")[0]
        if path in TELEMETRY:
            kind, message = TELEMETRY[path]
            return said("202 Accepted", {"errorMessage": message, "errorType": kind})
        if not path.startswith(BASE):
            return None
        if path == BASE + "register":
            return self._register(request)
        extension = self._find(request.headers.get("lambda-extension-identifier", ""))
        if extension is None:
            told = {"errorMessage": "Unknown extension", "errorType": "Extension.UnknownExtension"}
            return said("403 Forbidden", told)
        if path == BASE + "event/next":
            return self._next(link, extension)
        if path in (BASE + "init/error", BASE + "exit/error"):
            kind = "InitError" if "init" in path else "ExitError"
            self._fail("Extension." + kind, request.body.decode("utf-8", "replace"))
            return said("202 Accepted", {"status": "OK"})
        return None

    def _register(self, request):
        name = request.headers.get("lambda-extension-name", "")
        try:
            wants = tuple(json.loads(request.body.decode("utf-8") or "{}").get("events", ()))
        except (ValueError, AttributeError):
            wants = ()
        with self._changed:
            known = [each for each in self._all if each.name == name and not each.id]
            extension = known[0] if known else Extension(name)
            if not known:
                self._all.append(extension)
            extension.id = str(uuid.uuid4())
            # Those inside the runtime end with it: there is nobody left to tell.
            extension.wants = wants if known else tuple(each for each in wants if each == "INVOKE")
            self._changed.notify_all()
        told = {
            "functionName": self._header["context"]["function_name"],
            "functionVersion": self._header["context"]["function_version"],
            "handler": self._header["handler"],
        }
        if "accountId" in request.headers.get("lambda-extension-accept-feature", ""):
            told["accountId"] = self._header["context"]["function_arn"].split(":")[4]
        return said("200 OK", told, ("Lambda-Extension-Identifier", extension.id))

    def _next(self, link, extension):
        with self._changed:
            extension.asks = True
            self._changed.notify_all()
            while not extension.events:
                self._changed.wait(1.0)
                refuse_gone(link)
            event = extension.events.pop(0)
        return said("200 OK", event, ("Lambda-Extension-Event-Identifier", str(uuid.uuid4())))

    def _send(self, event):
        with self._changed:
            for each in self._all:
                if event["eventType"] in each.wants:
                    each.events.append(event)
            self._changed.notify_all()

    def _find(self, id_):
        with self._changed:
            return next((each for each in self._all if id_ and each.id == id_), None)

    def _watch(self, extension):
        code = extension.process.wait()
        with self._changed:
            over = self._ending or extension.asks
        if not over:
            how = "exit status %d" % code if code >= 0 else "signal %d" % -code
            self._fail("Extension.Crash", "%s: %s" % (extension.name, how))

    def _fail(self, kind, message):
        with self._changed:
            if self._broken:
                return
            self._broken = True
            self._changed.notify_all()
        id_ = self._header["context"]["request_id"]
        told = "RequestId: %s Error: %s" % (id_, message)
        body = json.dumps({"errorType": kind, "errorMessage": told}).encode("utf-8")
        self._break_off({"type": kind, "message": told, "stack": None}, body)


def said(status, told, *more):
    """Return the bytes of an answer in JSON."""
    return written(status, (JSON,) + more, json.dumps(told).encode("utf-8"))


def wait_for(processes, limit_s):
    """Wait until these have ended, or the time is up."""
    deadline = time.monotonic() + limit_s
    for each in processes:
        try:
            each.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return


def spawn(act, *arguments):
    """Do something in a thread of its own."""
    threading.Thread(target=act, args=arguments, daemon=True).start()
