"""Source maps: without them breakpoints in TypeScript are not hit, and no editor says why."""

import re
from pathlib import Path

ENDINGS = (".js", ".cjs", ".mjs")
TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")
# The comment stands at the end of a file, which may be a large bundle.
TAIL_BYTES = 4096
MAP = re.compile(rb"//[#@] ?sourceMappingURL=(\S+)\s*$")


def missing_map(code: Path, handler: str) -> str:
    """Return what keeps breakpoints in the sources from being hit, "" for nothing."""
    module = code / handler.rpartition(".")[0]
    script = next((each for end in ENDINGS if (each := Path(f"{module}{end}")).is_file()), None)
    if script is None:
        return ""
    named = MAP.search(_tail(script))
    if named is None:
        return _unmapped(module, script)
    url = named[1].decode(errors="replace")
    if url.startswith("data:") or "://" in url or (script.parent / url).is_file():
        return ""
    return (
        f"`{script.name}` names the source map `{url}`, which is not there: breakpoints in its "
        "sources will not be hit. Build it again, or copy the map beside it."
    )


def _unmapped(module: Path, script: Path) -> str:
    """Return the line for a script beside which its source in TypeScript lies, and no map."""
    source = next((each for end in TYPESCRIPT if (each := Path(f"{module}{end}")).is_file()), None)
    if source is None:
        return ""
    return (
        f"`{script.name}` has no source map: breakpoints in `{source.name}` will not be hit. "
        'Build it with `"sourceMap": true`.'
    )


def _tail(script: Path) -> bytes:
    try:
        with script.open("rb") as stream:
            stream.seek(max(0, script.stat().st_size - TAIL_BYTES))
            return stream.read().rstrip()
    except OSError:
        return b""
