"""Removes containers when it is told to, and all that are left when localfn is gone.

    keeper.py ADDRESS VERSION

A process of its own that imports nothing of ours and starts in parallel with the container, so
that nobody waits for it. Standard input says what to do, one line each: `+ID` is to be removed
at the end, `-ID` at once. The end of that input, however it came, is the end of localfn.
"""

import socket
import sys
import threading

LIMIT_S = 60.0
TRIES = 3


def main(address: str, version: str) -> None:
    """Serve until the input ends."""
    held: set[str] = set()
    removing: list[threading.Thread] = []

    def remove(container: str) -> None:
        held.discard(container)
        removing.append(threading.Thread(target=have_removed, args=(address, version, container)))
        removing[-1].start()

    for line in iter(sys.stdin.buffer.readline, b""):
        container = line[1:].strip().decode("ascii")
        if line.startswith(b"+"):
            held.add(container)
        else:
            remove(container)
    for container in tuple(held):
        remove(container)
    for thread in removing:
        thread.join()


def have_removed(address: str, version: str, container: str) -> None:
    """Have the engine remove a container, running or not."""
    start = f"/v{version}" if version else ""
    asked = f"DELETE {start}/containers/{container}?force=1&v=1 HTTP/1.0\r\nHost: localhost\r\n\r\n"
    for _ in range(TRIES):
        try:
            with connect(address) as link:
                link.sendall(asked.encode("ascii"))
                answer = link.recv(64)
        except OSError:
            continue
        # An engine in trouble is asked again; gone, or going, is good.
        if not answer.startswith((b"HTTP/1.0 5", b"HTTP/1.1 5")):
            return


def connect(address: str) -> socket.socket:
    """Return a connection to the engine: `unix://PATH` or `tcp://HOST:PORT`."""
    scheme, _, rest = address.partition("://")
    if scheme != "unix":
        host, _, port = rest.rstrip("/").rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), LIMIT_S)
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(LIMIT_S)
    link.connect(rest)
    return link


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
