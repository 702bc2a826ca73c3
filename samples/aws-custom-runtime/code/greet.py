"""What the function does; how it is called is the business of `bootstrap`."""


def handle(event):
    """Greet whom the event names."""
    print("greeting", event.get("name"), flush=True)
    if "name" not in event:
        raise ValueError("whom shall I greet?")
    return {"greeting": f"Hello, {event['name']}!"}
