"""Behaves as its event says: every way a handler can end."""
import logging
import os
import sys
import time

HELD = []


def handler(event, context):
    print("before")
    return BEHAVIOURS[event.decode()](context)


def answer(_context):
    return "fine"


def fail(_context):
    raise ValueError("something is wrong")


def leave(_context):
    sys.exit(3)


def be_killed(_context):
    os.kill(os.getpid(), 9)


def dawdle(_context):
    time.sleep(30)


def spin(_context):
    while True:
        pass


def take_memory(_context):
    while True:
        HELD.append(b"x" * (8 << 20))


def answer_a_set(_context):
    return {1, 2}


def answer_large(_context):
    return b"x" * (3 << 20)


def speak(context):
    print("one")
    sys.stderr.write("two\n")
    logging.getLogger().info("three")
    os.system("echo four")
    return context.request_id


BEHAVIOURS = {
    "answer": answer,
    "handler-raised": fail,
    "exited": leave,
    "killed": be_killed,
    "timed-out": dawdle,
    "spin": spin,
    "out-of-memory": take_memory,
    "bad-reply": answer_a_set,
    "large": answer_large,
    "speak": speak,
}


def initialize_badly(_context):
    raise RuntimeError("no database")


def initialize_slowly(_context):
    time.sleep(30)
