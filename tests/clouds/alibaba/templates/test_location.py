"""Which file the vendor's tools would take (contract alibaba-fc, section 1.1)."""

from pathlib import Path

import pytest

from localfn.errors import UsageError
from localfn.providers.alibaba.templates import find_template, lone_function, recognizes

FUNCRAFT = "ROSTemplateFormatVersion: '2015-09-01'\nTransform: 'Aliyun::Serverless-2018-04-03'\n"
SAM = "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\n"
ORDER = [
    "s.yaml",
    "s.yml",
    ".fun/build/artifacts/template.yml",
    ".fun/build/artifacts/template.yaml",
    "template.yml",
    "template.yaml",
    "faas.yml",
    "faas.yaml",
]


def _write(folder: Path, name: str, text: str = FUNCRAFT) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_earlier_name_wins(tmp_path: Path, place: int) -> None:
    for name in ORDER[place:]:
        _write(tmp_path, name)

    assert find_template(tmp_path) == tmp_path / ORDER[place]


@pytest.mark.parametrize("text", [SAM, "a: 1\n", "", "# Aliyun::Serverless\n"])
def test_a_template_of_another_cloud_is_not_taken(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "template.yaml", text)

    assert find_template(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        FUNCRAFT,
        'Transform: "Aliyun::Serverless-2018-04-03"\n',
        "Transform:\n  - Aliyun::Serverless-2018-04-03\n",
        '{"Transform": "Aliyun::Serverless-2018-04-03"}',
    ],
)
def test_the_transform_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "template.yaml", text)

    assert find_template(tmp_path) == tmp_path / "template.yaml"
    assert recognizes(tmp_path / "template.yaml")


def test_an_empty_folder_has_no_template(tmp_path: Path) -> None:
    assert find_template(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("s-dev.yaml", "edition: 3.0.0\n", True),
        ("s-dev.yaml", "resources: {a: {component: fc3}}\n", True),
        ("s-dev.yaml", "extend: ./s.yaml\n", True),
        ("s-dev.yaml", SAM, False),
        ("s-dev.yaml", "a: [\n", False),
        ("s.yaml", "a: [\n", True),
        ("mine.yml", FUNCRAFT + "a: [\n", True),
    ],
)
def test_a_named_file_is_recognized_by_what_it_says(
    tmp_path: Path, name: str, text: str, known: bool
) -> None:
    _write(tmp_path, name, text)

    assert recognizes(tmp_path / name) is known


@pytest.mark.parametrize(
    ("file", "runtime", "chosen"),
    [
        ("index.py", "", "python3.10"),
        ("index.js", "", "nodejs20"),
        ("index.mjs", "", "nodejs20"),
        ("index.py", "python3.12", "python3.12"),
    ],
)
def test_a_lone_file_is_a_function_with_the_defaults_of_fc3(
    tmp_path: Path, file: str, runtime: str, chosen: str
) -> None:
    function = lone_function(tmp_path, f"src/{file}", "handler", runtime)

    assert (function.runtime, function.handler) == (chosen, "index.handler")
    assert function.code == tmp_path / "src"
    assert (function.memory_mb, function.timeout_s, function.key) == (512, 3, "index")
    assert function.attributes["generation"] == "fc3"


@pytest.mark.parametrize(
    ("file", "runtime", "hint"),
    [
        ("index.rb", "", "Known endings: .py, .js"),
        ("index.py", "python3.11", "Did you mean `python3.1"),
    ],
)
def test_a_lone_file_whose_runtime_is_not_known_is_refused(
    tmp_path: Path, file: str, runtime: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        lone_function(tmp_path, file, "handler", runtime)

    assert caught.value.hint.startswith(hint)
