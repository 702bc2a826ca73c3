"""What the API tells about functions, services and triggers (contract alibaba-fc, section 5)."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from localfn.model import Calls, Function, HttpReply, HttpRequest, Trigger
from localfn.providers.alibaba.environment import account
from localfn.providers.alibaba.errors import JSON
from localfn.providers.alibaba.lookup import (
    Values,
    fc3_name,
    function_of_fc2,
    function_of_fc3,
    functions_of,
    service_of,
)

MOST_LISTED = 100


def get_fc3(_: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunction of FC3."""
    return _json(_facts_fc3(function_of_fc3(values, calls), calls))


def list_fc3(request: HttpRequest, _: Values, calls: Calls) -> HttpReply:
    """Answer ListFunctions of FC3."""
    return _page(request, "functions", [_facts_fc3(each, calls) for each in calls.functions])


def triggers_fc3(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListTriggers of FC3."""
    function = function_of_fc3(values, calls)
    return _page(request, "triggers", [_trigger_facts(each) for each in function.triggers])


def get_fc2(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunction of FC2."""
    return _json(_facts(function_of_fc2(request, values, calls)))


def list_fc2(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListFunctions of FC2."""
    found = functions_of(service_of(request, values), calls)
    return _page(request, "functions", [_facts(each) for each in found])


def triggers_fc2(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListTriggers of FC2."""
    function = function_of_fc2(request, values, calls)
    return _page(request, "triggers", [_trigger_facts(each) for each in function.triggers])


def get_service(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetService of FC2."""
    return _json(_service_facts(service_of(request, values), calls))


def list_services(request: HttpRequest, _: Values, calls: Calls) -> HttpReply:
    """Answer ListServices of FC2."""
    names = dict.fromkeys(each.service for each in calls.functions if each.service)
    return _page(request, "services", [_service_facts(each, calls) for each in names])


def _facts_fc3(function: Function, calls: Calls) -> Mapping[str, object]:
    told, name = function.attributes, fc3_name(function)
    owner = account(function, calls.rules.environ)
    return {
        **_facts(function),
        "functionName": name,
        "functionArn": f"acs:fc:{told.get('region', '')}:{owner}:functions/{name}",
        "diskSize": function.disk_mb,
        "role": told.get("role", ""),
        "state": "Active",
        "lastUpdateStatus": "Successful",
    }


def _facts(function: Function) -> Mapping[str, object]:
    hook = function.hooks.initializer
    return {
        "functionName": function.name,
        "functionId": function.key,
        "description": function.attributes.get("description", ""),
        "runtime": function.runtime,
        "handler": function.handler,
        "memorySize": function.memory_mb,
        "cpu": function.cpu,
        "timeout": int(function.timeout_s),
        "instanceConcurrency": function.concurrency,
        "environmentVariables": dict(function.environment),
        "initializer": hook.handler if hook else "",
        "initializationTimeout": int(hook.timeout_s) if hook else 0,
    }


def _service_facts(service: str, calls: Calls) -> Mapping[str, object]:
    told = functions_of(service, calls)[0].attributes
    return {
        "serviceName": service,
        "serviceId": service,
        "description": "",
        "role": told.get("role", ""),
        "logConfig": {
            "project": told.get("log_project", ""),
            "logstore": told.get("log_store", ""),
        },
    }


def _trigger_facts(trigger: Trigger) -> Mapping[str, object]:
    options = {
        name: list(each) if isinstance(each, tuple) else each
        for name, each in trigger.options.items()
    }
    return {
        "triggerName": trigger.name,
        "triggerId": trigger.name,
        "triggerType": trigger.source,
        "triggerConfig": json.dumps(options),
        "qualifier": "LATEST",
    }


def _page(request: HttpRequest, key: str, found: Sequence[Mapping[str, object]]) -> HttpReply:
    """Return a part of a list, as `prefix`, `limit` and `nextToken` ask for it."""
    asked = parse_qs(request.query)
    prefix, token, limit = (asked.get(name, [""])[0] for name in ("prefix", "nextToken", "limit"))
    named = [each for each in found if str(next(iter(each.values()))).startswith(prefix)]
    start = int(token) if token.isdigit() else 0
    most = min(int(limit), MOST_LISTED) if limit.isdigit() and int(limit) else MOST_LISTED
    told: dict[str, object] = {key: named[start : start + most]}
    if start + most < len(named):
        told["nextToken"] = str(start + most)
    return _json(told)


def _json(told: Mapping[str, object]) -> HttpReply:
    return HttpReply(200, (JSON,), json.dumps(told, ensure_ascii=False).encode())
