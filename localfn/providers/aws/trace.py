"""The id under which a request is followed through the cloud."""

from localfn.model import HttpRequest, Invocation


def trace_id(request: HttpRequest, invocation: Invocation) -> str:
    """Return the trace that a request belongs to: the one it names, else one of its own."""
    return request.header("x-amzn-trace-id") or new_trace(invocation.started, invocation.id)


def new_trace(moment: float, id_: str) -> str:
    """Return a trace that begins with the request of this id at this moment (epoch seconds)."""
    return f"Root=1-{int(moment):08x}-{id_.replace('-', '')[8:32]}"
