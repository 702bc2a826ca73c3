"""Stacks in files of their own (contract aws-lambda, sections 1.2 and 1.6)."""

from pathlib import Path

import pytest

from tests.clouds.aws.templates.conftest import Read, told

PARENT = """\
Resources:
  Child:
    Type: AWS::Serverless::Application
    Properties:
      Location: child/template.yaml
      Parameters: {Table: !Ref Orders, Layer: !Ref Deps}
  Orders: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders}}
  Deps: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.handler
      Runtime: python3.13
      Environment: {Variables: {URL: !GetAtt Child.Outputs.Url}}
"""
CHILD = """\
Parameters: {Table: {Type: String}, Layer: {Type: String}, Open: {Type: String}}
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handler
      Runtime: python3.13
      Layers: [!Ref Layer]
      Environment: {Variables: {TABLE: !Ref Table, OPEN: !Ref Open, NAME: !Ref AWS::StackName}}
      Events: {A: {Type: Api, Properties: {Path: /a, Method: get}}}
Outputs:
  Url: {Value: !Sub 'https://${AWS::Region}.example/${Table}'}
"""


def _child(folder: Path, text: str = CHILD) -> None:
    (folder / "child" / "src").mkdir(parents=True)
    (folder / "child" / "src" / "app.py").write_text("")
    (folder / "child" / "template.yaml").write_text(text)


def test_a_nested_stack_brings_its_functions_with_paths_of_its_own(
    read: Read, tmp_path: Path
) -> None:
    _child(tmp_path)

    reading = read(PARENT)

    outer, inner = reading.functions
    assert (outer.key, inner.key) == ("Shop", "Child/Shop")
    assert inner.code == tmp_path / "child" / "src"
    assert inner.layers == (str(tmp_path / "code"),)
    assert inner.environment == {"TABLE": "orders", "OPEN": "!Ref Open", "NAME": "local-Child"}
    assert outer.environment == {"URL": "https://us-east-1.example/orders"}
    assert inner.attributes["spellings"] == "Shop Child/Shop"
    assert [(each.domain, each.function) for each in reading.routes] == [
        ("child-serverlessrestapi", "Child/Shop")
    ]
    assert [each.asks for each in reading.findings] == ["Child/Open"]
    assert tmp_path / "child" / "template.yaml" in reading.files


@pytest.mark.parametrize("name", ["Child/Open", "Open"])
def test_a_value_of_a_nested_stack_can_be_told_with_its_path_or_without(
    read: Read, tmp_path: Path, name: str
) -> None:
    _child(tmp_path)

    reading = read(PARENT, {name: "yes"})

    assert told(reading) == []
    assert reading.functions[1].environment["OPEN"] == "yes"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            "nowhere.yaml",
            "error template.yaml:5 : the stack `Child`: {base}/nowhere.yaml cannot be read",
        ),
        ("template.yaml", "error template.yaml:5 : the stack `Child` contains itself."),
        (
            "https://s3.amazonaws.com/b/t.yaml",
            "warning template.yaml:5 : the stack `Child` is not a local file; its functions are",
        ),
        (
            "{ApplicationId: arn:aws:serverlessrepo:x, SemanticVersion: 1.0.0}",
            "warning template.yaml:5 : the stack `Child` is not a local file; its functions are",
        ),
    ],
)
def test_a_nested_stack_that_is_not_here_is_told_and_other_functions_run(
    read: Read, tmp_path: Path, location: str, message: str
) -> None:
    reading = read(PARENT.replace("child/template.yaml", location))

    assert any(each.startswith(message.format(base=tmp_path)) for each in told(reading))
    assert [each.key for each in reading.functions] == ["Shop"]


def test_a_nested_stack_of_the_cdk_is_found_by_its_asset(read: Read, tmp_path: Path) -> None:
    _child(tmp_path)

    reading = read("""\
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: {'Fn::Sub': 'https://s3.${AWS::URLSuffix}/x/y.json'},
      Parameters: {Table: t, Layer: !Ref 'AWS::NoValue', Open: o}}
    Metadata: {'aws:asset:path': child/template.yaml, 'aws:asset:property': TemplateURL}
""")

    assert [each.key for each in reading.functions] == ["Child/Shop"]
    assert [each.asks for each in reading.findings] == ["Child/Layer"]
