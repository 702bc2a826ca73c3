"""Takes orders and shows them. They live as long as the instance: a table would keep them."""

import base64
import json
import os
import uuid

PRICES = {"tea": 4, "pot": 25}
ORDERS = {}


def handler(event, context):
    """Handle one request of the HTTP API (payload format 2.0)."""
    return ROUTES[event["routeKey"]](event)


def place(event):
    """Take an order such as {"tea": 2}."""
    try:
        items = json.loads(body_of(event))
        total = sum(PRICES[name] * int(count) for name, count in items.items())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return answer(400, {"error": "this is no order: %s" % error})
    order = {"id": str(uuid.uuid4()), "items": items, "total": total}
    order["currency"] = os.environ["CURRENCY"]
    ORDERS[order["id"]] = order
    print("order %s: %d %s" % (order["id"], total, order["currency"]))
    return answer(201, order)


def body_of(event):
    """Return the body; what is no text comes as base64, and curl's own content type is none."""
    body = event.get("body") or "{}"
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def show(event):
    """Show one order."""
    id_ = event["pathParameters"]["id"]
    if id_ not in ORDERS:
        return answer(404, {"error": "there is no order %s" % id_})
    return answer(200, ORDERS[id_])


def answer(status, body):
    """Return what the HTTP API sends."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }


ROUTES = {"POST /orders": place, "GET /orders/{id}": show}
