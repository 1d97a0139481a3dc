"""A database that is lost can be had back as it was on any of the last seven days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, literal, resolved, resources_of


class DatabaseBackups(CloudFormationLintRule):
    """Read replicas and the members of a cluster have no separate backups."""

    id = "E9501"
    shortdesc = "Databases keep backups for a week"
    description = "BackupRetentionPeriod is 7 days or more; without it RDS keeps one day"
    tags = ("rds", "backup")
    resource_types = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
    days = 7

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        properties = template["Resources"][logical_id].get("Properties") or {}
        return not {"DBClusterIdentifier", "SourceDBInstanceIdentifier"} & properties.keys() or (
            template["Resources"][logical_id]["Type"] == "AWS::RDS::DBCluster"
        )

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, properties in resources_of(template, self.resource_types):
            if not self.applies(template, logical_id):
                continue
            days = literal(resolved(template, properties.get("BackupRetentionPeriod")))
            path = ["Resources", logical_id, "Properties", "BackupRetentionPeriod"]
            if is_unknown(days):
                yield RuleMatch(path, "for how long backups are kept is not known before the deployment", kind="open")
            elif days is None:
                yield RuleMatch(path[:3], f"backups are kept for one day (expected {self.days} or more)")
            elif not isinstance(days, int) or days < self.days:
                yield RuleMatch(path, f"backups are kept for {days} days (expected {self.days} or more)")


def _database(**properties: Any) -> dict[str, Any]:
    return {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": properties}}


EXAMPLES = {
    "holding": [
        {"Resources": _database(BackupRetentionPeriod=7)},
        {"Resources": _database(BackupRetentionPeriod="14")},
        {
            "Parameters": {"Days": {"Type": "Number", "Default": 8}},
            "Resources": _database(BackupRetentionPeriod={"Ref": "Days"}),
        },
    ],
    "violated": [
        {"Resources": _database(BackupRetentionPeriod=0)},
        {"Resources": _database(BackupRetentionPeriod="6")},
        {"Resources": _database()},
        {"Resources": {"Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "aurora-postgresql"}}}},
    ],
    "undecidable": [
        {"Parameters": {"Days": {"Type": "Number"}}, "Resources": _database(BackupRetentionPeriod={"Ref": "Days"})},
        {"Resources": _database(BackupRetentionPeriod={"Fn::ImportValue": "days"})},
    ],
    "not applicable": [
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}},
        {"Resources": _database(SourceDBInstanceIdentifier="other")},
    ],
}
