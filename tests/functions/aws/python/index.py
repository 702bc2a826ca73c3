"""Behaves as its event says: every way a handler can end."""
import logging
import os
import sys
import time

HELD = []
logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    print("before")
    return BEHAVIOURS[event](context)


def answer(_context):
    return "fine"


def fail(_context):
    raise ValueError("something is wrong")


def leave(_context):
    sys.exit(3)


def leave_well(_context):
    sys.exit(0)


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
    return "x" * (3 << 20)


def answer_too_large(_context):
    return "x" * (7 << 20)


def answer_an_error(_context):
    return {"errorMessage": "this is an answer", "errorType": "Fine"}


def answer_bytes(_context):
    return b"\xff\x00"


def answer_text(_context):
    return {"text": "\u00e9"}


def speak(context):
    print("one")
    sys.stderr.write("two\n")
    logging.getLogger().info("three")
    os.system("echo four")
    return context.aws_request_id


BEHAVIOURS = {
    "answer": answer,
    "handler-raised": fail,
    "exited": leave,
    "exited-well": leave_well,
    "killed": be_killed,
    "timed-out": dawdle,
    "spin": spin,
    "out-of-memory": take_memory,
    "bad-reply": answer_a_set,
    "large": answer_large,
    "answer-too-large": answer_too_large,
    "error-as-answer": answer_an_error,
    "bytes": answer_bytes,
    "text": answer_text,
    "speak": speak,
}
