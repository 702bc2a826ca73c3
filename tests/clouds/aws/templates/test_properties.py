"""Whatever a template holds, reading it gives a `Reading` or a `ProjectError`."""

import json
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.errors import ProjectError
from localfn.model import Reading
from localfn.providers.aws.templates import find_template, read_template, recognizes
from localfn.providers.aws.templates.events import SOURCES
from localfn.providers.aws.templates.globals import with_globals
from localfn.providers.aws.templates.names import ATTRIBUTES
from localfn.providers.aws.templates.samconfig import read_samconfig
from localfn.providers.aws.templates.ways import scalar
from localfn.templates.notebook import Notebook
from localfn.templates.tree import node_of, plain_of


def _words(text: str) -> list[str]:
    return text.split()


INTRINSICS = _words("""
    Ref Fn::Sub Fn::GetAtt Fn::Join Fn::Select Fn::Split Fn::If Fn::Equals Fn::And Fn::Or Fn::Not
    Fn::FindInMap Fn::Base64 Fn::ImportValue Fn::GetAZs Fn::Cidr Fn::Transform Fn::Length
    Fn::ToJsonString Fn::Nope Fn::ForEach::X Condition
""")
KEYS = _words("""
    Type Properties Condition Metadata Handler Runtime CodeUri InlineCode Code ZipFile Layers
    Environment Variables MemorySize Timeout Events Path Method Auth Authorizer Authorizers
    DefaultAuthorizer FunctionArn Identity Headers Cors CorsConfiguration AllowOrigins
    DefinitionBody paths get security components Schedule Pattern source detail Bucket Filter
    S3Key Rules Name Value Queue BatchSize PackageType ImageUri ImageConfig Command FunctionName
    FunctionUrlConfig AuthType EventInvokeConfig ContentUri Location Parameters Default
    AllowedValues RestApiId ApiId ParentId PathPart Target Targets Arn RouteKey IntegrationUri
    ResourceId HttpMethod Integration Uri EventSourceArn Principal SourceArn Routes A B C a b
""")
TYPES = [
    *sorted(ATTRIBUTES),
    *_words("""
    AWS::Serverless::Function AWS::Lambda::Function AWS::Serverless::LayerVersion
    AWS::Serverless::Api AWS::Serverless::HttpApi AWS::Serverless::WebSocketApi
    AWS::Serverless::Application AWS::CloudFormation::Stack AWS::Lambda::Url AWS::Lambda::Alias
    AWS::Lambda::EventSourceMapping AWS::Lambda::Permission AWS::Lambda::EventInvokeConfig
    AWS::ApiGateway::RestApi AWS::ApiGateway::Resource AWS::ApiGateway::Method
    AWS::ApiGateway::Authorizer AWS::ApiGatewayV2::Api AWS::ApiGatewayV2::Route
    AWS::ApiGatewayV2::Integration AWS::Events::Rule AWS::S3::Bucket AWS::SNS::Subscription
    AWS::Cognito::UserPool AWS::CloudFront::Distribution
    AWS::ElasticLoadBalancingV2::TargetGroup
    """),
]
WORDS = _words("""
    A B C A.Arn B.Arn C.Outputs.X ${A} ${A.Arn} ${!A} ${ } AWS::Region AWS::NoValue python3.13
    nodejs22.x provided.al2023 index.handler app . .. / template.yaml Api HttpApi S3 SQS Schedule
    get any /a /{b} $default true false 1 -1 0.5 {{resolve:ssm:x}} {{resolve:
    arn:aws:lambda:r:1:function:A arn:aws:sqs:r:1:q String CommaDelimitedList List<Number> '*'
""")

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
)
keys = st.one_of(st.sampled_from(KEYS), st.text(max_size=3))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(keys, inner, max_size=5),
        st.dictionaries(st.sampled_from(INTRINSICS), inner, min_size=1, max_size=1),
    ),
    max_leaves=20,
)
# Enough for a function, and names that lead to one: chance alone would hardly write them.
ENOUGH = {"CodeUri": ".", "Handler": "index.handler", "Runtime": "python3.13", "Code": "."}
EVENTS = [*sorted(SOURCES), "Api", "HttpApi", "Other"]
A, A_ARN = {"Ref": "A"}, {"Fn::GetAtt": ["A", "Arn"]}
values = st.one_of(trees, st.just(A), st.just(A_ARN))
some = st.dictionaries(keys, values, max_size=6)
events = st.dictionaries(
    st.sampled_from("xyz"),
    st.fixed_dictionaries({"Type": st.sampled_from(EVENTS), "Properties": some}),
    max_size=3,
)
runnable = st.builds(
    lambda before, called, after: {**before, **ENOUGH, "Events": called, **after},
    some,
    events,
    st.dictionaries(keys, values, max_size=1),
)
functions = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(["AWS::Serverless::Function", "AWS::Lambda::Function"]),
        "Properties": runnable,
    },
    optional={"Condition": scalars, "Metadata": trees, "IgnoreGlobals": trees},
)
others = st.fixed_dictionaries(
    {"Type": st.sampled_from(TYPES), "Properties": st.one_of(some, trees)},
    optional={"Condition": scalars, "Metadata": trees},
)
resources = st.fixed_dictionaries(
    {"A": functions}, optional={"B": st.one_of(functions, others, trees), "C": others}
)
templates = st.fixed_dictionaries(
    {"Resources": resources},
    optional={
        "Parameters": st.dictionaries(st.sampled_from("ABC"), trees, max_size=2),
        "Conditions": st.dictionaries(st.sampled_from("ABC"), trees, max_size=2),
        "Mappings": trees,
        "Outputs": trees,
        "Globals": st.one_of(
            trees, st.dictionaries(st.sampled_from(["Function", "Api", "HttpApi"]), some)
        ),
        "Transform": scalars,
    },
)


def _reading(raw: bytes, name: str = "template.yaml") -> Reading | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(raw)
        recognizes(path)
        find_template(Path(folder))
        try:
            return read_template(path, {}, {"A": "${A}"})
        except ProjectError:
            return None


def _check(reading: Reading) -> None:
    """Check what every reading promises, whatever was read."""
    keys = [each.key for each in reading.functions]
    assert len(keys) == len(set(keys))
    for function in reading.functions:
        assert function.memory_mb > 0
        assert function.timeout_s > 0
        assert all(isinstance(each, str) for each in function.environment.values())
        assert all(isinstance(each, str) for each in function.attributes.values())
        assert all(isinstance(each, str) for each in function.layers)
        assert function.template is not None
        assert function.template.line > 0
        names = [each.name for each in function.triggers]
        assert len(names) == len(set(names))
        assert all(None not in each.options.values() for each in function.triggers)
    triggers = {(each.key, one.name) for each in reading.functions for one in each.triggers}
    assert all((each.function, each.trigger) in triggers for each in reading.routes)
    assert all(each.message and each.place.line >= 0 for each in reading.findings)
    asked = [each.asks for each in reading.findings if each.asks]
    assert len(asked) == len(set(asked))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_bytes_give_a_reading_or_a_project_error(raw: bytes) -> None:
    _reading(raw)
    _reading(raw, "template.json")


@given(templates)
@settings(deadline=None, max_examples=400)
def test_any_template_gives_a_reading_that_keeps_its_promises(tree: object) -> None:
    text = yaml.safe_dump(tree, allow_unicode=False, sort_keys=False)

    reading = _reading(text.encode("utf-8", "replace"))

    if reading is not None:
        _check(reading)


@given(templates)
@settings(deadline=None, max_examples=100)
def test_json_gives_a_reading_that_keeps_its_promises(tree: object) -> None:
    reading = _reading(json.dumps(tree).encode(), "template.json")

    if reading is not None:
        _check(reading)


@given(templates)
@settings(deadline=None, max_examples=50)
def test_reading_twice_gives_the_same(tree: object) -> None:
    raw = yaml.safe_dump(tree).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        path.write_bytes(raw)
        try:
            first = read_template(path, {})
        except ProjectError:
            return

        assert repr(read_template(path, {})) == repr(first)


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=100)
def test_any_settings_of_the_tool_are_read_or_left_out(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "samconfig.toml").write_text(text, "utf-8", "replace")

        read_samconfig(Path(folder), "", Notebook())


maps = st.recursive(
    st.one_of(st.integers(), st.lists(st.integers(), max_size=3)),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
sections = st.dictionaries(st.sampled_from("abcd"), maps, max_size=4)


def _expected(below: object, above: object) -> object:
    """Return the rule of the contract (1.2), written once more."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: _expected(below[key], above[key])
            if key in below and key in above
            else {**below, **above}[key]
            for key in {**below, **above}
        }
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


@given(sections, sections)
def test_globals_are_merged_by_the_contracts_rule(shared: object, own: object) -> None:
    template = {
        "Globals": {"Function": shared},
        "Resources": {"A": {"Type": "AWS::Serverless::Function", "Properties": own}},
    }
    root = node_of(template, node_of(None, Path(), "").place)

    grown = with_globals(root, Notebook()).get("Resources").get("A").get("Properties")

    assert plain_of(grown) == _expected(shared, own)


@given(st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_plain_word_means_what_yaml_says(value: object) -> None:
    text = yaml.safe_dump(value).splitlines()[0]
    tag = yaml.compose(text).tag

    assert scalar(text, tag) == value
