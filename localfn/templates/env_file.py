"""Read a file of variables: `NAME=value` lines, quotes removed, `#` comments; or JSON."""

from pathlib import Path

from localfn.errors import UsageError
from localfn.templates.env_vars import EnvVars, parse_env_vars


def read_env_vars(path: Path | None) -> EnvVars:
    """Return the variables of a file, nothing for None.

    Where it is JSON, an object under a function's name is for that function, one under
    `Parameters` for all.
    """
    text = "" if path is None else _read(path)
    if path is None or not text.lstrip().startswith("{"):
        return EnvVars(read_env_file(path), {})
    try:
        return parse_env_vars(text)
    except ValueError as error:
        raise UsageError(
            f"{path}: these are no variables as JSON: {error}.",
            hint='Write `{"FUNCTION": {"NAME": "value"}}`, or one NAME=value per line.',
        ) from error


def read_env_file(path: Path | None) -> dict[str, str]:
    """Return the variables of a file, nothing for None; raise `UsageError` for a wrong line."""
    if path is None:
        return {}
    variables = {}
    for number, line in enumerate(_read(path).splitlines(), 1):
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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"`{path}` cannot be read: {error.strerror}.", hint="Name a file of NAME=value lines."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 text.", hint="Save it as UTF-8.") from error


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #")[0].rstrip()
