"""What a person is told of a reload: one line."""

import re
from collections.abc import Iterable
from pathlib import Path

from localfn.model import Failure

# Innermost last, as Python tells it; innermost first, as all others do.
_LAST = re.compile(r'File "([^"]+)", line (\d+)')
_FIRST = re.compile(r"(?:file://)?(/[^\s:()]+):(\d+)")
# `ValueError: no`, as the last line of what an interpreter prints.
_NAMED = re.compile(r"(?:[\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\b.*)")


def ready(function: str, number: int, ready_ms: float) -> str:
    """Return the line for a revision that is loaded."""
    return f"{function}: revision {number} ready in {ready_ms:.0f} ms"


def failed(function: str, number: int, failure: Failure, code: str) -> str:
    """Return the line for a revision that cannot be loaded, with file and line where known.

    `code` is where an instance sees the function's code.
    """
    lines = list(_lines(failure.stack))
    place = _place(lines, code)
    named = next((each for each in reversed(lines) if _NAMED.fullmatch(each)), "")
    reason = named or _reason(failure)
    return f"{function}: revision {number} failed: {place}{reason}"


def _reason(failure: Failure) -> str:
    told = failure.message or failure.advice or failure.kind.value
    if failure.error_type and failure.error_type not in told:
        return f"{failure.error_type}: {told}"
    return told


def _lines(stack: object) -> Iterable[str]:
    """Yield the lines of a stack, whatever shape a cloud gives it."""
    if isinstance(stack, str):
        yield from (line.strip() for line in stack.splitlines() if line.strip())
    elif isinstance(stack, list | tuple):
        for each in stack:
            yield from _lines(each)


def _place(lines: list[str], code: str) -> str:
    """Return `FILE:LINE: ` of the innermost line of the user's code, else ""."""
    last = [found for line in lines for found in _LAST.findall(line)]
    first = [found for line in lines for found in _FIRST.findall(line)]
    for path, number in (*reversed(last), *first):
        if Path(path).is_relative_to(code) and "node_modules" not in path:
            return f"{Path(path).relative_to(code)}:{number}: "
    return ""
