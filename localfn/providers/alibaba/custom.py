"""How Function Compute talks to custom runtimes and containers (contract alibaba-fc, section 2.7).

The words for servers that do not come up are the vendor's own, from its page on errors of custom
runtimes <https://help.aliyun.com/zh/functioncompute/fc/user-guide/error-handling-6> and reports
of users (2026-11): codes `CAFileNotFound`, `CAExited` and `FunctionNotStarted` in the error body
of section 5.3. That an image with `webServerMode: false` gets events only, and each in a variable,
is from the vendor's page on custom containers of FC2
<https://www.alibabacloud.com/help/doc-detail/179369.htm>; what a caller gets from one is
unverified: here nothing, or the error of a process that exited.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from localfn.model import (
    Failure,
    FailureKind,
    Fault,
    FaultKind,
    Function,
    Health,
    Hooks,
    HttpContract,
    HttpReply,
    HttpRequest,
    Reply,
    Result,
)

CONTROL_PATHS = {"invoke": "/invoke", "load": "/initialize", "http": "/http-invoke"}
HOOK_PATHS = {"pre_stop": "/pre-stop", "pre_freeze": "/pre-freeze"}
OCTETS = ("Content-Type", "application/octet-stream")
STATUS, OK = "x-fc-status", "200"
# Failed, and tried again at the next call; after any other failure the instance is replaced.
TRIED_AGAIN = frozenset({400, 404})
LOG_BYTES = 4096
# Codes of failures that are worded as refused requests (section 5.3).
FILE_NOT_FOUND, EXITED, NOT_STARTED = "CAFileNotFound", "CAExited", "FunctionNotStarted"
CODES = frozenset({FILE_NOT_FOUND, EXITED, NOT_STARTED})
MISSING_TEXT = (
    "The function cannot be started. Failed to start function instance. "
    "Error: the file {command} is not exist"
)
EXITED_TEXT = (
    "Function instance exited unexpectedly(code {code}{meaning}) with start command "
    "'{command} '.\nLogs:{logs}"
)
UNHEALTHY_TEXT = (
    "Function instance health check failed on port {port} in {limit:g} seconds.\nLogs:{logs}"
)
# Headers of a client's request that do not reach the server, and of its answer that do not come
# back (section 3).
NOT_PASSED_ON = frozenset({"connection", "keep-alive", "proxy-connection", "te", "expect"})
NOT_PASSED_BACK = frozenset({"connection", "content-length", "date", "keep-alive", "server"})
OF_TRANSFER = frozenset({"transfer-encoding", "trailer"})
OURS = "x-fc-"
# The headers that tell a call's context, in the order in which it is read.
OF_CONTEXT = (
    "x-fc-access-key-id",
    "x-fc-access-key-secret",
    "x-fc-security-token",
    "x-fc-region",
    "x-fc-account-id",
    "x-fc-qualifier",
    "x-fc-version-id",
    "x-fc-service-name",
    "x-fc-service-logproject",
    "x-fc-service-logstore",
)


def command(function: Function, code: str) -> tuple[str, ...]:
    """Return the start command: the template's, else the `bootstrap` in the code folder."""
    told = function.container
    words = told.entrypoint + told.command if told else ()
    if words or (told and told.image):
        return words
    return (f"{code.rstrip('/')}/bootstrap",)


def health(function: Function) -> Health:
    """Return the template's `healthCheckConfig`, with the vendor's defaults.

    From its page on the structure `CustomHealthCheckConfig` (API 2023-03-30), as is the rule that
    an instance gets no call any more after `failureThreshold` failures in a row, from its page on
    health checks of instances (2026-11).
    """
    written = json.loads(function.attributes.get("health_check") or "{}")
    usual = Health()

    def number(name: str, default: float) -> float:
        try:
            return float(written.get(name, default))
        except (TypeError, ValueError):
            return default

    return Health(
        path=str(written.get("httpGetUrl") or ""),
        delay_s=number("initialDelaySeconds", usual.delay_s),
        period_s=number("periodSeconds", usual.period_s),
        timeout_s=number("timeoutSeconds", usual.timeout_s),
        failures=int(number("failureThreshold", usual.failures)),
        successes=int(number("successThreshold", usual.successes)),
    )


def request(
    kind: str, function: Function, context: Mapping[str, object], payload: bytes
) -> HttpRequest | None:
    """Return what the server is asked; nothing to initialize where there is no initializer."""
    if kind == "load" and function.hooks.initializer is None:
        return None
    headers = _common_headers(function, context)
    if kind in HOOK_PATHS:
        return HttpRequest("GET", HOOK_PATHS[kind], headers=headers)
    path = CONTROL_PATHS[kind]
    return HttpRequest("POST", path, headers=(OCTETS, *headers, _control(kind)), body=payload)


def reply(kind: str, answer: HttpReply) -> Reply:
    """Return what an answer means; status and headers of a call's answer are lost."""
    body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
    if kind in HOOK_PATHS:
        return Reply()
    if kind == "load":
        return Reply() if 200 <= answer.status < 300 else _uninitialized(answer.status, body)
    told = answer.header(STATUS)
    if told in ("", OK):
        return Reply(body)
    advice = f"The server answered with the header `{STATUS}: {told}`, which reports a failure."
    return Reply(body, Failure(FailureKind.HANDLER_RAISED, handled=True, advice=advice))


def passed_on(
    request: HttpRequest, function: Function, context: Mapping[str, object]
) -> HttpRequest:
    """Return a client's request with the platform's headers."""
    upgrade = bool(request.header("upgrade"))
    kept = tuple(
        (name, value)
        for name, value in request.headers
        if _passes(name.lower(), NOT_PASSED_ON, upgrade=upgrade)
    )
    headers = (*kept, *_common_headers(function, context), _control("http"))
    return request._replace(headers=headers)


def passed_back(answer: HttpReply) -> HttpReply:
    """Return the server's answer without what the platform keeps or writes itself."""
    kept = tuple(
        (name, value)
        for name, value in answer.headers
        if _passes(name.lower(), NOT_PASSED_BACK, upgrade=False)
        and (name.lower(), value.lower()) != ("content-disposition", "attachment")
    )
    return answer._replace(headers=kept)


def refusal(result: Result) -> HttpReply:
    """Return what a client gets where the server gave no answer (status: sections 2.7, 6.1)."""
    failure = result.failure
    assert failure is not None
    plain = (
        ("Content-Type", "application/json"),
        ("X-Fc-Request-Id", result.invocation.id),
    )
    if failure.kind is FailureKind.THROTTLED:
        return HttpReply(429, plain, result.payload)
    kind = "InitializationError" if failure.during_init else "UnhandledInvocationError"
    headers = (*plain, ("X-Fc-Error-Type", kind))
    return HttpReply(412 if failure.error_type in CODES else 502, headers, result.payload)


def fault(told: Fault) -> Failure:
    """Return the words for a server that did not come up."""
    logs = told.printed[-LOG_BYTES:].decode("utf-8", "replace").rstrip("\n")
    if told.kind is FaultKind.MISSING:
        return Failure(
            FailureKind.HANDLER_MISSING,
            MISSING_TEXT.format(command=told.command.split(" ")[0]),
            FILE_NOT_FOUND,
            during_init=True,
            advice=f"{told.advice} {_way_out(told)}".strip(),
        )
    if told.kind is FaultKind.EXITED:
        text = EXITED_TEXT.format(
            code=told.code, meaning=_meaning(told.code), command=told.command, logs=logs
        )
        kind, code = FailureKind.EXITED, EXITED
    else:
        text = UNHEALTHY_TEXT.format(port=told.port, limit=told.limit_s, logs=logs)
        kind, code = FailureKind.INIT_FAILED, NOT_STARTED
    return Failure(kind, text, code, during_init=True, advice=told.advice)


def _way_out(told: Fault) -> str:
    if told.command.endswith("/bootstrap"):
        return (
            "Put an executable `bootstrap` into the code folder, or write the start command into "
            "the template: `customRuntimeConfig.command`."
        )
    return ""


def _meaning(code: int) -> str:
    """Return what the platform takes an exit code for: the error of this number, if there is."""
    told = os.strerror(code).lower() if 0 < code < 128 else ""
    return f", message:{told}" if told and "unknown" not in told else ""


def _uninitialized(status: int, body: bytes) -> Reply:
    again = status in TRIED_AGAIN
    kind = FailureKind.HANDLER_MISSING if status == 404 else FailureKind.INIT_FAILED
    what_next = "tried again at the next call" if again else "the instance is replaced"
    advice = f"`POST /initialize` was answered with the status {status}: {what_next}."
    if status == 404:
        advice += " Serve that path, or take the initializer out of the template."
    failure = Failure(kind, body.decode("utf-8", "replace"), during_init=True, advice=advice)
    return Reply(_as_error(body), failure, again=again)


def _as_error(body: bytes) -> bytes:
    """Return an error body as it is; any other text becomes its message."""
    try:
        if isinstance(json.loads(body), dict):
            return body
    except ValueError:
        pass
    return json.dumps({"errorMessage": body.decode("utf-8", "replace")}, indent=4).encode()


def _control(kind: str) -> tuple[str, str]:
    return "x-fc-control-path", CONTROL_PATHS[kind]


def _passes(name: str, dropped: frozenset[str], *, upgrade: bool) -> bool:
    if name in OF_TRANSFER or name.startswith(OURS):
        return False
    return name not in dropped or (upgrade and name == "connection")


def _common_headers(
    function: Function, context: Mapping[str, object]
) -> tuple[tuple[str, str], ...]:
    """Return the headers of every request; what is empty is left out."""
    keys = cast("Mapping[str, str]", context["credentials"])
    service = cast("Mapping[str, str]", context["service"])
    told = (
        keys["access_key_id"],
        keys["access_key_secret"],
        keys["security_token"],
        context["region"],
        context["account_id"],
        service["qualifier"],
        service["version_id"],
        service["name"],
        service["log_project"],
        service["log_store"],
    )
    of_function = _function_headers(
        function.name, function.handler, function.memory_mb, function.timeout_s, function.hooks
    )
    # Of all this only the id differs from call to call.
    of_call = ("x-fc-request-id", _line(str(context["request_id"])))
    return (of_call, *_context_headers(told), *of_function)


@lru_cache(maxsize=64)
def _context_headers(told: tuple[object, ...]) -> tuple[tuple[str, str], ...]:
    named = zip(OF_CONTEXT, told, strict=True)
    return tuple((name, _line(str(value))) for name, value in named if value)


@lru_cache(maxsize=64)
def _function_headers(
    name: str, handler: str, memory_mb: int, timeout_s: float, hooks: Hooks
) -> tuple[tuple[str, str], ...]:
    """Return the headers that are the same for every call."""
    first, stop, freeze = hooks.initializer, hooks.pre_stop, hooks.pre_freeze
    found = {
        "x-fc-function-name": name,
        "x-fc-function-handler": handler,
        "x-fc-function-memory": str(memory_mb),
        "x-fc-function-timeout": str(int(timeout_s)),
        "x-fc-function-initializer": first.handler if first else "",
        "x-fc-initialization-timeout": str(int(first.timeout_s)) if first else "",
        "x-fc-instance-lifecycle-pre-stop-handler": stop.handler if stop else "",
        "x-fc-instance-lifecycle-pre-freeze-handler": freeze.handler if freeze else "",
    }
    return tuple((key, _line(value)) for key, value in found.items() if value)


def _line(value: str) -> str:
    """Return a value that cannot end its header."""
    return value if value.isprintable() else " ".join(value.split())


HTTP = HttpContract(
    port=9000,
    port_variables=("FC_CUSTOM_LISTEN_PORT", "FC_SERVER_PORT"),
    command=command,
    health=health,
    request=request,
    reply=reply,
    passed_on=passed_on,
    passed_back=passed_back,
    refusal=refusal,
    fault=fault,
    event_variable="FC_CUSTOM_CONTAINER_EVENT",
)
