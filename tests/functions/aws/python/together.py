"""Calls that wait for each other: only side by side can they end."""
import logging
import os
import threading
import time

ARRIVED = []
CHANGED = threading.Condition()
logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    asked, name, count = event.split(":")
    return ASKED[asked](name, int(count), context)


def meet(name, count, context):
    """Answer when so many calls have come."""
    print("%s came" % name)
    with CHANGED:
        ARRIVED.append(name)
        CHANGED.notify_all()
        while len(ARRIVED) < count:
            CHANGED.wait(20)
    logging.getLogger().info("%s met", name)
    return "%s %s" % (name, context.aws_request_id)


def dawdle(name, count, context):
    print("holding")
    time.sleep(30)


def fail(name, count, context):
    raise ValueError(name)


ASKED = {
    "meet": meet,
    "fail": fail,
    "dawdle": dawdle,
    "leave": lambda name, count, context: os._exit(count),
}
