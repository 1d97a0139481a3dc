"""The flow logs show afterwards who talked to whom in the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, references, resolved, resources_of


class VpcFlowLogs(CloudFormationLintRule):
    """Which traffic a flow log records is for CKV2_STACKPROOF_1."""

    id = "E9509"
    shortdesc = "VPCs have a flow log"
    description = "There is a flow log on every VPC"
    tags = ("vpc", "logging")
    resource_types = ("AWS::EC2::VPC",)

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        logged, maybe = set(), False
        for _, _, properties in resources_of(template, ("AWS::EC2::FlowLog",)):
            subject = properties.get("ResourceId")
            if resolved(template, properties.get("ResourceType")) == "VPC":
                logged |= references(subject)
                maybe |= is_unknown(resolved(template, subject)) and not references(subject) & set(
                    template["Resources"]
                )
        for logical_id, _, _ in resources_of(template, self.resource_types):
            if logical_id not in logged:
                said = "no flow log names the VPC, unless one does by a value that is not known"
                path = ["Resources", logical_id]
                yield RuleMatch(path, said if maybe else "no flow log is on the VPC", kind="open" if maybe else "fail")


def _network(*subjects: Any, kind: str = "VPC") -> dict[str, Any]:
    resources: dict[str, Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
    for number, subject in enumerate(subjects):
        properties = {"ResourceId": subject, "ResourceType": kind, "TrafficType": "ALL"}
        resources[f"Log{number}"] = {"Type": "AWS::EC2::FlowLog", "Properties": properties}
    return {"Parameters": {"Id": {"Type": "String"}}, "Resources": resources}


EXAMPLES = {
    "holding": [_network({"Ref": "Vpc"}), _network("vpc-1", {"Fn::GetAtt": ["Vpc", "VpcId"]})],
    "violated": [_network(), _network("vpc-1"), _network("subnet-1", kind="Subnet")],
    "undecidable": [_network({"Ref": "Id"}), _network({"Fn::ImportValue": "vpc"})],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
