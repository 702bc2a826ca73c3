"""What an execution environment of Lambda finds around it (contract aws-lambda, 2.1 and 3.1)."""

import json
from collections.abc import Mapping

from localfn.model import Function, Invocation, Layout, Runtime
from localfn.providers.aws.trace import new_trace

KEY_ID = "AWS_ACCESS_KEY_ID"
KEY_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a variable's name
TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105 - a variable's name
SECRETS = frozenset({KEY_ID, KEY_SECRET, TOKEN})

# Credentials of a machine that has none: enough for SDKs to sign, refused by the real service.
PLACEHOLDERS = {KEY_ID: "localfn-key-id", KEY_SECRET: "localfn-key-secret", TOKEN: ""}
DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
LATEST = "$LATEST"
RUNTIME_FOLDER = "/var/runtime"

# Where an image finds the interface: in a network that it shares with us alone.
RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"
IMAGES_RUNTIME_API = "127.0.0.1:9001"
# What a template may not set beside the facts and credentials that go before it anyway.
RESERVED = frozenset(
    {"_X_AMZN_TRACE_ID", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_STREAM_NAME", RUNTIME_API}
)

# Regions whose names begin so belong to another partition than `aws`.
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}

# What the images set, for all and for one language (section 3.1).
_SEARCH_PATHS = {
    "PATH": "{path}:{layers}/bin",
    "LD_LIBRARY_PATH": "/lib64:/usr/lib64:{code}:{code}/lib:{layers}/lib",
    "TZ": ":UTC",
    "LANG": "en_US.UTF-8",
}
_OF_LANGUAGE: Mapping[str, Mapping[str, str]] = {
    # The locale of the images need not be installed here.
    "python": {"PYTHONIOENCODING": "utf-8"},
    "nodejs": {
        "NODE_PATH": "{layers}/nodejs/node{major}/node_modules:{layers}/nodejs/node_modules:{code}",
    },
}


def variables(
    function: Function, runtime: Runtime, layout: Layout, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of an instance; no variable of the user hides a reserved one."""
    return {
        **_images_own(runtime, layout),
        **{name: told for name, told in function.environment.items() if name not in RESERVED},
        **_credentials(environ),
        **_facts(function, runtime, layout, environ),
    }


def context(invocation: Invocation, environ: Mapping[str, str]) -> dict[str, object]:
    """Return the facts of the handler's context (section 2.1)."""
    function = invocation.function
    return {
        "request_id": invocation.id,
        "function_name": function.name,
        "function_version": version(invocation),
        "function_arn": invoked_arn(invocation, environ),
        "memory_mb": function.memory_mb,
        "timeout_ms": int(function.timeout_s * 1000),
        "log_group": log_group(function),
        "client_context": _parsed(invocation.client_context),
        "trace_id": trace_id(invocation),
        "tenant_id": None,
    }


def trace_id(invocation: Invocation) -> str:
    """Return the header of a trace that nobody records; the same for all who ask."""
    root = new_trace(invocation.started, invocation.id)
    return f"{root};Parent={invocation.id.replace('-', '')[:16]};Sampled=0"


def version(invocation: Invocation) -> str:
    """Return the version that runs: the one asked for; an alias leads to the only one here."""
    asked = invocation.qualifier
    if asked.isdigit():
        return asked
    alias = invocation.function.attributes.get("alias", "")
    return "1" if alias and asked == alias else LATEST


def invoked_arn(invocation: Invocation, environ: Mapping[str, str]) -> str:
    """Return the ARN that was called, with the qualifier that was asked for."""
    arn = function_arn(invocation.function, environ)
    return f"{arn}:{invocation.qualifier}" if invocation.qualifier else arn


def function_arn(function: Function, environ: Mapping[str, str]) -> str:
    """Return the ARN of a function, without a qualifier."""
    where = region(function, environ)
    owner = account(function, environ)
    return f"arn:{partition(where)}:lambda:{where}:{owner}:function:{function.name}"


def log_group(function: Function) -> str:
    """Return the log group that a function writes to."""
    return function.attributes.get("log_group") or f"/aws/lambda/{function.name}"


def region(function: Function, environ: Mapping[str, str]) -> str:
    """Return the region that the function is told it runs in."""
    return (
        function.attributes.get("region")
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or DEFAULT_REGION
    )


def account(function: Function, environ: Mapping[str, str]) -> str:
    """Return the account that owns the function."""
    return function.attributes.get("account_id") or environ.get("AWS_ACCOUNT_ID") or DEFAULT_ACCOUNT


def partition(where: str) -> str:
    """Return the partition of a region."""
    return next((told for start, told in _PARTITIONS.items() if where.startswith(start)), "aws")


def _facts(
    function: Function, runtime: Runtime, layout: Layout, environ: Mapping[str, str]
) -> dict[str, str]:
    where = region(function, environ)
    found = {
        "_HANDLER": function.handler,
        "AWS_REGION": where,
        "AWS_DEFAULT_REGION": where,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(function),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_TASK_ROOT": layout.code,
        "LAMBDA_RUNTIME_DIR": RUNTIME_FOLDER,
    }
    if runtime.wire == "polled":
        found[RUNTIME_API] = IMAGES_RUNTIME_API
    if runtime.language in _OF_LANGUAGE:
        found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
    if logs_json(function):
        found["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        found["AWS_LAMBDA_LOG_LEVEL"] = function.attributes.get("application_log_level", "INFO")
    return found


def logs_json(function: Function) -> bool:
    """Return whether the function's log is one JSON object a line."""
    return function.attributes.get("log_format", "").upper() == "JSON"


def _images_own(runtime: Runtime, layout: Layout) -> dict[str, str]:
    if runtime.language == "image":
        # The user's own image has paths of its own.
        return {}
    known = {
        "code": layout.code.rstrip("/"),
        "layers": layout.layers,
        "path": layout.path,
        "major": runtime.version.partition(".")[0],
    }
    patterns = {**_SEARCH_PATHS, **_OF_LANGUAGE.get(runtime.language, {})}
    return {name: pattern.format_map(known) for name, pattern in patterns.items()}


def _credentials(environ: Mapping[str, str]) -> dict[str, str]:
    if environ.get(KEY_ID):
        return {name: environ.get(name, "") for name in (KEY_ID, KEY_SECRET, TOKEN)}
    return dict(PLACEHOLDERS)


def _parsed(client_context: str) -> object:
    """Return the client context that came as JSON, None where there is none."""
    try:
        return json.loads(client_context) if client_context else None
    except ValueError:
        return None
