"""What resources are called where they are deployed (contract aws-lambda, section 1.5).

The vendor's own tool tells every resource by its logical id and every ARN as a function's; here a
queue has the URL and the ARN of a queue.
"""

from collections.abc import Mapping
from types import MappingProxyType

FUNCTIONS = frozenset({"AWS::Serverless::Function", "AWS::Lambda::Function"})
LAYERS = frozenset({"AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"})
STACKS = frozenset({"AWS::Serverless::Application", "AWS::CloudFormation::Stack"})

# Made by the transform, never written: the API of events that name none.
IMPLICIT = frozenset({"ServerlessRestApi", "ServerlessHttpApi", "ServerlessWebSocketApi"})

# type -> the property that names it; any other resource has its logical id for a name
NAMED_BY: Mapping[str, str] = MappingProxyType(
    {
        "AWS::Serverless::Function": "FunctionName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Serverless::LayerVersion": "LayerName",
        "AWS::Lambda::LayerVersion": "LayerName",
        "AWS::Lambda::Alias": "Name",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SQS::Queue": "QueueName",
        "AWS::SNS::Topic": "TopicName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::DynamoDB::GlobalTable": "TableName",
        "AWS::Serverless::SimpleTable": "TableName",
        "AWS::Kinesis::Stream": "Name",
        "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::Events::Rule": "Name",
        "AWS::Events::EventBus": "Name",
        "AWS::Scheduler::Schedule": "Name",
        "AWS::Scheduler::ScheduleGroup": "Name",
        "AWS::SSM::Parameter": "Name",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::IAM::Role": "RoleName",
        "AWS::StepFunctions::StateMachine": "StateMachineName",
        "AWS::Serverless::StateMachine": "Name",
        "AWS::MSK::Cluster": "ClusterName",
        "AWS::AmazonMQ::Broker": "BrokerName",
        "AWS::DocDB::DBCluster": "DBClusterIdentifier",
        "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
        "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    }
)

# The only version there is here.
FIRST_VERSION = "1"

_HERE = "{region}:{account}"
_FUNCTION = f"arn:{{partition}}:lambda:{_HERE}:function:{{name}}"
_LAYER = f"arn:{{partition}}:lambda:{_HERE}:layer:{{name}}:1"
_QUEUE = f"arn:{{partition}}:sqs:{_HERE}:{{name}}"
_QUEUE_URL = "https://sqs.{region}.{suffix}/{account}/{name}"
_TOPIC = f"arn:{{partition}}:sns:{_HERE}:{{name}}"
_TABLE = f"arn:{{partition}}:dynamodb:{_HERE}:table/{{name}}"
# The label is the moment when a stream is made; here one that stays.
_STREAM = f"{_TABLE}/stream/2026-01-01T00:00:00.000"
_MACHINE = f"arn:{{partition}}:states:{_HERE}:stateMachine:{{name}}"
_SECRET = f"arn:{{partition}}:secretsmanager:{_HERE}:secret:{{name}}"
_GROUP = f"arn:{{partition}}:elasticloadbalancing:{_HERE}:targetgroup/{{name}}/0123456789abcdef"
_OF_TABLES = {"Arn": _TABLE, "StreamArn": _STREAM, "TableId": "{name}"}
_OF_MACHINES = {"Arn": _MACHINE, "Name": "{name}"}

# type -> what `Ref` gives; of any other the name
REF: Mapping[str, str] = MappingProxyType(
    {
        "AWS::Serverless::LayerVersion": _LAYER,
        "AWS::Lambda::LayerVersion": _LAYER,
        "AWS::SQS::Queue": _QUEUE_URL,
        "AWS::SNS::Topic": _TOPIC,
        "AWS::StepFunctions::StateMachine": _MACHINE,
        "AWS::Serverless::StateMachine": _MACHINE,
        "AWS::SecretsManager::Secret": _SECRET,
        "AWS::ElasticLoadBalancingV2::TargetGroup": _GROUP,
        "AWS::MSK::Cluster": f"arn:{{partition}}:kafka:{_HERE}:cluster/{{name}}/1",
    }
)

# type -> attribute -> what it is
ATTRIBUTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "AWS::Serverless::Function": {"Arn": _FUNCTION},
        "AWS::Lambda::Function": {"Arn": _FUNCTION},
        "AWS::Lambda::Version": {"Version": FIRST_VERSION},
        "AWS::S3::Bucket": {
            "Arn": "arn:{partition}:s3:::{name}",
            "DomainName": "{name}.s3.{suffix}",
            "RegionalDomainName": "{name}.s3.{region}.{suffix}",
            "WebsiteURL": "http://{name}.s3-website-{region}.{suffix}",
        },
        "AWS::SQS::Queue": {"Arn": _QUEUE, "QueueName": "{name}", "QueueUrl": _QUEUE_URL},
        "AWS::SNS::Topic": {"TopicArn": _TOPIC, "TopicName": "{name}"},
        "AWS::DynamoDB::Table": _OF_TABLES,
        "AWS::DynamoDB::GlobalTable": _OF_TABLES,
        "AWS::Serverless::SimpleTable": _OF_TABLES,
        "AWS::Kinesis::Stream": {"Arn": f"arn:{{partition}}:kinesis:{_HERE}:stream/{{name}}"},
        "AWS::Kinesis::StreamConsumer": {
            "ConsumerARN": f"arn:{{partition}}:kinesis:{_HERE}:stream/{{name}}/consumer/{{name}}:1",
        },
        "AWS::KinesisFirehose::DeliveryStream": {
            "Arn": f"arn:{{partition}}:firehose:{_HERE}:deliverystream/{{name}}",
        },
        "AWS::Logs::LogGroup": {"Arn": f"arn:{{partition}}:logs:{_HERE}:log-group:{{name}}:*"},
        "AWS::Events::Rule": {"Arn": f"arn:{{partition}}:events:{_HERE}:rule/{{name}}"},
        "AWS::Events::EventBus": {
            "Arn": f"arn:{{partition}}:events:{_HERE}:event-bus/{{name}}",
            "Name": "{name}",
        },
        "AWS::Scheduler::Schedule": {
            "Arn": f"arn:{{partition}}:scheduler:{_HERE}:schedule/default/{{name}}",
        },
        "AWS::IAM::Role": {"Arn": "arn:{partition}:iam::{account}:role/{name}"},
        "AWS::StepFunctions::StateMachine": _OF_MACHINES,
        "AWS::Serverless::StateMachine": _OF_MACHINES,
        "AWS::Cognito::UserPool": {
            "Arn": f"arn:{{partition}}:cognito-idp:{_HERE}:userpool/{{name}}",
            "ProviderName": "cognito-idp.{region}.{suffix}/{name}",
            "ProviderURL": "https://cognito-idp.{region}.{suffix}/{name}",
        },
        "AWS::EFS::AccessPoint": {
            "Arn": f"arn:{{partition}}:elasticfilesystem:{_HERE}:access-point/{{name}}",
            "AccessPointId": "{name}",
        },
        "AWS::KMS::Key": {
            "Arn": f"arn:{{partition}}:kms:{_HERE}:key/{{name}}",
            "KeyId": "{name}",
        },
        "AWS::SecretsManager::Secret": {"Id": _SECRET},
        "AWS::ElasticLoadBalancingV2::TargetGroup": {
            "TargetGroupName": "{name}",
            "TargetGroupArn": _GROUP,
            "TargetGroupFullName": "targetgroup/{name}/0123456789abcdef",
        },
        "AWS::AmazonMQ::Broker": {
            "Arn": f"arn:{{partition}}:mq:{_HERE}:broker:{{name}}:1",
        },
        "AWS::MSK::Cluster": {"Arn": f"arn:{{partition}}:kafka:{_HERE}:cluster/{{name}}/1"},
        "AWS::DocDB::DBCluster": {"Arn": f"arn:{{partition}}:rds:{_HERE}:cluster:{{name}}"},
        "AWS::ApiGateway::RestApi": {"RootResourceId": "{name}", "RestApiId": "{name}"},
        "AWS::Serverless::Api": {"RootResourceId": "{name}"},
        "AWS::ApiGatewayV2::Api": {
            "ApiId": "{name}",
            "ApiEndpoint": "https://{name}.execute-api.{region}.{suffix}",
        },
        "AWS::Serverless::HttpApi": {
            "ApiEndpoint": "https://{name}.execute-api.{region}.{suffix}",
        },
    }
)


def last_part(arn: str) -> str:
    """Return the name at the end of an ARN, a URL or a bare name."""
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
