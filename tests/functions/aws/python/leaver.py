import os
import threading


def handler(event, context):
    threading.Timer(0.05, os._exit, [3]).start()
    return "answered"
