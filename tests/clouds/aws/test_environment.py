"""What an execution environment finds around it (contract aws-lambda, sections 2.1 and 3.1)."""

from pathlib import Path

import pytest

from localfn.model import Event, Function, Invocation, Layout
from localfn.providers.aws.environment import context, variables
from localfn.providers.aws.runtimes import RUNTIMES

LAYOUT = Layout("/var/task", "/opt", "/usr/bin")


def of(runtime: str, environ: dict[str, str] | None = None, **changes: object) -> dict[str, str]:
    function = Function("resize", runtime, "app.handler", Path("code"), **changes)
    return variables(function, RUNTIMES[runtime], LAYOUT, environ or {})


def test_all_runtimes_find_the_platforms_variables() -> None:
    found = of("python3.13", memory_mb=256)

    wanted = {
        "_HANDLER": "app.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "resize",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/resize",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
        "PATH": "/usr/bin:/opt/bin",
    }
    assert wanted.items() <= found.items()
    assert not {"AWS_LAMBDA_LOG_FORMAT", "AWS_SAM_LOCAL", "NODE_PATH"} & set(found)


def test_programs_of_the_users_own_have_no_execution_environment() -> None:
    assert "AWS_EXECUTION_ENV" not in of("provided.al2023")


def test_nodejs_finds_modules_of_layers_for_its_version_first() -> None:
    paths = of("nodejs20.x")["NODE_PATH"].split(":")

    assert paths == ["/opt/nodejs/node20/node_modules", "/opt/nodejs/node_modules", "/var/task"]


def test_a_variable_of_the_template_replaces_the_images_own_and_none_of_the_platforms() -> None:
    reserved = {"AWS_REGION": "nowhere", "_X_AMZN_TRACE_ID": "mine", "AWS_LAMBDA_RUNTIME_API": "x"}

    found = of("provided.al2023", environment={"TZ": "Europe/Berlin", **reserved})

    assert found["TZ"] == "Europe/Berlin"
    assert found["AWS_REGION"] == "us-east-1"
    assert not {"_X_AMZN_TRACE_ID", "AWS_LAMBDA_RUNTIME_API"} & set(found)


def test_credentials_are_those_of_the_machine_or_ones_that_sign_and_open_nothing() -> None:
    own = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}

    found, placed = of("python3.13", own), of("python3.13")

    assert found["AWS_ACCESS_KEY_ID"] == "key"
    assert found["AWS_SESSION_TOKEN"] == ""
    assert placed["AWS_ACCESS_KEY_ID"] == "localfn-key-id"


def test_a_log_in_json_is_announced_with_its_level() -> None:
    told = {"log_format": "JSON", "application_log_level": "WARN"}

    found = of("python3.13", attributes=told)

    assert (found["AWS_LAMBDA_LOG_FORMAT"], found["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "WARN")


@pytest.mark.parametrize(
    ("qualifier", "version", "ending"),
    [("", "$LATEST", ":resize"), ("$LATEST", "$LATEST", ":$LATEST"), ("7", "7", ":7")],
)
def test_a_context_tells_the_version_that_was_asked_for(
    qualifier: str, version: str, ending: str
) -> None:
    function = Function("resize", "python3.13", "app.handler", Path("code"))
    id_ = "8f5a6c1e-9d3b-4a53-8f6e-0a5d8a1f3b77"
    invocation = Invocation(id_, function, Event(b""), 1763979365.1, 3, qualifier=qualifier)

    told = context(invocation, {"AWS_REGION": "cn-north-1", "AWS_ACCOUNT_ID": "42"})

    assert told["function_version"] == version
    arn = str(told["function_arn"])
    assert arn.startswith("arn:aws-cn:lambda:cn-north-1:42:function:resize")
    assert arn.endswith(ending)
    assert str(told["trace_id"]).startswith("Root=1-69243065-")


def test_every_runtime_can_be_run_or_says_what_to_do_instead() -> None:
    assert all(each.language or each.way_out for each in RUNTIMES.values())
    assert RUNTIMES["java21"].way_out.startswith("Package the function with the official client")
    assert {"python3.14", "nodejs24.x", "provided.al2023", "go1.x"} <= set(RUNTIMES)
