"""How logs and failures read (contract aws-lambda, sections 8 and 9)."""

import json
from pathlib import Path

import pytest

from localfn.model import Event, Failure, FailureKind, Function, Invocation, Result
from localfn.providers.aws import wording

ID = "8f5a6c1e-9d3b-4a53-8f6e-0a5d8a1f3b77"
FUNCTION = Function("resize", "python3.13", "app.handler", Path("code"))
JSON = FUNCTION._replace(attributes={"log_format": "JSON"})
STARTED = 1763979365.123


def result(
    failure: Failure | None = None, function: Function = FUNCTION, cold_ms: float | None = None
) -> Result:
    invocation = Invocation(ID, function, Event(b""), STARTED, 3)
    return Result(invocation, b"" if failure else b"1", failure, b"", 3.009, cold_ms, 35.2)


def test_a_warm_call_is_reported_in_one_line() -> None:
    told = wording.closing_lines(result()).decode()

    assert told == (
        f"END RequestId: {ID}\n"
        f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 4 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 36 MB\t\n"
    )


def test_a_cold_call_tells_and_bills_how_long_the_start_took() -> None:
    told = wording.closing_lines(result(cold_ms=110.1)).decode()

    assert "\tBilled Duration: 114 ms\t" in told
    assert told.endswith("\tInit Duration: 110.10 ms\t\n")


def test_a_call_that_took_too_long_is_told_after_its_report() -> None:
    late = result(Failure(FailureKind.TIMED_OUT))._replace(duration_ms=3001.2)

    lines = wording.closing_lines(late).decode().splitlines()

    assert "\tDuration: 3000.00 ms\t" in lines[1]
    assert lines[1].endswith("\tStatus: timeout\t")
    assert lines[2] == f"2025-11-24T10:16:08.124Z {ID} Task timed out after 3.00 seconds"


@pytest.mark.parametrize(
    ("failure", "how"),
    [
        (Failure(FailureKind.EXITED, code=1), "with error: exit status 1"),
        (Failure(FailureKind.EXITED), "without providing a reason"),
        (Failure(FailureKind.EXITED, signal=11), "with error: signal: segmentation fault"),
        (Failure(FailureKind.OUT_OF_MEMORY, signal=6), "with error: signal: killed"),
    ],
)
def test_an_end_of_the_process_is_told_as_the_platform_saw_it(failure: Failure, how: str) -> None:
    told = json.loads(wording.error_body(result(failure)))

    assert told == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {ID} Error: Runtime exited {how}",
    }


def test_a_log_in_json_has_the_platforms_records_and_nothing_else() -> None:
    cold = result(function=JSON, cold_ms=110.1)

    lines = (
        wording.start_output(cold.invocation)
        + wording.opening_lines(cold.invocation)
        + wording.closing_lines(cold)
    )

    records = [json.loads(line) for line in lines.splitlines()]
    kinds = ["initStart", "start", "runtimeDone", "report"]
    assert [each["type"] for each in records] == [f"platform.{kind}" for kind in kinds]
    assert records[0]["time"] == "2025-11-24T10:16:05.123Z"
    assert records[3]["record"]["metrics"] == {
        "durationMs": 3.009,
        "billedDurationMs": 114,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 36,
        "initDurationMs": 110.1,
    }


def test_a_failed_call_in_a_json_log_names_what_happened() -> None:
    failed = result(Failure(FailureKind.TIMED_OUT), JSON)

    report = json.loads(wording.closing_lines(failed).splitlines()[-1])["record"]

    assert report["status"] == "timeout"
    assert "errorType" not in report


def test_records_below_the_wanted_level_are_left_out() -> None:
    quiet = JSON._replace(attributes={"log_format": "JSON", "system_log_level": "WARN"})

    assert wording.opening_lines(result(function=quiet).invocation) == b""
    assert wording.closing_lines(result(function=quiet)) == b""
    assert wording.closing_lines(result(Failure(FailureKind.EXITED), quiet)) != b""


def test_an_id_is_a_random_uuid() -> None:
    import uuid

    made = uuid.UUID(wording.request_id(FUNCTION, 0.0, bytes(range(16))))

    assert (made.version, made.variant) == (4, uuid.RFC_4122)
