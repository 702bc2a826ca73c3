def initialize(context):
    print("initializing")


def handler(event, context):
    print("handling")
    return ""


def freeze(context):
    print("freezing")


def stop(context):
    print("stopping")
