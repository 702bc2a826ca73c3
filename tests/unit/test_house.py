"""The house keeps its promises: a cloud is only a table, and the documents say what is true."""

import re
from pathlib import Path

import pytest

from localfn import __version__, providers
from localfn.model import Provider

ROOT = Path(__file__).resolve().parents[2]
NAMES = re.compile(
    r"\b(alibaba|aliyun|amazon|aws|azure|baidu|google|huawei|knative|openfaas|openwhisk|tencent)",
    re.IGNORECASE,
)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Where a cloud's name may stand.
HOMES = re.compile(r"^(localfn/providers/\w+/|runtimes/\w+/shims/)")


def sources() -> list[str]:
    """The program's own files, as paths from the root."""
    kinds = {".py", ".js", ".mjs", ".sh", ".yaml"}
    found = (each for folder in ("localfn", "runtimes") for each in (ROOT / folder).rglob("*"))
    paths = (each.relative_to(ROOT) for each in found if each.suffix in kinds)
    return sorted(str(each) for each in paths if "_data" not in each.parts)


@pytest.mark.parametrize("path", [each for each in sources() if not HOMES.match(each)])
def test_a_file_that_serves_all_clouds_names_none(path: str) -> None:
    named = NAMES.findall((ROOT / path).read_text(encoding="utf-8"))

    assert named == []


@pytest.mark.parametrize("cloud", providers.shipped())
def test_a_cloud_owns_every_row_of_the_table(cloud: str) -> None:
    runtimes = [each for each in providers.load(cloud).runtimes.values() if each.language]
    spoken_to = {each.language for each in runtimes if each.wire == "bootstrap"}
    shims = {each.parent.parent.name for each in ROOT.glob(f"runtimes/*/shims/{cloud}.*")}

    assert list(ROOT.glob(f"events/{cloud}/*/source.yaml"))
    assert list(ROOT.glob(f"tests/clouds/{cloud}/failures/*/*.json"))
    assert list(ROOT.glob(f"samples/{cloud}-*/README.md"))
    assert spoken_to <= shims


@pytest.mark.parametrize("cloud", providers.shipped())
def test_a_clouds_table_fills_every_field(cloud: str) -> None:
    provider = providers.load(cloud)

    assert isinstance(provider, Provider)
    assert provider.name == cloud
    assert all(each.id == id_ for id_, each in provider.runtimes.items())


def test_the_readmes_test_command_is_the_one_that_ci_calls() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    command = ".venv/bin/python -m pytest"
    assert command in readme
    assert command in ci


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (shown(name) for name in ("README.md", "README.zh-CN.md"))

    assert english == chinese


def shown(name: str) -> list[str]:
    """The commands of a README without what is said about them."""
    blocks = SHELL.findall((ROOT / name).read_text(encoding="utf-8"))
    return [line.split("  #")[0].strip() for each in blocks for line in each.splitlines()]


def test_the_changelog_knows_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
