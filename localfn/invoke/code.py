"""The folder with a function's code; an archive is unpacked once for its content."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from localfn.errors import ProjectError
from localfn.model import Function

ARCHIVES = frozenset({".zip", ".jar", ".war"})
HOME = Path(".localfn", "code")


class Unpacker:
    """Finds code folders of one project; unpacks archives into `.localfn/code/CONTENT`."""

    def __init__(self, root: Path) -> None:
        self._home = root / HOME

    def folder(self, function: Function) -> Path:
        """Return the folder to run the function in; raise `ProjectError` when there is none."""
        code = function.code
        if function.files:
            return self._written(function.files)
        if code.is_dir():
            return code
        if not code.exists():
            raise ProjectError(
                f"{function.template or function.key}: the code of `{function.key}` should be at "
                f"`{code}`, which does not exist.",
                hint="Correct the path in the template, or build the function first.",
            )
        return self.open(code) or code.parent

    def open(self, path: Path) -> Path | None:
        """Return a folder as it is, an archive unpacked; None for any other file, or none.

        Raises `ProjectError` for an archive that is broken or dangerous.
        """
        if path.is_dir():
            return path
        if not path.is_file() or path.suffix.lower() not in ARCHIVES:
            return None
        return self._unpacked(path)

    def source(self, function: Function) -> Path:
        """Return the folder or the archive that `folder` is made from, be it there or not."""
        code = function.code
        if function.files and function.template is not None:
            return function.template.path
        if code.is_file() and code.suffix.lower() not in ARCHIVES:
            return code.parent
        return code

    def _unpacked(self, archive: Path) -> Path:
        # Loaded here: zip and hash libraries cost every other start 10 ms.
        from localfn.invoke.archive import digest, unpack

        return self._filled(digest(archive), lambda into: unpack(archive, into))

    def _written(self, files: Mapping[str, str]) -> Path:
        import hashlib

        name = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:24]
        return self._filled(name, lambda into: _write(files, into))

    def _filled(self, name: str, fill: Callable[[Path], None]) -> Path:
        """Return the folder of this name, filled once."""
        target = self._home / name
        if target.is_dir():
            return target
        # Unpacked beside its place and moved there whole: nothing is ever half there.
        into = self._home / f"{target.name}.{os.urandom(4).hex()}"
        into.mkdir(parents=True)
        try:
            fill(into)
            into.replace(target)
        except OSError:
            # Another run may have been faster.
            if not target.is_dir():
                raise
        finally:
            _remove(into)
        return target


def _write(files: Mapping[str, str], into: Path) -> None:
    for name, text in files.items():
        (into / name).write_bytes(text.encode("utf-8", "surrogatepass"))


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
