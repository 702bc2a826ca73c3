"""What a project stands on: which paths concern which of its functions."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from localfn.model import Function
from localfn.project import Project
from localfn.reload.ignores import DEPENDENCIES, Ignores
from localfn.reload.scope import Root


class Sources(NamedTuple):
    """The folders and files that instances of one function are made of.

    `ignores` are patterns of files in `code` that no instance needs.
    """

    code: Path
    layers: tuple[Path, ...] = ()
    ignores: tuple[str, ...] = ()


class Meaning(NamedTuple):
    """What changed paths mean.

    `functions` are the keys of those that have to be loaded anew, `dependencies` of those among
    them whose installed packages or layers changed. `template` and `settings` say what is to be
    read again.
    """

    functions: frozenset[str]
    dependencies: frozenset[str]
    template: bool
    settings: bool


class Ground(NamedTuple):
    """All that is to be watched, and what for.

    `main` is the template itself, "" without one; `template` all that it depends on. `settings`
    are the files that concern the whole project. `ignores` are the user's patterns.
    """

    sources: Mapping[str, Sources]
    main: Path | None = None
    template: frozenset[Path] = frozenset()
    settings: frozenset[Path] = frozenset()
    ignores: tuple[str, ...] = ()

    def roots(self) -> frozenset[Root]:
        """Return what to watch."""
        return frozenset(self._roots())

    def meaning(self, paths: Collection[Path]) -> Meaning:
        """Return what it means that these paths changed."""
        # A template and settings often lie beside the code; instances are not made of them.
        apart = {_plain(each) for each in (*self.settings, *((self.main,) if self.main else ()))}
        parts = [_plain(each) for each in paths]
        functions = {
            key
            for key, sources in self.sources.items()
            for each in parts
            if each not in apart and _concerns(each, (sources.code, *sources.layers))
        }
        dependencies = {
            key
            for key in functions
            for each in parts
            if _concerns(each, self.sources[key].layers) or DEPENDENCIES & {*each.parts}
        }
        return Meaning(
            frozenset(functions),
            frozenset(dependencies),
            template=any(_concerns(each, self._all_of_template()) for each in parts),
            settings=any(_concerns(each, self.settings) for each in parts),
        )

    def _roots(self) -> Iterator[Root]:
        for sources in self.sources.values():
            yield Root(_plain(sources.code), Ignores((*sources.ignores, *self.ignores)))
            for layer in sources.layers:
                yield Root(_plain(layer), Ignores(self.ignores))
        for path in (*self.settings, *self._all_of_template()):
            yield Root(_plain(path))

    def _all_of_template(self) -> frozenset[Path]:
        return self.template | ({self.main} if self.main else set())


class Standing(Protocol):
    """What is asked what it stands on."""

    @property
    def project(self) -> Project:
        """Return the project."""

    @property
    def settings_files(self) -> tuple[Path, ...]:
        """Return the files on which the settings depend, be they there or not."""

    @property
    def ignores(self) -> tuple[str, ...]:
        """Return the user's patterns of files whose changes mean nothing."""

    def sources(self, function: Function, /) -> tuple[Path, ...]:
        """Return what instances of a function are made of: its code, then its layers."""


def ground_of(standing: Standing) -> Ground:
    """Return what a project stands on as it is now."""
    sources = {}
    for function in standing.project.functions:
        code, *layers = standing.sources(function)
        sources[function.key] = Sources(code, tuple(layers))
    return Ground(
        sources,
        standing.project.template,
        standing.project.files,
        frozenset(standing.settings_files),
        standing.ignores,
    )


def _concerns(path: Path, grounds: Collection[Path]) -> bool:
    """Return whether a path is one of these, or in one of them."""
    around = {path, *path.parents}
    return any(_plain(each) in around for each in grounds)


def _plain(path: Path) -> Path:
    return Path(os.path.abspath(path))
