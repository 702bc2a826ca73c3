"""`extend` and `template` of Serverless Devs (contract alibaba-fc, section 1.2)."""

from pathlib import Path

import pytest

from localfn.errors import ProjectError
from tests.clouds.alibaba.templates.conftest import Read, only, told

BASE = """\
edition: 3.0.0
vars: {stage: base, region: cn-beijing}
resources:
  shop:
    component: fc3
    props:
      region: ${vars.region}
      functionName: resize-${vars.stage}
      runtime: python3.10
      handler: index.handler
      code: ./code
      memorySize: nonsense
"""


def test_a_file_is_merged_over_the_one_it_extends(read: Read, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)

    reading = read(
        "extend: ./base.yaml\nvars: {stage: dev}\nresources: {shop: {props: {memorySize: 256}}}\n"
    )

    function = only(reading)
    assert function.name == "resize-dev"
    assert function.attributes["region"] == "cn-beijing"
    assert function.memory_mb == 256


def test_a_finding_points_into_the_file_that_was_extended(read: Read, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)

    reading = read("extend: base.yaml\n")

    assert not reading.functions
    assert told(reading) == [
        "error base.yaml:12 resize-base: `memorySize` is `nonsense`, not a number above 0."
    ]


def test_files_that_extend_each_other_are_refused_with_the_line(read: Read, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("edition: 3.0.0\nextend: s.yaml\n")

    with pytest.raises(ProjectError, match=r"base\.yaml:2: `extend` names `s\.yaml`"):
        read("extend: base.yaml\n")


def test_a_file_that_extends_nothing_there_is_refused_with_the_line(read: Read) -> None:
    with pytest.raises(ProjectError, match=r"s\.yaml:2: `extend` names `\./no\.yaml`"):
        read("edition: 3.0.0\nextend: ./no.yaml\n")


def test_a_module_that_extends_a_template_has_its_props(read: Read) -> None:
    reading = read("""\
edition: 3.0.0
template:
  big:
    runtime: python3.10
    handler: index.handler
    code: ./code
    memorySize: 2048
    timeout: 60
    environmentVariables: {A: below, B: below}
resources:
  shop:
    component: fc3
    extend: {name: big, ignore: [timeout]}
    props:
      functionName: resize
      environmentVariables: {B: own}
""")

    function = only(reading)
    assert (function.memory_mb, function.timeout_s) == (2048, 3)
    assert function.environment == {"A": "below", "B": "own"}


def test_a_template_that_is_not_there_breaks_its_module_alone(read: Read) -> None:
    module = (
        "    component: fc3\n"
        "    props: {functionName: %s, runtime: python3.10, handler: i.h, code: code}\n"
    )

    reading = read(
        "edition: 3.0.0\ntemplate: {small: {}}\nresources:\n"
        "  one:\n    extend:\n      name: big\n" + module % "one" + "  two:\n" + module % "two"
    )

    assert [each.name for each in reading.functions] == ["two"]
    assert told(reading) == [
        "error s.yaml:6 one: `extend` names the template `big`, which is not there."
    ]
    assert reading.findings[0].hint == "Under `template:` there is `small`."
