import gzip
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localfn.errors import UsageError
from localfn.payloads.derive import DERIVATIONS
from localfn.payloads.fakes import Chance
from localfn.payloads.moments import TIME_FORMATS, to_moment, write

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
        ("epoch-s-fraction", 1772600767.093),
    ],
)
def test_a_moment_is_written_in_every_format(form: str, written: object) -> None:
    assert TIME_FORMATS[form](to_moment(MOMENT)) == written


def test_a_moment_is_written_as_a_pattern_says() -> None:
    written = write(to_moment(MOMENT), "%d/%b/%Y:%H:%M:%S.%L %z")

    assert written == "04/Mar/2026:05:06:07.093 +0000"


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
        ("query", {"a": ["1", "2"], "b": 3}, {"mark": False}, "a=1&a=2&b=3"),
        ("last", {"a": ["1", "2"], "b": 3, "c": []}, {}, {"a": "2", "b": 3}),
        ("joined", ["a", 1], {"with": "; "}, "a; 1"),
        ("joined", {"a": ["1", "2"], "b": "3"}, {}, {"a": "1,2", "b": "3"}),
        ("lower", {"Aa": {"Bb": 1}}, {}, {"aa": {"Bb": 1}}),
        ("lower", "Aa", {}, "aa"),
        ("upper", "aé", {}, "AÉ"),
        ("sorted", {"b": 1, "a": 2}, {}, {"a": 2, "b": 1}),
        ("merged", [{"a": 1, "b": 2}, {"A": 3, "b": 4}], {}, {"a": 1, "b": 4, "A": 3}),
        ("merged", [{"a": 1, "b": 2}, {"A": 3}], {"any_case": True}, {"A": 3, "b": 2}),
        ("lookup", "eu-1", {"in": {"us-*": 1, "eu-*": 2, "*": 3}}, 2),
        ("lookup", "eu-1", {"in": {"us-*": 1}}, "eu-1"),
        ("lookup", True, {"in": {"true": None}}, None),
        ("either", {}, {"then": 1, "else": 2}, 2),
        ("either", "x", {"then": 1, "else": 2}, 1),
        ("filled", ["/a/{id}/{rest+}", {"id": "7", "rest": "b/c"}], {}, "/a/7/b/c"),
        ("matched", ["/a/{id}/{rest+}", "/a/7%20/b/c/"], {}, {"id": "7 ", "rest": "b/c"}),
        ("filled", ["/api/*", {"*": "x"}], {}, "/api/x"),
        ("matched", ["/api/*/{id}", "/api/a/b/7"], {}, {"id": "7"}),
        ("matched", ["$default", "/any"], {}, {}),
        ("matched", ["/a.b/{id}", "/axb/7"], {}, {}),
        ("matched", ["/", "/"], {}, {}),
        ("md5-bytes", "abc", {}, bytes.fromhex("900150983cd24fb0d6963f7d28e17f72")),
        ("base64", b"\xff", {}, "/w=="),
        ("size", b"\xff\x00", {}, 2),
        ("unhex", "ff00", {}, b"\xff\x00"),
        ("unbase64", "/wA=", {}, b"\xff\x00"),
        ("join", [b"\xff", "a", 1], {}, b"\xffa1"),
        ("prefixed", ["é", 1, ["a"]], {}, b"\0\0\0\x02\xc3\xa9\x01\0\0\0\x01a"),
        # The samples of the protobuf documentation.
        ("protobuf", [[1, 150]], {}, bytes.fromhex("089601")),
        ("protobuf", [[2, "testing"]], {}, bytes.fromhex("120774657374696e67")),
        ("protobuf", [[3, [[1, 150]]], [1, 0]], {}, bytes.fromhex("1a030896010800")),
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


NAMES = {"text": "S", "number": "N", "boolean": "BOOL", "nothing": "NULL", "list": "L"}


def test_a_value_stands_under_the_name_of_its_kind() -> None:
    value = {"a": "x", "b": 1.5, "c": True, "d": None, "e": [1, {}]}

    wrapped = DERIVATIONS["typed"](value, {"names": NAMES}, Chance(1))
    inside = DERIVATIONS["typed"](value, {"names": NAMES, "inside": True}, Chance(1))

    assert inside == {
        "a": {"S": "x"},
        "b": {"N": "1.5"},
        "c": {"BOOL": True},
        "d": {"NULL": True},
        "e": {"L": [{"N": "1"}, {"object": {}}]},
    }
    assert wrapped == {"object": inside}


@given(st.binary(max_size=200))
def test_what_was_zipped_comes_back_and_is_the_same_at_any_time(content: bytes) -> None:
    zipped = DERIVATIONS["gzip"](content, {}, Chance(1))

    assert isinstance(zipped, bytes)
    assert gzip.decompress(zipped) == content
    assert zipped[4:8] == bytes(4)  # where gzip would write when it was


def test_what_is_no_base64_is_told_as_the_users_mistake() -> None:
    with pytest.raises(UsageError, match=r"`a\?` is no base64"):
        DERIVATIONS["unbase64"]("a?", {}, Chance(1))


@pytest.mark.parametrize("count", [1, 26])
def test_letters_are_as_many_as_asked_for(count: int) -> None:
    for options, fits in (({}, str.isalnum), ({"lower": True}, str.isalnum)):
        text = DERIVATIONS["letters"](count, options, Chance(3))
        assert isinstance(text, str)
        assert len(text) == count
        assert fits(text)
    assert text == text.lower()


def test_a_path_without_values_is_filled_with_numbers() -> None:
    path = DERIVATIONS["filled"](["/a/{id}", {}], {}, Chance(1))

    assert isinstance(path, str)
    assert path.removeprefix("/a/").isdigit()
