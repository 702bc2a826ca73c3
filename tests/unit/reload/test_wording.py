import pytest

from localfn.model import Failure, FailureKind
from localfn.reload.wording import failed, ready

PYTHON_SYNTAX = [
    '  File "/code/lib/index.py", line 2',
    "    return (",
    "           ^",
    "SyntaxError: '(' was never closed",
]
PYTHON_IMPORT = [
    'File "/code/index.py", line 4, in <module>',
    "    import lib",
    'File "/code/lib.py", line 9, in <module>',
    "    import json5",
    'File "/opt/python/json5.py", line 1, in <module>',
    "    import nope",
    "ModuleNotFoundError: No module named 'nope'",
]
NODE = [
    "Error: boo",
    "    at Object.<anonymous> (/code/lib/index.js:2:7)",
    "    at Module._compile (node:internal/modules/cjs/loader:1256:14)",
    "    at Object.<anonymous> (/code/index.js:1:13)",
]
NODE_SYNTAX = "/code/index.js:1\nconst a = ;\n          ^\n\nSyntaxError: Unexpected token ';'\n"


def test_a_revision_that_is_ready_is_one_line() -> None:
    assert ready("resize", 7, 37.6) == "resize: revision 7 ready in 38 ms"


@pytest.mark.parametrize(
    ("stack", "told"),
    [
        (PYTHON_SYNTAX, "lib/index.py:2: SyntaxError: '(' was never closed"),
        (PYTHON_IMPORT, "lib.py:9: ModuleNotFoundError: No module named 'nope'"),
        (NODE, "lib/index.js:2: Error: boo"),
        (NODE_SYNTAX, "index.js:1: SyntaxError: Unexpected token ';'"),
        (None, "UserCodeError: it does not load"),
        ({"odd": 1}, "UserCodeError: it does not load"),
    ],
)
def test_a_revision_that_cannot_be_loaded_is_one_line_with_the_place(
    stack: object, told: str
) -> None:
    failure = Failure(FailureKind.IMPORT_FAILED, "it does not load", "UserCodeError", stack)

    assert failed("resize", 8, failure, "/code") == f"resize: revision 8 failed: {told}"


def test_a_failure_that_says_nothing_is_told_by_its_kind() -> None:
    failure = Failure(FailureKind.TIMED_OUT)

    assert failed("resize", 8, failure, "/code") == "resize: revision 8 failed: timed-out"
