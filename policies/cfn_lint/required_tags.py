"""Whose a resource is, and what it is for, stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, resolved, resources_of

# A setting of this stack: the tags that every resource of the types below has.
REQUIRED = ("CostCenter", "Environment", "Owner", "Project")


class RequiredTags(CloudFormationLintRule):
    """Tags that are given to the stack as a whole at deployment do not show in a template."""

    id = "W9511"
    shortdesc = "Resources have the required tags"
    description = f"The tags {', '.join(REQUIRED)} are on everything that costs money or grants access"
    tags = ("tags",)
    resource_types = (
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::Table",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    )

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            keys, is_complete = _keys(template, properties.get("Tags"))
            missing = sorted(set(REQUIRED) - keys)
            if missing:
                path = ["Resources", logical_id, *(["Properties", "Tags"] if "Tags" in properties else [])]
                message = f"the tags {', '.join(missing)} are missing"
                yield RuleMatch(path, message, kind="fail" if is_complete else "open")


def _keys(template: dict[str, Any], value: Any) -> tuple[set[str], bool]:
    """The keys of the tags, and whether these are all."""
    tags = resolved(template, value)
    if tags is None or isinstance(tags, Mapping):
        return {str(tag) for tag in tags or ()}, True
    if not isinstance(tags, list):
        return set(), False
    rows = [resolved(template, tag) for tag in tags]
    keys = [resolved(template, row.get("Key")) for row in rows if isinstance(row, Mapping)]
    is_complete = not any(is_unknown(row) for row in (*rows, *keys))
    return {str(key) for key in keys if not is_unknown(key)}, is_complete


def _topic(*keys: Any, tags: Any = None) -> dict[str, Any]:
    properties = {"Tags": tags if tags is not None else [{"Key": key, "Value": "v"} for key in keys]}
    return {
        "Parameters": {"P": {"Type": "String"}, "Known": {"Type": "String", "Default": "Owner"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": properties}},
    }


EXAMPLES = {
    "holding": [
        _topic(*REQUIRED),
        _topic("More", *REQUIRED),
        _topic("CostCenter", "Environment", {"Ref": "Known"}, "Project"),
    ],
    "violated": [
        _topic(*REQUIRED[1:]),
        _topic(),
        _topic(*(tag.lower() for tag in REQUIRED)),
        {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}},
    ],
    "undecidable": [_topic("CostCenter", "Environment", {"Ref": "P"}, "Project"), _topic(tags={"Ref": "P"})],
    "not applicable": [{"Resources": {"Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": []}}}}],
}
