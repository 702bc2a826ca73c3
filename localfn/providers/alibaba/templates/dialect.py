"""What the three dialects take for granted (contract alibaba-fc, sections 1.3 and 1.4)."""

from typing import NamedTuple


class Dialect(NamedTuple):
    """A way to write functions down: its defaults, and the runtime ids it accepts.

    `ignore_file` says what is not uploaded; it lies in the code's folder, for some dialects also
    beside the template.
    """

    name: str
    generation: str
    memory_mb: int
    concurrency: int
    runtimes: frozenset[str]
    ignore_file: str
    ignored_beside_template: bool = False


_FIRST = frozenset(
    {
        *("nodejs6", "nodejs8", "nodejs10", "nodejs12", "python2.7", "python3"),
        *("java8", "java11", "php7.2", "dotnetcore2.1", "custom", "custom-container"),
    }
)
_SECOND = _FIRST | {
    *("nodejs4.4", "nodejs14", "nodejs16", "python3.9", "python3.10"),
    *("go1", "custom.debian10"),
}
_THIRD = (_SECOND - {"nodejs4.4", "nodejs6"}) | {
    *("nodejs18", "nodejs20", "python3.12", "dotnetcore3.1"),
    *("custom.debian11", "custom.debian12", "micro-sandbox"),
}

FUN = Dialect("fun", "fc2", 128, 100, _FIRST, ".funignore", ignored_beside_template=True)
FC = Dialect("fc", "fc2", 128, 200, _SECOND, ".fcignore")
FC3 = Dialect("fc3", "fc3", 512, 200, _THIRD, ".fcignore")
