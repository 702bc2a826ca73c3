import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localfn.reload.ignores import Ignores
from localfn.reload.lookout import LookoutLost, What
from localfn.reload.observed import FolderLookout
from localfn.reload.scope import Root
from localfn.reload.watcher import Watcher
from tests.unit.reload.conftest import LIMIT_S, LOOKOUTS, Recorder, Watch, watching
from tests.unit.reload.saves import SAVES, Save, slowly

# watchdog 7.1's own emitter for Linux warns about itself after `mkdir -p`; localfn uses it on no
# Linux, only here, where no other system's emitter can be had.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


def edit_another_way(home: Path) -> dict[str, str]:
    (home / "code" / "more.py").write_text("new")
    return {"code/more.py": "added"}


def delete(home: Path) -> dict[str, str]:
    (home / "code" / "index.py").unlink()
    return {"code/index.py": "removed"}


def rename(home: Path) -> dict[str, str]:
    (home / "code" / "index.py").rename(home / "code" / "main.py")
    return {"code/index.py": "removed", "code/main.py": "added"}


def make_folders(home: Path) -> dict[str, str]:
    (home / "code" / "a" / "b").mkdir(parents=True)
    (home / "code" / "a" / "b" / "deep.py").write_text("deep")
    return {"code/a/b/deep.py": "added"}


def move_a_folder_in(home: Path) -> dict[str, str]:
    (home / "made").mkdir()
    (home / "made" / "lib.py").write_text("lib")
    (home / "made").rename(home / "code" / "lib")
    return {"code/lib/lib.py": "added"}


def build_anew(home: Path) -> dict[str, str]:
    shutil.rmtree(home / "code" / "dist")
    (home / "code" / "dist").mkdir()
    (home / "code" / "dist" / "built.js").write_text("2")
    return {"code/dist/built.js": "changed"}


def delete_a_folder(home: Path) -> dict[str, str]:
    shutil.rmtree(home / "code" / "dist")
    return {"code/dist/built.js": "removed"}


def swap_folders(home: Path) -> dict[str, str]:
    (home / "code" / "next").mkdir()
    (home / "code" / "next" / "built.js").write_text("3")
    (home / "code" / "dist").rename(home / "old")
    (home / "code" / "next").rename(home / "code" / "dist")
    return {"code/dist/built.js": "changed"}


def make_executable(home: Path) -> dict[str, str]:
    (home / "code" / "index.py").chmod(0o755)
    return {"code/index.py": "changed"}


def keep_the_time(home: Path) -> dict[str, str]:
    file = home / "code" / "index.py"
    told = file.stat()
    file.write_text("two")  # as long as before
    os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
    return {"code/index.py": "changed"}


DEEDS = [
    edit_another_way,
    delete,
    rename,
    make_folders,
    move_a_folder_in,
    build_anew,
    delete_a_folder,
    swap_folders,
    make_executable,
]
QUICK = {name: save for name, save in SAVES.items() if save is not slowly}
Deed = Callable[[Path], dict[str, str]]


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_a_save_is_one_change_of_one_file(save: Save, watch: Watch) -> None:
    save(watch.home / "code" / "index.py", "the content after it was saved")

    assert watch.news() == {"code/index.py": "changed"}
    assert (watch.home / "code" / "index.py").read_text() == "the content after it was saved"


@pytest.mark.parametrize("save", QUICK.values(), ids=QUICK)
def test_a_save_of_the_same_content_is_no_change(save: Save, watch: Watch) -> None:
    save(watch.home / "code" / "index.py", "one")

    assert watch.news() == {}


def test_half_a_file_is_no_change_where_closing_is_told(tmp_path: Path, code: Path) -> None:
    with watching(tmp_path, Root(code)) as watch:
        slowly(code / "index.py", "one")

        assert watch.news() == {}


@pytest.mark.parametrize("deed", DEEDS, ids=lambda each: each.__name__)
def test_what_becomes_of_files_is_told(
    deed: Deed, tmp_path: Path, code: Path, lookout: str
) -> None:
    (code / "dist").mkdir()
    (code / "dist" / "built.js").write_text("1")
    with watching(tmp_path, Root(code), lookout=lookout) as watch:
        expected = deed(tmp_path)

        assert watch.news() == expected


def test_a_change_is_seen_that_left_size_and_time_as_they_were(tmp_path: Path, code: Path) -> None:
    with watching(tmp_path, Root(code)) as watch:
        assert watch.news() == {}

        assert keep_the_time(tmp_path) == watch.news()


def test_touch_is_no_change(watch: Watch) -> None:
    (watch.home / "code" / "index.py").touch()

    assert watch.news() == {}


def test_a_file_in_a_folder_that_was_made_under_watch_is_watched_too(watch: Watch) -> None:
    make_folders(watch.home)
    watch.news()

    (watch.home / "code" / "a" / "b" / "deep.py").write_text("deeper")

    assert watch.news() == {"code/a/b/deep.py": "changed"}


def test_a_checkout_is_one_batch(tmp_path: Path, code: Path, lookout: str) -> None:
    git = repository(tmp_path)
    for number in range(300):
        (code / f"f{number}.py").write_text("main")
    git("add", ".")
    git("commit", "-qm", "main")
    git("checkout", "-qb", "other")
    for number in range(300):
        (code / f"f{number}.py").write_text("other")
    git("commit", "-qam", "other")
    with watching(tmp_path, Root(code), lookout=lookout) as watch:
        git("checkout", "-q", "main" if git("branch", "--list", "main") else "master")

        told = watch.recorder.await_path("code/f299.py")
        assert len(told) == 1
        assert len(told[0]) == 300


def test_a_checkout_and_back_is_no_change(tmp_path: Path, code: Path) -> None:
    """As long as git holds its lock nothing is final."""
    repository(tmp_path)
    lock = tmp_path / ".git" / "index.lock"
    with watching(tmp_path, Root(code)) as watch:
        lock.touch()
        (code / "index.py").write_text("two")
        await_doubt(watch.recorder)
        (code / "index.py").write_text("one")
        lock.unlink()

        assert watch.news() == {}


def test_a_lock_that_git_left_behind_is_waited_for_once(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localfn.reload.watcher.LOCK_S", 0.2)
    repository(tmp_path)
    (tmp_path / ".git" / "index.lock").touch()
    with watching(tmp_path, Root(code)) as watch:
        (code / "index.py").write_text("two")

        assert watch.news() == {"code/index.py": "changed"}

        monkeypatch.setattr("localfn.reload.watcher.LOCK_S", 3600)
        (code / "index.py").write_text("three")
        assert watch.news() == {"code/index.py": "changed"}


def test_a_root_that_vanishes_and_comes_back_is_told_as_replaced(
    watch: Watch, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "code")
    watch.recorder.await_path("code")
    assert watch.recorder.told()[-1] == {"code": "removed", "code/index.py": "removed"}

    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text("two")

    assert {"code": "replaced", "code/index.py": "added"}.items() <= watch.news().items()
    # The folder may have been seen before the file was whole.
    watch.news()
    (tmp_path / "code" / "index.py").write_text("three")
    assert watch.news() == {"code/index.py": "changed"}


def test_a_root_made_anew_with_the_same_content_is_told_as_replaced(
    watch: Watch, tmp_path: Path
) -> None:
    """A container that has the old folder mounted sees nothing any more."""
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "index.py").write_text("one")
    (tmp_path / "code").rename(tmp_path / "old")
    (tmp_path / "next").rename(tmp_path / "code")

    told = watch.news()

    assert told.pop("code") == "replaced"
    # Where the two steps were seen one by one, the file went and came.
    assert told in ({}, {"code/index.py": "added"})


def test_a_root_that_is_not_there_yet_is_awaited(tmp_path: Path, lookout: str) -> None:
    with watching(tmp_path, Root(tmp_path / "out" / "dist"), lookout=lookout) as watch:
        (tmp_path / "out" / "dist").mkdir(parents=True)
        (tmp_path / "out" / "dist" / "built.js").write_text("1")

        assert watch.news("out/dist") == {"out/dist/built.js": "added"}


def test_a_root_that_is_a_file_is_told_whatever_else_happens_beside_it(
    tmp_path: Path, lookout: str
) -> None:
    template = tmp_path / "s.yaml"
    template.write_text("edition: 1.0.0")
    (tmp_path / "other").mkdir()
    roots = Root(template), Root(tmp_path / "other")
    with watching(tmp_path, *roots, lookout=lookout) as watch:
        (tmp_path / "README.md").write_text("beside")
        for save in SAVES.values():
            save(template, f"edition: 3.0.0 # {save.__name__}")

            assert watch.news("other") == {"s.yaml": "changed"}, save.__name__
        template.unlink()
        assert watch.news("other") == {"s.yaml": "removed"}
        template.write_text("edition: 3.0.0")
        assert watch.news("other") == {"s.yaml": "added"}


def test_what_editors_and_tools_leave_about_is_no_change(watch: Watch) -> None:
    code = watch.home / "code"
    folders = ("__pycache__", ".git", ".venv", ".idea", ".localfn")
    files = (".index.py.swp", "index.py~", "4913", ".#index.py", "a.pyc", "#index.py#")
    for folder in folders:
        (code / folder).mkdir()
        (code / folder / "file").write_text("noise")
    for file in files:
        (code / file).write_text("noise")

    assert watch.news() == {}
    assert not {each.name for each in watch.recorder.doubts} & {*folders, *files, "file"}


def test_ignored_files_of_the_user_are_no_change(tmp_path: Path, code: Path, lookout: str) -> None:
    (code / "logs").mkdir()
    root = Root(code, Ignores(["logs/", "*.db", "!keep.db"]))
    with watching(tmp_path, root, lookout=lookout) as watch:
        (code / "logs" / "today.py").write_text("")
        (code / "cache.db").write_text("")
        (code / "keep.db").write_text("")

        assert watch.news() == {"code/keep.db": "added"}


def test_dependencies_are_watched_by_what_says_that_they_are_installed(
    tmp_path: Path, code: Path, lookout: str
) -> None:
    modules, packages = code / "node_modules", code / "lib" / "site-packages"
    (modules / "left-pad").mkdir(parents=True)
    (packages / "requests").mkdir(parents=True)
    with watching(tmp_path, Root(code), lookout=lookout) as watch:
        (modules / "left-pad" / "index.js").write_text("")
        (packages / "requests" / "api.py").write_text("")
        assert watch.news() == {}

        (modules / ".package-lock.json").write_text("{}")
        (packages / "requests-2.32.dist-info").mkdir()
        assert watch.news() == {
            "code/node_modules/.package-lock.json": "added",
            "code/lib/site-packages/requests-2.32.dist-info": "added",
        }


def test_files_behind_links_are_watched(tmp_path: Path, code: Path) -> None:
    shared, outside = tmp_path / "shared", tmp_path / "outside"
    for folder in (shared, outside):
        folder.mkdir()
        (folder / "common.py").write_text("one")
    (code / "shared").symlink_to(shared)
    (code / "common.py").symlink_to(outside / "common.py")
    (code / "loop").symlink_to(code)
    (shared / "up").symlink_to(tmp_path)
    with watching(tmp_path, Root(code)) as watch:
        (shared / "common.py").write_text("two")
        (outside / "common.py").write_text("two")

        assert watch.news() == {"code/shared/common.py": "changed", "code/common.py": "changed"}

        (code / "shared").unlink()
        (code / "shared").symlink_to(outside)
        assert watch.news() == {}
        (outside / "more.py").write_text("")
        assert watch.news() == {"code/shared/more.py": "added"}


def test_a_root_that_is_a_link_may_be_led_elsewhere(tmp_path: Path, code: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.py").write_text("other")
    link = tmp_path / "current"
    link.symlink_to(code)
    with watching(tmp_path, Root(link)) as watch:
        (code / "index.py").write_text("two")
        assert watch.news("current") == {"current/index.py": "changed"}

        (tmp_path / "next").symlink_to(other)
        (tmp_path / "next").replace(link)
        assert (
            watch.news("current").items()
            >= {"current": "replaced", "current/index.py": "changed"}.items()
        )
        (other / "index.py").write_text("three")
        assert watch.news("current") == {"current/index.py": "changed"}


def test_a_file_that_is_kept_open_is_told_when_it_is_closed(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log file: one wait at its first line, none at the others."""
    monkeypatch.setattr("localfn.reload.burst.MOST_S", 0.2)
    with watching(tmp_path, Root(code)) as watch:
        with (code / "app.log").open("w") as opened:
            for line in ("one", "two", "three"):
                opened.write(line)
                opened.flush()
                assert watch.news() == {}
            assert watch.recorder.doubts.count(code / "app.log") == 1

        assert watch.news() == {"code/app.log": "added"}


def test_a_file_whose_end_nobody_tells_is_taken_as_written_after_a_while(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localfn.reload.burst.MOST_S", 0.1)
    monkeypatch.setattr("localfn.reload.burst.OPEN_S", 0.3)
    with watching(tmp_path, Root(code)) as watch:
        os.truncate(code / "index.py", 1)

        assert watch.recorder.await_path("code/index.py") == [{"code/index.py": "changed"}]


def test_every_doubt_is_followed_by_a_batch(watch: Watch) -> None:
    (watch.home / "code" / "index.py").write_text("two")
    watch.news()
    (watch.home / "code" / "index.py").touch()
    watch.news()

    assert not watch.recorder.in_doubt


def test_roots_can_be_changed_while_the_watcher_reports(tmp_path: Path, code: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    class Adding(Recorder):
        def settle(self, batch):
            watcher.watch([Root(other)])
            super().settle(batch)

    recorder = Adding(tmp_path)
    with Watcher([Root(code)], recorder, print, LOOKOUTS["folders"]) as watcher:
        watch = Watch(tmp_path, recorder, watcher)
        watch.news()
        (code / "index.py").write_text("two")
        (other / "new.py").write_text("")

        assert watch.news("other") == {"other/new.py": "added"}


def test_a_large_tree_takes_only_the_watches_that_matter(tmp_path: Path, code: Path) -> None:
    for package in range(350):
        for inner in ("lib/a/b/c", "test/a/b/c", "node_modules/x"):
            (code / "node_modules" / f"p{package}" / inner).mkdir(parents=True)
    for number in range(400):
        (code / ".git" / "objects" / f"{number:03x}").mkdir(parents=True)
    for number in range(70):
        (code / "src" / f"m{number}" / "__pycache__").mkdir(parents=True)
    all_folders = sum(len(folders) for _, folders, _ in os.walk(code))
    lookout = FolderLookout()
    recorder = Recorder(tmp_path)
    assert all_folders > 4000

    with Watcher([Root(code)], recorder, print, lambda trees: lookout) as watcher:
        assert lookout.watches < 200
        (code / "src" / "m69" / "new.py").write_text("")
        assert Watch(tmp_path, recorder, watcher).news() == {"code/src/m69/new.py": "added"}
        shutil.rmtree(code / "src")
        recorder.await_path("code/src/m69/new.py")
        Watch(tmp_path, recorder, watcher).news()
        assert lookout.watches < 10


@pytest.mark.parametrize("when", ["opening", "covering"])
def test_the_files_are_looked_at_again_and_again_where_the_system_has_no_more_watches(
    when: str, tmp_path: Path, code: Path
) -> None:
    class Exhausted(FolderLookout):
        def cover(self, folders, *, keep=False):
            raise LookoutLost("the system's limit of watches is reached")

    def open_lookout(trees):
        if when == "opening":
            raise LookoutLost("the system's limit of watches is reached")
        return Exhausted()

    said: list[str] = []
    recorder = Recorder(tmp_path)
    with Watcher([Root(code)], recorder, said.append, open_lookout) as watcher:
        (code / "index.py").write_text("two")

        assert Watch(tmp_path, recorder, watcher).news() == {"code/index.py": "changed"}
    assert said == [
        "reload: the system's limit of watches is reached; looking at the files every 0.4 s instead"
    ]


def test_the_files_are_looked_at_again_and_again_on_a_share_of_another_machine(
    tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"36 35 98:0 / {code} rw,noatime shared:1 - nfs4 host:/share rw\n")
    monkeypatch.setattr("localfn.reload.filesystems.MOUNTS", mounts)
    said: list[str] = []
    recorder = Recorder(tmp_path)
    with Watcher([Root(code)], recorder, said.append) as watcher:
        (code / "index.py").write_text("two")

        assert Watch(tmp_path, recorder, watcher).news() == {"code/index.py": "changed"}
    (line,) = said
    assert line == (
        f"reload: `{code}` is on nfs4, where changes come without notice; "
        "looking at the files every 0.4 s instead"
    )


def test_everything_is_looked_at_when_the_system_lost_count(tmp_path: Path, code: Path) -> None:
    class Deaf(FolderLookout):
        """Hears nothing but that something was lost."""

        def __init__(self) -> None:
            super().__init__()
            hear = self.next
            self.next = lambda limit_s: lost(hear(limit_s))

    def lost(notice):
        return notice and notice._replace(path="", what=What.LOST)

    recorder = Recorder(tmp_path)
    with Watcher([Root(code)], recorder, print, lambda trees: Deaf()):
        make_folders(tmp_path)

        assert recorder.await_path("code/a/b/deep.py") == [{"code/a/b/deep.py": "added"}]


def test_a_report_that_fails_does_not_end_the_watch(
    tmp_path: Path, code: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Recorder):
        def settle(self, batch):
            super().settle(batch)
            if len(self.batches) == 1:
                raise RuntimeError("no")

    recorder = Failing(tmp_path)
    with Watcher([Root(code)], recorder, print):
        (code / "index.py").write_text("two")
        recorder.await_path("code/index.py")
        (code / "more.py").write_text("")
        recorder.await_path("code/more.py")

    assert "a change could not be dealt with" in caplog.text


def test_a_watcher_closes_twice_and_gives_its_threads_back(tmp_path: Path, code: Path) -> None:
    import threading

    before = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with watching(tmp_path, Root(code)) as watch:
        watch.watcher.close()
    deadline = time.monotonic() + LIMIT_S
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)

    assert set(threading.enumerate()) <= before
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) == descriptors


def repository(home: Path) -> Callable[..., str]:
    def git(*words: str) -> str:
        who = ("-c", "user.name=Me", "-c", "user.email=me@example.com")
        done = subprocess.run(
            ["git", *who, *words], cwd=home, check=True, capture_output=True, text=True
        )
        return done.stdout

    git("init", "-q")
    return git


def await_doubt(recorder: Recorder) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not recorder.doubts and time.monotonic() < deadline:
        time.sleep(0.001)
    assert recorder.doubts


def test_whoever_catches_up_after_a_save_finds_it_in_doubt(tmp_path: Path, code: Path) -> None:
    with watching(tmp_path, Root(code)) as watch:
        for number in range(100):
            name = f"f{number}.py"
            (code / name).write_text("new")

            watch.watcher.catch_up()

            assert code / name in watch.recorder.doubts
