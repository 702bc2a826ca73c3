"""The runtime ids of Function Compute (contract alibaba-fc, sections 1.4 and 4.1)."""

from collections.abc import Mapping
from types import MappingProxyType

from localfn.model import Runtime

# Images of the 3.x generation (section 4.1); their registry is a setting.
_OWN_TAG = "aliyunfc/runtime-{id}:3.1.0"
_SHARED_TAG = "aliyunfc/runtime:{id}-3.1.0"
# The last of the 1.x generation, for what the 3.x generation no longer has.
_FIRST_GENERATION = "aliyunfc/runtime-{id}:1.10.10"
_NO_IMAGE = ""

# id -> language, version of the language, image
_TABLE: tuple[tuple[str, str, str, str], ...] = (
    ("nodejs4.4", "nodejs", "4.4", _NO_IMAGE),
    ("nodejs6", "nodejs", "6", _FIRST_GENERATION),
    ("nodejs8", "nodejs", "8", _OWN_TAG),
    ("nodejs10", "nodejs", "10", _OWN_TAG),
    ("nodejs12", "nodejs", "12", _OWN_TAG),
    ("nodejs14", "nodejs", "14", _OWN_TAG),
    ("nodejs16", "nodejs", "16", _OWN_TAG),
    ("nodejs18", "nodejs", "18", _OWN_TAG),
    ("nodejs20", "nodejs", "20", _OWN_TAG),
    ("python2.7", "python", "2.7", _OWN_TAG),
    # `python3` means 3.6 everywhere (section 1.4).
    ("python3", "python", "3.6", "aliyunfc/runtime-python3.6:3.1.0"),
    ("python3.9", "python", "3.9", _OWN_TAG),
    ("python3.10", "python", "3.10", _OWN_TAG),
    ("python3.12", "python", "3.12", _SHARED_TAG),
)

# Known ids whose language localfn cannot start yet: a template may name them.
_NOT_YET = (
    *("java8", "java11", "go1", "php7.2", "dotnetcore2.1", "dotnetcore3.1"),
    *("custom", "custom.debian10", "custom.debian11", "custom.debian12"),
    *("custom-container", "micro-sandbox"),
)

RUNTIMES: Mapping[str, Runtime] = MappingProxyType(
    {
        **{
            id_: Runtime(id_, language, version, image.format(id=id_))
            for id_, language, version, image in _TABLE
        },
        **{id_: Runtime(id_, "", "") for id_ in _NOT_YET},
    }
)
