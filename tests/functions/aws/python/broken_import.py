import nothing_of_this_name


def handler(event, context):
    return "never"
