"""A worker that does what a frame asks: `echo` sends the payload back, `do` runs the header's code.

Moves the frames away from the descriptors that code prints to, as bootstraps do. The syntax of
Python 2.7.
"""

import json
import os
import struct
import sys

LENGTHS = struct.Struct(">II")
FRAMES_IN, FRAMES_OUT = os.dup(0), os.dup(1)
os.dup2(os.open(os.devnull, os.O_RDWR), 0)
os.dup2(2, 1)


def exactly(size):
    pieces = []
    while size:
        piece = os.read(FRAMES_IN, size)
        if not piece:
            sys.exit(0)
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def put(text):
    left = memoryview(text)
    while len(left):
        left = left[os.write(FRAMES_OUT, left) :]


def frame(header, payload=b""):
    head = json.dumps(header).encode("utf-8")
    return LENGTHS.pack(len(head) + len(payload), len(head)) + head + payload


while True:
    total, head_size = LENGTHS.unpack(exactly(LENGTHS.size))
    asked = json.loads(exactly(head_size).decode("utf-8"))
    payload = exactly(total - head_size)
    if asked["kind"] == "stop":
        sys.exit(0)
    names = {"answer": None, "frame": frame, "put": put}
    if asked["kind"] == "do":
        exec(asked["code"], names)
    put(frame({"kind": "result", "id": asked.get("id"), "answer": names["answer"]}, payload))
