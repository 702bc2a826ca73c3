"""How Lambda words logs and failures (contract aws-lambda, sections 8 and 9)."""

import json
import math
import time
from collections.abc import Callable, Mapping

from localfn.model import Failure, FailureKind, Function, Invocation, Result
from localfn.providers.aws.environment import logs_json, trace_id, version
from localfn.providers.aws.runtimes import RUNTIMES, title

# What the contract marks as unverified stands together, to be corrected in one place.
BILLS_INIT = True
# In which state a log says that a call was whose function failed.
FAILED = "error"
TIMED_OUT = "timeout"

EXITED = "RequestId: {id} Error: Runtime exited with error: {how}"
EXITED_WELL = "RequestId: {id} Error: Runtime exited without providing a reason"
TOO_LATE = "Task timed out after {limit:.2f} seconds"
TOO_LATE_TOLD = "RequestId: {id} Error: " + TOO_LATE
ANSWER_TOO_LARGE = "Response payload size exceeded maximum allowed payload size ({limit} bytes)."
TOO_LARGE = "Request must be smaller than {limit} bytes for the InvokeFunction operation"
THROTTLED_REASON = "ConcurrentInvocationLimitExceeded"

EXIT_ERROR = "Runtime.ExitError"
OUT_OF_MEMORY_ERROR = "Runtime.OutOfMemory"
TIMEOUT_ERROR = "Sandbox.Timedout"

# How the platform names the signals that end a process.
SIGNALS = {
    1: "hangup",
    2: "interrupt",
    3: "quit",
    4: "illegal instruction",
    5: "trace/breakpoint trap",
    6: "aborted",
    7: "bus error",
    8: "floating point exception",
    9: "killed",
    11: "segmentation fault",
    13: "broken pipe",
    14: "alarm clock",
    15: "terminated",
}
# These come before an invocation has begun: their errors name no request.
WHILE_LOADING = frozenset(
    {FailureKind.IMPORT_FAILED, FailureKind.HANDLER_MISSING, FailureKind.INIT_FAILED}
)


def request_id(_: Function, __: float, entropy: bytes) -> str:
    """Return a random UUID."""
    digits = bytearray(entropy)
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    told = digits.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:]}"


# --- the platform's lines ------------------------------------------------------------------


def start_output(invocation: Invocation) -> bytes:
    """Return what the platform says when an environment comes up."""
    function = invocation.function
    if not logs_json(function):
        return f"INIT_START Runtime Version: {title(function.runtime)}\n".encode()
    record = {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": title(function.runtime),
        "functionName": function.name,
        "functionVersion": version(invocation),
    }
    return _line("platform.initStart", invocation.started, record)


def opening_lines(invocation: Invocation) -> bytes:
    """Return the line before a function's own output."""
    if not logs_json(invocation.function):
        return f"START RequestId: {invocation.id} Version: {version(invocation)}\n".encode()
    if not _tells(invocation.function, "INFO"):
        return b""
    record = {
        "requestId": invocation.id,
        "version": version(invocation),
        "tracing": {"type": "X-Amzn-Trace-Id", "value": trace_id(invocation)},
    }
    return _line("platform.start", invocation.started, record)


def hook_lines(_: str, __: Invocation) -> tuple[bytes, bytes]:
    """Return nothing: Lambda has no hooks."""
    return b"", b""


def closing_lines(result: Result) -> bytes:
    """Return the lines after a function's own output."""
    if logs_json(result.invocation.function):
        return _closing_records(result)
    id_ = result.invocation.id
    return (
        _last_words(result) + f"END RequestId: {id_}\n".encode() + _report(result) + _late(result)
    )


def _last_words(result: Result) -> bytes:
    """Return what is said of a process that ended."""
    if result.failure is None or result.failure.kind not in _ENDED:
        return b""
    told = _exited(result.failure, result)
    return f"{told['errorMessage']}\n{told['errorType']}\n".encode()


def _report(result: Result) -> bytes:
    fields = [
        f"REPORT RequestId: {result.invocation.id}",
        f"Duration: {_duration_ms(result):.2f} ms",
        f"Billed Duration: {_billed_ms(result)} ms",
        f"Memory Size: {result.invocation.function.memory_mb} MB",
        f"Max Memory Used: {math.ceil(result.peak_memory_mb)} MB",
    ]
    init_ms = _init_ms(result)
    if init_ms is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    if result.failure is not None and result.failure.kind is FailureKind.TIMED_OUT:
        fields.append(f"Status: {TIMED_OUT}")
    elif result.failure is not None and result.failure.kind in _REPORTED:
        fields += [f"Status: {FAILED}", f"Error Type: {_reported_type(result.failure)}"]
    return ("\t".join(fields) + "\t\n").encode()


def _late(result: Result) -> bytes:
    if result.failure is None or result.failure.kind is not FailureKind.TIMED_OUT:
        return b""
    moment = _moment(result.invocation.started + result.duration_ms / 1000)
    told = TOO_LATE.format(limit=_limit_s(result))
    return f"{moment} {result.invocation.id} {told}\n\n".encode()


def _closing_records(result: Result) -> bytes:
    """Return what ends an invocation in a log of JSON (section 8.2)."""
    invocation = result.invocation
    if not _tells(invocation.function, "INFO" if result.failure is None else "WARN"):
        return b""
    ended = invocation.started + result.duration_ms / 1000
    failed: dict[str, object] = {"status": "success"}
    if result.failure is not None:
        failed = {"status": _STATUSES.get(result.failure.kind, FAILED)}
        if result.failure.kind is not FailureKind.TIMED_OUT:
            failed["errorType"] = _reported_type(result.failure)
    done = {"durationMs": round(_duration_ms(result), 3), "producedBytes": len(result.payload)}
    told: dict[str, object] = {
        "durationMs": round(_duration_ms(result), 3),
        "billedDurationMs": _billed_ms(result),
        "memorySizeMB": invocation.function.memory_mb,
        "maxMemoryUsedMB": math.ceil(result.peak_memory_mb),
    }
    init_ms = _init_ms(result)
    if init_ms is not None:
        told["initDurationMs"] = round(init_ms, 3)
    about = {"requestId": invocation.id, **failed}
    return _line("platform.runtimeDone", ended, {**about, "metrics": done}) + _line(
        "platform.report", ended, {**about, "metrics": told}
    )


def _line(kind: str, moment: float, record: Mapping[str, object]) -> bytes:
    told = {"time": _moment(moment), "type": kind, "record": record}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def _moment(seconds: float) -> str:
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{ms:03d}Z"


def _tells(function: Function, level: str) -> bool:
    """Return whether the platform's own records of a level are wanted."""
    levels = ("DEBUG", "INFO", "WARN")
    wanted = function.attributes.get("system_log_level", "INFO")
    return levels.index(level) >= (levels.index(wanted) if wanted in levels else 1)


def _duration_ms(result: Result) -> float:
    if result.failure is not None and result.failure.kind is FailureKind.TIMED_OUT:
        return _limit_s(result) * 1000
    return result.duration_ms


def _billed_ms(result: Result) -> int:
    init_ms = _init_ms(result) if BILLS_INIT else None
    return math.ceil(_duration_ms(result) + (init_ms or 0.0))


def _init_ms(result: Result) -> float | None:
    """Return how long the start took; one that failed was repeated, and is the call's own time."""
    if result.failure is not None and result.failure.kind in WHILE_LOADING:
        return None
    return result.cold_start_ms


def _limit_s(result: Result) -> float:
    return result.invocation.timeout_s or result.invocation.function.timeout_s


# --- failures ------------------------------------------------------------------------------


def error_body(result: Result) -> bytes:
    """Return the JSON that a caller gets when a function failed."""
    failure = result.failure
    assert failure is not None
    if result.payload:
        return result.payload
    told = _BODIES.get(failure.kind, _raised)(failure, result)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _raised(failure: Failure, result: Result) -> Mapping[str, object]:
    """Return an error as the function's language reports it."""
    runtime = RUNTIMES.get(result.invocation.function.runtime)
    form = _FORMS.get(runtime.language if runtime else "", _posted)
    return form(failure, result)


def _of_python(failure: Failure, result: Result) -> Mapping[str, object]:
    told: dict[str, object] = {
        "errorMessage": failure.message,
        "errorType": failure.error_type,
        "requestId": "" if failure.kind in WHILE_LOADING else result.invocation.id,
    }
    return {**told, "stackTrace": failure.stack or []}


def _of_nodejs(failure: Failure, _: Result) -> Mapping[str, object]:
    return {
        "errorType": failure.error_type,
        "errorMessage": failure.message,
        "trace": failure.stack or [],
    }


def _posted(failure: Failure, _: Result) -> Mapping[str, object]:
    """Return an error of which nothing is known but its parts."""
    told: dict[str, object] = {
        "errorMessage": failure.message,
        "errorType": failure.error_type,
    }
    return told if failure.stack is None else {**told, "stackTrace": failure.stack}


def _exited(failure: Failure, result: Result) -> Mapping[str, object]:
    # Out of memory reads as any other kill; only the report tells.
    signal = 9 if failure.kind is FailureKind.OUT_OF_MEMORY else failure.signal
    how = f"exit status {failure.code}"
    if signal:
        how = f"signal: {SIGNALS.get(signal, f'signal {signal}')}"
    form = EXITED if signal or failure.code else EXITED_WELL
    return {
        "errorType": EXIT_ERROR,
        "errorMessage": form.format(id=result.invocation.id, how=how),
    }


def _timed_out(_: Failure, result: Result) -> Mapping[str, object]:
    told = TOO_LATE_TOLD.format(id=result.invocation.id, limit=_limit_s(result))
    return {"errorType": TIMEOUT_ERROR, "errorMessage": told}


def _answer_too_large(failure: Failure, _: Result) -> Mapping[str, object]:
    return {
        "errorMessage": ANSWER_TOO_LARGE.format(limit=failure.message),
        "errorType": "Function.ResponseSizeTooLarge",
    }


def _too_large(failure: Failure, _: Result) -> Mapping[str, object]:
    """Return a refusal of the Invoke API (section 5.3)."""
    return {"Type": "User", "message": TOO_LARGE.format(limit=failure.message)}


def _throttled(_: Failure, __: Result) -> Mapping[str, object]:
    return {"Reason": THROTTLED_REASON, "Type": "User", "message": "Rate Exceeded."}


def _reported_type(failure: Failure) -> str:
    if failure.kind is FailureKind.OUT_OF_MEMORY:
        return OUT_OF_MEMORY_ERROR
    if failure.kind in _ENDED:
        return EXIT_ERROR
    # Section 4.3: types that are not the platform's own are none to it.
    known = failure.error_type.startswith(("Runtime.", "Function."))
    return failure.error_type if known else "Runtime.Unknown"


_ENDED = frozenset({FailureKind.EXITED, FailureKind.OUT_OF_MEMORY})
# A handler that raises is a call that went well as far as the report is concerned.
_REPORTED = _ENDED | WHILE_LOADING
_STATUSES = {FailureKind.TIMED_OUT: TIMED_OUT, FailureKind.EXITED: "failure"}
_FORMS: Mapping[str, Callable[[Failure, Result], Mapping[str, object]]] = {
    "python": _of_python,
    "nodejs": _of_nodejs,
}
_BODIES: Mapping[FailureKind, Callable[[Failure, Result], Mapping[str, object]]] = {
    FailureKind.EXITED: _exited,
    FailureKind.OUT_OF_MEMORY: _exited,
    FailureKind.TIMED_OUT: _timed_out,
    FailureKind.TOO_LARGE: _too_large,
    FailureKind.ANSWER_TOO_LARGE: _answer_too_large,
    FailureKind.THROTTLED: _throttled,
}
