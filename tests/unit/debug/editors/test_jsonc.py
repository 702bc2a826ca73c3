import json
import re

import pytest

from localfn.debug.editors.jsonc import NotJson, parse, put

ENTRY = {"name": "localfn: resize", "port": 5678}


def plain(text: str) -> object:
    """What an editor reads: comments and trailing commas away."""
    without = re.sub(r"//[^\n]*|/\*.*?\*/", "", text.removeprefix("\ufeff"), flags=re.DOTALL)
    return json.loads(re.sub(r",(\s*[\]}])", r"\1", without))


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("{}", []),
        ('{"configurations": []}', []),
        ('{"configurations": [\n]}', []),
        ('{\n  "configurations": [{"name": "mine"}]\n}\n', ["mine"]),
        ('{\n  "configurations": [\n    {"name": "mine"},\n  ],\n}\n', ["mine"]),
        (
            '{\n  "configurations": [\n    {"name": "mine"} // why\n    // more\n  ] /* x */\n}\n',
            ["mine"],
        ),
        (
            '// head\n{\n\t"configurations": [\n\t\t{"name": "a"},\n\t\t{"name": "b"} /* ] */]}',
            ["a", "b"],
        ),
        ('\ufeff{\r\n  "other": 1, // last\r\n}\r\n', []),
        ("{ /* nothing yet */ }", []),
        ('{"configurations": [ /* none */ ]}', []),
    ],
)
def test_an_entry_is_added_and_everything_else_stays(text: str, others: list[str]) -> None:
    changed = put(text, "configurations", "name", ENTRY)

    told = plain(changed)
    assert isinstance(told, dict)
    assert [each["name"] for each in told["configurations"]] == [*others, ENTRY["name"]]
    assert told["configurations"][-1] == ENTRY
    # Nothing of the text went away, and its order is the same.
    left = iter(changed)
    assert all(sign in left for sign in text)
    assert ("\r\n" in text) == ("\r\n" in changed)
    assert put(changed, "configurations", "name", ENTRY) == changed


def test_an_entry_of_the_same_name_is_replaced_where_it_stands() -> None:
    old = '{"name": "localfn: resize", "port": 1 /* old */}'
    text = f'{{"configurations": [\n  {{"name": "a"}}, // first\n  {old},\n  {{"name": "b"}}\n]}}'

    changed = put(text, "configurations", "name", ENTRY)

    told = plain(changed)
    assert isinstance(told, dict)
    assert told["configurations"] == [{"name": "a"}, ENTRY, {"name": "b"}]
    assert "// first" in changed


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[]", 1),
        ('{\n"configurations": {}}', 2),
        ('{\n"configurations": [\n{"name": "a"}\n{"name": "b"}]}', 4),
        ('{\n\n"configurations": [', 3),
        ('{"a": 01}', 1),
        ("{'a': 1}", 1),
        ('{"a": 1} x', 1),
        ('{"a": "\n"}', 1),
        ('{"a" 1}', 1),
        ("{/* never ends", 1),
    ],
)
def test_a_text_that_is_none_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotJson) as caught:
        put(text, "configurations", "name", ENTRY)

    assert caught.value.line == line


def test_values_know_where_they_stand() -> None:
    text = '{"a": [1, "two"], "a": null}'

    root = parse(text)

    assert text[root.start : root.end] == text
    last = root.member("a")
    assert last is not None
    assert text[last.start : last.end] == "null"
    assert root.member("b") is None
