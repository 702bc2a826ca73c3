"""Events are read by the code on npm that reads the cloud's own: its types, and its parsers."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from localfn.payloads.catalog import find_source
from localfn.payloads.event import generate
from tests import npm

HERE = Path(__file__).resolve().parent / "npm"

QUERY = {"query": '{"tag": ["a", "b"]}'}
JWT = {"claims": '{"sub": "1"}', "scopes": "read,write"}
ATTRIBUTES = {"message_attributes": '{"kind": "order", "weight": 3}'}
HEADERS = {"headers": '{"trace": "7"}'}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, installed once."""
    folder = tmp_path_factory.mktemp("npm")
    for each in HERE.iterdir():
        shutil.copy(each, folder)
    npm.install(folder)
    return folder


def made(name: str, given: dict[str, object], count: int = 1) -> object:
    source, _, event = name.partition("/")
    event = generate(find_source("aws", source), event, given, count=count, seed=1)
    return json.loads(event.payload)


# The event, the schema that parses it, what is given, and how many records.
PARSED: list[tuple[str, str, dict[str, object], int]] = [
    ("alb/request", "AlbSchema", QUERY, 1),
    ("alb/request", "AlbMultiValueHeadersSchema", {**QUERY, "multi_value_headers": "yes"}, 1),
    ("api/request", "APIGatewayProxyEventSchema", {**QUERY, "claims": '{"sub": "1"}'}, 1),
    ("api/authorizer", "APIGatewayTokenAuthorizerEventSchema", {}, 1),
    ("api/request-authorizer", "APIGatewayRequestAuthorizerEventSchema", {}, 1),
    ("http-api/request", "APIGatewayProxyEventV2Schema", {**QUERY, **JWT}, 1),
    ("http-api/authorizer", "APIGatewayRequestAuthorizerEventV2Schema", {"cookies": "a=b"}, 1),
    ("function-url/request", "LambdaFunctionUrlSchema", {**QUERY, "body": "x"}, 1),
    ("function-url/request", "LambdaFunctionUrlSchema", {"auth_type": "AWS_IAM"}, 1),
    ("vpc-lattice/request-v1", "VpcLatticeSchema", {}, 1),
    ("sqs/message", "SqsSchema", ATTRIBUTES, 3),
    ("sqs/message", "SqsSchema", {"queue": "jobs.fifo"}, 3),
    ("sqs/s3-notification", "S3SqsEventNotificationSchema", {}, 2),
    ("sns/notification", "SnsSchema", {**ATTRIBUTES, "subject": "hello"}, 1),
    ("s3/put", "S3Schema", {"versioned": "yes"}, 1),
    ("s3/restore-completed", "S3Schema", {}, 1),
    ("s3-object-lambda/get-object", "S3ObjectLambdaEventSchema", {}, 1),
    ("s3-object-lambda/get-object", "S3ObjectLambdaEventSchema", {"identity": "role"}, 1),
    ("kinesis/records", "KinesisDataStreamSchema", {}, 3),
    ("kinesis/tumbling-window", "KinesisDataStreamSchema", {}, 2),
    ("dynamodb/insert", "DynamoDBStreamSchema", {}, 2),
    ("dynamodb/modify", "DynamoDBStreamSchema", {}, 2),
    ("dynamodb/ttl-remove", "DynamoDBStreamSchema", {}, 2),
    ("msk/records", "KafkaMskEventSchema", HEADERS, 3),
    ("self-managed-kafka/records", "KafkaSelfManagedEventSchema", HEADERS, 3),
    ("cloudwatch-logs/lines", "CloudWatchLogsSchema", {}, 3),
    ("kinesis-firehose/records", "KinesisFirehoseSchema", {}, 3),
    ("kinesis-firehose/streams-as-source", "KinesisFirehoseSchema", {}, 3),
    ("kinesis-firehose/sqs-message", "KinesisFirehoseSqsSchema", {}, 3),
    ("eventbridge/custom", "EventBridgeSchema", {}, 1),
    ("eventbridge/s3-object-created", "S3EventNotificationEventBridgeSchema", {}, 1),
    ("eventbridge/s3-object-deleted", "S3EventNotificationEventBridgeSchema", {}, 1),
    ("schedule/tick", "EventBridgeSchema", {}, 1),
    ("ses/email-receiving", "SesSchema", {"dmarc_policy": "reject"}, 2),
    ("cloudformation/create-request", "CloudFormationCustomResourceCreateSchema", {}, 1),
    ("cloudformation/update-request", "CloudFormationCustomResourceUpdateSchema", {}, 1),
    ("cloudformation/delete-request", "CloudFormationCustomResourceDeleteSchema", {}, 1),
    ("appsync/resolver", "AppSyncResolverSchema", {}, 1),
    ("appsync/resolver", "AppSyncResolverSchema", {"auth": "iam"}, 1),
    ("appsync/batch-resolver", "AppSyncBatchResolverSchema", {}, 2),
    ("cognito/pre-sign-up", "PreSignupTriggerSchema", {}, 1),
    ("cognito/post-confirmation", "PostConfirmationTriggerSchema", {}, 1),
    ("cognito/pre-authentication", "PreAuthenticationTriggerSchema", {}, 1),
    ("cognito/post-authentication", "PostAuthenticationTriggerSchema", {}, 1),
    ("cognito/user-migration", "MigrateUserTriggerSchema", {"validation_data": '{"a": "b"}'}, 1),
    ("cognito/custom-message", "CustomMessageTriggerSchema", {}, 1),
    ("cognito/custom-email-sender", "CustomEmailSenderTriggerSchema", {}, 1),
    ("cognito/custom-sms-sender", "CustomSMSSenderTriggerSchema", {}, 1),
    ("cognito/define-auth-challenge", "DefineAuthChallengeTriggerSchema", {}, 1),
    ("cognito/create-auth-challenge", "CreateAuthChallengeTriggerSchema", {}, 1),
    ("cognito/verify-auth-challenge-response", "VerifyAuthChallengeTriggerSchema", {}, 1),
]


def parse(packages: Path, events: list[dict[str, object]]) -> list[str]:
    """What the parsers have against events; "" where nothing."""
    (packages / "events.json").write_text(json.dumps(events))
    done = subprocess.run(
        ["node", "read.mjs", "events.json"], cwd=packages, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_parsers_for_node_take_every_event(packages: Path) -> None:
    events = [
        {"schema": schema, "event": made(name, given, count)}
        for name, schema, given, count in PARSED
    ]

    found = parse(packages, events)

    against = {
        f"{name} {given}": each
        for (name, _, given, _), each in zip(PARSED, found, strict=True)
        if each
    }
    assert against == {}


def test_a_parser_refuses_an_event_that_lacks_a_key(packages: Path) -> None:
    event = made("sqs/message", {})
    del event["Records"][0]["body"]

    (found,) = parse(packages, [{"schema": "SqsSchema", "event": event}])

    assert "body" in found


# The event, its type in @types/aws-lambda, and what is given.
TYPED: list[tuple[str, str, dict[str, object]]] = [
    ("alb/request", "ALBEvent", QUERY),
    ("alb/request", "ALBEvent", {**QUERY, "multi_value_headers": "yes"}),
    ("api/authorizer", "APIGatewayTokenAuthorizerEvent", {}),
    ("http-api/request", "APIGatewayProxyEventV2", {**QUERY, "cookies": "a=b", "body": "x"}),
    ("http-api/request", "APIGatewayProxyEventV2WithJWTAuthorizer", JWT),
    ("http-api/authorizer", "APIGatewayRequestAuthorizerEventV2", {"cookies": "a=b"}),
    ("function-url/request", "LambdaFunctionURLEvent", QUERY),
    ("websocket/message", "APIGatewayProxyWebsocketEventV2", {}),
    ("cloudfront/viewer-request", "CloudFrontRequestEvent", {"includes_body": "yes", "body": "x"}),
    ("cloudfront/origin-request", "CloudFrontRequestEvent", {}),
    ("cloudfront/origin-request", "CloudFrontRequestEvent", {"origin_type": "s3"}),
    ("cloudfront/origin-response", "CloudFrontResponseEvent", {}),
    ("cloudfront/viewer-response", "CloudFrontResponseEvent", {}),
    ("s3/put", "S3Event", {}),
    ("s3-batch/batch-invocation", "S3BatchEvent", {}),
    ("sqs/message", "SQSEvent", ATTRIBUTES),
    ("sns/notification", "SNSEvent", {**ATTRIBUTES, "subject": "hello"}),
    ("kinesis/records", "KinesisStreamEvent", {}),
    ("kinesis/tumbling-window", "KinesisStreamTumblingWindowEvent", {}),
    ("kinesis-firehose/records", "FirehoseTransformationEvent", {}),
    ("dynamodb/modify", "DynamoDBStreamEvent", {}),
    ("msk/records", "MSKEvent", HEADERS),
    ("self-managed-kafka/records", "SelfManagedKafkaEvent", HEADERS),
    ("cloudwatch-logs/lines", "CloudWatchLogsEvent", {}),
    ("cloudwatch-alarm/metric", "CloudWatchAlarmEvent", {}),
    ("schedule/tick", "ScheduledEvent", {}),
    ("eventbridge/custom", "EventBridgeEvent<string, unknown>", {}),
    ("eventbridge/s3-object-created", "S3ObjectCreatedNotificationEvent", {}),
    ("eventbridge/codepipeline-state-change", "CodePipelineCloudWatchPipelineEvent", {}),
    ("codebuild/state-change", "CodeBuildCloudWatchStateEvent", {}),
    ("codepipeline/job", "CodePipelineEvent", {}),
    ("cloudformation/create-request", "CloudFormationCustomResourceEvent", {}),
    ("cloudformation/update-request", "CloudFormationCustomResourceEvent", {}),
    ("cloudformation/delete-request", "CloudFormationCustomResourceEvent", {}),
    ("connect/contact-flow-event", "ConnectContactFlowEvent", {"queue": "support"}),
    ("lex/book-car", "LexEvent", {}),
    ("lex-v2/book-car", "LexV2Event", {}),
    ("ses/email-receiving", "SESEvent", {}),
    ("secrets-manager/create-secret", "SecretsManagerRotationEvent", {}),
    ("iot/authorizer", "IoTCustomAuthorizerEvent", {}),
    ("appsync/resolver", "AppSyncResolverEvent<unknown, Record<string, unknown> | null>", {}),
    ("appsync/authorizer", "AppSyncAuthorizerEvent", {"operation_name": "orders"}),
]
# The library leaves out what the cloud sends as null.
TYPED_WITHOUT_NULLS = [
    ("cognito/pre-sign-up", "PreSignUpTriggerEvent", {}),
    ("cognito/post-confirmation", "PostConfirmationTriggerEvent", {}),
    ("cognito/pre-authentication", "PreAuthenticationTriggerEvent", {}),
    ("cognito/post-authentication", "PostAuthenticationTriggerEvent", {}),
    ("cognito/custom-email-sender", "CustomEmailSenderTriggerEvent", {}),
    ("cognito/custom-sms-sender", "CustomSMSSenderTriggerEvent", {}),
    ("cognito/verify-auth-challenge-response", "VerifyAuthChallengeResponseTriggerEvent", {}),
]
# Keeps literals as they are, and lets a value have more keys than its type, as real events do.
EXACT = (
    "type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };\n"
    "function exact<const V>(value: V) { return value as Mutable<V>; }"
)


def complaints(packages: Path, *typed: tuple[object, str]) -> str:
    """What TypeScript has against values as ones of their types; "" where nothing."""
    names = sorted({kind.partition("<")[0] for _, kind in typed})
    lines = [f"import type {{ {', '.join(names)} }} from 'aws-lambda';", EXACT]
    for place, (payload, kind) in enumerate(typed):
        lines.append(f"const raw{place} = exact({json.dumps(payload)});")
        lines.append(f"export const event{place}: {kind} = raw{place};")
    (packages / "event.ts").write_text("\n".join(lines))
    done = subprocess.run(
        ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "event.ts"],
        cwd=packages,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return value


def test_events_are_of_the_types_that_handlers_in_typescript_are_written_for(
    packages: Path,
) -> None:
    typed = [(made(name, given), kind) for name, kind, given in TYPED]
    typed += [(without_nulls(made(name, given)), kind) for name, kind, given in TYPED_WITHOUT_NULLS]

    assert complaints(packages, *typed) == ""


def test_an_event_that_lacks_a_key_is_not_of_the_type(packages: Path) -> None:
    payload = made("schedule/tick", {})
    del payload["time"]

    assert "Property 'time' is missing" in complaints(packages, (payload, "ScheduledEvent"))
