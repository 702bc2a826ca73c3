"""Where the values of parameters come from (contract aws-lambda, section 1.5)."""

from pathlib import Path

import pytest

from tests.clouds.aws.templates.conftest import Read, told, variables

STAGE = "Parameters: {Stage: {Type: String, Default: dev}}"
PROPS = "Environment: {Variables: {STAGE: !Ref Stage}}"


def test_a_value_of_the_users_own_stands_before_the_default(sam: Read) -> None:
    assert variables(sam(PROPS, above=STAGE)) == {"STAGE": "dev"}
    assert variables(sam(PROPS, {"Stage": "prod"}, above=STAGE)) == {"STAGE": "prod"}


def test_a_pseudo_parameter_can_be_given_too(sam: Read) -> None:
    reading = sam(
        "Environment: {Variables: {NAME: !Ref AWS::StackName, ARN: !GetAtt Shop.Arn}}",
        {"AWS::StackName": "shop-dev", "AWS::Region": "eu-west-1", "AWS::AccountId": "1"},
    )

    assert variables(reading) == {
        "NAME": "shop-dev",
        "ARN": "arn:aws:lambda:eu-west-1:1:function:Shop",
    }


def test_a_parameter_without_a_value_is_asked_for_where_it_is_declared(sam: Read) -> None:
    reading = sam(PROPS, above="Parameters:\n  Other: {Type: String}\n  Stage: {Type: String}")

    assert told(reading) == [
        (
            "warning template.yaml:5 : the parameter `Stage` has neither a value nor a default; "
            "`!Ref Stage` is left as it is."
        )
    ]
    assert reading.findings[0].asks == "Stage"
    assert "--value 'Stage=…'" in reading.findings[0].hint


def test_a_parameter_that_is_empty_by_default_has_a_value(sam: Read) -> None:
    reading = sam(PROPS, above="Parameters: {Stage: {Type: String, Default: ''}}")

    assert told(reading) == []
    assert variables(reading) == {"STAGE": ""}


def test_a_parameter_that_is_kept_in_the_cloud_is_asked_for(sam: Read) -> None:
    above = "Parameters: {Stage: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}"

    assert [each.asks for each in sam(PROPS, above=above).findings] == ["Stage"]
    assert variables(sam(PROPS, {"Stage": "s"}, above=above)) == {"STAGE": "s"}


@pytest.mark.parametrize("type_", ["CommaDelimitedList", "List<Number>"])
def test_a_list_is_cut_at_its_commas(sam: Read, type_: str) -> None:
    reading = sam(
        "Environment: {Variables: {LAST: !Select [2, !Ref Many]}}",
        {"Many": "1, 2,3"},
        above=f"Parameters: {{Many: {{Type: '{type_}'}}}}",
    )

    assert variables(reading) == {"LAST": "3"}


def test_a_value_that_is_not_allowed_is_a_warning(sam: Read) -> None:
    above = "Parameters: {Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}}"

    assert told(sam(PROPS, above=above)) == []
    (finding,) = sam(PROPS, {"Stage": "test"}, above=above).findings
    assert "the parameter `Stage` is `test`, which is not one of its `AllowedValues`" in (
        finding.message
    )
    assert finding.hint == "It is one of dev, prod."


# --- samconfig.toml --------------------------------------------------------------------------

TOML = """\
version = 0.1
[default.global.parameters]
region = "eu-north-1"
[default.deploy.parameters]
parameter_overrides = "Stage=never"
[default.local_start_api.parameters]
parameter_overrides = "Stage=api Other=x"
[default.local_invoke.parameters]
{line}
[staging.local_invoke.parameters]
parameter_overrides = "Stage=staging"
"""


@pytest.mark.parametrize(
    "line",
    [
        'parameter_overrides = "Stage=test Note=\\"two words\\""',
        'parameter_overrides = ["Stage=test", "Note=\'two words\'"]',
        'parameter_overrides = "ParameterKey=Stage,ParameterValue=test"',
        'parameter_overrides = {Stage = "test"}',
    ],
)
def test_the_tools_settings_give_values_and_the_region(
    sam: Read, tmp_path: Path, line: str
) -> None:
    (tmp_path / "samconfig.toml").write_text(TOML.replace("{line}", line))
    props = "Environment: {Variables: {STAGE: !Ref Stage, WHERE: !Ref AWS::Region}}"

    reading = sam(props, above=STAGE, environ={"AWS_REGION": "us-west-2"})

    assert told(reading) == []
    assert variables(reading) == {"STAGE": "test", "WHERE": "eu-north-1"}
    assert variables(sam(props, {"Stage": "mine"}, above=STAGE))["STAGE"] == "mine"
    assert variables(sam(props, {"config-env": "staging"}, above=STAGE))["STAGE"] == "staging"
    assert tmp_path / "samconfig.toml" in reading.files


def test_settings_in_yaml_say_the_same(sam: Read, tmp_path: Path) -> None:
    (tmp_path / "samconfig.yaml").write_text(
        "version: 0.1\ndefault: {local_invoke: {parameters: {parameter_overrides: [Stage=y]}}}\n"
    )

    assert variables(sam(PROPS, above=STAGE)) == {"STAGE": "y"}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = [\n", "samconfig.toml:1", "the settings are left out: "),
        (
            'version = 0.1\n[default.local_invoke.parameters]\nparameter_overrides = "Stage"\n',
            "samconfig.toml:3",
            "`parameter_overrides`: `Stage` is not NAME=VALUE.",
        ),
        (
            'version = 0.1\n[default.local_invoke.parameters]\nenv_vars = "nowhere.json"\n',
            "samconfig.toml:3",
            "`env_vars` is left out: ",
        ),
    ],
)
def test_settings_that_are_wrong_are_left_out_with_a_warning(
    sam: Read, tmp_path: Path, text: str, place: str, message: str
) -> None:
    (tmp_path / "samconfig.toml").write_text(text)

    reading = sam(PROPS, above=STAGE)

    (finding,) = told(reading)
    assert finding.startswith(f"warning {place} : {message}")
    assert variables(reading) == {"STAGE": "dev"}


def test_a_file_of_variables_adds_and_overrides(sam: Read, tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text(
        '[default.local_invoke.parameters]\nenv_vars = "env.json"\n'
    )
    (tmp_path / "env.json").write_text(
        '{"Parameters": {"STAGE": "all", "ALL": 1}, "Shop": {"STAGE": "own", "NEW": true},'
        ' "Other": {"STAGE": "no"}}'
    )

    reading = sam(PROPS, above=STAGE)

    assert variables(reading) == {"STAGE": "own", "ALL": "1", "NEW": "true"}
    assert tmp_path / "env.json" in reading.files


def test_settings_of_a_template_that_was_built_lie_beside_its_source(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "samconfig.toml").write_text(
        '[default.local_invoke.parameters]\nparameter_overrides = "Stage=set"\n'
    )
    (tmp_path / ".aws-sam" / "build").mkdir(parents=True)

    reading = read(
        f"{STAGE}\nResources:\n  Shop:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      {CodeUri: ., Handler: a.b, Runtime: provided.al2023, Environment: "
        "{Variables: {STAGE: !Ref Stage}}}\n",
        name=".aws-sam/build/template.yaml",
    )

    assert variables(reading) == {"STAGE": "set"}
    assert "this template was built" in reading.findings[0].message
