"""Changes of a stack that no comparison with a template sees: children, defaults, and what is in no stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Clients = Callable[[str], Any]
Ids = Mapping[str, str]

_DENY: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Extra", "Effect": "Deny", "Principal": "*", "Action": "ACTION", "Resource": "*"}],
    }
)
_WIDE: Final = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def _policy(action: str) -> str:
    return _DENY.replace("ACTION", action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`made` changes something and gives what `undone` needs; the difference is of that origin, at that resource.

    `what` is the path, or the type of the child, or of the resource that is in no stack.
    """

    origin: str
    logical_id: str | None
    what: str
    made: Callable[[Clients, Ids], Any]
    undone: Callable[[Clients, Ids, Any], Any]

    @property
    def id(self) -> str:
        return f"{self.origin}-{self.logical_id}-{self.what.rpartition('::')[2].strip('/').replace('/', '.')}"


def _child(logical_id: str, kind: str, made: Callable[..., Any], undone: Callable[..., Any]) -> Row:
    return Row(origin="child", logical_id=logical_id, what=f"AWS::{kind}", made=made, undone=undone)


def _default(logical_id: str, path: str, made: Callable[..., Any], undone: Callable[..., Any]) -> Row:
    return Row(origin="undeclared", logical_id=logical_id, what=path, made=made, undone=undone)


def _alone(kind: str, made: Callable[..., Any], undone: Callable[..., Any]) -> Row:
    return Row(origin="unmanaged", logical_id=None, what=f"AWS::{kind}", made=made, undone=undone)


_RULE: Final = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _balancer_rule(clients: Clients, ids: Ids) -> str:
    made = clients("elbv2").create_rule(
        ListenerArn=ids["Web"],
        Priority=5,
        Conditions=[{"Field": "path-pattern", "Values": ["/admin/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": ids["Targets"]}],
    )
    return str(made["Rules"][0]["RuleArn"])


def _balancer_listener(clients: Clients, ids: Ids) -> str:
    made = clients("elbv2").create_listener(
        LoadBalancerArn=ids["Balancer"],
        Port=8080,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": ids["Targets"]}],
    )
    return str(made["Listeners"][0]["ListenerArn"])


def _consumer(clients: Clients, ids: Ids) -> str:
    arn = clients("kinesis").describe_stream_summary(StreamName=ids["Stream"])["StreamDescriptionSummary"]["StreamARN"]
    made = clients("kinesis").register_stream_consumer(StreamARN=arn, ConsumerName="listener")
    return str(made["Consumer"]["ConsumerARN"])


def _version(clients: Clients, ids: Ids) -> None:
    version = clients("lambda").publish_version(FunctionName=ids["Function"])["Version"]
    clients("lambda").create_alias(FunctionName=ids["Function"], Name="other", FunctionVersion=version)


def _source(clients: Clients, ids: Ids) -> str:
    queue = clients("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["QueueArn"])
    made = clients("lambda").create_event_source_mapping(
        FunctionName=ids["Function"], EventSourceArn=queue["Attributes"]["QueueArn"]
    )
    return str(made["UUID"])


def _member(clients: Clients, ids: Ids) -> None:
    clients("rds").create_db_instance(
        DBInstanceIdentifier="audited-extra",
        DBClusterIdentifier=ids["Cluster"],
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
    )


CHILDREN: Final[tuple[Row, ...]] = (
    _child(
        "Group",
        "EC2::SecurityGroupIngress",
        lambda c, i: c("ec2").authorize_security_group_ingress(GroupId=i["Group"], IpPermissions=_RULE),
        lambda c, i, _: c("ec2").revoke_security_group_ingress(GroupId=i["Group"], IpPermissions=_RULE),
    ),
    _child(
        "Group",
        "EC2::SecurityGroupEgress",
        lambda c, i: c("ec2").authorize_security_group_egress(GroupId=i["Group"], IpPermissions=_RULE),
        lambda c, i, _: c("ec2").revoke_security_group_egress(GroupId=i["Group"], IpPermissions=_RULE),
    ),
    _child(
        "Table",
        "EC2::Route",
        lambda c, i: c("ec2").create_route(
            RouteTableId=i["Table"], DestinationCidrBlock="192.0.2.0/24", GatewayId=i["Gateway"]
        ),
        lambda c, i, _: c("ec2").delete_route(RouteTableId=i["Table"], DestinationCidrBlock="192.0.2.0/24"),
    ),
    _child(
        "Acl",
        "EC2::NetworkAclEntry",
        lambda c, i: c("ec2").create_network_acl_entry(
            NetworkAclId=i["Acl"],
            RuleNumber=200,
            Protocol="-1",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
            Egress=False,
        ),
        lambda c, i, _: c("ec2").delete_network_acl_entry(NetworkAclId=i["Acl"], RuleNumber=200, Egress=False),
    ),
    _child(
        "Role",
        "IAM::RolePolicy",
        lambda c, i: c("iam").put_role_policy(RoleName=i["Role"], PolicyName="extra", PolicyDocument=_WIDE),
        lambda c, i, _: c("iam").delete_role_policy(RoleName=i["Role"], PolicyName="extra"),
    ),
    _child(
        "Role",
        "IAM::ManagedPolicy",
        lambda c, i: c("iam").attach_role_policy(
            RoleName=i["Role"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        lambda c, i, _: c("iam").detach_role_policy(
            RoleName=i["Role"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
    ),
    _child(
        "Person",
        "IAM::UserPolicy",
        lambda c, i: c("iam").put_user_policy(UserName=i["Person"], PolicyName="extra", PolicyDocument=_WIDE),
        lambda c, i, _: c("iam").delete_user_policy(UserName=i["Person"], PolicyName="extra"),
    ),
    _child(
        "Person",
        "IAM::ManagedPolicy",
        lambda c, i: c("iam").attach_user_policy(
            UserName=i["Person"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        lambda c, i, _: c("iam").detach_user_policy(
            UserName=i["Person"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
    ),
    _child(
        "Person",
        "IAM::AccessKey",
        lambda c, i: c("iam").create_access_key(UserName=i["Person"])["AccessKey"]["AccessKeyId"],
        lambda c, i, made: c("iam").delete_access_key(UserName=i["Person"], AccessKeyId=made),
    ),
    _child(
        "Team",
        "IAM::GroupPolicy",
        lambda c, i: c("iam").put_group_policy(GroupName=i["Team"], PolicyName="extra", PolicyDocument=_WIDE),
        lambda c, i, _: c("iam").delete_group_policy(GroupName=i["Team"], PolicyName="extra"),
    ),
    _child(
        "Team",
        "IAM::ManagedPolicy",
        # A stack has this policy, for another owner: that makes it no child of this one.
        lambda c, i: c("iam").attach_group_policy(GroupName=i["Team"], PolicyArn=i["Shared"]),
        lambda c, i, _: c("iam").detach_group_policy(GroupName=i["Team"], PolicyArn=i["Shared"]),
    ),
    _child(
        "Key",
        "KMS::Alias",
        lambda c, i: c("kms").create_alias(AliasName="alias/other", TargetKeyId=i["Key"]),
        lambda c, _, __: c("kms").delete_alias(AliasName="alias/other"),
    ),
    Row(
        origin="child",
        logical_id="Key",
        what="grant",
        made=lambda c, i: c("kms").create_grant(
            KeyId=i["Key"], GranteePrincipal="arn:aws:iam::123456789012:role/other", Operations=["Decrypt"]
        )["GrantId"],
        undone=lambda c, i, made: c("kms").revoke_grant(KeyId=i["Key"], GrantId=made),
    ),
    _child(
        "Topic",
        "SNS::Subscription",
        lambda c, i: c("sns").subscribe(
            TopicArn=i["Topic"],
            Protocol="https",
            Endpoint="https://example.com/listen",
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"],
        lambda c, _, made: c("sns").unsubscribe(SubscriptionArn=made),
    ),
    _child(
        "Topic",
        "SNS::TopicPolicy",
        lambda c, i: (
            c("sns").get_topic_attributes(TopicArn=i["Topic"])["Attributes"]["Policy"],
            c("sns").set_topic_attributes(
                TopicArn=i["Topic"], AttributeName="Policy", AttributeValue=_policy("sns:Publish")
            ),
        )[0],
        lambda c, i, made: c("sns").set_topic_attributes(
            TopicArn=i["Topic"], AttributeName="Policy", AttributeValue=made
        ),
    ),
    _child(
        "Queue",
        "SQS::QueuePolicy",
        lambda c, i: c("sqs").set_queue_attributes(
            QueueUrl=i["Queue"], Attributes={"Policy": _policy("sqs:SendMessage")}
        ),
        lambda c, i, _: c("sqs").set_queue_attributes(QueueUrl=i["Queue"], Attributes={"Policy": ""}),
    ),
    _child(
        "Bucket",
        "S3::BucketPolicy",
        lambda c, i: c("s3").put_bucket_policy(Bucket=i["Bucket"], Policy=_policy("s3:GetObject")),
        lambda c, i, _: c("s3").delete_bucket_policy(Bucket=i["Bucket"]),
    ),
    _child(
        "Secret",
        "SecretsManager::ResourcePolicy",
        lambda c, i: c("secretsmanager").put_resource_policy(
            SecretId=i["Secret"], ResourcePolicy=_policy("secretsmanager:GetSecretValue")
        ),
        lambda c, i, _: c("secretsmanager").delete_resource_policy(SecretId=i["Secret"]),
    ),
    _child(
        "Function",
        "Lambda::EventSourceMapping",
        _source,
        lambda c, _, made: c("lambda").delete_event_source_mapping(UUID=made),
    ),
    _child(
        "Function",
        "Lambda::Permission",
        lambda c, i: c("lambda").add_permission(
            FunctionName=i["Function"], StatementId="extra", Action="lambda:InvokeFunction", Principal="*"
        ),
        lambda c, i, _: c("lambda").remove_permission(FunctionName=i["Function"], StatementId="extra"),
    ),
    _child(
        "Function",
        "Lambda::Alias",
        _version,
        lambda c, i, _: c("lambda").delete_alias(FunctionName=i["Function"], Name="other"),
    ),
    _child(
        "Function",
        "Lambda::Url",
        lambda c, i: c("lambda").create_function_url_config(FunctionName=i["Function"], AuthType="NONE"),
        lambda c, i, _: c("lambda").delete_function_url_config(FunctionName=i["Function"]),
    ),
    _child(
        "Log",
        "Logs::MetricFilter",
        lambda c, i: c("logs").put_metric_filter(
            logGroupName=i["Log"],
            filterName="extra",
            filterPattern="WARN",
            metricTransformations=[{"metricName": "W", "metricNamespace": "N", "metricValue": "1"}],
        ),
        lambda c, i, _: c("logs").delete_metric_filter(logGroupName=i["Log"], filterName="extra"),
    ),
    _child(
        "Log",
        "Logs::SubscriptionFilter",
        lambda c, i: c("logs").put_subscription_filter(
            logGroupName=i["Log"],
            filterName="extra",
            filterPattern="",
            destinationArn=c("lambda").get_function(FunctionName=i["Function"])["Configuration"]["FunctionArn"],
        ),
        lambda c, i, _: c("logs").delete_subscription_filter(logGroupName=i["Log"], filterName="extra"),
    ),
    _child(
        "Nightly",
        "Events::Rule",
        lambda c, i: c("events").put_targets(Rule="audited-nightly", Targets=[{"Id": "extra", "Arn": i["Topic"]}]),
        lambda c, _, __: c("events").remove_targets(Rule="audited-nightly", Ids=["extra"]),
    ),
    _child(
        "Bus",
        "Events::Rule",
        lambda c, _: c("events").put_rule(
            Name="extra", EventBusName="audited-bus", EventPattern=json.dumps({"source": ["other"]})
        ),
        lambda c, _, __: c("events").delete_rule(Name="extra", EventBusName="audited-bus"),
    ),
    _child(
        "Stream",
        "Kinesis::ResourcePolicy",
        lambda c, i: c("kinesis").put_resource_policy(
            ResourceARN=f"arn:aws:kinesis:us-east-1:123456789012:stream/{i['Stream']}",
            Policy=_policy("kinesis:GetRecords"),
        ),
        lambda c, i, _: c("kinesis").delete_resource_policy(
            ResourceARN=f"arn:aws:kinesis:us-east-1:123456789012:stream/{i['Stream']}"
        ),
    ),
    _child(
        "Person",
        "IAM::UserToGroupAddition",
        lambda c, _: c("iam").add_user_to_group(UserName="audited-person", GroupName="audited-team"),
        lambda c, _, __: c("iam").remove_user_from_group(UserName="audited-person", GroupName="audited-team"),
    ),
    _child(
        "Person",
        "IAM::User",
        lambda c, _: c("iam").create_login_profile(UserName="audited-person", Password="Pa$$word-1234"),
        lambda c, _, __: c("iam").delete_login_profile(UserName="audited-person"),
    ),
    _child(
        "Stream",
        "Kinesis::StreamConsumer",
        _consumer,
        lambda c, _, made: c("kinesis").deregister_stream_consumer(ConsumerARN=made),
    ),
    _child(
        "Balancer",
        "ElasticLoadBalancingV2::Listener",
        _balancer_listener,
        lambda c, _, made: c("elbv2").delete_listener(ListenerArn=made),
    ),
    _child(
        "Web",
        "ElasticLoadBalancingV2::ListenerRule",
        _balancer_rule,
        lambda c, _, made: c("elbv2").delete_rule(RuleArn=made),
    ),
    _child(
        "Cluster",
        "RDS::DBInstance",
        _member,
        lambda c, _, __: c("rds").delete_db_instance(DBInstanceIdentifier="audited-extra", SkipFinalSnapshot=True),
    ),
)

_ALL: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")

_ALARM: Final = {
    "AlarmName": "audited-alarm",
    "Namespace": "Audited",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
_TABLE: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/audited-orders"

DEFAULTS: Final[tuple[Row, ...]] = (
    _default(
        "Alarm",
        "/AlarmActions",
        lambda c, _: c("cloudwatch").put_metric_alarm(**_ALARM, AlarmActions=["arn:aws:sns:us-east-1:1:other"]),
        lambda c, _, __: c("cloudwatch").put_metric_alarm(**_ALARM),
    ),
    _default(
        "Orders",
        "/ResourcePolicy",
        lambda c, _: c("dynamodb").put_resource_policy(ResourceArn=_TABLE, Policy=_policy("dynamodb:GetItem")),
        lambda c, _, __: c("dynamodb").delete_resource_policy(ResourceArn=_TABLE),
    ),
    _default(
        "Poll",
        "/FilterCriteria/Filters",
        lambda c, i: c("lambda").update_event_source_mapping(
            UUID=i["Poll"], FilterCriteria={"Filters": [{"Pattern": "{}"}]}
        ),
        lambda c, i, _: c("lambda").update_event_source_mapping(UUID=i["Poll"], FilterCriteria={"Filters": []}),
    ),
    _default(
        "Listener",
        "/FilterPolicy",
        lambda c, i: c("sns").set_subscription_attributes(
            SubscriptionArn=i["Listener"], AttributeName="FilterPolicy", AttributeValue='{"kind": ["none"]}'
        ),
        lambda c, i, _: c("sns").set_subscription_attributes(
            SubscriptionArn=i["Listener"], AttributeName="FilterPolicy", AttributeValue="{}"
        ),
    ),
    _default(
        "Function",
        "/Environment/Variables",
        lambda c, i: c("lambda").update_function_configuration(
            FunctionName=i["Function"], Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/other"}}
        ),
        lambda c, i, _: c("lambda").update_function_configuration(
            FunctionName=i["Function"], Environment={"Variables": {}}
        ),
    ),
    _default(
        "Bucket",
        "/LifecycleConfiguration",
        lambda c, i: c("s3").put_bucket_lifecycle_configuration(
            Bucket=i["Bucket"],
            LifecycleConfiguration={
                "Rules": [{"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
            },
        ),
        lambda c, i, _: c("s3").delete_bucket_lifecycle(Bucket=i["Bucket"]),
    ),
    _default(
        "Bucket",
        "/PublicAccessBlockConfiguration/BlockPublicAcls",
        lambda c, i: c("s3").put_public_access_block(
            Bucket=i["Bucket"],
            PublicAccessBlockConfiguration={**dict.fromkeys(_ALL, True), "BlockPublicAcls": False},
        ),
        lambda c, i, _: c("s3").put_public_access_block(
            Bucket=i["Bucket"], PublicAccessBlockConfiguration=dict.fromkeys(_ALL, True)
        ),
    ),
    _default(
        "Bucket",
        "/VersioningConfiguration/Status",
        lambda c, i: c("s3").put_bucket_versioning(Bucket=i["Bucket"], VersioningConfiguration={"Status": "Enabled"}),
        lambda c, i, _: c("s3").put_bucket_versioning(
            Bucket=i["Bucket"], VersioningConfiguration={"Status": "Suspended"}
        ),
    ),
    _default(
        "Function",
        "/ReservedConcurrentExecutions",
        lambda c, i: c("lambda").put_function_concurrency(FunctionName=i["Function"], ReservedConcurrentExecutions=1),
        lambda c, i, _: c("lambda").delete_function_concurrency(FunctionName=i["Function"]),
    ),
    _default(
        "Function",
        "/Timeout",
        lambda c, i: c("lambda").update_function_configuration(FunctionName=i["Function"], Timeout=900),
        lambda c, i, _: c("lambda").update_function_configuration(FunctionName=i["Function"], Timeout=3),
    ),
    _default(
        "Queue",
        "/VisibilityTimeout",
        lambda c, i: c("sqs").set_queue_attributes(QueueUrl=i["Queue"], Attributes={"VisibilityTimeout": "600"}),
        lambda c, i, _: c("sqs").set_queue_attributes(QueueUrl=i["Queue"], Attributes={"VisibilityTimeout": "30"}),
    ),
    _default(
        "Stream",
        "/RetentionPeriodHours",
        lambda c, i: c("kinesis").increase_stream_retention_period(StreamName=i["Stream"], RetentionPeriodHours=48),
        lambda c, i, _: c("kinesis").decrease_stream_retention_period(StreamName=i["Stream"], RetentionPeriodHours=24),
    ),
    _default(
        "Log",
        "/RetentionInDays",
        lambda c, i: c("logs").put_retention_policy(logGroupName=i["Log"], retentionInDays=1),
        lambda c, i, _: c("logs").delete_retention_policy(logGroupName=i["Log"]),
    ),
    _default(
        "Key",
        "/EnableKeyRotation",
        lambda c, i: c("kms").enable_key_rotation(KeyId=i["Key"]),
        lambda c, i, _: c("kms").disable_key_rotation(KeyId=i["Key"]),
    ),
    _default(
        "Role",
        "/MaxSessionDuration",
        lambda c, i: c("iam").update_role(RoleName=i["Role"], MaxSessionDuration=43200),
        lambda c, i, _: c("iam").update_role(RoleName=i["Role"], MaxSessionDuration=3600),
    ),
    _default(
        "SubnetA",
        "/MapPublicIpOnLaunch",
        lambda c, i: c("ec2").modify_subnet_attribute(SubnetId=i["SubnetA"], MapPublicIpOnLaunch={"Value": True}),
        lambda c, i, _: c("ec2").modify_subnet_attribute(SubnetId=i["SubnetA"], MapPublicIpOnLaunch={"Value": False}),
    ),
    _default(
        "Nightly",
        "/State",
        lambda c, _: c("events").disable_rule(Name="audited-nightly"),
        lambda c, _, __: c("events").enable_rule(Name="audited-nightly"),
    ),
    _default(
        "Topic",
        "/KmsMasterKeyId",
        lambda c, i: c("sns").set_topic_attributes(
            TopicArn=i["Topic"], AttributeName="KmsMasterKeyId", AttributeValue="alias/audited"
        ),
        lambda c, i, _: c("sns").set_topic_attributes(
            TopicArn=i["Topic"], AttributeName="KmsMasterKeyId", AttributeValue=""
        ),
    ),
)

UNMANAGED: Final[tuple[Row, ...]] = (
    _alone(
        "SQS::Queue",
        lambda c, _: c("sqs").create_queue(QueueName="audited-shadow")["QueueUrl"],
        lambda c, _, made: c("sqs").delete_queue(QueueUrl=made),
    ),
    _alone(
        "SNS::Topic",
        lambda c, _: c("sns").create_topic(Name="audited-shadow")["TopicArn"],
        lambda c, _, made: c("sns").delete_topic(TopicArn=made),
    ),
    _alone(
        "S3::Bucket",
        lambda c, _: c("s3").create_bucket(Bucket="audited-shadow"),
        lambda c, _, __: c("s3").delete_bucket(Bucket="audited-shadow"),
    ),
    _alone(
        "EC2::SecurityGroup",
        lambda c, i: c("ec2").create_security_group(GroupName="shadow", Description="other", VpcId=i["Vpc"])["GroupId"],
        lambda c, _, made: c("ec2").delete_security_group(GroupId=made),
    ),
    _alone(
        "EC2::Subnet",
        lambda c, i: c("ec2").create_subnet(VpcId=i["Vpc"], CidrBlock="10.8.9.0/24")["Subnet"]["SubnetId"],
        lambda c, _, made: c("ec2").delete_subnet(SubnetId=made),
    ),
    _alone(
        "Kinesis::Stream",
        lambda c, _: c("kinesis").create_stream(StreamName="audited-shadow", ShardCount=1),
        lambda c, _, __: c("kinesis").delete_stream(StreamName="audited-shadow"),
    ),
    _alone(
        "KMS::Key",
        lambda c, _: c("kms").create_key(Tags=[{"TagKey": "app", "TagValue": "audited"}])["KeyMetadata"]["KeyId"],
        lambda c, _, made: c("kms").schedule_key_deletion(KeyId=made, PendingWindowInDays=7),
    ),
)
