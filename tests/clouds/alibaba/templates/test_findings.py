"""What a template's author is told, and where."""

from pathlib import Path

import pytest

from localfn.errors import ProjectError
from localfn.model import Severity
from localfn.providers.alibaba.templates import read_template
from tests.clouds.alibaba.templates.conftest import Read, only, told

GOOD = """\
  good:
    component: fc3
    props: {functionName: good, runtime: python3.10, handler: index.handler, code: ./code}
"""
BASIC = "functionName: f\nruntime: python3.10\nhandler: i.h"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"s\.yaml:1: the template is empty\."),
        ("- a\n- b\n", r"s\.yaml:1: the template is not a mapping at its top\."),
        ("edition: 3.0.0\nresources: [\n", r"s\.yaml:3: the template is not valid YAML: "),
        ("a: 1\n\tb: 2\n", r"s\.yaml:2: the template is not valid YAML: "),
        ("edition: 3.0.0\n---\nb: 2\n", r"s\.yaml:2: the template holds more than one document"),
        ("a: *nobody\n", r"s\.yaml:1: the template is not valid YAML: found undefined alias"),
        ("a: &a\n  b: *a\n", r"s\.yaml:\d+: the template is nested too deeply"),
        ("a: " + "[" * 5000, r"s\.yaml:1: the template is not valid YAML"),
        ("{a: 1}: 2\n", r"s\.yaml:1: a key is a mapping or a list"),
        ("a:\n  <<: 1\n", r"s\.yaml:2: `<<` merges something that is not a mapping"),
        ("name: shop\n", r"s\.yaml:1: this is no template of Function Compute\."),
        (
            "Resources: {}\nTransform: AWS::Serverless-2016-10-31\n",
            (
                r"s\.yaml:2: this is no template of Function Compute "
                r"\(its `Transform` is `AWS::Serverless-2016-10-31`\)\."
            ),
        ),
    ],
)
def test_a_file_that_is_no_template_is_refused_with_its_line(
    read: Read, text: str, message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        read(text)


def test_a_tab_is_named_in_the_hint(read: Read) -> None:
    with pytest.raises(ProjectError) as caught:
        read("edition: 3.0.0\nresources:\n\tshop: {}\n")

    assert caught.value.hint == "The line is indented with a tab; write spaces."


def test_bytes_that_are_no_text_are_refused_with_their_line(read: Read) -> None:
    with pytest.raises(ProjectError, match=r"s\.yaml:2: the template is not UTF-8 text: byte 16"):
        read(b"edition: 3.0.0\n#\xff\n")


@pytest.mark.parametrize("name", ["", "nothing.yaml"])
def test_a_folder_or_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match="cannot be read: "):
        read_template(tmp_path / name, {})


def test_anchors_that_multiply_are_refused(read: Read) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(ProjectError, match="more than 100000 values"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("props", "line", "message"),
    [
        ("runtime: python3.10\nhandler: i.h\ncode: code", 3, "there is no `functionName`."),
        ("functionName: f\nhandler: i.h\ncode: code", 3, "there is no `runtime`."),
        ("functionName: f\nruntime: python3.10\ncode: code", 3, "there is no `handler`."),
        (BASIC, 3, "there is no `code`."),
        (
            "functionName: f\nruntime: python310\nhandler: i.h\ncode: code",
            7,
            "`runtime` is `python310`, which is no runtime of Function Compute.",
        ),
        (
            f"{BASIC}\ncode: ./nowhere",
            9,
            "`code` is `./nowhere`, which does not exist.",
        ),
        (
            f"{BASIC}\ncode: oss://b/k.zip",
            9,
            "the code is in a bucket, which localfn does not fetch.",
        ),
        (
            f"{BASIC}\ncode: {{ossBucketName: b, ossObjectName: k}}",
            9,
            "the code is in a bucket, which localfn does not fetch.",
        ),
        (
            "functionName: {a: 1}\nruntime: python3.10\nhandler: i.h\ncode: code",
            6,
            "`functionName` is a mapping, not text.",
        ),
        (
            f"{BASIC}\ncode: code\nmemorySize: 128MB",
            10,
            "`memorySize` is `128MB`, not a number above 0.",
        ),
        (
            f"{BASIC}\ncode: code\ntimeout: -3",
            10,
            "`timeout` is `-3`, not a number above 0.",
        ),
        (
            f"{BASIC}\ncode: code\nmemorySize: 128.5",
            10,
            "`memorySize` is `128.5`, not a whole number.",
        ),
        (
            f"{BASIC}\ncode: code\nenvironmentVariables: [A]",
            10,
            "`environmentVariables` is a list, not a mapping.",
        ),
        (
            "functionName: f\nruntime: custom-container",
            3,
            "there is no `image`.",
        ),
        (
            (
                "functionName: f\nruntime: custom\ncode: code\n"
                "customRuntimeConfig:\n  command: '[\"a\"'"
            ),
            10,
            '`command` is `["a"`, which is not a list in JSON.',
        ),
    ],
)
def test_a_broken_function_is_an_error_with_its_line_and_the_others_go_on(
    read: Read, props: str, line: int, message: str
) -> None:
    indented = "\n".join(f"      {each}" for each in props.splitlines())

    reading = read(
        f"edition: 3.0.0\nresources:\n  bad:\n    component: fc3\n    props:\n{indented}\n{GOOD}"
    )

    assert [each.name for each in reading.functions] == ["good"]
    found = [each for each in reading.findings if each.severity is Severity.ERROR]
    assert [(each.place.line, each.message) for each in found] == [(line, message)]
    assert found[0].function in ("bad", "f")


def test_an_unknown_runtime_comes_with_the_nearest_known_one(fc3: Read) -> None:
    reading = fc3("runtime: nodejs-20")

    errors = [each for each in reading.findings if each.severity is Severity.ERROR]
    assert [each.hint for each in errors] == ["Did you mean `nodejs20`?"]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("bad: 1", "the module `bad` is not a mapping."),
        ("bad: {props: {functionName: f}}", "the module `bad` has no `component`."),
    ],
)
def test_a_module_that_is_none_is_an_error(read: Read, module: str, message: str) -> None:
    reading = read(f"edition: 3.0.0\nresources:\n  {module}\n{GOOD}")

    assert [each.name for each in reading.functions] == ["good"]
    assert told(reading) == [f"error s.yaml:3 bad: {message}"]


@pytest.mark.parametrize(
    "component", ["fc-domain", "fc3-domain", "static", "devsapp/website@1.0", "fc4"]
)
def test_a_module_of_another_component_is_skipped_silently(read: Read, component: str) -> None:
    reading = read(
        f"edition: 3.0.0\nresources:\n  web:\n    component: {component}\n"
        f"    props: {{x: '${{env(NO)}}'}}\n{GOOD}"
    )

    assert only(reading).name == "good"


@pytest.mark.parametrize(
    ("props", "warning"),
    [
        (
            "memorySize: 100",
            "`memorySize` is `100`; the cloud takes 128 to 32768 MB in steps of 64.",
        ),
        (
            "memorySize: 200",
            "`memorySize` is `200`; the cloud takes 128 to 32768 MB in steps of 64.",
        ),
        ("timeout: 100000", "`timeout` is `100000`; the cloud takes 1 to 86400 s."),
        ("instanceConcurrency: 500", "`instanceConcurrency` is `500`; the cloud takes 1 to 200"),
        (
            "memorySize: 40960\ncpu: 20",
            "`cpu` is `20`; the cloud takes 0.05 to 16 vCPU in steps of",
        ),
        ("cpu: 2", "`cpu` is `2` for 512 MB; the cloud takes 1 to 4 GB of memory for each vCPU."),
        ("diskSize: 600", "`diskSize` is `600`; the cloud takes 512 or 10240 MB."),
        (
            "instanceLifecycleConfig:\n  initializer: {handler: a.b, timeout: 301}",
            "`timeout` is `301`; the cloud takes 1 to 300 s.",
        ),
        (
            "instanceLifecycleConfig:\n  preStop: {handler: a.b, timeout: 91}",
            "`timeout` is `91`; the cloud takes 1 to 90 s.",
        ),
        (f"environmentVariables:\n  A: {'x' * 4096}", "`environmentVariables` holds 4097 bytes"),
        ("environmentVariables:\n  FC_REGION: x", "the variable `FC_REGION` has a name that"),
        ("layers: [a, b, c, d, e, f]", "there are 6 layers; the cloud takes 5."),
        (
            "triggers:\n  - {triggerName: a, triggerType: http}\n  - {triggerType: http}",
            "there are several HTTP triggers",
        ),
        ("code: /", "`code` is `/`, which lies outside the template's folder."),
        ("runtime: nodejs6", "`runtime` is `nodejs6`, which `fc3` does not have."),
    ],
)
def test_what_the_cloud_would_refuse_is_a_warning_and_the_function_runs(
    fc3: Read, props: str, warning: str
) -> None:
    reading = fc3(props)

    assert [each.name for each in reading.functions] == ["resize"]
    assert any(each.message.startswith(warning) for each in reading.findings)
    assert all(each.severity is Severity.WARNING for each in reading.findings)


@pytest.mark.parametrize(
    "props",
    [
        "memorySize: 128",
        "timeout: 86400",
        "cpu: 0.35",
        "cpu: 0.15",
        "diskSize: 10240",
        "code: ./code/..",
    ],
)
def test_what_the_cloud_takes_gives_no_warning_of_its_own(fc3: Read, props: str) -> None:
    key = props.partition(":")[0]

    reading = fc3(props)

    assert len(reading.functions) == 1
    assert not [each for each in reading.findings if each.message.startswith(f"`{key}` is")]


def test_two_functions_of_one_name_are_told_and_the_later_one_counts(read: Read) -> None:
    again = GOOD.replace("good:", "again:").replace("index.handler", "index.other")

    reading = read(f"edition: 3.0.0\nresources:\n{GOOD}{again}")

    assert [each.handler for each in reading.functions] == ["index.other"]
    assert "warning s.yaml:6 good: `good` was already described" in told(reading)[0]
