import json
from pathlib import Path

import pytest

from localfn.gateway.journal import Journal, JsonJournal
from localfn.gateway.ledger import MOST_BYTES, MOST_RECORDS, Asked, Ledger, Record
from localfn.model import Call, Event, Failure, FailureKind, Function, Invocation, Result

FUNCTION = Function("resize", "any", "index.handler", Path())
CALL = Call(FUNCTION, Event(b"event"), id="id-1")


def result(failure: Failure | None = None, cold_start_ms: float | None = None) -> Result:
    invocation = Invocation("id-1", FUNCTION, CALL.event, 0.0, 3.0)
    return Result(invocation, b'{"m": 1}', failure, b"all", 3.21, cold_start_ms, 26.4)


def ended(told: Result, status: int = 200, asked: Asked | None = None) -> Record:
    record = Record(CALL, asked or Asked("http", "GET /a?b=1"), 0.0)
    record.end(told, status)
    return record


def lines(record: Record, told: Result | None, *, coloured: bool = False) -> list[str]:
    written: list[str] = []
    journal = Journal(written.append, lambda _: b"one\ntwo\n", coloured=coloured)
    journal(record, told)
    journal.flush()
    return "".join(written).splitlines()


def test_a_call_is_one_line_and_under_it_what_the_function_printed() -> None:
    told = result()

    first, *rest = lines(ended(told), told)

    assert first[8:] == "  resize  http GET /a?b=1  200  3.2 ms  warm  26 MB"
    assert rest == ["  one", "  two"]


def test_a_cold_call_says_so() -> None:
    told = result(cold_start_ms=41.6)

    assert "  cold 42 ms  " in lines(ended(told), told)[0]


def test_a_failure_is_told_with_what_and_where() -> None:
    failure = Failure(
        FailureKind.HANDLER_RAISED, "no", "ValueError", [["File a.py", "line 2"]], advice="Look."
    )
    told = result(failure)

    first, *rest = lines(ended(told, 502), told)

    assert "  502 handler-raised  " in first
    assert rest[2:] == ["  ValueError: no", "    File a.py, line 2", "  hint: Look."]


def test_a_failure_without_a_type_is_told_in_the_clouds_words() -> None:
    told = result(Failure(FailureKind.EXITED))

    assert lines(ended(told, 502), told)[3:] == ['  {"m": 1}']


def test_a_call_that_was_not_made_says_why() -> None:
    record = Record(CALL, Asked("http", "PUT /"), 0.0)
    record.status, record.why = 405, "not this method"

    first, *rest = lines(record, None)

    assert first[8:] == "  resize  http PUT /  405"
    assert rest == ["  not this method"]


def test_a_repetition_is_numbered() -> None:
    told = result()
    record = Record(CALL._replace(attempt=2), Asked("async"), 0.0)
    record.end(told, 200)

    assert "  async (try 3)  " in lines(record, told)[0]


def test_colours_are_for_terminals() -> None:
    told = result()

    assert "\x1b[32m200\x1b[0m" in lines(ended(told), told, coloured=True)[0]
    assert "\x1b" not in "".join(lines(ended(told), told))


def test_machines_get_an_object_a_line() -> None:
    written: list[str] = []
    journal = JsonJournal(written.append)
    told = result(Failure(FailureKind.TIMED_OUT, "late"))

    journal(ended(told, 502), told)
    journal.flush()

    (line,) = "".join(written).splitlines()
    assert json.loads(line) == {
        "id": "id-1",
        "function": "resize",
        "door": "http",
        "request": "GET /a?b=1",
        "attempt": 0,
        "started": 0.0,
        "is_over": True,
        "status": 502,
        "ok": False,
        "why": None,
        "failure": {"kind": "timed-out", "message": "late"},
        "duration_ms": 3.21,
        "cold_start_ms": None,
        "peak_memory_mb": 26.4,
        "logs": "all",
    }


def test_the_ledger_remembers_the_newest_calls_and_not_all_of_them() -> None:
    ledger = Ledger(lambda record, told: None)
    large = Event(b"x" * (MOST_BYTES + 1))

    for number in range(MOST_RECORDS + 5):
        record = ledger.open(CALL._replace(id=str(number), event=large), Asked("api"))
        ledger.hear(record, b"y" * (MOST_BYTES + 1))
        ledger.hear(record, b"z")

    assert len(ledger.records) == MOST_RECORDS
    assert ledger.records[0].id == str(MOST_RECORDS + 4)
    assert ledger.find("0") is None
    assert len(ledger.records[0].event) == MOST_BYTES
    assert b"z" not in ledger.records[0].output


def test_a_follower_hears_what_happens_and_silence() -> None:
    ledger = Ledger(lambda record, told: None)
    news = ledger.follow(0.01)
    assert next(news) is None

    record = ledger.open(CALL, Asked("api"))
    ledger.hear(record, b"printed")
    ledger.close(record, result(), 200)

    heard = [next(news) for _ in range(3)]
    assert [each and each[0] for each in heard] == ["call", "log", "result"]
    assert heard[1] == ("log", {"id": "id-1", "text": "printed"})
    news.close()


@pytest.mark.parametrize("behind", [10, 5000])
def test_a_follower_who_falls_behind_holds_up_nobody(behind: int) -> None:
    ledger = Ledger(lambda record, told: None)
    news = ledger.follow(0.01)
    assert next(news) is None
    record = ledger.open(CALL, Asked("api"))

    for number in range(behind):
        ledger.hear(record, b"%d" % number)

    last = None
    while (heard := next(news)) is not None:
        last = heard
    assert last == ("log", {"id": "id-1", "text": str(behind - 1)})
