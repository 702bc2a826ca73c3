"""What keeps a function from running on this machine: found without starting anything."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from localfn.errors import LocalfnError
from localfn.invoke import interpreter, mounts
from localfn.invoke.code import Unpacker
from localfn.invoke.layers import find_layers
from localfn.invoke.plan import Wishes, names_of
from localfn.model import Finding, Function, Place, Provider, Severity
from localfn.nearest import nearest


class _Look(NamedTuple):
    """Something that an invocation does before it starts anything, and where it was asked for."""

    do: Callable[[], object]
    place: Place
    severity: Severity = Severity.ERROR


def lacking(
    function: Function, provider: Provider, root: Path, wishes: Wishes
) -> Iterator[Finding]:
    """Yield a finding for everything that an invocation would stop at."""
    for look in _looks(function, provider, root, wishes):
        try:
            look.do()
        except LocalfnError as error:
            # The finding's own place stands before it anyway.
            message = error.message.removeprefix(f"{look.place}: ")
            yield Finding(look.severity, message, look.place, function.key, error.hint)


def given_to_nobody(
    functions: Sequence[Function], broken: Collection[str], wishes: Wishes, place: Place
) -> Iterator[Finding]:
    """Yield a finding for each name that variables are given to and no function has."""
    known = {name for each in functions for name in names_of(each)}
    for name in wishes.environment.somewhere:
        if name not in known and name not in broken:
            message = f"variables are given to `{name}`, which is no function of this project."
            yield Finding(Severity.WARNING, message, place, hint=nearest(name, known))


def _looks(function: Function, provider: Provider, root: Path, wishes: Wishes) -> Iterator[_Look]:
    """Yield every look by itself: one that fails must not hide the next."""
    place = function.template or Place(root)
    unpacker = Unpacker(root)
    yield _Look(partial(unpacker.folder, function), place)
    for reference in function.layers:
        alone = function._replace(layers=(reference,))
        yield _Look(partial(find_layers, alone, root, wishes.layers, unpacker.open), place)
    for volume in function.mounts:
        named = mounts.named_for(volume, wishes.mounts)
        # Others get a folder of their own, which is not made before it is needed.
        if named is not None:
            alone = function._replace(mounts=(volume,))
            find = partial(mounts.find_mounts, alone, root, wishes.mounts)
            yield _Look(find, named.place or place)
    runtime = provider.runtimes.get(function.runtime)
    program = interpreter.named_for(runtime, wishes.interpreters) if runtime else None
    if runtime is not None and program is not None:
        run = partial(interpreter.find_interpreter, runtime, wishes.interpreters, {})
        # Containers do without it.
        yield _Look(run, program.place or place, Severity.WARNING)
