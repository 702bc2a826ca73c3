import urllib.parse


def handler(event, context):
    """Name what was written."""
    record = event["Records"][0]["s3"]
    return {
        "bucket": record["bucket"]["name"],
        "key": urllib.parse.unquote_plus(record["object"]["key"]),
    }
