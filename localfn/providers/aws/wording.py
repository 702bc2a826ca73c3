"""How Lambda words logs and failures (contract aws-lambda, sections 8 and 9)."""

import json
from collections.abc import Mapping

from localfn.model import Failure, Function, Invocation, Result, Runtime
from localfn.providers.aws.environment import version


def request_id(_: Function, __: float, entropy: bytes) -> str:
    """Return a random UUID."""
    digits = bytearray(entropy)
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    told = digits.hex()
    return f"{told[:8]}-{told[8:12]}-{told[12:16]}-{told[16:20]}-{told[20:]}"


def start_output(_: Runtime) -> bytes:
    """Return what a runtime prints when it is up."""
    return b""


def opening_lines(invocation: Invocation) -> bytes:
    """Return the line before a function's own output."""
    return f"START RequestId: {invocation.id} Version: {version(invocation)}\n".encode()


def hook_lines(_: str, __: Invocation) -> tuple[bytes, bytes]:
    """Return nothing: Lambda has no hooks."""
    return b"", b""


def closing_lines(result: Result) -> bytes:
    """Return the lines after a function's own output."""
    return f"END RequestId: {result.invocation.id}\n".encode()


def error_body(result: Result) -> bytes:
    """Return the JSON that a caller gets when a function failed."""
    failure = result.failure
    assert failure is not None
    return result.payload or json.dumps(_raised(failure)).encode()


def _raised(failure: Failure) -> Mapping[str, object]:
    told: dict[str, object] = {
        "errorMessage": failure.message,
        "errorType": failure.error_type,
    }
    if failure.stack is not None:
        told["stackTrace"] = failure.stack
    return told
