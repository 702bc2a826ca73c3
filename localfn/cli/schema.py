"""`localfn schema`: what localfn.yaml may say."""

import json
from collections.abc import Iterator

import click

from localfn.project_file import FILE, SCHEMA, Rule, read_schema

WIDTH = 98


@click.command()
@click.option("--example", is_flag=True, help=f"Print a {FILE} with every key, commented out.")
def schema(*, example: bool) -> None:
    """Print the JSON schema of localfn.yaml, for editors and tools.

    The file is optional and stands beside the template. A new one with every key explained:
    `localfn schema --example > localfn.yaml`.
    """
    click.echo(_example() if example else SCHEMA.read_bytes(), nl=example)


def _example() -> str:
    """Return a localfn.yaml that says nothing yet, and all it could say."""
    rule = read_schema()
    lines = [f"# yaml-language-server: $schema={rule.word('$id')}", "#"]
    lines += _comment(rule.word("description"))
    for name, each in rule.children.items():
        lines += ["", *_entry(name, each, "")]
    return "\n".join(lines)


def _entry(name: str, rule: Rule, indent: str) -> Iterator[str]:
    yield from _comment(_told(rule), indent)
    if not rule.children:
        yield f"# {indent}{name}: {_sample(rule)}"
        return
    yield f"# {indent}{name}:"
    for inner, each in rule.children.items():
        yield from _entry(inner, each, f"{indent}  ")


def _told(rule: Rule) -> str:
    """Return what a key means, and the option and the variable that say the same."""
    ways = [each for each in (rule.word("x-option"), rule.word("x-variable")) if each]
    choices = f" One of {', '.join(str(each) for each in rule.choices)}." if rule.choices else ""
    return f"{rule.word('description')}{choices}" + (f" ({', '.join(ways)})" if ways else "")


def _comment(text: str, indent: str = "") -> list[str]:
    import textwrap

    return [f"## {indent}{line}" for line in textwrap.wrap(text, WIDTH - len(indent))]


def _sample(rule: Rule) -> str:
    """Return the default, else an example, in YAML's flow style, which JSON is."""
    examples = rule.told.get("examples", [""])
    assert isinstance(examples, list)
    return json.dumps(rule.told.get("default", examples[0]))
