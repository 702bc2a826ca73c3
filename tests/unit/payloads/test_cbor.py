import math

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.payloads import cbor

texts = st.text(max_size=300)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.binary(max_size=300)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_cbor_is_read_back_as_it_was_by_another_library(value: object) -> None:
    assert cbor2.loads(cbor.dumps(value)) == value


@given(values)
def test_cbor_is_the_deterministic_encoding_that_another_library_writes(value: object) -> None:
    assert cbor.dumps(value) == cbor2.dumps(value, canonical=True)


# From RFC 8949, appendix A.
@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000000000000, "1b000000e8d4a51000"),
        (18446744073709551615, "1bffffffffffffffff"),
        (18446744073709551616, "c249010000000000000000"),
        (-18446744073709551616, "3bffffffffffffffff"),
        (-18446744073709551617, "c349010000000000000000"),
        (-1, "20"),
        (1.5, "f93e00"),
        (100000.0, "fa47c35000"),
        (1.1, "fb3ff199999999999a"),
        (5.960464477539063e-8, "f90001"),
        (math.inf, "f97c00"),
        (math.nan, "f97e00"),
        (True, "f5"),
        (None, "f6"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("水", "63e6b0b4"),
        ([1, [2, 3]], "8201820203"),
        ({"b": [2, 3], "a": 1}, "a26161016162820203"),
    ],
)
def test_cbor_is_that_of_the_standards_examples(value: object, encoded: str) -> None:
    assert cbor.dumps(value).hex() == encoded


def test_cbor_refuses_what_it_has_no_place_for() -> None:
    with pytest.raises(TypeError, match="no place for set"):
        cbor.dumps({"a": {1}})
