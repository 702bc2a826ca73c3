"""From the bytes of a YAML or JSON file to a tree with lines."""

import codecs
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from localfn.composed import Composed, NotYaml, cache_folder, compose
from localfn.errors import ProjectError
from localfn.model import Place
from localfn.templates.notebook import Notebook
from localfn.templates.scalars import Scalar
from localfn.templates.tree import Node

_DEPTH = 100
_NODES = 100_000
_STANDARD = "tag:yaml.org,2002:"
_TEXT = {_STANDARD + "str", _STANDARD + "binary"}
_MERGE = "<<"
_BYTE_ORDERS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# JSON writes what has more than 16 bits in two halves, which YAML does not know.
_HALVES = re.compile(r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


class Ways(NamedTuple):
    """How a cloud's own tools read YAML.

    `scalar(text, tag)` is what an unquoted word means, for which YAML 1.1 has this tag;
    `tagged(node, tag)` what stands for a value with a tag of the cloud's own. `begins` are keys
    that a template begins with.
    """

    scalar: Callable[[str, str], Scalar]
    tagged: Callable[[Node, str], Node]
    begins: str


def load(path: Path, notes: Notebook, ways: Ways) -> Node:
    """Return the tree of a file whose top is a mapping; raise `ProjectError` for anything else."""
    notes.depends_on(path)
    composed = _compose(_text(path), path)
    if composed is None or composed.kind != "mapping":
        kind = "empty" if composed is None else "not a mapping at its top"
        raise ProjectError(
            f"{Place(path, 1)}: the template is {kind}.",
            hint=f"It should begin with keys such as {ways.begins}.",
        )
    return _Builder(path, notes, ways).build(composed)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror or error}.") from error
    encoding = _BYTE_ORDERS.get(raw[:2], "utf-8-sig")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ProjectError(
            f"{Place(path, line)}: the template is not UTF-8 text: byte {error.start} is wrong.",
            hint="Save the file as UTF-8.",
        ) from error


def _compose(text: str, path: Path) -> Composed | None:
    if text[:80].lstrip().startswith("{"):
        text = _HALVES.sub(_whole, text)
    try:
        return compose(text, path, cache_folder(os.environ))
    except RecursionError as error:
        raise _too_deep(Place(path)) from error
    except NotYaml as error:
        raise _not_yaml(error, text, path) from error


def _whole(found: re.Match[str]) -> str:
    """Return both halves of a character as one; two backslashes stay what they are."""
    if found[1] is None:
        return found[0]
    return (bytes.fromhex(found[1]) + bytes.fromhex(found[2])).decode("utf-16-be")


def _not_yaml(error: NotYaml, text: str, path: Path) -> ProjectError:
    line, problem = error.line, error.problem
    written = text.splitlines()[line - 1 : line] if line else []
    if problem == "but found another document":
        return ProjectError(
            f"{Place(path, line)}: the template holds more than one document.",
            hint="Remove the `---`, or keep each document in a file of its own.",
        )
    tab = written and "\t" in written[0][: len(written[0]) - len(written[0].lstrip())]
    return ProjectError(
        f"{Place(path, line)}: the template is not valid YAML: {problem}.",
        hint="The line is indented with a tab; write spaces."
        if tab
        else "Correct the line; what was opened on a line before may be missing its end.",
    )


def _too_deep(place: Place) -> ProjectError:
    return ProjectError(
        f"{place}: the template is nested too deeply, or an anchor contains itself.",
        hint=f"{_DEPTH} levels are allowed.",
    )


class _Builder:
    """Turns composed YAML into nodes, with anchors copied and merge keys merged."""

    def __init__(self, path: Path, notes: Notebook, ways: Ways) -> None:
        self._path = path
        self._notes = notes
        self._ways = ways
        self._made = 0

    def build(
        self, raw: Composed, name: str = "", place: Place | None = None, depth: int = 0
    ) -> Node:
        place = place or self._place(raw)
        self._refuse_too_much(place, depth)
        if raw.kind == "scalar":
            return self._scalar(raw, name, place)
        if raw.kind == "mapping":
            node = Node(self._children(raw, depth + 1), place, name)
        else:
            node = Node(tuple(self.build(each, depth=depth + 1) for each in raw.parts), place, name)
        return node if _is_standard(raw.tag) else self._ways.tagged(node, raw.tag)

    def _refuse_too_much(self, place: Place, depth: int) -> None:
        if depth > _DEPTH:
            raise _too_deep(place)
        self._made += 1
        if self._made > _NODES:
            raise ProjectError(
                f"{place}: the template has more than {_NODES} values once its anchors are copied.",
                hint="Look for anchors that contain other anchors many times.",
            )

    def _scalar(self, raw: Composed, name: str, place: Place) -> Node:
        if not _is_standard(raw.tag):
            return self._ways.tagged(Node(raw.value, place, name), raw.tag)
        plain = not raw.style and raw.tag not in _TEXT
        return Node(self._ways.scalar(raw.value, raw.tag) if plain else raw.value, place, name)

    def _children(self, raw: Composed, depth: int) -> Mapping[str, Node]:
        inherited: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in raw.pairs:
            place = self._place(key)
            if key.kind != "scalar":
                raise ProjectError(
                    f"{place}: a key is a mapping or a list; it should be text.",
                    hint="Quote keys and values that begin with `{`, `[` or `?`.",
                )
            if key.value == _MERGE and not key.style:
                inherited = {**self._inherited(value, depth), **inherited}
                continue
            if key.value in own:
                self._warn_twice(key.value, place, own[key.value].place)
            own[key.value] = self.build(value, key.value, place, depth)
        return {**inherited, **own}

    def _inherited(self, raw: Composed, depth: int) -> Mapping[str, Node]:
        """Return what `<<` brings; of several mappings the first one wins."""
        found: dict[str, Node] = {}
        for each in raw.parts if raw.kind == "sequence" else [raw]:
            if each.kind != "mapping":
                raise ProjectError(
                    f"{self._place(each)}: `<<` merges something that is not a mapping.",
                    hint="Write `<<: *anchor`, where the anchor stands at a mapping.",
                )
            self._refuse_too_much(self._place(each), depth)
            found = {**self._children(each, depth + 1), **found}
        return found

    def _warn_twice(self, key: str, place: Place, before: Place) -> None:
        self._notes.warn(
            place,
            f"`{key}` was already written in line {before.line}; this one counts.",
            hint="Remove one of the two.",
        )

    def _place(self, raw: Composed) -> Place:
        return Place(self._path, raw.line)


def _is_standard(tag: str) -> bool:
    return tag == "!" or tag.startswith(_STANDARD)
