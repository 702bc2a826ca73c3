"""`localfn generate-event`: print a sample event."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from localfn.cli.table import table
from localfn.errors import UsageError
from localfn.payloads.catalog import catalog, clouds, find_source, has_source
from localfn.payloads.event import choose, generate
from localfn.payloads.source import Field, Source

PLAIN = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@click.command(context_settings=PLAIN, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="SOURCE [EVENT]")
@click.pass_context
def generate_event(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print an event of SOURCE, invented where nothing is given.

    Each field of the source is an option: `generate-event oss put-object --bucket photos`.
    """
    names, options = _split(words)
    if not names or options[:1] == ["--list"]:
        _without_source(ctx, options)
        return
    source = _source(names[0], _cloud(options))
    event = names[0].partition("/")[2] or (names[1] if len(names) > 1 else "")
    if len(names) > 2:
        raise UsageError(f"`{names[2]}` is one word too many.", hint=_usage(source))
    if event:
        choose(source, event, {})
    command = _command(source, event)
    # Runs the words behind the source's name through options made of its fields.
    command.main(options, prog_name=f"localfn generate-event {names[0]}", standalone_mode=False)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names before the first option, and the rest."""
    at = next((place for place, each in enumerate(words) if each.startswith("-")), len(words))
    return list(words[:at]), list(words[at:])


def _without_source(ctx: click.Context, options: list[str]) -> None:
    if options[:1] in (["--help"], ["-h"]):
        click.echo(ctx.get_help())
        click.echo("\nOptions:\n  --list  Show every source and event.\n\n" + _sources())
        return
    if options[:1] != ["--list"]:
        raise UsageError("which source?", hint="`localfn generate-event --list` shows all.")
    rows = [
        (cloud, source.name, kind.name, kind.title)
        for cloud in clouds()
        for source in catalog(cloud)
        for kind in source.events.values()
    ]
    click.echo(table(("CLOUD", "SOURCE", "EVENT", "WHAT HAPPENED"), rows))


def _sources() -> str:
    rows = [(source.name, source.title, cloud) for cloud in clouds() for source in catalog(cloud)]
    return table(("SOURCE", "TITLE", "CLOUD"), rows)


def _cloud(options: list[str]) -> str:
    """Return what `--cloud` names; it decides which options there are."""
    for place, each in enumerate(options):
        if each == "--cloud" and place + 1 < len(options):
            return options[place + 1]
        if each.startswith("--cloud="):
            return each.removeprefix("--cloud=")
    return ""


def _source(word: str, cloud: str) -> Source:
    name = word.partition("/")[0]
    known = clouds()
    if cloud and cloud not in known:
        raise UsageError(f"`{cloud}` is no cloud with events.", hint=f"Known: {', '.join(known)}.")
    having = [each for each in known if has_source(each, name)]
    if not cloud and len(having) > 1:
        raise UsageError(
            f"`{name}` is a source of {' and '.join(having)}.", hint="Name one with `--cloud`."
        )
    return find_source(cloud or (having or list(known))[0], name)


def _command(source: Source, event: str) -> click.Command:
    """Return a command whose options are the fields of this source."""
    options: list[click.Parameter] = [_option(each) for each in source.options]
    options += [
        click.Option(["--count"], type=click.IntRange(1), default=1, help="Records in the event."),
        click.Option(["--seed"], type=int, help="Make the same event every time."),
        click.Option(["--cloud"], metavar="NAME", help="Cloud of the source."),
        click.Option(["-o", "--output"], metavar="FILE", help="File to write it to."),
    ]

    def print_event(**given: object) -> None:
        _print(source, event, given)

    return click.Command(
        source.name,
        params=options,
        callback=print_event,
        help=_lesson(source, event),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _option(field: Field) -> click.Option:
    told = [field.help.rstrip(".") + "." if field.help else ""]
    if field.choices:
        told.append(f"One of {', '.join(str(each) for each in field.choices)}.")
    plain = field.default not in ("", {}) and not field.fake and not field.derive
    if plain and "{{" not in str(field.default):
        told.append(f"[default: {field.default}]")
    return click.Option(
        [f"--{field.name.replace('_', '-')}", f"field_{field.name}"],
        metavar=field.type.upper(),
        help=" ".join(each for each in told if each),
    )


def _lesson(source: Source, event: str) -> str:
    events = "\n".join(f"  {name:<28} {kind.title}" for name, kind in source.events.items())
    shown = event or source.default or next(iter(source.events))
    return (
        f"{source.title}.\n\n{source.summary}\n\n\b\nEvents:\n{events}\n\n"
        f"\b\nExample:\n  localfn generate-event {source.name} {shown}{_example(source)}\n"
        f"  localfn invoke --generate {source.name}/{shown}"
    )


def _example(source: Source) -> str:
    field = source.options[0]
    value = field.default if isinstance(field.default, str) and "{" not in field.default else ""
    return f" --{field.name.replace('_', '-')} {value}" if value else ""


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
    if output:
        _write(Path(str(output)), made.payload)
        return
    at_terminal = sys.stdout.isatty()
    if at_terminal and b"\0" in made.payload:
        raise UsageError("this event is binary.", hint="Write it to a file: `-o FILE`.")
    click.echo(made.payload, nl=at_terminal and not made.payload.endswith(b"\n"))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"`{path}` cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _usage(source: Source) -> str:
    return f"Write `localfn generate-event {source.name} EVENT`."
