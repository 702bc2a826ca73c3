"""What a template's author is told, and where."""

import pytest

from localfn.errors import ProjectError
from tests.clouds.aws.templates.conftest import Read, told

GOOD = """\
  Good:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.13}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"template\.yaml:1: the template is empty\."),
        ("- a\n", r"template\.yaml:1: the template is not a mapping at its top\."),
        ("Resources: [\n", r"template\.yaml:2: the template is not valid YAML: "),
        ("a: 1\n", r"template\.yaml:1: this is no template of CloudFormation"),
        ("a: 1\nResources: {}\n", r"template\.yaml:2: this is no template of CloudFormation"),
        (
            "provider: {name: x}\nfunctions: {a: 1}\n",
            r"template\.yaml:1: this is a file of the Ser",
        ),
        ("a: &a\n  b: *a\n", r"template\.yaml:\d+: the template is nested too deeply"),
    ],
)
def test_a_file_that_is_no_template_is_refused_with_its_line(
    read: Read, text: str, message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        read(text)


def test_a_template_without_functions_has_none(read: Read) -> None:
    reading = read("Resources: {Bucket: {Type: AWS::S3::Bucket}}\n")

    assert (reading.functions, reading.findings) == ((), ())


def test_a_function_whose_condition_does_not_hold_is_not_there(read: Read) -> None:
    text = (
        "Parameters: {Stage: {Type: String, Default: dev}}\n"
        "Conditions: {IsProd: !Equals [!Ref Stage, prod]}\n"
        f"Resources:\n{GOOD}    Condition: IsProd\n"
    )

    assert read(text).functions == ()
    assert [each.name for each in read(text, {"Stage": "prod"}).functions] == ["Good"]


def test_a_condition_that_is_not_there_is_an_error_and_the_function_stays(read: Read) -> None:
    reading = read(f"Resources:\n{GOOD}    Condition: Nobody\n")

    assert told(reading) == ["error template.yaml:5 : `Condition`: there is no condition `Nobody`."]
    assert len(reading.functions) == 1


def test_a_function_has_the_name_that_its_property_says(read: Read) -> None:
    reading = read(
        "Resources:\n  Shop:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: code,"
        " Handler: app.handler, Runtime: python3.13, FunctionName: !Sub '${AWS::StackName}-shop'}\n"
    )

    (function,) = reading.functions
    assert (function.key, function.attributes["logical_id"]) == ("local-shop", "Shop")
    assert function.attributes["spellings"] == "Shop"


def test_a_function_that_was_built_is_known_by_the_id_of_its_source(read: Read) -> None:
    reading = read(f"Resources:\n{GOOD}    Metadata: {{SamResourceId: Source}}\n")

    assert reading.functions[0].attributes["spellings"] == "Good Source"


def test_two_functions_of_one_name_are_a_warning(read: Read) -> None:
    same = GOOD.replace("Runtime:", "FunctionName: Good, Runtime:").replace("  Good:", "  Other:")

    reading = read(f"Resources:\n{GOOD}{same}")

    assert len(reading.functions) == 1
    assert "`Good` was already described at" in told(reading)[0]


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        (f"Resource: {{}}\nResources:\n{GOOD}", 1, "Did you mean `Resources`?"),
        (f"Parameter: {{}}\nResources:\n{GOOD}", 1, "Did you mean `Parameters`?"),
        (f"Resources:\n{GOOD}    Conditions: A\n", 5, "Did you mean `Condition`?"),
    ],
)
def test_a_misspelt_key_is_a_warning(read: Read, text: str, line: int, hint: str) -> None:
    found = [(each.place.line, each.hint) for each in read(text).findings]

    assert (line, hint) in found or hint == "Did you mean `Resources`?"


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ("MemorySize: 64", "`MemorySize` is `64`; the cloud takes 128 to 10240 MB."),
        ("Timeout: 901", "`Timeout` is `901`; the cloud takes 1 to 900 s."),
        ("EphemeralStorage: {Size: 100}", "`Size` is `100`; the cloud takes 512 to 10240 MB."),
        (
            "Environment: {Variables: {AWS_REGION: x}}",
            "the variable `AWS_REGION` has a name that the platform keeps for itself.",
        ),
        ("Environment: {Variables: {1A: x}}", "the cloud takes no variable of the name `1A`."),
        (
            f"Environment: {{Variables: {{LONG: {'x' * 5000}}}}}",
            "`Variables` hold 5004 bytes; the cloud takes 4096.",
        ),
        (f"Layers: [{', '.join('abcdef')}]", "there are 6 layers; the cloud takes 5."),
        (f"FunctionName: {'a' * 65}", f"`{'a' * 65}` has 65 letters, 64 are allowed."),
    ],
)
def test_what_the_cloud_would_not_take_is_a_warning(sam: Read, props: str, message: str) -> None:
    reading = sam(props)

    (finding,) = told(reading)
    assert finding.endswith(f": {message}")
    assert finding.startswith("warning template.yaml:10 ")
    assert len(reading.functions) == 1


@pytest.mark.parametrize(("reserved", "most"), [("3", 3), ("'3'", 3), ("0", None)])
def test_reserved_concurrency_limits_instances(sam: Read, reserved: str, most: int | None) -> None:
    (function,) = sam(f"ReservedConcurrentExecutions: {reserved}").functions
    assert function.most_instances == most


def test_facts_of_a_function_are_attributes(sam: Read) -> None:
    reading = sam("""\
Architectures: [arm64]
Description: Sells things
Role: !Sub 'arn:aws:iam::${AWS::AccountId}:role/shop'
AutoPublishAlias: live
ReservedConcurrentExecutions: 0
Tracing: Active
DeadLetterQueue: {Type: SQS, TargetArn: !Sub 'arn:aws:sqs:us-east-1:1:dead'}
EventInvokeConfig:
  MaximumRetryAttempts: 1
  MaximumEventAgeInSeconds: 60
  DestinationConfig: {OnSuccess: {Type: SNS, Destination: arn:topic}}
LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: DEBUG, SystemLogLevel: WARN, LogGroup: /a}
CapacityProviderConfig: {PerExecutionEnvironmentMaxConcurrency: 4}
EphemeralStorage: {Size: 1024}
""")

    assert told(reading) == []
    (function,) = reading.functions
    assert (function.concurrency, function.disk_mb) == (4, 1024)
    assert function.attributes == {
        "logical_id": "Shop",
        "spellings": "Shop",
        "region": "us-east-1",
        "account_id": "123456789012",
        "architecture": "arm64",
        "description": "Sells things",
        "role": "arn:aws:iam::123456789012:role/shop",
        "alias": "live",
        "reserved_concurrency": "0",
        "tracing": "Active",
        "dead_letter": "arn:aws:sqs:us-east-1:1:dead",
        "async_retries": "1",
        "async_max_age_s": "60",
        "async_on_success": "arn:topic",
        "log_format": "JSON",
        "application_log_level": "DEBUG",
        "system_log_level": "WARN",
        "log_group": "/a",
    }
