"""Takes longer to be loaded than the platform waits."""
import time

time.sleep(30)


def handler(event, context):
    return "never"
