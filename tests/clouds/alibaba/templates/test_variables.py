"""`${…}` in Serverless Devs templates (contract alibaba-fc, section 1.2)."""

import os
from pathlib import Path

import pytest

from localfn.providers.alibaba.templates import read_template
from tests.clouds.alibaba.templates.conftest import Read, only, told

VARS = """\
vars:
  region: cn-hangzhou
  size: 1024
  debug: true
  deep: {name: shop, list: [one, two]}
  chain: ${vars.deep.name}-${vars.deep.list.1}
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${vars.region}", "cn-hangzhou"),
        ("${ vars.region }", "cn-hangzhou"),
        ("${vars.deep.name}", "shop"),
        ("${vars.deep.list[1]}", "two"),
        ("${vars.chain}", "shop-two"),
        ("a-${vars.deep.name}-${vars.size}-b", "a-shop-1024-b"),
        ("${env('STAGE')}", "test"),
        ('${env("STAGE")}', "test"),
        ("${env(STAGE)}", "test"),
        ("${env('STAGE', 'dev')}", "test"),
        ("${env('NOTHING', 'a, b')}", "a, b"),
        ("${env('NOTHING', '')}", ""),
        ("${env(NOTHING, dev)}", "dev"),
        ("${env('${vars.deep.name}', 'none')}", "of shop"),
        ("${this.props.functionName}", "resize"),
        ("${this.name}", "shop"),
        ("${resources.shop.props.handler}", "index.handler"),
        ("${shop.props.handler}", "index.handler"),
        ("${config('AccountID')}", "42"),
        ("${config(AccountID)}", "42"),
        ("""${json('{"a": "}"}')}""", '{"a": "}"}'),
        ("${file('note.txt')}", "hello"),
        ("${file('./${vars.deep.name}.txt')}", "of shop"),
        ("plain $ and {braces}", "plain $ and {braces}"),
        ("${", "${"),
    ],
)
def test_an_expression_gives_its_value_in_a_text(
    fc3: Read, tmp_path: Path, written: str, value: str
) -> None:
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "shop.txt").write_text("of shop")
    environ = {"STAGE": "test", "shop": "of shop", "ALIBABA_CLOUD_ACCOUNT_ID": "42"}
    quoted = written.replace("'", "''")

    reading = fc3(f"environmentVariables:\n  VALUE: '{quoted}'", environ, VARS)

    (function,) = reading.functions
    assert function.environment["VALUE"] == value


def test_a_whole_expression_keeps_the_type_of_its_value(fc3: Read, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text('{"A": "1", "B": "2"}')

    reading = fc3(
        "memorySize: ${vars.size}\n"
        "environmentVariables: ${json(file('./more.json'))}\n"
        "layers: ${vars.deep.list}",
        above=VARS,
    )

    function = only(reading)
    assert function.memory_mb == 1024
    assert function.environment == {"A": "1", "B": "2"}
    assert function.layers == ("one", "two")


def test_a_path_is_absolute_and_starts_at_the_template(fc3: Read, tmp_path: Path) -> None:
    reading = fc3("environmentVariables:\n  UP: ${path('../x')}")

    assert only(reading).environment["UP"] == os.path.abspath(tmp_path / ".." / "x")


def test_this_means_the_module_that_a_reference_leads_into(read: Read) -> None:
    reading = read("""\
edition: 3.0.0
resources:
  one:
    component: fc3
    props: &props
      functionName: one
      runtime: python3.10
      handler: index.handler
      code: ./code
      environmentVariables:
        ME: ${this.name}
        OTHER: ${resources.two.props.environmentVariables.ME}
  two:
    component: fc3
    props:
      <<: *props
      functionName: two
      environmentVariables: {ME: "${this.name}"}
""")

    one, two = reading.functions
    assert one.environment == {"ME": "one", "OTHER": "two"}
    assert two.environment == {"ME": "two"}
    assert not reading.findings


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("${env('NOTHING')}", "the environment has no `NOTHING`"),
        ("${config('AccountID')}", "the credential's `AccountID` is not known here"),
        (
            "${resources.shop.output.url}",
            "the output of `shop` exists only after a deployment",
        ),
        ("${shop.output.url}", "the output of `shop` exists only after a deployment"),
        ("${vars.nothing.x}", "there is no `nothing` in `vars.nothing.x`"),
        ("${resources.nobody.props.x}", "there is no module `nobody`"),
        ("${nobody.props.x}", "there is no `nobody` to refer to"),
        ("${json('{')}", "it is not JSON"),
        ("${PORT}", "localfn does not know this expression"),
        ("${shout('x')}", "localfn does not know this expression"),
        ("${env('${vars.nothing}')}", "an expression inside it has no value"),
    ],
)
def test_what_cannot_be_known_here_stays_as_written_with_a_warning(
    fc3: Read, written: str, why: str
) -> None:
    quoted = written.replace("'", "''")

    reading = fc3(f"environmentVariables:\n  VALUE: 'a {quoted} b'", above=VARS)

    (function,) = reading.functions
    assert function.environment["VALUE"] == f"a {written} b"
    last = reading.findings[-1]
    assert last.message.startswith(f"`{written}` (`VALUE`) is left as it is: {why}")
    assert told(reading)[-1].startswith("warning s.yaml:18 resize: ")


def test_a_missing_file_is_named_with_its_path(fc3: Read, tmp_path: Path) -> None:
    reading = fc3("description: ${file('./nothing.txt')}")

    assert told(reading) == [
        (
            "warning s.yaml:10 resize: `${file('./nothing.txt')}` (`description`) "
            "is left as it is: "
            f"`{tmp_path / 'nothing.txt'}` cannot be read."
        )
    ]


def test_a_circle_of_references_is_told_and_left(fc3: Read) -> None:
    above = "vars:\n  a: x${vars.b}\n  b: ${vars.a}"

    reading = fc3("description: ${vars.a}", above=above)

    assert told(reading) == [
        (
            "warning s.yaml:4 resize: `${vars.a}` (`b`) is left as it is: "
            "it refers to itself (vars.a -> vars.b -> vars.a)."
        )
    ]
    assert reading.functions[0].attributes.get("description", "") == ""


def test_references_that_multiply_end_in_a_warning(fc3: Read) -> None:
    levels = [f"  v{n}: '{'${vars.v' + str(n - 1) + '}'}'" for n in range(1, 60)]
    bomb = [f"  b{n}: ['${{vars.b{n - 1}}}', '${{vars.b{n - 1}}}']" for n in range(1, 30)]
    above = "\n".join(["vars:", "  v0: x", *levels, "  b0: y", *bomb])

    reading = fc3("description: ${vars.v59}\nrole: ${vars.b29}", above=above)

    assert any("too many references" in each.message for each in reading.findings)


def test_a_number_that_cannot_be_known_gives_the_default(fc3: Read) -> None:
    reading = fc3("timeout: ${env('SECONDS')}")

    (function,) = reading.functions
    assert function.timeout_s == 3
    assert [each.place.line for each in reading.findings] == [10]


def test_props_outside_functions_are_never_resolved(fc3: Read) -> None:
    reading = fc3(above="access: ${aliyun-cli}")

    assert not reading.findings


def test_a_value_that_only_a_deployment_knows_can_be_told(fc3: Read, tmp_path: Path) -> None:
    props = "environmentVariables: {VPC: 'id-${resources.net.output.vpc}'}"

    (asked,) = fc3(props).findings
    reading = read_template(tmp_path / "s.yaml", {}, {asked.asks: "vpc-1"})

    assert asked.asks == "resources.net.output.vpc"
    assert only(reading).environment == {"VPC": "id-vpc-1"}
