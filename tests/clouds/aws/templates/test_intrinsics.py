"""Functions that a template calls, and what they give (contract aws-lambda, section 1.5)."""

import json
from pathlib import Path

import pytest

from tests.clouds.aws.templates.conftest import Read, told, variables

ABOVE = """\
Parameters:
  Stage: {Type: String, Default: dev}
  Names: {Type: CommaDelimitedList, Default: 'a, b ,c'}
  Size: {Type: Number, Default: 3}
Mappings:
  Sizes:
    dev: {memory: 128, zones: [x, y]}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Equals [prod, !Ref Stage]
  Both: !And [!Condition IsDev, !Not [!Condition IsProd]]
  Either: !Or [!Condition IsProd, {Condition: IsDev}]
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Stage", "dev"),
        ("{Ref: Stage}", "dev"),
        ("!Ref Size", "3"),
        ("!Sub 'a-${Stage}-${!Literal}-${AWS::Region}'", "a-dev-${Literal}-us-east-1"),
        ("!Sub ['${one}-${Stage}', {one: !Ref Size}]", "3-dev"),
        ("!Join ['-', [a, !Ref Stage, 1]]", "a-dev-1"),
        ("!Join [',', !Ref Names]", "a,b,c"),
        ("!Join ['', !Split ['.', 'a.b.c']]", "abc"),
        ("!Select [1, !Ref Names]", "b"),
        ("!Select ['2', !Split [',', 'x,y,z']]", "z"),
        ("!Base64 hé", "aMOp"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "128"),
        ("!Select [1, !FindInMap [Sizes, dev, zones]]", "y"),
        ("!FindInMap [Sizes, other, memory, {DefaultValue: 7}]", "7"),
        ("!Select [0, !GetAZs '']", "us-east-1a"),
        ("!Select [1, !GetAZs eu-west-1]", "eu-west-1b"),
        ("!Select [1, !Cidr [10.0.0.0/16, 3, 8]]", "10.0.1.0/24"),
        ("!If [IsDev, yes-it-is, no]", "yes-it-is"),
        ("!If [IsProd, a, !If [Both, b, c]]", "b"),
        ("!If [Either, a, b]", "a"),
        ("!Length [a, b]", "2"),
        ("!ToJsonString {a: !Ref Stage}", '{"a":"dev"}'),
        ("!Sub '${AWS::Partition}/${AWS::URLSuffix}'", "aws/amazonaws.com"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::StackName", "local"),
        ("!GetAtt Shop.Arn", "arn:aws:lambda:us-east-1:123456789012:function:Shop"),
        ("true", "true"),
        ("1.0", "1.0"),
        ("2010-09-09", "2010-09-09"),
        ("010", "8"),
        ("yes", "true"),
        ("'yes'", "yes"),
        ("~", ""),
    ],
)
def test_a_value_is_what_the_cloud_would_make_of_it(sam: Read, written: str, value: str) -> None:
    reading = sam(f"Environment: {{Variables: {{VAL: {written}}}}}", above=ABOVE)

    assert told(reading) == []
    assert variables(reading)["VAL"] == value


def test_no_value_takes_the_variable_away(sam: Read) -> None:
    reading = sam(
        "Environment: {Variables: {AA: !If [IsProd, x, !Ref AWS::NoValue], BB: b}}\n"
        "Layers: [!Ref AWS::NoValue]\nMemorySize: !Ref AWS::NoValue",
        above=ABOVE,
    )

    (function,) = reading.functions
    assert function.environment == {"BB": "b"}
    assert (function.layers, function.memory_mb) == ((), 128)


def test_a_nested_value_is_told_as_json(sam: Read) -> None:
    reading = sam("Environment: {Variables: {VAL: {a: [!Ref Stage]}}}", above=ABOVE)

    assert json.loads(variables(reading)["VAL"]) == {"a": ["dev"]}
    assert "is no text; the function sees it as JSON text." in told(reading)[0]


RESOURCES = """\
Bucket: {Type: AWS::S3::Bucket}
Named: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'inbox-${AWS::AccountId}'}}
Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs.fifo}}
Topic: {Type: AWS::SNS::Topic}
Table: {Type: AWS::DynamoDB::Table}
Simple: {Type: AWS::Serverless::SimpleTable}
Stream: {Type: AWS::Kinesis::Stream}
Machine: {Type: AWS::Serverless::StateMachine}
Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
Pool: {Type: AWS::Cognito::UserPool}
Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}
Web: {Type: AWS::Serverless::Api, Properties: {StageName: dev}}
Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Shop, Name: live}}
First: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt Shop.Arn}}
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!Ref Bucket", "Bucket"),
        ("!Ref Named", "inbox-123456789012"),
        ("!GetAtt Named.Arn", "arn:aws:s3:::inbox-123456789012"),
        ("!GetAtt [Bucket, Arn]", "arn:aws:s3:::Bucket"),
        ("{'Fn::GetAtt': [Bucket, Arn]}", "arn:aws:s3:::Bucket"),
        ("!GetAtt Bucket.RegionalDomainName", "Bucket.s3.us-east-1.amazonaws.com"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/jobs.fifo"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-east-1:123456789012:jobs.fifo"),
        ("!Sub '${Queue.QueueName}'", "jobs.fifo"),
        ("!Ref Topic", "arn:aws:sns:us-east-1:123456789012:Topic"),
        ("!Ref Table", "Table"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/Table"),
        ("!GetAtt Simple.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/Simple"),
        ("!GetAtt Stream.Arn", "arn:aws:kinesis:us-east-1:123456789012:stream/Stream"),
        ("!Ref Machine", "arn:aws:states:us-east-1:123456789012:stateMachine:Machine"),
        ("!GetAtt Bus.Arn", "arn:aws:events:us-east-1:123456789012:event-bus/orders"),
        ("!GetAtt ShopRole.Arn", "arn:aws:iam::123456789012:role/ShopRole"),
        ("!Ref Layer", "arn:aws:lambda:us-east-1:123456789012:layer:Layer:1"),
        ("!Sub '${ServerlessRestApi}'", "ServerlessRestApi"),
        ("!Ref Live", "arn:aws:lambda:us-east-1:123456789012:function:Shop:live"),
        ("!GetAtt Live.AliasArn", "arn:aws:lambda:us-east-1:123456789012:function:Shop:live"),
        ("!Ref First", "arn:aws:lambda:us-east-1:123456789012:function:Shop:1"),
        ("!GetAtt First.Version", "1"),
        ("!Ref Shop.Version", "arn:aws:lambda:us-east-1:123456789012:function:Shop:1"),
        ("!Ref Shop.Alias", "arn:aws:lambda:us-east-1:123456789012:function:Shop:live"),
        ("!Sub '${Shop.Alias}'", "arn:aws:lambda:us-east-1:123456789012:function:Shop:live"),
        ("!Sub '${Web}/${Web.Stage}'", "Web/dev"),
        ("!Ref Web.Stage", "dev"),
        ("!GetAtt Pool.ProviderName", "cognito-idp.us-east-1.amazonaws.com/Pool"),
    ],
)
def test_a_resource_is_told_by_its_own_kind_of_name(sam: Read, written: str, value: str) -> None:
    reading = sam(
        f"AutoPublishAlias: live\nEnvironment: {{Variables: {{VAL: {written}}}}}", beside=RESOURCES
    )

    assert told(reading) == []
    assert variables(reading)["VAL"] == value


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-central-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_partition_and_suffix_follow_the_region(
    sam: Read, region: str, partition: str, suffix: str
) -> None:
    reading = sam(
        "Environment: {Variables: {"
        "VAL: !Sub '${AWS::Partition} ${AWS::URLSuffix}', ARN: !GetAtt B.Arn}}",
        environ={"AWS_REGION": region},
        beside="B: {Type: AWS::S3::Bucket}",
    )

    assert variables(reading) == {"VAL": f"{partition} {suffix}", "ARN": f"arn:{partition}:s3:::B"}
    assert reading.functions[0].attributes["region"] == region


@pytest.mark.parametrize(
    ("written", "asks", "left"),
    [
        ("!GetAtt Other.Endpoint", "Other.Endpoint", "!GetAtt Other.Endpoint"),
        ("!ImportValue shared-vpc", "shared-vpc", "!ImportValue shared-vpc"),
        (
            "!ImportValue {'Fn::Sub': '${AWS::StackName}-vpc'}",
            "local-vpc",
            """!ImportValue {"Fn::Sub": "${AWS::StackName}-vpc"}""",
        ),
        ("'{{resolve:ssm:/shop/key}}'", "resolve:ssm:/shop/key", "{{resolve:ssm:/shop/key}}"),
        ("!Sub 'x-${Other.Endpoint}'", "Other.Endpoint", "x-${Other.Endpoint}"),
        ("!Join ['/', [!GetAtt Other.Endpoint, a]]", "Other.Endpoint", "!GetAtt Other.Endpoint/a"),
        ("!Ref Missing", "Missing", "!Ref Missing"),
    ],
)
def test_what_only_a_deployment_knows_is_asked_for_and_left_readable(
    sam: Read, written: str, asks: str, left: str
) -> None:
    props = f"Environment: {{Variables: {{VAL: {written}}}}}"
    above, beside = "Parameters: {Missing: {Type: String}}", "Other: {Type: AWS::Redis::Cluster}"

    reading = sam(props, above=above, beside=beside)
    known = sam(props, {asks: "known"}, above=above, beside=beside)

    assert variables(reading)["VAL"] == left
    assert [each.asks for each in reading.findings] == [asks]
    assert told(known) == []
    assert "known" in variables(known)["VAL"]


def test_a_value_that_many_functions_want_is_asked_for_once(read: Read) -> None:
    functions = "".join(
        f"  F{n}:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.13,"
        " Environment: {Variables: {AA: !ImportValue x, BB: !Sub '${Q.Foo}'}}}\n"
        for n in range(5)
    )

    reading = read(f"Resources:\n{functions}  Q: {{Type: AWS::SQS::Queue}}\n")

    assert [each.asks for each in reading.findings] == ["x", "Q.Foo"]
    assert len(reading.functions) == 5


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("!Nope x", "`!Nope` is no function of CloudFormation."),
        ("{'Fn::Refs': x}", "`Fn::Refs` is no function of CloudFormation."),
        ("!Ref Nobody", "there is no parameter and no resource `Nobody`."),
        ("!Ref ShopTabel", "there is no parameter and no resource `ShopTabel`."),
        ("!GetAtt ShopTabel.Arn", "there is no resource `ShopTabel`."),
        ("!GetAtt Nobody.Arn", "there is no resource `Nobody`."),
        ("!Sub '${Nobody}'", "there is no parameter and no resource `Nobody`."),
        ("!GetAtt Shop", "`Fn::GetAtt` wants a resource and one of its attributes."),
        ("!Join x", '`Fn::Join` wants a delimiter and a list, not `"x"`.'),
        ("!Join [x, y]", '`Fn::Join` wants a delimiter and a list, not `"y"`.'),
        ("!Select [9, [a]]", "`Fn::Select` wants element 9 of 1."),
        ("!Split ['', a]", "`Fn::Split` has no delimiter."),
        ("!FindInMap [A, b, c]", "there is no `A.b.c` in `Mappings`."),
        ("!If [Nobody, a, b]", "there is no condition `Nobody`."),
        ("!If [a, b]", "`Fn::If` wants a condition and two values."),
        ("!Ref [a]", """`Ref` wants a name, not `["a"]`."""),
        ("!Sub [a, b, c]", "`Fn::Sub` wants text, or a list of text and a mapping."),
        ("!Cidr [nowhere, 1, 8]", "`Fn::Cidr` cannot be computed: "),
    ],
)
def test_a_mistake_is_one_error_with_its_line_and_other_functions_run(
    sam: Read, written: str, message: str
) -> None:
    reading = sam(
        f"Environment:\n  Variables:\n    VAL: {written}",
        beside="Good: {Type: AWS::Serverless::Function, Properties: {CodeUri: code, "
        "Handler: app.handler, Runtime: python3.13}}",
    )

    (finding,) = told(reading)
    assert finding.startswith(f"error template.yaml:12 Shop: `VAL`: {message}")
    assert [each.name for each in reading.functions] == ["Good"]


@pytest.mark.parametrize(
    ("above", "beside"),
    [
        ("Conditions: {A: !Condition B, B: !Not [!Condition A]}", ""),
        ("", "Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'a-${Bucket}'}}"),
        (
            "",
            (
                "Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Other}}\n"
                "Other: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Bucket}}"
            ),
        ),
        ("", "Bucket: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Bucket}}"),
    ],
)
def test_a_circle_is_an_error_and_no_hang(sam: Read, above: str, beside: str) -> None:
    written = "!If [A, x, y]" if above else "!Ref Bucket"

    reading = sam(f"Environment: {{Variables: {{VAL: {written}}}}}", above=above, beside=beside)

    assert any("a value refers to itself: " in each for each in told(reading))


def test_loops_are_written_out(read: Read) -> None:
    reading = read("""\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters: {Names: {Type: CommaDelimitedList, Default: 'one,two'}}
Resources:
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - 'Shop${Name}':
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: code
          Handler: app.handler
          Runtime: python3.13
          Environment: {Variables: {WHICH: !Ref Name, ALSO: !Sub 'x-${Name}'}}
""")

    assert told(reading) == []
    assert [(each.name, dict(each.environment)) for each in reading.functions] == [
        ("Shopone", {"WHICH": "one", "ALSO": "x-one"}),
        ("Shoptwo", {"WHICH": "two", "ALSO": "x-two"}),
    ]


@pytest.mark.parametrize(
    ("location", "findings"),
    [
        ("more.yaml", []),
        (
            "nowhere.yaml",
            ["error template.yaml:3 : `Fn::Transform`: {}/nowhere.yaml cannot be read"],
        ),
        ("s3://bucket/more.yaml", ["error template.yaml:3 : `Fn::Transform`: `s3://bucket/more."]),
    ],
)
def test_resources_may_be_included(
    read: Read, tmp_path: Path, location: str, findings: list[str]
) -> None:
    (tmp_path / "more.yaml").write_text(
        "More: {Type: AWS::Serverless::Function, Properties: {CodeUri: code, "
        "Handler: app.handler, Runtime: python3.13, Environment: {Variables: {WHO: !Ref Table}}}}"
    )

    reading = read(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        f"  Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: '{location}'}}}}\n"
        "  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}\n"
    )

    assert [dict(each.environment) for each in reading.functions] == (
        [] if findings else [{"WHO": "orders"}]
    )
    expected = [each.format(tmp_path) for each in findings]
    assert [one.startswith(other) for one, other in zip(told(reading), expected, strict=True)] == [
        True for _ in expected
    ]


def test_a_file_that_is_included_has_its_values(sam: Read, tmp_path) -> None:
    (tmp_path / "vars.yaml").write_text("AA: !Sub '${AWS::Region}'\nBB: two\n")

    reading = sam(
        "Environment: {Variables: {'Fn::Transform': "
        "{Name: AWS::Include, Parameters: {Location: vars.yaml}}}}"
    )

    assert told(reading) == []
    assert variables(reading) == {"AA": "us-east-1", "BB": "two"}
    assert tmp_path / "vars.yaml" in reading.files
