"""A listening socket on a debugger's port, on this machine only."""

import os
import socket

from localfn.errors import MachineError

HOST = "127.0.0.1"
MOST_WAITING = 16


def listen(port: int, function: str) -> socket.socket:
    """Return a socket that listens on the port of a function's debugger.

    Raises `MachineError` when the port is taken, which says by whom.
    """
    link = socket.socket(socket.AF_INET)
    if os.name == "posix":  # elsewhere it would share the port with whoever has it
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        link.bind((HOST, port))
        link.listen(MOST_WAITING)
    except OSError as error:
        link.close()
        holder = holder_of(port)
        # `localfn invoke` goes to the gateway by itself, and stops there.
        leave = "leave `--debug` out if that is this project's gateway, "
        raise MachineError(
            f"the debugger of `{function}` cannot listen on {HOST}:{port}: "
            f"{f'`{holder}` has it' if holder else error.strerror or error}.",
            hint=f"End that program, {leave if holder.startswith('localfn') else ''}or choose "
            f"another port: `--debug {port + 100}`.",
        ) from error
    return link


def holder_of(port: int) -> str:
    """Return the name and number of the process that listens on a port; "" if it is not told."""
    # Its import takes as long as a whole call in a process.
    import psutil

    try:
        for each in psutil.net_connections("tcp"):
            # Without an address it is an empty tuple.
            here = getattr(each.laddr, "port", 0)
            if each.status == psutil.CONN_LISTEN and here == port and each.pid:
                return f"{psutil.Process(each.pid).name()}, process {each.pid}"
    except psutil.Error:  # other users' processes are not shown everywhere
        return ""
    return ""
