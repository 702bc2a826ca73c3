"""What calls functions, in the words of `events/aws` (contract aws-lambda, section 1.4)."""

from collections.abc import Mapping

import pytest

from tests.clouds.aws.templates.conftest import Read, told, triggers

BESIDE = """\
Inbox: {Type: AWS::S3::Bucket, Properties: {BucketName: inbox}}
Jobs: {Type: AWS::SQS::Queue}
Alerts: {Type: AWS::SNS::Topic, Properties: {TopicName: alerts}}
Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders,
  StreamSpecification: {StreamViewType: NEW_IMAGE}}}
Stream: {Type: AWS::Kinesis::Stream}
Pool: {Type: AWS::Cognito::UserPool}
Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shop/web}}
Kafka: {Type: AWS::MSK::Cluster, Properties: {ClusterName: kafka}}
Broker: {Type: AWS::AmazonMQ::Broker, Properties: {BrokerName: broker}}
Docs: {Type: AWS::DocDB::DBCluster, Properties: {DBClusterIdentifier: docs}}
"""
ARN = "arn:aws:{}:us-east-1:123456789012:{}"


@pytest.mark.parametrize(
    ("event", "source", "options"),
    [
        (
            "Type: S3\nProperties: {Bucket: !Ref Inbox, Events: 's3:ObjectCreated:*'}",
            "s3",
            {"bucket": "inbox", "events": ("ObjectCreated:*",)},
        ),
        (
            (
                "Type: S3\n"
                "Properties:\n"
                "  Bucket: !Ref Inbox\n"
                "  Events: ['s3:ObjectCreated:Put', 's3:ObjectRemoved:*']\n"
                "  Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, "
                "{Name: Suffix, Value: .jpg}]}}"
            ),
            "s3",
            {
                "bucket": "inbox",
                "events": ("ObjectCreated:Put", "ObjectRemoved:*"),
                "prefix": "in/",
                "suffix": ".jpg",
            },
        ),
        ("Type: SNS\nProperties: {Topic: !Ref Alerts}", "sns", {"topic": "alerts"}),
        (
            "Type: SNS\nProperties: {Topic: !Ref Alerts, SqsSubscription: true}",
            "sqs",
            {"topic": "alerts", "queue": "ShopWhenQueue", "carries": "sns"},
        ),
        (
            (
                "Type: SNS\nProperties:\n  Topic: !Ref Alerts\n"
                "  SqsSubscription: {QueueArn: !GetAtt Jobs.Arn, BatchSize: 3}"
            ),
            "sqs",
            {"topic": "alerts", "queue": "Jobs", "carries": "sns", "batch": 3},
        ),
        (
            (
                "Type: SQS\nProperties: {Queue: !GetAtt Jobs.Arn, BatchSize: 5, "
                'Enabled: false, FilterCriteria: {Filters: [{Pattern: \'{"body": {"a": [1]}}\'}]}}'
            ),
            "sqs",
            {
                "queue": "Jobs",
                "batch": 5,
                "enabled": False,
                "filters": ('{"body": {"a": [1]}}',),
            },
        ),
        (
            (
                "Type: Kinesis\nProperties: {Stream: !GetAtt Stream.Arn, StartingPosition: LATEST, "
                "TumblingWindowInSeconds: 60}"
            ),
            "kinesis",
            {"stream": "Stream", "window_s": 60},
        ),
        (
            "Type: DynamoDB\nProperties: {Stream: !GetAtt Table.StreamArn, BatchSize: 10}",
            "dynamodb",
            {
                "table": "orders",
                "stream_label": "2026-01-01T00:00:00.000",
                "batch": 10,
                "view_type": "NEW_IMAGE",
            },
        ),
        (
            (
                "Type: DocumentDB\n"
                "Properties: {Cluster: !GetAtt Docs.Arn, DatabaseName: shop, "
                "CollectionName: orders}"
            ),
            "documentdb",
            {"cluster": "docs", "database": "shop", "collection": "orders"},
        ),
        (
            "Type: MSK\nProperties: {Stream: !GetAtt Kafka.Arn, Topics: [orders]}",
            "msk",
            {"cluster": "kafka", "topics": ("orders",)},
        ),
        (
            (
                "Type: SelfManagedKafka\n"
                "Properties: {KafkaBootstrapServers: ['a:9092', 'b:9092'], Topics: [orders]}"
            ),
            "self-managed-kafka",
            {"bootstrap_servers": ("a:9092", "b:9092"), "topics": ("orders",)},
        ),
        (
            (
                "Type: MQ\nProperties: {Broker: !GetAtt Broker.Arn, Queues: [q], "
                "SourceAccessConfigurations: [{Type: VIRTUAL_HOST, URI: /shop}]}"
            ),
            "mq",
            {"broker": "broker", "queues": ("q",), "virtual_host": "/shop", "engine": "rabbitmq"},
        ),
        (
            """Type: Schedule\nProperties: {Schedule: rate(5 minutes), Input: '{"a": 1}'}""",
            "schedule",
            {"rule": "ShopWhen", "schedule": "rate(5 minutes)", "input": '{"a": 1}'},
        ),
        (
            "Type: Schedule\nProperties: {Schedule: rate(1 day), Name: daily, State: DISABLED}",
            "schedule",
            {"rule": "daily", "schedule": "rate(1 day)", "enabled": False},
        ),
        (
            (
                "Type: ScheduleV2\n"
                "Properties: {ScheduleExpression: at(2030-01-01T00:00:00), GroupName: g, "
                "ScheduleExpressionTimezone: Europe/Berlin}"
            ),
            "schedule-v2",
            {
                "schedule_name": "ShopWhen",
                "schedule": "at(2030-01-01T00:00:00)",
                "group": "g",
                "timezone": "Europe/Berlin",
            },
        ),
        (
            (
                "Type: EventBridgeRule\n"
                "Properties:\n"
                "  EventBusName: orders\n"
                "  InputTransformer: {InputPathsMap: {id: $.detail.id}, "
                "InputTemplate: '{\"a\": <id>}'}\n"
                "  Pattern:\n"
                "    source: [shop, {prefix: x}]\n"
                "    detail-type: [Order Placed]\n"
                "    detail: {state: [paid, sent], total: [{numeric: ['>', 3]}], item: {id: [7]}}"
            ),
            "eventbridge",
            {
                "rule": "ShopWhen",
                "bus": "orders",
                "input_paths": {"id": "$.detail.id"},
                "input_template": '{"a": <id>}',
                "sources": ("shop",),
                "detail_types": ("Order Placed",),
                "detail": {"state": "paid", "item": {"id": 7}},
            },
        ),
        (
            "Type: CloudWatchEvent\nProperties: {Pattern: {source: [aws.ec2]}}",
            "eventbridge",
            {"rule": "ShopWhen", "sources": ("aws.ec2",)},
        ),
        (
            "Type: CloudWatchLogs\nProperties: {LogGroupName: !Ref Logs, FilterPattern: ERROR}",
            "cloudwatch-logs",
            {"log_group": "/shop/web", "filter_pattern": "ERROR", "filter_name": "ShopWhen"},
        ),
        (
            """Type: IoTRule\nProperties: {Sql: "SELECT * FROM 'shop/+/heat' WHERE t > 3"}""",
            "iot-rule",
            {"topic": "shop/+/heat", "sql": "SELECT * FROM 'shop/+/heat' WHERE t > 3"},
        ),
        (
            "Type: AlexaSkill\nProperties: {SkillId: amzn1.x}",
            "alexa-skill",
            {"skill_id": "amzn1.x"},
        ),
        ("Type: AlexaSkill", "alexa-skill", {}),
        (
            "Type: Cognito\nProperties: {UserPool: !Ref Pool, Trigger: [PreSignUp]}",
            "cognito",
            {"user_pool": "Pool", "triggers": ("PreSignUp",)},
        ),
    ],
)
def test_an_event_is_a_trigger_in_neutral_words(
    sam: Read, event: str, source: str, options: Mapping[str, object]
) -> None:
    lines = "\n".join(f"    {each}" for each in event.splitlines())

    reading = sam(f"Events:\n  When:\n{lines}", beside=BESIDE)

    assert told(reading) == []
    (trigger,) = reading.functions[0].triggers
    assert (trigger.source, trigger.name) == (source, "When")
    assert dict(trigger.options) == options


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{Type: Sqs}", "the event `When` has the type `Sqs`, which localfn does not know"),
        ("{Properties: {}}", "the event `When` has no `Type`; it is left out."),
        ("{Type: S3}", "the event `When` has no `Bucket`."),
        ("{Type: Schedule}", "the event `When` has no `Schedule`."),
        ("{Type: Api, Properties: {Method: get}}", "the event `When` has no `Path`"),
    ],
)
def test_an_event_that_cannot_be_is_a_warning_with_its_line(
    sam: Read, event: str, message: str
) -> None:
    reading = sam(f"Events:\n  When: {event}")

    (finding,) = told(reading)
    assert finding.startswith(f"warning template.yaml:11 Shop: {message}")
    assert len(reading.functions) == 1


def test_a_url_is_a_trigger(sam: Read) -> None:
    reading = sam(
        "FunctionUrlConfig:\n  AuthType: AWS_IAM\n  InvokeMode: RESPONSE_STREAM\n"
        "  Cors: {AllowOrigins: ['*'], AllowCredentials: true, MaxAge: 60, ExposeHeaders: [x-a]}"
    )

    (trigger,) = reading.functions[0].triggers
    assert (trigger.source, trigger.name) == ("function-url", "url")
    assert trigger.options == {
        "auth_type": "AWS_IAM",
        "invoke_mode": "RESPONSE_STREAM",
        "cors": {"origins": ("*",), "expose": ("x-a",), "credentials": True, "max_age": 60},
    }


# --- resources of their own --------------------------------------------------------------------

FUNCTION = """\
Resources:
  Shop:
    Type: AWS::Lambda::Function
    Properties: {Code: code, Handler: app.handler, Runtime: python3.13, FunctionName: shop}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
"""


@pytest.mark.parametrize(
    ("resource", "source", "options"),
    [
        (
            (
                "Type: AWS::Lambda::EventSourceMapping\n"
                "Properties: {FunctionName: !Ref Shop, EventSourceArn: !GetAtt Jobs.Arn, "
                "BatchSize: 2}"
            ),
            "sqs",
            {"queue": "jobs", "batch": 2},
        ),
        (
            (
                "Type: AWS::Lambda::EventSourceMapping\n"
                "Properties: {FunctionName: !GetAtt Shop.Arn, Topics: [a], SelfManagedEventSource: "
                "{Endpoints: {KafkaBootstrapServers: ['k:9092']}}}"
            ),
            "self-managed-kafka",
            {"bootstrap_servers": ("k:9092",), "topics": ("a",)},
        ),
        (
            (
                "Type: AWS::S3::Bucket\n"
                "Properties:\n"
                "  BucketName: inbox\n"
                "  NotificationConfiguration:\n"
                "    LambdaConfigurations:\n"
                "    - {Event: 's3:ObjectCreated:*', Function: !GetAtt Shop.Arn}"
            ),
            "s3",
            {"bucket": "inbox", "events": ("ObjectCreated:*",)},
        ),
        (
            (
                "Type: AWS::SNS::Subscription\n"
                f"Properties: {{Protocol: lambda, TopicArn: '{ARN.format('sns', 'alerts')}', "
                "Endpoint: !GetAtt Shop.Arn}"
            ),
            "sns",
            {"topic": "alerts"},
        ),
        (
            (
                "Type: AWS::SNS::Topic\n"
                "Properties: {TopicName: t, "
                "Subscription: [{Protocol: lambda, Endpoint: !GetAtt Shop.Arn}]}"
            ),
            "sns",
            {"topic": "t"},
        ),
        (
            (
                "Type: AWS::Events::Rule\n"
                "Properties: {ScheduleExpression: rate(1 hour), "
                """Targets: [{Arn: !GetAtt Shop.Arn, Id: a, Input: '{"x": 1}'}]}"""
            ),
            "schedule",
            {"rule": "Caller", "schedule": "rate(1 hour)", "input": '{"x": 1}'},
        ),
        (
            (
                "Type: AWS::Events::Rule\n"
                "Properties: {EventPattern: {source: [shop]}, Name: r, "
                "Targets: [{Arn: !GetAtt Shop.Arn, Id: a}]}"
            ),
            "eventbridge",
            {"rule": "r", "sources": ("shop",)},
        ),
        (
            (
                "Type: AWS::Scheduler::Schedule\n"
                "Properties: {ScheduleExpression: rate(1 hour), Target: "
                "{Arn: !GetAtt Shop.Arn, Input: text}}"
            ),
            "schedule-v2",
            {"schedule": "rate(1 hour)", "input": "text", "schedule_name": "Caller"},
        ),
        (
            (
                "Type: AWS::Logs::SubscriptionFilter\n"
                "Properties: {LogGroupName: /a, FilterPattern: '', "
                "DestinationArn: !GetAtt Shop.Arn}"
            ),
            "cloudwatch-logs",
            {"log_group": "/a", "filter_pattern": "", "filter_name": "Caller"},
        ),
        (
            (
                "Type: AWS::IoT::TopicRule\n"
                """Properties: {TopicRulePayload: {Sql: "SELECT * FROM 'a/b'", """
                "Actions: [{Lambda: {FunctionArn: !GetAtt Shop.Arn}}]}}"
            ),
            "iot-rule",
            {"topic": "a/b", "sql": "SELECT * FROM 'a/b'"},
        ),
        (
            (
                "Type: AWS::Cognito::UserPool\n"
                "Properties: {LambdaConfig: {PreSignUp: !GetAtt Shop.Arn}}"
            ),
            "cognito",
            {"user_pool": "Caller", "triggers": ("PreSignUp",)},
        ),
        (
            "Type: AWS::Lambda::Url\nProperties: {TargetFunctionArn: !Ref Shop, AuthType: NONE}",
            "function-url",
            {"auth_type": "NONE", "invoke_mode": "BUFFERED"},
        ),
        (
            (
                "Type: AWS::Lambda::Permission\n"
                "Properties: {FunctionName: !Ref Shop, Principal: s3.amazonaws.com, "
                "SourceArn: 'arn:aws:s3:::outside'}"
            ),
            "s3",
            {"bucket": "outside"},
        ),
        (
            (
                "Type: AWS::CloudFront::Distribution\n"
                "Properties: {DistributionConfig: {DefaultCacheBehavior: "
                "{LambdaFunctionAssociations: [{EventType: viewer-request, "
                "LambdaFunctionARN: !Sub '${Shop.Arn}:1'}]}}}"
            ),
            "cloudfront",
            {"event_types": ("viewer-request",)},
        ),
        (
            (
                "Type: AWS::ElasticLoadBalancingV2::TargetGroup\n"
                "Properties: {TargetType: lambda, Name: shop-tg, "
                "Targets: [{Id: !GetAtt Shop.Arn}], "
                "TargetGroupAttributes: [{Key: lambda.multi_value_headers.enabled, Value: true}]}"
            ),
            "alb",
            {"target_group": "shop-tg", "multi_value_headers": True, "path": "/*"},
        ),
    ],
)
def test_a_resource_that_has_a_function_called_is_a_trigger(
    read: Read, resource: str, source: str, options: Mapping[str, object]
) -> None:
    lines = "\n".join(f"    {each}" for each in resource.splitlines())

    reading = read(f"{FUNCTION}  Caller:\n{lines}\n")

    assert told(reading) == []
    (trigger,) = reading.functions[0].triggers
    assert (trigger.source, dict(trigger.options)) == (source, options)


def test_a_permission_adds_nothing_where_the_trigger_is_described(read: Read) -> None:
    reading = read(
        f"{FUNCTION}  Allowed:\n    Type: AWS::Lambda::Permission\n    Properties: "
        "{FunctionName: !Ref Shop, Principal: events.amazonaws.com, SourceArn: x}\n"
        "  Rule:\n    Type: AWS::Events::Rule\n    Properties: {ScheduleExpression: rate(1 day), "
        "Targets: [{Arn: !GetAtt Shop.Arn, Id: a}]}\n"
    )

    assert [each.source for each in reading.functions[0].triggers] == ["schedule"]


def test_rules_of_a_load_balancer_are_routes(read: Read) -> None:
    reading = read(
        f"""{FUNCTION}  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {{TargetType: lambda, Targets: [{{Id: !GetAtt Shop.Arn}}]}}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      Actions: [{{Type: forward, TargetGroupArn: !Ref Group}}]
      Conditions:
      - {{Field: path-pattern, Values: [/api/*, /other]}}
      - {{Field: http-request-method, HttpRequestMethodConfig: {{Values: [GET, POST]}}}}
"""
    )

    assert [(each.path, each.methods, each.function) for each in reading.routes] == [
        ("/api/*", ("GET", "POST"), "shop"),
        ("/other", ("GET", "POST"), "shop"),
    ]
    assert {each.trigger for each in reading.routes} == set(triggers(reading))


def test_an_alias_and_what_becomes_of_events_are_facts_of_the_function(read: Read) -> None:
    reading = read(
        f"""{FUNCTION}  Live:
    Type: AWS::Lambda::Alias
    Properties: {{FunctionName: !Ref Shop, FunctionVersion: !GetAtt V.Version, Name: live}}
  V: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Shop}}}}
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {{FunctionName: !Ref Shop, Qualifier: live, MaximumRetryAttempts: 0,
      DestinationConfig: {{OnFailure: {{Destination: !GetAtt Jobs.Arn}}}}}}
  Url:
    Type: AWS::Lambda::Url
    Properties: {{TargetFunctionArn: !Ref Live, AuthType: NONE}}
"""
    )

    assert told(reading) == []
    (function,) = reading.functions
    assert [each.source for each in function.triggers] == ["function-url"]
    assert function.attributes["alias"] == "live"
    assert function.attributes["async_retries"] == "0"
    assert function.attributes["async_on_failure"] == ARN.format("sqs", "jobs")
