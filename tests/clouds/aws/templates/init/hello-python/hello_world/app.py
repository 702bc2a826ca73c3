import json


def lambda_handler(event, context):
    """Answer a request through the REST API."""
    return {
        "statusCode": 200,
        "body": json.dumps({"message": "hello from " + event["requestContext"]["stage"]}),
    }
