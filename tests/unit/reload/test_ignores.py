import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.errors import UsageError
from localfn.reload.ignores import FOLDERS, Ignores, Verdict

CASES = [
    ("*.log", "a.log", True),
    ("*.log", "deep/down/a.log", True),
    ("*.log", "a.log.txt", False),
    ("build/", "build", False),
    ("/top.py", "top.py", True),
    ("/top.py", "deep/top.py", False),
    ("docs/*.txt", "docs/a.txt", True),
    ("docs/*.txt", "docs/deep/a.txt", False),
    ("docs/*.txt", "other/docs/a.txt", False),
    ("docs/**/a.txt", "docs/a.txt", True),
    ("docs/**/a.txt", "docs/x/y/a.txt", True),
    ("**/gen.py", "gen.py", True),
    ("**/gen.py", "x/y/gen.py", True),
    ("out/**", "out/x/y", True),
    ("out/**", "out", False),
    ("a?c", "abc", True),
    ("a?c", "a/c", False),
    ("a[b-d]c", "acc", True),
    ("a[!b-d]c", "acc", False),
    ("a[!b-d]c", "axc", True),
    ("a[b.]c", "axc", False),
    ("te\\*st", "te*st", True),
    ("te\\*st", "teest", False),
    ("\\#odd", "#odd", True),
    ("\\!odd", "!odd", True),
    ("# a comment", "# a comment", False),
    ("", "anything", False),
    ("trailing.py   ", "trailing.py", True),
    ("[", "[", True),
]


@pytest.mark.parametrize(("pattern", "path", "ignored"), CASES)
def test_a_pattern_means_what_it_means_to_git(pattern: str, path: str, ignored: bool) -> None:
    verdict = Ignores([pattern]).of_file(path)

    assert (verdict is Verdict.IGNORED) == ignored


def test_a_pattern_that_ends_with_a_slash_is_for_folders() -> None:
    ignores = Ignores(["build/"])

    assert ignores.of_folder("x/build") is Verdict.IGNORED
    assert ignores.of_file("x/build") is Verdict.WATCHED


def test_the_last_pattern_that_matches_decides() -> None:
    ignores = Ignores(["*.log", "!keep.log", "old/keep.log"])

    assert ignores.of_file("a.log") is Verdict.IGNORED
    assert ignores.of_file("keep.log") is Verdict.WATCHED
    assert ignores.of_file("old/keep.log") is Verdict.IGNORED


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_ignored_by_default_can_be_taken_back(name: str) -> None:
    assert Ignores().of_folder(f"deep/{name}") is Verdict.IGNORED
    assert Ignores([f"!{name}/"]).of_folder(f"deep/{name}") is Verdict.WATCHED


def test_dependencies_are_watched_by_their_manifests_unless_the_user_says_otherwise() -> None:
    assert Ignores().of_folder("a/node_modules") is Verdict.MANIFEST_ONLY
    assert Ignores(["!node_modules"]).of_folder("a/node_modules") is Verdict.WATCHED
    assert Ignores(["node_modules"]).of_folder("a/node_modules") is Verdict.IGNORED


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match=r"`\[z-a\]` cannot be read") as caught:
        Ignores(["*.log", "[z-a]"])

    assert "gitignore" in caught.value.hint


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_pattern_is_read_or_refused(pattern: str, path: str) -> None:
    try:
        ignores = Ignores([pattern])
    except UsageError:
        return

    assert ignores.of_file(path) in Verdict
