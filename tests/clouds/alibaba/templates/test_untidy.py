"""Templates as people write them."""

from pathlib import Path

import pytest

from tests.clouds.alibaba.templates.conftest import Read, only, told


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1.10", "1.1"),
        ("-0.5", "-0.5"),
        ("1234567890123456", "1234567890123456"),
        ("12345678901234567890", "12345678901234567890"),
        ("007", "007"),
        ("0x1F", "31"),
        ("true", "true"),
        ("False", "false"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2026-11-24", "2026-11-24"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("null", ""),
        ("~", ""),
        ("", ""),
        ("'1.10'", "1.10"),
        ('"true"', "true"),
        ("|\n    two\n    lines", "two\nlines\n"),
    ],
)
def test_an_environment_value_is_the_text_that_the_vendors_tools_send(
    fc3: Read, written: str, seen: str
) -> None:
    reading = fc3(f"environmentVariables:\n  VALUE: {written}\n  LAST: x")

    assert only(reading).environment == {"VALUE": seen, "LAST": "x"}


def test_an_environment_value_that_is_a_mapping_becomes_json_with_a_warning(fc3: Read) -> None:
    reading = fc3("environmentVariables:\n  VALUE: {a: [1, true]}")

    assert reading.functions[0].environment == {"VALUE": '{"a": [1, true]}'}
    assert told(reading) == [
        (
            "warning s.yaml:11 resize: the variable `VALUE` is a mapping; "
            "the function sees it as JSON text."
        )
    ]


def test_numbers_may_be_written_as_text(fc3: Read) -> None:
    reading = fc3("memorySize: '1024'\ntimeout: ' 30 '\ncpu: \"0.5\"\ninstanceConcurrency: '10'")

    function = only(reading)
    assert (function.memory_mb, function.timeout_s, function.cpu) == (1024, 30, 0.5)
    assert function.concurrency == 10


def test_what_is_not_written_has_the_defaults_of_fc3(fc3: Read) -> None:
    function = only(fc3())

    assert (function.memory_mb, function.timeout_s, function.cpu) == (512, 3, None)
    assert (function.disk_mb, function.concurrency, function.container) == (512, 1, None)


@pytest.mark.parametrize(
    "props",
    [
        "triggers:",
        "environmentVariables:",
        "layers: ~",
        "instanceLifecycleConfig: null",
        "logConfig: auto",
        "nobodyKnows: {this: [key]}",
        "vpcConfig: auto",
        "timeout: ''",
    ],
)
def test_empty_and_unknown_keys_are_passed_over(fc3: Read, props: str) -> None:
    function = only(fc3(props))

    assert (function.triggers, dict(function.environment), function.layers) == ((), {}, ())


@pytest.mark.parametrize(
    "code",
    [
        "./code",
        "code/",
        ".\\code",
        "{src: ./code}",
        "'./code/../code'",
        "{src: code, excludes: [a]}",
    ],
)
def test_code_may_be_written_in_many_ways(fc3: Read, tmp_path: Path, code: str) -> None:
    (reading,) = fc3(f"code: {code}").functions

    assert reading.code == tmp_path / "code"


def test_code_may_be_an_archive(fc3: Read, tmp_path: Path) -> None:
    (tmp_path / "app.zip").write_bytes(b"PK")

    (function,) = fc3("code: ./app.zip").functions

    assert function.code == tmp_path / "app.zip"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: ("# 函数计算\n---\n" + text).encode(),
    ],
    ids=["byte-order-mark", "crlf", "utf-16", "document-start"],
)
def test_an_editor_may_save_in_its_own_way(read: Read, change: object) -> None:
    assert callable(change)
    text = (
        "edition: 3.0.0\nresources:\n  shop:\n    component: fc3\n    props:\n"
        "      functionName: resize\n      runtime: python3.10\n"
        "      handler: index.handler\n      code: ./code\n      description: |\n        图片\n"
    )

    function = only(read(change(text)))

    assert (function.name, function.attributes["description"]) == ("resize", "图片")


def test_a_key_written_twice_is_told_and_the_later_one_counts(fc3: Read) -> None:
    reading = fc3("memorySize: 512\ntimeout: 5\nmemorySize: 1024")

    assert reading.functions[0].memory_mb == 1024
    assert told(reading) == [
        "warning s.yaml:12 : `memorySize` was already written in line 10; this one counts."
    ]


def test_merge_keys_inherit_and_own_keys_win(read: Read) -> None:
    reading = read("""\
edition: 3.0.0
x-first: &first {runtime: python3.10, handler: first.handler, timeout: 10}
x-second: &second {handler: second.handler, memorySize: 1024}
resources:
  shop:
    component: fc3
    props:
      functionName: resize
      <<: [*first, *second]
      code: ./code
      timeout: 20
""")

    function = only(reading)
    assert (function.handler, function.memory_mb, function.timeout_s) == ("first.handler", 1024, 20)


@pytest.mark.parametrize("edition", ["1.0.0", "3.0.0", "3", "0.0.1"])
@pytest.mark.parametrize("group", ["services", "resources"])
@pytest.mark.parametrize("component", ["fc3", "devsapp/fc3", "fc3@0.1.22", "devsapp/fc3@dev"])
def test_the_component_decides_not_the_edition(
    read: Read, edition: str, group: str, component: str
) -> None:
    reading = read(
        f"edition: {edition}\n{group}:\n  shop:\n    component: {component}\n    props: "
        "{functionName: resize, runtime: python3.10, handler: index.handler, code: code}\n"
    )

    assert only(reading).attributes["dialect"] == "fc3"


def test_an_fc_module_without_function_has_nothing_to_run(read: Read) -> None:
    reading = read(
        "edition: 1.0.0\nservices:\n  shop:\n    component: fc\n    props:\n"
        "      service: {name: shop}\n      function:\n"
    )

    assert not reading.functions
    assert told(reading) == [
        "warning s.yaml:7 shop: the module `shop` has no `function`, so there is nothing to run."
    ]


def test_an_fc_module_has_the_defaults_of_fc2_and_its_service_in_the_key(read: Read) -> None:
    reading = read(
        "edition: 1.0.0\nservices:\n  shop:\n    component: fc\n    props:\n"
        "      service: shop\n"
        "      function: {name: resize, runtime: python3, handler: i.h, codeUri: {src: code}}\n"
    )

    function = only(reading)
    assert function.key == "shop/resize"
    assert (function.memory_mb, function.timeout_s, function.cpu) == (128, 3, None)
    assert function.attributes["generation"] == "fc2"


def test_a_yaml_tag_is_left_as_it_is_with_a_warning(fc3: Read) -> None:
    reading = fc3("environmentVariables:\n  A: !Secret x\n  B: {Ref: y}")

    assert reading.functions[0].environment == {"A": "!Secret x", "B": '{"Ref": "y"}'}
    assert told(reading)[0] == "warning s.yaml:11 resize: `!Secret x` (`A`) is left as it is."
