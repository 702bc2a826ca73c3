"""What was composed once is what would be composed again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from localfn import composed
from localfn.composed import Composed, NotYaml, compose

TEXT = """\
# a comment
Resources:
  site: !Sub
    - "${a}/b"
    - {a: 'x'}
  list: [1, 2.5, ~, "3"]
"""
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def plain(node: Composed | None) -> object:
    if node is None:
        return None
    inner: object = node.value
    if node.kind == "sequence":
        inner = [plain(each) for each in node.parts]
    if node.kind == "mapping":
        inner = [(plain(key), plain(value)) for key, value in node.pairs]
    return (node.kind, node.tag, node.line, node.style, inner)


def kept(cache: Path) -> list[Path]:
    return sorted((cache / "yaml").glob("*")) if (cache / "yaml").is_dir() else []


def test_a_text_is_the_same_the_second_time(tmp_path: Path) -> None:
    first = compose(TEXT, tmp_path / "t.yml", tmp_path)
    assert len(kept(tmp_path)) == 1
    assert plain(compose(TEXT, tmp_path / "t.yml", tmp_path)) == plain(first)


@given(TREES)
def test_any_tree_is_the_same_the_second_time(
    tmp_path_factory: pytest.TempPathFactory, tree: object
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    text = yaml.safe_dump(tree, allow_unicode=True)
    first = plain(compose(text, Path("t.yml"), cache))
    assert plain(compose(text, Path("t.yml"), cache)) == first


def test_another_text_at_the_same_path_is_composed_anew(tmp_path: Path) -> None:
    compose("a: 1", tmp_path / "t.yml", tmp_path)
    changed = compose("a: 2", tmp_path / "t.yml", tmp_path)
    assert changed is not None
    assert changed.pairs[0][1].value == "2"
    assert len(kept(tmp_path)) == 1


def test_an_alias_stays_the_node_of_its_anchor_and_is_not_kept(tmp_path: Path) -> None:
    for _ in range(2):
        node = compose("a: &x {b: 1}\nc: *x", tmp_path / "t.yml", tmp_path)
        assert node is not None
        assert node.pairs[0][1] is node.pairs[1][1]
    assert kept(tmp_path) == []


def test_an_anchor_may_contain_itself(tmp_path: Path) -> None:
    node = compose("&x [*x]", tmp_path / "t.yml", tmp_path)
    assert node is not None
    assert node.parts[0] is node


@pytest.mark.parametrize(
    "spoilt", [b"", b"no", b"[]", b'{"format": 1}', b'{"format": 1, "text": "a: 1", "node": 5}']
)
def test_a_spoilt_cache_does_no_harm(tmp_path: Path, spoilt: bytes) -> None:
    first = plain(compose("a: 1", tmp_path / "t.yml", tmp_path))
    kept(tmp_path)[0].write_bytes(spoilt)
    assert plain(compose("a: 1", tmp_path / "t.yml", tmp_path)) == first
    assert json.loads(kept(tmp_path)[0].read_bytes())["text"] == "a: 1"


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert compose("a: 1", tmp_path / "t.yml", tmp_path / "file") is not None


def test_a_broken_text_tells_its_line_and_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(NotYaml) as told:
        compose("a: 1\nb: [", tmp_path / "t.yml", tmp_path)
    assert told.value.line >= 2
    assert told.value.problem
    assert kept(tmp_path) == []


def test_the_cache_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composed, "MOST_KEPT_FILES", 3)
    for number in range(6):
        compose("a: 1", tmp_path / f"{number}.yml", tmp_path)
    assert len(kept(tmp_path)) == 3


def test_pyyaml_is_loaded_for_a_new_text_only(tmp_path: Path) -> None:
    asked = (
        "import sys; from pathlib import Path; from localfn.composed import compose;"
        "compose('a: 1', Path('t.yml'), Path(sys.argv[1])); print('yaml' in sys.modules)"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", asked, str(tmp_path)],
            check=True,
            capture_output=True,
            text=True,
            env=dict(os.environ),
        ).stdout.strip()
        for _ in range(2)
    ]
    assert told == ["True", "False"]
