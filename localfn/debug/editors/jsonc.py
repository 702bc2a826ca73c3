"""JSON with comments, changed in place: what is not ours stays as it was, to the letter."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

BLANK = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
WORD = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
MARK = "\ufeff"


class NotJson(Exception):
    """Where a text stops being JSON with comments."""

    def __init__(self, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        super().__init__(f"line {self.line}")


class Node(NamedTuple):
    """A value and where it stands. `members` are those of an object, `items` those of an array."""

    start: int
    end: int
    value: object = None
    members: tuple[tuple[str, "Node"], ...] = ()
    items: tuple["Node", ...] = ()
    trailing_comma: bool = False

    def member(self, name: str) -> "Node | None":
        """Return a member of an object, as editors do the last one of this name."""
        return next((node for key, node in reversed(self.members) if key == name), None)

    def told(self, text: str) -> object:
        """Return the value as JSON would be read."""
        if text[self.start] == "{":
            return {key: node.told(text) for key, node in self.members}
        if text[self.start] == "[":
            return [node.told(text) for node in self.items]
        return self.value


def parse(text: str) -> Node:
    """Return the value of a whole text; raise `NotJson` where it is none."""
    reader = _Reader(text)
    start = reader.skip(1 if text.startswith(MARK) else 0)
    node = reader.read(start)
    if reader.skip(node.end) != len(text):
        raise NotJson(text, reader.skip(node.end))
    return node


def put(text: str, array: str, key: str, entry: Mapping[str, object]) -> str:
    """Return the text with an entry in an array of its outermost object.

    The entry that has the same value of `key` is replaced, unless it says the same already; else
    the new one comes last. Raises `NotJson`
    for a text that is no object, or whose `array` is none.
    """
    root = parse(text)
    if text[root.start] != "{":
        raise NotJson(text, root.start)
    found = root.member(array)
    if found is None:
        whole = f"{json.dumps(array)}: {_shown([entry], 1, text)}"
        return _appended(text, root, [node for _, node in root.members], whole, 1)
    if text[found.start] != "[":
        raise NotJson(text, found.start)
    for item in found.items:
        named = item.member(key)
        if named is not None and named.value == entry[key]:
            if item.told(text) == entry:
                return text
            return text[: item.start] + _shown(entry, 2, text) + text[item.end :]
    return _appended(text, found, list(found.items), _shown(entry, 2, text), 2)


def _appended(text: str, into: Node, nodes: list[Node], shown: str, depth: int) -> str:
    """Return the text with one more value in an object or array, behind all comments in it."""
    line_end, step = _line_end(text), _step(text)
    closing = into.end - 1
    last = len(text[:closing].rstrip())
    before, between = text[:last], text[last:closing]
    if nodes and not into.trailing_comma:
        end = nodes[-1].end
        before = before[:end] + "," + before[end:]
    if "\n" not in between:
        between = line_end + step * (depth - 1)
    return before + line_end + step * depth + shown + between + text[closing:]


def _shown(value: object, depth: int, text: str) -> str:
    """Return a value as it is written at this depth of the text."""
    step = _step(text)
    lines = json.dumps(value, indent=step, ensure_ascii=False).split("\n")
    return (_line_end(text) + step * depth).join(lines)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _step(text: str) -> str:
    """Return what one level is indented by."""
    found = re.search(r"\n([ \t]+)[\"/\[{]", text)
    return found[1] if found else "    "


class _Reader:
    """Reads values out of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, at: int) -> int:
        """Return where blanks and comments end."""
        found = BLANK.match(self._text, at)
        assert found is not None
        return found.end()

    def read(self, at: int) -> Node:
        """Return the value that starts here."""
        opening = self._text[at : at + 1]
        if opening == "{":
            return self._object(at)
        if opening == "[":
            return self._array(at)
        found = STRING.match(self._text, at) or WORD.match(self._text, at)
        if found is None:
            raise NotJson(self._text, at)
        return Node(at, found.end(), self._value(found))

    def _value(self, found: re.Match[str]) -> object:
        try:
            return json.loads(found[0])
        except ValueError as error:
            raise NotJson(self._text, found.start()) from error

    def _object(self, start: int) -> Node:
        members: list[tuple[str, Node]] = []
        at, comma = self.skip(start + 1), False
        while self._text[at : at + 1] != "}":
            name = STRING.match(self._text, at)
            if name is None or (members and not comma):
                raise NotJson(self._text, at)
            colon = self.skip(name.end())
            self._expect(":", colon)
            node = self.read(self.skip(colon + 1))
            members.append((str(self._value(name)), node))
            at, comma = self._comma(node.end)
        return Node(start, at + 1, members=tuple(members), trailing_comma=comma)

    def _array(self, start: int) -> Node:
        items: list[Node] = []
        at, comma = self.skip(start + 1), False
        while self._text[at : at + 1] != "]":
            if items and not comma:
                raise NotJson(self._text, at)
            items.append(self.read(at))
            at, comma = self._comma(items[-1].end)
        return Node(start, at + 1, items=tuple(items), trailing_comma=comma)

    def _comma(self, end: int) -> tuple[int, bool]:
        """Return where the next value or the end is, and whether there was a comma before it."""
        at = self.skip(end)
        if self._text[at : at + 1] == ",":
            return self.skip(at + 1), True
        return at, False

    def _expect(self, sign: str, at: int) -> None:
        if self._text[at : at + 1] != sign:
            raise NotJson(self._text, at)
