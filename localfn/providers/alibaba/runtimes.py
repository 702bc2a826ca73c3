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
    ("go1", "go", "1", _OWN_TAG),
)

# id -> version of Debian, image: servers of the user's own (section 2.7).
_SERVERS: tuple[tuple[str, str, str], ...] = (
    # Which Debian the first one stands for is unverified; `LOCALFN_BASE_CUSTOM` names another.
    ("custom", "9", _OWN_TAG),
    ("custom.debian10", "10", _OWN_TAG),
    ("custom.debian11", "11", _SHARED_TAG),
    ("custom.debian12", "12", _SHARED_TAG),
)
_IMAGES = ("custom-container", "micro-sandbox")

# Ids whose language process is the vendor's own and closed: a template may name them.
_CLOSED: Mapping[str, str] = {
    "java8": "alibaba-custom-java",
    "java11": "alibaba-custom-java",
    "php7.2": "alibaba-custom-php",
    "dotnetcore2.1": "alibaba-custom-java",
    "dotnetcore3.1": "alibaba-custom-java",
}
_WAY_OUT = (
    "The program that runs such handlers in the cloud is not public. Write the function as an HTTP "
    "server of its own, which runs here and there alike: `runtime: custom.debian12` with "
    "`customRuntimeConfig.command`. A sample: `localfn init {sample}`."
)


def _all() -> dict[str, Runtime]:
    found = [
        Runtime(id_, language, version, image.format(id=id_))
        for id_, language, version, image in _TABLE
    ]
    found += [
        Runtime(id_, "custom", version, image.format(id=id_), wire="http")
        for id_, version, image in _SERVERS
    ]
    found += [Runtime(id_, "image", "", wire="http") for id_ in _IMAGES]
    found += [
        Runtime(id_, "", "", way_out=_WAY_OUT.format(sample=sample))
        for id_, sample in _CLOSED.items()
    ]
    return {each.id: each for each in found}


RUNTIMES: Mapping[str, Runtime] = MappingProxyType(_all())
