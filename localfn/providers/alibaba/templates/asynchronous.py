"""How asynchronous calls are repeated and where their results go (contract alibaba-fc, 1.3)."""

from collections.abc import Mapping

from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

# attribute -> where it is written; a path of several spellings, the first that is there counts
_FIELDS = {
    "async_retries": ("maxAsyncRetryAttempts",),
    "async_max_age_s": ("maxAsyncEventAgeInSeconds",),
    "async_on_success": ("destinationConfig.onSuccess.destination", "destination.onSuccess"),
    "async_on_failure": ("destinationConfig.onFailure.destination", "destination.onFailure"),
}


def asynchronous(config: Node, notes: Notebook) -> Mapping[str, str]:
    """Return the settings of asynchronous calls as attributes, "" where nothing is written."""
    return {name: _first(config, paths, notes) for name, paths in _FIELDS.items()}


def _first(config: Node, paths: tuple[str, ...], notes: Notebook) -> str:
    for path in paths:
        node = config.at(path)
        if node.written and not node.unresolved:
            return fields.text(node, notes)
    return ""
