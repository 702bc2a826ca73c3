"""Events are read by the Python code that reads the cloud's own: parsers, and classes of data."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar

import cfnresponse
import pytest
from aws_kinesis_agg.deaggregator import deaggregate_records
from aws_lambda_powertools import event_handler
from aws_lambda_powertools.utilities import data_classes, parser
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.active_mq_event import ActiveMQEvent
from aws_lambda_powertools.utilities.data_classes.code_pipeline_job_event import (
    CodePipelineJobEvent,
)
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import (
    extract_cloudwatch_logs_from_event,
)
from aws_lambda_powertools.utilities.data_classes.rabbit_mq_event import RabbitMQEvent
from aws_lambda_powertools.utilities.parser import models
from aws_lambda_powertools.utilities.parser.models import apigw, apigwv2, cognito, s3_object_event
from aws_lambda_powertools.utilities.parser.models.iot_registry_events import IoTCoreThingEvent

from localfn.payloads.catalog import find_source
from localfn.payloads.event import generate


def make(name: str, /, count: int = 1, **given: object) -> Any:
    source, _, event = name.partition("/")
    return json.loads(generate(find_source("aws", source), event, given, count=count).payload)


def events_of(source: str, *names: str) -> list[str]:
    return [f"{source}/{each}" for each in names or find_source("aws", source).events]


# A parser, the events that it parses, what is given, and how many records.
PARSED: list[tuple[type, list[str], dict[str, object], int]] = [
    (models.S3Model, events_of("s3"), {}, 1),
    (models.S3Model, ["s3/put", "s3/delete-marker-created"], {"versioned": "yes"}, 1),
    (models.S3Model, ["rekognition/s3-request"], {}, 2),
    (models.SqsModel, events_of("sqs"), {"message_attributes": '{"a": "b", "n": 3}'}, 3),
    (models.SqsModel, events_of("sqs"), {"queue": "jobs.fifo"}, 3),
    (models.S3SqsEventNotificationModel, ["sqs/s3-notification"], {}, 2),
    (models.SnsModel, [*events_of("sns"), "rekognition/video-status"], {}, 1),
    (models.KinesisDataStreamModel, events_of("kinesis"), {}, 3),
    (models.DynamoDBStreamModel, events_of("dynamodb"), {}, 3),
    (models.KafkaMskEventModel, ["msk/records"], {"headers": '{"a": "b"}'}, 3),
    (models.KafkaSelfManagedEventModel, ["self-managed-kafka/records"], {}, 3),
    (models.CloudWatchLogsModel, ["cloudwatch-logs/lines"], {}, 3),
    (models.CloudWatchLogsModel, ["cloudwatch-logs/control"], {}, 1),
    (models.EventBridgeModel, events_of("eventbridge"), {}, 1),
    (models.EventBridgeModel, events_of("codebuild"), {}, 1),
    (models.EventBridgeModel, ["schedule/tick", "batch/job-state-change"], {}, 1),
    (
        models.S3EventNotificationEventBridgeModel,
        events_of("eventbridge", "s3-object-created", "s3-object-deleted"),
        {},
        1,
    ),
    (models.APIGatewayProxyEventModel, ["api/request", "http-api/request-v1"], {}, 1),
    (
        models.APIGatewayProxyEventModel,
        ["api/request", "http-api/request-v1"],
        {"claims": '{"sub": "1"}', "query": '{"a": ["1", "2"]}', "body": "x", "cookies": "a=b"},
        1,
    ),
    (apigw.ApiGatewayAuthorizerToken, ["api/authorizer"], {}, 1),
    (apigw.ApiGatewayAuthorizerRequest, ["api/request-authorizer"], {}, 1),
    (models.APIGatewayProxyEventV2Model, ["http-api/request"], {}, 1),
    (
        models.APIGatewayProxyEventV2Model,
        ["http-api/request"],
        {"claims": '{"sub": "1"}', "query": '{"a": ["1", "2"]}', "body": "x", "cookies": "a=b"},
        1,
    ),
    (
        models.APIGatewayProxyEventV2Model,
        ["http-api/request"],
        {"lambda_context": '{"key": "value"}'},
        1,
    ),
    (apigwv2.ApiGatewayAuthorizerRequestV2, ["http-api/authorizer"], {}, 1),
    (models.LambdaFunctionUrlModel, ["function-url/request"], {}, 1),
    (models.LambdaFunctionUrlModel, ["function-url/request"], {"auth_type": "AWS_IAM"}, 1),
    (models.AlbModel, ["alb/request"], {"query": '{"a": "1"}'}, 1),
    (models.APIGatewayWebSocketConnectEventModel, ["websocket/connect"], {}, 1),
    (models.APIGatewayWebSocketMessageEventModel, ["websocket/message"], {}, 1),
    (models.APIGatewayWebSocketDisconnectEventModel, ["websocket/disconnect"], {}, 1),
    (models.VpcLatticeModel, ["vpc-lattice/request-v1"], {}, 1),
    (models.KinesisFirehoseModel, events_of("kinesis-firehose"), {}, 3),
    (models.KinesisFirehoseSqsModel, ["kinesis-firehose/sqs-message"], {}, 3),
    (models.CloudFormationCustomResourceCreateModel, ["cloudformation/create-request"], {}, 1),
    (models.CloudFormationCustomResourceUpdateModel, ["cloudformation/update-request"], {}, 1),
    (models.CloudFormationCustomResourceDeleteModel, ["cloudformation/delete-request"], {}, 1),
    (models.SesModel, ["ses/email-receiving"], {}, 2),
    (models.S3BatchOperationModel, events_of("s3-batch"), {}, 2),
    (s3_object_event.S3ObjectLambdaEvent, ["s3-object-lambda/get-object"], {}, 1),
    (s3_object_event.S3ObjectLambdaEvent, ["s3-object-lambda/get-object"], {"identity": "role"}, 1),
    (models.BedrockAgentEventModel, ["bedrock-agent/api"], {"body": '{"a": 1}'}, 1),
    (models.BedrockAgentFunctionEventModel, ["bedrock-agent/function"], {}, 1),
    (IoTCoreThingEvent, events_of("iot", "thing-created", "thing-updated", "thing-deleted"), {}, 1),
    (cognito.CognitoPreSignupTriggerModel, ["cognito/pre-sign-up"], {}, 1),
    (cognito.CognitoPostConfirmationTriggerModel, ["cognito/post-confirmation"], {}, 1),
    (cognito.CognitoPreAuthenticationTriggerModel, ["cognito/pre-authentication"], {}, 1),
    (cognito.CognitoPostAuthenticationTriggerModel, ["cognito/post-authentication"], {}, 1),
    (cognito.CognitoMigrateUserTriggerModel, ["cognito/user-migration"], {}, 1),
    (cognito.CognitoCustomMessageTriggerModel, ["cognito/custom-message"], {}, 1),
    (cognito.CognitoCustomEmailSenderTriggerModel, ["cognito/custom-email-sender"], {}, 1),
    (cognito.CognitoCustomSMSSenderTriggerModel, ["cognito/custom-sms-sender"], {}, 1),
    (cognito.CognitoDefineAuthChallengeTriggerModel, ["cognito/define-auth-challenge"], {}, 1),
    (cognito.CognitoCreateAuthChallengeTriggerModel, ["cognito/create-auth-challenge"], {}, 1),
    (cognito.CognitoPreTokenGenerationTriggerModelV1, ["cognito/pre-token-generation"], {}, 1),
    (
        cognito.CognitoVerifyAuthChallengeTriggerModel,
        ["cognito/verify-auth-challenge-response"],
        {},
        1,
    ),
    *(
        (models.AppSyncResolverEventModel, ["appsync/resolver"], {"auth": each}, 1)
        for each in ("cognito", "iam", "oidc", "lambda", "none")
    ),
]
CASES = [
    pytest.param(model, name, given, count, id=f"{name}-{model.__name__}-{place}")
    for place, (model, names, given, count) in enumerate(PARSED)
    for name in names
]


@pytest.mark.parametrize(("model", "name", "given", "count"), CASES)
def test_a_parser_takes_the_event(
    model: type, name: str, given: dict[str, object], count: int
) -> None:
    parser.parse(make(name, count, **given), model=model)


def test_a_parser_refuses_an_event_that_lacks_a_key() -> None:
    event = make("sqs")
    del event["Records"][0]["md5OfBody"]

    with pytest.raises(ValueError, match="md5OfBody"):
        parser.parse(event, model=models.SqsModel)


def test_batches_are_worked_through_record_by_record() -> None:
    kinds = {
        "sqs": EventType.SQS,
        "kinesis/records": EventType.KinesisDataStreams,
        "dynamodb/insert": EventType.DynamoDBStreams,
        "msk": EventType.Kafka,
    }
    for name, kind in kinds.items():
        seen: list[object] = []

        def fail_the_second(record: object, seen: list[object] = seen) -> None:
            seen.append(record)
            if len(seen) == 2:
                raise ValueError

        answer = process_partial_response(
            make(name, 3), fail_the_second, BatchProcessor(event_type=kind), None
        )

        assert len(seen) == 3
        assert len(answer["batchItemFailures"]) == 1, name


def test_an_s3_event_is_read_with_its_key_decoded() -> None:
    event = data_classes.S3Event(make("s3", key="2025/a report+é.csv", bucket="inbox"))

    assert event.object_key == "2025/a report+é.csv"
    assert event.record.s3.get_object.key == "2025/a+report%2B%C3%A9.csv"
    assert event.bucket_name == "inbox"
    assert event.record.event_name == "ObjectCreated:Put"


def test_an_sqs_message_that_carries_another_event_is_read_down_to_its_content() -> None:
    of_sns = data_classes.SQSEvent(make("sqs/sns-notification", message="hello", topic="alerts"))
    of_s3 = data_classes.SQSEvent(make("sqs/s3-notification", key="a b.jpg"))
    of_bus = data_classes.SQSEvent(make("sqs/eventbridge-event", detail='{"id": 7}'))

    sns = next(of_sns.records).decoded_nested_sns_event
    s3 = next(of_s3.records).decoded_nested_s3_event
    bus = data_classes.EventBridgeEvent(next(of_bus.records).json_body)
    assert (sns.message, sns.topic_arn.rpartition(":")[2]) == ("hello", "alerts")
    assert s3.object_key == "a b.jpg"
    assert bus.detail == {"id": 7}


def test_kinesis_and_kafka_data_are_decoded() -> None:
    kinesis = data_classes.KinesisStreamEvent(make("kinesis/records", data="你好"))
    kafka = data_classes.KafkaEvent(make("msk", 2, value='{"id": 7}', headers='{"h": "é"}'))

    assert next(kinesis.records).kinesis.data_as_text() == "你好"
    records = list(kafka.records)
    assert [each.json_value for each in records] == [{"id": 7}] * 2
    assert [each.decoded_key for each in records] == [b"order-0", b"order-1"]
    assert records[0].decoded_headers["h"] == "é".encode()


def test_messages_of_a_broker_are_decoded() -> None:
    active = ActiveMQEvent(make("mq/activemq", 2, data='{"id": 7}', queue="jobs"))
    rabbit = RabbitMQEvent(make("mq/rabbitmq", 2, data='{"id": 7}', queue="jobs"))

    assert [each.json_data for each in active.messages] == [{"id": 7}] * 2
    assert active.message.destination_physicalname == "jobs"
    (messages,) = rabbit.rmq_messages_by_queue.values()
    assert [each.json_data for each in messages] == [{"id": 7}] * 2
    assert list(rabbit.rmq_messages_by_queue) == ["jobs::/"]
    assert messages[0].basic_properties.body_size == len('{"id": 7}')


def test_a_dynamodb_item_comes_back_as_the_json_that_was_given() -> None:
    item = {"id": "7", "n": 3, "ok": True, "no": None, "tags": ["a", 1], "in": {"deep": "x"}}

    event = data_classes.DynamoDBStreamEvent(
        make("dynamodb/insert", keys='{"id": "7"}', new_image=json.dumps(item))
    )

    record = next(event.records).dynamodb
    assert record.new_image == item
    assert record.keys == {"id": "7"}


def test_lines_of_a_log_are_read_out_of_the_compressed_event() -> None:
    lines = data_classes.CloudWatchLogsEvent(make("cloudwatch-logs", 3, message="boom"))
    stream = data_classes.KinesisStreamEvent(make("kinesis/cloudwatch-logs", messages="a,b"))

    decoded = lines.parse_logs_data()
    assert [each.message for each in decoded.log_events] == ["boom"] * 3
    assert [each.timestamp for each in decoded.log_events] == sorted(
        each.timestamp for each in decoded.log_events
    )
    (carried,) = extract_cloudwatch_logs_from_event(stream)
    assert [each.message for each in carried.log_events] == ["a", "b"]


@pytest.mark.parametrize("name", ["kinesis/aggregated", "kinesis-analytics/aggregated"])
def test_an_aggregated_record_is_taken_apart_into_its_user_records(name: str) -> None:
    event = make(name, messages='["one", "zwei€"]', partition_key="k")
    records = event.get("Records") or [
        # The library knows records of a stream: the same, in the stream's envelope.
        {
            **make("kinesis/records")["Records"][0],
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                **each["kinesisStreamRecordMetadata"],
                "data": each["data"],
            },
        }
        for each in event["records"]
    ]

    found = deaggregate_records(records)

    texts = [base64.b64decode(each["kinesis"]["data"]).decode() for each in found]
    assert texts == ["one", "zwei€"]
    assert {each["kinesis"]["partitionKey"] for each in found} == {"k"}
    assert all(each["kinesis"]["aggregated"] for each in found)


def test_a_firehose_record_is_decoded_and_goes_back_under_its_id() -> None:
    event = data_classes.KinesisFirehoseEvent(make("kinesis-firehose/records", 2, data='{"a": 1}'))

    records = list(event.records)

    assert [each.data_as_json for each in records] == [{"a": 1}] * 2
    assert len({each.record_id for each in records}) == 2


def test_requests_are_read_by_every_class_of_http_events() -> None:
    given = {"query": '{"tag": ["a", "b"]}', "headers": '{"X-Own": "1"}', "body": '{"n": 1}'}
    asked = {"method": "POST", **given}
    readers = {
        "api/request": data_classes.APIGatewayProxyEvent,
        "http-api/request": data_classes.APIGatewayProxyEventV2,
        "function-url": data_classes.LambdaFunctionUrlEvent,
        "alb/request": data_classes.ALBEvent,
        "vpc-lattice/request": data_classes.VPCLatticeEventV2,
    }
    for name, reader in readers.items():
        event = reader(make(name, **asked))

        assert event.http_method == "POST", name
        assert event.json_body == {"n": 1}, name
        assert event.headers["x-own"] in ("1", ["1"]), name
        assert event.resolved_query_string_parameters["tag"][-1] in ("b", "a,b"), name


@pytest.mark.parametrize(
    ("name", "resolver"),
    [
        ("api/request", event_handler.APIGatewayRestResolver),
        ("http-api/request", event_handler.APIGatewayHttpResolver),
        ("function-url", event_handler.LambdaFunctionUrlResolver),
        ("alb/request", event_handler.ALBResolver),
        ("vpc-lattice/request", event_handler.VPCLatticeV2Resolver),
        ("vpc-lattice/request-v1", event_handler.VPCLatticeResolver),
    ],
)
def test_a_router_finds_the_route_of_a_request(name: str, resolver: Any) -> None:
    app = resolver()

    @app.post("/orders/<id>")
    def order(id: str) -> dict[str, object]:
        return {"id": id, "sent": app.current_event.json_body}

    given = {"method": "POST", "path": "/orders/7", "body": '{"n": 1}'}
    answer = app.resolve(make(name, **given), SimpleNamespace())

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"id": "7", "sent": {"n": 1}}


def test_a_router_finds_the_field_that_is_wanted() -> None:
    app = event_handler.AppSyncResolver()

    @app.resolver(type_name="Query", field_name="getOrder")
    def order(id: str) -> str:
        return f"order {id}"

    assert app.resolve(make("appsync", arguments='{"id": "7"}'), SimpleNamespace()) == "order 7"


def test_bytes_of_a_body_come_back() -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\xff\x00").decode()

    for name in ("api/request", "http-api/request", "http-api/request-v1", "function-url", "alb"):
        event = make(name, body_base64=picture)
        assert event["isBase64Encoded"] is True, name
        assert event["body"] == picture, name
        headers = {key.lower(): value for key, value in event["headers"].items()}
        if name != "api/request":  # a REST API does not tell the length
            assert headers["content-length"] == "8", name


def test_a_pipeline_job_a_secret_and_an_alarm_are_read() -> None:
    job = CodePipelineJobEvent(make("codepipeline", user_parameters='{"env": "prod"}'))
    secret = data_classes.SecretsManagerEvent(make("secrets-manager/set-secret"))
    alarm = data_classes.CloudWatchAlarmEvent(make("cloudwatch-alarm/metric"))
    hook = data_classes.CodeDeployLifecycleHookEvent(make("codedeploy"))

    assert job.decoded_user_parameters == {"env": "prod"}
    assert job.input_bucket_name == "example-bucket"
    assert secret.step == "setSecret"
    assert alarm.alarm_data.state.value == "ALARM"
    assert alarm.alarm_data.state.reason_data_decoded["threshold"] == 1.0
    assert hook.deployment_id.startswith("d-")


def test_a_config_rules_notification_is_read_out_of_its_text() -> None:
    change = data_classes.AWSConfigRuleEvent(make("config", tags='{"team": "shop"}'))
    scheduled = data_classes.AWSConfigRuleEvent(make("config/periodic-rule"))
    oversized = data_classes.AWSConfigRuleEvent(make("config/oversized-item-change-notification"))

    item = change.invoking_event.configuration_item
    assert item.tags == {"team": "shop"}
    assert (
        item.configuration_state_md5_hash
        == hashlib.md5(json.dumps(item.configuration).encode()).hexdigest()
    )
    assert scheduled.invoking_event.message_type == "ScheduledNotification"
    assert oversized.invoking_event.configuration_item_summary.resource_id.startswith("i-")


def test_a_contact_and_an_appsync_caller_are_read() -> None:
    contact = data_classes.ConnectContactFlowEvent(make("connect", phone_number="+12065550100"))
    resolver = data_classes.AppSyncResolverEvent(make("appsync", user_name="anna"))

    assert contact.contact_data.customer_endpoint.address == "+12065550100"
    assert resolver.identity.username == "anna"


class Inbox(BaseHTTPRequestHandler):
    """Keeps what is put to it."""

    got: ClassVar[list[dict[str, Any]]] = []

    def do_PUT(self) -> None:
        length = int(self.headers["content-length"])
        self.got.append({"path": self.path, **json.loads(self.rfile.read(length))})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def inbox() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Inbox)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
        cfnresponse.http.clear()


@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_the_clouds_own_module_answers_a_custom_resource_where_the_event_says(
    kind: str, inbox: HTTPServer
) -> None:
    url = f"http://127.0.0.1:{inbox.server_port}/answer?Signature=x"
    event = make(f"cloudformation/{kind}-request", response_url=url)
    context = SimpleNamespace(log_stream_name="stream")

    cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, event.get("PhysicalResourceId"))

    told = Inbox.got.pop()
    assert told["path"] == "/answer?Signature=x"
    assert told["Status"] == "SUCCESS"
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        assert told[key] == event[key]
    assert told["PhysicalResourceId"] == event.get("PhysicalResourceId", "stream")
