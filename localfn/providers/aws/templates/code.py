"""Where code is on this machine: folders, archives, text in the template, images (contract 1.3)."""

import os
from collections.abc import Mapping
from pathlib import Path

from localfn.providers.aws.runtimes import RUNTIMES
from localfn.providers.aws.templates.entry import Entry
from localfn.providers.aws.templates.stack import Stack
from localfn.providers.aws.templates.ways import written
from localfn.templates.fields import as_written
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_PLAIN = "AWS::Lambda::Function"
_INLINE = {"python": "index.py", "nodejs": "index.js"}
_ENDINGS = {
    "python": (".py", "/__init__.py"),
    "nodejs": ("", ".js", ".mjs", ".cjs"),
}
_REMOTE = ("s3://", "https://s3")
_BUCKET_KEYS = ("Bucket", "S3Bucket")
# What the CDK writes beside a resource whose code it has put into a folder of its own.
_ASSET = "aws:asset:path"
_ASSET_PROPERTY = "aws:asset:property"


def locate(entry: Entry, props: Node) -> Path:
    """Return the folder or file of a function's code; inline code gets the template's folder."""
    node = props.get("CodeUri", "Code")
    base, notes = entry.stack.base, entry.notes
    if _inline_node(props).written:
        return base
    asset = _asset(entry.resource, ("Code",))
    if asset is not None:
        return existing(asset, entry.stack, notes)
    if not node.written:
        if entry.resource.get("Type").value == _PLAIN:
            notes.error(entry.place, "there is no `Code`.", hint="Write `Code: {ZipFile: …}`.")
        # The vendor's tool takes the template's folder for a function that names none.
        return base
    return _local(node, entry.stack, notes)


def inline(props: Node, runtime: str, notes: Notebook) -> Mapping[str, str]:
    """Return code that stands in the template itself, by file name."""
    node = _inline_node(props)
    if not node.written:
        return {}
    known = RUNTIMES.get(runtime)
    name = _INLINE.get(known.language if known else "")
    if name is None:
        notes.error(
            node.place,
            f"`{node.name}` holds code, which the cloud takes for Python and Node.js only.",
            hint="Put the code into a folder: `CodeUri: ./folder`.",
        )
        return {}
    return {name: as_written(node)}


def files_of(handler: str, language: str) -> tuple[str, ...]:
    """Return the files that may hold a handler."""
    if language == "python":
        module = handler.rpartition(".")[0].replace(".", "/")
    else:
        folder, slash, last = handler.rpartition("/")
        module = f"{folder}{slash}{last.partition('.')[0]}"
    found = tuple(f"{module}{ending}" for ending in _ENDINGS[language])
    return found if found[0] != module else (*found[1:], module)


def layer_folder(stack: Stack, resource: Node, props: Node, notes: Notebook) -> Path | None:
    """Return the folder or archive of a layer, None where it is not on this machine."""
    asset = _asset(resource, ("Content",))
    if asset is not None:
        return existing(asset, stack, notes)
    node = props.get("ContentUri", "Content")
    if not node.written:
        notes.error(resource.place, "the layer has no `ContentUri`.", hint="Write its folder.")
        return None
    found = _local(node, stack, notes)
    method = resource.get("Metadata").get("BuildMethod")
    if method.written and found.is_dir():
        _see_built(found, written(method.scalar), method, notes)
    return found


def image_of(props: Node, entry: Entry) -> str:
    """Return the image of a function: the one that is named, or the tag that is built for it."""
    node = props.get("ImageUri")
    node = node if node.written else props.get("Code").get("ImageUri")
    if node.written and not node.unresolved:
        return as_written(node)
    metadata = entry.resource.get("Metadata")
    if not metadata.get("Dockerfile", "aws:asset:dockerfile-path").written:
        entry.notes.error(
            node.place if node.written else entry.place,
            f"the function `{entry.id}` names no image that is known here.",
            hint="Write `ImageUri: NAME:TAG`, or `Metadata` with a `Dockerfile`.",
        )
        return ""
    tag = written(metadata.get("DockerTag").scalar) or "latest"
    return f"{entry.id.lower()}:{tag}"


def image_folder(entry: Entry) -> Path:
    """Return the folder that an image is built in."""
    context = entry.resource.get("Metadata").get("DockerContext", _ASSET)
    return Path(os.path.abspath(entry.stack.base / (written(context.scalar) or ".")))


def existing(node: Node, stack: Stack, notes: Notebook) -> Path:
    """Return the path that a node names; write down where there is nothing."""
    text = as_written(node).strip()
    # Templates written on Windows are run elsewhere too.
    path = Path(os.path.abspath(stack.base / text.replace("\\", "/")))
    if not _exists(path):
        notes.depends_on(path)
        notes.error(
            node.place,
            f"`{node.name}` is `{text}`, which does not exist.",
            hint=f"It is looked for as `{path}`: paths are relative to the template's folder.",
        )
    return path


def _local(node: Node, stack: Stack, notes: Notebook) -> Path:
    text = as_written(node).strip() if node.is_scalar else ""
    if text.startswith(_REMOTE) or any(key in node.mapping for key in _BUCKET_KEYS):
        notes.error(
            node.place,
            f"`{node.name}` is in a bucket, which localfn does not fetch.",
            hint=f"Write a local path: `{node.name}: ./folder`.",
        )
    elif node.unresolved:
        notes.error(node.place, f"`{node.name}` is `{as_written(node)}`, which is not known here.")
    elif not text:
        notes.error(
            node.place,
            f"`{node.name}` names no folder.",
            hint=f"Write the folder of the code: `{node.name}: ./folder`.",
        )
    else:
        return existing(node, stack, notes)
    return stack.base


def _inline_node(props: Node) -> Node:
    inline_code = props.get("InlineCode")
    return inline_code if inline_code.written else props.get("Code").get("ZipFile")


def _asset(resource: Node, properties: tuple[str, ...]) -> Node | None:
    """Return the path of the CDK's own copy of what a property holds."""
    metadata = resource.get("Metadata")
    path = metadata.get(_ASSET)
    about = written(metadata.get(_ASSET_PROPERTY).scalar)
    return path if path.written and about.partition(".")[0] in properties else None


def _see_built(folder: Path, method: str, node: Node, notes: Notebook) -> None:
    """Write down a layer whose folder has not yet the form that functions find things in."""
    wanted = next((each for each in ("python", "nodejs") if method.startswith(each)), "")
    if wanted and not (folder / wanted).is_dir():
        notes.warn(
            node.place,
            f"the layer is to be built (`BuildMethod: {method}`) and has no folder `{wanted}` yet.",
            hint="Build it, and let `ContentUri` name what was built.",
        )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
