"""Projects in the style of the vendor's own first ones run unmodified (issue: done when)."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localfn.app import open_session
from localfn.gateway.gateway import Wishes, open_gateway
from localfn.gateway.journal import Journal
from localfn.model import WebRules
from localfn.project import open_project
from localfn.settings import resolve
from tests.clouds.aws.conftest import RUNNERS
from tests.clouds.aws.templates.conftest import HERE

Localfn = Callable[..., "subprocess.CompletedProcess[bytes]"]
LIMIT_S = 60


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the project that the test names."""
    copied = tmp_path / "project"
    shutil.copytree(HERE / "init" / request.param, copied)
    return copied


@pytest.fixture
def localfn(project: Path) -> Localfn:
    def run(*words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "localfn", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=project,
            env={name: each for name, each in os.environ.items() if not name.startswith("AWS_")},
            timeout=LIMIT_S,
            check=False,
        )

    return run


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    settings = resolve({"project": str(folder), "runner": "process"}, os.environ)
    project = open_project(folder, None, "", {})
    told: list[str] = []
    journal = Journal(told.append, lambda result: result.logs, coloured=False)
    wishes = Wishes(port=0, rules=WebRules())
    with (
        open_session(settings, project, told.append, lasting=True) as session,
        open_gateway(session, wishes, journal, told.append) as gateway,
    ):
        yield gateway.port


def _get(port: int, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        link.request(method, path, headers=headers)
        reply = link.getresponse()
        reply.body = reply.read()
        return reply
    finally:
        link.close()


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize(
    ("project", "words", "expected"),
    [
        (
            "hello-python",
            ["--generate", "api"],
            {"statusCode": 200, "body": '{"message": "hello from Prod"}'},
        ),
        (
            "http-nodejs",
            ["--generate", "http-api", "--set", "path=/items/7"],
            {"statusCode": 200, "body": '{"table":"ItemsTable","id":"7"}'},
        ),
        (
            "s3-python",
            ["--generate", "s3", "--set", "key=in/a b.json"],
            {"bucket": "my-app", "key": "in/a b.json"},
        ),
        (
            "sqs-nodejs",
            ["--generate", "sqs"],
            {
                "queue": "arn:aws:sqs:us-east-1:123456789012:SimpleQueue",
                "batchItemFailures": [],
            },
        ),
    ],
    indirect=["project"],
)
def test_a_first_project_runs_with_an_event_of_its_own_trigger(
    localfn: Localfn, runner: str, words: list[str], expected: object
) -> None:
    done = localfn("--value", "AppBucketName=my-app", "invoke", "--runner", runner, *words)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("project", ["streaming-nodejs"], indirect=True)
def test_a_first_project_streams(localfn: Localfn, runner: str) -> None:
    done = localfn("invoke", "--runner", runner, "--generate", "function-url")

    assert done.returncode == 0, done.stderr
    prelude, _, body = done.stdout.partition(b"\0" * 8)
    assert json.loads(prelude)["statusCode"] == 200
    assert body == b"first,last"


@pytest.mark.parametrize("project", ["hello-python"], indirect=True)
def test_a_rest_api_of_a_first_project_answers(project: Path) -> None:
    with _serving(project) as port:
        answered = _get(port, "/hello")
        elsewhere = _get(port, "/other")

    assert (answered.status, json.loads(answered.body)) == (200, {"message": "hello from Prod"})
    assert (elsewhere.status, json.loads(elsewhere.body)) == (
        403,
        {"message": "Missing Authentication Token"},
    )


@pytest.mark.parametrize("project", ["http-nodejs"], indirect=True)
def test_an_http_api_of_a_first_project_answers_and_lets_its_origin_in(project: Path) -> None:
    with _serving(project) as port:
        answered = _get(port, "/items/8", Origin="https://shop.example")

    assert json.loads(answered.body) == {"table": "ItemsTable", "id": "8"}
    assert answered.headers["access-control-allow-origin"] == "https://shop.example"


@pytest.mark.parametrize("project", ["streaming-nodejs"], indirect=True)
def test_a_url_of_a_first_project_answers_with_what_is_streamed(project: Path) -> None:
    with _serving(project) as port:
        answered = _get(port, "/deep/path")

    assert (answered.status, answered.body) == (200, b"first,last")
    assert answered.headers["x-path"] == "/deep/path"


# --- values and variables from the command line ---


@pytest.mark.parametrize("project", ["s3-python"], indirect=True)
def test_a_parameter_that_is_missing_is_told_with_what_to_fill_in(localfn: Localfn) -> None:
    told = localfn("validate")
    in_json = localfn("validate", "--output", "json")

    assert told.returncode == 0
    assert [each["asks"] for each in json.loads(in_json.stdout)["findings"]] == ["AppBucketName"]
    assert b"template.yaml:4: warning: the parameter `AppBucketName` has neither" in told.stdout
    assert b'To fill in, in localfn.yaml:\nvalues:\n  "AppBucketName":\n' in told.stdout


@pytest.mark.parametrize("project", ["s3-python"], indirect=True)
def test_what_was_filled_in_counts(localfn: Localfn, project: Path) -> None:
    (project / "localfn.yaml").write_text('values:\n  "AppBucketName": filled-in\n')

    told = localfn("validate")
    done = localfn("invoke", "--runner", "process", "--generate", "s3")

    assert b"0 findings." in told.stdout
    assert json.loads(done.stdout)["bucket"] == "filled-in"


@pytest.mark.parametrize("project", ["http-nodejs"], indirect=True)
@pytest.mark.parametrize("name", ["getByIdFunction", "Parameters"])
def test_a_file_of_variables_for_functions_adds_and_overrides(
    localfn: Localfn, project: Path, name: str
) -> None:
    handler = project / "src" / "handlers" / "get-by-id.mjs"
    handler.write_text("export const getByIdHandler = async () => process.env;\n")
    (project / "env.json").write_text(
        json.dumps({name: {"ITEMS_TABLE": "mine", "ADDED": 1}, "Other": {"ADDED": "no"}})
    )

    done = localfn("invoke", "--runner", "process", "--env-file", "env.json", "-e", "{}")

    seen = json.loads(done.stdout)
    assert (seen["ITEMS_TABLE"], seen["ADDED"]) == ("mine", "1")


@pytest.mark.parametrize("project", ["hello-python"], indirect=True)
def test_a_layer_that_is_only_in_the_cloud_is_one_error_with_a_way_out(
    localfn: Localfn, project: Path
) -> None:
    template = project / "template.yaml"
    arn = "arn:aws:lambda:us-east-1:1:layer:shared:3"
    told = template.read_text().replace(
        "      Handler:", f"      Layers: ['{arn}']\n      Handler:"
    )
    template.write_text(told)
    invoke = ("invoke", "--runner", "process", "--generate", "api")

    refused = localfn(*invoke)
    (project / "shared" / "python").mkdir(parents=True)
    (project / "localfn.yaml").write_text("layers: {shared: ./shared}\n")
    done = localfn(*invoke)

    assert refused.returncode == 3
    assert f"template.yaml:15: the layer `{arn}` of `GreetFunction` is not".encode() in (
        refused.stderr
    )
    assert b"layers: {shared: ./folder}" in refused.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("project", ["hello-python"], indirect=True)
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_last_layer_wins(localfn: Localfn, project: Path, runner: str) -> None:
    for name in ("one", "two"):
        (project / name / "python").mkdir(parents=True)
        (project / name / "python" / "shared.py").write_text(f"NAME = '{name}'\n")
        (project / name / "python" / f"only_{name}.py").write_text("")
    (project / "template.yaml").write_text(
        "Resources:\n"
        "  One: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: one}}\n"
        "  Two: {Type: AWS::Lambda::LayerVersion, Properties: {Content: two}}\n"
        "  Shop:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      Runtime: python3.11\n      Handler: index.handler\n"
        "      Layers: [!Ref One, !Ref Two]\n      InlineCode: |\n"
        "        import shared, only_one, only_two\n"
        "        def handler(event, context):\n            return shared.NAME\n"
    )

    done = localfn("invoke", "--runner", runner, "-e", "{}")

    assert (done.returncode, done.stdout) == (0, b'"two"'), done.stderr


@pytest.mark.parametrize("project", ["hello-python"], indirect=True)
def test_variables_for_a_function_that_is_not_there_are_a_warning(
    localfn: Localfn, project: Path
) -> None:
    (project / "env.json").write_text('{"GretFunction": {"A": "b"}}')
    (project / "localfn.yaml").write_text("env_file: env.json\n")

    told = localfn("validate")

    assert told.returncode == 0
    assert b"warning: variables are given to `GretFunction`, which is no function" in told.stdout
    assert b"hint: Did you mean `GreetFunction`?" in told.stdout


@pytest.mark.parametrize("project", ["hello-python"], indirect=True)
@pytest.mark.parametrize("runner", RUNNERS)
def test_code_in_the_template_runs(localfn: Localfn, project: Path, runner: str) -> None:
    (project / "template.yaml").write_text(
        "Resources:\n  Inline:\n    Type: AWS::Lambda::Function\n    Properties:\n"
        "      Runtime: python3.11\n      Handler: index.handler\n      Code:\n"
        "        ZipFile: |\n          def handler(event, context):\n"
        "              return event['a'] + 1\n"
    )

    done = localfn("invoke", "--runner", runner, "-e", '{"a": 2}')

    assert (done.returncode, done.stdout) == (0, b"3"), done.stderr
