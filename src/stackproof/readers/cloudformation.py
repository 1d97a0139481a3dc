"""Nested stacks as resources of their parent; what they hold is audited stack by stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, found_or_none, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "ValidationError"


def read_stack(request: ReadRequest) -> Reading | None:
    """DescribeStacks; no API returns the URL of its template."""
    client = request.client("cloudformation")
    answer = found_or_none(lambda: client.describe_stacks(StackName=request.physical_id), _GONE)
    live = next(iter(answer["Stacks"]), None) if answer else None
    if live is None or live["StackStatus"] == "DELETE_COMPLETE":
        return None
    builder = ReadingBuilder(request)
    builder.unread["/TemplateURL"] = UnprovenReason.WRITE_ONLY
    given = request.expected.get("Parameters")
    values = {
        str(parameter["ParameterKey"]): parameter.get("ParameterValue") for parameter in live.get("Parameters", ())
    }
    # Those that the parent does not give have the nested template's own defaults.
    parameters: dict[str, JsonValue] = {
        name: values[name] for name in (given if isinstance(given, Mapping) else ()) if name in values
    }
    for name, value in parameters.items():
        if value == "****":
            builder.unread[f"/Parameters/{name}"] = UnprovenReason.WRITE_ONLY
    return builder.build(
        {
            "Description": live.get("Description"),
            "NotificationARNs": live.get("NotificationARNs") or None,
            "Parameters": parameters or None,
            "Tags": tag_list(live.get("Tags")),
            "TemplateURL": None,
            "TimeoutInMinutes": live.get("TimeoutInMinutes"),
        },
        {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in live.get("Outputs", ())},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::CloudFormation::Stack": reads(read_stack, "cloudformation:DescribeStacks"),
}
