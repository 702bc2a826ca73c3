"""Errors as Function Compute words them (contract alibaba-fc, section 5.3)."""

import json

from localfn.model import Failure, HttpReply

JSON = ("Content-Type", "application/json")
REQUEST_ID = "X-Fc-Request-Id"
ERROR_TYPE = "X-Fc-Error-Type"
TOO_LARGE = "payload size exceeds maximum allowed size ({limit} bytes)"


def error(status: int, code: str, message: str, id_: str) -> HttpReply:
    """Return an error with both spellings of its keys: the vendor's SDKs do not agree on one."""
    told = {
        "RequestId": id_,
        "Code": code,
        "Message": message,
        "ErrorCode": code,
        "ErrorMessage": message,
    }
    return HttpReply(status, (JSON, (REQUEST_ID, id_)), json.dumps(told).encode())


def too_large(limit: int, id_: str) -> HttpReply:
    """Return the answer to a body that is too long."""
    return error(400, "EntityTooLarge", TOO_LARGE.format(limit=limit), id_)


def bad_response(message: str, id_: str) -> HttpReply:
    """Return the answer where the function's own cannot be used."""
    return error(502, "BadResponse", message, id_)


def broken(message: str, id_: str) -> HttpReply:
    """Return the answer where the platform itself fails: here, this machine."""
    return error(500, "InternalServerError", message, id_)


def error_type(failure: Failure) -> str:
    """Return what `X-Fc-Error-Type` says of a failure (section 5.2)."""
    if failure.during_init:
        return "InitializationError"
    return "HandledInvocationError" if failure.handled else "UnhandledInvocationError"
