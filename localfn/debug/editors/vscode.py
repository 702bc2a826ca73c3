"""VS Code: `.vscode/launch.json` and `.vscode/tasks.json`."""

from collections.abc import Callable, Iterable

from localfn.debug.editors import HOST, OURS, OURS_OF_NODEJS, Attachment
from localfn.debug.editors.jsonc import put

LAUNCH = ".vscode/launch.json"
TASKS = ".vscode/tasks.json"
EMPTY = {
    LAUNCH: '{\n    "version": "0.2.0",\n    "configurations": []\n}\n',
    TASKS: '{\n    "version": "2.0.0",\n    "tasks": []\n}\n',
}
TASK = f"{OURS}debug"
ALL = f"{OURS}all functions"
WORKSPACE = "${workspaceFolder}"

Entry = dict[str, object]


def launch(text: str, attachments: Iterable[Attachment]) -> str:
    """Return launch.json with an entry for each function, and one for all where there are more."""
    given = tuple(attachments)
    for each in given:
        text = put(text, "configurations", "name", configuration(each))
    if len(given) > 1:
        text = put(text, "compounds", "name", _all(given))
    return text


def tasks(text: str, command: str) -> str:
    """Return tasks.json with the task that starts the gateway and says when it is ready."""
    return put(text, "tasks", "label", task(command))


def configuration(attachment: Attachment) -> Entry:
    """Return the entry that attaches to one function."""
    return {
        "name": attachment.name,
        **ENTRIES[attachment.language](attachment),
        "preLaunchTask": TASK,
    }


def task(command: str) -> Entry:
    """Return the task that runs a command until it is stopped.

    Editors attach when they see the line that says where debuggers listen.
    """
    return {
        "label": TASK,
        "type": "shell",
        "command": command,
        "isBackground": True,
        "presentation": {"reveal": "silent"},
        "problemMatcher": {
            "owner": "localfn",
            # Where an error of a project is, as localfn writes it.
            "pattern": {
                "regexp": "^error: (.*?):(\\d+): (.*)$",
                "file": 1,
                "line": 2,
                "message": 3,
            },
            "background": {
                "activeOnStart": True,
                "beginsPattern": "^localfn: (starting|reloading)",
                "endsPattern": "^localfn: (debugger listening|ready at)",
            },
        },
    }


def _all(attachments: tuple[Attachment, ...]) -> Entry:
    return {
        "name": ALL,
        "configurations": [each.name for each in attachments],
        "stopAll": True,
        "preLaunchTask": TASK,
    }


def _here(attachment: Attachment) -> str:
    return f"{WORKSPACE}/{attachment.here}" if attachment.here else WORKSPACE


def _python(attachment: Attachment) -> Entry:
    entry: Entry = {
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": HOST, "port": attachment.port},
        "justMyCode": True,
    }
    if attachment.there:
        # In a process, where paths are the same, localfn takes no notice of it.
        entry["pathMappings"] = [{"localRoot": _here(attachment), "remoteRoot": attachment.there}]
    return entry


def _nodejs(attachment: Attachment) -> Entry:
    entry: Entry = {
        "type": "node",
        "request": "attach",
        "address": HOST,
        "port": attachment.port,
        "restart": {"delay": 200},
        "skipFiles": ["<node_internals>/**", *OURS_OF_NODEJS],
    }
    if attachment.there:
        entry |= {"localRoot": _here(attachment), "remoteRoot": attachment.there}
    return entry


def _java(attachment: Attachment) -> Entry:
    return {
        "type": "java",
        "request": "attach",
        "hostName": HOST,
        "port": attachment.port,
        "sourcePaths": [_here(attachment)],
    }


def _go(attachment: Attachment) -> Entry:
    # A program knows its sources by where it was built, which is here, wherever it runs.
    return {
        "type": "go",
        "request": "attach",
        "mode": "remote",
        "host": HOST,
        "port": attachment.port,
    }


def _php(attachment: Attachment) -> Entry:
    entry: Entry = {"type": "php", "request": "launch", "port": attachment.port}
    if attachment.there:
        entry["pathMappings"] = {attachment.there: _here(attachment)}
    return entry


def _ruby(attachment: Attachment) -> Entry:
    entry: Entry = {
        "type": "rdbg",
        "request": "attach",
        "debugPort": f"{HOST}:{attachment.port}",
    }
    if attachment.there:
        entry["localfsMap"] = f"{attachment.there}:{_here(attachment)}"
    return entry


def _dotnet(attachment: Attachment) -> Entry:
    container = f"$(docker ps -q -n 1 -f label=io.localfn.function={attachment.function})"
    entry: Entry = {
        "type": "coreclr",
        "request": "attach",
        "processName": "dotnet",
        "pipeTransport": {
            "pipeProgram": "sh",
            "pipeArgs": ["-c", f"docker exec -i {container} ${{debuggerCommand}}"],
            "debuggerPath": "/vsdbg/vsdbg",
            "pipeCwd": WORKSPACE,
            "quoteArgs": False,
        },
    }
    if attachment.there:
        entry["sourceFileMap"] = {attachment.there: _here(attachment)}
    return entry


ENTRIES: dict[str, Callable[[Attachment], Entry]] = {
    "python": _python,
    "nodejs": _nodejs,
    "java": _java,
    "go": _go,
    "php": _php,
    "ruby": _ruby,
    "dotnet": _dotnet,
}
