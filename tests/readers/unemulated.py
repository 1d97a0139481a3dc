"""Recorded answers for types that the emulator does not have."""

from __future__ import annotations

from typing import Final

from tests.live_fakes import ACCOUNT, failure
from tests.readers.examples import TAGS, Example

_ARN: Final = f"arn:aws:x:us-east-1:{ACCOUNT}:thing"
_FUNCTION: Final = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
_SECRET: Final = {
    "ARN": _ARN,
    "Name": "n",
    "RotationEnabled": True,
    "RotationLambdaARN": _FUNCTION,
    "RotationRules": {"AutomaticallyAfterDays": 30, "Duration": "2h"},
}

EXAMPLES: Final = (
    Example(
        resource_type="AWS::CloudWatch::CompositeAlarm",
        physical_id="c",
        answers={
            "describe_alarms": {
                "CompositeAlarms": [
                    {"AlarmName": "c", "AlarmArn": _ARN, "AlarmRule": "ALARM(a)", "AlarmActions": ["arn:t"]}
                ]
            },
            "list_tags_for_resource": {"Tags": TAGS},
        },
        properties={"AlarmName": "c", "AlarmRule": "ALARM(a)", "AlarmActions": ["arn:t"], "Tags": TAGS},
        attributes={"Arn": _ARN},
        gone=({"describe_alarms": {"CompositeAlarms": []}},),
        denied={"list_tags_for_resource": ("/Tags",)},
    ),
    Example(
        resource_type="AWS::Lambda::LayerVersion",
        physical_id=f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:3",
        expected={"LayerName": "l"},
        answers={"get_layer_version": {"Description": "d", "CompatibleRuntimes": ["python3.13"]}},
        properties={"LayerName": "l", "Description": "d", "CompatibleRuntimes": ["python3.13"]},
        attributes={"LayerVersionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:l:3"},
        gone=({"get_layer_version": failure("ResourceNotFoundException")},),
    ),
    Example(
        resource_type="AWS::SecretsManager::RotationSchedule",
        physical_id=_ARN,
        expected={"SecretId": "n"},
        answers={"describe_secret": _SECRET},
        properties={
            "SecretId": "n",
            "RotationLambdaARN": _FUNCTION,
            "RotationRules": {"AutomaticallyAfterDays": 30, "Duration": "2h"},
        },
        attributes={"Id": _ARN},
        gone=(
            {"describe_secret": {**_SECRET, "RotationEnabled": False}},
            {"describe_secret": failure("ResourceNotFoundException")},
        ),
    ),
)
