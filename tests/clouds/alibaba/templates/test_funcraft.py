"""Funcraft templates (contract alibaba-fc, sections 1.1 and 1.3)."""

from pathlib import Path

import pytest

from localfn.errors import ProjectError
from localfn.model import Reading
from tests.clouds.alibaba.templates.conftest import Read, only, told

HEAD = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties:
        Handler: index.handler
        Runtime: python3
        CodeUri: ./code
"""


@pytest.fixture
def fun(read: Read) -> Read:
    """Read a Funcraft template with one function; the text follows its basic properties."""

    def _fun(properties: str = "", after: str = "") -> Reading:
        lines = "".join(f"        {line}\n" for line in properties.splitlines())
        return read(HEAD + lines + after, name="template.yml")

    return _fun


def test_what_is_not_written_has_the_defaults_of_funcraft(fun: Read) -> None:
    function = only(fun())

    assert (function.memory_mb, function.timeout_s, function.concurrency) == (128, 3, 1)
    assert function.key == "shop/resize"
    assert function.template is not None
    assert function.template.line == 6


def test_an_override_is_merged_over_the_template(fun: Read, tmp_path: Path) -> None:
    (tmp_path / "template.override.yml").write_text(
        "Resources:\n  shop:\n    resize:\n      Properties:\n        MemorySize: 256\n"
        "        EnvironmentVariables:\n          B: over\n"
    )

    function = only(fun("EnvironmentVariables: {A: below, B: below}"))

    assert function.memory_mb == 256
    assert function.environment == {"A": "below", "B": "over"}


def test_a_finding_points_into_the_override_that_caused_it(fun: Read, tmp_path: Path) -> None:
    (tmp_path / "template.override.yml").write_text(
        "Resources:\n  shop:\n    resize:\n      Properties:\n        Runtime: pyton3\n"
    )

    reading = fun()

    assert not reading.functions
    assert told(reading) == [
        (
            "error template.override.yml:5 shop/resize: "
            "`Runtime` is `pyton3`, which is no runtime of Function Compute."
        )
    ]
    assert reading.findings[0].hint == "Did you mean `python3`?"


def test_a_broken_override_is_refused_with_its_line(fun: Read, tmp_path: Path) -> None:
    (tmp_path / "template.override.yml").write_text("Resources:\n  shop: [\n")

    with pytest.raises(ProjectError, match=r"template\.override\.yml:3: "):
        fun()


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("!Ref Stage", "!Ref Stage"),
        ("!Sub '${Stage}-x'", "!Sub ${Stage}-x"),
        ("!GetAtt shop.Id", "!GetAtt shop.Id"),
        ("{Ref: Stage}", '{"Ref": "Stage"}'),
        ("{'Fn::Sub': 'a-${Stage}'}", '{"Fn::Sub": "a-${Stage}"}'),
        ("!Join ['-', [a, b]]", '!Join ["-", ["a", "b"]]'),
    ],
)
def test_an_intrinsic_function_is_left_readable_with_a_warning(
    fun: Read, written: str, left: str
) -> None:
    reading = fun(f"EnvironmentVariables:\n  STAGE: {written}")

    assert reading.functions[0].environment == {"STAGE": left}
    assert told(reading) == [
        f"warning template.yml:13 shop/resize: `{left}` (`STAGE`) is left as it is."
    ]


def test_an_intrinsic_function_in_a_number_gives_the_default(fun: Read) -> None:
    reading = fun("MemorySize: !Ref Memory\nEnvironmentVariables: !Ref Variables")

    assert reading.functions[0].memory_mb == 128
    assert len(reading.findings) == 2


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (
            "  lonely:\n    Type: 'Aliyun::Serverless::Function'\n    Properties: {}\n",
            "error template.yml:12 lonely: the function `lonely` stands outside a service.",
        ),
        (
            "    untyped:\n      Properties: {Runtime: python3}\n",
            (
                "error template.yml:12 shop/untyped: `untyped` has no `Type`; "
                "a service holds functions."
            ),
        ),
        (
            "    typo:\n      Type: Aliyun::Serverless::Functon\n      Properties: {}\n",
            (
                "error template.yml:13 shop/typo: `typo` "
                "has the type `Aliyun::Serverless::Functon`; "
                "a service holds functions."
            ),
        ),
        (
            (
                "    bare:\n      Type: Aliyun::Serverless::Function\n"
                "      Properties: {Runtime: python3, CodeUri: code}\n"
            ),
            "error template.yml:14 shop/bare: there is no `Handler`.",
        ),
    ],
)
def test_a_broken_function_is_an_error_and_the_others_go_on(
    fun: Read, after: str, message: str
) -> None:
    reading = fun(after=after)

    assert [each.key for each in reading.functions] == ["shop/resize"]
    assert told(reading) == [message]


def test_other_resources_are_no_functions(fun: Read) -> None:
    reading = fun(
        after="  example.com:\n    Type: 'Aliyun::Serverless::CustomDomain'\n"
        "    Properties: {Protocol: HTTP}\n"
        "  db:\n    Type: 'Aliyun::Serverless::TableStore'\n    Properties: {}\n"
        "  log: ~\n"
    )

    assert only(reading).key == "shop/resize"


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        (
            (
                "CustomContainerConfig:\n  Image: shop/site:1\n"
                '  Command: \'["python3", "app.py"]\'\n  Args: \'["-v"]\''
            ),
            (("python3", "app.py"), ("-v",)),
        ),
        ("CustomContainerConfig:\n  Image: shop/site:1", ((), ())),
        (
            "CustomContainerConfig: {Image: shop/site:1, Args: '-v --port 9000'}",
            ((), ("-v", "--port", "9000")),
        ),
    ],
)
def test_a_container_has_its_image_and_words_from_json_text(
    read: Read, properties: str, words: tuple[tuple[str, ...], ...]
) -> None:
    lines = "".join(f"        {line}\n" for line in properties.splitlines())
    text = HEAD.replace("python3", "custom-container").replace("./code", "''") + lines

    container = only(read(text + "        CAPort: 8080\n", name="template.yml")).container

    assert container is not None
    assert (container.image, container.port) == ("shop/site:1", 8080)
    assert (container.entrypoint, container.command) == words
