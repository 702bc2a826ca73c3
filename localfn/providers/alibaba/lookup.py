"""Functions by the names that the versions of the API give them (contract alibaba-fc, 1.7, 5.1)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs

from localfn.model import Calls, Function, HttpReply, HttpRequest
from localfn.providers.alibaba.errors import error

FC2_FIRST = "/2016-08-15"
Values = Mapping[str, str]

# A function of each generation that is not there: it gives an error's id its form.
NOBODY = {
    generation: Function(
        "", "", "", Path(), attributes=MappingProxyType({"generation": generation})
    )
    for generation in ("fc2", "fc3")
}


class Refused(Exception):
    """The request cannot be served; carries the answer."""

    def __init__(self, reply: HttpReply) -> None:
        self.reply = reply


def function_of_fc3(values: Values, calls: Calls) -> Function:
    """Return a function by `function`, `service$function` or `service/function`."""
    wanted = values["name"]
    named = [each for each in calls.functions if wanted in (fc3_name(each), each.key)]
    named += [each for each in calls.functions if wanted in (each.name, *_others(each))]
    if named:
        return named[0]
    raise _not_there("FunctionNotFound", f"function '{wanted}' does not exist", "fc3", calls)


def function_of_fc2(request: HttpRequest, values: Values, calls: Calls) -> Function:
    """Return a function of a service."""
    service, wanted = service_of(request, values), values["name"]
    for each in functions_of(service, calls):
        if wanted == each.name or f"{service}/{wanted}" in _others(each):
            return each
    message = f"function '{wanted}' does not exist in service '{service}'"
    raise _not_there("FunctionNotFound", message, "fc2", calls)


def functions_of(service: str, calls: Calls) -> Sequence[Function]:
    """Return the functions of a service, those included that FC3 spells `service$function`."""
    found = [each for each in calls.functions if service in _services(each)]
    if not found:
        message = f"service '{service}' does not exist"
        raise _not_there("ServiceNotFound", message, "fc2", calls)
    return found


def fc3_name(function: Function) -> str:
    """Return the name of a function where there are no services."""
    return f"{function.service}${function.name}" if function.service else function.name


def service_of(request: HttpRequest, values: Values) -> str:
    """Return the service of a path, without the qualifier that its first version holds."""
    service = values["service"]
    return service.partition(".")[0] if request.path.startswith(FC2_FIRST) else service


def qualifier_of(request: HttpRequest, values: Values) -> str:
    """Return the version or alias that is asked for, "" where none is."""
    if request.path.startswith(FC2_FIRST):
        return values.get("service", "").partition(".")[2]
    return parse_qs(request.query).get("qualifier", [""])[0]


def _services(function: Function) -> Iterable[str]:
    if function.service:
        return (function.service,)
    return [each.partition("/")[0] for each in _others(function) if "/" in each]


def _others(function: Function) -> Sequence[str]:
    return function.attributes.get("spellings", "").split()


def _not_there(code: str, message: str, generation: str, calls: Calls) -> Refused:
    return Refused(error(404, code, message, calls.new_id(NOBODY[generation])))
