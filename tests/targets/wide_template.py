"""A template with every resource type that the emulator is completed for, and many of their properties."""

from __future__ import annotations

from typing import Any, Final

TAGS: Final = [{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": "test"}]


def _trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }


def _allow(action: str, resource: Any = "*") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


_NETWORK: Final = {
    "Vpc": _resource(
        "AWS::EC2::VPC",
        CidrBlock="10.0.0.0/16",
        EnableDnsHostnames=True,
        EnableDnsSupport="true",
        InstanceTenancy="default",
        Tags=TAGS,
    ),
    "SubnetA": _resource(
        "AWS::EC2::Subnet",
        VpcId=_ref("Vpc"),
        CidrBlock={"Fn::Select": [0, {"Fn::Cidr": [_att("Vpc", "CidrBlock"), 4, 8]}]},
        AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        EnableDns64=False,
        MapPublicIpOnLaunch=True,
        PrivateDnsNameOptionsOnLaunch={"HostnameType": "resource-name"},
        Tags=TAGS,
    ),
    "SubnetB": _resource(
        "AWS::EC2::Subnet",
        VpcId=_ref("Vpc"),
        CidrBlock="10.0.1.0/24",
        AvailabilityZone={"Fn::Select": ["1", {"Fn::GetAZs": {"Ref": "AWS::Region"}}]},
    ),
    "Table": _resource("AWS::EC2::RouteTable", VpcId=_ref("Vpc"), Tags=TAGS),
    "Association": _resource(
        "AWS::EC2::SubnetRouteTableAssociation", RouteTableId=_ref("Table"), SubnetId=_ref("SubnetA")
    ),
    "Gateway": _resource("AWS::EC2::InternetGateway", Tags=TAGS),
    "Attachment": _resource("AWS::EC2::VPCGatewayAttachment", VpcId=_ref("Vpc"), InternetGatewayId=_ref("Gateway")),
    "Route": {
        **_resource(
            "AWS::EC2::Route",
            RouteTableId=_ref("Table"),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=_ref("Gateway"),
        ),
        "DependsOn": "Attachment",
    },
    "Address": _resource("AWS::EC2::EIP", Domain="vpc", Tags=TAGS),
    "Nat": _resource(
        "AWS::EC2::NatGateway", AllocationId=_att("Address", "AllocationId"), SubnetId=_ref("SubnetA"), Tags=TAGS
    ),
    "FlowLog": _resource(
        "AWS::EC2::FlowLog",
        ResourceId=_ref("Vpc"),
        ResourceType="VPC",
        TrafficType="REJECT",
        LogDestinationType="cloud-watch-logs",
        LogGroupName=_ref("LogGroup"),
        DeliverLogsPermissionArn=_att("Role", "Arn"),
        MaxAggregationInterval=60,
        Tags=TAGS,
    ),
    "Group": _resource(
        "AWS::EC2::SecurityGroup",
        GroupDescription="The clients",
        GroupName="clients",
        VpcId=_ref("Vpc"),
        SecurityGroupIngress=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": "443", "CidrIp": "10.0.0.0/8", "Description": "inside"},
            {"IpProtocol": "-1", "CidrIpv6": "fd00::/8"},
        ],
        SecurityGroupEgress=[{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "all"}],
        Tags=TAGS,
    ),
    "Server": _resource(
        "AWS::EC2::SecurityGroup",
        GroupDescription="The server",
        VpcId=_ref("Vpc"),
        SecurityGroupIngress=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}],
        SecurityGroupEgress=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.1/32"}],
    ),
    "Ingress": _resource(
        "AWS::EC2::SecurityGroupIngress",
        GroupId=_att("Server", "GroupId"),
        IpProtocol="tcp",
        FromPort=5432,
        ToPort=5432,
        SourceSecurityGroupId=_att("Group", "GroupId"),
        Description="clients",
    ),
    "Egress": _resource(
        "AWS::EC2::SecurityGroupEgress",
        GroupId=_att("Server", "GroupId"),
        IpProtocol="udp",
        FromPort=53,
        ToPort=53,
        CidrIp="10.0.0.2/32",
        Description="names",
    ),
}

_DATA: Final = {
    "Key": _resource(
        "AWS::KMS::Key",
        Description="The key",
        Enabled=True,
        EnableKeyRotation=True,
        Origin="AWS_KMS",
        KeySpec="SYMMETRIC_DEFAULT",
        KeyUsage="ENCRYPT_DECRYPT",
        MultiRegion=False,
        PendingWindowInDays=7,
        RotationPeriodInDays=180,
        KeyPolicy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        },
        Tags=TAGS,
    ),
    "Alias": _resource("AWS::KMS::Alias", AliasName="alias/wide", TargetKeyId=_ref("Key")),
    "Parameters": _resource(
        "AWS::RDS::DBParameterGroup",
        DBParameterGroupName="wide",
        Description="The parameters",
        Family="postgres15",
        Parameters={"rds.force_ssl": "1", "log_statement": "ddl"},
        Tags=TAGS,
    ),
    "Subnets": _resource(
        "AWS::RDS::DBSubnetGroup",
        DBSubnetGroupDescription="The subnets",
        DBSubnetGroupName="Wide-Subnets",
        SubnetIds=[_ref("SubnetA"), _ref("SubnetB")],
        Tags=TAGS,
    ),
    "Database": _resource(
        "AWS::RDS::DBInstance",
        AllocatedStorage="100",
        AutoMinorVersionUpgrade=False,
        BackupRetentionPeriod=7,
        CACertificateIdentifier="rds-ca-rsa2048-g1",
        CopyTagsToSnapshot=True,
        DBInstanceClass="db.m7g.large",
        DBInstanceIdentifier="Wide-Database",
        DBName="wide",
        DBParameterGroupName=_ref("Parameters"),
        DBSubnetGroupName=_ref("Subnets"),
        DatabaseInsightsMode="standard",
        DedicatedLogVolume=False,
        EngineLifecycleSupport="open-source-rds-extended-support-disabled",
        PromotionTier=1,
        DeletionProtection=False,
        EnableCloudwatchLogsExports=["upgrade", "postgresql"],
        EnableIAMDatabaseAuthentication=True,
        EnablePerformanceInsights=True,
        Engine="postgres",
        EngineVersion="15.14",
        Iops=3000,
        KmsKeyId=_att("Key", "Arn"),
        LicenseModel="postgresql-license",
        MasterUserPassword={"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password::}}"},
        MasterUsername="admin_user",
        MaxAllocatedStorage=200,
        MonitoringInterval=60,
        MonitoringRoleArn=_att("Role", "Arn"),
        MultiAZ=True,
        NetworkType="IPV4",
        PerformanceInsightsKMSKeyId=_att("Key", "Arn"),
        PerformanceInsightsRetentionPeriod=7,
        Port="5432",
        PreferredBackupWindow="01:00-02:00",
        PreferredMaintenanceWindow="Sun:03:00-Sun:04:00",
        PubliclyAccessible=False,
        StorageEncrypted=True,
        StorageThroughput=125,
        StorageType="gp3",
        Tags=TAGS,
        VPCSecurityGroups=[_att("Server", "GroupId")],
    ),
    "Secret": _resource(
        "AWS::SecretsManager::Secret",
        Name="wide",
        Description="The login",
        GenerateSecretString={
            "ExcludeCharacters": '"@/\\',
            "GenerateStringKey": "password",
            "PasswordLength": 24,
            "SecretStringTemplate": '{"username":"admin_user"}',
        },
        KmsKeyId=_att("Key", "Arn"),
        Tags=TAGS,
    ),
    "Login": _resource(
        "AWS::SecretsManager::SecretTargetAttachment",
        SecretId=_ref("Secret"),
        TargetId=_ref("Database"),
        TargetType="AWS::RDS::DBInstance",
    ),
    "SecretPolicy": _resource(
        "AWS::SecretsManager::ResourcePolicy",
        SecretId=_ref("Secret"),
        ResourcePolicy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "secretsmanager:DeleteSecret",
                    "Resource": "*",
                }
            ],
        },
        BlockPublicPolicy=True,
    ),
    "Stream": _resource(
        "AWS::Kinesis::Stream",
        Name="wide",
        DesiredShardLevelMetrics=["IncomingBytes", "OutgoingBytes"],
        MaxRecordSizeInKiB=2048,
        RetentionPeriodHours=48,
        ShardCount=2,
        StreamEncryption={"EncryptionType": "KMS", "KeyId": _ref("Key")},
        StreamModeDetails={"StreamMode": "PROVISIONED"},
        Tags=TAGS,
    ),
    "OnDemand": _resource("AWS::Kinesis::Stream", StreamModeDetails={"StreamMode": "ON_DEMAND"}),
}

_COMPUTE: Final = {
    "Role": _resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument=_trust("lambda.amazonaws.com"),
        Description="The role",
        ManagedPolicyArns=[
            {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
            _ref("Managed"),
        ],
        MaxSessionDuration=7200,
        Path="/wide/",
        PermissionsBoundary=_ref("Managed"),
        Policies=[{"PolicyName": "Inline", "PolicyDocument": _allow("s3:GetObject")}],
        RoleName="wide",
        Tags=TAGS,
    ),
    "Policy": _resource(
        "AWS::IAM::Policy",
        PolicyName="Streams",
        PolicyDocument=_allow("kinesis:ListShards", _att("Stream", "Arn")),
        Roles=[_ref("Role")],
    ),
    "Managed": _resource(
        "AWS::IAM::ManagedPolicy",
        Description="Managed",
        ManagedPolicyName="wide",
        Path="/",
        PolicyDocument=_allow("logs:PutLogEvents"),
    ),
    "Function": _resource(
        "AWS::Lambda::Function",
        Architectures=["arm64"],
        Code={"ZipFile": "def handle(event, context): pass"},
        Description="The function",
        Environment={"Variables": {"STREAM": _ref("Stream"), "EMPTY_IS_FINE": "x"}},
        EphemeralStorage={"Size": 1024},
        FunctionName="wide",
        Handler="index.handle",
        KmsKeyArn=_att("Key", "Arn"),
        LoggingConfig={"LogFormat": "JSON", "LogGroup": _ref("LogGroup"), "SystemLogLevel": "WARN"},
        MemorySize="512",
        PackageType="Zip",
        ReservedConcurrentExecutions=5,
        Role=_att("Role", "Arn"),
        Runtime="python3.13",
        DeadLetterConfig={"TargetArn": _att("DeadLetters", "Arn")},
        RecursiveLoop="Terminate",
        RuntimeManagementConfig={"UpdateRuntimeOn": "Auto"},
        SnapStart={"ApplyOn": "PublishedVersions"},
        Tags=TAGS,
        Timeout=30,
        TracingConfig={"Mode": "Active"},
        VpcConfig={"SecurityGroupIds": [_att("Group", "GroupId")], "SubnetIds": [_ref("SubnetB"), _ref("SubnetA")]},
    ),
    "Mapping": _resource(
        "AWS::Lambda::EventSourceMapping",
        BatchSize=10,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": _att("DeadLetters", "Arn")}},
        Enabled=True,
        EventSourceArn=_att("Stream", "Arn"),
        FilterCriteria={"Filters": [{"Pattern": '{"data": {"kind": ["order"]}}'}]},
        FunctionName=_ref("Function"),
        FunctionResponseTypes=["ReportBatchItemFailures"],
        KmsKeyArn=_att("Key", "Arn"),
        MaximumBatchingWindowInSeconds=5,
        MaximumRecordAgeInSeconds=3600,
        MaximumRetryAttempts=3,
        ParallelizationFactor=2,
        StartingPosition="LATEST",
        Tags=TAGS,
        TumblingWindowInSeconds=30,
    ),
    "Permission": _resource(
        "AWS::Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName=_att("Function", "Arn"),
        Principal="events.amazonaws.com",
        SourceAccount=_ref("AWS::AccountId"),
        SourceArn={"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/x"},
    ),
    "PermissionOfUrl": _resource(
        "AWS::Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName=_att("Function", "Arn"),
        Principal="*",
        InvokedViaFunctionUrl=True,
    ),
    "LogGroup": _resource(
        "AWS::Logs::LogGroup",
        KmsKeyId=_att("Key", "Arn"),
        DeletionProtectionEnabled=False,
        LogGroupClass="STANDARD",
        LogGroupName="/wide",
        RetentionInDays=30,
        Tags=TAGS,
    ),
}

_MESSAGES: Final = {
    "Topic": _resource(
        "AWS::SNS::Topic",
        DisplayName="Wide",
        KmsMasterKeyId=_ref("Key"),
        SignatureVersion="2",
        Subscription=[{"Endpoint": _att("DeadLetters", "Arn"), "Protocol": "sqs"}],
        Tags=TAGS,
        DataProtectionPolicy={"Name": "p", "Version": "2021-06-01", "Statement": []},
        DeliveryStatusLogging=[{"Protocol": "lambda", "SuccessFeedbackSampleRate": "10"}],
        TopicName="wide",
        TracingConfig="Active",
    ),
    "TopicPolicy": _resource(
        "AWS::SNS::TopicPolicy",
        PolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "alarms",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": ["sns:Publish"],
                    "Resource": _ref("Topic"),
                }
            ],
        },
        Topics=[_ref("Topic")],
    ),
    "Subscription": _resource(
        "AWS::SNS::Subscription",
        Endpoint=_att("Function", "Arn"),
        FilterPolicy={"kind": ["order"]},
        FilterPolicyScope="MessageAttributes",
        Protocol="lambda",
        RedrivePolicy={"deadLetterTargetArn": _att("DeadLetters", "Arn")},
        TopicArn=_ref("Topic"),
    ),
    "DeadLetters": _resource(
        "AWS::SQS::Queue",
        DelaySeconds=5,
        KmsDataKeyReusePeriodSeconds=600,
        KmsMasterKeyId=_ref("Key"),
        MaximumMessageSize=1024,
        MessageRetentionPeriod=1209600,
        RedriveAllowPolicy={"redrivePermission": "allowAll"},
        QueueName="wide-dead",
        ReceiveMessageWaitTimeSeconds=10,
        Tags=TAGS,
        VisibilityTimeout=60,
    ),
    "Fifo": _resource(
        "AWS::SQS::Queue", ContentBasedDeduplication=True, FifoQueue=True, QueueName="wide.fifo", Tags=TAGS
    ),
    "Queue": _resource(
        "AWS::SQS::Queue",
        RedrivePolicy={"deadLetterTargetArn": _att("DeadLetters", "Arn"), "maxReceiveCount": 3},
        SqsManagedSseEnabled=True,
    ),
    "QueuePolicy": _resource(
        "AWS::SQS::QueuePolicy",
        PolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": _att("DeadLetters", "Arn"),
                    "Condition": {"ArnEquals": {"aws:SourceArn": _ref("Topic")}},
                }
            ],
        },
        Queues=[_ref("DeadLetters")],
    ),
    "Alarm": _resource(
        "AWS::CloudWatch::Alarm",
        ActionsEnabled=True,
        AlarmActions=[_ref("Topic")],
        AlarmDescription="Too many",
        AlarmName="wide",
        ComparisonOperator="GreaterThanThreshold",
        DatapointsToAlarm=2,
        Dimensions=[{"Name": "FunctionName", "Value": _ref("Function")}],
        EvaluationPeriods=3,
        InsufficientDataActions=[_ref("Topic")],
        MetricName="Errors",
        Namespace="AWS/Lambda",
        OKActions=[_ref("Topic")],
        Period=60,
        Statistic="Sum",
        Tags=TAGS,
        Threshold=1.5,
        TreatMissingData="notBreaching",
        Unit="Count",
    ),
    "Percentile": _resource(
        "AWS::CloudWatch::Alarm",
        ComparisonOperator="GreaterThanThreshold",
        EvaluateLowSampleCountPercentile="ignore",
        EvaluationPeriods=1,
        ExtendedStatistic="p99",
        MetricName="Duration",
        Namespace="AWS/Lambda",
        Period=60,
        Threshold=100,
    ),
    "Expression": _resource(
        "AWS::CloudWatch::Alarm",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=100,
        Metrics=[
            {"Id": "ratio", "Expression": "errors * 2", "Label": "twice", "ReturnData": True},
            {
                "Id": "errors",
                "MetricStat": {
                    "Metric": {"MetricName": "Errors", "Namespace": "AWS/Lambda"},
                    "Period": 60,
                    "Stat": "Sum",
                },
                "ReturnData": False,
            },
        ],
    ),
}

_CUSTOM: Final = {
    "Custom": _resource("Custom::Thing", ServiceToken=_att("Function", "Arn"), Size="1"),
    "Other": _resource("AWS::CloudFormation::CustomResource", ServiceToken=_att("Function", "Arn")),
}

WIDE: Final[dict[str, Any]] = {
    "Resources": {**_NETWORK, **_DATA, **_COMPUTE, **_MESSAGES, **_CUSTOM},
    "Outputs": {
        "VpcId": {"Value": _ref("Vpc"), "Export": {"Name": "wide-vpc"}},
        "Endpoint": {
            "Value": {"Fn::Join": [":", [_att("Database", "Endpoint.Address"), _att("Database", "Endpoint.Port")]]}
        },
        "Topic": {"Value": _att("Topic", "TopicName")},
    },
}
