def handler(event, context):
    import only_in_first
    import only_in_second
    import shared_by_layers

    return "%s %d %d" % (shared_by_layers.WHO, only_in_first.NUMBER, only_in_second.NUMBER)
