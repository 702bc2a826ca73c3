import json

from hypothesis import given
from hypothesis import strategies as st

from localfn.payloads.slots import ABSENT, fill, slots_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_a_lone_slot_takes_any_value_with_its_type(value: object) -> None:
    filled = fill({"a": ["{{ x }}"]}, lambda name: value)

    assert json.loads(json.dumps(filled)) == {"a": [value]}


@given(st.text(max_size=60))
def test_no_text_can_break_the_payload(text: str) -> None:
    filled = fill({"a": "before {{ x }} after", "b": 1}, lambda name: text)

    assert json.loads(json.dumps(filled)) == {"a": f"before {text} after", "b": 1}


def test_a_value_that_looks_like_a_slot_is_not_filled_again() -> None:
    assert fill("{{ x }}", lambda name: "{{ x }}") == "{{ x }}"


def test_a_key_whose_value_is_absent_is_left_out() -> None:
    assert fill({"a": "{{ x }}", "b": ["{{ x }}", 1]}, lambda name: ABSENT) == {"b": [1]}


def test_a_number_inside_longer_text_becomes_text() -> None:
    assert fill("n={{ x }};", lambda name: 5) == "n=5;"


def test_a_key_may_hold_slots_and_is_always_text() -> None:
    assert fill({"{{ x }}": 1, "a-{{ x }}": 2}, lambda name: 5) == {"5": 1, "a-5": 2}


def test_the_slots_of_a_tree_are_those_of_its_keys_and_values() -> None:
    assert slots_of({"{{ a }}": ["x {{ b }} {{c}}", 1], "d": {"e": "{{ f }}"}}) == set("abcf")
