"""Logs are encrypted with a key that the account can take back."""

from __future__ import annotations

from typing import Any

from checkov.cloudformation.checks.resource.base_resource_check import BaseResourceCheck
from checkov.common.models.enums import CheckCategories, CheckResult
from rule_values import resolved


class LogGroupKey(BaseResourceCheck):
    """Any reference is a key; a choice that may give none is not known."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure that log groups are encrypted with a key of the account",
            id="CKV_STACKPROOF_2",
            categories=[CheckCategories.ENCRYPTION],
            supported_resources=["AWS::Logs::LogGroup"],
        )

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        """PASSED if a key is named."""
        key = (conf.get("Properties") or {}).get("KmsKeyId")
        self.evaluated_keys: list[str] = ["Properties/KmsKeyId"] if key else []
        if isinstance(key, dict) and "Fn::If" in key:
            return CheckResult.UNKNOWN
        return CheckResult.FAILED if resolved({}, key) in {None, ""} else CheckResult.PASSED


check = LogGroupKey()


def _group(**properties: Any) -> dict[str, Any]:
    return {
        "Parameters": {"Key": {"Type": "String"}},
        "Conditions": {"Secret": {"Fn::Equals": [{"Ref": "Key"}, ""]}},
        "Resources": {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30, **properties}}},
    }


EXAMPLES = {
    "holding": [_group(KmsKeyId={"Ref": "Key"}), _group(KmsKeyId="arn:aws:kms:us-east-1:1:key/1")],
    "violated": [_group(), _group(KmsKeyId={"Ref": "AWS::NoValue"})],
    "undecidable": [_group(KmsKeyId={"Fn::If": ["Secret", {"Ref": "AWS::NoValue"}, {"Ref": "Key"}]})],
    "not applicable": [{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}],
}
