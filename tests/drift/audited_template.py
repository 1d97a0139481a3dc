"""A stack with an owner of each family of children, some of which it declares itself."""

from __future__ import annotations

from typing import Any, Final

_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
_READ: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


AUDITED: Final[dict[str, Any]] = {
    "Resources": {
        "Vpc": _resource("EC2::VPC", CidrBlock="10.8.0.0/16"),
        "SubnetA": _resource("EC2::Subnet", VpcId=_ref("Vpc"), CidrBlock="10.8.0.0/24", AvailabilityZone="us-east-1a"),
        "SubnetB": _resource("EC2::Subnet", VpcId=_ref("Vpc"), CidrBlock="10.8.1.0/24", AvailabilityZone="us-east-1b"),
        "Gateway": _resource("EC2::InternetGateway"),
        "Attachment": _resource("EC2::VPCGatewayAttachment", VpcId=_ref("Vpc"), InternetGatewayId=_ref("Gateway")),
        "Table": _resource("EC2::RouteTable", VpcId=_ref("Vpc")),
        "Out": {
            **_resource(
                "EC2::Route",
                RouteTableId=_ref("Table"),
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId=_ref("Gateway"),
            ),
            "DependsOn": "Attachment",
        },
        "Acl": _resource("EC2::NetworkAcl", VpcId=_ref("Vpc")),
        "Open": _resource(
            "EC2::NetworkAclEntry",
            NetworkAclId=_ref("Acl"),
            RuleNumber=100,
            Protocol=-1,
            RuleAction="allow",
            CidrBlock="10.8.0.0/16",
        ),
        "Group": _resource("EC2::SecurityGroup", GroupDescription="of the app", VpcId=_ref("Vpc")),
        "Https": _resource(
            "EC2::SecurityGroupIngress",
            GroupId=_ref("Group"),
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            CidrIp="10.8.0.0/16",
        ),
        "Role": _resource("IAM::Role", AssumeRolePolicyDocument=_TRUST),
        "Read": _resource("IAM::Policy", PolicyName="read", PolicyDocument=_READ, Roles=[_ref("Role")]),
        "Shared": _resource("IAM::ManagedPolicy", PolicyDocument=_READ, Roles=[_ref("Role")]),
        "Person": _resource("IAM::User", UserName="audited-person"),
        "Team": _resource("IAM::Group", GroupName="audited-team"),
        "Orders": _resource(
            "DynamoDB::Table",
            TableName="audited-orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ),
        "Alarm": _resource(
            "CloudWatch::Alarm",
            AlarmName="audited-alarm",
            Namespace="Audited",
            MetricName="Errors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        ),
        "Key": _resource(
            "KMS::Key",
            KeyPolicy={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            },
        ),
        "KeyAlias": _resource("KMS::Alias", AliasName="alias/audited", TargetKeyId=_ref("Key")),
        "Topic": _resource("SNS::Topic"),
        "Queue": _resource("SQS::Queue"),
        "Listener": _resource("SNS::Subscription", TopicArn=_ref("Topic"), Protocol="sqs", Endpoint=_arn("Queue")),
        "Bucket": _resource("S3::Bucket"),
        "Stream": _resource("Kinesis::Stream", ShardCount=1),
        "Function": _resource(
            "Lambda::Function",
            Runtime="python3.13",
            Handler="index.handler",
            Role=_arn("Role"),
            Code={"ZipFile": "def handler(event, context):\n    return None\n"},
        ),
        "Poll": _resource(
            "Lambda::EventSourceMapping",
            FunctionName=_ref("Function"),
            EventSourceArn=_arn("Stream"),
            StartingPosition="LATEST",
        ),
        "Invoke": _resource(
            "Lambda::Permission",
            FunctionName=_ref("Function"),
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=_ref("Topic"),
        ),
        "Log": _resource("Logs::LogGroup", LogGroupName="audited-log"),
        "Errors": _resource(
            "Logs::MetricFilter",
            LogGroupName=_ref("Log"),
            FilterPattern="ERROR",
            MetricTransformations=[{"MetricName": "Errors", "MetricNamespace": "Audited", "MetricValue": "1"}],
        ),
        "Bus": _resource("Events::EventBus", Name="audited-bus"),
        "Nightly": _resource("Events::Rule", Name="audited-nightly", ScheduleExpression="rate(1 day)"),
        "Secret": _resource("SecretsManager::Secret", GenerateSecretString={"PasswordLength": 20}),
        "Balancer": _resource(
            "ElasticLoadBalancingV2::LoadBalancer",
            Name="audited-balancer",
            Scheme="internal",
            Subnets=[_ref("SubnetA"), _ref("SubnetB")],
        ),
        "Targets": _resource(
            "ElasticLoadBalancingV2::TargetGroup", Port=80, Protocol="HTTP", VpcId=_ref("Vpc"), TargetType="ip"
        ),
        "Web": _resource(
            "ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=_ref("Balancer"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": _ref("Targets")}],
        ),
        "Cluster": _resource(
            "RDS::DBCluster",
            DBClusterIdentifier="audited-cluster",
            Engine="aurora-postgresql",
            MasterUsername="app",
            MasterUserPassword="no-secret-at-all",
        ),
        "Parameter": _resource("SSM::Parameter", Name="/audited/parameter", Type="String", Value="1"),
    }
}
