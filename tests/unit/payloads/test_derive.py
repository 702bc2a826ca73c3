from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.payloads.derive import DERIVATIONS
from localfn.payloads.fakes import Chance
from localfn.payloads.moments import TIME_FORMATS, to_moment

MOMENT = "2026-03-04T05:06:07.093Z"


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("iso", "2026-03-04T05:06:07Z"),
        ("iso-ms", "2026-03-04T05:06:07.093Z"),
        ("iso-china", "2026-03-04T13:06:07+08:00"),
        ("epoch-s", 1772600767),
        ("epoch-ms", 1772600767093),
        ("epoch-us", 1772600767093000),
        ("epoch-ms-text", "1772600767093"),
        ("epoch-s-hex", "69a7bdbf"),
    ],
)
def test_a_moment_is_written_in_every_format(form: str, written: object) -> None:
    assert TIME_FORMATS[form](to_moment(MOMENT)) == written


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    assert to_moment("2026-03-04T13:06:07.093+08:00") == to_moment(MOMENT)
    assert to_moment("2026-03-04T05:06:07.093") == to_moment(MOMENT)
    assert to_moment(1772600767.093) == to_moment(MOMENT)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1)))
def test_all_formats_of_a_moment_tell_the_same_millisecond(moment: datetime) -> None:
    at = moment.replace(tzinfo=timezone.utc)

    milliseconds = TIME_FORMATS["epoch-ms"](at)

    assert isinstance(milliseconds, int)
    assert to_moment(TIME_FORMATS["iso-ms"](at)) == datetime(
        1970, 1, 1, tzinfo=timezone.utc
    ) + timedelta(milliseconds=milliseconds)
    assert TIME_FORMATS["epoch-us"](at) // 1000 == milliseconds  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "of", "options", "made"),
    [
        ("md5", "abc", {}, "900150983cd24fb0d6963f7d28e17f72"),
        ("md5", "abc", {"upper": True}, "900150983CD24FB0D6963F7D28E17F72"),
        ("size", "你好", {}, 6),
        ("base64", "你", {}, "5L2g"),
        ("base64", 12, {}, "MTI="),
        ("bytes", "é", {}, [195, 169]),
        ("negative", 3, {}, -3),
        ("sum", [1, 2, 4], {}, 7),
        ("text", {"a": "é"}, {}, '{"a": "é"}'),
        ("text", "a", {}, "a"),
        ("json-text", "a", {}, '"a"'),
        ("query", {}, {}, ""),
        ("query", {"a": "1 2", "b": "&"}, {}, "?a=1+2&b=%26"),
        ("lists", {"a": "1", "b": ["2", "3"]}, {}, {"a": ["1"], "b": ["2", "3"]}),
        ("mime", "a/b.png", {}, "image/png"),
        ("mime", "odd?name#.png/x", {}, "application/octet-stream"),
        ("time", MOMENT, {"format": "epoch-ms", "add_ms": -93}, 1772600767000),
    ],
)
def test_a_value_follows_from_another(
    name: str, of: object, options: dict[str, object], made: object
) -> None:
    assert DERIVATIONS[name](of, options, Chance(1)) == made


@pytest.mark.parametrize("digits", [1, 9, 19])
def test_a_number_has_its_digits(digits: int) -> None:
    for seed in range(50):
        assert len(str(DERIVATIONS["number"](digits, {}, Chance(seed)))) == digits


@pytest.mark.parametrize("digits", [1, 24, 40])
def test_hexadecimal_digits_are_as_many_as_asked_for(digits: int) -> None:
    for seed in range(50):
        text = DERIVATIONS["hex"](digits, {"upper": True}, Chance(seed))
        assert isinstance(text, str)
        assert len(text) == digits
        assert text == text.upper()
        assert int(text, 16) >= 0
