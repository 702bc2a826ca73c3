"""An event made for one function: its own trigger gives the defaults."""

from collections.abc import Mapping

from localfn.cli import show
from localfn.cli.other_names import told_by_other_names
from localfn.errors import UsageError
from localfn.model import Event, Function, Trigger
from localfn.payloads.catalog import find_source
from localfn.payloads.event import choose, generate, mismatches
from localfn.project import Project


def generated(
    project: Project, function: Function, wanted: str, options: Mapping[str, object]
) -> Event:
    """Return an event of `SOURCE[/EVENT]` that this function would really receive."""
    name, _, kind = wanted.partition("/")
    with told_by_other_names(wanted):
        source = find_source(project.provider.name, name)
        offered = offer(function, source.name)
        choose(source, kind, offered)
    given = _given(options["values"])
    count, seed = options["count"], options["seed"]
    assert isinstance(count, int)
    assert seed is None or isinstance(seed, int)
    event = generate(source, kind, given, offered=offered, count=count, seed=seed)
    for doubt in mismatches(source, kind, given, offered, count):
        show.say(f"note: {doubt}")
    return event


def offer(function: Function, source: str) -> dict[str, object]:
    """Return what the function and its trigger of this source say about its events."""
    trigger = next((each for each in function.triggers if each.source == source), None)
    known: dict[str, object] = {name: value for name, value in function.attributes.items() if value}
    known["function_name"] = function.name
    if function.service:
        known["service_name"] = function.service
    return known if trigger is None else {**known, **_of(trigger)}


def _of(trigger: Trigger) -> dict[str, object]:
    told = {name: value for name, value in trigger.options.items() if value is not None}
    return {"trigger_name": trigger.name, **told} if trigger.name else told


def _given(values: object) -> dict[str, object]:
    assert isinstance(values, tuple)
    given: dict[str, object] = {}
    for each in values:
        name, equals, value = str(each).partition("=")
        if not equals or not name:
            raise UsageError(
                f"`--set {each}` is not FIELD=VALUE.", hint="Write `--set bucket=photos`."
            )
        given[name.replace("-", "_")] = value
    return given
