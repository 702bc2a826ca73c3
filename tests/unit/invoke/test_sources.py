from pathlib import Path
from types import MappingProxyType

import pytest

from localfn import providers
from localfn.invoke.plan import Planner, Wishes
from localfn.model import Function, Local

ARN = "acs:fc:cn-hangzhou:official:layers/Tools/versions/1"


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    named = MappingProxyType({"extras": Local(tmp_path / "elsewhere")})
    provider = providers.load(providers.names()[0])
    return Planner(provider, tmp_path, Wishes(layers=named), {})


def function(code: Path, **changes: object) -> Function:
    return Function("resize", "any", "index.handler", code, **changes)


def test_a_function_is_made_of_its_code_its_layers_and_the_rules_for_both(
    planner: Planner, tmp_path: Path
) -> None:
    rules = tmp_path / ".ignored"

    found = planner.sources(function(tmp_path, layers=(ARN, "extras"), ignores=(rules,)))

    assert found[0] == tmp_path
    assert tmp_path / ".localfn" / "layers" / "Tools" in found
    assert tmp_path / ".localfn" / "layers" / "Tools.zip" in found
    assert tmp_path / "elsewhere" in found
    assert tmp_path / ".localfn" / "layers" / "extras" not in found
    assert rules in found


def test_code_that_is_a_file_stands_for_its_folder_unless_it_is_an_archive(
    planner: Planner, tmp_path: Path
) -> None:
    for name in ("index.py", "code.zip"):
        (tmp_path / name).touch()

    assert planner.sources(function(tmp_path / "index.py"))[0] == tmp_path
    assert planner.sources(function(tmp_path / "code.zip"))[0] == tmp_path / "code.zip"
    assert planner.sources(function(tmp_path / "absent"))[0] == tmp_path / "absent"
