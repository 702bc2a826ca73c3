"""What the API tells about functions, their versions, URLs and sources (section 5.1)."""

from collections.abc import Mapping, Sequence

from localfn.model import Calls, Function, HttpReply, HttpRequest, Trigger
from localfn.providers.aws.environment import LATEST, function_arn, log_group
from localfn.providers.aws.errors import JSON, encoded, error
from localfn.providers.aws.lookup import (
    NOBODY,
    Refused,
    Values,
    asked_for,
    by_arn,
    find,
)

MOST_LISTED = 50
DEFAULT_ROLE = "arn:aws:iam::123456789012:role/localfn"
# Sources that the cloud asks for records by itself: trigger's source -> what its stream is called.
POLLED: Mapping[str, str] = {
    "sqs": "arn:{partition}:sqs:{region}:{account}:{queue}",
    "kinesis": "arn:{partition}:kinesis:{region}:{account}:stream/{stream}",
    "dynamodb": "arn:{partition}:dynamodb:{region}:{account}:table/{table}/stream/{stream_label}",
    "msk": "arn:{partition}:kafka:{region}:{account}:cluster/{cluster}",
    "mq": "arn:{partition}:mq:{region}:{account}:broker:{broker}",
    "documentdb": "arn:{partition}:rds:{region}:{account}:cluster:{cluster}",
    "self-managed-kafka": "",
}
URL = "function-url"


def get_function(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunction."""
    named = find(request, values, calls)
    function = named.function
    is_image = function.container is not None and bool(function.container.image)
    code = {"RepositoryType": "S3", "Location": function.code.absolute().as_uri()}
    if is_image and function.container is not None:
        code = {"RepositoryType": "ECR", "ImageUri": function.container.image}
    told: dict[str, object] = {
        "Configuration": _configuration(function, calls, named.qualifier),
        "Code": code,
        "Tags": {},
    }
    if reserved := function.attributes.get("reserved_concurrency", ""):
        told["Concurrency"] = {"ReservedConcurrentExecutions": int(reserved)}
    return _json(told)


def get_configuration(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunctionConfiguration."""
    named = find(request, values, calls)
    return _json(_configuration(named.function, calls, named.qualifier))


def list_functions(request: HttpRequest, _: Values, calls: Calls) -> HttpReply:
    """Answer ListFunctions."""
    found = [_configuration(each, calls) for each in calls.functions]
    return _page(request, "Functions", found)


def list_versions(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListVersionsByFunction: the newest, and one more that an alias leads to."""
    function = find(request, values, calls).function
    found = [_configuration(function, calls, LATEST)]
    if function.attributes.get("alias"):
        found.append(_configuration(function, calls, "1"))
    return _page(request, "Versions", found)


def list_aliases(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListAliases: the one that the template makes, if it does."""
    function = find(request, values, calls).function
    alias = function.attributes.get("alias", "")
    arn = f"{function_arn(function, calls.rules.environ)}:{alias}"
    found = [{"AliasArn": arn, "Name": alias, "FunctionVersion": "1", "Description": ""}]
    return _page(request, "Aliases", found if alias else [])


def list_mappings(request: HttpRequest, _: Values, calls: Calls) -> HttpReply:
    """Answer ListEventSourceMappings."""
    wanted = asked_for(request, "FunctionName")
    source = asked_for(request, "EventSourceArn")
    functions: Sequence[Function] = calls.functions
    if wanted:
        named = by_arn(wanted, calls)
        functions = [] if named is None else [named]
    found = [
        _mapping(function, trigger, calls)
        for function in functions
        for trigger in function.triggers
        if trigger.source in POLLED
    ]
    if source:
        found = [each for each in found if each.get("EventSourceArn") == source]
    return _page(request, "EventSourceMappings", found)


def get_async_config(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunctionEventInvokeConfig."""
    function = find(request, values, calls).function
    told = function.attributes
    known = ("async_retries", "async_max_age_s", "async_on_success", "async_on_failure")
    if not any(told.get(each) for each in known):
        raise _nothing(f"The function {function.name} doesn't have an EventInvokeConfig", calls)
    targets = {
        name: {"Destination": told[key]}
        for name, key in (("OnSuccess", known[2]), ("OnFailure", known[3]))
        if told.get(key)
    }
    found: dict[str, object] = {
        "FunctionArn": f"{function_arn(function, calls.rules.environ)}:{LATEST}",
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}, **targets},
    }
    if told.get(known[0]):
        found["MaximumRetryAttempts"] = int(told[known[0]])
    if told.get(known[1]):
        found["MaximumEventAgeInSeconds"] = int(told[known[1]])
    return _json(found)


def get_concurrency(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunctionConcurrency."""
    reserved = find(request, values, calls).function.attributes.get("reserved_concurrency", "")
    return _json({"ReservedConcurrentExecutions": int(reserved)} if reserved else {})


def get_url(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer GetFunctionUrlConfig: the URL is the one that answers here."""
    function = find(request, values, calls).function
    found = _urls(request, function, calls)
    if not found:
        raise _nothing("The resource you requested does not exist.", calls)
    return _json(found[0])


def list_urls(request: HttpRequest, values: Values, calls: Calls) -> HttpReply:
    """Answer ListFunctionUrlConfigs."""
    function = find(request, values, calls).function
    return _page(request, "FunctionUrlConfigs", _urls(request, function, calls))


def get_account(_: HttpRequest, __: Values, calls: Calls) -> HttpReply:
    """Answer GetAccountSettings."""
    limit = {
        "TotalCodeSize": 80530636800,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 1000,
    }
    usage = {"TotalCodeSize": 0, "FunctionCount": len(calls.functions)}
    return _json({"AccountLimit": limit, "AccountUsage": usage})


def _configuration(function: Function, calls: Calls, qualifier: str = "") -> Mapping[str, object]:
    """Return what is known of a function here; what only a deployment has is left out."""
    told, arn = function.attributes, function_arn(function, calls.rules.environ)
    is_image = function.container is not None and bool(function.container.image)
    found: dict[str, object] = {
        "FunctionName": function.name,
        "FunctionArn": f"{arn}:{qualifier}" if qualifier else arn,
        "Role": told.get("role") or DEFAULT_ROLE,
        "Description": told.get("description", ""),
        "Timeout": int(function.timeout_s),
        "MemorySize": function.memory_mb,
        "Version": qualifier if qualifier.isdigit() else LATEST,
        "Environment": {"Variables": dict(function.environment)},
        "TracingConfig": {"Mode": told.get("tracing") or "PassThrough"},
        "Layers": [{"Arn": each, "CodeSize": 0} for each in function.layers],
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Image" if is_image else "Zip",
        "Architectures": [told.get("architecture") or "x86_64"],
        "EphemeralStorage": {"Size": function.disk_mb},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {
            "LogFormat": told.get("log_format") or "Text",
            "LogGroup": log_group(function),
        },
    }
    if not is_image:
        found |= {"Runtime": function.runtime, "Handler": function.handler}
    return found


def _mapping(function: Function, trigger: Trigger, calls: Calls) -> Mapping[str, object]:
    import hashlib  # only this operation needs it, to make the same id every time

    digits = hashlib.sha256(f"{function.key} {trigger.name}".encode()).hexdigest()
    id_ = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    arn = function_arn(function, calls.rules.environ)
    enabled = trigger.options.get("enabled") is not False
    found: dict[str, object] = {
        "UUID": id_,
        "FunctionArn": arn,
        "State": "Enabled" if enabled else "Disabled",
        "BatchSize": trigger.options.get("batch") or (10 if trigger.source == "sqs" else 100),
    }
    _, parted, __, where, owner, *___ = arn.split(":")
    words = {"partition": parted, "region": where, "account": owner, **trigger.options}
    words.setdefault("stream_label", "LATEST")
    try:
        source = POLLED[trigger.source].format_map(words)
    except KeyError:  # the template does not say
        source = ""
    if source:
        found["EventSourceArn"] = source
    return found


def _urls(request: HttpRequest, function: Function, calls: Calls) -> list[Mapping[str, object]]:
    arn = function_arn(function, calls.rules.environ)
    return [
        {
            "FunctionUrl": f"http://{request.header('host')}/_fn/{function.name}/",
            "FunctionArn": arn,
            "AuthType": each.options.get("auth_type") or "NONE",
            "InvokeMode": each.options.get("invoke_mode") or "BUFFERED",
            "CreationTime": "1970-01-01T00:00:00.000Z",
            "LastModifiedTime": "1970-01-01T00:00:00.000Z",
        }
        for each in function.triggers
        if each.source == URL
    ]


def _nothing(message: str, calls: Calls) -> Refused:
    return Refused(error(404, "ResourceNotFoundException", message, calls.new_id(NOBODY)))


def _page(request: HttpRequest, key: str, found: Sequence[Mapping[str, object]]) -> HttpReply:
    """Return a part of a list, as `MaxItems` and `Marker` ask for it."""
    marker, limit = asked_for(request, "Marker"), asked_for(request, "MaxItems")
    start = int(marker) if marker.isdigit() else 0
    most = min(int(limit), MOST_LISTED) if limit.isdigit() and int(limit) else MOST_LISTED
    told: dict[str, object] = {key: list(found[start : start + most])}
    if start + most < len(found):
        told["NextMarker"] = str(start + most)
    return _json(told)


def _json(told: Mapping[str, object]) -> HttpReply:
    return HttpReply(200, (JSON,), encoded(told))
