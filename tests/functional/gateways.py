"""Gateways as a user starts them: a process of their own, in a folder of their own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

READY = re.compile(rb"ready at http://[^:]*:(\d+)")
LIMIT_S = 30.0


class Answer:
    """What a gateway answered."""

    def __init__(self, told: http.client.HTTPResponse) -> None:
        self.status = told.status
        self.headers = told.headers
        self.body = told.read()

    def json(self) -> dict:
        return json.loads(self.body)


class Started:
    """A running gateway."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.said = b""
        self.printed = b""
        self._ready = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._read, daemon=True),
        ]
        for each in self._threads:
            each.start()
        assert self._ready.wait(LIMIT_S), self.said
        found = READY.search(self.said)
        assert found, self.said
        self.port = int(found[1])

    def ask(
        self,
        method: str = "GET",
        path: str = "/",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        host: str = "",
    ) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        try:
            named = {"Host": host} if host else {}
            link.request(method, path, body, {**named, **(headers or {})})
            return Answer(link.getresponse())
        finally:
            link.close()

    def stop(self) -> int:
        """End it as Ctrl-C does; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(LIMIT_S)
        for each in self._threads:
            each.join(LIMIT_S)
        return code

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said += line
            if READY.search(self.said):
                self._ready.set()
        self._ready.set()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line


RUNNERS = ["process", pytest.param("docker", marks=pytest.mark.docker)]


def runs_with(runner: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Options and variables of a gateway whose functions run this way."""
    bases = {name: value for name, value in os.environ.items() if name.startswith("LOCALFN_BASE_")}
    return ("--runner", runner), bases


def plain_environ() -> dict[str, str]:
    """The machine's environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCALFN_")}


@contextmanager
def gateway(
    folder: Path, *options: str, environ: dict[str, str] | None = None
) -> Iterator[Started]:
    """Yield a gateway of the project in this folder; its functions run in processes."""
    plain = plain_environ()
    words = ("start-api", "--port", "0", *options)
    if "--runner" not in options:
        words += ("--runner", "process")
    process = subprocess.Popen(
        [sys.executable, "-m", "localfn", *words],
        cwd=folder,
        env={**plain, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    started = None
    try:
        started = Started(process, folder)
        yield started
    finally:
        if started is None:
            process.kill()
            process.wait(LIMIT_S)
        else:
            started.stop()
        for each in (process.stdout, process.stderr):
            if each is not None:
                each.close()
