"""A view of the files of its own for a process, on Linux, without extra rights.

In a mount namespace the machine's `/tmp` is hidden behind a private folder, and folders stand
where the function expects them, even where this machine has no such place. Ordinary users get one
through a user namespace, where the kernel lets them; nothing is changed outside the process.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from localfn.model import Mount

TMP = Path("/tmp")  # noqa: S108 - the folder that functions write to
ROOT = Path("/")
PROBE_LIMIT_S = 2.0
# The function's own PATH may lead to other programs of these names.
PROGRAMS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
# A folder with more entries is not rebuilt: each one costs a millisecond.
MOST_ENTRIES = 100


class View(NamedTuple):
    """A command that sees files as it should, and whether its `/tmp` is its own."""

    command: tuple[str, ...]
    private_tmp: bool


def wrap(
    command: tuple[str, ...],
    tmp: Path,
    needed: Iterable[Path],
    mounts: Sequence[Mount] = (),
    folder: Path | None = None,
) -> View:
    """Return the command run so that it sees `tmp` as `/tmp`, and `mounts` at their targets.

    Unchanged where that cannot be. `needed` are paths that the command must still see: below
    `/tmp` they would be hidden. The command starts in `folder`. Beside `tmp` a second folder may
    be made for building: `stage_of(tmp)`.
    """
    seen = (*needed, *(each.source for each in mounts))
    private_tmp = not any(_below(each, TMP) for each in seen)
    # Asked last: the answer costs two programs.
    prefix = unshare() if private_tmp or mounts else ()
    if not prefix:
        return View(command, private_tmp=False)
    script = "\n".join(_script(mounts, stage_of(tmp), tmp if private_tmp else None, folder))
    return View((*prefix, _program("sh"), "-ec", script, "sh", *command), private_tmp)


def stage_of(tmp: Path) -> Path:
    """Return the folder that a view with the private folder `tmp` is built in, if it needs one."""
    return tmp.with_name(f"{tmp.name}.stage")


def can_show(target: str, needed: Iterable[Path] = ()) -> bool:
    """Return whether a process can be made to see a folder at this path.

    Not where that would hide what is `needed`, or where this machine allows no namespace.
    """
    hidden = any(Path(each).absolute().is_relative_to(target) for each in needed)
    if hidden or any(_below(each, Path(target).resolve()) for each in needed) or not unshare():
        return False
    start = _start(Path(target).resolve())
    return start is None or len(os.listdir(start)) <= MOST_ENTRIES


@cache
def unshare() -> tuple[str, ...]:
    """Return the words that start a program in a mount namespace; empty where none can be had."""
    if sys.platform != "linux":
        return ()
    as_user = ("--user", "--map-current-user", "--keep-caps")
    prefix = (_program("unshare"), "--mount", *(() if os.geteuid() == 0 else as_user))
    try:
        done = subprocess.run(
            (*prefix, _program("mount"), "--bind", "/tmp", "/tmp"),  # noqa: S108
            capture_output=True,
            check=False,
            timeout=PROBE_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if done.returncode else prefix


def _program(name: str) -> str:
    found = (f"{folder}/{name}" for folder in PROGRAMS if os.access(f"{folder}/{name}", os.X_OK))
    return next(found, name)


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder)


def _script(
    mounts: Sequence[Mount], stage: Path, tmp: Path | None, folder: Path | None
) -> Iterator[str]:
    """Yield the lines of a shell script that builds the view and becomes the command."""
    targets = sorted((Path(each.target).resolve(), each) for each in mounts)
    # What lies below a private `/tmp` is made there.
    starts = {target: _start(target) for target, _ in targets if not (tmp and _below(target, TMP))}
    root = str(stage) if ROOT in starts.values() else ""
    for start in sorted({each for each in starts.values() if each is not None}):
        yield from _rebuilt(start, stage, [each for each in starts if starts[each] == start])
    if tmp is not None:
        yield f"{_program('mount')} --bind {_quoted(tmp)} {_quoted(f'{root}{TMP}')}"
    for target, mount in targets:
        yield from _bound(mount, f"{root}{target}")
    # Again, and by name: the folder that the process started in may be hidden by now.
    enter = f"cd {_quoted(folder)}; " if folder is not None else ""
    run = f'{enter}exec "$@"'
    changed = f'exec {_program("chroot")} {_quoted(root)} /bin/sh -ec {_quoted(run)} sh "$@"'
    yield changed if root else run


def _start(target: Path) -> Path | None:
    """Return the folder to rebuild so that a target can be; None where it is already there."""
    if target.is_dir():
        return None
    return next(each for each in target.parents if each.is_dir())


def _rebuilt(start: Path, stage: Path, targets: Sequence[Path]) -> Iterator[str]:
    """Yield what replaces a folder by one that holds the same, and the targets besides."""
    mount, mkdir, own = _program("mount"), _program("mkdir"), _quoted(stage)
    yield f"{mkdir} -p {own} && {mount} -t tmpfs -o mode=755 localfn {own}"
    for entry in os.scandir(start):
        here, there = _quoted(entry.path), _quoted(stage / entry.name)
        if entry.is_symlink():
            yield f"{_program('ln')} -s {_quoted(os.readlink(entry.path))} {there}"
        elif entry.is_dir():
            yield f"{mkdir} {there} && {mount} --rbind {here} {there}"
        else:
            yield f": > {there} && {mount} --bind {here} {there}"
    for target in targets:
        yield f"{mkdir} -p {_quoted(stage / target.relative_to(start))}"
    if start != ROOT:
        yield f"{mount} --rbind {own} {_quoted(start)} && {_program('umount')} -l {own}"


def _bound(mount: Mount, target: str) -> Iterator[str]:
    program, there = _program("mount"), _quoted(target)
    yield f"{_program('mkdir')} -p {there} && {program} --bind {_quoted(mount.source)} {there}"
    if not mount.writable:
        # Refused to ordinary users where the file system below has flags of its own.
        yield f"{program} -o remount,bind,ro {there} 2>/dev/null || :"


def _quoted(text: object) -> str:
    return shlex.quote(str(text))
