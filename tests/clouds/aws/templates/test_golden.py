"""The contract's sample (section 1.7) in YAML and JSON, as golden functions."""

import json
from pathlib import Path

from localfn.model import Reading
from localfn.providers.aws.templates import find_template, read_template
from localfn.providers.aws.templates.ways import WAYS
from localfn.templates.file import load
from localfn.templates.notebook import Notebook
from localfn.templates.tree import plain_of
from tests.clouds.aws.templates.conftest import HERE
from tests.clouds.aws.templates.neutral import neutral

FOLDER = HERE / "contract"


def test_the_sample_of_the_contract_gives_its_golden_functions() -> None:
    golden = json.loads((FOLDER / "golden.json").read_text())
    template = find_template(FOLDER)
    assert template is not None

    reading = read_template(template, {})

    assert [neutral(each, FOLDER) for each in reading.functions] == golden["functions"]
    assert not reading.findings


def test_a_template_says_the_same_in_json(tmp_path: Path) -> None:
    in_yaml = FOLDER / "template.yaml"
    plain = plain_of(load(in_yaml, Notebook(), WAYS))
    (tmp_path / "template.json").write_text(json.dumps(plain, indent="\t"))
    for each in ("src", "layers", "img"):
        (tmp_path / each).symlink_to(FOLDER / each)

    reading = read_template(tmp_path / "template.json", {})

    expected = [
        {**neutral(each, FOLDER), "line": 0} for each in read_template(in_yaml, {}).functions
    ]
    assert [{**neutral(each, tmp_path), "line": 0} for each in reading.functions] == expected
    assert all(each.template and each.template.line > 1 for each in reading.functions)


def _anywhere(reading: Reading, base: Path) -> list[dict[str, object]]:
    return [{**neutral(each, base), "line": 0} for each in reading.functions]


def test_json_may_write_characters_in_two_halves(tmp_path: Path) -> None:
    told = {
        "Resources": {
            "Shop": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"ZipFile": "x = '\U0001f600 \\ud83d'"},
                    "Handler": "index.handler",
                    "Runtime": "python3.13",
                    "Description": "\U0001f600é\\u0041",
                },
            }
        }
    }
    (tmp_path / "template.json").write_text(json.dumps(told))

    (function,) = read_template(tmp_path / "template.json", {}).functions

    assert function.files == {"index.py": "x = '\U0001f600 \\ud83d'"}
    assert function.attributes["description"] == "\U0001f600é\\u0041"
