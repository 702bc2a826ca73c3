"""The runtime ids of Lambda (contract aws-lambda, sections 3.3 and 4.1)."""

from collections.abc import Mapping
from types import MappingProxyType

from localfn.model import Runtime

_IMAGE = "public.ecr.aws/lambda/{name}:{tag}"
_NO_IMAGE = ""

# The newest, for a function without a template, and for what is said about the others.
NEWEST_PYTHON = "python3.13"
NEWEST_NODEJS = "nodejs22.x"

_PYTHON = (
    "2.7",
    "3.6",
    "3.7",
    "3.8",
    "3.9",
    "3.10",
    "3.11",
    "3.12",
    "3.13",
    "3.14",
    "3.15",
)
# id -> version of the language
_NODEJS: tuple[tuple[str, str], ...] = (
    ("nodejs", "0.10"),
    ("nodejs4.3", "4.3"),
    ("nodejs4.3-edge", "4.3"),
    ("nodejs6.10", "6.10"),
    ("nodejs8.10", "8.10"),
    ("nodejs10.x", "10"),
    ("nodejs12.x", "12"),
    ("nodejs14.x", "14"),
    ("nodejs16.x", "16"),
    ("nodejs18.x", "18"),
    ("nodejs20.x", "20"),
    ("nodejs22.x", "22"),
    ("nodejs24.x", "24"),
    ("nodejs26.x", "26"),
)
# The oldest major version that the bootstrap understands, and the oldest with an image.
_OLDEST_NODEJS = 4
_OLDEST_NODEJS_IMAGE = 10

# id -> tag of the image: programs that ask for their events (section 4.3).
_PROGRAMS: tuple[tuple[str, str], ...] = (
    ("provided", "alami"),
    ("provided.al2", "al2"),
    ("provided.al2023", "al2023"),
    ("go1.x", "1"),
)
# What a function with `PackageType: Image` runs on; no id of the cloud's own.
IMAGE = "image"

# Languages that have no shim here. Their official clients run as programs of `provided.*`.
_JAVA = (
    "java8",
    "java8.al2",
    "java8.al2023",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
)
_DOTNET = (
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
)
_RUBY = ("ruby2.5", "ruby2.7", "ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0")
_CLIENTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (_JAVA, "aws-lambda-java-runtime-interface-client (Maven)"),
    (_DOTNET, "Amazon.Lambda.RuntimeSupport (NuGet)"),
    (_RUBY, "aws_lambda_ric (RubyGems)"),
)
_WAY_OUT = (
    "Package the function with the official client {client} and start it in an executable "
    "`bootstrap` beside the code: with `Runtime: provided.al2023` it runs here and there alike. A "
    "sample of such a file: `localfn init aws-custom-runtime`."
)
_TOO_OLD = f"Write `Runtime: {NEWEST_NODEJS}`; the cloud has retired this one too."


def _all() -> dict[str, Runtime]:
    found = [
        Runtime(f"python{each}", "python", each, _IMAGE.format(name="python", tag=each))
        for each in _PYTHON
    ]
    found += [_nodejs(id_, version) for id_, version in _NODEJS]
    found += [_program(id_, tag) for id_, tag in _PROGRAMS]
    found.append(Runtime(IMAGE, "image", "", wire="polled"))
    found += [
        Runtime(id_, "", "", way_out=_WAY_OUT.format(client=client))
        for ids, client in _CLIENTS
        for id_ in ids
    ]
    return {each.id: each for each in found}


def _nodejs(id_: str, version: str) -> Runtime:
    major = int(version.partition(".")[0])
    if major < _OLDEST_NODEJS:
        return Runtime(id_, "", version, way_out=_TOO_OLD)
    image = _IMAGE.format(name="nodejs", tag=major) if major >= _OLDEST_NODEJS_IMAGE else _NO_IMAGE
    return Runtime(id_, "nodejs", version, image)


def _program(id_: str, tag: str) -> Runtime:
    name = "go" if id_.startswith("go") else "provided"
    return Runtime(id_, "polling", tag, _IMAGE.format(name=name, tag=tag))


def title(id_: str) -> str:
    """Return how a log names a runtime."""
    runtime = RUNTIMES.get(id_)
    if runtime is None or not runtime.version:
        return id_
    family = "provided" if runtime.language == "polling" else runtime.language
    return f"{family}:{runtime.version}.localfn"


RUNTIMES: Mapping[str, Runtime] = MappingProxyType(_all())
