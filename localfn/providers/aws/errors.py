"""Errors of the service itself, as SDKs read them (contract aws-lambda, section 5.3)."""

import json
from collections.abc import Mapping

from localfn.model import HttpReply

JSON = ("Content-Type", "application/json")
REQUEST_ID = "x-amzn-RequestId"
ERROR_TYPE = "x-amzn-ErrorType"
# Texts that the contract marks as unverified stand together, to be corrected in one place.
TOO_LARGE = "Request must be smaller than {limit} bytes for the InvokeFunction operation"
UNKNOWN_OPERATION = "There is no operation {method} {path} of this API here."
WRONG_CONTEXT = "Client context must be base64-encoded JSON: {why}"

# Which key carries the message, by code: most exceptions spell it in lower case.
_CAPITAL = frozenset({"AccessDeniedException", "ResourceNotFoundException", "ServiceException"})
_OF_SERVICE = frozenset({"ServiceException"})


def error(status: int, code: str, message: str, id_: str, **more: object) -> HttpReply:
    """Return an error of the service; SDKs raise the exception that `code` names."""
    told: dict[str, object] = {
        **more,
        "Type": "Service" if code in _OF_SERVICE else "User",
        "Message" if code in _CAPITAL else "message": message,
    }
    return HttpReply(status, (JSON, (ERROR_TYPE, code), (REQUEST_ID, id_)), encoded(told))


def not_found(arn: str, id_: str) -> HttpReply:
    """Return the answer where there is no such function."""
    return error(404, "ResourceNotFoundException", f"Function not found: {arn}", id_)


def too_large(limit: int, id_: str) -> HttpReply:
    """Return the answer to a body that is too long."""
    return error(413, "RequestTooLargeException", TOO_LARGE.format(limit=limit), id_)


def throttled(id_: str) -> HttpReply:
    """Return the answer where no instance is left for a call."""
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    return error(429, "TooManyRequestsException", "Rate Exceeded.", id_, Reason=reason)


def wrong_content(message: str, id_: str) -> HttpReply:
    """Return the answer to a request whose content cannot be read."""
    return error(400, "InvalidRequestContentException", message, id_)


def wrong_value(message: str, id_: str) -> HttpReply:
    """Return the answer to a parameter that cannot be."""
    return error(400, "InvalidParameterValueException", message, id_)


def broken(message: str, id_: str) -> HttpReply:
    """Return the answer where the platform itself fails: here, this machine."""
    return error(500, "ServiceException", message, id_)


def no_operation(method: str, path: str, id_: str) -> HttpReply:
    """Return the answer where there is no such operation."""
    message = UNKNOWN_OPERATION.format(method=method, path=path)
    return error(404, "UnknownOperationException", message, id_)


def encoded(told: Mapping[str, object]) -> bytes:
    """Return JSON as the service writes it."""
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
