"""Neovim with nvim-dap: a piece of Lua for the user's own configuration."""

from collections.abc import Callable, Iterable

from localfn.debug.editors import HOST, OURS_OF_NODEJS, Attachment
from localfn.errors import UsageError

HEAD = """\
-- Attach to functions that localfn runs: `localfn start-api --debug`, then :DapContinue.
local dap = require('dap')
dap.adapters.localfn = function(callback, config)
  callback({ type = 'server', host = '127.0.0.1', port = config.port })
end
"""


def content(attachments: Iterable[Attachment], home: str) -> str:
    """Return the Lua that configures nvim-dap for these functions of the project at `home`."""
    pieces = [HEAD]
    for each in attachments:
        make = CONFIGURATIONS.get(each.language)
        if make is None:
            raise UsageError(
                f"`{each.function}` is written in {each.language}, whose debugger does not speak "
                "the protocol of nvim-dap.",
                hint=f"There is a configuration for {', '.join(CONFIGURATIONS)}.",
            )
        pieces.append(_configuration(each, *make(each, home)))
    return "\n".join(pieces)


def _configuration(attachment: Attachment, filetype: str, lines: tuple[str, ...]) -> str:
    told = (
        f"name = {_text(attachment.name)},",
        *lines,
        f"port = {attachment.port},",
    )
    table = "\n".join(f"  {each}" for each in told)
    list_of = f"dap.configurations.{filetype}"
    return f"{list_of} = {list_of} or {{}}\ntable.insert({list_of}, {{\n{table}\n}})\n"


def _here(attachment: Attachment, home: str) -> str:
    return _text(f"{home}/{attachment.here}" if attachment.here else home)


def _python(attachment: Attachment, home: str) -> tuple[str, tuple[str, ...]]:
    lines = ("type = 'localfn',", "request = 'attach',", "justMyCode = true,")
    if not attachment.there:
        return "python", lines
    here, there = _here(attachment, home), _text(attachment.there)
    mapping = f"pathMappings = {{ {{ localRoot = {here}, remoteRoot = {there} }} }},"
    return "python", (*lines, mapping)


def _nodejs(attachment: Attachment, home: str) -> tuple[str, tuple[str, ...]]:
    lines = (
        "-- needs the adapter `pwa-node` of vscode-js-debug",
        "type = 'pwa-node',",
        "request = 'attach',",
        f"address = {_text(HOST)},",
        "restart = { delay = 200 },",
        f"skipFiles = {{ {', '.join(map(_text, ('<node_internals>/**', *OURS_OF_NODEJS)))} }},",
    )
    if not attachment.there:
        return "javascript", lines
    here, there = _here(attachment, home), _text(attachment.there)
    return "javascript", (*lines, f"localRoot = {here},", f"remoteRoot = {there},")


def _go(_: Attachment, __: str) -> tuple[str, tuple[str, ...]]:
    # A program knows its sources by where it was built, which is here, wherever it runs.
    return "go", ("type = 'localfn',", "request = 'attach',", "mode = 'remote',")


def _ruby(attachment: Attachment, home: str) -> tuple[str, tuple[str, ...]]:
    lines = ("type = 'localfn',", "request = 'attach',")
    if not attachment.there:
        return "ruby", lines
    mapped = f"{attachment.there}:{home}/{attachment.here}".rstrip("/")
    return "ruby", (*lines, f"localfsMap = {_text(mapped)},")


def _text(value: str) -> str:
    """Return a string of Lua."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{quoted}'"


CONFIGURATIONS: dict[str, Callable[[Attachment, str], tuple[str, tuple[str, ...]]]] = {
    "python": _python,
    "nodejs": _nodejs,
    "go": _go,
    "ruby": _ruby,
}
