"""`localfn debug-config`: write what an editor needs to attach to functions."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from localfn.app import find_project, languages_of
from localfn.cli.show import say
from localfn.debug.editors import Attachment, neovim, pycharm, vscode
from localfn.debug.editors.jsonc import NotJson
from localfn.debug.kinds import KINDS, OWN
from localfn.debug.own import MACHINE, OPENINGS, Place, language_of
from localfn.debug.ports import Ports
from localfn.errors import MachineError, ProjectError, UsageError
from localfn.instances.engine import is_available
from localfn.model import Function
from localfn.project import Project
from localfn.settings import RUNNERS, Settings, resolve

LANGUAGES = tuple(vscode.ENTRIES)


class Wanted(NamedTuple):
    """A file of the project as it shall be."""

    path: Path
    before: str
    after: str


@click.command("debug-config")
@click.argument("editor", type=click.Choice(["vscode", "pycharm", "neovim"]))
@click.argument("function", required=False, default="")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="Language of a custom runtime's function.",
)
@click.option(
    "--runner", type=click.Choice(RUNNERS), help="Containers or processes.  [default: auto]"
)
@click.option("--print", "only_print", is_flag=True, help="Show it, change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Change files without asking.")
@click.pass_context
def debug_config(
    ctx: click.Context,
    editor: str,
    function: str,
    language: str | None,
    runner: str | None,
    only_print: bool,
    yes: bool,
) -> None:
    """Write the configuration with which EDITOR attaches to FUNCTION (default: to all).

    Merges into .vscode/launch.json and tasks.json: comments and other entries stay as they are.
    PyCharm's goes to .idea/runConfigurations, Neovim's is printed. For a custom runtime name the
    function and its --language: `--debug` then starts it with the debugger of that language.
    """
    settings = resolve({**ctx.obj, "runner": runner}, os.environ)
    project = find_project(settings)
    attachments = _attachments(project, settings, function, language)
    command = _command(settings, ctx.obj, runner, attachments, project)
    if editor == "neovim":
        click.echo(neovim.content(attachments, str(project.root)), nl=False)
        return
    for each in tuple(FILES[editor](project.root, attachments, command)):
        if only_print:
            click.echo(f"# {_short(each.path, project)}\n{each.after}", nl=False)
        else:
            _write(each, project, yes=yes)


def _attachments(
    project: Project, settings: Settings, function: str, language: str | None
) -> tuple[Attachment, ...]:
    wanted = (project.find(function),) if function else project.functions
    kinds = languages_of(project)
    ports = _ports(project)
    contained = _contained(settings)
    known = Ports(project.root).languages()
    told = {
        each.key: _language(each, kinds[each.key], language or known.get(each.key) or "")
        for each in wanted
    }
    if function and not told[wanted[0].key]:
        raise UsageError(
            f"`{wanted[0].key}` has the runtime `{wanted[0].runtime}`, which does not tell its "
            "language.",
            hint=f"Name it: `--language {LANGUAGES[0]}` (or {', '.join(LANGUAGES[1:])}).",
        )
    for each in wanted:
        if not told[each.key]:
            say(f"{each.key} is left out: name it and its `--language`")
    found = tuple(
        Attachment(
            each.key,
            told[each.key],
            ports[each.key],
            _relative(each.code, project.root),
            project.provider.layout.code if contained else "",
        )
        for each in wanted
        if told[each.key]
    )
    if not found:
        raise UsageError(f"{project.template}: no function can be attached to.")
    for attachment in found:
        if KINDS.get(kinds[attachment.function], KINDS["custom"]).name == OWN:
            _say_own(attachment)
            if language and function:
                Ports(project.root).note_language(attachment.function, language)
    return found


def _ports(project: Project) -> dict[str, int]:
    """Return ports that are counted from the first: whoever runs the same command gets the same."""
    keys = tuple(each.key for each in project.functions)
    ports = Ports(project.root)
    return ports.of(keys, min(ports.of(keys).values()))


def _language(function: Function, kind: str, given: str) -> str:
    """Return the language that the editor must speak, "" where nobody told it."""
    if kind in KINDS and KINDS[kind].name != OWN:
        return kind
    return given or language_of(function.runtime)


def _say_own(attachment: Attachment) -> None:
    opening = OPENINGS[attachment.language]
    inside = Place("0.0.0.0", attachment.port, False, MACHINE)  # noqa: S104
    command = opening.command(("PROGRAM",), inside)
    told = [f"{name}={value}" for name, value in opening.variables(inside).items()]
    told += [shlex.join(command)] if len(command) > 1 else []
    how = f": {' '.join(told)}" if told else ""
    say(f"`--debug` opens the debugger of {attachment.function} ({attachment.language}){how}")
    say(opening.note)


def _contained(settings: Settings) -> bool:
    if settings.runner == "auto":
        return is_available(settings.environ)
    return settings.runner == "docker"


def _relative(code: Path, root: Path) -> str:
    """Return a code folder as seen from the project; "" for the project itself."""
    folder = code if code.is_dir() else code.parent
    try:
        told = folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.as_posix()
    return "" if told == "." else told


def _command(
    settings: Settings,
    given: dict[str, object],
    runner: str | None,
    attachments: tuple[Attachment, ...],
    project: Project,
) -> str:
    """Return the command that starts the gateway with these debuggers."""
    words = [_program(project.root)]
    for option in ("template", "provider"):
        if given.get(option):
            words += [f"--{option}", str(given[option])]
    words += ["start-api"]
    if runner:
        words += ["--runner", runner]
    first = min(Ports(project.root).remembered().values())
    words += ["--debug", str(first)]
    return shlex.join(words)


def _program(root: Path) -> str:
    """Return how an editor calls localfn: it knows nothing of an environment that is active here.

    By name where every shell finds it, else by its place, told from the project if it lies in it.
    """
    place = Path(os.path.abspath(sys.argv[0]))  # links tell more than what they lead to
    if place.name != "localfn" or not place.is_file():
        place = Path(sys.executable).with_name("localfn")
    if place.is_relative_to(root):
        return f"{vscode.WORKSPACE}/{place.relative_to(root).as_posix()}"
    # The folder of an active environment is on the path here, and perhaps nowhere else.
    own = str(Path(sys.executable).parent) if sys.prefix != sys.base_prefix else ""
    folders = [each for each in os.environ.get("PATH", "").split(os.pathsep) if each != own]
    found = shutil.which("localfn", path=os.pathsep.join(folders))
    return "localfn" if found and Path(found).resolve() == place.resolve() else str(place)


def _vscode(root: Path, attachments: tuple[Attachment, ...], command: str) -> Iterator[Wanted]:
    yield _merged(root, vscode.LAUNCH, lambda text: vscode.launch(text, attachments))
    yield _merged(root, vscode.TASKS, lambda text: vscode.tasks(text, command))


def _pycharm(root: Path, attachments: tuple[Attachment, ...], _: str) -> Iterator[Wanted]:
    for each in attachments:
        path = root / pycharm.path(each)
        yield Wanted(path, _read(path), pycharm.content(each))


FILES: dict[str, Callable[[Path, tuple[Attachment, ...], str], Iterator[Wanted]]] = {
    "vscode": _vscode,
    "pycharm": _pycharm,
}


def _merged(root: Path, name: str, merge: Callable[[str], str]) -> Wanted:
    path = root / name
    before = _read(path)
    try:
        return Wanted(path, before, merge(before if before.strip() else vscode.EMPTY[name]))
    except NotJson as error:
        raise ProjectError(
            f"{path}:{error.line}: this is no JSON with comments that entries can be added to; "
            "the file is left as it is.",
            hint="Correct it, or see what belongs there: `--print` in a copy without the file.",
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"`{path}` cannot be read: {error}.") from error


def _write(wanted: Wanted, project: Project, *, yes: bool) -> None:
    name = _short(wanted.path, project)
    if wanted.before == wanted.after:
        say(f"{name} is as it should be")
        return
    if wanted.before and not yes:
        _ask(wanted, name)
    try:
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        beside = wanted.path.with_name(f"{wanted.path.name}.{os.getpid()}")
        beside.write_bytes(wanted.after.encode())
        beside.replace(wanted.path)
    except OSError as error:
        raise MachineError(f"`{wanted.path}` cannot be written: {error}.") from error
    say(f"{name} {'changed' if wanted.before else 'written'}")


def _ask(wanted: Wanted, name: str) -> None:
    """Show the change and go on only with consent."""
    from difflib import unified_diff

    if not sys.stdin.isatty():
        raise UsageError(
            f"`{name}` would be changed, and nobody is here to be asked.",
            hint="Look at it with `--print`, and agree with `--yes`.",
        )
    lines = unified_diff(
        wanted.before.splitlines(keepends=True), wanted.after.splitlines(keepends=True), name, name
    )
    click.echo("".join(lines), err=True)
    click.confirm(f"Change {name}?", abort=True, err=True)


def _short(path: Path, project: Project) -> str:
    return path.relative_to(project.root).as_posix()
