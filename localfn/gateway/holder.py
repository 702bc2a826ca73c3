"""Who holds a port: told where the system says it."""

import psutil


def holder_of(port: int) -> str:
    """Return `NAME (pid N)` of the process that listens on a port, "" where it is not known."""
    try:
        found = [
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
            and each.laddr
            and each.laddr.port == port
            and each.pid
        ]
        if not found:
            return ""
        process = psutil.Process(found[0])
        words = " ".join(process.cmdline()[:4])
        return f"`{words or process.name()}` (pid {process.pid})"
    except psutil.Error:
        return ""
