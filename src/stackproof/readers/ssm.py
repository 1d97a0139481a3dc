"""Parameters. The value of a SecureString is never read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, batch, covered, pages, reads

__all__ = ["READERS"]

_DESCRIBED_AT_ONCE: Final = 50
_READ_AT_ONCE: Final = 10


def read_parameter(request: ReadRequest) -> Reading | None:
    """DescribeParameters, GetParameters of all but SecureString parameters, and ListTagsForResource."""
    client = request.client("ssm")
    own = request.physical_id

    def described(names: Sequence[str]) -> list[Any]:
        wanted = [{"Key": "Name", "Option": "Equals", "Values": list(names)}]
        return pages(client, "describe_parameters", "Parameters", ParameterFilters=wanted)

    def values(names: Sequence[str]) -> list[Any]:
        return pages(client, "get_parameters", "Parameters", Names=list(names))

    known = batch(request, described, {own, *request.siblings}, own, at_most=_DESCRIBED_AT_ONCE)
    if all(parameter["Name"] != own for parameter in known) and len(request.siblings) > 1:
        known = described((own,))
    live = next((parameter for parameter in known if parameter["Name"] == own), None)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    value: JsonValue = None
    if live["Type"] == "SecureString":
        builder.unread["/Value"] = UnprovenReason.WRITE_ONLY
    else:
        plain = [parameter["Name"] for parameter in known if parameter["Type"] != "SecureString"]
        found: list[Any] = builder.call("/Value", lambda: batch(request, values, plain, own, at_most=_READ_AT_ONCE), [])
        value = next((parameter["Value"] for parameter in found if parameter["Name"] == own), None)
    tags: list[Any] = builder.call(
        "/Tags",
        lambda: client.list_tags_for_resource(ResourceType="Parameter", ResourceId=own).get("TagList", []),
        [],
    )
    return builder.build(
        {
            **covered(live, ("AllowedPattern", "DataType", "Description", "Name", "Tier", "Type")),
            "Tags": {tag["Key"]: tag["Value"] for tag in tags},
            "Value": value,
        },
        {"Type": live["Type"], "Value": value},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::SSM::Parameter": reads(
        read_parameter, "ssm:DescribeParameters", "ssm:GetParameters", "ssm:ListTagsForResource"
    )
}
