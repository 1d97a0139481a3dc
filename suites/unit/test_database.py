"""The database: it survives, it is private, and it is watched."""

import json

import pytest

from stackproof.testing import Match, StackQuery, TemplateAssertions

DATABASE = "AWS::RDS::DBInstance"


@pytest.mark.parametrize(
    "properties",
    [
        {"Engine": "postgres", "EngineVersion": Match.string_like_regexp(r"^1[5-9]\.\d+$")},
        {"MultiAZ": True},
        {"StorageEncrypted": True},
        {"PubliclyAccessible": False},
        {"DeletionProtection": True},
        {"CopyTagsToSnapshot": True},
        {"AutoMinorVersionUpgrade": False},
        {"EnableIAMDatabaseAuthentication": True},
        {"EnablePerformanceInsights": True},
        {"EnableCloudwatchLogsExports": Match.array_with(["postgresql", "upgrade"])},
        {"Port": "5432", "DBName": "tap"},
        {"StorageType": "gp3", "AllocatedStorage": Match.string_like_regexp("^[1-9][0-9]+$")},
    ],
    ids="-".join,
)
def test_the_database_is_set_up_as_it_must_be(template: TemplateAssertions, properties: dict[str, object]) -> None:
    template.resource_count_is(DATABASE, 1)
    template.all_resources_properties(DATABASE, properties)


def test_backups_are_kept_for_a_week_or_more(stack: StackQuery) -> None:
    assert stack.value(stack.resource(DATABASE), "/BackupRetentionPeriod") >= 7


def test_a_snapshot_is_taken_before_the_database_goes(template: TemplateAssertions) -> None:
    template.all_resources(DATABASE, {"DeletionPolicy": "Snapshot", "UpdateReplacePolicy": "Snapshot"})


def test_enhanced_monitoring_has_its_role(stack: StackQuery) -> None:
    database = stack.resource(DATABASE)
    assert stack.value(database, "/MonitoringInterval") in {1, 5, 10, 15, 30, 60}
    role = stack.resource(
        "AWS::IAM::Role",
        where={"AssumeRolePolicyDocument": {"Statement": [{"Principal": {"Service": "monitoring.rds.amazonaws.com"}}]}},
    )
    assert stack.references(database, "/MonitoringRoleArn") == (role.logical_id,)
    assert "AmazonRDSEnhancedMonitoringRole" in str(stack.value(role, "/ManagedPolicyArns"))


def test_the_database_stands_in_the_isolated_subnets(stack: StackQuery) -> None:
    group = stack.resource("AWS::RDS::DBSubnetGroup")
    assert stack.references(stack.resource(DATABASE), "/DBSubnetGroupName") == (group.logical_id,)
    isolated = Match.array_with([{"Key": "aws-cdk:subnet-type", "Value": "Isolated"}])
    expected = stack.resources("AWS::EC2::Subnet", where={"Tags": isolated}).logical_ids
    assert stack.references(group, "/SubnetIds") == expected


def test_the_database_admits_5432_from_the_function_alone(stack: StackQuery) -> None:
    (group,) = stack.references(stack.resource(DATABASE), "/VPCSecurityGroups")
    rules = [
        resource for resource in stack.resources("AWS::EC2::SecurityGroupIngress")
        if stack.references(resource, "/GroupId") == (group,)
    ]  # fmt: skip
    assert len(rules) == 1
    ports = [stack.value(rules[0], path) for path in ("/IpProtocol", "/FromPort", "/ToPort")]
    assert ports == ["tcp", 5432, 5432]
    function = stack.references(stack.resource("AWS::Lambda::Function"), "/VpcConfig/SecurityGroupIds")
    assert stack.references(rules[0], "/SourceSecurityGroupId") == function


def test_the_password_is_generated_and_in_no_template(stack: StackQuery) -> None:
    secret = stack.resource("AWS::SecretsManager::Secret")
    assert stack.value(secret, "/GenerateSecretString/GenerateStringKey") == "password"
    assert stack.value(secret, "/GenerateSecretString/PasswordLength") >= 30
    assert "SecretString" not in secret.properties
    password = stack.value(stack.resource(DATABASE), "/MasterUserPassword")
    assert "{{resolve:secretsmanager:" in json.dumps(password)
    assert stack.references(stack.resource(DATABASE), "/MasterUserPassword") == (secret.logical_id,)


def test_the_secret_names_the_user_of_the_database(stack: StackQuery) -> None:
    seed = stack.value(stack.resource("AWS::SecretsManager::Secret"), "/GenerateSecretString/SecretStringTemplate")
    database = stack.resource(DATABASE)
    assert json.loads(seed) == {
        "username": stack.value(database, "/MasterUsername"),
        "dbname": stack.value(database, "/DBName"),
    }


def test_the_secret_learns_host_and_port_of_the_database(stack: StackQuery) -> None:
    attachment = stack.resource("AWS::SecretsManager::SecretTargetAttachment", where={"TargetType": DATABASE})
    assert stack.references(attachment, "/SecretId") == (stack.resource("AWS::SecretsManager::Secret").logical_id,)
    assert stack.references(attachment, "/TargetId") == (stack.resource(DATABASE).logical_id,)
