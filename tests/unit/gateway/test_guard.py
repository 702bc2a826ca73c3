import pytest

from localfn.gateway.guard import Guard, host_of
from localfn.model import HttpRequest


def asked(**headers: str) -> HttpRequest:
    return HttpRequest(
        "GET", "/", headers=tuple((k.replace("_", "-"), v) for k, v in headers.items())
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1:8000",
        "127.9.9.9",
        "[::1]:8000",
        "fn.localhost",
        "a.b.localhost:1",
        "localhost.",
        "shop.example.com:80",
        "",
    ],
)
def test_names_of_this_machine_and_those_allowed_are_answered(host: str) -> None:
    guard = Guard(["Shop.Example.Com"])

    assert guard.refuse_host(host_of(asked(Host=host))) is None


@pytest.mark.parametrize(
    "host",
    ["evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "192.168.1.5:8000", "[fe80::1]"],
)
def test_other_names_are_refused_with_the_way_out(host: str) -> None:
    refused = Guard([]).refuse_host(host_of(asked(Host=host)))

    assert refused is not None
    assert refused.status == 403
    assert b"--allow-host" in refused.body


def test_every_name_is_answered_when_all_are_allowed() -> None:
    assert Guard(["*"]).refuse_host("evil.com") is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://fn.localhost:8000"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_pages_of_this_machine_may_use_an_api(headers: dict[str, str]) -> None:
    assert Guard([]).refuse_origin(asked(**headers)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": "garbage"},
    ],
)
def test_pages_of_others_may_not(headers: dict[str, str]) -> None:
    refused = Guard([]).refuse_origin(asked(**headers))

    assert refused is not None
    assert refused.status == 403
