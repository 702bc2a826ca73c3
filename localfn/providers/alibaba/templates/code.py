"""Where a function's code is on this machine (contract alibaba-fc, section 1.3)."""

import os
from pathlib import Path

from localfn.providers.alibaba.templates.dialect import Dialect
from localfn.providers.alibaba.templates.draft import Draft
from localfn.templates.fields import as_written
from localfn.templates.notebook import Notebook
from localfn.templates.tree import Node

_BUCKET_KEYS = ("ossBucketName", "ossBucket", "Bucket")
_IMAGES = frozenset({"custom-container", "micro-sandbox"})


def locate(draft: Draft, base: Path, notes: Notebook) -> Path:
    """Return the folder or file of the code; an image needs none and gets the template's folder."""
    node = draft.code.get("src") if draft.code.mapping else draft.code
    written = as_written(node).strip() if node.is_scalar else ""
    needed = draft.runtime.scalar not in _IMAGES
    bucket = draft.code.get(*_BUCKET_KEYS)
    if written.startswith("oss://") or (not written and (bucket.written or draft.bucket.written)):
        _refuse_bucket(
            draft.code if draft.code.written else draft.bucket, draft, notes, needed=needed
        )
        return base
    if not written:
        if needed:
            _refuse_nothing(draft.code, notes)
        return base
    return _existing(written, node, base, notes, needed=needed)


def ignore_files(code: Path, base: Path, dialect: Dialect) -> tuple[Path, ...]:
    """Return the files that may say what is not uploaded (section 1.1): they need not be there."""
    folders = dict.fromkeys((code, base)) if dialect.ignored_beside_template else (code,)
    return tuple(each / dialect.ignore_file for each in folders)


def _refuse_bucket(node: Node, draft: Draft, notes: Notebook, *, needed: bool) -> None:
    if not needed:
        return
    notes.error(
        node.place,
        "the code is in a bucket, which localfn does not fetch.",
        hint=f"Write a local path: `{draft.code.name}: ./folder`.",
    )


def _refuse_nothing(node: Node, notes: Notebook) -> None:
    notes.error(
        node.place,
        f"there is no `{node.name}`.",
        hint=f"Write the folder of the code: `{node.name}: ./folder`.",
    )


def _existing(written: str, node: Node, base: Path, notes: Notebook, *, needed: bool) -> Path:
    # Templates written on Windows are run elsewhere too.
    path = Path(os.path.abspath(base / written.replace("\\", "/")))
    if not _exists(path):
        notes.depends_on(path)
        tell = notes.error if needed else notes.warn
        tell(
            node.place,
            f"`{node.name}` is `{written}`, which does not exist.",
            hint=f"It is looked for as `{path}`: paths are relative to the template's folder.",
        )
        return path
    if not path.is_relative_to(os.path.abspath(base)):
        notes.warn(
            node.place,
            f"`{node.name}` is `{written}`, which lies outside the template's folder.",
            hint="It works, but the project cannot be moved alone.",
        )
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
