"""Functions by the names that SDKs give them: name, ARN, qualifier (contract aws-lambda, 5.1)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

from localfn.model import Calls, Function, HttpReply, HttpRequest
from localfn.providers.aws.environment import LATEST, account, partition, region
from localfn.providers.aws.errors import error, not_found, wrong_value

Values = Mapping[str, str]

# A function that is not there: ids and ARNs of errors are told by it.
NOBODY = Function("", "", "", Path())
# What the interface emulator inside the images calls its only function.
EMULATORS_NAME = "function"

_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d+:function:([^:]+)(?::([^:]+))?")
_PARTIAL_ARN = re.compile(r"\d+:(?:function:)?([^:]+)(?::([^:]+))?")
_NAME = re.compile(r"([^:]+)(?::([^:]+))?")
_LETTERS = re.compile(r"[\w/-]{1,140}")
CONSTRAINT = (
    "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
    "Member must satisfy regular expression pattern: "
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{{2}}(-gov)?-[a-z]+-\d{{1}}:)?(\d{{12}}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)


class Refused(Exception):
    """The request cannot be served; carries the answer."""

    def __init__(self, reply: HttpReply) -> None:
        self.reply = reply


class Named(NamedTuple):
    """A function and the version or alias that was asked for, "" where none was."""

    function: Function
    qualifier: str


def find(request: HttpRequest, values: Values, calls: Calls) -> Named:
    """Return what a request names in its path and its query; raise `Refused`."""
    name, inside = _taken_apart(values["name"], calls)
    asked = asked_for(request, "Qualifier")
    if inside and asked and inside != asked:
        message = "The derived qualifier from the function name does not match the specified one."
        raise Refused(wrong_value(message, calls.new_id(NOBODY)))
    qualifier = asked or inside
    function = by_name(name, calls)
    if function is None:
        where = region(NOBODY, calls.rules.environ)
        owner = account(NOBODY, calls.rules.environ)
        arn = f"arn:{partition(where)}:lambda:{where}:{owner}:function:{name}:{qualifier or LATEST}"
        raise Refused(not_found(arn, calls.new_id(NOBODY)))
    return Named(function, qualifier)


def by_name(name: str, calls: Calls) -> Function | None:
    """Return a function by its name, its key or its logical id; None where it is not there."""
    functions = calls.functions
    named = [each for each in functions if name in (each.name, each.key)]
    named += [each for each in functions if name == each.attributes.get("logical_id")]
    if not named and name == EMULATORS_NAME and len(functions) == 1:
        return functions[0]
    return named[0] if named else None


def by_arn(written: str, calls: Calls) -> Function | None:
    """Return a function by anything that names it; None where it is not there."""
    for pattern in (_ARN, _PARTIAL_ARN, _NAME):
        found = pattern.fullmatch(written)
        if found:
            return by_name(found[1], calls)
    return None


def asked_for(request: HttpRequest, name: str) -> str:
    """Return a value of the query, "" without one."""
    return parse_qs(request.query).get(name, [""])[0] if request.query else ""


def _taken_apart(written: str, calls: Calls) -> tuple[str, str]:
    """Return name and qualifier of a name or an ARN."""
    for pattern in (_ARN, _PARTIAL_ARN, _NAME):
        found = pattern.fullmatch(written)
        if found and _LETTERS.fullmatch(found[1]):
            return found[1], found[2] or ""
    id_ = calls.new_id(NOBODY)
    raise Refused(error(400, "ValidationException", CONSTRAINT.format(name=written), id_))
