import json
import os


def handler(event, context):
    """Lists, writes and reads what the event names; None and false for what cannot be."""
    wanted = json.loads(event)
    seen = {
        "list": {each: sorted(os.listdir(each)) for each in wanted.get("list", [])},
        "write": {path: write(path, text) for path, text in wanted.get("write", {}).items()},
        "read": {path: read(path) for path in wanted.get("read", [])},
    }
    return json.dumps(seen)


def read(path):
    try:
        with open(path) as opened:
            return opened.read()
    except (IOError, OSError):
        return None


def write(path, text):
    try:
        with open(path, "w") as opened:
            opened.write(text)
        return True
    except (IOError, OSError):
        return False
