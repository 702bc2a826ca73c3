"""Where the results of asynchronous calls go (contract alibaba-fc, sections 1.3 and 5.2)."""

import json
import re
from collections.abc import Sequence

from localfn.model import Call, CallMode, Event, Failure, FailureKind, Function, Result
from localfn.providers.alibaba.environment import DEFAULT_ACCOUNT, DEFAULT_REGION
from localfn.providers.alibaba.errors import error_type

# `acs:fc:REGION:ACCOUNT:services/SERVICE.QUALIFIER/functions/NAME`, in FC3 without the service.
_FUNCTION = re.compile(
    r"acs:fc:[^:]*:[^:]*:(?:services/(?P<service>[^./]+)(?:\.(?P<version>[^/]+))?/)?"
    r"functions/(?P<name>[^/]+)(?:/(?P<qualifier>[^/]+))?$"
)
# The words for why an event was given up are not documented in full; these are ours to correct.
_CONDITIONS = {FailureKind.THROTTLED: "EventAgeExceeded"}
GAVE_UP = "RetriesExhausted"


def destined(result: Result, destination: str, functions: Sequence[Function]) -> Call | None:
    """Return the call of a function of the project that is a destination, None where it is none."""
    named = _FUNCTION.match(destination)
    if named is None:
        return None
    service, name = named["service"] or "", named["name"]
    meant = (each for each in functions if (each.service, each.name) == (service, name))
    function = next(meant, None) or next((each for each in functions if each.name == name), None)
    if function is None:
        return None
    now = result.invocation.started + result.duration_ms / 1000
    return Call(
        function,
        Event(_told(result, now), "destination", "application/json"),
        CallMode.ASYNC,
        qualifier=named["version"] or named["qualifier"] or "",
    )


def _told(result: Result, now: float) -> bytes:
    """Return what a destination learns of a call; the field names are unverified."""
    invocation, failure = result.invocation, result.failure
    told = {
        "timestamp": int(now * 1000),
        "requestContext": {
            "requestId": invocation.id,
            "functionArn": _arn(invocation.function, invocation.qualifier or "LATEST"),
            "condition": _condition(failure),
            "approximateInvokeCount": invocation.attempt + 1,
        },
        "requestPayload": invocation.event.payload.decode(errors="replace"),
        "responseContext": {
            "statusCode": 200,
            "functionError": "" if failure is None else error_type(failure),
        },
        "responsePayload": result.payload.decode(errors="replace"),
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _condition(failure: Failure | None) -> str:
    return "" if failure is None else _CONDITIONS.get(failure.kind, GAVE_UP)


def _arn(function: Function, qualifier: str) -> str:
    region = function.attributes.get("region") or DEFAULT_REGION
    account = function.attributes.get("account_id") or DEFAULT_ACCOUNT
    service = f"services/{function.service}.{qualifier}/" if function.service else ""
    return f"acs:fc:{region}:{account}:{service}functions/{function.name}"
