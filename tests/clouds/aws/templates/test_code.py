"""Where code, layers and images are (contract aws-lambda, sections 1.3 and 1.6)."""

from pathlib import Path

import pytest

from localfn.invoke.code import Unpacker
from localfn.invoke.layers import find_layers, layer_name
from localfn.model import Container, Volume
from tests.clouds.aws.templates.conftest import Read, only, told

PLAIN = "Resources:\n  Shop:\n    Type: AWS::Lambda::Function\n    Properties:\n"


def test_code_is_relative_to_the_template(sam: Read, tmp_path: Path) -> None:
    assert only(sam()).code == tmp_path / "code"


def test_a_function_without_code_has_the_templates_folder(read: Read, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")

    reading = read(
        "Resources:\n  Shop:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {Handler: app.handler, Runtime: python3.13}\n"
    )

    assert only(reading).code == tmp_path


@pytest.mark.parametrize("code", ["Code: code", "Code: ./code/", "Code: code.zip"])
def test_plain_cloudformation_names_its_code_in_another_way(
    read: Read, tmp_path: Path, code: str
) -> None:
    (tmp_path / "code.zip").write_bytes(b"")

    reading = read(f"{PLAIN}      {code}\n      Handler: app.handler\n      Runtime: python3.13\n")

    assert only(reading).code in (tmp_path / "code", tmp_path / "code.zip")


def test_code_of_the_cdk_is_where_its_metadata_says(read: Read, tmp_path: Path) -> None:
    reading = read(
        PLAIN + "      Code: {S3Bucket: {'Fn::Sub': 'cdk-${AWS::AccountId}'}, S3Key: abc.zip}\n"
        "      Handler: app.handler\n      Runtime: python3.13\n"
        "    Metadata: {'aws:asset:path': code, 'aws:asset:property': Code}\n"
    )

    assert only(reading).code == tmp_path / "code"


@pytest.mark.parametrize(
    ("runtime", "file"),
    [("python3.13", "index.py"), ("nodejs22.x", "index.js")],
)
@pytest.mark.parametrize("key", ["InlineCode", "Code"])
def test_code_in_the_template_becomes_a_file_of_its_own(
    read: Read, tmp_path: Path, runtime: str, file: str, key: str
) -> None:
    kind = "Serverless" if key == "InlineCode" else "Lambda"
    written = "'x = 1'" if key == "InlineCode" else "{ZipFile: 'x = 1'}"

    function = only(
        read(
            f"Resources:\n  Shop:\n    Type: AWS::{kind}::Function\n    Properties: "
            f"{{{key}: {written}, Handler: index.handler, Runtime: {runtime}}}\n"
        )
    )

    unpacker = Unpacker(tmp_path)
    folder = unpacker.folder(function)
    assert (folder / file).read_text() == "x = 1"
    assert [each.name for each in folder.iterdir()] == [file]
    assert unpacker.folder(function) == folder
    assert unpacker.source(function) == tmp_path / "template.yaml"


@pytest.mark.parametrize(
    ("props", "line", "message"),
    [
        ("CodeUri: nowhere", 6, "`CodeUri` is `nowhere`, which does not exist."),
        ("CodeUri: s3://b/k.zip", 6, "`CodeUri` is in a bucket, which localfn does not fetch."),
        ("CodeUri: {Bucket: b, Key: k}", 6, "`CodeUri` is in a bucket"),
        ("CodeUri: !ImportValue x", 6, "`CodeUri` is `!ImportValue x`, which is not known here."),
        ("CodeUri: code\nHandler: handler", 7, "`Handler` is `handler`, which is not FILE.FUNC"),
        ("CodeUri: code\nHandler: a b.c", 7, "`Handler` is `a b.c`, which is not FILE.FUNCTION."),
        ("CodeUri: code\nHandler: ~", 7, "there is no `Handler`."),
        ("CodeUri: code\nRuntime: python313", 7, "`Runtime` is `python313`, which is no runtime"),
        ("CodeUri: code\nRuntime: ~", 7, "the function `Shop` has no `Runtime`."),
        ("CodeUri: code\nRuntime: !ImportValue x", 7, "`Runtime` is `!ImportValue x`, whose value"),
        ("CodeUri: code\nTimeout: soon", 7, "`Timeout` is `soon`, not a number above 0."),
        ("CodeUri: code\nMemorySize: 1.5", 7, "`MemorySize` is `1.5`, not a whole number."),
        ("CodeUri: code\nEnvironment: {Variables: [a]}", 7, "`Variables` is no mapping."),
        ("CodeUri: code\nLayers: x", 7, "`Layers` is no list."),
        (
            "InlineCode: x\nRuntime: provided.al2023",
            6,
            "`InlineCode` holds code, which the cloud takes for Python and Node.js only.",
        ),
    ],
)
def test_a_function_that_cannot_run_is_an_error_with_its_line(
    read: Read, props: str, line: int, message: str
) -> None:
    given = {each.partition(":")[0] for each in props.splitlines()}
    usual = {"Handler": "app.handler", "Runtime": "python3.13"}
    lines = [*props.splitlines(), *(f"{k}: {v}" for k, v in usual.items() if k not in given)]

    reading = read(
        "Resources:\n"
        "  Good: {Type: AWS::Serverless::Function, Properties: "
        "{CodeUri: code, Handler: app.handler, Runtime: python3.13}}\n"
        "\n"
        "  Shop:\n"
        "    Properties:\n"
        + "".join(f"      {each}\n" for each in lines)
        + "    Type: AWS::Serverless::Function\n"
    )

    errors = [each for each in told(reading) if each.startswith("error")]
    assert [each.startswith(f"error template.yaml:{line} Shop: {message}") for each in errors] == [
        True
    ]
    assert [each.key for each in reading.functions] == ["Good"]


@pytest.mark.parametrize(
    ("handler", "runtime", "file"),
    [
        ("nowhere.handler", "python3.13", "nowhere.py"),
        ("a.b.handler", "python3.13", "a/b.py"),
        ("dist/nowhere.handler", "nodejs22.x", "dist/nowhere.js"),
    ],
)
def test_a_handler_whose_file_is_not_there_is_a_warning(
    sam: Read, handler: str, runtime: str, file: str
) -> None:
    (finding,) = told(sam(f"Handler: {handler}\nRuntime: {runtime}"))[-1:]

    assert finding == (
        f"warning template.yaml:10 Shop: `Handler` is `{handler}`, "
        f"but there is no `{file}` in the code."
    )


@pytest.mark.parametrize(
    ("handler", "runtime", "file"),
    [
        ("pkg.mod.handler", "python3.13", "pkg/mod.py"),
        ("pkg/mod.handler", "python3.13", "pkg/mod.py"),
        ("pkg.handler", "python3.13", "pkg/__init__.py"),
        ("dist/index.handler", "nodejs22.x", "dist/index.js"),
        ("index.api.handler", "nodejs22.x", "index.mjs"),
        ("index.handler", "nodejs22.x", "index.cjs"),
    ],
)
def test_a_handler_is_found_in_all_forms(
    sam: Read, tmp_path: Path, handler: str, runtime: str, file: str
) -> None:
    (tmp_path / "code" / file).parent.mkdir(parents=True)
    (tmp_path / "code" / file).write_text("")

    assert not [
        each
        for each in told(sam(f"Handler: {handler}\nRuntime: {runtime}"))
        if "Handler" in each and "already" not in each
    ]


def test_a_handler_that_is_not_in_the_inline_code_is_a_warning(read: Read) -> None:
    (finding,) = told(
        read(f"{PLAIN}      {{Code: {{ZipFile: x}}, Handler: app.h, Runtime: python3.13}}\n")
    )

    assert finding.endswith("`Handler` is `app.h`, but there is no `app.py` in the code.")


def test_a_handler_that_is_to_be_built_says_so(read: Read) -> None:
    (finding,) = read(
        "Resources:\n  Shop:\n    Type: AWS::Serverless::Function\n    Properties: "
        "{CodeUri: code, Handler: index.handler, Runtime: nodejs22.x}\n"
        "    Metadata: {BuildMethod: esbuild}\n"
    ).findings

    assert finding.hint == "The function is to be built first (`BuildMethod: esbuild`)."


def test_a_file_system_is_a_volume(sam: Read) -> None:
    reading = sam(
        "FileSystemConfigs:\n- {Arn: !Sub 'arn:a:${AWS::Region}:p', LocalMountPath: /mnt/files}\n"
        "- {Arn: b, LocalMountPath: /etc}\n- {Arn: b, LocalMountPath: /mnt/../etc}"
    )

    (function,) = reading.functions
    assert function.mounts == (Volume("arn:a:us-east-1:p", "/mnt/files"),)
    assert [each.place.line for each in reading.findings] == [12, 13]


# --- layers ------------------------------------------------------------------------------------

LAYERS = """\
One: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: one, LayerName: first}}
Two: {Type: AWS::Lambda::LayerVersion, Properties: {Content: two.zip}}
"""
REMOTE = "arn:aws:lambda:eu-west-1:770693421928:layer:Klayers-p312-requests:7"


def test_layers_of_the_template_are_folders_and_the_last_one_counts_most(
    sam: Read, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two.zip").write_bytes(b"")

    function = only(sam("Layers: [!Ref One, !Ref Two]", beside=LAYERS))

    assert function.layers == (str(tmp_path / "two.zip"), str(tmp_path / "one"))


def test_a_layer_of_the_template_is_found_wherever_the_project_is(
    sam: Read, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two.zip").write_bytes(b"")
    function = only(sam("Layers: [!Ref One]", beside=LAYERS))

    found = find_layers(
        function, Path("/nowhere"), {}, lambda path: path if path.is_dir() else None
    )

    assert found == (tmp_path / "one",)


def test_a_layer_by_its_arn_is_known_by_its_name(sam: Read) -> None:
    function = only(sam(f"Layers: ['{REMOTE}']"))

    assert function.layers == (REMOTE,)
    assert layer_name(REMOTE) == "Klayers-p312-requests"


def test_a_layer_that_is_not_there_is_told_where_it_is_described(sam: Read) -> None:
    (finding,) = told(
        sam(
            beside="One:\n  Type: AWS::Serverless::LayerVersion\n"
            "  Properties:\n    ContentUri: nowhere\n"
        )
    )

    assert finding == "error template.yaml:13 : `ContentUri` is `nowhere`, which does not exist."


def test_a_layer_that_is_not_built_is_a_warning(sam: Read) -> None:
    (finding,) = told(
        sam(
            beside="One:\n  Type: AWS::Serverless::LayerVersion\n  Properties: {ContentUri: code}\n"
            "  Metadata: {BuildMethod: python3.13}\n"
        )
    )

    assert "the layer is to be built (`BuildMethod: python3.13`) and has no folder `python`" in (
        finding
    )


# --- images ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "container"),
    [
        (
            (
                "Type: AWS::Serverless::Function\n"
                "Properties: {PackageType: Image, ImageUri: 'shop:1', ImageConfig: "
                "{Command: [app.handler], EntryPoint: [/run], WorkingDirectory: /w}}"
            ),
            Container("shop:1", ("/run",), ("app.handler",)),
        ),
        (
            (
                "Type: AWS::Serverless::Function\nProperties: {PackageType: Image}\n"
                "Metadata: {Dockerfile: Dockerfile, DockerContext: ./code, DockerTag: v1}"
            ),
            Container("shop:v1"),
        ),
        (
            (
                "Type: AWS::Serverless::Function\nProperties: {PackageType: Image}\n"
                "Metadata: {Dockerfile: Dockerfile}"
            ),
            Container("shop:latest"),
        ),
        (
            (
                "Type: AWS::Lambda::Function\n"
                "Properties: {PackageType: Image, Code: {ImageUri: 'shop:1'}}"
            ),
            Container("shop:1"),
        ),
    ],
)
def test_an_image_needs_neither_runtime_nor_handler(
    read: Read, resource: str, container: Container
) -> None:
    lines = "\n".join(f"    {each}" for each in resource.splitlines())

    function = only(read(f"Resources:\n  Shop:\n{lines}\n"))

    assert (function.runtime, function.container) == ("image", container)
    assert function.attributes["package"] == "Image"


def test_an_image_that_nobody_names_is_an_error(read: Read) -> None:
    reading = read(
        "Resources:\n  Shop:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {PackageType: Image}\n"
    )

    assert told(reading) == [
        "error template.yaml:2 Shop: the function `Shop` names no image that is known here."
    ]
