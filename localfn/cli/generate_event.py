"""`localfn generate-event`: print a sample event."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from localfn.cli.other_names import told_by_other_names
from localfn.cli.table import table
from localfn.errors import UsageError
from localfn.model import Event
from localfn.nearest import nearest
from localfn.payloads.catalog import catalog, clouds, find_source, has_source
from localfn.payloads.catalog import names as names_of
from localfn.payloads.encodings import ENCODINGS
from localfn.payloads.event import choose, generate
from localfn.payloads.slots import SLOT, as_text
from localfn.payloads.source import EventKind, Field, Source

PLAIN = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
HELP = ("-h", "--help")
LIST = "--list"
# The cloud of a source; the first is the name that the other commands have for it.
CLOUD = ("--provider", "--cloud")
# Options without a value; every other one takes the word that follows it.
FLAGS = frozenset({*HELP, LIST})
STDOUT = "-"
TEXTUAL = ("text/", "application/json")
# Types that need no quoting, for an example.
SIMPLE = frozenset({"string", "integer"})
# The help shows one event, the same every time, and of a long one its beginning.
SHOWN_SEED = 1
SHOWN_LINES = 40


@click.command(context_settings=PLAIN, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="SOURCE [EVENT]")
@click.pass_context
def generate_event(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print an event of SOURCE, invented where nothing is given.

    Each field of the source is an option: `generate-event oss put-object --bucket photos`.
    """
    names, options = _split(words)
    if LIST in options:
        click.echo(_list(names, _cloud(ctx, options)))
        return
    if not names:
        _without_source(ctx, options)
        return
    with told_by_other_names("/".join(names)):
        source = _source(names[0], _cloud(ctx, options))
        event = _event_of(source, names)
    command = _command(source, event)
    # Runs the options through ones that are made of the source's fields.
    command.main(options, prog_name=f"{ctx.command_path} {names[0]}", standalone_mode=False)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names, and the options with their values; they may stand in any order."""
    names, options = [], []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            names.append(word)
            continue
        options.append(word)
        if word not in FLAGS and not _holds_value(word):
            options.extend([each for each in [next(rest, None)] if each is not None])
    return names, options


def _holds_value(option: str) -> bool:
    """Return whether an option is written together with its value: `--key=a`, `-oFILE`."""
    return "=" in option if option.startswith("--") else len(option) > 2


def _cloud(ctx: click.Context, options: Sequence[str]) -> str:
    """Return the cloud that is named: it decides which other options there are."""
    for place, each in enumerate(options):
        name, equals, value = each.partition("=")
        if name in CLOUD and (equals or place + 1 < len(options)):
            return value if equals else options[place + 1]
    return str((ctx.obj or {}).get("provider") or "")


def _list(names: Sequence[str], cloud: str) -> str:
    """Return every event there is, or those of one source."""
    wanted = [_known(cloud)] if cloud else clouds()
    sources = (
        [_source(names[0], cloud)] if names else [each for one in wanted for each in catalog(one)]
    )
    rows = [
        (source.cloud, source.name, kind.name, kind.title)
        for source in sources
        for kind in source.events.values()
    ]
    return table(("CLOUD", "SOURCE", "EVENT", "WHAT HAPPENED"), rows)


def _without_source(ctx: click.Context, options: list[str]) -> None:
    hint = "`localfn generate-event --list` shows all."
    if not options:
        raise UsageError("which source?", hint=hint)
    if not {*HELP} & {*options}:
        raise UsageError(f"`{options[0]}` needs a source before it.", hint=hint)
    cloud = _cloud(ctx, options)
    wanted = [_known(cloud)] if cloud else clouds()
    rows = [(each.name, each.title, each.cloud) for one in wanted for each in catalog(one)]
    click.echo(ctx.get_help())
    click.echo("\nOptions:\n  --list      Show every source and event.")
    click.echo("  -h, --help  Show this message; behind a source, its fields.\n")
    click.echo(table(("SOURCE", "TITLE", "CLOUD"), rows))


def _known(cloud: str) -> str:
    if cloud not in clouds():
        known = ", ".join(clouds())
        raise UsageError(f"`{cloud}` is no cloud with events.", hint=f"Known: {known}.")
    return cloud


def _source(word: str, cloud: str) -> Source:
    name = word.partition("/")[0]
    if cloud:
        return find_source(_known(cloud), name)
    having = _having(name)
    if len(having) > 1:
        raise UsageError(
            f"`{name}` is a source of {' and '.join(having)}.",
            hint=f"Name one, such as `--provider {having[0]}`.",
        )
    if not having:
        known = dict.fromkeys(each for cloud in clouds() for each in names_of(cloud))
        raise UsageError(f"`{name}` is no event source.", hint=nearest(name, known))
    return find_source(having[0], name)


def _having(name: str) -> list[str]:
    """Return the clouds that have a source of this name."""
    return [each for each in clouds() if has_source(each, name)]


def _event_of(source: Source, names: Sequence[str]) -> str:
    """Return the event that is named: `SOURCE/EVENT`, `SOURCE EVENT`, or none."""
    words = [*filter(None, [names[0].partition("/")[2]]), *names[1:]]
    if len(words) > 1:
        raise UsageError(
            f"`{words[1]}` is one word too many.",
            hint=f"Write `localfn generate-event {source.name} EVENT`.",
        )
    event = words[0] if words else ""
    return choose(source, event, {}).name if event else ""


def _command(source: Source, event: str) -> click.Command:
    """Return a command whose options are the fields of this source."""
    options: list[click.Parameter] = [_option(each) for each in source.options]
    options += [
        click.Option(
            ["--count"],
            type=click.IntRange(1),
            default=1,
            metavar="N",
            help="Records in the event, where its source sends batches. [default: 1]",
        ),
        click.Option(["--seed"], type=int, metavar="N", help="Make the same event every time."),
        click.Option([*CLOUD], metavar="NAME", help="Cloud of the source."),
        click.Option(["-o", "--output"], metavar="FILE", help="File to write the event to."),
    ]

    def print_event(**given: object) -> None:
        _print(source, event, given)

    return click.Command(
        source.name,
        params=options,
        callback=print_event,
        help=_lesson(source, event),
        context_settings={"help_option_names": list(HELP), "max_content_width": 100},
    )


def _option(field: Field) -> click.Option:
    told = [field.help.rstrip(".") + "." if field.help else ""]
    if field.choices:
        told.append(f"One of {', '.join(str(each) for each in field.choices)}.")
    default = "invented" if field.fake else _default(field)
    if default and "(default:" not in field.help:
        told.append(f"[default: {default}]")
    return click.Option(
        [f"--{field.name.replace('_', '-')}", f"field_{field.name}"],
        metavar=field.type.upper(),
        help=" ".join(each for each in told if each),
    )


def _default(field: Field) -> str:
    """Return the default as one would write it, or what it is."""
    if field.fake or field.derive or field.default in ("", {}, []):
        return ""
    text = as_text(field.default)
    return "" if SLOT.search(text) else text


def _lesson(source: Source, event: str) -> str:
    kind = choose(source, event or source.default or next(iter(source.events)), {})
    shown = f"{source.name} {kind.name}"
    width = max(map(len, source.events))
    events = "\n".join(f"  {name:<{width}}  {each.title}" for name, each in source.events.items())
    about = f"{source.name}/{kind.name}: {kind.title}." if event else f"Events:\n{events}"
    # One event is shown where it is the one that is asked about.
    sample = f"\b\n{_sample(source, kind)}\n\n" if event or len(source.events) == 1 else ""
    return (
        f"{source.title}.\n\n{source.summary}\n\n\b\n{about}\n\n{sample}"
        f"\b\nExamples:\n  localfn generate-event {shown}{_example(source, kind)}\n"
        f"  localfn invoke --generate {source.name}/{kind.name}\n\n"
        "With `invoke --generate` the function's own trigger gives the defaults."
    )


def _sample(source: Source, kind: EventKind) -> str:
    """Return an event as the handler gets it; a binary one as what it says."""
    is_text = _is_text(ENCODINGS[kind.encoding][1])
    shown = kind if is_text else kind._replace(encoding="json")
    alone = source._replace(events={kind.name: shown}, default=kind.name)
    text = generate(alone, kind.name, {}, seed=SHOWN_SEED).payload.decode()
    with suppress(ValueError):  # what is no JSON is shown as it is
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = text.splitlines()
    cut = ["…"] if len(lines) > SHOWN_LINES else []
    inside = "" if is_text else f" inside {kind.encoding.upper()}"
    told = f"It looks like this{inside}:"
    return "\n".join([told, *(f"  {line}" for line in [*lines[:SHOWN_LINES], *cut])])


def _example(source: Source, kind: EventKind) -> str:
    """Return options to try, as one would write them in a shell."""
    plain = [each for each in source.options if each.type in SIMPLE and _default(each)]
    words = [f"--{plain[0].name.replace('_', '-')}", _default(plain[0])] if plain else []
    if not _is_text(ENCODINGS[kind.encoding][1]):
        words += ["-o", "event.bin"]
    if len(_having(source.name)) > 1:
        words += ["--provider", source.cloud]
    return "".join(f" {shlex.quote(each)}" for each in words)


def _print(source: Source, event: str, given: dict[str, object]) -> None:
    values = {
        name.removeprefix("field_"): value
        for name, value in given.items()
        if name.startswith("field_") and value is not None
    }
    count, seed, output = given["count"], given["seed"], given["output"]
    assert isinstance(count, int)
    assert seed is None or isinstance(seed, int)
    made = generate(source, event, values, count=count, seed=seed)
    if output in (None, STDOUT):
        _show(made)
    else:
        _write(Path(str(output)), made.payload)


def _is_text(content_type: str) -> bool:
    return content_type.startswith(TEXTUAL)


def _show(event: Event) -> None:
    """Write the payload as it is; for a person's eyes, end its line."""
    at_terminal = sys.stdout.isatty()
    if at_terminal and not _is_text(event.content_type):
        raise UsageError(
            f"this event is binary ({event.content_type}).",
            hint="Write it to a file, `-o FILE`, or send it on: `… | localfn invoke -e -`.",
        )
    click.echo(event.payload, nl=at_terminal and not event.payload.endswith(b"\n"))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; a device or a pipe is written to, never replaced."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        _replace(path.resolve(), content)
    except OSError as error:
        raise UsageError(
            f"`{path}` cannot be written: {error.strerror}.",
            hint="Name a file in a folder that exists.",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
