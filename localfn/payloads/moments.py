"""Moments: read from what a user writes, and written as an event has them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CHINA = timezone(timedelta(hours=8))


def to_moment(value: object) -> datetime:
    """Return the moment an ISO text or a number of epoch seconds means, in UTC."""
    if isinstance(value, int | float):
        return EPOCH + timedelta(seconds=value)
    text = str(value)
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(
        timezone.utc
    )


def write(moment: datetime, form: str) -> object:
    """Return a moment in a format of the table, or as a pattern such as `%d/%b/%Y` says."""
    if form in TIME_FORMATS:
        return TIME_FORMATS[form](moment)
    return moment.strftime(form.replace("%L", _milliseconds(moment)))


def is_format(form: str) -> bool:
    """Return whether a moment can be written so."""
    return form in TIME_FORMATS or "%" in form


def _milliseconds(moment: datetime) -> str:
    return f"{moment.microsecond // 1000:03d}"


def _china(moment: datetime) -> str:
    return moment.astimezone(CHINA).isoformat(timespec="seconds")


def _count(**unit: int) -> Callable[[datetime], int]:
    """Return what counts whole units since the epoch, without the errors of a float."""
    return lambda moment: (moment - EPOCH) // timedelta(**unit)


_milliseconds_since = _count(milliseconds=1)

TIME_FORMATS: Mapping[str, Callable[[datetime], object]] = {
    "iso": lambda moment: write(moment, "%Y-%m-%dT%H:%M:%SZ"),
    "iso-ms": lambda moment: write(moment, "%Y-%m-%dT%H:%M:%S.%LZ"),
    "iso-china": _china,
    "epoch-s": _count(seconds=1),
    "epoch-ms": _milliseconds_since,
    "epoch-us": _count(microseconds=1),
    "epoch-s-fraction": lambda moment: _milliseconds_since(moment) / 1000,
    "epoch-ms-text": lambda moment: str(_milliseconds_since(moment)),
    "epoch-s-hex": lambda moment: f"{_count(seconds=1)(moment):08x}",
}
