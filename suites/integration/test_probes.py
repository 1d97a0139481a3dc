"""Probes that a person would write: what this stack is for, seen live."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stackproof.testing import Deployment, Prover, Stack, Target

if TYPE_CHECKING:
    from conftest import Live

Client = Callable[[str], Any]


def _key_arn(live: Live, aws_client: Client) -> str:
    """The ARN of the stack's own key."""
    key_id = live.one("AWS::KMS::Key").physical_id
    return str(aws_client("kms").describe_key(KeyId=key_id)["KeyMetadata"]["Arn"])


def test_key_is_the_customers_own_enabled_and_rotated(live: Live, aws_client: Client) -> None:
    key_id = live.one("AWS::KMS::Key").physical_id
    metadata = aws_client("kms").describe_key(KeyId=key_id)["KeyMetadata"]
    assert metadata["KeyManager"] == "CUSTOMER"
    assert metadata["Enabled"]
    assert aws_client("kms").get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]


def test_stream_is_active_and_has_the_shards_of_the_template(live: Live, aws_client: Client) -> None:
    stream = live.one("AWS::Kinesis::Stream")
    summary = aws_client("kinesis").describe_stream_summary(StreamName=stream.physical_id)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["OpenShardCount"] == stream.expected["ShardCount"] >= 2
    assert summary["RetentionPeriodHours"] == stream.expected["RetentionPeriodHours"]


def test_stream_is_encrypted_with_the_stacks_key(live: Live, aws_client: Client) -> None:
    stream = live.one("AWS::Kinesis::Stream")
    summary = aws_client("kinesis").describe_stream_summary(StreamName=stream.physical_id)["StreamDescriptionSummary"]
    assert summary["EncryptionType"] == "KMS"
    assert summary["KeyId"] == _key_arn(live, aws_client)


def test_function_runs_as_the_template_says(live: Live, aws_client: Client) -> None:
    function = live.one("AWS::Lambda::Function")
    found = aws_client("lambda").get_function_configuration(FunctionName=function.physical_id)
    assert found["Runtime"] == function.expected["Runtime"]
    assert found["Handler"] == function.expected["Handler"]
    assert found["Timeout"] == function.expected["Timeout"]
    assert found["MemorySize"] == function.expected["MemorySize"]
    assert found["Environment"]["Variables"] == function.expected["Environment"]["Variables"]


def test_function_sits_in_the_vpc_behind_its_own_security_group(live: Live, aws_client: Client) -> None:
    function = live.one("AWS::Lambda::Function")
    found = aws_client("lambda").get_function_configuration(FunctionName=function.physical_id)["VpcConfig"]
    assert set(found["SubnetIds"]) == set(function.expected["VpcConfig"]["SubnetIds"])
    assert found["SecurityGroupIds"] == function.expected["VpcConfig"]["SecurityGroupIds"]


def test_database_is_what_the_template_says(live: Live, aws_client: Client) -> None:
    database = live.one("AWS::RDS::DBInstance")
    found = aws_client("rds").describe_db_instances(DBInstanceIdentifier=database.physical_id)["DBInstances"][0]
    assert found["Engine"] == "postgres"
    assert found["EngineVersion"] == database.expected["EngineVersion"]
    assert found["MultiAZ"] is True
    assert found["BackupRetentionPeriod"] >= 7
    assert found["DeletionProtection"] is True


def test_database_is_encrypted_with_the_stacks_key_and_not_public(live: Live, aws_client: Client) -> None:
    database = live.one("AWS::RDS::DBInstance")
    found = aws_client("rds").describe_db_instances(DBInstanceIdentifier=database.physical_id)["DBInstances"][0]
    assert found["StorageEncrypted"] is True
    assert found["KmsKeyId"] == _key_arn(live, aws_client)
    assert found["PubliclyAccessible"] is False


def test_database_lives_in_subnets_without_a_way_out(live: Live, aws_client: Client) -> None:
    group = live.one("AWS::RDS::DBSubnetGroup")
    subnets = set(group.expected["SubnetIds"])
    assert len(subnets) >= 2, "one subnet is no Multi-AZ"
    tables = aws_client("ec2").describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": sorted(subnets)}]
    )["RouteTables"]
    assert {link["SubnetId"] for table in tables for link in table["Associations"] if "SubnetId" in link} >= subnets
    ways_out = [
        route
        for table in tables
        for route in table["Routes"]
        if route.get("GatewayId", "local") != "local" or "NatGatewayId" in route
    ]
    assert ways_out == []


def test_secret_holds_credentials_that_are_usable(live: Live, aws_client: Client, target: Target) -> None:
    """Every field that a client needs is there and belongs to this database; no value is ever printed."""
    secret = live.one("AWS::SecretsManager::Secret")
    database = live.one("AWS::RDS::DBInstance")
    endpoint = aws_client("rds").describe_db_instances(DBInstanceIdentifier=database.physical_id)["DBInstances"][0][
        "Endpoint"
    ]
    held = json.loads(target.secret_value(secret.physical_id))
    empty = sorted(name for name in ("username", "password", "host", "port", "engine") if not held.get(name))
    strong = len(held.get("password", "")) >= 16
    here = (held.get("host"), int(held.get("port", 0))) == (endpoint["Address"], endpoint["Port"])
    assert empty == []
    assert strong, "the password is shorter than 16 characters"
    assert here, "the secret names another database"


def test_event_source_links_this_stream_to_this_function(live: Live, aws_client: Client) -> None:
    mapping = live.one("AWS::Lambda::EventSourceMapping")
    stream = live.one("AWS::Kinesis::Stream")
    function = live.one("AWS::Lambda::Function")
    found = aws_client("lambda").get_event_source_mapping(UUID=mapping.physical_id)
    summary = aws_client("kinesis").describe_stream_summary(StreamName=stream.physical_id)["StreamDescriptionSummary"]
    assert found["EventSourceArn"] == summary["StreamARN"]
    assert found["FunctionArn"].rpartition(":")[2] == function.physical_id
    assert found["State"] in {"Enabled", "Enabling"}


def test_failed_batches_end_in_the_dead_letter_queue(live: Live, aws_client: Client) -> None:
    mapping = live.one("AWS::Lambda::EventSourceMapping")
    queue = live.one("AWS::SQS::Queue")
    attributes = aws_client("sqs").get_queue_attributes(QueueUrl=queue.physical_id, AttributeNames=["QueueArn"])
    found = aws_client("lambda").get_event_source_mapping(UUID=mapping.physical_id)
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == attributes["Attributes"]["QueueArn"]


def test_every_alarm_of_the_template_exists_and_acts_on_the_topic(live: Live, aws_client: Client) -> None:
    """Expected from the template, so that an account without alarms fails."""
    declared = {proven.physical_id: proven for proven in live.every("AWS::CloudWatch::Alarm")}
    topic = live.one("AWS::SNS::Topic").physical_id
    found = {
        alarm["AlarmName"]: alarm
        for page in aws_client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=sorted(declared))
        for alarm in page["MetricAlarms"]
    }
    assert set(found) == set(declared)
    assert {name for name, member in found.items() if topic not in member["AlarmActions"]} == set()
    assert {name for name, member in found.items() if not member["ActionsEnabled"]} == set()


def test_topic_is_encrypted_with_the_stacks_key(live: Live, aws_client: Client) -> None:
    topic = live.one("AWS::SNS::Topic").physical_id
    found = aws_client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert found["KmsMasterKeyId"] in _key_arn(live, aws_client)


def test_database_admits_the_function_alone(live: Live, aws_client: Client) -> None:
    """The security group of the database has exactly one way in: 5432 from the function's group."""
    database = live.one("AWS::RDS::DBInstance")
    function = live.one("AWS::Lambda::Function")
    groups = aws_client("ec2").describe_security_groups(GroupIds=list(database.expected["VPCSecurityGroups"]))
    admitted = [rule for group in groups["SecurityGroups"] for rule in group["IpPermissions"]]
    assert len(admitted) == 1, admitted
    rule = admitted[0]
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == function.expected["VpcConfig"]["SecurityGroupIds"]
    assert rule["IpRanges"] == []
    assert rule.get("Ipv6Ranges", []) == []


def test_no_security_group_is_open_to_the_world(live: Live, aws_client: Client) -> None:
    ids = [proven.physical_id for proven in live.every("AWS::EC2::SecurityGroup")]
    groups = aws_client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]
    assert {group["GroupId"] for group in groups} == set(ids)
    world = [
        (group["GroupId"], rule)
        for group in groups
        for rule in group["IpPermissions"]
        if any(range_.get("CidrIp") == "0.0.0.0/0" for range_ in rule["IpRanges"])
        or any(range_.get("CidrIpv6") == "::/0" for range_ in rule.get("Ipv6Ranges", []))
    ]
    assert world == []


def test_log_groups_keep_their_lines_as_long_as_the_template_says(live: Live, aws_client: Client) -> None:
    declared = {proven.physical_id: proven.expected["RetentionInDays"] for proven in live.every("AWS::Logs::LogGroup")}
    found = {
        group["logGroupName"]: group.get("retentionInDays")
        for page in aws_client("logs").get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
        if group["logGroupName"] in declared
    }
    assert found == declared


def test_stateful_resources_carry_the_tags_of_the_stack(live: Live, aws_client: Client) -> None:
    stream = live.one("AWS::Kinesis::Stream")
    database = live.one("AWS::RDS::DBInstance")
    on_stream = aws_client("kinesis").list_tags_for_stream(StreamName=stream.physical_id)["Tags"]
    on_database = aws_client("rds").describe_db_instances(DBInstanceIdentifier=database.physical_id)["DBInstances"][0]
    assert {(tag["Key"], tag["Value"]) for tag in on_stream} >= _tags(stream.expected["Tags"])
    assert {(tag["Key"], tag["Value"]) for tag in on_database["TagList"]} >= _tags(database.expected["Tags"])


def _tags(declared: list[dict[str, str]]) -> set[tuple[str, str]]:
    assert declared, "the template sets no tags"
    return {(tag["Key"], tag["Value"]) for tag in declared}


def test_outputs_match_reality(cdk_stack: Stack, deployment: Deployment, prover: Prover) -> None:
    """Every output of the template is there, with the value that its expression has for the live resources."""
    declared = cdk_stack.template.section("Outputs")
    expected = {name: prover.resolved(member["Value"]) for name, member in declared.items()}  # type: ignore[index,call-overload]
    assert expected, "the template has no outputs"
    assert dict(deployment.outputs) == {name: str(value) for name, value in expected.items()}
