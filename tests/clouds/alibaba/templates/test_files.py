"""The files on which it depends what a template says: when one changes, it is read again."""

from pathlib import Path

from tests.clouds.alibaba.templates.conftest import Read

FUN = """\
ROSTemplateFormatVersion: '2015-09-01'
Transform: 'Aliyun::Serverless-2018-04-03'
Resources:
  shop:
    Type: 'Aliyun::Serverless::Service'
    resize:
      Type: 'Aliyun::Serverless::Function'
      Properties: {Handler: index.handler, Runtime: python3, CodeUri: ./code}
"""


def test_a_template_depends_on_itself_and_on_what_it_extends(read: Read, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extend: deeper.yaml\n")
    (tmp_path / "deeper.yaml").write_text("edition: 3.0.0\n")

    reading = read("edition: 3.0.0\nextend: base.yaml\nresources: {}\n")

    assert names(reading.files, tmp_path) == {"s.yaml", "base.yaml", "deeper.yaml"}


def test_a_template_depends_on_the_files_that_its_values_come_from(
    fc3: Read, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("from a file")
    (tmp_path / "more.json").write_text('{"A": "1"}')

    reading = fc3(
        "description: ${file('./notes.txt')}\n"
        "environmentVariables: ${json(file('./more.json'))}\n"
        "role: ${file('./absent.txt')}"
    )

    expected = {"s.yaml", "notes.txt", "more.json", "absent.txt"}
    assert names(reading.files, tmp_path) == expected
    assert reading.functions[0].environment == {"A": "1"}


def test_a_template_depends_on_an_override_even_before_there_is_one(
    read: Read, tmp_path: Path
) -> None:
    before = read(FUN, name="template.yml")
    (tmp_path / "template.override.yml").write_text("Resources: {}\n")
    after = read(FUN, name="template.yml")

    assert "template.override.yml" in names(before.files, tmp_path)
    assert "template.override.yml" in names(after.files, tmp_path)


def test_a_template_depends_on_code_that_is_not_there_yet(fc3: Read, tmp_path: Path) -> None:
    reading = fc3("code: ./dist")

    assert not reading.functions
    assert names(reading.files, tmp_path) == {"s.yaml", "dist"}


def names(files: frozenset[Path], folder: Path) -> set[str]:
    return {str(each.resolve().relative_to(folder)) for each in files}
