"""Whatever a template holds, reading it gives a `Reading` or a `ProjectError`."""

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.errors import ProjectError
from localfn.model import Reading
from localfn.providers.alibaba.templates import expressions, read_template, recognizes


def _words(text: str) -> list[str]:
    return text.split()


KEYS = _words("""
    edition services resources vars template extend name ignore component props access
    functionName runtime handler code codeUri src memorySize cpu timeout environmentVariables
    function service triggers triggerType triggerConfig sourceArn config events methods filter
    key eventSourceConfig layers instanceLifecycleConfig initializer preStop nasConfig
    mountPoints customRuntimeConfig customContainerConfig command image port logConfig a b
    Transform Resources Type Properties Events Runtime Handler CodeUri MemorySize Timeout
""")
WORDS = _words("""
    fc fc3 devsapp/fc3@1 python3.10 nodejs20 custom custom-container index.handler ./ .. /
    oss://b/k http timer oss eventbridge Kafka auto 3.0.0 1.0.0 ${vars.a} ${vars.b} ${this.name}
    ${this.props} ${resources.a.props} ${a.output.b} ${env('A')} ${env(A,b)} ${file('.')}
    ${json('[1]')} ${json(file('x'))} ${path('..')} ${config('AccountID')} x${vars.a}${ ${ }
    acs:oss:r:1:b Aliyun::Serverless::Service Aliyun::Serverless::Function ./template.yml a b
""")
MARKS = [
    *(" ", "\n", "\n  ", "\t", ": ", "\n---\n"),
    *_words("- & * ! | > { } [ ] # <<: ' \" , ? %"),
]

scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=12),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
)
keys = st.one_of(st.sampled_from(KEYS), st.text(max_size=4))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=25,
)
# Enough for a function in each dialect; without it hardly any tree would give one.
ENOUGH = {
    "functionName": "f",
    "runtime": "python3.10",
    "handler": "i.h",
    "code": ".",
    "Runtime": "python3",
    "Handler": "i.h",
    "CodeUri": ".",
    "function": {"name": "f", "runtime": "python3", "handler": "i.h", "codeUri": "."},
}
some = st.dictionaries(keys, trees, max_size=6)
props = st.one_of(
    some, some.map(lambda each: {**ENOUGH, **each}), some.map(lambda each: {**each, **ENOUGH})
)
modules = st.dictionaries(
    st.sampled_from("abc"),
    st.one_of(
        trees,
        st.fixed_dictionaries(
            {"component": st.sampled_from(["fc", "fc3", "devsapp/fc3@1"]), "props": props}
        ),
    ),
    max_size=3,
)
serverless_devs = st.fixed_dictionaries(
    {"edition": st.just("3.0.0"), "resources": modules},
    optional={"vars": trees, "template": trees, "extend": scalars, "services": modules},
)
functions = st.fixed_dictionaries(
    {"Type": st.just("Aliyun::Serverless::Function"), "Properties": props},
    optional={"Events": trees},
)
services = st.dictionaries(st.sampled_from("xyz"), st.one_of(functions, trees), max_size=3)
funcraft = st.fixed_dictionaries(
    {
        "Transform": st.just("Aliyun::Serverless-2018-04-03"),
        "Resources": st.dictionaries(
            st.sampled_from("abc"),
            services.map(lambda each: {"Type": "Aliyun::Serverless::Service", **each}),
            max_size=3,
        ),
    }
)


def _reading(raw: bytes) -> Reading | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        path.write_bytes(raw)
        recognizes(path)
        try:
            return read_template(path, {"A": "${vars.a}"})
        except ProjectError:
            return None


def _check(reading: Reading) -> None:
    """Check what every reading promises, whatever was read."""
    for function in reading.functions:
        assert function.memory_mb > 0
        assert function.timeout_s > 0
        assert all(isinstance(each, str) for each in function.environment.values())
        assert all(isinstance(each, str) for each in function.attributes.values())
        assert all(isinstance(each, str) for each in function.layers)
        assert function.template is not None
        assert function.template.line > 0
    assert all(each.message and each.place.line > 0 for each in reading.findings)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=150)
def test_any_bytes_give_a_reading_or_a_project_error(raw: bytes) -> None:
    _reading(raw)


@given(st.lists(st.sampled_from([*KEYS, *WORDS, *MARKS]), max_size=60))
@settings(deadline=None, max_examples=150)
def test_any_text_like_yaml_gives_a_reading_or_a_project_error(parts: list[str]) -> None:
    _reading("".join(parts).encode("utf-8", "replace"))


@given(st.one_of(serverless_devs, funcraft, trees))
@settings(deadline=None, max_examples=300)
def test_any_tree_gives_a_reading_that_keeps_its_promises(tree: object) -> None:
    text = yaml.safe_dump(tree, allow_unicode=False, sort_keys=False)

    reading = _reading(text.encode("utf-8", "replace"))

    if reading is not None:
        _check(reading)


@given(st.one_of(serverless_devs, funcraft))
@settings(deadline=None, max_examples=50)
def test_reading_twice_gives_the_same(tree: object) -> None:
    raw = yaml.safe_dump(tree).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.yaml"
        path.write_bytes(raw)
        try:
            first = read_template(path, {})
        except ProjectError:
            return

        assert read_template(path, {}) == first


@given(st.text(alphabet="${}'\"\\(),.ab ", max_size=40))
@settings(deadline=None)
def test_pieces_of_a_text_joined_give_the_text(text: str) -> None:
    found = expressions.pieces(text)

    assert "".join(each if isinstance(each, str) else each.written for each in found) == text
