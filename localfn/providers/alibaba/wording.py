"""How Function Compute words logs and failures (contract alibaba-fc, sections 8 and 9)."""

import json
import math
from collections.abc import Callable, Mapping

from localfn.model import Failure, FailureKind, Function, Invocation, Result
from localfn.providers.alibaba.custom import CODES
from localfn.providers.alibaba.runtimes import RUNTIMES

HOOK_TITLES = {"initializer": "Initialize", "pre_stop": "PreStop", "pre_freeze": "PreFreeze"}
# Texts that the contract marks as unverified stand together, to be corrected in one place.
EXITED = (
    "Process exited unexpectedly before completing request "
    "(duration: {ms:.0f}ms, maxMemoryUsage: {mb:.0f}MB)"
)
TIMED_OUT = "Function timed out after {limit:g} seconds (maxMemoryUsage: {mb:.0f}MB)"
CANCELED = "Invocation canceled by client (duration: {ms:.0f}ms, maxMemoryUsage: {mb:.2f}MB)"
INIT_TIMED_OUT = "Function initialization timed out after {limit:g} seconds"
BAD_RESPONSE = "the function's HTTP response cannot be used: {why}"
THROTTLED = "the function '{function}' has no instance left for this call"
TOO_LARGE = "payload size exceeds maximum allowed size ({limit} bytes)"


def request_id(function: Function, now: float, entropy: bytes) -> str:
    """Return an id as section 8 shows it: a UUID in FC2, `1-<time>-…` in FC3."""
    if function.attributes.get("generation") == "fc2":
        import uuid  # 2 ms that only this generation needs

        return str(uuid.UUID(bytes=entropy, version=4))
    digits = entropy.hex()
    return f"1-{int(now):08x}-{digits[:8]}-{digits[8:20]}"


def start_output(invocation: Invocation) -> bytes:
    """Return what a runtime prints when it is up."""
    runtime = RUNTIMES.get(invocation.function.runtime)
    if runtime is None or runtime.language != "python":
        return b""
    return b"FunctionCompute python3 runtime inited.\n"


def opening_lines(invocation: Invocation) -> bytes:
    """Return the line before a function's own output; some write theirs themselves."""
    if _logs_itself(invocation.function):
        return b""
    return f"FC Invoke Start RequestId: {invocation.id}\n".encode()


def hook_lines(hook: str, invocation: Invocation) -> tuple[bytes, bytes]:
    """Return the lines around a lifecycle hook's output."""
    if _logs_itself(invocation.function):
        return b"", b""
    title = HOOK_TITLES[hook]
    return (
        f"FC {title} Start RequestId: {invocation.id}\n".encode(),
        f"FC {title} End RequestId: {invocation.id}\n".encode(),
    )


def closing_lines(result: Result) -> bytes:
    """Return the error, the end line and the billing line."""
    billed = math.ceil(result.duration_ms)
    function = result.invocation.function
    return (
        _end(result)
        + f"\nDuration: {result.duration_ms:.2f} ms, Billed Duration: {billed} ms, "
        f"Memory Size: {function.memory_mb} MB, "
        f"Max Memory Used: {result.peak_memory_mb:.2f} MB\n".encode()
    )


def _end(result: Result) -> bytes:
    failure, id_ = result.failure, result.invocation.id
    if _logs_itself(result.invocation.function):
        # What the server answered itself is its own affair.
        own = failure is None or failure.kind is FailureKind.HANDLER_RAISED
        return b"" if own else result.payload + b"\n"
    if failure is None:
        return f"FC Invoke End RequestId: {id_}\n".encode()
    if failure.kind is FailureKind.CANCELED:
        return f"FC Invoke End RequestId: {id_}, Error: {_canceled_words(result)}\n".encode()
    told = result.payload + b"\n"
    if failure.during_init:
        return told
    how = "Handled" if failure.handled else "Unhandled"
    return told + f"FC Invoke End RequestId: {id_}, Error: {how} function error\n".encode()


def error_body(result: Result) -> bytes:
    """Return the JSON that a caller gets when a function failed."""
    failure = result.failure
    assert failure is not None
    if result.payload:
        return result.payload
    if failure.error_type in CODES:
        return _json(_refused(failure.error_type, failure.message, result))
    told = _BODIES.get(failure.kind, _raised)(failure, result)
    return _json(told)


def _logs_itself(function: Function) -> bool:
    """Return whether the program writes the lines around a call: servers (2.7), Go's library."""
    runtime = RUNTIMES.get(function.runtime)
    return runtime is not None and (runtime.wire == "http" or runtime.language == "go")


def _json(told: Mapping[str, object]) -> bytes:
    return json.dumps(told, indent=4, ensure_ascii=False).encode()


def _raised(failure: Failure, _: Result) -> Mapping[str, object]:
    told: dict[str, object] = {
        "errorMessage": failure.message,
        "errorType": failure.error_type,
    }
    if failure.stack is not None:
        told["stackTrace"] = failure.stack
    return told


def _exited(_: Failure, result: Result) -> Mapping[str, object]:
    # The cloud files running out of memory under the same message.
    return {"errorMessage": EXITED.format(ms=result.duration_ms, mb=result.peak_memory_mb)}


def _timed_out(failure: Failure, result: Result) -> Mapping[str, object]:
    function = result.invocation.function
    if failure.during_init and function.hooks.initializer:
        limit = function.hooks.initializer.timeout_s
        return {"errorMessage": INIT_TIMED_OUT.format(limit=limit)}
    limit = result.invocation.timeout_s or function.timeout_s
    return {"errorMessage": TIMED_OUT.format(limit=limit, mb=result.peak_memory_mb)}


def _canceled(_: Failure, result: Result) -> Mapping[str, object]:
    return _refused("ClientClosedRequest", _canceled_words(result), result)


def _canceled_words(result: Result) -> str:
    return CANCELED.format(ms=result.duration_ms, mb=result.peak_memory_mb)


def _too_large(failure: Failure, result: Result) -> Mapping[str, object]:
    return _refused("EntityTooLarge", TOO_LARGE.format(limit=failure.message), result)


def _throttled(failure: Failure, result: Result) -> Mapping[str, object]:
    return _refused("ResourceExhausted", THROTTLED.format(function=failure.message), result)


def _bad_reply(failure: Failure, result: Result) -> Mapping[str, object]:
    """Return the error of a result that cannot be written, or of an answer that is none."""
    if failure.error_type:
        return _raised(failure, result)
    return _refused("BadResponse", BAD_RESPONSE.format(why=failure.message), result)


def _answer_too_large(failure: Failure, result: Result) -> Mapping[str, object]:
    why = f"it is longer than {failure.message} bytes"
    return _refused("BadResponse", BAD_RESPONSE.format(why=why), result)


def _refused(code: str, message: str, result: Result) -> Mapping[str, object]:
    """Return both spellings of a request error (section 5.3)."""
    return {
        "RequestId": result.invocation.id,
        "Code": code,
        "Message": message,
        "ErrorCode": code,
        "ErrorMessage": message,
    }


_BODIES: Mapping[FailureKind, Callable[[Failure, Result], Mapping[str, object]]] = {
    FailureKind.EXITED: _exited,
    FailureKind.OUT_OF_MEMORY: _exited,
    FailureKind.TIMED_OUT: _timed_out,
    FailureKind.TOO_LARGE: _too_large,
    FailureKind.BAD_REPLY: _bad_reply,
    FailureKind.ANSWER_TOO_LARGE: _answer_too_large,
    FailureKind.THROTTLED: _throttled,
    FailureKind.CANCELED: _canceled,
}
