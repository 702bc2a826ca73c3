"""One function of a template on its way to be read, and the book in which all of them stand."""

import re
from collections.abc import Iterable, Mapping

from localfn.model import DomainRoute, Function, Place, Trigger
from localfn.providers.aws.templates.stack import Stack
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_IN_ARN = re.compile(r":function:([^:/]+)")


class Entry:
    """A function's resource, what was found on the way, and the triggers that lead to it.

    `function` is None until it is built.
    """

    def __init__(self, stack: Stack, id_: str, resource: Node) -> None:
        self.stack = stack
        self.id = id_
        self.resource = resource
        self.notes = Notebook()
        self.function: Function | None = None
        self.triggers: list[Trigger] = []
        self.routes: list[DomainRoute] = []
        self.attributes: dict[str, str] = {}

    @property
    def label(self) -> str:
        """Return the path of logical ids that leads to the function."""
        return f"{self.stack.name}/{self.id}" if self.stack.name else self.id

    @property
    def key(self) -> str:
        """Return the key of the function, its label where it could not be built."""
        return self.label if self.function is None else self.function.key

    @property
    def place(self) -> Place:
        """Return where the resource begins."""
        return self.resource.place

    def add(self, source: str, name: str, options: Mapping[str, object]) -> Trigger:
        """Add a trigger; its name becomes one that no other of the function has."""
        taken = {each.name for each in self.triggers}
        unique, count = name, 1
        while unique in taken:
            count += 1
            unique = f"{name}-{count}"
        kept = {option: each for option, each in options.items() if each is not None}
        trigger = Trigger(source, unique, kept)
        self.triggers.append(trigger)
        return trigger

    def finished(self) -> Function | None:
        """Return the function with all that was found; None where it cannot be run."""
        if self.function is None or self.notes.broken:
            return None
        told = {**self.function.attributes, **self.attributes}
        return self.function._replace(
            triggers=tuple(self.triggers),
            attributes={name: each for name, each in told.items() if each},
        )


class Book:
    """All functions of a template and its nested stacks."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)

    def find(self, written: str, stack: Stack) -> Entry | None:
        """Return the function that an ARN, a name or an integration's URI means."""
        arn = _IN_ARN.search(written)
        name = arn[1] if arn else written.partition(":")[0]
        named = [each for each in self.entries if name in (self._name(each), each.id)]
        near = (each for each in named if each.stack is stack)
        return next(near, named[0] if named else None)

    def of(self, stack: Stack) -> Iterable[Entry]:
        """Return the functions of one stack."""
        return (each for each in self.entries if each.stack is stack)

    def _name(self, entry: Entry) -> str:
        return entry.id if entry.function is None else entry.function.name
