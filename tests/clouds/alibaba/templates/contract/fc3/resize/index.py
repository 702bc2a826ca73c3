def handler(event: bytes, context: object) -> bytes:
    return event
