"""What others see of the stack: its outputs, its tags, its name; and what holds of all of it."""

import json
import re
from typing import Any

import pytest

from stackproof.testing import Match, SchemaSource, StackQuery, TemplateAssertions

OUTPUTS = {
    "VpcId": "AWS::EC2::VPC",
    "KeyArn": "AWS::KMS::Key",
    "DatabaseIdentifier": "AWS::RDS::DBInstance",
    "DatabaseEndpoint": "AWS::RDS::DBInstance",
    "DatabasePort": "AWS::RDS::DBInstance",
    "DatabaseSecretArn": "AWS::SecretsManager::SecretTargetAttachment",
    "DatabaseSecurityGroupId": "AWS::EC2::SecurityGroup",
    "StreamName": "AWS::Kinesis::Stream",
    "StreamArn": "AWS::Kinesis::Stream",
    "FunctionName": "AWS::Lambda::Function",
    "FunctionArn": "AWS::Lambda::Function",
    "FunctionLogGroupName": "AWS::Logs::LogGroup",
    "FunctionSecurityGroupId": "AWS::EC2::SecurityGroup",
    "DeadLetterQueueUrl": "AWS::SQS::Queue",
    "DeadLetterQueueArn": "AWS::SQS::Queue",
    "AlarmTopicArn": "AWS::SNS::Topic",
}
TAGS = {"Project", "Environment", "Owner", "CostCenter"}


def tags_of(value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Tags as a mapping, whichever of its two forms the type has."""
    return dict(value) if isinstance(value, dict) else {tag["Key"]: tag["Value"] for tag in value}


@pytest.mark.parametrize(("name", "resource_type"), OUTPUTS.items())
def test_consumers_find_what_they_need(
    template: TemplateAssertions, stack: StackQuery, name: str, resource_type: str
) -> None:
    template.has_output(name, {"Value": Match.any_value(), "Condition": Match.absent()})
    value = stack.output(name)["Value"]
    named = value.get("Ref") or value["Fn::GetAtt"][0]
    assert named in stack.resources(resource_type, authored=True).logical_ids


def test_there_are_no_other_outputs(stack: StackQuery) -> None:
    assert {*stack.outputs()} == {*OUTPUTS}


def test_no_output_gives_a_secret_away(stack: StackQuery) -> None:
    values = [json.dumps(output["Value"], sort_keys=True) for output in stack.outputs().values()]
    assert values
    assert [value for value in values if "resolve:" in value or "assword" in value] == []


def test_everything_that_takes_tags_has_ours(stack: StackQuery, resource_schemas: SchemaSource) -> None:
    untagged: list[str] = []
    tagged = 0
    for resource in stack.resources(authored=True):
        schema = resource_schemas.schema(resource.resource_type)
        path = schema.tag_property if schema else None
        if path is None:
            continue
        tagged += 1
        if not tags_of(resource.properties.get(path.removeprefix("/"), [])).keys() >= TAGS:
            untagged.append(f"{resource.logical_id} ({resource.resource_type}, {resource.location()})")
    assert untagged == []
    assert tagged > 20


def test_all_resources_say_the_same_in_their_tags(stack: StackQuery) -> None:
    values = {
        tuple(sorted((key, text) for key, text in tags_of(resource.properties["Tags"]).items() if key in TAGS))
        for resource in stack.resources(authored=True)
        if "Tags" in resource.properties
    }
    assert len(values) == 1


def test_what_holds_data_is_not_deleted_with_the_stack(stack: StackQuery) -> None:
    keeping = {
        resource.logical_id: (resource.body.get("DeletionPolicy"), resource.body.get("UpdateReplacePolicy"))
        for kind in ("AWS::RDS::DBInstance", "AWS::Kinesis::Stream", "AWS::KMS::Key", "AWS::Logs::LogGroup")
        for resource in stack.resources(kind, authored=True)
    }
    assert len(keeping) == 5
    assert {policy for both in keeping.values() for policy in both} == {"Retain", "Snapshot"}


def test_the_stack_fits_any_account_and_region(template: TemplateAssertions) -> None:
    text = json.dumps(template.to_json(), sort_keys=True)
    assert re.findall(r"\b\d{12}\b", text.replace("21474836480", "")) == []
    assert re.findall(r"\b(?:us|eu|ap|sa|ca)-[a-z]+-\d\b", text) == []


def test_the_stack_says_what_it_is_for(template: TemplateAssertions, stack: StackQuery) -> None:
    assert stack.name.startswith("TapStack")
    template.template_matches({"Description": Match.string_like_regexp("Kinesis.*PostgreSQL")})


def test_the_only_parameter_is_that_of_the_cdk_bootstrap(template: TemplateAssertions) -> None:
    assert [*template.find_parameters("*")] == ["BootstrapVersion"]


def test_no_resource_has_a_name_that_a_second_stack_would_need(stack: StackQuery) -> None:
    """Fixed names break a second environment in one account, and every replacement."""
    names = {
        "AWS::RDS::DBInstance": "DBInstanceIdentifier",
        "AWS::Kinesis::Stream": "Name",
        "AWS::SNS::Topic": "TopicName",
        "AWS::SQS::Queue": "QueueName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::IAM::Role": "RoleName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::CloudWatch::Alarm": "AlarmName",
    }
    named = [stack.resources(kind, where={name: Match.any_value()}).or_none() for kind, name in names.items()]
    assert named == [()] * len(names)


def test_no_policy_allows_everything(stack: StackQuery) -> None:
    allowed = [
        statement
        for resource in stack.resources("AWS::IAM::Policy")
        for statement in stack.value(resource, "/PolicyDocument")["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert len(allowed) > 3
    assert [statement for statement in allowed if statement["Action"] == "*"] == []


def test_every_authored_resource_names_the_line_that_made_it(stack: StackQuery) -> None:
    """Otherwise a finding could not be opened."""
    authored = stack.resources(authored=True)
    assert authored
    lost = [resource.logical_id for resource in authored if resource.location().line is None]
    assert lost == []
