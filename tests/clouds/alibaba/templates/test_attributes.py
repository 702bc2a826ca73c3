"""Facts that only Function Compute understands, and how custom runtimes are started."""

import json

import pytest

from localfn.model import Container, Hook, Volume
from tests.clouds.alibaba.templates.conftest import Read, only


@pytest.mark.parametrize(
    ("props", "name", "value"),
    [
        ("region: cn-beijing", "region", "cn-beijing"),
        ("logConfig: {project: p, logstore: s}", "log_project", "p"),
        ("logConfig: {project: p, logstore: s}", "log_store", "s"),
        ("role: acs:ram::1234567890123456:role/x", "account_id", "1234567890123456"),
        ("internetAccess: false", "internet_access", "false"),
        ("disableInjectCredentials: true", "inject_credentials", "false"),
        ("disableInjectCredentials: false", "inject_credentials", ""),
        ("x: y", "module", "shop"),
        ("x: y", "qualifier", "LATEST"),
        ("region: ${env('NO')}", "region", ""),
        ("logConfig: auto", "log_project", ""),
        ("functionName: shop$resize", "spellings", "shop/resize resize"),
        ("x: y", "spellings", ""),
    ],
)
def test_an_attribute_is_text_where_it_is_known(
    fc3: Read, props: str, name: str, value: str
) -> None:
    (function,) = fc3(props).functions

    assert function.attributes.get(name, "") == value


@pytest.mark.parametrize(
    ("props", "container"),
    [
        ("runtime: custom", Container(port=9000)),
        (
            (
                "runtime: custom.debian12\n"
                "customRuntimeConfig: {command: [python3, -u], args: [app.py, 80], port: '8080'}"
            ),
            Container(command=("python3", "-u", "app.py", "80"), port=8080),
        ),
        (
            "runtime: custom\ncustomRuntimeConfig: {command: 'python3 \"my app.py\"'}",
            Container(command=("python3", "my app.py"), port=9000),
        ),
        (
            (
                "runtime: custom-container\n"
                "customContainerConfig: {image: a/b:1, entrypoint: [sh, -c], command: [run],"
                " port: 80}"
            ),
            Container("a/b:1", ("sh", "-c"), ("run",), 80),
        ),
        (
            "runtime: micro-sandbox\ncustomContainerConfig: {image: a/b:1, command: '[\"run\"]'}",
            Container("a/b:1", (), ("run",), 9000),
        ),
    ],
)
def test_a_custom_runtime_has_its_command_and_port(
    read: Read, props: str, container: Container
) -> None:
    lines = "".join(f"      {line}\n" for line in props.splitlines())

    reading = read(
        "edition: 3.0.0\nresources:\n  shop:\n    component: fc3\n    props:\n"
        f"      functionName: site\n      code: ./code\n{lines}"
    )

    assert only(reading).container == container


def test_a_health_check_is_json(read: Read) -> None:
    reading = read(
        "edition: 3.0.0\nresources:\n  shop:\n    component: fc3\n    props:\n"
        "      functionName: site\n      runtime: custom\n      code: ./code\n"
        "      customRuntimeConfig:\n"
        "        healthCheckConfig: {httpGetUrl: /up, periodSeconds: 3}\n"
    )

    told = json.loads(only(reading).attributes["health_check"])
    assert told == {"httpGetUrl": "/up", "periodSeconds": 3}


@pytest.mark.parametrize(("written", "runs_once"), [("false", True), ("true", False)])
def test_an_image_without_a_server_is_run_once_for_each_event(
    read: Read, written: str, runs_once: bool
) -> None:
    reading = read(
        "edition: 1.0.0\nservices:\n  shop:\n    component: fc\n    props:\n"
        "      service: {name: shop}\n"
        "      function:\n        name: resize\n        runtime: custom-container\n"
        "        customContainerConfig:\n"
        f"          image: shop/resize:1\n          webServerMode: {written}\n"
    )

    assert only(reading).container == Container("shop/resize:1", port=9000, runs_once=runs_once)


def test_an_fc_function_has_all_three_hooks_and_its_soft_concurrency(read: Read) -> None:
    reading = read(
        "edition: 1.0.0\nservices:\n  shop:\n    component: fc\n    props:\n"
        "      service:\n        name: shop\n"
        "        nasConfig: {mountPoints: [{serverAddr: h, nasDir: /d, fcDir: /mnt}]}\n"
        "      function:\n        name: resize\n        runtime: python3\n        handler: i.h\n"
        "        codeUri: code\n        initializer: i.init\n        instanceSoftConcurrency: 5\n"
        "        instanceLifecycleConfig:\n          preFreeze: {handler: i.freeze, timeout: 7}\n"
        "          preStop: {handler: i.stop}\n"
    )

    function = only(reading)
    assert function.hooks.initializer == Hook("i.init", 3)
    assert function.hooks.pre_freeze == Hook("i.freeze", 7)
    assert function.hooks.pre_stop == Hook("i.stop", 3)
    assert function.attributes["instance_soft_concurrency"] == "5"
    assert function.mounts == (Volume("h:/d", "/mnt"),)


@pytest.mark.parametrize(
    ("props", "most"),
    [
        ("x: y", None),
        ("concurrencyConfig: {reservedConcurrency: 3}", 3),
        ("concurrencyConfig: {reservedConcurrency: 5}\ninstanceConcurrency: 2", 3),
        ("concurrencyConfig: {}", None),
    ],
)
def test_reserved_concurrency_is_how_many_instances_may_live(
    fc3: Read, props: str, most: int | None
) -> None:
    assert fc3(props).functions[0].most_instances == most
