"""Read localfn.yaml and tell what is wrong in it, line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from localfn.model import Finding, Place, Severity
from localfn.nearest import nearest
from localfn.project_file.schema import Rule, read_schema
from localfn.project_file.values import refusal
from localfn.project_file.written import Written

FILE = "localfn.yaml"


class ProjectFile(NamedTuple):
    """What localfn.yaml says, and what is wrong in it. What is wrong is not in `content`."""

    path: Path
    content: Written
    findings: tuple[Finding, ...] = ()

    def find(self, key: str) -> Written | None:
        """Return what is written under a dotted key, None where nothing is."""
        found: Written | None = self.content
        for step in key.split("."):
            found = found.mapping.get(step) if found is not None else None
        return found


def read_project_file(path: Path) -> ProjectFile:
    """Return what a file says; raise `ProjectError` for one that is no YAML."""
    # Loaded here: PyYAML costs every call without such a file 10 ms.
    from localfn.project_file.reading import load

    page = _Page()
    content = page.kept(load(path), read_schema(), "")
    place = Place(path, 1)
    return ProjectFile(path, content or Written({}, place), tuple(page.findings))


class _Page:
    """Keeps what is right and notes what is not."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def kept(self, written: Written, rule: Rule, key: str) -> Written | None:
        """Return the value without what is wrong in it; None where nothing is left."""
        value = written.value
        refused = refusal(value, rule)
        if refused is not None:
            shown = _shown(written)
            told = f"`{key}` is {shown}, {refused.reason}." if key else f"this is {shown}."
            self._note(written.place, told, refused.hint)
            return None
        if isinstance(value, tuple):
            return written._replace(value=tuple(self._elements(written, rule, key)))
        if written.mapping:
            return written._replace(value=dict(self._entries(written, rule, key)))
        return written

    def _elements(self, written: Written, rule: Rule, key: str) -> Iterator[Written]:
        for place, each in enumerate(written.items):
            found = self.kept(each, rule.items, f"{key}[{place}]")
            if found is not None:
                yield found

    def _entries(self, written: Written, rule: Rule, key: str) -> Iterator[tuple[str, Written]]:
        for name, each in written.mapping.items():
            inner = rule.children.get(name) or rule.others
            if inner is None:
                self._unknown(each.place, name, rule, key)
                continue
            found = self.kept(each, inner, f"{key}.{name}".lstrip("."))
            if found is not None:
                yield name, found

    def _unknown(self, place: Place, name: str, rule: Rule, key: str) -> None:
        where = f"`{key}`" if key else f"`{FILE}`"
        self._note(place, f"`{name}` is no key of {where}.", nearest(name, rule.children))

    def _note(self, place: Place, message: str, hint: str) -> None:
        self.findings.append(Finding(Severity.ERROR, message, place, hint=hint))


def _shown(written: Written) -> str:
    if written.mapping or isinstance(written.value, dict):
        return "a mapping"
    if isinstance(written.value, tuple):
        return "a list"
    return f"`{written.text}`" if written.value is not None else "nothing"
