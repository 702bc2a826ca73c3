"""Answers which revision of itself has been loaded, and what it finds around it."""
import os
import sys
import tempfile
import time

REVISION = 1
print("loading %d" % REVISION)


def handler(event, context):
    asked, _, value = event.partition(":")
    told = ASKED[asked](value)
    return "%d:%s" % (REVISION, told)


def hold(name):
    """Wait until the test makes this file beside the code."""
    print("holding")
    while not os.path.exists(os.path.join(os.path.dirname(__file__), name)):
        time.sleep(0.005)
    return name


def leave_something(name):
    path = os.path.join(tempfile.gettempdir(), name)
    found = os.path.exists(path)
    open(path, "w").close()
    return found and "found" or "absent"


ASKED = {
    "say": lambda value: value,
    "variable": lambda value: os.environ.get(value, ""),
    "hold": hold,
    "leave-something": leave_something,
    "leave": lambda value: os._exit(int(value)),
    "dawdle": lambda value: time.sleep(30),
    "print": lambda value: sys.stdout.write(value + "\n"),
}
