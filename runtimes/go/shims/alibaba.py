"""The runtime interface of Alibaba Function Compute (contract alibaba-fc, section 2.8).

Loaded by ../../polling/bootstrap.py.
"""

import base64
import json
import os
import time

# The variable that tells a program where the interface is.
ADDRESS = "FC_RUNTIME_API"
BASE = "/2020-11-11/runtime/"
NEXT = BASE + "invocation/next"
UNKNOWN = ("404 Not Found", (), b"")
# What an event is for (`x-fc-function-type`).
TYPES = {"initializer": 1, "pre_stop": 2, "pre_freeze": 3}
HOOK_LIMIT_MS = 300000
FOREIGN = "`%s` is built for another system: `GOOS=linux GOARCH=amd64 go build`."
# How the platform words a program that cannot be started is unverified.
NOT_STARTED = "HandlerNotFound"


def prepare(_init):
    """Do nothing: there is no user code in this process."""


def variables(_header):
    """Return nothing: the program finds all it needs in its environment."""
    return {}


def records(_environ):
    """Return None: the program prints what it logs."""


def companions(_header, _environ, _break_off):
    """Return None: no other program wants to hear of events."""


def program(header):
    """Return the program: the handler names it."""
    return os.path.join(header["code"], header["handler"])


def not_started(_header, path, error):
    """Return the message for a program that cannot be started."""
    return "Handler '%s' cannot be started: %s" % (path, error.strerror.lower())


def accepted(_request):
    """Return what a program is told whose answer has come."""
    return "200 OK", (), b""


def response(request):
    """Return the fields of a result frame, and its payload."""
    return {}, request.body


def failure(request):
    """Return the fields of a failure frame from an error that a program reported."""
    text = request.body.decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except ValueError:
        told = {"errorMessage": text}
    if not isinstance(told, dict):
        told = {"errorMessage": str(told)}
    reported = {
        "failure": "handler-raised",
        "message": str(told.get("errorMessage", "")),
        "type": str(told.get("errorType", "")),
        "stack": told.get("stackTrace"),
    }
    return reported, b""


def event(payload):
    """Return an event as the program gets it."""
    return payload


def headers(header):
    """Return what the program is told about an event."""
    context = header["context"]
    keys, function, service = context["credentials"], context["function"], context["service"]
    tracing = context["tracing"]
    deadline_ms = header.get("deadline_ms") or int(time.time() * 1000) + HOOK_LIMIT_MS
    found = (
        ("x-fc-request-id", context["request_id"]),
        ("x-fc-function-deadline", deadline_ms),
        ("x-fc-function-type", TYPES.get(header.get("hook"), 0)),
        ("x-fc-access-key-id", keys["access_key_id"]),
        ("x-fc-access-key-secret", keys["access_key_secret"]),
        ("x-fc-security-token", keys["security_token"]),
        ("x-fc-function-name", function["name"]),
        ("x-fc-function-handler", function["handler"]),
        ("x-fc-function-memory", function["memory"]),
        ("x-fc-function-timeout", function["timeout"]),
        ("x-fc-service-name", service["name"]),
        ("x-fc-service-logproject", service["log_project"]),
        ("x-fc-service-logstore", service["log_store"]),
        ("x-fc-qualifier", service["qualifier"]),
        ("x-fc-version-id", service["version_id"]),
        ("x-fc-region", context["region"]),
        ("x-fc-account-id", context["account_id"]),
        ("x-fc-retry-count", context["retry_count"]),
        ("x-fc-tracing-opentracing-span-context", tracing["span_context"]),
        ("x-fc-tracing-opentracing-span-baggages", encoded(tracing["span_baggages"])),
        ("x-fc-tracing-jaeger-endpoint", tracing["jaeger_endpoint"]),
    )
    return [(name, " ".join(str(value).split())) for name, value in found if value != ""]


def encoded(value):
    """Return JSON in base64, nothing for nothing."""
    return base64.b64encode(json.dumps(value).encode("utf-8")).decode("ascii") if value else ""


def streamed(_headers):
    """Return None: no answer is written little by little."""
