"""Facts that only Function Compute understands, as text (`Function.attributes`)."""

import re
from collections.abc import Mapping

from localfn.providers.alibaba.templates.asynchronous import asynchronous
from localfn.providers.alibaba.templates.draft import Draft
from localfn.templates import fields
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node, json_of

_ACCOUNT = re.compile(r"acs:[a-z]+:[^:]*:(\d{5,}):")
# Values of `disableInjectCredentials` that leave the variables where they are.
_INJECTED = frozenset({"", "false", "none", "request"})


def attributes(draft: Draft, notes: Notebook) -> Mapping[str, str]:
    """Return what is known; unknown attributes are left out."""
    found = {
        "generation": draft.dialect.generation,
        "dialect": draft.dialect.name,
        "qualifier": "LATEST",
        "module": draft.module,
        "region": _known(draft.region, notes),
        "role": _known(draft.role, notes),
        "description": _known(draft.description, notes),
        "account_id": _account(draft),
        "log_project": _known(draft.log.get("project", "Project"), notes),
        "log_store": _known(draft.log.get("logstore", "Logstore"), notes),
        "instance_soft_concurrency": _known(draft.soft_concurrency, notes),
        "internet_access": _known(draft.internet, notes).lower(),
        "inject_credentials": _injected(draft.no_credentials, notes),
        "health_check": json_of(draft.container.health) if draft.container.health.mapping else "",
        "spellings": _spellings(draft),
        **asynchronous(draft.asynchronous, notes),
    }
    return {name: value for name, value in found.items() if value}


def _known(node: Node, notes: Notebook) -> str:
    return "" if node.unresolved or not node.is_scalar else fields.text(node, notes)


def _account(draft: Draft) -> str:
    for node in (draft.role, *(each.arn for each in draft.triggers)):
        match = _ACCOUNT.match(node.value) if isinstance(node.value, str) else None
        if match is not None:
            return match[1]
    return ""


def _injected(node: Node, notes: Notebook) -> str:
    return "" if _known(node, notes).lower() in _INJECTED else "false"


def _spellings(draft: Draft) -> str:
    """Return the other names of a function that came from FC2 as `service$function` (1.7)."""
    name = draft.name.value
    if draft.dialect.generation != "fc3" or not isinstance(name, str) or "$" not in name:
        return ""
    service, _, function = name.partition("$")
    return f"{service}/{function} {function}"
