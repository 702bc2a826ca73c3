"""Which file the vendor's tools would take, and functions without one (contract 1.1)."""

import os
from pathlib import Path

import pytest

from localfn.errors import UsageError
from localfn.providers import aws
from localfn.providers.aws.templates import find_template, lone_function, recognizes
from tests.clouds.aws.templates.conftest import HEAD

ORDER = [".aws-sam/build/template.yaml", "template.yaml", "template.yml", "template.json"]
OTHER = "ROSTemplateFormatVersion: '2015-09-01'\nTransform: 'Aliyun::Serverless-2018-04-03'\n"


def _write(folder: Path, name: str, text: str = HEAD) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_earlier_name_wins(tmp_path: Path, place: int) -> None:
    for name in ORDER[place:]:
        _write(tmp_path, name)

    assert find_template(tmp_path) == tmp_path / ORDER[place]


@pytest.mark.parametrize("text", [OTHER, "a: 1\n", "", "Resources: {A: {Type: Other::Thing}}\n"])
def test_a_template_of_another_cloud_is_not_taken(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "template.yaml", text)

    assert find_template(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        "Transform:\n  - AWS::LanguageExtensions\n  - AWS::Serverless-2016-10-31\n",
        "Transform: [AWS::Serverless-2016-10-31]\n",
        '{"Transform": "AWS::Serverless-2016-10-31"}',
        "Resources:\n  Shop:\n    Type: AWS::Lambda::Function\n",
        '{"Resources": {"Shop": {"Type": "AWS::Lambda::Function"}}}',
        "AWSTemplateFormatVersion: 2010-09-09\nResources: [\n",
    ],
)
def test_a_template_is_known_by_what_it_says(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "template.yaml", text)

    assert find_template(tmp_path) == tmp_path / "template.yaml"
    assert recognizes(tmp_path / "template.yaml")


def test_the_only_stack_of_the_cdk_is_taken(tmp_path: Path) -> None:
    text = '{"Resources": {"A": {"Type": "AWS::Lambda::Function"}}}'
    _write(tmp_path, "cdk.out/Shop.template.json", text)

    assert find_template(tmp_path) == tmp_path / "cdk.out" / "Shop.template.json"

    _write(tmp_path, "cdk.out/Other.template.json", text)

    assert find_template(tmp_path) is None


def test_the_file_of_the_tools_settings_may_name_the_template(tmp_path: Path) -> None:
    _write(tmp_path, "template.yaml")
    _write(tmp_path, "infra/shop.yaml")
    _write(
        tmp_path,
        "samconfig.toml",
        '[default.local_invoke.parameters]\ntemplate_file = "infra/shop.yaml"\n',
    )

    assert find_template(tmp_path) == tmp_path / "infra" / "shop.yaml"


def test_a_folder_without_a_template_has_none(tmp_path: Path) -> None:
    assert find_template(tmp_path) is None
    assert not recognizes(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("file", "runtime", "chosen"),
    [
        ("index.py", "", "python3.13"),
        ("index.js", "", "nodejs22.x"),
        ("index.mjs", "", "nodejs22.x"),
        ("index.py", "python3.9", "python3.9"),
    ],
)
def test_a_lone_file_is_a_function_with_the_clouds_defaults(
    tmp_path: Path, file: str, runtime: str, chosen: str
) -> None:
    function = lone_function(tmp_path, f"src/{file}", "handler", runtime)

    assert (function.runtime, function.handler) == (chosen, "index.handler")
    assert (function.memory_mb, function.timeout_s, function.key) == (128, 3, "index")


@pytest.mark.parametrize(
    ("file", "runtime", "hint"),
    [
        ("index.rb", "", "Known endings: .py, .js"),
        ("index.py", "python3.99", "Did you mean `python3."),
    ],
)
def test_a_lone_file_whose_runtime_is_not_known_is_refused(
    tmp_path: Path, file: str, runtime: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        lone_function(tmp_path, file, "handler", runtime)

    assert caught.value.hint.startswith(hint)


def test_the_table_of_the_cloud_names_its_templates() -> None:
    assert aws.PROVIDER.template_names == ("template.yaml", "template.yml", "template.json")
    assert not any(os.sep in each for each in aws.PROVIDER.template_names)
