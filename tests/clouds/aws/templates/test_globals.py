"""What `Globals` gives to resources (contract aws-lambda, section 1.2)."""

from tests.clouds.aws.templates.conftest import Read, told, triggers, variables

GLOBALS = """\
Globals:
  Function:
    MemorySize: 256
    Timeout: 20
    Layers: [!Ref Shared]
    Environment:
      Variables: {ONE: global, TWO: !Ref AWS::Region, THREE: !Sub 'x'}
"""
LAYERS = """\
Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}
Own: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: .}}
"""


def test_the_resource_wins_maps_are_merged_and_lists_joined(sam: Read) -> None:
    reading = sam(
        "Timeout: 5\nLayers: [!Ref Own]\n"
        "Environment: {Variables: {ONE: own, THREE: !Ref AWS::AccountId}}",
        above=GLOBALS,
        beside=LAYERS,
    )

    assert told(reading) == []
    (function,) = reading.functions
    assert (function.memory_mb, function.timeout_s) == (256, 5)
    assert dict(function.environment) == {
        "ONE": "own",
        "TWO": "us-east-1",
        "THREE": "123456789012",
    }
    # The last one counts most in the cloud, the first one here.
    assert [each.rpartition("/")[2] for each in function.layers][1] == "code"


def test_a_resource_can_opt_out_of_all_or_of_some(read: Read) -> None:
    reading = read(
        GLOBALS
        + "Resources:\n"
        + "".join(
            f"  {name}:\n    Type: AWS::Serverless::Function\n    IgnoreGlobals: {ignored}\n"
            "    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.13}\n"
            for name, ignored in (("All", "'*'"), ("Some", "[Timeout, Environment, Layers]"))
        )
        + "  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}\n"
    )

    all_, some = reading.functions
    assert (all_.memory_mb, all_.timeout_s, all_.environment, all_.layers) == (128, 3, {}, ())
    assert (some.memory_mb, some.timeout_s, some.environment, some.layers) == (256, 3, {}, ())


def test_a_function_of_plain_cloudformation_has_no_globals(read: Read) -> None:
    reading = read(
        GLOBALS + "Resources:\n  Plain:\n    Type: AWS::Lambda::Function\n"
        "    Properties: {Code: code, Handler: app.handler, Runtime: python3.13}\n"
        "  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: code}}\n"
    )

    assert (reading.functions[0].memory_mb, variables(reading)) == (128, {})


def test_an_api_that_no_resource_describes_has_globals(sam: Read) -> None:
    reading = sam(
        "Events:\n"
        "  Rest: {Type: Api, Properties: {Path: /a, Method: get}}\n"
        "  Http: {Type: HttpApi, Properties: {Path: /b, Method: get}}",
        above="Globals:\n"
        "  Api: {BinaryMediaTypes: [image~1png], Cors: \"'*'\", Auth: {ApiKeyRequired: true}}\n"
        "  HttpApi: {CorsConfiguration: {AllowOrigins: ['https://a.example']}}\n",
    )

    assert told(reading) == []
    rest, http = triggers(reading)["Rest"].options, triggers(reading)["Http"].options
    assert rest["binary_types"] == ("image/png",)
    assert rest["cors"] == {"origins": ("*",), "methods": ("GET", "OPTIONS")}
    assert rest["api_key"] is True
    assert http["cors"] == {"origins": ("https://a.example",)}


def test_a_section_that_is_misspelt_is_a_warning(sam: Read) -> None:
    (finding,) = sam(above="Globals:\n  Functions: {MemorySize: 256}").findings

    assert finding.hint == "Did you mean `Function`?"
    assert finding.place.line == 4
