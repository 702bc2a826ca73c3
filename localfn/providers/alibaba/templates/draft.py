"""A function as its dialect writes it: the nodes of its fields, not yet read."""

from typing import NamedTuple

from localfn.model import Place
from localfn.providers.alibaba.templates.dialect import Dialect
from localfn.templates.tree import Node


class HookDraft(NamedTuple):
    """A lifecycle hook."""

    handler: Node
    timeout: Node


class TriggerDraft(NamedTuple):
    """A trigger."""

    name: Node
    kind: Node
    config: Node
    qualifier: Node
    arn: Node


class ContainerDraft(NamedTuple):
    """How a custom runtime or a custom image is started. `command` is of several parts."""

    image: Node
    entrypoint: Node
    command: tuple[Node, ...]
    port: Node
    health: Node
    web_server: Node


class Draft(NamedTuple):
    """The nodes of a function's fields, wherever its dialect keeps them."""

    dialect: Dialect
    place: Place
    module: str
    name: Node
    service: Node
    runtime: Node
    handler: Node
    code: Node
    bucket: Node
    memory: Node
    cpu: Node
    disk: Node
    timeout: Node
    concurrency: Node
    soft_concurrency: Node
    reserved_concurrency: Node
    environment: Node
    layers: Node
    initializer: HookDraft
    pre_freeze: HookDraft
    pre_stop: HookDraft
    container: ContainerDraft
    region: Node
    role: Node
    internet: Node
    log: Node
    nas: Node
    oss: Node
    no_credentials: Node
    description: Node
    asynchronous: Node
    triggers: tuple[TriggerDraft, ...]
