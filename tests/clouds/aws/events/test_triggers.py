"""What a function's own trigger says gives the defaults of its events."""

import json
from typing import Any

import pytest

from localfn.payloads.catalog import find_source
from localfn.payloads.event import generate, mismatches

# What a trigger offers, the event that is made without a name, and what stands in it.
OFFERED: dict[str, tuple[str, dict[str, object], str, dict[str, object]]] = {
    "bucket": (
        "s3",
        {"bucket": "inbox", "events": ["ObjectRemoved:*"], "prefix": "raw/", "suffix": ".csv"},
        "delete",
        {"Records.0.s3.bucket.name": "inbox", "Records.0.eventName": "ObjectRemoved:Delete"},
    ),
    "queue": (
        "sqs",
        {"queue": "jobs.fifo", "batch": 10},
        "message",
        {
            "Records.0.eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:jobs.fifo",
            "Records.0.attributes.MessageGroupId": "group-1",
        },
    ),
    "queue of a topic": (
        "sqs",
        {"queue": "jobs", "carries": "sns", "topic": "alerts"},
        "sns-notification",
        {"Records.0.eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:jobs"},
    ),
    "topic": (
        "sns",
        {"topic": "alerts"},
        "notification",
        {"Records.0.Sns.TopicArn": "arn:aws:sns:eu-west-1:111122223333:alerts"},
    ),
    "table": (
        "dynamodb",
        {"table": "orders", "view_type": "NEW_IMAGE"},
        "modify",
        {"Records.0.dynamodb.StreamViewType": "NEW_IMAGE", "Records.0.awsRegion": "eu-west-1"},
    ),
    "stream": (
        "kinesis",
        {"stream": "clicks"},
        "records",
        {"Records.0.eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks"},
    ),
    "stream with a window": (
        "kinesis",
        {"stream": "clicks", "window_s": 60},
        "records",
        {"isFinalInvokeForWindow": False, "shardId": "shardId-000000000000"},
    ),
    "rest path": (
        "api",
        {"path": "/orders/{id}", "methods": ["PUT"], "stage": "dev"},
        "request",
        {"resource": "/orders/{id}", "httpMethod": "PUT", "requestContext.stage": "dev"},
    ),
    "http path": (
        "http-api",
        {"path": "/orders", "methods": ["POST"]},
        "request",
        {"routeKey": "POST /orders", "rawPath": "/orders", "version": "2.0"},
    ),
    "http path in format 1.0": (
        "http-api",
        {"path": "/orders", "payload_format": "1.0"},
        "request-v1",
        {"version": "1.0", "resource": "/orders"},
    ),
    "catch-all": (
        "http-api",
        {"path": "$default", "route_key": "$default"},
        "request",
        {"routeKey": "$default", "rawPath": "/"},
    ),
    "http path for several methods": (
        "http-api",
        {"path": "/{proxy+}", "methods": ["GET", "PUT"], "stage_variables": {"table": "t"}},
        "request",
        {"routeKey": "ANY /{proxy+}", "stageVariables.table": "t"},
    ),
    "balanced pattern": (
        "alb",
        {"path": "/api/*", "target_group": "shop", "multi_value_headers": True},
        "request",
        {"multiValueHeaders.accept": ["*/*"]},
    ),
    "signed url": (
        "function-url",
        {"auth_type": "AWS_IAM"},
        "request",
        {"requestContext.authorizer.iam.accountId": "111122223333"},
    ),
    "connect": (
        "websocket",
        {"route": "$connect"},
        "connect",
        {"requestContext.eventType": "CONNECT"},
    ),
    "own route": (
        "websocket",
        {"route": "send"},
        "message",
        {"requestContext.routeKey": "send", "requestContext.eventType": "MESSAGE"},
    ),
    "edge": (
        "cloudfront",
        {"event_types": ["viewer-response"]},
        "viewer-response",
        {"Records.0.cf.config.eventType": "viewer-response"},
    ),
    "topics of a cluster": (
        "msk",
        {"cluster": "main", "topics": ["orders", "returns"]},
        "records",
        {"records.orders-0.0.topic": "orders"},
    ),
    "own kafka": (
        "self-managed-kafka",
        {"bootstrap_servers": ["a:9092", "b:9092"], "topics": ["orders"]},
        "records",
        {"bootstrapServers": "a:9092,b:9092"},
    ),
    "rabbit": (
        "mq",
        {"broker": "main", "queues": ["jobs"], "engine": "rabbitmq", "virtual_host": "/shop"},
        "rabbitmq",
        {"rmqMessagesByQueue.jobs::/shop.0.redelivered": False},
    ),
    "rule": (
        "schedule",
        {"rule": "tick"},
        "tick",
        {"resources.0": "arn:aws:events:eu-west-1:111122223333:rule/tick"},
    ),
    "rule with input": ("schedule", {"rule": "tick", "input": '{"a": 1}'}, "tick", {"a": 1}),
    "schedule": (
        "schedule-v2",
        {"schedule_name": "tick", "group": "night"},
        "tick",
        {"resources.0": "arn:aws:scheduler:eu-west-1:111122223333:schedule/night/tick"},
    ),
    "pattern": (
        "eventbridge",
        {"sources": ["my.shop"], "detail_types": ["Paid"], "detail": {"total": 3}},
        "custom",
        {"source": "my.shop", "detail-type": "Paid", "detail.total": 3},
    ),
    "pattern of a product": (
        "eventbridge",
        {"sources": ["aws.s3"], "detail_types": ["Object Created"]},
        "s3-object-created",
        {"source": "aws.s3", "detail.reason": "PutObject"},
    ),
    "part of a pattern": (
        "eventbridge",
        {"detail": {"order": {"id": 7}}, "input_path": "$.detail.order"},
        "custom",
        {"id": 7},
    ),
    "reshaped pattern": (
        "eventbridge",
        {
            "detail": {"order": {"id": 7}},
            "input_paths": {"id": "$.detail.order.id", "from": "$.source"},
            "input_template": '{"order": <id>, "text": "Order <id> of <from>"}',
        },
        "custom",
        {"order": 7, "text": "Order 7 of com.example.shop"},
    ),
    "log group": ("cloudwatch-logs", {"log_group": "/shop"}, "lines", {}),
    "user pool": (
        "cognito",
        {"user_pool": "eu-west-1_Abc", "triggers": ["PostConfirmation", "PreSignUp"]},
        "pre-sign-up",
        {"userPoolId": "eu-west-1_Abc", "triggerSource": "PreSignUp_SignUp"},
    ),
    "skill": (
        "alexa-skill",
        {"skill_id": "amzn1.ask.skill.x"},
        "start-session",
        {"session.application.applicationId": "amzn1.ask.skill.x"},
    ),
    "documents": (
        "documentdb",
        {"cluster": "main", "database": "shop", "collection": "carts"},
        "insert",
        {"events.0.event.ns.coll": "carts"},
    ),
}


def at(payload: Any, path: str) -> object:
    for step in path.split("."):
        payload = payload[int(step) if isinstance(payload, list) else step]
    return payload


@pytest.mark.parametrize("case", OFFERED)
def test_an_event_is_the_one_that_the_trigger_would_deliver(case: str) -> None:
    name, options, kind, expected = OFFERED[case]
    source = find_source("aws", name)
    offered = {"region": "eu-west-1", "account_id": "111122223333", **options}

    event = generate(source, "", {}, offered=offered)

    payload = json.loads(event.payload)
    assert event.source == f"{name}/{kind}"
    # Keys with dots in them are of no case above.
    assert {path: at(payload, path) for path in expected} == expected
    assert mismatches(source, "", {}, offered) == ()


@pytest.mark.parametrize(
    ("name", "kind", "given", "offered", "doubt"),
    [
        ("s3", "put", {}, {"events": ["ObjectRemoved:*"]}, "not for `ObjectCreated:Put`"),
        ("s3", "put", {"key": "a.png"}, {"suffix": ".csv"}, "the trigger's suffix is `.csv`"),
        ("s3", "put", {"bucket": "a"}, {"bucket": "b"}, "the trigger's bucket is `b`"),
        ("sqs", "message", {"queue": "a"}, {"queue": "b"}, "the trigger's queue is `b`"),
        ("sqs", "message", {}, {"batch": 2}, "the trigger takes 2 records at a time, not 3"),
        ("kinesis", "records", {}, {"enabled": False}, "the trigger is not enabled"),
        ("msk", "records", {"topic": "x"}, {"topics": ["a", "b"]}, "is `a` or `b`"),
        ("eventbridge", "custom", {"source": "x"}, {"sources": ["a"]}, "sources is `a`"),
        ("api", "request", {"path": "/x"}, {"path": "/orders/{id}"}, "path is `/orders/{id}`"),
        ("http-api", "request", {"method": "PUT"}, {"methods": ["GET"]}, "methods is `GET`"),
        ("cognito", "pre-sign-up", {}, {"triggers": ["CustomMessage"]}, "not for `PreSignUp`"),
    ],
)
def test_an_event_that_the_trigger_would_not_deliver_is_doubted(
    name: str, kind: str, given: dict[str, object], offered: dict[str, object], doubt: str
) -> None:
    doubts = mismatches(find_source("aws", name), kind, given, offered, 3)

    assert len(doubts) == 1
    assert doubt in doubts[0]


def test_a_path_that_fits_the_triggers_template_is_not_doubted() -> None:
    api = find_source("aws", "api")

    for path in ("/orders/7", "/orders/7/"):
        assert mismatches(api, "request", {"path": path}, {"path": "/orders/{id}"}) == ()
    http_api = find_source("aws", "http-api")
    assert mismatches(http_api, "request", {"path": "/any"}, {"path": "$default"}) == ()
