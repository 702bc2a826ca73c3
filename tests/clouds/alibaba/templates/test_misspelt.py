"""A key that is almost a known one is told, wherever it stands, in every dialect."""

import pytest

from tests.clouds.alibaba.templates.conftest import Read, only, told

FC = """\
edition: 1.0.0
services:
  shop:
    component: fc
    props:
      service: {name: shop}
      function:
        name: resize
        runtime: python3
        handler: i.h
        codeUri: code
"""
FUN = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties:
        Handler: i.h
        Runtime: python3
        CodeUri: code
"""


@pytest.mark.parametrize(
    ("props", "line", "key", "meant"),
    [
        ("memorysize: 512", 10, "memorysize", "memorySize"),
        ("timeOut: 3", 10, "timeOut", "timeout"),
        ("environmentVariable: {A: b}", 10, "environmentVariable", "environmentVariables"),
        (
            "instanceLifecycleConfig:\n  initialiser: {handler: i.x}",
            11,
            "initialiser",
            "initializer",
        ),
        ("customRuntimeConfig: {comand: [a]}", 10, "comand", "command"),
        ("triggers:\n  - {triggerName: t, triggerTyp: timer}", 11, "triggerTyp", "triggerType"),
    ],
)
def test_a_key_of_fc3_that_is_almost_known_is_told(
    fc3: Read, props: str, line: int, key: str, meant: str
) -> None:
    reading = fc3(props)

    message = f"warning s.yaml:{line} resize: `{key}` is no key that anybody reads here."
    assert message in told(reading)
    assert f"Did you mean `{meant}`?" in {each.hint for each in reading.findings}


def test_a_key_of_fc_and_one_of_fun_are_told(read: Read) -> None:
    of_fc = read(f"{FC}        memorysize: 128\n")
    of_fun = read(f"{FUN}        Memorysize: 128\n", name="template.yml")

    assert [each.hint for each in of_fc.findings] == ["Did you mean `memorySize`?"]
    assert [each.hint for each in of_fun.findings] == ["Did you mean `MemorySize`?"]


def test_a_key_of_the_file_and_of_a_module_are_told(read: Read) -> None:
    reading = read("edition: 3.0.0\nresource:\n  shop: {component: fc3}\n")

    assert told(reading) == ["warning s.yaml:2 : `resource` is no key that anybody reads here."]


@pytest.mark.parametrize(
    "props",
    [
        "vpcConfig: {vpcId: x}\ntracingConfig: {}\nasyncInvokeConfig: {}\ngpuConfig: {}",
        # New keys of the vendor's are nobody's mistake.
        "someNewThing: 1\nmemory: {a: 1}",
        # Written besides the right one, it is a note of its author's.
        "memorySize: 512\nmemorysize: 256",
    ],
)
def test_a_key_that_is_known_or_looks_like_none_is_let_be(fc3: Read, props: str) -> None:
    assert only(fc3(props)).name == "resize"
