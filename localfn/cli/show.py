"""How results are shown: standard output is data, standard error is talk."""

import json
import sys
from pathlib import Path

import click

from localfn.errors import ExitCode
from localfn.model import Result

ENVELOPE = 1


def say(line: str) -> None:
    """Tell the person at the terminal something."""
    click.echo(f"localfn: {line}", err=True)


def short(path: Path) -> str:
    """Return a path as a person would write it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def follow(text: bytes) -> None:
    """Pass on a piece of the function's log as it comes."""
    sys.stderr.buffer.write(text)
    sys.stderr.buffer.flush()


def answer(result: Result) -> None:
    """Write the function's answer, byte for byte; end the line only for a person's eyes."""
    sys.stdout.buffer.write(result.payload)
    if sys.stdout.isatty() and result.payload and not result.payload.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def advice(result: Result) -> None:
    """Write what no cloud says: one line on how to go on."""
    if result.failure is not None and result.failure.advice:
        click.echo(f"\nhint: {result.failure.advice}", err=True)


def envelope(result: Result) -> str:
    """Return a result as JSON, for machines. Keys are only ever added; `version` counts breaks."""
    failure = result.failure
    told: dict[str, object] = {
        "version": ENVELOPE,
        "function": result.invocation.function.key,
        "request_id": result.invocation.id,
        "ok": failure is None,
        **_text_or_base64("payload", result.payload),
        "failure": None,
        "duration_ms": round(result.duration_ms, 3),
        "cold_start_ms": None if result.cold_start_ms is None else round(result.cold_start_ms, 3),
        "peak_memory_mb": round(result.peak_memory_mb, 2),
        **_text_or_base64("logs", result.logs),
    }
    if failure is not None:
        told["failure"] = {
            "kind": failure.kind.value,
            "type": failure.error_type,
            "message": failure.message,
            "during_init": failure.during_init,
            "handled": failure.handled,
            "advice": failure.advice,
        }
    return json.dumps(told, ensure_ascii=False)


def exit_code(result: Result) -> ExitCode:
    """Return what the shell should see."""
    return ExitCode.OK if result.failure is None else ExitCode.FUNCTION_FAILED


def _text_or_base64(name: str, content: bytes) -> dict[str, str]:
    try:
        return {name: content.decode(), f"{name}_encoding": "utf-8"}
    except UnicodeDecodeError:
        import base64

        return {name: base64.b64encode(content).decode(), f"{name}_encoding": "base64"}
