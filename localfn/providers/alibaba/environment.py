"""What an instance of Function Compute finds around it (contract alibaba-fc, sections 2.1, 3.1)."""

from collections.abc import Mapping

from localfn.model import Function, Invocation, Layout, Runtime

KEY_ID = "ALIBABA_CLOUD_ACCESS_KEY_ID"
KEY_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105 - a variable's name
TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN"  # noqa: S105 - a variable's name
SECRETS = frozenset({KEY_ID, KEY_SECRET, TOKEN})
# Names a program that starts Node.js (section 2.2). That it is given the command as arguments is
# unverified.
WRAPPER = "BOOTSTRAP_WRAPPER"

# Credentials of a machine that has none: long enough for SDKs, refused by every real service.
PLACEHOLDERS = {KEY_ID: "localfn-key-id", KEY_SECRET: "localfn-key-secret", TOKEN: ""}
DEFAULT_ACCOUNT = "1234567890123456"
DEFAULT_REGION = "cn-hangzhou"
INSTANCE_ID = "c-00000000-000000000000000000000000"

# Instances older than Debian 11 learn their version by another name (section 3.1).
NEWER_OS = frozenset({"python3.12", "custom.debian11", "custom.debian12"})
LATER_CONTEXT = frozenset({"python3.12"})

# What the platform's images set, for all and for one language (section 3.1, last paragraph).
_SEARCH_PATHS = {
    "PATH": "{code}:{layers}/bin:{path}",
    "LD_LIBRARY_PATH": "{code}:{code}/lib:/usr/local/lib:{layers}/lib",
}
_OF_LANGUAGE: Mapping[str, Mapping[str, str]] = {
    "python": {"PYTHONIOENCODING": "utf-8:surrogateescape"},
    "nodejs": {
        "PATH": "{code}:{code}/node_modules/.bin:{layers}/bin:{path}",
        "NODE_PATH": "{code}/node_modules:{layers}/nodejs/node_modules:"
        "{layers}/nodejs/node{major}/node_modules:/usr/local/lib/node_modules",
    },
}


def variables(
    function: Function, runtime: Runtime, layout: Layout, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of an instance; no variable of the user hides one of `FC_*`."""
    return {
        **_images_own(runtime, layout),
        **_credentials(function, environ),
        **function.environment,
        **_facts(function, runtime, layout, environ),
    }


def context(invocation: Invocation, environ: Mapping[str, str]) -> dict[str, object]:
    """Return the facts of the handler's context (section 2.1)."""
    function = invocation.function
    keys = _credentials(function, environ)
    told = function.attributes
    return {
        "form": "later" if function.runtime in LATER_CONTEXT else "first",
        "request_id": invocation.id,
        "credentials": {
            "access_key_id": keys.get(KEY_ID, ""),
            "access_key_secret": keys.get(KEY_SECRET, ""),
            "security_token": keys.get(TOKEN, ""),
        },
        "function": {
            "name": function.name,
            "handler": function.handler,
            "memory": function.memory_mb,
            "timeout": int(function.timeout_s),
        },
        "service": {
            "name": function.service,
            "log_project": told.get("log_project", ""),
            "log_store": told.get("log_store", ""),
            "qualifier": invocation.qualifier or told.get("qualifier", "LATEST"),
            "version_id": told.get("version_id", ""),
        },
        "region": _region(function, environ),
        "account_id": account(function, environ),
        "retry_count": invocation.attempt,
        "tracing": {"span_context": "", "jaeger_endpoint": "", "span_baggages": {}},
    }


def _facts(
    function: Function, runtime: Runtime, layout: Layout, environ: Mapping[str, str]
) -> dict[str, str]:
    found = {
        "FC_FUNC_CODE_PATH": layout.code.rstrip("/") + "/",
        "FC_FUNCTION_NAME": function.name,
        "FC_FUNCTION_HANDLER": function.handler,
        "FC_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "FC_REGION": _region(function, environ),
        "FC_ACCOUNT_ID": account(function, environ),
        "FC_INSTANCE_ID": INSTANCE_ID,
        "FC_RUNTIME_VERSION": runtime.version,
    }
    qualifier = function.attributes.get("qualifier", "LATEST")
    if function.attributes.get("generation") == "fc2":
        return {
            **found,
            "FC_SERVICE_NAME": function.service,
            "FC_QUALIFIER": qualifier,
            "FC_VER_ID": function.attributes.get("version_id", ""),
        }
    version = "FC_FUNCTION_VERSION" if function.runtime in NEWER_OS else "FC_VER_ID"
    return {**found, version: qualifier}


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


def _credentials(function: Function, environ: Mapping[str, str]) -> dict[str, str]:
    if function.attributes.get("inject_credentials") == "false":
        return {}
    if environ.get(KEY_ID):
        return {name: environ.get(name, "") for name in (KEY_ID, KEY_SECRET, TOKEN)}
    return dict(PLACEHOLDERS)


def _region(function: Function, environ: Mapping[str, str]) -> str:
    return (
        function.attributes.get("region")
        or environ.get("ALIBABA_CLOUD_REGION_ID")
        or DEFAULT_REGION
    )


def account(function: Function, environ: Mapping[str, str]) -> str:
    """Return the account that owns the function."""
    return (
        function.attributes.get("account_id")
        or environ.get("ALIBABA_CLOUD_ACCOUNT_ID")
        or environ.get("FC_ACCOUNT_ID")
        or DEFAULT_ACCOUNT
    )
