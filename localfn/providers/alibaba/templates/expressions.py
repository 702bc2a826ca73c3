"""The syntax of `${…}` in Serverless Devs templates (contract alibaba-fc, section 1.2)."""

import re
from typing import NamedTuple

_CALL = re.compile(r"([A-Za-z]+)\s*\((.*)\)", re.DOTALL)
_REFERENCE = re.compile(r"[\w$-]+(\.[\w$-]+|\[\d+\])+")
_STEP = re.compile(r"[\w$-]+")
_QUOTES = "'\""


class Expression(NamedTuple):
    """One `${…}` as written."""

    written: str

    @property
    def body(self) -> str:
        """Return what stands between the braces."""
        return self.written[2:-1].strip()


class FunctionCall(NamedTuple):
    """`name(argument, …)`, the arguments as written."""

    name: str
    arguments: tuple[str, ...]


def pieces(text: str) -> tuple[str | Expression, ...]:
    """Return text cut into plain parts and expressions, in order."""
    found: list[str | Expression] = []
    done = 0
    while (start := text.find("${", done)) >= 0:
        end = _end(text, start + 2)
        if end < 0:
            break
        found += [text[done:start]] if start > done else []
        found.append(Expression(text[start : end + 1]))
        done = end + 1
    return (*found, text[done:]) if done < len(text) else tuple(found)


def call(body: str) -> FunctionCall | None:
    """Return the call that a body is, or None."""
    match = _CALL.fullmatch(body.strip())
    return FunctionCall(match[1], _arguments(match[2])) if match else None


def reference(body: str) -> tuple[str, ...]:
    """Return the steps of `vars.a.b` or `vars.list[0]`; nothing when the body is no reference."""
    return tuple(_STEP.findall(body)) if _REFERENCE.fullmatch(body) else ()


def unquoted(argument: str) -> str:
    """Return an argument without its quotes; edition 1 writes none."""
    quoted = len(argument) > 1 and argument[0] in _QUOTES and argument[-1] == argument[0]
    return argument[1:-1].replace(f"\\{argument[0]}", argument[0]) if quoted else argument


def _end(text: str, place: int) -> int:
    """Return where the brace opened before `place` closes, or -1. Braces in quotes do not count."""
    quotes = [""]  # the quote that is open inside each open brace
    while place < len(text):
        char, quote = text[place], quotes[-1]
        if text.startswith("${", place):
            quotes.append("")
            place += 1
        elif quote:
            place += char == "\\"
            quotes[-1] = "" if char == quote else quote
        elif char in _QUOTES:
            quotes[-1] = char
        elif char == "{":
            quotes.append("")
        elif char == "}":
            quotes.pop()
            if not quotes:
                return place
        place += 1
    return -1


def _arguments(text: str) -> tuple[str, ...]:
    """Return text cut at the commas that stand outside quotes and brackets."""
    found, start, depth, quote = [], 0, 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote and text[place - 1] != "\\" else quote
        elif char in _QUOTES:
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[start:place].strip())
            start = place + 1
    last = text[start:].strip()
    return (*found, last) if found or last else ()
