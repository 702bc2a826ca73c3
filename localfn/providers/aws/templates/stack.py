"""A template whose names have values: a stack, as it would be deployed."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from localfn.errors import ProjectError
from localfn.nearest import nearest
from localfn.providers.aws.templates.calls import function_of
from localfn.providers.aws.templates.deployment import Deployment
from localfn.providers.aws.templates.intrinsics import NO_VALUE, Resolver
from localfn.providers.aws.templates.names import (
    ATTRIBUTES,
    FIRST_VERSION,
    FUNCTIONS,
    IMPLICIT,
    NAMED_BY,
    REF,
)
from localfn.providers.aws.templates.unknown import Asked, Unknown, Wrong
from localfn.providers.aws.templates.ways import WAYS, written
from localfn.templates.file import load
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, node_of

Value = TypeVar("Value")
_LISTS = re.compile(r"CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<List<.*>>")
_STORED = "AWS::SSM::Parameter::Value<"
_ALIAS = "AWS::Lambda::Alias"
# What is made of a function, and the attributes that are its ARN.
_QUALIFIED: Mapping[str, tuple[str, ...]] = {
    _ALIAS: ("AliasArn",),
    "AWS::Lambda::Version": ("FunctionArn", "FunctionArnWithSnapStart"),
}
# What the transform makes beside a resource, and the property that names it.
_PARTS: Mapping[tuple[str, str], str] = {
    ("AWS::Serverless::Function", "Version"): "AutoPublishAlias",
    ("AWS::Serverless::Function", "Alias"): "AutoPublishAlias",
    ("AWS::Serverless::Api", "Stage"): "StageName",
    ("AWS::Serverless::HttpApi", "Stage"): "StageName",
}
# What the transform puts behind the name of a resource for what it makes beside it.
_MADE = re.compile(
    r"Role|Url(PublicPermissions)?|Alias\w+|Version[0-9a-f]*|Deployment[0-9a-f]*|\w*Stage|"
    r"EventInvokeConfig|[0-9a-f]{10}"
)
# Attributes of nested stacks.
_OUTPUTS = "Outputs."


class Origin(NamedTuple):
    """Where a stack comes from.

    `name` is the path of the logical ids that lead to it, "" for the template itself. `given` are
    its parameters as the stack above it gives them.
    """

    path: Path
    name: str
    given: Mapping[str, Node]
    deployment: Deployment


class Stack:
    """Resources and what their names stand for.

    Findings that belong to no single function go to `notes`.
    """

    def __init__(self, root: Node, origin: Origin, notes: Notebook, asked: Asked) -> None:
        self.root = root
        self.origin = origin
        self.notes = notes
        self.children: dict[str, Stack] = {}
        self._asked = asked
        self._resolver = Resolver(self, asked)
        self._conditions: dict[str, bool] = {}
        self._names: dict[str, str] = {}
        self._active: list[str] = []
        self.resources = self._resolver.expanded(root.get("Resources"), notes)

    @property
    def name(self) -> str:
        """Return the path of logical ids that leads here, "" for the template itself."""
        return self.origin.name

    @property
    def base(self) -> Path:
        """Return the folder that relative paths start at."""
        return self.origin.path.parent

    def resolve(self, node: Node, notes: Notebook | None = None) -> Node:
        """Return a part of the template with its values."""
        return self._resolver.resolve(node, notes or self.notes)

    def properties(
        self, resource: Node, keys: frozenset[str], notes: Notebook | None = None
    ) -> Node:
        """Return these properties of a resource with their values."""
        return self._resolver.only(resource.get("Properties"), keys, notes or self.notes)

    def is_there(self, resource: Node) -> bool:
        """Return whether a resource is made: its condition holds."""
        condition = resource.get("Condition").value
        return not isinstance(condition, str) or self._holds_or_not(condition, resource)

    def type_of(self, name: str) -> str:
        """Return the type of a resource, "" where there is none."""
        return written(self.resources[name].get("Type").scalar) if name in self.resources else ""

    def told_by(self, name: str) -> str:
        """Return what a resource is told by where `Ref` names it."""
        call = Node({"Ref": Node(name, self.root.place)}, self.root.place)
        return written(self.resolve(call).scalar)

    def physical(self, name: str) -> str:
        """Return what a resource is called where it is deployed."""
        if name not in self._names:
            self._names[name] = self._once(f"the name of {name}", lambda: self._named(name))
        return self._names[name]

    # --- what names stand for: `Scope` of the resolver -------------------------------------------

    def ref(self, name: str) -> Node:
        """Return what `Ref` gives."""
        place = self.root.place
        if name == NO_VALUE:
            return Node(None, place, tag=NO_VALUE)
        if name == "AWS::NotificationARNs":
            return node_of([], place)
        pseudo = self.origin.deployment.pseudo(name, self.name.replace("/", "-"))
        if pseudo is not None:
            return Node(pseudo, place)
        if name in self.root.get("Parameters").mapping:
            return self._parameter(name, self.root.get("Parameters").mapping[name])
        known = self.told(name)
        if known is not None:
            return Node(known, place)
        if self.type_of(name) in _QUALIFIED:
            return Node(self._qualified(name), place)
        if name in self.resources:
            pattern = REF.get(self.type_of(name), "{name}")
            return Node(self._filled(pattern, name), place)
        return Node(self._of_transform(name), place)

    def attribute(self, resource: str, name: str) -> Node:
        """Return what `Fn::GetAtt` gives."""
        asked = f"{resource}.{name}"
        known = self.told(asked)
        if known is not None:
            return Node(known, self.root.place)
        if resource in self.children and name.startswith(_OUTPUTS):
            return self.children[resource].output(name.removeprefix(_OUTPUTS), asked)
        if name in _QUALIFIED.get(self.type_of(resource), ()):
            return Node(self._qualified(resource), self.root.place)
        pattern = ATTRIBUTES.get(self.type_of(resource), {}).get(name)
        if pattern is not None:
            return Node(self._filled(pattern, resource), self.root.place)
        implicit = self._part(resource, name) or self._implicit(resource, name)
        if implicit:
            return Node(implicit, self.root.place)
        if resource not in self.resources and not self._is_made(resource):
            raise Wrong(f"there is no resource `{resource}`", nearest(resource, self.resources))
        raise Unknown(f"only a deployment knows `{asked}`", self._full(asked))

    def holds(self, condition: str) -> bool:
        """Return whether a condition holds."""
        if condition not in self._conditions:
            written_out = self.root.get("Conditions").mapping
            if condition not in written_out:
                raise Wrong(f"there is no condition `{condition}`", nearest(condition, written_out))
            self._conditions[condition] = self._once(
                f"the condition {condition}",
                lambda: self._resolver.is_true(written_out[condition], self.notes),
            )
        return self._conditions[condition]

    def mapped(self, keys: tuple[str, ...]) -> Node | None:
        """Return an entry of the mappings, None without one."""
        node = self.root.get("Mappings")
        for key in keys:
            if key not in node.mapping:
                return None
            node = node.mapping[key]
        return node

    def told(self, name: str) -> str | None:
        """Return a value of the user's own; one of a nested stack may be told with its path."""
        values = self.origin.deployment.values
        return values.get(self._full(name), values.get(name))

    def included(self, location: str) -> Node:
        """Return a file that the template includes."""
        path = self.base / location
        if location.startswith(("s3://", "https://")):
            raise Unknown(f"`{location}` is in the cloud", location)
        self.notes.depends_on(path)
        try:
            return load(path, self.notes, WAYS)
        except ProjectError as error:
            raise Wrong(error.message.rstrip("."), error.hint) from error

    def output(self, name: str, asked: str) -> Node:
        """Return an output; `asked` is what the stack above has asked for."""
        outputs = self.root.get("Outputs").mapping
        if name not in outputs:
            raise Wrong(f"`{asked}` is no output of {self.origin.path.name}")
        return self._once(
            f"the output {name}", lambda: self.resolve(outputs[name].get("Value"), self.notes)
        )

    # ---------------------------------------------------------------------------------------------

    def _once(self, what: str, make: Callable[[], Value]) -> Value:
        """Return what `make` returns; a value that needs itself is a mistake."""
        key = f"{self.name}/{what}"
        if key in self._active:
            chain = [*self._active[self._active.index(key) :], key]
            told = " → ".join(each.removeprefix(f"{self.name}/") for each in chain)
            raise Wrong(f"a value refers to itself: {told}", "Write one of these values itself.")
        self._active.append(key)
        try:
            return make()
        finally:
            self._active.pop()

    def _holds_or_not(self, condition: str, resource: Node) -> bool:
        try:
            return self.holds(condition)
        except Wrong as wrong:
            place = resource.get("Condition").place
            self.notes.error(place, f"`Condition`: {wrong.message}.", wrong.hint)
            return True

    def _full(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name else name

    def _filled(self, pattern: str, name: str) -> str:
        return pattern.format_map({**self.origin.deployment.words, "name": self.physical(name)})

    def _named(self, name: str) -> str:
        key = NAMED_BY.get(self.type_of(name), "")
        properties = self.resources[name].get("Properties") if name in self.resources else None
        if not key or properties is None or function_of(properties):
            return name
        node = self.resolve(properties.get(key), self.notes)
        return name if node.unresolved or not node.is_scalar else written(node.scalar) or name

    def _qualified(self, name: str) -> str:
        """Return the ARN of a version or an alias."""
        function = self.resources[name].get("Properties").get("FunctionName")
        told = self._once(f"the ARN of {name}", lambda: written(self.resolve(function).scalar))
        if ":function:" not in told:
            pattern = ATTRIBUTES["AWS::Lambda::Function"]["Arn"]
            told = pattern.format_map({**self.origin.deployment.words, "name": told})
        is_alias = self.type_of(name) == _ALIAS
        return f"{told}:{self.physical(name) if is_alias else FIRST_VERSION}"

    def _parameter(self, name: str, declared: Node) -> Node:
        type_ = written(declared.get("Type").scalar)
        given = self.origin.given.get(name)
        known = None if given is not None else self.told(name)
        if known is not None:
            given = Node(known, declared.place)
        if given is None and type_.startswith(_STORED):
            raise Unknown(
                f"the parameter `{name}` is kept in the cloud", self._full(name), declared.place
            )
        node = given if given is not None else declared.get("Default")
        if given is None and "Default" not in declared.mapping:
            raise Unknown(
                f"the parameter `{name}` has neither a value nor a default",
                self._full(name),
                declared.place,
            )
        self._see_allowed(name, declared, node)
        if _LISTS.fullmatch(type_) and node.is_scalar:
            parts = [each.strip() for each in written(node.scalar).split(",")]
            return node_of(parts, node.place)._replace(unresolved=node.unresolved)
        return node._replace(value=written(node.scalar)) if node.is_scalar else node

    def _see_allowed(self, name: str, declared: Node, node: Node) -> None:
        allowed = [written(each.scalar) for each in declared.get("AllowedValues").items]
        parts = [node] if node.is_scalar else node.items
        told = [written(each.scalar) for each in parts]
        if allowed and not node.unresolved and not set(told) <= set(allowed):
            self.notes.warn(
                declared.place,
                f"the parameter `{name}` is `{','.join(told)}`, which is not one of its "
                "`AllowedValues`.",
                hint=f"It is one of {', '.join(allowed)}.",
            )

    def _of_transform(self, name: str) -> str:
        """Return what stands for a resource that only the transform makes: its name."""
        resource, _, part = name.partition(".")
        made = self._part(resource, part)
        if made or self._is_made(resource):
            return made or name
        known = [*self.root.get("Parameters").mapping, *self.resources]
        hint = nearest(name, known) if known else ""
        raise Wrong(f"there is no parameter and no resource `{name}`", hint)

    def _part(self, resource: str, part: str) -> str:
        """Return what the transform makes of a part of a resource, "" where it makes nothing."""
        key = _PARTS.get((self.type_of(resource), part))
        if key is None:
            return ""
        node = self.resources[resource].get("Properties").get(key)
        told = self._once(f"the {key} of {resource}", lambda: written(self.resolve(node).scalar))
        if part == "Stage":
            return told
        arn = written(self.attribute(resource, "Arn").scalar)
        return f"{arn}:{told if part == 'Alias' else FIRST_VERSION}"

    def _is_made(self, name: str) -> bool:
        """Return whether the transform makes a resource of this name, as far as one can tell."""
        if name in IMPLICIT:
            return True
        return any(
            name.startswith(each) and self._names_part(each, name.removeprefix(each))
            for each in (*self.resources, *IMPLICIT)
            if each in IMPLICIT or self.type_of(each).startswith("AWS::Serverless::")
        )

    def _names_part(self, resource: str, rest: str) -> bool:
        """Return whether the transform makes names of a resource's own and this."""
        if _MADE.fullmatch(rest) is not None:
            return True
        written_out = self.resources.get(resource, Node({}, self.root.place))
        return rest.startswith(tuple(written_out.get("Properties").get("Events").mapping))

    def _implicit(self, resource: str, name: str) -> str | None:
        """Return an attribute of a resource that the transform makes beside a function."""
        words = self.origin.deployment.words
        owner = resource.removesuffix("Role")
        if name == "Arn" and resource != owner and self.type_of(owner) in FUNCTIONS:
            return "arn:{partition}:iam::{account}:role/{name}".format(**words, name=resource)
        if resource in IMPLICIT and name == "ApiEndpoint":
            return "https://{name}.execute-api.{region}.{suffix}".format(**words, name=resource)
        return None
