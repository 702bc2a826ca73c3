from pathlib import Path

import pytest

from localfn.debug.source_maps import missing_map

NAMED = "exports.handler = () => 1;\n//# sourceMappingURL={}\n"


def test_a_map_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.js").write_text(NAMED.format("index.js.map"))

    assert "`index.js.map`, which is not there" in missing_map(tmp_path, "dist/index.handler")


@pytest.mark.parametrize("url", ["index.js.map", "data:application/json;base64,e30=", "http://x/y"])
def test_a_map_that_can_be_read_is_nothing_to_talk_about(tmp_path: Path, url: str) -> None:
    (tmp_path / "index.js").write_text(NAMED.format(url))
    (tmp_path / "index.js.map").write_text("{}")

    assert missing_map(tmp_path, "index.handler") == ""


def test_typescript_without_a_map_is_told_and_plain_code_is_not(tmp_path: Path) -> None:
    (tmp_path / "index.mjs").write_text("export const handler = () => 1;\n")
    assert missing_map(tmp_path, "index.handler") == ""

    (tmp_path / "index.ts").write_text("export const handler = () => 1;\n")

    assert '"sourceMap": true' in missing_map(tmp_path, "index.handler")


def test_what_is_not_there_is_told_by_others(tmp_path: Path) -> None:
    assert missing_map(tmp_path, "index.handler") == missing_map(tmp_path / "no", "x") == ""
