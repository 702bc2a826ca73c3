"""Open a folder: which cloud, which functions."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from localfn import providers
from localfn.errors import ProjectError, UsageError
from localfn.model import NOTHING, DomainRoute, Finding, Function, Provider, Severity


class Project(NamedTuple):
    """A folder with functions of one cloud.

    `files` are the paths on which depends what its template says, `routes` the paths of its custom
    domains.
    """

    root: Path
    template: Path | None
    provider: Provider
    functions: tuple[Function, ...]
    findings: tuple[Finding, ...] = ()
    files: frozenset[Path] = frozenset()
    routes: tuple[DomainRoute, ...] = ()

    def find(self, wanted: str) -> Function:
        """Return the function of this name, `service/name` or, with "", the only one there is."""
        if not wanted:
            return self._only()
        named = [each for each in self.functions if wanted in _spellings(each)]
        if len(named) == 1:
            return named[0]
        self._refuse_broken(wanted)
        if named:
            keys = ", ".join(f"`{each.key}`" for each in named)
            raise UsageError(f"`{wanted}` may be {keys}.", hint="Write service/function.")
        raise UsageError(
            f"{self.template or self.root}: there is no function `{wanted}`.",
            hint=_suggest(wanted, self.functions),
        )

    def _only(self) -> Function:
        if len(self.functions) == 1:
            return self.functions[0]
        self._refuse_broken("")
        if not self.functions:
            raise ProjectError(
                f"{self.template}: there is no function in this template.",
                hint="`localfn validate` shows what was found.",
            )
        raise UsageError(
            f"{self.template}: there are {len(self.functions)} functions; which one?",
            hint=f"Name one of {_listed(self.functions)}.",
        )

    def _refuse_broken(self, wanted: str) -> None:
        for finding in self.findings:
            # A broken function is known by its key, its bare name or its module.
            named = not wanted or wanted in {finding.function, finding.function.split("/")[-1]}
            if finding.severity is Severity.ERROR and finding.function and named:
                raise ProjectError(f"{finding.place}: {finding.message}", hint=finding.hint)


def open_project(
    root: Path,
    template: Path | None,
    wanted: str,
    environ: Mapping[str, str],
    values: Mapping[str, str] = NOTHING,
) -> Project:
    """Return the project under root.

    `template` names a file instead of looking for one; `wanted` names a cloud, or is "". `values`
    are for what the template leaves open.
    """
    if not root.is_dir():
        raise UsageError(f"`{root}` is not a folder.", hint="Name one with `--project DIR`.")
    provider, path = _choose(root, template, wanted)
    reading = provider.read_template(path, environ, values)
    read = (reading.functions, reading.findings, reading.files, reading.routes)
    return Project(root, path, provider, *read)


def open_lone(root: Path, reference: str, wanted: str, runtime: str) -> Project:
    """Return a project of one function without a template: `index.py:handler`."""
    file, _, handler = reference.rpartition(":")
    if not wanted:
        raise UsageError(
            f"`{reference}` has no template, so its cloud is not known.",
            hint=f"Name it: `--provider {providers.names()[0]}`.",
        )
    if not (root / file).is_file():
        raise UsageError(f"`{root / file}` is not a file.", hint="Write FILE:FUNCTION.")
    provider = providers.load(wanted)
    function = provider.lone_function(root, file, handler, runtime)
    return Project(root, None, provider, (function,))


def is_lone(reference: str) -> bool:
    """Return whether this names a file and a handler in it, not a function of a template."""
    file, colon, handler = reference.rpartition(":")
    return bool(colon and handler and "." in Path(file).name)


def _choose(root: Path, template: Path | None, wanted: str) -> tuple[Provider, Path]:
    candidates = [wanted] if wanted else list(providers.shipped())
    for name in candidates:
        provider = providers.load(name)
        if template is None:
            found = provider.find_template(root)
            if found is not None:
                return provider, found
        elif wanted or provider.recognizes(template):
            return provider, template
    if template is not None:
        _refuse_missing(template)
        raise ProjectError(
            f"{template}: this is no template of a cloud that localfn knows.",
            hint=f"Known: {', '.join(providers.names())}.",
        )
    named = [name for each in candidates for name in providers.load(each).template_names]
    looked = dict.fromkeys(named)
    raise ProjectError(
        f"{root}: there is no template here ({', '.join(looked)}).",
        hint="Name one with `--template FILE`, or run a lone file: "
        "`localfn invoke --provider CLOUD FILE:FUNCTION`.",
    )


def _refuse_missing(template: Path) -> None:
    if not template.is_file():
        raise UsageError(f"`{template}` is not a file.", hint="Name one with `--template FILE`.")


def _spellings(function: Function) -> set[str]:
    """Return every way to write a function's name."""
    told = function.attributes
    others = told.get("spellings", "").split()
    dollar = f"{function.service}${function.name}"
    return {function.name, function.key, dollar, told.get("module", function.name), *others}


def _suggest(wanted: str, functions: tuple[Function, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wanted, [each.name for each in functions], 1)
    return f"Did you mean `{near[0]}`?" if near else f"There is {_listed(functions)}."


def _listed(functions: tuple[Function, ...]) -> str:
    return ", ".join(f"`{each.key}`" for each in functions) or "none"
