"""What is wrong in a localfn.yaml is told with its line, and the way out."""

from pathlib import Path

import pytest

from localfn.errors import LocalfnError, ProjectError
from localfn.project_file import read_project_file


def read(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "localfn.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    findings = read_project_file(path).findings
    return [
        f"{each.place.path.name}:{each.place.line}: {each.message} {each.hint}" for each in findings
    ]


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("\nrunnr: auto", 2, "`runnr` is no key of `localfn.yaml`.", "Did you mean `runner`?"),
        ("runner: dockr", 1, "`runner` is `dockr`, which it cannot be.", "Did you mean `docker`?"),
        ("runner: x", 1, "`runner` is `x`, ", "It is one of auto, docker, process."),
        ("runner:", 1, "`runner` is nothing, ", "It is one of"),
        ("a: 1\ntimeout: soon", 2, "`timeout` is `soon`, which is not a number.", "Seconds"),
        ("timeout: 0", 1, "`timeout` is `0`, which is not more than 0.", "Seconds"),
        ("cpu_limit: 3", 1, "`cpu_limit` is `3`, which is not `true` or `false`.", "CPU"),
        ("layers: [a]", 1, "`layers` is a list, which is not a mapping.", "by name"),
        ("layers:\n  a: 1", 2, "`layers.a` is `1`, which is not text.", ""),
        ("layers:\n  a: ''", 2, "`layers.a` is ``, which is empty.", ""),
        ("start_api:\n  prt: 1", 2, "`prt` is no key of `start_api`.", "Did you mean `port`?"),
        (
            "start_api:\n  port: 70000",
            2,
            "`start_api.port` is `70000`, which is more than 65535.",
            "",
        ),
        ("reload:\n  ignore:\n  - a\n  - {}", 4, "`reload.ignore[1]` is a mapping,", ""),
        ("- a", 1, "this is a list.", "How localfn runs"),
        ("just text", 1, "this is `just text`.", "How localfn runs"),
    ],
)
def test_a_wrong_value_is_told_with_its_line_and_the_way_out(
    tmp_path: Path, text: str, line: int, message: str, hint: str
) -> None:
    found = read(tmp_path, text)

    assert any(
        each.startswith(f"localfn.yaml:{line}: {message}") and hint in each for each in found
    ), found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", r"localfn\.yaml:\d: this is not valid YAML: "),
        ("a: 1\na: 2", r"localfn\.yaml:2: `a` was already written in line 1\."),
        ("a: &a [*a]", r"localfn\.yaml:1: this is nested too deeply"),
        ("a: 1\n---\nb: 1", r"localfn\.yaml:2: this is not valid YAML: "),
        ("[a]: 1", r"localfn\.yaml:1: a key is a mapping or a list"),
        ("a: *b", r"localfn\.yaml:1: this is not valid YAML: found undefined alias"),
        ("a: {<<: 3}", r"localfn\.yaml:1: this is not valid YAML: "),
        (b"a: \xff", r"localfn\.yaml is not UTF-8 text"),
        ("a: " + "[" * 3000, r"localfn\.yaml:1: this is not valid YAML"),
    ],
)
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        read(tmp_path, text)


def test_anchors_may_be_merged(tmp_path: Path) -> None:
    text = "environment: &common {A: 1}\nstart_api: {port: 1}\nbase_images:\n  <<: {python: x}\n"

    assert read(tmp_path, text) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "localfn.yaml").mkdir()

    with pytest.raises(LocalfnError, match="cannot be read"):
        read_project_file(tmp_path / "localfn.yaml")
