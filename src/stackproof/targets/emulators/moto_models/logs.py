"""Log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, tag_map

__all__ = ["HANDLERS"]


def _create_group(call: Call) -> Created:
    name = call.name
    call.send(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=call.get("KmsKeyId"),
        logGroupClass=call.get("LogGroupClass"),
        tags=tag_map(call.get("Tags")) or None,
    )
    if "RetentionInDays" in call.properties:
        call.send("logs", "put_retention_policy", logGroupName=name, retentionInDays=call["RetentionInDays"])
    partition = "aws-cn" if call.region.startswith("cn-") else "aws-us-gov" if "-gov-" in call.region else "aws"
    arn = f"arn:{partition}:logs:{call.region}:{call.account}:log-group:{name}:*"
    return Created(physical_id=name, attributes={"Arn": arn})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::Logs::LogGroup": Handler(
        create=_create_group,
        delete=lambda call: call.send("logs", "delete_log_group", logGroupName=call.physical_id),
        name_property="LogGroupName",
    ),
}
