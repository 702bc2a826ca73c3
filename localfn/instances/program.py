"""A look at a start command before it is run: whether the kernel will take it.

A shell stands between us and the program where `/tmp` is private, and a shell forgives (it runs
scripts without a first line) or words failures its own way; the cloud does neither.
"""

import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

HEAD_BYTES = 256
ELF = b"\x7fELF"
# Machines of ELF files by the names that people use (and container engines).
MACHINES: Mapping[int, str] = {
    0x03: "386",
    0x28: "arm",
    0x3E: "amd64",
    0xB7: "arm64",
    0xF3: "riscv64",
    0x15: "ppc64le",
    0x16: "s390x",
}
NAMES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386"}
# What an architecture runs beside its own programs.
ALSO: Mapping[str, frozenset[str]] = {"amd64": frozenset({"386"})}
FOREIGN: Mapping[bytes, str] = {
    b"\xcf\xfa\xed\xfe": "for macOS",
    b"\xca\xfe\xba\xbe": "for macOS (or a Java class)",
    b"MZ": "for Windows",
}


class Flaw(NamedTuple):
    """Why a program cannot be run: the kernel's error number, and what to do about it."""

    errno: int
    advice: str


def find_flaw(program: Path, architecture: str = "") -> Flaw | None:
    """Return what is wrong with a program, None when the kernel should take it.

    `architecture` names that of a container it will run in; without one it is this machine.
    """
    if not program.exists():
        return Flaw(errno.ENOENT, f"There is no `{program}`.")
    if program.is_dir() or not os.access(program, os.R_OK):
        return Flaw(errno.EACCES, f"`{program}` is a folder, or may not be read.")
    if not program.stat().st_mode & 0o111:
        return Flaw(errno.EACCES, f"Make it executable: `chmod +x {program}`.")
    with program.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    here = not architecture
    if head.startswith(b"#!"):
        return _flaw_of_script(program, head, here=here)
    if here and sys.platform != "linux":
        return _flaw_elsewhere(program, head)
    if head.startswith(ELF):
        return _flaw_of_elf(program, head, architecture or own_architecture())
    return _flaw_of_other(program, head)


def own_architecture() -> str:
    """Return this machine's architecture as container engines name it."""
    machine = platform.machine()
    return NAMES.get(machine, machine)


def has_windows_lines(program: Path) -> bool:
    """Return whether a script's first line ends as on Windows: its `\\r` is read too."""
    try:
        with program.open("rb") as opened:
            first = opened.read(HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        return False
    return first.startswith(b"#!") and first.endswith(b"\r")


def windows_lines(program: Path) -> str:
    """Return what to do about them."""
    return f"The lines of `{program}` end as on Windows: convert it (`dos2unix {program.name}`)."


def find_program(word: str, folder: Path, path: str) -> Path | None:
    """Return the file that a command's first word means, None where there is none."""
    if "/" in word:
        return folder / word
    for each in path.split(os.pathsep):
        found = Path(each or ".", word)
        if os.access(found, os.X_OK) and not found.is_dir():
            return found
    return None


def _flaw_of_script(program: Path, head: bytes, *, here: bool) -> Flaw | None:
    line = head[2:].partition(b"\n")[0].strip(b" \t")
    if not line:
        return Flaw(errno.ENOEXEC, f"The first line of `{program}` names no interpreter.")
    word = line.split()[0]
    # With an argument it is the interpreter that trips over it, and says so.
    if line == word + b"\r":
        return Flaw(errno.ENOENT, windows_lines(program))
    interpreter = word.decode("utf-8", "replace")
    if here and not os.path.exists(interpreter):
        advice = f"The first line of `{program}` names `{interpreter}`, which is not here."
        return Flaw(errno.ENOENT, advice)
    return None


def _flaw_of_elf(program: Path, head: bytes, architecture: str) -> Flaw | None:
    order = ">" if head[5] == 2 else "<"
    number = struct.unpack_from(f"{order}H", head, 18)[0]
    machine = MACHINES.get(number, f"machine {number}")
    if machine == architecture or machine in ALSO.get(architecture, ()):
        return None
    return Flaw(
        errno.ENOEXEC,
        f"`{program}` is built for {machine}, and runs on {architecture}: build it for that "
        f"(Go: `GOOS=linux GOARCH={architecture}`).",
    )


def _flaw_of_other(program: Path, head: bytes) -> Flaw:
    for magic, told in FOREIGN.items():
        if head.startswith(magic):
            return Flaw(errno.ENOEXEC, f"`{program}` is built {told}: build it for Linux.")
    return Flaw(
        errno.ENOEXEC,
        f"`{program}` is neither a program for Linux nor a script: its first line must be such as "
        "`#!/bin/sh`.",
    )


def _flaw_elsewhere(program: Path, head: bytes) -> Flaw | None:
    """Return what is wrong on a system that has programs of another kind than the clouds."""
    if not head.startswith(ELF):
        return None
    advice = f"`{program}` is built for Linux: run it in a container, `--runner docker`."
    return Flaw(errno.ENOEXEC, advice)
