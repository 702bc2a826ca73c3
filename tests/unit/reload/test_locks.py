import subprocess
from pathlib import Path

from localfn.reload.locks import Locks


def test_a_lock_is_found_in_a_folder_above(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    deep = tmp_path / "code" / "deep"
    deep.mkdir(parents=True)
    assert not Locks().held([str(deep)])

    (tmp_path / ".git" / "index.lock").touch()

    assert Locks().held([str(deep)])


def test_a_lock_of_a_worktree_is_found_where_git_keeps_it(tmp_path: Path) -> None:
    main, linked = tmp_path / "main", tmp_path / "linked"
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.com")
    for words in (
        ("init", "-q", str(main)),
        ("-C", str(main), *who, "commit", "-q", "--allow-empty", "-m", "first"),
        ("-C", str(main), "worktree", "add", "-q", str(linked)),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
    locks = Locks()
    assert not locks.held([str(linked)])

    (main / ".git" / "worktrees" / "linked" / "index.lock").touch()

    assert locks.held([str(linked)])
    assert not locks.held([str(main)])


def test_a_lock_that_was_given_up_counts_no_more_but_the_next_one_does(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    lock = tmp_path / ".git" / "index.lock"
    lock.touch()
    locks = Locks()
    locks.give_up(locks.held([str(tmp_path)]))
    assert not locks.held([str(tmp_path)])

    lock.rename(tmp_path / "kept")  # so that its inode is not used again
    lock.touch()

    assert locks.held([str(tmp_path)])
