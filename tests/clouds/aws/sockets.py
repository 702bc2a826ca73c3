"""A client that speaks WebSocket by hand."""

import base64
import hashlib
import json
import os
import socket
import struct
from contextlib import contextmanager

from tests.clouds.aws.serving import LIMIT_S, Served


class Client:
    """Speaks WebSocket by hand."""

    def __init__(self, served: Served, path: str, host: str, **headers: str) -> None:
        self.link = socket.create_connection(("127.0.0.1", served.port), LIMIT_S)
        self.link.settimeout(LIMIT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{served.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        self.link.sendall("\r\n".join([*lines, "", ""]).encode())
        self.came = b""
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.head = {
            name.decode().lower(): value.strip().decode()
            for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        if self.status == 101:
            salted = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            proof = base64.b64encode(hashlib.sha1(salted.encode()).digest()).decode()
            assert self.head["sec-websocket-accept"] == proof

    def send(self, payload: bytes | str, kind: int = 1, first: int = 0x80) -> None:
        told = payload.encode() if isinstance(payload, str) else payload
        mask, size = os.urandom(4), len(told)
        if size < 126:
            head = struct.pack(">BB", first | kind, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", first | kind, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", first | kind, 0x80 | 127, size)
        masked = bytes(each ^ mask[place % 4] for place, each in enumerate(told))
        self.link.sendall(head + mask + masked)

    def receive(self) -> tuple[int, bytes]:
        head = self._exactly(2)
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._exactly(8))
        return head[0] & 0x0F, self._exactly(size)

    def hear(self) -> dict:
        kind, payload = self.receive()
        assert kind == 1, payload
        return json.loads(payload)

    def ended(self) -> int:
        """The code of the frame that ends it; then nothing more comes."""
        kind, payload = self.receive()
        assert kind == 8, payload
        assert self.link.recv(1) == b""
        return struct.unpack(">H", payload[:2])[0]

    def _exactly(self, size: int) -> bytes:
        while len(self.came) < size:
            piece = self.link.recv(1 << 16)
            assert piece, self.came
            self.came += piece
        found, self.came = self.came[:size], self.came[size:]
        return found

    def _until(self, end: bytes) -> bytes:
        while end not in self.came:
            piece = self.link.recv(1 << 16)
            assert piece, self.came
            self.came += piece
        found, _, self.came = self.came.partition(end)
        return found


@contextmanager
def opened(served: Served, path: str = "/dev", host: str = "chat.localhost", **headers: str):
    client = Client(served, path, host, **headers)
    try:
        yield client
    finally:
        client.link.close()
