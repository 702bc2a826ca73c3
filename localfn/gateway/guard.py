"""Whom the gateway listens to: not web pages of others, by whatever name they call it.

A page can make a browser send requests to this machine: under a name of its own that it lets
point here (DNS rebinding), or across sites. Names are told by `Host`, pages by `Origin`.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from localfn.gateway.replies import plain
from localfn.model import HttpReply, HttpRequest

LOCAL_NAME = "localhost"
LOCAL_NAMES = ".localhost"
ANY = "*"


class Guard:
    """Knows the names that are ours: loopback, `*.localhost`, and those of `--allow-host`."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(each.lower() for each in allowed)
        self._known = frozenset({"", LOCAL_NAME, "127.0.0.1", "::1"}) | self._allowed

    def refuse_host(self, host: str) -> HttpReply | None:
        """Return the answer to a request for a name that is not ours, None where it is."""
        if host in self._known or self._is_ours(host):
            return None
        return plain(
            403,
            f"`{host}` is not a name of this gateway. Start it with `--allow-host {host}` if it "
            "should be.",
        )

    def refuse_origin(self, request: HttpRequest) -> HttpReply | None:
        """Return the answer to a page of another site, None where nobody else's page asks."""
        origin = request.header("origin")
        if origin:
            name = urlsplit(origin).hostname
            ours = bool(name) and self._is_ours(name or "")
        else:
            ours = request.header("sec-fetch-site") != "cross-site"
        if ours:
            return None
        return plain(403, f"Pages of other sites (`{origin or 'unknown'}`) may not use this API.")

    def _is_ours(self, host: str) -> bool:
        if ANY in self._allowed or host in self._known or host.endswith(LOCAL_NAMES):
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return False


def host_of(request: HttpRequest) -> str:
    """Return the name that a request was sent to, in lower case and without a port."""
    return _name(request.header("host"))


@lru_cache(64)
def _name(written: str) -> str:
    written = written.strip().lower()
    if written.startswith("["):
        return written[1:].partition("]")[0]
    return written.partition(":")[0].rstrip(".")
