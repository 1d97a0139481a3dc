"""What holds data is kept when its stack, or its place in the template, goes away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, resolved, resources_of

_KEEPS = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


class DataOutlivesStack(CloudFormationLintRule):
    """`DeletionPolicy` counts when the resource is deleted, `UpdateReplacePolicy` when an update makes another one."""

    id = "E9502"
    shortdesc = "What holds data is retained"
    description = "DeletionPolicy and UpdateReplacePolicy of what holds data are Retain or Snapshot"
    tags = ("data",)
    resource_types = (
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EFS::FileSystem",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
    )

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        """The data of an instance in a cluster is the cluster's."""
        entry = template["Resources"][logical_id]
        in_cluster = "DBClusterIdentifier" in (entry.get("Properties") or {})
        return entry["Type"] != "AWS::RDS::DBInstance" or not in_cluster

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, resource, _ in resources_of(template, self.resource_types):
            if not self.applies(template, logical_id):
                continue
            for name in ("DeletionPolicy", "UpdateReplacePolicy"):
                # CloudFormation itself takes a snapshot of a database that is deleted, and of nothing else.
                is_database = name == "DeletionPolicy" and str(resource["Type"]).startswith("AWS::RDS::")
                policy = resolved(template, resource.get(name, "Snapshot" if is_database else "Delete"))
                path = ["Resources", logical_id, *([name] if name in resource else [])]
                if is_unknown(policy):
                    yield RuleMatch(path, f"{name} is not known before the deployment", kind="open")
                elif policy not in _KEEPS:
                    yield RuleMatch(path, f"{name} is {policy} (expected {', '.join(sorted(_KEEPS))})")


def _stream(**attributes: Any) -> dict[str, Any]:
    properties = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    return {"Resources": {"Stream": {"Type": "AWS::Kinesis::Stream", "Properties": properties, **attributes}}}


EXAMPLES = {
    "holding": [
        _stream(DeletionPolicy="Retain", UpdateReplacePolicy="Retain"),
        {"Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "UpdateReplacePolicy": "Snapshot"}}},
    ],
    "violated": [
        _stream(),
        _stream(DeletionPolicy="Delete", UpdateReplacePolicy="Retain"),
        _stream(DeletionPolicy="Retain"),
        {"Resources": {"Database": {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete"}}},
    ],
    "undecidable": [
        {
            "Transform": "AWS::LanguageExtensions",
            "Parameters": {"Keep": {"Type": "String"}},
            **_stream(DeletionPolicy={"Ref": "Keep"}, UpdateReplacePolicy="Retain"),
        },
    ],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
