"""Events have the form of the contract's samples, and agree with themselves."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
import yaml

from localfn.errors import UsageError
from localfn.payloads.catalog import called, catalog, find_source, names
from localfn.payloads.event import generate
from localfn.payloads.moments import to_moment

HERE = Path(__file__).parent
SAMPLES = sorted(HERE.glob("*.json"))
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
OFFERED = yaml.safe_load((HERE / "offered_by_sam.yaml").read_text())
EVERY = [f"{source.name}/{kind}" for source in catalog("aws") for kind in source.events]
TIMED = [
    f"{source.name}/{kind}"
    for source in catalog("aws")
    if "time" in source.fields
    for kind in source.events
]
NOON = "2026-03-04T12:00:00.250Z"


def make(name: str, /, count: int = 1, **given: object) -> Any:
    source, _, event = name.partition("/")
    made = generate(find_source("aws", source), event, given, count=count, seed=7)
    return json.loads(made.payload)


def form(value: object) -> object:
    """The keys and types of a payload, whatever its values."""
    if isinstance(value, dict):
        return {key: form(each) for key, each in value.items()}
    if isinstance(value, list):
        return [form(each) for each in value[:1]]
    return type(value).__name__


def leaves(value: object, path: str = "", key: str = "") -> Iterator[tuple[str, str, object]]:
    """Every plain value of a payload: where it stands, under which key, and the value."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}", name)
    elif isinstance(value, list) and value:
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}[{place}]", key)
    else:
        yield path, key, value


@each_sample
def test_an_event_repeats_the_contracts_sample_where_its_values_are_given(path: Path) -> None:
    told = json.loads(path.read_text())

    event = make(f"{told['source']}/{told['event']}", **told["given"])

    def fixed(payload: object) -> dict[str, object]:
        return {at: each for at, key, each in leaves(payload) if key not in told["invented"]}

    assert form(event) == form(told["payload"])
    assert fixed(event) == fixed(told["payload"])


def test_every_event_of_the_clouds_own_tool_is_here() -> None:
    offered = {f"{name}/{each}": ours for name, of in OFFERED.items() for each, ours in of.items()}

    assert (len(OFFERED), len(offered)) == (26, 68)
    assert set(offered.values()) <= set(EVERY)
    # Who knows an event by its name there is told the name here.
    others = {theirs: ours for theirs, ours in offered.items() if theirs != ours}
    assert {theirs: called(theirs) for theirs in others} == {
        theirs: (ours,) for theirs, ours in others.items()
    }


GAPS = [
    "eventbridge/custom",
    "schedule-v2/tick",
    "msk/records",
    "self-managed-kafka/records",
    "mq/activemq",
    "mq/rabbitmq",
    "iot-rule/message",
    "cognito/pre-sign-up",
    "cognito/pre-token-generation-v2",
    "function-url/request",
    "websocket/connect",
    "websocket/message",
    "websocket/disconnect",
    "s3/complete-multipart-upload",
    "s3/copy",
    "s3/restore-completed",
    "s3-object-lambda/get-object",
    "sqs/sns-notification",
    "secrets-manager/create-secret",
    "documentdb/insert",
    "codebuild/state-change",
    "dynamodb/insert",
    "dynamodb/modify",
    "dynamodb/remove",
    "dynamodb/tumbling-window",
    "kinesis/tumbling-window",
    "iot/authorizer",
    "appsync/authorizer",
    "destination/failure",
    "cloudfront/viewer-request",
    "cloudfront/origin-request",
    "cloudfront/origin-response",
    "cloudfront/viewer-response",
]


def test_what_the_clouds_own_tool_lacks_is_here_too() -> None:
    assert set(GAPS) <= set(EVERY)


# The keys of a record, as the contract's skeletons have them (7.9).
SKELETONS = {
    "cloudwatch-logs/lines": "awslogs",
    "msk": "eventSource eventSourceArn bootstrapServers records",
    "self-managed-kafka": "eventSource bootstrapServers records",
    "mq/activemq": "eventSource eventSourceArn messages",
    "mq/rabbitmq": "eventSource eventSourceArn rmqMessagesByQueue",
    "kinesis-firehose/records": "invocationId deliveryStreamArn region records",
    "kinesis-firehose/streams-as-source": (
        "invocationId deliveryStreamArn sourceKinesisStreamArn region records"
    ),
    "cognito/pre-sign-up": (
        "version triggerSource region userPoolId userName callerContext request response"
    ),
    "cognito/sync-trigger": (
        "datasetName eventType region identityId datasetRecords identityPoolId version"
    ),
    "config": (
        "invokingEvent ruleParameters resultToken eventLeftScope executionRoleArn configRuleArn"
        " configRuleName configRuleId accountId version"
    ),
    "cloudformation/create-request": (
        "RequestType ServiceToken ResponseURL StackId RequestId LogicalResourceId ResourceType"
        " ResourceProperties"
    ),
    "cloudformation/update-request": (
        "RequestType ServiceToken ResponseURL StackId RequestId LogicalResourceId"
        " PhysicalResourceId ResourceType ResourceProperties OldResourceProperties"
    ),
    "lex": (
        "messageVersion invocationSource userId sessionAttributes requestAttributes bot"
        " outputDialogMode currentIntent inputTranscript"
    ),
    "s3-batch": "invocationSchemaVersion invocationId job tasks",
    "s3-object-lambda": (
        "xAmzRequestId getObjectContext configuration userRequest userIdentity protocolVersion"
    ),
    "secrets-manager": "Step SecretId ClientRequestToken RotationToken",
    "iot/authorizer": "token signatureVerified protocols protocolData connectionMetadata",
    "step-functions/error": "Error Cause",
}


@pytest.mark.parametrize("name", SKELETONS)
def test_an_event_has_the_keys_of_the_contracts_skeleton(name: str) -> None:
    assert set(make(name)) == set(SKELETONS[name].split())


@pytest.mark.parametrize("name", EVERY)
def test_every_arn_names_region_and_account_and_the_partition_of_the_region(name: str) -> None:
    fields = find_source("aws", name.partition("/")[0]).fields
    given = {"region": "cn-north-1"} if "region" in fields else {}
    if "account_id" in fields:
        given["account_id"] = "210987654321"

    text = json.dumps(make(name, **given))

    arns = re.findall(r"arn:([a-z-]*):([a-z0-9-]*):([a-z0-9-]*):([0-9]*):", text)
    assert "aws:aws" not in text
    for partition, service, region, account in arns:
        assert partition == "aws-cn", (service, text)
        assert region in ("", "cn-north-1"), (service, text)
        assert account in ("", "210987654321"), (service, text)
    assert "us-east-1" not in text or "region" not in given
    assert not re.search(r"amazonaws\.com(?!\.cn)", text) or name in GLOBAL


# Their principals and addresses are the same in every partition.
GLOBAL = {
    *(each for each in EVERY if each.startswith(("s3/", "dynamodb/ttl"))),
    "eventbridge/api-call",
    "eventbridge/codebuild-state-change",
}


@pytest.mark.parametrize("name", TIMED)
def test_every_moment_lies_around_the_one_that_is_given(name: str) -> None:
    text = json.dumps(make(name, time=NOON))

    noon = to_moment(NOON)
    near = re.findall(r"2026-03-0[0-9]T[0-9:.]+", text)
    epochs = [int(each) for each in re.findall(r"\b17725\d{5}(?:\d{3})?\b", text)]
    for each in near:
        assert abs(to_moment(each) - noon) <= timedelta(days=7, seconds=1), each
    for each in epochs:
        at = to_moment(each / 1000 if each > 10**11 else each)
        assert abs(at - noon) <= timedelta(days=1, seconds=1), each


def test_an_objects_etag_and_size_are_those_of_its_content() -> None:
    told = make("s3/put", content="你好")["Records"][0]["s3"]["object"]

    assert told["eTag"] == hashlib.md5("你好".encode()).hexdigest()
    assert told["size"] == 6
    assert "versionId" not in told


def test_an_objects_key_is_written_as_a_form_is() -> None:
    key = "2025/a report+50%é.csv"

    told = make("s3/put", key=key)["Records"][0]["s3"]["object"]["key"]

    assert told == "2025/a+report%2B50%25%C3%A9.csv"
    assert unquote_plus(told) == key


def test_a_deleted_object_has_neither_size_nor_etag() -> None:
    for kind in ("delete", "delete-marker-created", "lifecycle-expiration-delete"):
        told = make(f"s3/{kind}")["Records"][0]["s3"]["object"]
        assert not {"size", "eTag"} & set(told)
    assert "versionId" in make("s3/delete-marker-created")["Records"][0]["s3"]["object"]


def test_every_s3_event_has_the_name_under_which_a_trigger_asks_for_it() -> None:
    source = find_source("aws", "s3")

    made = {kind: make(f"s3/{kind}")["Records"][0]["eventName"] for kind in source.events}

    assert made == {kind.name: kind.delivered for kind in source.events.values()}
    assert len(set(made.values())) == len(made)


def test_a_restored_object_says_until_when() -> None:
    record = make("s3/restore-completed", time=NOON)["Records"][0]

    told = record["glacierEventData"]["restoreEventData"]
    assert told["lifecycleRestorationExpiryTime"] == "2026-03-11T12:00:00.250Z"
    assert "glacierEventData" not in make("s3/restore-post")["Records"][0]


def test_sequencers_of_an_object_grow_with_time() -> None:
    early, late = (
        make("s3/put", time=at)["Records"][0]["s3"]["object"]["sequencer"]
        for at in ("2026-03-04T12:00:00Z", "2026-03-04T12:00:01Z")
    )

    assert early < late
    assert re.fullmatch(r"[0-9A-F]{18}", early)


def test_the_md5s_of_a_message_are_those_that_the_queue_would_tell() -> None:
    # The second is a vector of the cloud's own: the MD5 of {"timestamp": Number 1493147359900}.
    told = make("sqs", body="你好", message_attributes='{"timestamp": 1493147359900}')["Records"][0]

    assert told["md5OfBody"] == hashlib.md5("你好".encode()).hexdigest()
    assert told["md5OfMessageAttributes"] == "235c5c510d26fb653d073faed50ae77c"
    assert told["messageAttributes"]["timestamp"] == {
        "stringValue": "1493147359900",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "Number",
    }


def test_the_order_of_attributes_does_not_change_their_md5() -> None:
    one, other = (
        make("sqs", message_attributes=text)["Records"][0]["md5OfMessageAttributes"]
        for text in ('{"a": "1", "b": "2"}', '{"b": "2", "a": "1"}')
    )

    assert one == other


def test_a_message_without_attributes_has_no_md5_of_them() -> None:
    told = make("sqs")["Records"][0]

    assert told["messageAttributes"] == {}
    assert "md5OfMessageAttributes" not in told


def test_only_messages_of_a_fifo_queue_have_groups_and_growing_numbers() -> None:
    fifo = [each["attributes"] for each in make("sqs", 3, queue="jobs.fifo")["Records"]]
    plain = make("sqs")["Records"][0]["attributes"]

    added = {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"}
    assert all(set(each) == set(plain) | added for each in fifo)
    numbers = [int(each["SequenceNumber"]) for each in fifo]
    assert numbers == sorted(set(numbers))
    assert all(len(each["SequenceNumber"]) == 20 for each in fifo)


def test_a_message_is_received_after_it_was_sent() -> None:
    for each in make("sqs", 5)["Records"]:
        told = each["attributes"]
        assert int(told["SentTimestamp"]) < int(told["ApproximateFirstReceiveTimestamp"])


def test_attributes_of_a_notification_in_a_queue_are_the_notifications_own() -> None:
    record = make("sqs/sns-notification", message_attributes='{"kind": "order"}')["Records"][0]

    body = json.loads(record["body"])
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "order"}}
    assert record["messageAttributes"] == {}
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
    assert {"SigningCertURL", "UnsubscribeURL"} <= set(body)


def test_records_of_streams_are_in_order() -> None:
    kinesis = [each["kinesis"] for each in make("kinesis/records", 4)["Records"]]
    changes = [each["dynamodb"] for each in make("dynamodb/insert", 4)["Records"]]

    numbers = [int(each["sequenceNumber"]) for each in kinesis]
    assert numbers == sorted(set(numbers))
    assert {len(each["sequenceNumber"]) for each in kinesis} == {56}
    arrived = [each["approximateArrivalTimestamp"] for each in kinesis]
    assert arrived == sorted(arrived)
    numbers = [int(each["SequenceNumber"]) for each in changes]
    assert numbers == sorted(set(numbers))


def test_an_event_id_of_kinesis_is_made_of_shard_and_number() -> None:
    record = make("kinesis/records", shard="000000000006")["Records"][0]

    assert record["eventID"] == f"shardId-000000000006:{record['kinesis']['sequenceNumber']}"


@pytest.mark.parametrize(
    ("kind", "view", "images"),
    [
        ("insert", "NEW_AND_OLD_IMAGES", {"NewImage"}),
        ("modify", "NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
        ("remove", "NEW_AND_OLD_IMAGES", {"OldImage"}),
        ("modify", "NEW_IMAGE", {"NewImage"}),
        ("remove", "NEW_IMAGE", set()),
        ("modify", "OLD_IMAGE", {"OldImage"}),
        ("insert", "OLD_IMAGE", set()),
        ("modify", "KEYS_ONLY", set()),
    ],
)
def test_a_change_holds_the_images_that_the_stream_shows(
    kind: str, view: str, images: set[str]
) -> None:
    told = make(f"dynamodb/{kind}", view_type=view)["Records"][0]["dynamodb"]

    assert {each for each in told if each.endswith("Image")} == images
    assert told["StreamViewType"] == view


def test_only_an_item_that_expired_was_deleted_by_the_service() -> None:
    assert make("dynamodb/ttl-remove")["Records"][0]["userIdentity"]["type"] == "Service"
    assert "userIdentity" not in make("dynamodb/remove")["Records"][0]


def test_items_keep_keys_that_differ_in_their_case() -> None:
    told = make("dynamodb/insert", new_image='{"id": "a", "Id": "b"}')["Records"][0]["dynamodb"]

    assert told["NewImage"] == {"id": {"S": "a"}, "Id": {"S": "b"}}


@pytest.mark.parametrize("name", ["kinesis/tumbling-window", "dynamodb/tumbling-window"])
def test_a_record_lies_in_its_window(name: str) -> None:
    told = make(name, time="2026-03-04T12:03:30Z", window_s="120", state='{"sum": 3}')

    assert told["window"] == {"start": "2026-03-04T12:02:00Z", "end": "2026-03-04T12:04:00Z"}
    assert told["state"] == {"sum": 3}
    assert told["eventSourceARN"] == told["Records"][0]["eventSourceARN"]
    plain = make(f"{name.partition('/')[0]}/{'records' if 'kinesis' in name else 'insert'}")
    assert set(plain) == {"Records"}


def test_records_of_kafka_stand_under_topic_and_partition() -> None:
    told = make("msk", 3, topic="orders", partition_number="2", offset="40")["records"]

    assert list(told) == ["orders-2"]
    assert [each["offset"] for each in told["orders-2"]] == [40, 41, 42]
    keys = [base64.b64decode(each["key"]).decode() for each in told["orders-2"]]
    assert keys == ["order-0", "order-1", "order-2"]


def test_a_kafka_header_is_bytes_with_signs() -> None:
    (record,) = make("msk", headers='{"h": "é"}')["records"]["example-topic-0"]

    assert record["headers"] == [{"h": [-61, -87]}]


def test_lines_of_a_log_are_compressed_as_one_text() -> None:
    told = make("cloudwatch-logs", 3, message="boom", function_name="resize")

    log = json.loads(gzip.decompress(base64.b64decode(told["awslogs"]["data"])))
    assert log["logGroup"] == "/aws/lambda/resize"
    assert [each["message"] for each in log["logEvents"]] == ["boom"] * 3
    ids = [each["id"] for each in log["logEvents"]]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {56}


def test_compressed_data_are_those_that_were_given() -> None:
    told = make("kinesis-analytics/compressed", data="hello")["records"][0]["data"]

    assert gzip.decompress(base64.b64decode(told)) == b"hello"


def test_what_a_rule_or_schedule_is_set_to_send_comes_instead_of_the_event() -> None:
    for name in ("schedule", "schedule-v2", "eventbridge/custom", "eventbridge/s3-object-created"):
        assert make(name, input='{"a": [1]}') == {"a": [1]}
        assert make(name, input="{}") == {}
        assert make(name, input='"text"') == "text"


def test_a_part_of_an_event_is_sent_where_a_path_asks_for_it() -> None:
    detail = make("eventbridge", detail='{"order": {"id": 7}}', input_path="$.detail.order")

    assert detail == {"id": 7}
    with pytest.raises(UsageError, match="has no `nothing` there"):
        make("eventbridge", input_path="$.detail.nothing")


def test_a_path_has_the_parameters_of_its_resource() -> None:
    given = {"resource": "/orders/{id}/{proxy+}", "path": "/orders/4%202/a/b/"}

    for name in ("api/request", "http-api/request", "http-api/request-v1", "http-api/authorizer"):
        told = make(name, **given)
        assert told["pathParameters"] == {"id": "4 2", "proxy": "a/b"}, name
    assert make("api/request", **given)["requestContext"]["path"] == "/Prod/orders/4%202/a/b/"


def test_a_path_is_invented_where_none_is_given() -> None:
    told = make("api/request", resource="/orders/{id}")
    named = make("api/request", resource="/orders/{id}", parameters='{"id": "o-7"}')

    assert re.fullmatch(r"/orders/\d+", told["path"])
    assert told["path"] == f"/orders/{told['pathParameters']['id']}"
    assert (named["path"], named["pathParameters"]) == ("/orders/o-7", {"id": "o-7"})
    assert make("api/request", resource="/plain")["pathParameters"] is None


def test_what_is_empty_is_null_in_a_rest_event_and_left_out_of_an_http_one() -> None:
    rest = make("api/request", resource="/")
    http = make("http-api/request", resource="/")

    empty = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert [rest[each] for each in (*empty, "stageVariables", "body")] == [None] * 5
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert not absent & set(http)
    assert "authorizer" not in rest["requestContext"]
    assert "authorizer" not in http["requestContext"]


def test_who_has_signed_in_is_told_as_each_api_does() -> None:
    claims = '{"sub": "1"}'

    def authorizer(name: str, **given: str) -> object:
        return make(name, **given)["requestContext"]["authorizer"]

    assert authorizer("api/request", claims=claims) == {"claims": {"sub": "1"}}
    jwt = {"claims": {"sub": "1"}, "scopes": ["read"]}
    assert authorizer("http-api/request", claims=claims, scopes="read") == {"jwt": jwt}
    assert authorizer("http-api/request-v1", claims=claims, scopes="read") == jwt
    assert authorizer("http-api/request", lambda_context='{"a": 1}') == {"lambda": {"a": 1}}
    assert "iam" in authorizer("function-url", auth_type="AWS_IAM")


def test_values_that_repeat_are_told_as_each_gateway_does() -> None:
    query = '{"tag": ["a", "b"], "n": "1"}'

    rest, http = make("api/request", query=query), make("http-api/request", query=query)
    single, multi = (make("alb", query=query, multi_value_headers=each) for each in ("no", "yes"))

    assert rest["queryStringParameters"] == {"tag": "b", "n": "1"}
    assert rest["multiValueQueryStringParameters"] == {"tag": ["a", "b"], "n": ["1"]}
    assert http["queryStringParameters"] == {"tag": "a,b", "n": "1"}
    assert http["rawQueryString"] == "tag=a&tag=b&n=1"
    assert single["queryStringParameters"] == {"tag": "b", "n": "1"}
    assert "headers" in single
    assert "multiValueHeaders" not in single
    assert multi["multiValueQueryStringParameters"] == {"tag": ["a", "b"], "n": ["1"]}
    assert not {"headers", "queryStringParameters"} & set(multi)


def test_a_given_header_stands_before_the_invented_one_in_any_case() -> None:
    rest = make("api/request", headers='{"user-agent": "mine"}')["headers"]
    http = make("http-api/request", headers='{"User-Agent": "mine", "X-A": ["1", "2"]}')["headers"]

    assert [value for key, value in rest.items() if key.lower() == "user-agent"] == ["mine"]
    assert http["user-agent"] == "mine"
    assert http["x-a"] == "1,2"


def test_a_named_stage_stands_in_the_path_of_an_http_api() -> None:
    told = make("http-api/request", stage="dev", path="/orders", resource="/orders")

    assert told["rawPath"] == told["requestContext"]["http"]["path"] == "/dev/orders"
    assert told["routeKey"] == "ANY /orders"


def test_bytes_that_are_no_base64_are_refused() -> None:
    with pytest.raises(UsageError, match="is no base64"):
        make("http-api/request", body_base64="?")


@pytest.mark.parametrize(
    ("kind", "origin", "response"),
    [
        ("viewer-request", False, False),
        ("origin-request", True, False),
        ("origin-response", True, True),
        ("viewer-response", False, True),
    ],
)
def test_an_edge_event_has_what_there_is_at_its_point(
    kind: str, *, origin: bool, response: bool
) -> None:
    told = make(f"cloudfront/{kind}", headers='{"X-Own": "1"}')["Records"][0]["cf"]

    assert told["config"]["eventType"] == kind
    assert ("origin" in told["request"], "response" in told) == (origin, response)
    assert told["request"]["headers"]["x-own"] == [{"key": "X-Own", "value": "1"}]
    assert "body" not in told["request"]


@pytest.mark.parametrize("name", [each for each in EVERY if each.startswith("cloudfront/")])
def test_every_edge_event_has_the_four_keys_of_its_configuration(name: str) -> None:
    told = make(name)["Records"][0]["cf"]

    keys = {"distributionDomainName", "distributionId", "eventType", "requestId"}
    assert set(told["config"]) == keys
    assert "querystring" in told["request"]


def test_a_request_to_an_edge_function_has_its_body_where_it_is_included() -> None:
    told = make("cloudfront/viewer-request", includes_body="yes", body="x=1", method="POST")

    request = told["Records"][0]["cf"]["request"]
    assert base64.b64decode(request["body"]["data"]) == b"x=1"
    assert request["method"] == "POST"


def test_somebody_connected_before_the_message_came() -> None:
    told = make("websocket/message", route="sendmessage", age_ms="5000")

    context = told["requestContext"]
    assert context["requestTimeEpoch"] - context["connectedAt"] == 5000
    assert context["routeKey"] == json.loads(told["body"])["action"] == "sendmessage"
    assert "headers" not in told


def test_a_user_pool_trigger_names_what_led_to_it() -> None:
    told = {kind: make(f"cognito/{kind}") for kind in find_source("aws", "cognito").events}

    for kind, event in told.items():
        if kind != "sync-trigger":
            delivered = find_source("aws", "cognito").events[kind].delivered
            start = delivered.replace("PreTokenGenerationConfig", "TokenGeneration")
            start = start.replace("PreTokenGeneration", "TokenGeneration")
            assert event["triggerSource"].startswith(f"{start}_"), kind
            assert isinstance(event["request"], dict)
    assert told["pre-token-generation-v2"]["version"] == "2"
    assert make("cognito", user_pool="eu-west-1_Abc")["userPoolId"] == "eu-west-1_Abc"
    # A pool's name in a template is not its id.
    assert re.fullmatch(r"us-east-1_\w{9}", make("cognito", user_pool="Pool")["userPoolId"])


def test_a_scheduled_event_is_the_clouds_and_at_a_whole_second() -> None:
    told = make("schedule", time=NOON, rule="tick")

    assert told["time"] == "2026-03-04T12:00:00Z"
    assert told["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/tick"]
    assert datetime.fromisoformat(told["time"].removesuffix("Z"))


def test_events_of_all_sources_are_offered_by_name() -> None:
    assert len(names("aws")) >= 45
    assert len(EVERY) >= 150
