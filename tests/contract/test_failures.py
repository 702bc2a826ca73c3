"""Every failure reads as in its cloud, in every backend, and the next call works."""

import json
import re
from collections.abc import Callable

import pytest

from localfn import providers
from localfn.model import FailureKind, Function, Hook, Hooks, Result
from tests.contract.conftest import Case, each_own

Invoke = Callable[[Function, bytes], Result]


def body(case: Case, result: Result) -> object:
    """The error body with what differs from run to run taken out."""
    return json.loads(case.even(result.payload.decode()))


def end_line(case: Case, result: Result) -> str:
    """The platform's line that tells how a call ended."""
    sought = case.words["end_line"]
    lines = [each for each in result.logs.decode().splitlines() if sought in each]
    return case.even(lines[-1]) if lines else ""


def matches(text: str, pattern: str) -> bool:
    """Whether a text is as the pattern says; `…` stands for anything."""
    parts = map(re.escape, pattern.split("…"))
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def limit_of(kind: str) -> float:
    """Seconds that a call may take: few only where the time is to run out."""
    return 1.5 if kind == FailureKind.TIMED_OUT.value else 30


DURING_A_CALL = {
    "handler-raised": FailureKind.HANDLER_RAISED,
    "exited": FailureKind.EXITED,
    "killed": FailureKind.EXITED,
    "timed-out": FailureKind.TIMED_OUT,
    "out-of-memory": FailureKind.OUT_OF_MEMORY,
    "bad-reply": FailureKind.BAD_REPLY,
}


@pytest.mark.parametrize("name", DURING_A_CALL)
def test_a_failed_call_is_worded_as_in_the_cloud_and_the_next_one_works(
    case: Case, invoke: Invoke, name: str
) -> None:
    case.skip_what_it_lacks(name)
    function = case.function(timeout_s=limit_of(DURING_A_CALL[name].value))

    failed = invoke(function, name.encode())
    after = invoke(function, b"answer")

    golden = case.golden(name)
    assert failed.failure is not None
    assert failed.failure.kind is DURING_A_CALL[name]
    assert body(case, failed) == golden["body"]
    assert end_line(case, failed) == golden["end_line"]
    assert after.failure is None
    assert after.payload == b"fine"


WHILE_LOADING = {
    "import-error": ("broken_import.handler", FailureKind.IMPORT_FAILED),
    "syntax-error": ("broken_syntax.handler", FailureKind.IMPORT_FAILED),
    "body-error": ("broken_body.handler", FailureKind.IMPORT_FAILED),
    "no-such-file": ("absent.handler", FailureKind.IMPORT_FAILED),
    "no-such-handler": ("index.nothing", FailureKind.HANDLER_MISSING),
    "bad-handler": ("index", FailureKind.HANDLER_MISSING),
}


@pytest.mark.parametrize("name", WHILE_LOADING)
def test_code_that_cannot_be_loaded_is_worded_as_in_the_cloud_and_other_functions_work(
    case: Case, invoke: Invoke, name: str
) -> None:
    case.skip_what_it_lacks(name)
    handler, kind = WHILE_LOADING[name]

    failed = invoke(case.function(handler), b"answer")
    after = invoke(case.function(), b"answer")

    golden = case.golden(name)
    assert failed.failure is not None
    assert failed.failure.kind is kind
    assert body(case, failed) == golden["body"]
    assert end_line(case, failed) == golden["end_line"]
    assert after.payload == b"fine"


INITIALIZERS = {
    "init-failed": (Hook("index.initialize_badly", 3), FailureKind.INIT_FAILED),
    "init-timed-out": (Hook("index.initialize_slowly", 1), FailureKind.TIMED_OUT),
    "init-missing": (Hook("index.nothing", 3), FailureKind.HANDLER_MISSING),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_initializer_that_fails_is_worded_as_in_the_cloud_and_other_functions_work(
    case: Case, invoke: Invoke, name: str
) -> None:
    case.skip_what_it_lacks(name)
    hook, kind = INITIALIZERS[name]

    failed = invoke(case.function(hooks=Hooks(initializer=hook)), b"answer")
    after = invoke(case.function(), b"answer")

    golden = case.golden(name)
    assert failed.failure is not None
    assert failed.failure.during_init
    assert failed.failure.kind is kind
    assert body(case, failed) == golden["body"]
    assert end_line(case, failed) == golden["end_line"]
    assert after.payload == b"fine"


@pytest.mark.parametrize(("case", "name"), each_own("failures"), indirect=["case"])
def test_a_failure_of_one_language_is_worded_as_in_the_cloud_and_the_next_call_works(
    case: Case, invoke: Invoke, name: str
) -> None:
    told = case.own("failures")[name]
    function = case.own_function(told, timeout_s=limit_of(told["kind"]))

    failed = invoke(function, told.get("event", name).encode())
    elsewhere = "command" in told or "code" in told
    healthy = case.function() if elsewhere else function._replace(handler="index.handler")
    after = invoke(healthy._replace(hooks=Hooks()), b"answer")

    golden = case.golden(name)
    assert failed.failure is not None
    assert failed.failure.kind.value == told["kind"]
    assert body(case, failed) == golden["body"]
    assert end_line(case, failed) == golden["end_line"]
    assert matches(failed.failure.advice, golden["advice"]), failed.failure.advice
    assert after.payload == b"fine"


def test_a_payload_over_the_limit_is_refused_and_the_next_call_works(
    case: Case, invoke: Invoke
) -> None:
    function = case.function()
    most = providers.load(case.cloud).limits.sync_payload_bytes

    refused = invoke(function, b"x" * (most + 1))
    after = invoke(function, b"answer")

    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.TOO_LARGE
    assert body(case, refused) == case.golden("too-large")["body"]
    assert after.payload == b"fine"
