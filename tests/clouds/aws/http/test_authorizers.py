"""Who is let in, what the function is told of him, and how the others are turned away."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from localfn.model import (
    Call,
    Failure,
    FailureKind,
    HttpReply,
    HttpRequest,
    Result,
    Visit,
    WebRules,
)
from localfn.providers.aws import http
from localfn.providers.aws.authorizers import admit
from tests.clouds.aws.http.conftest import MOMENT, Recorder, function, result, visit

ARN = "arn:aws:execute-api:us-east-1:123456789012:Shop/Prod/GET/orders/42"
GUARD = function("guard")
TOKEN = {"kind": "token", "function": "guard", "identity": ("method.request.header.Authorization",)}
REQUEST = {"kind": "request", "function": "guard", "identity": ("method.request.header.X-Key",)}
SIMPLE = {
    "kind": "request",
    "function": "guard",
    "identity": ("$request.header.X-Key", "$request.querystring.q"),
    "payload_format": "2.0",
    "simple": True,
}


def policy(effect: str = "Allow", resource: object = "*", **context: object) -> dict:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "u1", "policyDocument": document, "context": context}


def asked(query: str = "", **headers: str) -> HttpRequest:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest("GET", "/orders/42", query, pairs)


def let_in(
    request: HttpRequest,
    source: str,
    authorizer: dict,
    answer: object | Callable[[Call], Result] = None,
    rules: WebRules | None = None,
    **options: object,
) -> tuple[Visit | HttpReply, Recorder]:
    said = answer if callable(answer) or isinstance(answer, Result) else result(answer)
    calls = Recorder(said, function(), GUARD, rules=rules)
    options = {"path": "/orders/{id}", "api_id": "Shop", **options, "authorizer": authorizer}
    return admit(visit(request, source, {"id": "42"}, **options), calls), calls


def refused(told: Visit | HttpReply) -> tuple[int, dict]:
    assert isinstance(told, HttpReply)
    # No client is told; the person at the terminal always is.
    assert told.why
    assert told.why.encode() not in told.body
    return told.status, json.loads(told.body)


def client(told: Visit | HttpReply, rules: WebRules | None = None) -> dict:
    assert isinstance(told, Visit), told
    event = json.loads(http.event_from_http(told, rules or WebRules()).payload)
    return event["requestContext"].get("authorizer")


def test_a_route_without_an_authorizer_lets_everybody_in() -> None:
    plain = visit(asked())

    assert admit(plain, Recorder(result())) is plain


# --- REST APIs -------------------------------------------------------------------------------


def test_a_token_authorizer_is_asked_about_the_token() -> None:
    told, calls = let_in(asked(Authorization="t"), "api", TOKEN, policy(a=1, b=True, c="x"))

    (call,) = calls.made
    assert call.function is GUARD
    assert json.loads(call.event.payload) == {
        "type": "TOKEN",
        "authorizationToken": "t",
        "methodArn": ARN,
    }
    found = client(told)
    assert found.pop("integrationLatency") >= 0
    assert found == {"principalId": "u1", "a": "1", "b": "true", "c": "x"}


def test_a_request_authorizer_of_a_rest_api_gets_the_whole_request() -> None:
    told, calls = let_in(asked("q=1", X_Key="k"), "api", REQUEST, policy())

    event = json.loads(calls.made[0].event.payload)
    assert (event["type"], event["methodArn"], event["httpMethod"]) == ("REQUEST", ARN, "GET")
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["pathParameters"] == {"id": "42"}
    assert "body" not in event
    assert client(told)["principalId"] == "u1"


@pytest.mark.parametrize(
    ("authorizer", "request_"),
    [
        (TOKEN, asked()),
        ({**TOKEN, "validation": "Bearer .+"}, asked(Authorization="t")),
        (REQUEST, asked()),
    ],
)
def test_who_does_not_say_who_he_is_is_turned_away_without_asking(
    authorizer: dict, request_: HttpRequest
) -> None:
    told, calls = let_in(request_, "api", authorizer, policy())

    assert refused(told) == (401, {"message": "Unauthorized"})
    assert told.header("x-amzn-errortype") == "UnauthorizedException"
    assert calls.made == []


@pytest.mark.parametrize(
    "answer",
    [
        policy("Deny"),
        policy(resource="arn:aws:execute-api:*:*:Shop/Prod/POST/*"),
        policy(resource=[]),
    ],
)
def test_a_rest_api_turns_away_whom_no_policy_lets_in(answer: dict) -> None:
    told, _ = let_in(asked(Authorization="t"), "api", TOKEN, answer)

    status, body = refused(told)
    assert status == 403
    assert body["Message"].startswith("User is not authorized to access this resource")
    assert told.header("x-amzn-errortype") == "AccessDeniedException"


@pytest.mark.parametrize(
    "answer",
    [
        {"principalId": "u1"},
        {"policyDocument": policy()["policyDocument"]},
        {**policy(), "policyDocument": {"Statement": [{"Effect": "Maybe"}]}},
        policy(a={"nested": 1}),
        "Allow",
        [1],
        result(b"no json"),
        result({"errorMessage": "boom"}, Failure(FailureKind.HANDLER_RAISED, "boom")),
        result(b"", Failure(FailureKind.TIMED_OUT)),
    ],
)
def test_a_broken_authorizer_of_a_rest_api_lets_nobody_in(answer: object) -> None:
    told, _ = let_in(asked(Authorization="t"), "api", TOKEN, answer)

    assert refused(told) == (500, {"message": None})
    assert told.header("x-amzn-errortype") == "AuthorizerConfigurationException"


def test_a_function_that_raises_unauthorized_says_no() -> None:
    raised = Failure(FailureKind.HANDLER_RAISED, "Unauthorized", "Exception")

    told, _ = let_in(
        asked(Authorization="t"), "api", TOKEN, result({"errorMessage": "Unauthorized"}, raised)
    )

    assert refused(told) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("source", ["api", "http-api"])
@pytest.mark.parametrize("form", ["1.0", "2.0"])
def test_a_body_that_is_still_coming_is_left_to_the_function(source: str, form: str) -> None:
    coming = HttpRequest("POST", "/", headers=(("X-Key", "k"),), body=iter((b"one ", b"two")))
    authorizer = {**REQUEST, "payload_format": form}

    told, calls = let_in(coming, source, authorizer, policy())

    assert isinstance(told, Visit)
    assert told.request.whole_body() == b"one two"
    assert "body" not in json.loads(calls.made[0].event.payload)


@pytest.mark.parametrize("authorizer", [{**TOKEN, "validation": "("}, {**TOKEN, "kind": "guess"}])
def test_an_authorizer_that_cannot_be_lets_nobody_in(authorizer: dict) -> None:
    told, calls = let_in(asked(Authorization="t"), "api", authorizer, policy())

    assert refused(told) == (500, {"message": None})
    assert calls.made == []


def test_an_authorizer_that_is_not_in_the_project_lets_nobody_in() -> None:
    told, _ = let_in(asked(Authorization="t"), "api", {**TOKEN, "function": "nope"}, policy())

    assert refused(told) == (500, {"message": None})


# --- HTTP APIs -------------------------------------------------------------------------------


def test_a_simple_answer_lets_in_and_tells_the_function() -> None:
    answer = {"isAuthorized": True, "context": {"a": 1, "b": ["x"]}}

    told, calls = let_in(asked("q=2", X_Key="k"), "http-api", SIMPLE, answer, methods=("GET",))

    event = json.loads(calls.made[0].event.payload)
    assert (event["version"], event["type"]) == ("2.0", "REQUEST")
    assert event["identitySource"] == ["k", "2"]
    assert event["routeArn"].endswith(":Shop/$default/GET/orders/42")
    assert event["routeKey"] == "GET /orders/{id}"
    assert "body" not in event
    assert client(told) == {"lambda": {"a": 1, "b": ["x"]}}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ({"isAuthorized": False}, 403, "Forbidden"),
        ({"isAuthorized": "yes"}, 500, "Internal Server Error"),
        ({}, 500, "Internal Server Error"),
        ("yes", 500, "Internal Server Error"),
        (result(b"", Failure(FailureKind.HANDLER_RAISED, "Unauthorized")), 500, None),
    ],
)
def test_a_simple_answer_that_is_no_yes_turns_away(
    answer: object, status: int, message: str | None
) -> None:
    told, _ = let_in(asked("q=2", X_Key="k"), "http-api", SIMPLE, answer)

    assert refused(told) == (status, {"message": message or "Internal Server Error"})


def test_an_http_api_wants_all_sources_of_identity() -> None:
    told, calls = let_in(asked(X_Key="k"), "http-api", SIMPLE, {"isAuthorized": True})

    assert refused(told) == (401, {"message": "Unauthorized"})
    assert calls.made == []


@pytest.mark.parametrize(
    ("answer", "status"), [(policy(a=1), 0), (policy("Deny"), 403), ({"isAuthorized": True}, 500)]
)
def test_an_http_api_takes_policies_where_answers_are_not_simple(answer: dict, status: int) -> None:
    authorizer = {**SIMPLE, "simple": False}

    told, _ = let_in(asked("q=2", X_Key="k"), "http-api", authorizer, answer)

    if status:
        assert refused(told)[0] == status
    else:
        assert client(told) == {"lambda": {"a": 1}}


def test_an_authorizer_of_the_first_format_gets_that_and_answers_with_a_policy() -> None:
    authorizer = {**SIMPLE, "payload_format": "1.0", "simple": False}

    told, calls = let_in(asked("q=2", X_Key="k"), "http-api", authorizer, policy())

    event = json.loads(calls.made[0].event.payload)
    assert (event["version"], event["type"]) == ("1.0", "REQUEST")
    assert (event["identitySource"], event["authorizationToken"]) == ("k,2", "k,2")
    assert event["methodArn"].endswith(":Shop/$default/GET/orders/42")
    assert isinstance(told, Visit)


def test_a_page_of_another_site_gets_to_read_that_it_is_turned_away() -> None:
    request = asked("q=2", Origin="https://a.net")

    told, _ = let_in(request, "http-api", SIMPLE, {}, cors={"origins": ("*",)})

    assert isinstance(told, HttpReply)
    assert (told.status, told.header("access-control-allow-origin")) == (401, "*")


# --- tokens ----------------------------------------------------------------------------------

SECRET = "correct horse"
JWT = {
    "kind": "jwt",
    "identity": ("$request.header.Authorization",),
    "issuer": "https://issuer",
    "audience": ("app",),
}
CLAIMS = {
    "iss": "https://issuer",
    "aud": "app",
    "sub": "me",
    "scope": "read write",
    "exp": MOMENT + 9,
}


def token(claims: dict, secret: str = SECRET, algorithm: str = "HS256") -> str:
    def part(told: bytes) -> str:
        return base64.urlsafe_b64encode(told).rstrip(b"=").decode()

    head = {"alg": algorithm, "typ": "JWT"}
    signed = ".".join(part(json.dumps(each).encode()) for each in (head, claims))
    signature = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return f"Bearer {signed}.{part(signature)}"


@pytest.mark.parametrize("keys", ["", SECRET])
def test_a_jwt_authorizer_tells_the_claims_as_text(keys: str) -> None:
    claims = {**CLAIMS, "n": 7, "on": True, "groups": ["a", "b"]}

    told, _ = let_in(
        asked(Authorization=token(claims)), "http-api", JWT, rules=WebRules(token_keys=keys)
    )

    found = client(told)["jwt"]
    assert found["scopes"] == ["read", "write"]
    assert found["claims"]["sub"] == "me"
    assert (found["claims"]["n"], found["claims"]["on"]) == ("7", "true")
    assert found["claims"]["groups"] == "[a b]"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Bearer no-token",
        "Bearer a.b.c",
        token({**CLAIMS, "exp": MOMENT - 1}),
        token({**CLAIMS, "nbf": MOMENT + 5}),
        token({**CLAIMS, "iss": "https://other"}),
        token({**CLAIMS, "aud": "other"}),
        token({**CLAIMS, "exp": "soon"}),
        token(CLAIMS, secret="wrong"),
        token(CLAIMS, algorithm="none"),
        token(CLAIMS, algorithm="RS256"),
    ],
)
def test_a_token_that_is_not_good_is_turned_away(written: str) -> None:
    request = asked(Authorization=written) if written else asked()

    told, _ = let_in(request, "http-api", JWT, rules=WebRules(token_keys=SECRET))

    assert refused(told) == (401, {"message": "Unauthorized"})


def test_a_token_of_several_audiences_or_of_a_client_is_good() -> None:
    several = {**CLAIMS, "aud": ["x", "app"]}
    of_client = {
        **{name: told for name, told in CLAIMS.items() if name != "aud"},
        "client_id": "app",
    }

    for claims in (several, of_client):
        told, _ = let_in(asked(Authorization=token(claims)), "http-api", JWT)
        assert isinstance(told, Visit)


@pytest.mark.parametrize(("scopes", "good"), [(("read",), True), (("admin",), False)])
def test_a_route_may_want_scopes(scopes: tuple[str, ...], good: bool) -> None:
    told, _ = let_in(asked(Authorization=token(CLAIMS)), "http-api", JWT, scopes=scopes)

    assert isinstance(told, Visit) is good
    if not good:
        assert refused(told) == (403, {"message": "Forbidden"})


def test_a_rest_api_reads_tokens_of_a_user_pool() -> None:
    authorizer = {"kind": "cognito", "identity": ("method.request.header.Authorization",)}

    told, _ = let_in(asked(Authorization=token({"sub": "me"})[7:]), "api", authorizer)
    others, _ = let_in(asked(), "api", authorizer)

    assert client(told) == {"claims": {"sub": "me"}}
    assert refused(others) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize("source", ["http-api", "api"])
def test_claims_can_be_given_by_hand(source: str) -> None:
    authorizer = {**JWT, "kind": "jwt" if source == "http-api" else "cognito"}

    told, _ = let_in(asked(), source, authorizer, rules=WebRules(claims={"sub": "me"}))

    assert "me" in json.dumps(client(told))


def test_signatures_are_asked_for_where_that_is_wanted() -> None:
    for source, status in (("api", 403), ("http-api", 403)):
        told, _ = let_in(asked(), source, {"kind": "iam"}, rules=WebRules(verifies=True))
        plain, _ = let_in(asked(), source, {"kind": "iam"})
        assert refused(told)[0] == status
        assert isinstance(plain, Visit)


def test_a_url_that_wants_signatures_turns_others_away_where_that_is_asked_for() -> None:
    url = visit(HttpRequest("POST", "/", body=b"x"), "function-url", auth_type="AWS_IAM")
    strict = Recorder(result(), rules=WebRules(verifies=True))

    told = admit(url, strict)

    status, body = refused(told)
    assert (status, told.header("x-amzn-errortype")) == (403, "AccessDeniedException")
    assert body["Message"].startswith("Forbidden. For troubleshooting")
    assert isinstance(admit(url, Recorder(result())), Visit)


def test_a_body_that_was_read_to_check_a_signature_reaches_the_function() -> None:
    coming = HttpRequest("POST", "/", body=iter((b"one ", b"two")))
    for source, options in (
        ("function-url", {"auth_type": "AWS_IAM"}),
        ("api", {"authorizer": {"kind": "iam"}}),
    ):
        told = admit(visit(coming, source, **options), Recorder(result()))
        assert isinstance(told, Visit)
        assert told.request.body == b"one two"
        coming = coming._replace(body=iter((b"one ", b"two")))
