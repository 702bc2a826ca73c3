"""URLs of functions: `FunctionUrlConfig` and `AWS::Lambda::Url` (contract 1.3)."""

from localfn.providers.aws.templates.cors import cors_of_http
from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.ways import written
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

NAME = "url"


def read_url(entry: Entry) -> None:
    """Add the trigger of a function that has a URL."""
    config = entry.resource.get("Properties").get("FunctionUrlConfig")
    if config.written:
        settled = entry.stack.resolve(config, entry.notes)
        entry.add("function-url", NAME, options(settled, entry.notes))


def options(config: Node, notes: Notebook) -> dict[str, object]:
    """Return the options of a URL's trigger."""
    return {
        "auth_type": written(config.get("AuthType").scalar) or "NONE",
        "invoke_mode": written(config.get("InvokeMode").scalar) or "BUFFERED",
        "cors": cors_of_http(config.get("Cors"), notes),
    }
