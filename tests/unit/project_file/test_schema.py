"""The schema that ships, and our checker against the one that everybody knows."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from localfn.cli.root import COMMANDS, root
from localfn.model import Place
from localfn.project_file import SCHEMA, read_project_file, read_schema
from localfn.project_file.file import _Page
from localfn.project_file.written import Written
from localfn.settings import Settings, gather

WHOLE = json.loads(SCHEMA.read_text())
OURS = {"x-option", "x-variable", "x-path"}
KEYWORDS = {
    *("type", "enum", "minimum", "maximum", "exclusiveMinimum", "minLength", "items"),
    *("properties", "additionalProperties", "description", "default", "examples"),
}


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    inner.append(schema.get("additionalProperties"))
    return [schema, *(node for each in inner if isinstance(each, dict) for node in nodes(each))]


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(WHOLE)


def test_our_checker_knows_every_keyword_that_the_schema_uses() -> None:
    used = {key for node in nodes(WHOLE) for key in node}

    assert used - OURS - {"$schema", "$id", "title"} == KEYWORDS


def test_every_key_says_what_it_means_and_its_default_is_allowed() -> None:
    for rule in read_schema().leaves():
        assert rule.word("description").endswith("."), rule.key
        samples = rule.told.get("examples", [])
        for each in [*samples, *([rule.told["default"]] if "default" in rule.told else [])]:
            jsonschema.validate(each, dict(rule.told))


def test_a_default_of_the_schema_is_the_default_of_the_settings(tmp_path: Path) -> None:
    empty = gather({"project": str(tmp_path)}, {})

    own = {"environment": {}, "environ": {}, "cache": empty.cache, "files": empty.files}
    # What a gateway keeps; a session of one call keeps nothing.
    own |= {"keeping": empty.keeping}
    assert empty == Settings(root=tmp_path)._replace(**own)


def test_an_option_of_the_schema_is_one_of_the_command_line() -> None:
    named = _names(root)
    for module, _, attribute in (each.partition(":") for each, _ in COMMANDS.values()):
        named |= _names(getattr(importlib.import_module(module), attribute))
    for rule in read_schema().leaves():
        if rule.option:
            assert rule.word("x-option").partition("/")[0] in named, rule.key


def _names(command: Any) -> set[str]:
    return {option for each in command.params for option in each.opts}


def test_an_example_with_every_key_in_use_is_allowed_by_both_checkers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localfn", "schema", "--example"], capture_output=True, check=True
    )
    text = re.sub(r"(?m)^# (?=\s*\w+:)", "", done.stdout.decode())
    path = tmp_path / "localfn.yaml"
    path.write_text(text)

    told = yaml.safe_load(text)

    jsonschema.validate(told, WHOLE)
    assert read_project_file(path).findings == ()
    keys = {rule.key.partition(".")[0] for rule in read_schema().leaves()}
    assert set(told) == keys


def test_an_example_as_it_is_says_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localfn", "schema", "--example"], capture_output=True, check=True
    )

    assert yaml.safe_load(done.stdout) is None
    assert done.stdout.startswith(b"# yaml-language-server: $schema=" + WHOLE["$id"].encode())


def test_the_schema_is_printed_as_it_ships() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localfn", "schema"], capture_output=True, check=True
    )

    assert done.stdout == SCHEMA.read_bytes()


def test_no_call_without_a_file_reads_yaml(tmp_path: Path) -> None:
    program = (
        "import sys; from localfn.settings import resolve; "
        f"resolve({{'project': {str(tmp_path)!r}}}, {{}}); sys.exit('yaml' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.floats(-2, 70000, allow_nan=False),
    st.sampled_from(["", "auto", "docker", "eager", "x", "vendor"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = sorted(
    {part for rule in read_schema().leaves() for part in rule.key.split(".")} | {"unknown"}
)
FILES = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(VALUES, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2)),
    max_size=3,
)


def written(value: object) -> Written:
    place = Place(Path("localfn.yaml"), 1)
    if isinstance(value, dict):
        return Written({key: written(each) for key, each in value.items()}, place)
    if isinstance(value, list):
        return Written(tuple(written(each) for each in value), place)
    assert value is None or isinstance(value, str | int | float)
    return Written(value, place, "" if value is None else str(value))


@given(FILES)
def test_our_checker_refuses_what_the_known_one_refuses(told: dict[str, object]) -> None:
    page = _Page()

    page.kept(written(told), read_schema(), "")

    known = list(jsonschema.Draft7Validator(WHOLE).iter_errors(told))
    assert bool(page.findings) == bool(known), (told, page.findings, known)


def test_a_value_that_is_wrong_is_not_kept_and_the_others_are() -> None:
    page = _Page()

    kept = page.kept(
        written({"runner": "podman", "network": "none", "layers": {"a": 1, "b": "x"}}),
        read_schema(),
        "",
    )

    assert kept is not None
    assert set(kept.mapping) == {"network", "layers"}
    assert set(kept.mapping["layers"].mapping) == {"b"}


@pytest.mark.parametrize("rule", list(read_schema().leaves()), ids=lambda rule: rule.key)
def test_a_variable_is_named_after_its_key(rule: Any) -> None:
    variable = rule.word("x-variable")
    last = rule.key.split(".")[-1].upper()

    assert not variable or variable.startswith("LOCALFN_")
    assert not variable or last in variable or rule.key == "reload.enabled"
