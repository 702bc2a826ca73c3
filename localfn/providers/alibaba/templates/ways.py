"""How the vendor's tools read YAML."""

import json

from localfn.templates.file import Ways
from localfn.templates.scalars import Scalar, scalar
from localfn.templates.tree import Node, plain_of


def _scalar(text: str, _: str) -> Scalar:
    # PyYAML takes `1e3` for text, the vendor's tools do not; its author will not notice.
    return scalar(text)


def _tagged(node: Node, tag: str) -> Node:
    """Return a value with a tag as readable text: only the cloud knows what it stands for."""
    content = node.value
    if not node.is_scalar:
        content = json.dumps(plain_of(node), ensure_ascii=False)
    return Node(f"{tag} {content}".rstrip(), node.place, node.name, tag=tag)


WAYS = Ways(_scalar, _tagged, "`edition: 3.0.0` and `resources:`")
