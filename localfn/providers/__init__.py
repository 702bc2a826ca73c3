"""One folder per cloud, and the code that finds them by name.

A cloud is a package here with a `PROVIDER`, or an entry point of the group `localfn.providers`.
"""

import importlib
import os

from localfn.errors import UsageError
from localfn.model import Provider


def names() -> tuple[str, ...]:
    """Return the names of all clouds, those of installed packages included."""
    return tuple(sorted({*_shipped(), *_installed()}))


def load(name: str) -> Provider:
    """Return one cloud; raise `UsageError` when nobody has described it."""
    if name in _shipped():
        return _provider(f"{__name__}.{name}")
    installed = _installed()
    if name in installed:
        return _provider(installed[name])
    from difflib import get_close_matches

    near = get_close_matches(name, names(), 1)
    raise UsageError(
        f"`{name}` is no cloud that localfn knows.",
        hint=f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(names())}.",
    )


def shipped() -> tuple[str, ...]:
    """Return the names of the clouds that localfn brings along."""
    return _shipped()


def _provider(module: str) -> Provider:
    found = importlib.import_module(module).PROVIDER
    assert isinstance(found, Provider)
    return found


def _shipped() -> tuple[str, ...]:
    # Not `pkgutil`, which costs every command two milliseconds.
    folder = __path__[0]
    return tuple(
        name
        for name in sorted(os.listdir(folder))
        if os.path.isfile(os.path.join(folder, name, "__init__.py"))
    )


def _installed() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {each.name: each.module for each in entry_points(group="localfn.providers")}
