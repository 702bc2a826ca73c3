"""Read a `.env` file: `NAME=value` lines, quotes removed, `#` comments."""

from pathlib import Path

from localfn.errors import UsageError


def read_env_file(path: Path | None) -> dict[str, str]:
    """Return the variables of a file, nothing for None; raise `UsageError` for a wrong line."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(
            f"`{path}` cannot be read: {error.strerror}.", hint="Name a file of NAME=value lines."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 text.", hint="Save it as UTF-8.") from error
    variables = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"{path}:{number}: `{line}` is not NAME=value.",
                hint="Write one `NAME=value` per line; `#` begins a comment.",
            )
        variables[name.strip()] = _unquoted(value.strip())
    return variables


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #")[0].rstrip()
