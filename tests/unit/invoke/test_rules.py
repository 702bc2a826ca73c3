"""Rules as git reads them: git itself is asked where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.invoke.rules import Rules

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
NAMES = ("a", "b", "ab", "lib", "x y", "#n", "!m", "[c", "a.py")
BELOW = ("a.py", "b", "lib/a", "lib/b", "a/b/a.py", "#n", "!m", "x y")
FILES = tuple(f"{first}/{second}" for first in NAMES[:6] for second in BELOW)
FILES = (*FILES, "a.py", "x.txt", "!m", "[c", "a!b")
WILD = ("*", "**", "***", "?", "*.py", "a*", "*b", "a**b")
SETS = ("[ab]", "[!a]", "[^b-z]", "[]a]", "[[:alpha:]]", "[z-a]", "[a", "[\\]a]", "a[!/]b")
ESCAPED = ("\\a", "x\\ y", "\\#n", "\\!m", "\\[c")
STEPS = st.sampled_from([*NAMES, *WILD, *SETS, *ESCAPED])
LINES = st.builds(
    lambda no, slash, steps, end: f"{no}{slash}{'/'.join(steps)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(STEPS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "  ", "/ ", "\\ ", "\r"]),
)


def left(lines: list[str]) -> set[str]:
    """The files that the rules leave, decided from the top as a walk does."""
    rules = Rules(lines)
    return {path for path in FILES if not any(rules.hides(each) for each in steps(path))}


def steps(path: str) -> list[str]:
    folders = path.split("/")[:-1]
    return ["/".join(folders[: n + 1]) + "/" for n in range(len(folders))] + [path]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    subprocess.run(["git", "init", "-q", folder], check=True)
    for each in FILES:
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).touch()
    return folder


@needs_git
@given(lines=st.lists(LINES, min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_rules_leave_what_git_leaves(repository: Path, lines: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(lines) + "\n", newline="")
    told = subprocess.run(
        ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )

    assert left(lines) == {each for each in told.stdout.split("\0") if each} - {".gitignore"}


@pytest.mark.parametrize(
    ("lines", "path", "hidden"),
    [
        (["*.log"], "deep/er/a.log", True),
        (["/a.log"], "deep/a.log", False),
        (["a/b"], "a/b", True),
        (["a/b"], "x/a/b", False),
        (["tests/"], "tests", False),
        (["tests/"], "x/tests/", True),
        (["a/**"], "a/", False),
        (["a/**"], "a/b/c", True),
        (["**/b"], "b", True),
        (["a/**/b"], "a/b", True),
        (["a/**/b"], "a/x/y/b", True),
        (["*", "!lib", "!*.py"], "lib/", False),
        (["*.py", "!keep.py"], "keep.py", False),
        (["!keep.py", "*.py"], "keep.py", True),
        (["# note", "", "   "], "# note", False),
        (["trailing  "], "trailing", True),
        (["[a"], "[a", False),
        (["*"], ".hidden", True),
        (["a?c"], "a/c", False),
        (["数据/*.csv"], "数据/一.csv", True),
    ],
)
def test_a_rule_hides_what_git_would(lines: list[str], path: str, *, hidden: bool) -> None:
    assert Rules(lines).hides(path) is hidden


def test_stars_side_by_side_cost_no_more_than_one() -> None:
    rules = Rules(["**/" * 30 + "b"])

    assert not rules.hides("/".join("a" * 200) + "/c")
