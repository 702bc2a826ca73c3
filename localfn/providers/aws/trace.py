"""The id under which a request is followed through the cloud."""


def new_trace(moment: float, id_: str) -> str:
    """Return a trace that begins with the request of this id at this moment (epoch seconds)."""
    return f"Root=1-{int(moment):08x}-{id_.replace('-', '')[8:32]}"
