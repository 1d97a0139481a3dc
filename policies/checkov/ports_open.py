"""From the internet, nothing but the web's own ports can be reached."""

from __future__ import annotations

from typing import Any

from checkov.cloudformation.checks.resource.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult
from rule_values import is_intrinsic, literal

_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
_WEB = frozenset({80, 443})


class PortsOpen(BaseResourceCheck):
    """Checkov's own checks know a few ports by number; this one knows the few that may be open."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure that only ports 80 and 443 are open to the internet",
            id="CKV_STACKPROOF_1",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"],
        )

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        """The gravest result over all rules of the group."""
        properties = conf.get("Properties") or {}
        self.evaluated_keys: list[str] = []
        if conf["Type"] == "AWS::EC2::SecurityGroupIngress":
            return _result(properties)
        rules = properties.get("SecurityGroupIngress") or []
        if is_intrinsic(rules):
            return CheckResult.UNKNOWN
        results = [_result(rule) for rule in (rules if isinstance(rules, list) else [rules])]
        for result in (CheckResult.FAILED, CheckResult.UNKNOWN):
            if result in results:
                self.evaluated_keys = [f"Properties/SecurityGroupIngress/[{results.index(result)}]"]
                return result
        return CheckResult.PASSED


def _result(rule: Any) -> CheckResult:
    if is_intrinsic(rule):
        return CheckResult.UNKNOWN
    sources = [rule[name] for name in ("CidrIp", "CidrIpv6") if name in rule]
    if not any(is_intrinsic(source) or source in _EVERYWHERE for source in sources):
        return CheckResult.PASSED
    first, last = (literal(rule.get(name, -1)) for name in ("FromPort", "ToPort"))
    is_everything = str(rule.get("IpProtocol")) == "-1"
    ports_known = is_everything or not (is_intrinsic(first) or is_intrinsic(last))
    if ports_known and not is_everything and first == last and first in _WEB:
        return CheckResult.PASSED
    is_known = ports_known and any(not is_intrinsic(source) and source in _EVERYWHERE for source in sources)
    return CheckResult.FAILED if is_known else CheckResult.UNKNOWN


check = PortsOpen()


def _group(port: Any, source: Any = "0.0.0.0/0", **more: Any) -> dict[str, Any]:
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": source, **more}
    group = {"GroupDescription": "d", "SecurityGroupIngress": [rule]}
    return {
        "Parameters": {"P": {"Type": "String"}, "Web": {"Type": "Number", "Default": 443}},
        "Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group}},
    }


def _ingress(**properties: Any) -> dict[str, Any]:
    basis = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "GroupId": "sg-1"}
    ingress = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {**basis, **properties}}
    return {"Parameters": {"P": {"Type": "String"}}, "Resources": {"Ingress": ingress}}


EXAMPLES = {
    "holding": [
        _group(443),
        _group({"Ref": "Web"}),
        _group(443, {"Ref": "P"}),
        _group(5432, "10.0.0.0/16"),
        _ingress(SourceSecurityGroupId="sg-2"),
        {"Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "d"}}}},
    ],
    "violated": [
        _group(5432),
        _group("5432"),
        _group(443, ToPort=8443),
        _group(443, IpProtocol="-1"),
        _ingress(CidrIp="0.0.0.0/0"),
        _ingress(CidrIpv6="::/0"),
    ],
    "undecidable": [
        _group(5432, {"Ref": "P"}),
        _group({"Ref": "P"}),
        _ingress(CidrIp={"Fn::ImportValue": "range"}),
    ],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
