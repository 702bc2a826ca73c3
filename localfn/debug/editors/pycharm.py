"""PyCharm and its sisters: one file of `.idea/runConfigurations/` for each function."""

import re
from collections.abc import Callable, Mapping
from xml.sax.saxutils import quoteattr

from localfn.debug.editors import HOST, Attachment
from localfn.errors import UsageError

FOLDER = ".idea/runConfigurations"
PROJECT = "$PROJECT_DIR$"


def path(attachment: Attachment) -> str:
    """Return the file of a function's configuration."""
    return f"{FOLDER}/{re.sub(r'[^A-Za-z0-9]+', '_', attachment.name)}.xml"


def content(attachment: Attachment) -> str:
    """Return that file; raise `UsageError` for a language that these editors cannot attach to."""
    make = CONFIGURATIONS.get(attachment.language)
    if make is None:
        raise UsageError(
            f"`{attachment.function}` is written in {attachment.language}, for which there is no "
            "run configuration that attaches.",
            hint=f"There is one for {', '.join(CONFIGURATIONS)}.",
        )
    attributes, inner = make(attachment)
    told = {"default": "false", "name": attachment.name, **attributes}
    lines = ("", *inner, '<method v="2" />')
    return (
        '<component name="ProjectRunConfigurationManager">\n'
        f"  <configuration{_attributes(told)}>"
        + "\n    ".join(lines)
        + "\n  </configuration>\n</component>\n"
    )


Made = tuple[Mapping[str, str], tuple[str, ...]]


def _attributes(told: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in told.items())


def _option(name: str, value: str) -> str:
    return f"<option{_attributes({'name': name, 'value': value})} />"


def _here(attachment: Attachment) -> str:
    return f"{PROJECT}/{attachment.here}" if attachment.here else PROJECT


def _python(attachment: Attachment) -> Made:
    address = _option("remoteAddress", f"{HOST}:{attachment.port}")
    mapping = _attributes(
        {"local-root": _here(attachment), "remote-root": attachment.there or _here(attachment)}
    )
    return {"type": "PythonDapAttachConfiguration"}, (
        address,
        "<PathMappingSettings>",
        '  <option name="pathMappings">',
        "    <list>",
        f"      <mapping{mapping} />",
        "    </list>",
        "  </option>",
        "</PathMappingSettings>",
    )


def _nodejs(attachment: Attachment) -> Made:
    told = {
        "type": "ChromiumRemoteDebugType",
        "factoryName": "Chromium Remote",
        "host": HOST,
        "port": str(attachment.port),
        "restartOnDisconnect": "true",
    }
    if not attachment.there:
        return told, ()
    mapping = _attributes({"url": attachment.there, "local-file": _here(attachment)})
    return told, (f"<mapping{mapping} />",)


def _java(attachment: Attachment) -> Made:
    return {"type": "Remote"}, (
        _option("USE_SOCKET_TRANSPORT", "true"),
        _option("SERVER_MODE", "false"),
        _option("SHMEM_ADDRESS", ""),
        _option("HOST", HOST),
        _option("PORT", str(attachment.port)),
        _option("AUTO_RESTART", "true"),
    )


def _go(attachment: Attachment) -> Made:
    told = {
        "type": "GoRemoteDebugConfigurationType",
        "factoryName": "Go Remote",
        "port": str(attachment.port),
    }
    return told, (_option("disconnectOption", "LEAVE"), '<disconnect value="LEAVE" />')


def _php(attachment: Attachment) -> Made:
    return {
        "type": "PhpRemoteDebugRunConfigurationType",
        "factoryName": "PHP Remote Debug",
    }, ()


CONFIGURATIONS: dict[str, Callable[[Attachment], Made]] = {
    "python": _python,
    "nodejs": _nodejs,
    "java": _java,
    "go": _go,
    "php": _php,
}
