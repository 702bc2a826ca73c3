"""The Runtime API of AWS Lambda (contract aws-lambda, sections 4.3 to 4.5).

Loaded by ../bootstrap.py.
"""

import base64
import errno
import json
import os
import re
import time

from shims.aws_extensions import Extensions
from shims.aws_records import VARIABLE, Records

# The variable that tells a program where the interface is.
ADDRESS = "AWS_LAMBDA_RUNTIME_API"
BASE = "/2018-06-01/runtime/"
NEXT = BASE + "invocation/next"
JSON = (("Content-Type", "application/json"),)
OK = json.dumps({"status": "OK"}).encode("ascii")
NOT_STARTED = "Runtime.InvalidEntrypoint"
FOREIGN = "`%s` is built for another system, or its first line names no program that runs it."
# Types that a program makes up are none to the platform.
TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+$")
UNKNOWN_TYPE = "Function.Unknown"
MOST_BYTES = (6 << 20) + 100
# A debugger stops the clock; then a program is told that much time is left.
NO_LIMIT_MS = 900000


def refusal(status, kind, message):
    """Return an error of the interface."""
    told = {"errorMessage": message, "errorType": kind}
    return status, JSON, json.dumps(told).encode("utf-8")


UNKNOWN = refusal("400 Bad Request", "InvalidRequestID", "Invalid request ID")
TOO_LARGE = refusal(
    "413 Request Entity Too Large",
    "RequestEntityTooLarge",
    "Exceeded maximum allowed payload size (%d bytes)." % MOST_BYTES,
)


def prepare(_init):
    """Do nothing: there is no user code in this process."""


def variables(header):
    """Return what a program finds in its environment beside what the plan says."""
    told = (time.strftime("%Y/%m/%d", time.gmtime()), header["context"]["function_version"])
    stream = "%s/[%s]%s" % (told + (os.urandom(16).hex(),))
    return {"AWS_LAMBDA_LOG_STREAM_NAME": stream}


def records(environ):
    """Return the pipe for log records, of which the program learns by its environment."""
    found = Records()
    environ[VARIABLE] = str(found.descriptor)
    return found


def companions(header, environ, break_off):
    """Return the extensions that the layers bring, started where there is an environment."""
    extensions = Extensions(header, break_off)
    if environ is None:
        return extensions
    folders = [os.path.join(each, "extensions") for each in header["layers"]]
    found = [
        os.path.join(folder, name)
        for folder in folders
        if os.path.isdir(folder)
        for name in sorted(os.listdir(folder))
        if os.access(os.path.join(folder, name), os.X_OK)
    ]
    extensions.start(found, environ)
    return extensions


def program(header):
    """Return the program: `bootstrap` beside the code or in a layer, or what the handler names."""
    if header["runtime"].startswith("go"):
        return os.path.join(header["code"], header["handler"])
    places = [os.path.join(each, "bootstrap") for each in (header["code"], *header["layers"])]
    return next((each for each in places if os.path.isfile(each)), places[0])


def not_started(header, path, error):
    """Return the message for a program that cannot be started."""
    id_ = header["context"]["request_id"]
    if error.errno == errno.ENOENT:
        why = "Couldn't find valid bootstrap(s): [%s /opt/bootstrap]" % path
    else:
        why = "fork/exec %s: %s" % (path, error.strerror.lower())
    return "RequestId: %s Error: %s" % (id_, why)


def event(payload):
    """Return an event as the program gets it: none is an empty object (unverified)."""
    return payload or b"{}"


def headers(header):
    """Return what the program is told about an event."""
    context = header["context"]
    deadline_ms = header.get("deadline_ms") or int(time.time() * 1000) + NO_LIMIT_MS
    client = context["client_context"]
    found = (
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", context["request_id"]),
        ("Lambda-Runtime-Deadline-Ms", deadline_ms),
        ("Lambda-Runtime-Invoked-Function-Arn", context["function_arn"]),
        ("Lambda-Runtime-Trace-Id", context["trace_id"]),
        ("Lambda-Runtime-Client-Context", "" if client is None else json.dumps(client)),
        ("Lambda-Runtime-Aws-Tenant-Id", context["tenant_id"] or ""),
    )
    return [(name, value) for name, value in found if value != ""]


def accepted(request):
    """Return what a program is told whose answer has come."""
    return TOO_LARGE if len(request.body) > MOST_BYTES else ("202 Accepted", JSON, OK)


def response(request):
    """Return the fields of a result frame, and its payload.

    The answer of a stream is gathered, and says what it is; it may still fail at its end.
    """
    told = request.headers
    http = streamed(told)
    if http is None:
        return {}, request.body
    if told.get("lambda-runtime-function-error-type"):
        body = base64.b64decode(told.get("lambda-runtime-function-error-body", "") or "e30=")
        return dict(reported(told, body), kind="failure"), body
    return http, request.body


def streamed(told):
    """Return what the headers of an answer say that is written little by little, or None."""
    if told.get("lambda-runtime-function-response-mode", "").lower() != "streaming":
        return None
    kind = told.get("content-type", "application/octet-stream")
    return {"http": {"status": 200, "headers": [["Content-Type", kind]]}}


def failure(request):
    """Return the fields of a failure frame, and the error as the program has worded it."""
    return reported(request.headers, request.body), request.body


def reported(told, body):
    """Return the fields of a failure frame from headers and the body of an error."""
    try:
        said = json.loads(body.decode("utf-8"))
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    kind = told.get("lambda-runtime-function-error-type", "")
    return {
        "failure": "handler-raised",
        "message": str(said.get("errorMessage", "")),
        "type": kind if TYPE.match(kind) else UNKNOWN_TYPE,
        "stack": said.get("stackTrace"),
    }
