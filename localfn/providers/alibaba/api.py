"""The API of Function Compute that the SDKs call (contract alibaba-fc, section 5)."""

from collections.abc import Callable, Iterable

from localfn.model import (
    Call,
    CallMode,
    Calls,
    Event,
    FailureKind,
    Function,
    Headers,
    HttpReply,
    HttpRequest,
    Repeats,
    Result,
    Route,
)
from localfn.providers.alibaba import listing, signature
from localfn.providers.alibaba.environment import INSTANCE_ID
from localfn.providers.alibaba.errors import (
    ERROR_TYPE,
    JSON,
    REQUEST_ID,
    bad_response,
    error,
    error_type,
    too_large,
)
from localfn.providers.alibaba.http import ANSWER_TOO_LARGE, STATUS_OF, is_asynchronous, log_tail
from localfn.providers.alibaba.lookup import (
    FC2_FIRST,
    NOBODY,
    Refused,
    Values,
    function_of_fc2,
    function_of_fc3,
    qualifier_of,
)

FC3, FC2 = "/2023-03-30", "/2021-04-06"
PREFIXES = (FC3 + "/", FC2 + "/", FC2_FIRST + "/")
DEFAULT_REPEATS = Repeats(attempts=3, max_age_s=18000)
# How a caller names an asynchronous call, in each generation.
_TASK_ID = {"fc3": "X-Fc-Async-Task-Id", "fc2": "X-Fc-Stateful-Async-Invocation-Id"}

Handle = Callable[[HttpRequest, Values, Calls], HttpReply]


def repeats(function: Function) -> Repeats:
    """Return what becomes of asynchronous calls of a function (section 5.2)."""
    told = function.attributes
    attempts, age = told.get("async_retries", ""), told.get("async_max_age_s", "")
    return Repeats(
        attempts=int(attempts) if attempts.isdigit() else DEFAULT_REPEATS.attempts,
        max_age_s=float(age) if age.isdigit() else DEFAULT_REPEATS.max_age_s,
        on_success=told.get("async_on_success", ""),
        on_failure=told.get("async_on_failure", ""),
    )


def no_route(request: HttpRequest, id_: str) -> HttpReply:
    """Return the answer where there is no such endpoint."""
    message = f"'{request.method}' against '{request.path}' is not supported"
    return error(400, "PathNotSupported", message, id_)


def _invoke_fc3(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    return _invoke(request, function_of_fc3(values, calls), values, calls)


def _invoke_fc2(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    return _invoke(request, function_of_fc2(request, values, calls), values, calls)


def _invoke(request: HttpRequest, function: Function, values: Values, calls: Calls) -> HttpReply:
    mode = CallMode.ASYNC if is_asynchronous(request) else CallMode.SYNC
    event = Event(request.whole_body(), "api", request.header("content-type"))
    qualifier = qualifier_of(request, values)
    call = Call(function, event, mode, id=calls.new_id(function), qualifier=qualifier)
    if mode is CallMode.SYNC:
        return _answer(request, calls.invoke(call))
    calls.enqueue(call)
    name = _TASK_ID["fc2" if _is_fc2(function) else "fc3"]
    given = next((each for each in map(request.header, _TASK_ID.values()) if each), call.id)
    return HttpReply(202, ((REQUEST_ID, call.id), (name, given)))


def _answer(request: HttpRequest, result: Result) -> HttpReply:
    """Return a result as the API does: a failed function is a success of the request."""
    failure, id_ = result.failure, result.invocation.id
    if failure is not None and failure.kind is FailureKind.TOO_LARGE:
        return too_large(int(failure.message), id_)
    if failure is not None and failure.kind in STATUS_OF:
        return HttpReply(STATUS_OF[failure.kind], (JSON, (REQUEST_ID, id_)), result.payload)
    if failure is not None and failure.kind is FailureKind.ANSWER_TOO_LARGE:
        return bad_response(ANSWER_TOO_LARGE, id_)
    return HttpReply(200, _headers(request, result), result.payload)


def _headers(request: HttpRequest, result: Result) -> Headers:
    invocation = result.invocation
    told = {
        "Content-Type": "application/octet-stream",
        REQUEST_ID: invocation.id,
        "X-Fc-Instance-Id": INSTANCE_ID,
        "X-Fc-Invocation-Duration": f"{result.duration_ms:.2f}",
        "X-Fc-Max-Memory-Usage": f"{result.peak_memory_mb:.2f}",
    }
    if result.failure is not None:
        told[ERROR_TYPE] = error_type(result.failure)
    if request.header("x-fc-log-type").lower() == "tail":
        told["X-Fc-Log-Result"] = log_tail(result)
    if _is_fc2(invocation.function):
        told["X-Fc-Invocation-Service-Version"] = invocation.qualifier or "LATEST"
    exposed = ",".join(name for name in told if name.startswith("X-Fc-"))
    return (*told.items(), ("Access-Control-Expose-Headers", exposed))


def _is_fc2(function: Function) -> bool:
    return function.attributes.get("generation") == "fc2"


def _proxy(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Hand a request to an HTTP trigger of FC2: `/2016-08-15/proxy/SERVICE[.QUALIFIER]/NAME/…`."""
    function = function_of_fc2(request, values, calls)
    # Cut from the path as it was sent: the function sees it percent-encoded.
    below = request.path.split("/", 5)[5:]
    uri = f"{request.path}?{request.query}" if request.query else request.path
    return calls.visit(function, request._replace(path="/" + "".join(below)), uri)


# --- the table -------------------------------------------------------------------------------


def _signed(handle: Handle, generation: str) -> Handle:
    """Return a handler that asks for a signature where the person at the terminal wants it."""

    def guarded(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
        if calls.rules.verifies:
            request = request._replace(body=request.whole_body())
            id_ = calls.new_id(NOBODY[generation])
            refused = signature.refuse(request, calls.rules.environ, id_)
            if refused is not None:
                return refused
        return handle(request, values, calls)

    return guarded


def _answered(handle: Handle, generation: str) -> Handle:
    """Return a handler whose refusals are answers, and whose answers have an id."""

    def answered(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
        try:
            reply = handle(request, values, calls)
        except Refused as refused:
            return refused.reply
        if reply.header(REQUEST_ID):
            return reply
        id_ = calls.new_id(NOBODY[generation])
        return reply._replace(headers=(*reply.headers, (REQUEST_ID, id_)))

    return answered


def _fc2_table(prefix: str) -> Iterable[tuple[str, str, Handle]]:
    service = f"{prefix}/services/<service>"
    return (
        ("POST", f"{service}/functions/<name>/invocations", _invoke_fc2),
        ("GET", f"{prefix}/services", listing.list_services),
        ("GET", service, listing.get_service),
        ("GET", f"{service}/functions", listing.list_fc2),
        ("GET", f"{service}/functions/<name>", listing.get_fc2),
        ("GET", f"{service}/functions/<name>/triggers", listing.triggers_fc2),
    )


_FC3_TABLE: tuple[tuple[str, str, Handle], ...] = (
    ("POST", f"{FC3}/functions/<path:name>/invocations", _invoke_fc3),
    ("GET", f"{FC3}/functions", listing.list_fc3),
    ("GET", f"{FC3}/functions/<path:name>", listing.get_fc3),
    ("GET", f"{FC3}/functions/<path:name>/triggers", listing.triggers_fc3),
)
# An HTTP trigger asks for a signature only if its own settings say so.
_PROXIES = (
    f"{FC2_FIRST}/proxy/<service>/<name>",
    f"{FC2_FIRST}/proxy/<service>/<name>/",
    f"{FC2_FIRST}/proxy/<service>/<name>/<path:below>",
)

ROUTES = (
    *(
        Route(method, rule, _answered(_signed(handle, "fc3"), "fc3"))
        for method, rule, handle in _FC3_TABLE
    ),
    *(
        Route(method, rule, _answered(_signed(handle, "fc2"), "fc2"))
        for prefix in (FC2, FC2_FIRST)
        for method, rule, handle in _fc2_table(prefix)
    ),
    *(Route("", rule, _answered(_proxy, "fc2"), is_for_pages=True) for rule in _PROXIES),
)
