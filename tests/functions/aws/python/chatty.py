def handler(event, context):
    for number in range(int(event)):
        print("line %d" % number)
    return "done"
