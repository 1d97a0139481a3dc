"""Functions, queues, topics, buckets, tables and what else has a name; less what AWS makes for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from stackproof.drift.child import Listed
from stackproof.drift.ports import Listing
from stackproof.readers.access import pages

__all__ = ["LISTINGS"]


def _listed(
    resource_type: str,
    call: tuple[str, str, str],
    action: str,
    *,
    name: str,
    arn: str = "",
    physical: str = "",
    of_aws: Callable[[Mapping[str, Any]], bool] = lambda _: False,
    vpc: Callable[[Mapping[str, Any]], str | None] | None = None,
    **parameters: Any,
) -> Listing:
    """A listing of items that carry their own name: `call` is the service, its operation, the member with the items."""
    service, operation, key = call

    def read(client: Callable[[str], Any]) -> Iterator[Listed]:
        for page in pages(client(service), operation, key, **parameters):
            row = page if isinstance(page, Mapping) else {name: page}
            if of_aws(row):
                continue
            named = str(row[name])
            yield Listed(
                resource_type=resource_type,
                physical_id=str(row[physical or name]),
                name=named.rpartition("/")[2] if "://" in named else named,
                arn=str(row.get(arn) or "") if arn else "",
                vpc_id=vpc(row) if vpc else None,
                region=str(row.get("BucketRegion") or ""),
            )

    return Listing(resource_type=resource_type, read=read, actions=(action,), in_vpc=vpc is not None)


def _of_all_regions(
    listing: Listing, region_of: Callable[[Callable[[str], Any], Listed], str | None], action: str
) -> Listing:
    """The listing of a type that stacks of other regions make as well."""
    return replace(listing, region_of=region_of, actions=(*listing.actions, action))


def _tagged_region(tags: Iterable[Mapping[str, Any]]) -> str | None:
    """The region in CloudFormation's own tag, where the service lets it set one; nothing else can set that tag."""
    found = next((str(tag["Value"]) for tag in tags if tag["Key"] == "aws:cloudformation:stack-id"), "")
    return found.split(":")[3] if found.startswith("arn:") else None


def _of_role(client: Callable[[str], Any], role: Listed) -> str | None:
    return _tagged_region(client("iam").get_role(RoleName=role.name)["Role"].get("Tags", ()))


def _of_user(client: Callable[[str], Any], user: Listed) -> str | None:
    return _tagged_region(client("iam").get_user(UserName=user.name)["User"].get("Tags", ()))


def _of_policy(client: Callable[[str], Any], policy: Listed) -> str | None:
    return _tagged_region(client("iam").get_policy(PolicyArn=policy.arn)["Policy"].get("Tags", ()))


def _of_bucket(client: Callable[[str], Any], bucket: Listed) -> str:
    """A stack makes buckets in its own region; the oldest one has no name here, and the second an old one."""
    found = client("s3").get_bucket_location(Bucket=bucket.name).get("LocationConstraint")
    return {"": "us-east-1", "EU": "eu-west-1"}.get(found or "", str(found))


def _topics(client: Callable[[str], Any]) -> Iterator[Listed]:
    for topic in pages(client("sns"), "list_topics", "Topics"):
        arn = str(topic["TopicArn"])
        yield Listed(resource_type="AWS::SNS::Topic", physical_id=arn, name=arn.rpartition(":")[2], arn=arn)


def _queues(client: Callable[[str], Any]) -> Iterator[Listed]:
    for url in pages(client("sqs"), "list_queues", "QueueUrls", MaxResults=1000):  # else no more than that
        account, name = str(url).split("/")[-2:]
        yield Listed(resource_type="AWS::SQS::Queue", physical_id=str(url), name=name, arn=f":{account}:{name}")


def _keys(client: Callable[[str], Any]) -> Iterator[Listed]:
    """ListKeys, less AWS's own keys and those that await deletion (DescribeKey)."""
    kms = client("kms")
    for summary in pages(kms, "list_keys", "Keys"):
        key = kms.describe_key(KeyId=summary["KeyId"])["KeyMetadata"]
        if key.get("KeyManager") == "AWS" or str(key.get("KeyState")).startswith("Pending"):
            continue
        identity = str(summary["KeyId"])
        yield Listed(resource_type="AWS::KMS::Key", physical_id=identity, name=identity, arn=str(summary["KeyArn"]))


def _subnet_vpc(row: Mapping[str, Any]) -> str | None:
    return str((row.get("DBSubnetGroup") or {}).get("VpcId") or "")


def _is_service_role(row: Mapping[str, Any]) -> bool:
    return str(row.get("Path", "")).startswith(("/aws-service-role/", "/aws-reserved/"))


LISTINGS: Final[tuple[Listing, ...]] = (
    _listed(
        "AWS::CloudWatch::Alarm",
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        "cloudwatch:DescribeAlarms",
        name="AlarmName",
        arn="AlarmArn",
        of_aws=lambda alarm: str(alarm["AlarmName"]).startswith(("TargetTracking-", "awseb-")),
    ),
    _listed("AWS::DynamoDB::Table", ("dynamodb", "list_tables", "TableNames"), "dynamodb:ListTables", name="TableName"),
    _listed(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        ("elbv2", "describe_load_balancers", "LoadBalancers"),
        "elasticloadbalancing:DescribeLoadBalancers",
        name="LoadBalancerName",
        arn="LoadBalancerArn",
        physical="LoadBalancerArn",
        vpc=lambda balancer: balancer.get("VpcId"),
    ),
    _listed(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        ("elbv2", "describe_target_groups", "TargetGroups"),
        "elasticloadbalancing:DescribeTargetGroups",
        name="TargetGroupName",
        arn="TargetGroupArn",
        physical="TargetGroupArn",
        vpc=lambda group: group.get("VpcId"),
    ),
    _listed(
        "AWS::Events::Rule",
        ("events", "list_rules", "Rules"),
        "events:ListRules",
        name="Name",
        arn="Arn",
        of_aws=lambda rule: bool(rule.get("ManagedBy")),
    ),
    _of_all_regions(
        _listed(
            "AWS::IAM::ManagedPolicy",
            ("iam", "list_policies", "Policies"),
            "iam:ListPolicies",
            name="PolicyName",
            arn="Arn",
            physical="Arn",
            Scope="Local",
        ),
        _of_policy,
        "iam:GetPolicy",
    ),
    _of_all_regions(
        _listed(
            "AWS::IAM::Role",
            ("iam", "list_roles", "Roles"),
            "iam:ListRoles",
            name="RoleName",
            arn="Arn",
            of_aws=_is_service_role,
        ),
        _of_role,
        "iam:GetRole",
    ),
    _of_all_regions(
        _listed(
            "AWS::IAM::User",
            ("iam", "list_users", "Users"),
            "iam:ListUsers",
            name="UserName",
            arn="Arn",
        ),
        _of_user,
        "iam:GetUser",
    ),
    Listing(resource_type="AWS::KMS::Key", read=_keys, actions=("kms:ListKeys", "kms:DescribeKey")),
    _listed(
        "AWS::Kinesis::Stream", ("kinesis", "list_streams", "StreamNames"), "kinesis:ListStreams", name="StreamName"
    ),
    _listed(
        "AWS::Lambda::Function",
        ("lambda", "list_functions", "Functions"),
        "lambda:ListFunctions",
        name="FunctionName",
        arn="FunctionArn",
        vpc=lambda function: str((function.get("VpcConfig") or {}).get("VpcId") or ""),
    ),
    _listed(
        "AWS::Logs::LogGroup",
        ("logs", "describe_log_groups", "logGroups"),
        "logs:DescribeLogGroups",
        name="logGroupName",
        arn="arn",
        of_aws=lambda group: str(group["logGroupName"]).startswith("/aws/"),
    ),
    _listed(
        "AWS::RDS::DBCluster",
        ("rds", "describe_db_clusters", "DBClusters"),
        "rds:DescribeDBClusters",
        name="DBClusterIdentifier",
        arn="DBClusterArn",
    ),
    _listed(
        "AWS::RDS::DBInstance",
        ("rds", "describe_db_instances", "DBInstances"),
        "rds:DescribeDBInstances",
        name="DBInstanceIdentifier",
        arn="DBInstanceArn",
        vpc=_subnet_vpc,
    ),
    _of_all_regions(
        _listed(
            "AWS::S3::Bucket",
            ("s3", "list_buckets", "Buckets"),
            "s3:ListAllMyBuckets",
            name="Name",
            MaxBuckets=1000,  # with this parameter it returns the region of each
        ),
        _of_bucket,
        "s3:GetBucketLocation",
    ),
    Listing(resource_type="AWS::SNS::Topic", read=_topics, actions=("sns:ListTopics",)),
    Listing(resource_type="AWS::SQS::Queue", read=_queues, actions=("sqs:ListQueues",)),
    _listed(
        "AWS::SSM::Parameter",
        ("ssm", "describe_parameters", "Parameters"),
        "ssm:DescribeParameters",
        name="Name",
        arn="ARN",
    ),
    _listed(
        "AWS::SecretsManager::Secret",
        ("secretsmanager", "list_secrets", "SecretList"),
        "secretsmanager:ListSecrets",
        name="Name",
        arn="ARN",
        physical="ARN",
        of_aws=lambda secret: bool(secret.get("OwningService")),
    ),
    _listed(
        "AWS::StepFunctions::StateMachine",
        ("stepfunctions", "list_state_machines", "stateMachines"),
        "states:ListStateMachines",
        name="name",
        arn="stateMachineArn",
        physical="stateMachineArn",
    ),
)
