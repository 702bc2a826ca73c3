"""Whatever functions answer, authorizers say and clients send: there is always an answer."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from localfn.gateway.replies import framing_of, head_of
from localfn.model import HttpReply, HttpRequest, Part, Result, Visit, WebRules
from localfn.providers.aws import http
from localfn.providers.aws.authorizers import admit
from localfn.providers.aws.web import WEB
from tests.clouds.aws.http.conftest import Recorder, function, result, visit

SOURCES = st.sampled_from(("api", "http-api", "function-url", "alb"))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=9)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
# What looks nearly right breaks more than what is all wrong.
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": VALUES | st.integers(100, 700) | st.sampled_from(("200", "abc")),
        "headers": VALUES | st.dictionaries(st.text(max_size=9), SCALARS, max_size=3),
        "multiValueHeaders": VALUES
        | st.dictionaries(st.text(max_size=9), st.lists(SCALARS, max_size=3), max_size=3),
        "cookies": VALUES | st.lists(st.text(max_size=9), max_size=3),
        "body": VALUES | st.text(max_size=20),
        "isBase64Encoded": VALUES | st.booleans(),
        "principalId": VALUES | st.text(max_size=9),
        "policyDocument": VALUES
        | st.fixed_dictionaries({"Statement": VALUES | st.lists(VALUES, max_size=2)}),
        "context": VALUES,
        "isAuthorized": VALUES | st.booleans(),
    },
)
ANSWERS = st.one_of(
    st.binary(max_size=30), (VALUES | NEARLY).map(lambda told: json.dumps(told).encode())
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "payload_format": st.sampled_from(("1.0", "2.0")),
        "multi_value_headers": st.booleans(),
        "binary_types": st.sampled_from((("*/*",), ("image/*",), ())),
        "cors": st.sampled_from(({"origins": ("*",)}, {"origins": ("https://a.net",)})),
        "invoke_mode": st.sampled_from(("BUFFERED", "RESPONSE_STREAM")),
    },
)
REQUESTS = st.builds(
    HttpRequest,
    st.sampled_from(("GET", "POST", "OPTIONS")),
    st.text(st.characters(max_codepoint=255), max_size=9).map(lambda path: f"/{path}"),
    st.text(st.characters(max_codepoint=255), max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(("Host", "Origin", "Cookie", "Accept", "Authorization", "X-A"))
            | st.text(st.characters(max_codepoint=255), min_size=1, max_size=9),
            st.text(st.characters(max_codepoint=255), max_size=20),
        ),
        max_size=5,
    ).map(tuple),
    st.binary(max_size=20),
)
STREAMED = st.sampled_from(
    (
        None,
        HttpReply(200, (("Content-Type", "text/x"),)),
        HttpReply(200, (("Content-Type", "application/vnd.awslambda.http-integration-response"),)),
    )
)
RULES = WebRules()


def can_be_sent(reply: HttpReply) -> None:
    assert 200 <= reply.status <= 599
    head_of(reply, framing_of(reply, "GET", "1.1"))
    assert isinstance(reply.body, bytes) or b"".join(reply.body) is not None


@settings(deadline=None)
@given(SOURCES, REQUESTS, OPTIONS, ANSWERS)
def test_any_request_and_any_answer_can_be_told(
    source: str, asked: HttpRequest, options: dict, answer: bytes
) -> None:
    came = visit(asked, source, **options)

    event = http.event_from_http(came, RULES)

    assert isinstance(json.loads(event.payload), dict)
    refused = http.refuse(came, RULES)
    can_be_sent(http.http_from_result(result(answer), came, RULES) if refused is None else refused)


@settings(deadline=None)
@given(st.lists(ANSWERS | st.just(b"\0" * 8), min_size=1, max_size=3), STREAMED)
def test_anything_that_is_written_to_a_stream_can_be_sent_on(
    written: list[bytes], told: HttpReply | None
) -> None:
    parts: list[Part | Result] = [Part(written[0], told), *map(Part, written[1:])]

    reply = http.http_from_parts(
        iter([*parts, result(b"".join(written), http=told)]),
        visit(source="function-url", invoke_mode="RESPONSE_STREAM"),
        RULES,
    )

    can_be_sent(reply)


AUTHORIZERS = st.fixed_dictionaries(
    {"kind": st.sampled_from(("token", "request", "jwt", "cognito", "iam", "other"))},
    optional={
        "function": st.sampled_from(("guard", "nope")),
        "identity": st.lists(
            st.sampled_from(("$request.header.X-A", "method.request.header.X-A", "context.a", "?")),
            max_size=2,
        ),
        "simple": st.booleans(),
        "payload_format": st.sampled_from(("1.0", "2.0")),
    },
)


@settings(deadline=None)
@given(st.sampled_from(("api", "http-api")), REQUESTS, AUTHORIZERS, ANSWERS)
def test_anything_that_an_authorizer_says_is_a_yes_or_a_no(
    source: str, asked: HttpRequest, authorizer: dict, answer: bytes
) -> None:
    calls = Recorder(result(answer), function(), function("guard"))

    told = admit(visit(asked, source, authorizer=authorizer, path="/{id}"), calls)

    if isinstance(told, Visit):
        assert json.loads(http.event_from_http(told, RULES).payload)
    else:
        assert told.status in (401, 403, 500)
        can_be_sent(told)


@settings(deadline=None)
@given(st.sampled_from(WEB.routes), st.text(max_size=20), REQUESTS)
def test_any_request_to_the_api_is_answered(route, name: str, asked: HttpRequest) -> None:
    calls = Recorder(result(), function())

    can_be_sent(route.handle(asked, {"name": name}, calls))
