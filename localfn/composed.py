"""YAML text as nodes that know their lines, composed once for each text.

Importing PyYAML costs a cold call a tenth of its time. So what was composed is kept as JSON beside
the text that it was composed from, and counts for exactly that text.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, cast
from zlib import crc32

Kind = Literal["scalar", "sequence", "mapping"]
FORMAT = 1
MOST_KEPT_BYTES = 1 << 20
MOST_KEPT_FILES = 200


class Composed:
    """A node of a YAML text.

    A scalar has a `value` and a `style`, which is how it is quoted, "" where it is plain; a
    sequence has `parts`, a mapping `pairs`. An alias is the very node of its anchor, which may
    therefore contain itself.
    """

    __slots__ = ("kind", "line", "pairs", "parts", "style", "tag", "value")

    def __init__(self, kind: Kind, tag: str, line: int, value: str = "", style: str = "") -> None:
        self.kind = kind
        self.tag = tag
        self.line = line
        self.value = value
        self.style = style
        self.parts: list[Composed] = []
        self.pairs: list[tuple[Composed, Composed]] = []


class NotYaml(Exception):
    """A text that is no YAML: what the problem is, and in which line, 0 where nobody knows."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def compose(text: str, path: Path, cache: Path) -> Composed | None:
    """Return the node at the top of the text in `path`, None where it is empty.

    What was composed is kept in `cache`. Raises `NotYaml`, and `RecursionError` for a text that is
    nested too deeply.
    """
    kept = cache / "yaml" / f"{crc32(os.fsencode(path.absolute())):08x}.json"
    found = _kept(kept, text)
    if found is not None:
        return found
    node, whole = _parse(text)
    if node is not None and whole and len(text) < MOST_KEPT_BYTES:
        with suppress(OSError):  # a cache that cannot be written costs time only
            _keep(kept, text, node)
    return node


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return where localfn keeps what it can make again."""
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home(), ".cache")
    return Path(home, "localfn")


def _parse(text: str) -> tuple[Composed | None, bool]:
    """Return the node at the top, and whether each node is met once only."""
    import yaml  # not loaded for a text that was composed before

    # The parser in C is ten times faster; some builds of PyYAML come without it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        raw = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", "") or getattr(error, "reason", "") or str(error)
        raise NotYaml(problem, mark.line + 1 if mark is not None else 0) from error
    if raw is None:
        return None, False
    taken = _Taken()
    return taken.over(raw), taken.whole


class _Taken:
    """Takes over PyYAML's nodes; aliases stay what they are."""

    def __init__(self) -> None:
        self.whole = True
        self._nodes: dict[int, Composed] = {}

    def over(self, raw: Any) -> Composed:
        if id(raw) in self._nodes:
            self.whole = False
            return self._nodes[id(raw)]
        line = raw.start_mark.line + 1
        # Noted before its parts are read: it may be one of them.
        node = self._nodes[id(raw)] = Composed(cast("Kind", raw.id), raw.tag, line)
        if raw.id == "scalar":
            node.value, node.style = raw.value, raw.style or ""
        elif raw.id == "sequence":
            node.parts = [self.over(each) for each in raw.value]
        else:
            node.pairs = [(self.over(key), self.over(value)) for key, value in raw.value]
        return node


def _kept(file: Path, text: str) -> Composed | None:
    """Return what was kept of exactly this text."""
    try:
        told = json.loads(file.read_bytes())
        return _read(told["node"]) if (told["format"], told["text"]) == (FORMAT, text) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(file: Path, text: str, node: Composed) -> None:
    told = json.dumps({"format": FORMAT, "text": text, "node": list(_told(node))})
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = file.with_name(f"{file.name}.{os.getpid()}")
    mine.write_text(told)
    mine.replace(file)
    kept = sorted(file.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)
    for each in kept[:-MOST_KEPT_FILES]:
        each.unlink(missing_ok=True)


def _told(node: Composed) -> Iterator[object]:
    yield from (node.kind, node.tag, node.line)
    if node.kind == "scalar":
        yield from (node.value, node.style)
    elif node.kind == "sequence":
        yield [list(_told(each)) for each in node.parts]
    else:
        yield [(list(_told(key)), list(_told(value))) for key, value in node.pairs]


def _read(told: list[object]) -> Composed:
    kind, tag, line, *rest = cast("tuple[Kind, str, int, str, str]", told)
    node = Composed(kind, tag, line)
    if kind == "scalar":
        node.value, node.style = rest
    elif kind == "sequence":
        node.parts = [_read(each) for each in cast("list[list[object]]", rest[0])]
    else:
        pairs = cast("list[tuple[list[object], list[object]]]", rest[0])
        node.pairs = [(_read(key), _read(value)) for key, value in pairs]
    return node
