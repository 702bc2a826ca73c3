"""How editors and tools save: each step as they take it, the last argument is the new content."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, str], None]


def in_place(file: Path, content: str) -> None:
    """VS Code, nano, most others: truncate and write."""
    file.write_text(content)


def vim(file: Path, content: str) -> None:
    """vim's defaults: a swap file, a probe named 4913, the old file moved aside."""
    swap, probe = file.with_name(f".{file.name}.swp"), file.with_name("4913")
    backup = file.with_name(f"{file.name}~")
    swap.write_bytes(b"b0VIM")
    probe.touch()
    probe.unlink()
    file.rename(backup)
    with file.open("w") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    backup.unlink()
    swap.write_bytes(b"b0VIM 9")
    swap.unlink()


def vim_copy(file: Path, content: str) -> None:
    """vim with backupcopy=yes: the old file is copied aside, the new one written in place."""
    backup = file.with_name(f"{file.name}~")
    shutil.copy2(file, backup)
    file.write_text(content)
    backup.unlink()


def atomic(file: Path, content: str) -> None:
    """gofmt, ruff, many formatters: a new file beside it, then renamed onto it."""
    beside = file.with_name(f"{file.name}.tmp-8123")
    beside.write_text(content)
    beside.replace(file)


def safe_write(file: Path, content: str) -> None:
    """JetBrains: the new one beside it, the old one moved aside, the new one moved in."""
    new = file.with_name(f"{file.name}___jb_tmp___")
    old = file.with_name(f"{file.name}___jb_old___")
    new.write_text(content)
    file.rename(old)
    new.rename(file)
    old.unlink()


def emacs(file: Path, content: str) -> None:
    """Emacs: a lock that is a link to nowhere, an auto-save file, a backup."""
    lock, auto = file.with_name(f".#{file.name}"), file.with_name(f"#{file.name}#")
    lock.symlink_to("me@here.1234:1")
    auto.write_text(content)
    shutil.copy2(file, file.with_name(f"{file.name}~"))
    file.write_text(content)
    auto.unlink()
    lock.unlink()


def sed(file: Path, content: str) -> None:
    """`sed -i`, the program itself: replaces all there is by the content of another file."""
    given = file.parent.parent / "given"
    given.write_text(content)
    subprocess.run(["sed", "-i", "-n", f"1r {given}", str(file)], check=True)


def slowly(file: Path, content: str) -> None:
    """A slow disk or a large file: half of it, a pause, the rest."""
    half = len(content) // 2
    with file.open("w") as opened:
        opened.write(content[:half])
        opened.flush()
        time.sleep(0.12)
        opened.write(content[half:])


def deleted_and_back(file: Path, content: str) -> None:
    """Deleted, then written anew."""
    file.unlink()
    file.write_text(content)


SAVES: dict[str, Save] = {
    each.__name__: each
    for each in (
        in_place,
        vim,
        vim_copy,
        atomic,
        safe_write,
        emacs,
        sed,
        slowly,
        deleted_and_back,
    )
}
