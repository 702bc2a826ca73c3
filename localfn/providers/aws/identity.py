"""What clients say of themselves, where authorizers look for it (contract aws-lambda, 6.2, 6.3)."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from localfn.model import Visit, WebRules
from localfn.providers.aws import request_facts, rest_api

_REQUEST = re.compile(r"^(method|route)\.request\.|^\$request\.")


class NotLetIn(Exception):
    """The client is not let in: `name` is one of the gateway's own answers, the message says why.

    `more` is what the answer's own text goes on with.
    """

    def __init__(self, name: str, why: str, more: str = "") -> None:
        super().__init__(why)
        self.name = name
        self.more = more


def whole(visit: Visit, told: Mapping[str, object]) -> list[str]:
    """Return what all sources of identity hold; raise `NotLetIn` where one holds nothing."""
    sources = request_facts.texts(told.get("identity"))
    identity = [held(visit, each) for each in sources]
    if not all(identity):
        empty = sources[identity.index("")]
        raise NotLetIn("unauthorized", f"the request holds nothing at `{empty}`")
    return identity


def token(visit: Visit, told: Mapping[str, object]) -> str:
    """Return the token of a client, "" where it has none."""
    sources = request_facts.texts(told.get("identity")) or ("$request.header.Authorization",)
    return held(visit, sources[0])


def held(visit: Visit, source: str) -> str:
    """Return what a source of identity holds, such as `method.request.header.X`."""
    place, _, name = _REQUEST.sub("", source).partition(".")
    if source.startswith(("stageVariables.", "$stageVariables.")):
        return str((rest_api.stage_variables(visit) or {}).get(source.partition(".")[2], ""))
    if source.startswith(("context.", "$context.")):
        return _of_context(visit, source.partition(".")[2])
    if place == "header":
        return visit.request.header(name)
    if place == "querystring":
        return request_facts.last(request_facts.query_pairs(visit.request.query)).get(name, "")
    return unquote(visit.values.get(name, "")) if place == "path" else ""


def _of_context(visit: Visit, name: str) -> str:
    found: object = rest_api.context(visit, WebRules())
    for each in name.split("."):
        found = found.get(each) if isinstance(found, dict) else None
    return "" if found is None else str(found)
