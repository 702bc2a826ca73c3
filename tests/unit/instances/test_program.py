"""What the kernel would say about a start command, said before it is run."""

import errno
import struct
import sys
from pathlib import Path

import pytest

from localfn.instances.program import find_flaw, find_program, has_windows_lines, own_architecture

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other programs")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bootstrap"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHI", 2, machine, 1) + b"\0" * 40


def test_a_script_has_no_flaw(program: Path) -> None:
    assert find_flaw(program) is None


def test_a_file_that_is_not_there_is_told(program: Path) -> None:
    flaw = find_flaw(program.with_name("absent"))

    assert flaw is not None
    assert flaw.errno == errno.ENOENT


def test_a_file_that_is_not_executable_is_told_with_the_command_that_mends_it(
    program: Path,
) -> None:
    program.chmod(0o644)

    flaw = find_flaw(program)

    assert flaw is not None
    assert flaw.errno == errno.EACCES
    assert f"chmod +x {program}" in flaw.advice


@linux
@pytest.mark.parametrize(
    "content",
    [b"exec python3 app.py\n", b"#!\nexit\n", elf(0x16), b"MZ\x90", b"\xcf\xfa\xed\xfe", b""],
    ids=["no first line", "no interpreter", "s390x", "Windows", "macOS", "empty"],
)
def test_a_file_of_a_wrong_format_is_told(program: Path, content: bytes) -> None:
    program.write_bytes(content)

    flaw = find_flaw(program)

    assert flaw is not None
    assert flaw.errno == errno.ENOEXEC


@linux
def test_a_program_of_this_architecture_has_no_flaw() -> None:
    assert find_flaw(Path(sys.executable).resolve()) is None


@linux
def test_a_program_is_held_against_the_architecture_of_its_container() -> None:
    program = Path(sys.executable).resolve()

    flaw = find_flaw(program, "riscv64")

    assert flaw is not None
    assert f"built for {own_architecture()}, and runs on riscv64" in flaw.advice


def test_an_interpreter_that_is_not_here_is_told_for_a_process_only(program: Path) -> None:
    program.write_text("#!/opt/nowhere/ruby\n")

    flaw = find_flaw(program)

    assert flaw is not None
    assert "`/opt/nowhere/ruby`" in flaw.advice
    assert find_flaw(program, own_architecture()) is None


def test_the_lines_of_windows_are_told(program: Path) -> None:
    program.write_bytes(b"#!/bin/sh\r\nexit 0\r\n")

    flaw = find_flaw(program)

    assert flaw is not None
    assert "dos2unix" in flaw.advice
    assert has_windows_lines(program)


def test_a_word_without_a_slash_is_looked_for_on_the_path(program: Path, tmp_path: Path) -> None:
    assert find_program("bootstrap", Path("/"), f"/nowhere:{tmp_path}") == program
    assert find_program("bootstrap", tmp_path, "/nowhere") is None
    assert find_program("./bootstrap", tmp_path, "/nowhere") == program
