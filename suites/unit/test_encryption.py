"""One key for everything, and who may use it."""

from typing import Any

import pytest

from stackproof.testing import Match, StackQuery, TemplateAssertions

ENCRYPTED = [
    ("AWS::RDS::DBInstance", "/KmsKeyId"),
    ("AWS::RDS::DBInstance", "/PerformanceInsightsKMSKeyId"),
    ("AWS::Kinesis::Stream", "/StreamEncryption/KeyId"),
    ("AWS::SNS::Topic", "/KmsMasterKeyId"),
    ("AWS::SQS::Queue", "/KmsMasterKeyId"),
    ("AWS::SecretsManager::Secret", "/KmsKeyId"),
    ("AWS::Logs::LogGroup", "/KmsKeyId"),
    ("AWS::Lambda::Function", "/KmsKeyArn"),
]


def statements(stack: StackQuery) -> list[dict[str, Any]]:
    """The statements of the key's policy."""
    return list(stack.value(stack.resource("AWS::KMS::Key"), "/KeyPolicy")["Statement"])


@pytest.mark.parametrize(("resource_type", "path"), ENCRYPTED)
def test_everything_is_encrypted_with_the_key_of_the_stack(stack: StackQuery, resource_type: str, path: str) -> None:
    key = stack.resource("AWS::KMS::Key").logical_id
    used = [stack.references(resource, path) for resource in stack.resources(resource_type, authored=True)]
    assert used == [(key,)] * len(used)


def test_the_key_rotates(template: TemplateAssertions) -> None:
    template.resource_count_is("AWS::KMS::Key", 1)
    template.all_resources_properties("AWS::KMS::Key", {"EnableKeyRotation": True, "Enabled": Match.absent()})


def test_the_key_outlives_the_stack(template: TemplateAssertions) -> None:
    template.all_resources("AWS::KMS::Key", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})


def test_the_key_policy_names_its_principals(stack: StackQuery) -> None:
    found = statements(stack)
    assert {statement["Effect"] for statement in found} == {"Allow"}
    assert [statement for statement in found if statement["Principal"] in ("*", {"AWS": "*"})] == []


def test_only_the_account_itself_may_use_the_key_unconditionally(stack: StackQuery) -> None:
    (unconditional,) = [statement for statement in statements(stack) if "Condition" not in statement]
    assert ":root" in str(unconditional["Principal"]["AWS"])
    assert unconditional["Action"] == "kms:*"


def test_two_services_may_use_the_key_by_themselves(stack: StackQuery) -> None:
    services = {statement["Sid"]: statement for statement in statements(stack) if "Service" in statement["Principal"]}
    assert sorted(services) == ["AlarmsToEncryptedTopic", "CloudWatchLogsOfThisAccount"]
    alarms = services["AlarmsToEncryptedTopic"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} == {*alarms["Action"]}


def test_logs_use_the_key_for_log_groups_of_this_account_alone(stack: StackQuery) -> None:
    (logs,) = [statement for statement in statements(stack) if statement.get("Sid") == "CloudWatchLogsOfThisAccount"]
    context = str(logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"])
    assert "AWS::AccountId" in context
    assert ":log-group:*" in context


def test_no_service_may_administer_the_key(stack: StackQuery) -> None:
    granted = [
        action
        for statement in statements(stack)
        if "Service" in statement["Principal"]
        for action in statement["Action"]
    ]
    assert granted
    assert [action for action in granted if action in {"kms:*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"}] == []
