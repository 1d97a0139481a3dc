"""Catalogues of data, and where queries of them run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "EntityNotFoundException"
_OF_DATABASE: Final = (
    "CreateTableDefaultPermissions",
    "Description",
    "FederatedDatabase",
    "LocationUri",
    "Name",
    "Parameters",
    "TargetDatabase",
)
_OF_TABLE: Final = (
    "Description",
    "Name",
    "Owner",
    "Parameters",
    "PartitionKeys",
    "Retention",
    "StorageDescriptor",
    "TableType",
    "TargetTable",
    "ViewExpandedText",
    "ViewOriginalText",
)


def read_database(request: ReadRequest) -> Reading | None:
    """GetDatabase."""
    client = request.client("glue")
    catalog = chosen(request.expected, ("CatalogId",))
    answer = found_or_none(lambda: client.get_database(Name=request.physical_id, **catalog), _GONE)
    if answer is None:
        return None
    live = answer["Database"]
    return ReadingBuilder(request).build(
        {
            "CatalogId": live.get("CatalogId"),
            "DatabaseInput": chosen(live, _OF_DATABASE),
            "DatabaseName": live["Name"],
        },
        {},
    )


def read_table(request: ReadRequest) -> Reading | None:
    """GetTable."""
    client = request.client("glue")
    database = str(request.expected.get("DatabaseName"))
    catalog = chosen(request.expected, ("CatalogId",))
    answer = found_or_none(lambda: client.get_table(DatabaseName=database, Name=request.physical_id, **catalog), _GONE)
    if answer is None:
        return None
    live = answer["Table"]
    return ReadingBuilder(request).build(
        {
            "CatalogId": live.get("CatalogId"),
            "DatabaseName": live.get("DatabaseName", database),
            "TableInput": chosen(live, _OF_TABLE),
        },
        {},
    )


def read_work_group(request: ReadRequest) -> Reading | None:
    """GetWorkGroup and ListTagsForResource."""
    client = request.client("athena")
    own = request.physical_id
    answer = found_or_none(
        lambda: client.get_work_group(WorkGroup=own), "InvalidRequestException", "ResourceNotFoundException"
    )
    live: Mapping[str, Any] | None = (answer or {}).get("WorkGroup")
    if not live:
        return None
    builder = ReadingBuilder(request)
    tags: list[Any] = []
    if "Tags" in request.expected:
        arn = f"arn:{request.partition}:athena:{request.region}:{request.account}:workgroup/{own}"
        tags = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn).get("Tags", []), [])
    return builder.build(
        {
            **covered(live, ("Description", "Name", "State")),
            "Tags": tag_list(tags),
            "WorkGroupConfiguration": live.get("Configuration"),
        },
        {},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::Athena::WorkGroup": reads(read_work_group, "athena:GetWorkGroup", "athena:ListTagsForResource"),
    "AWS::Glue::Database": reads(read_database, "glue:GetDatabase"),
    "AWS::Glue::Table": reads(read_table, "glue:GetTable"),
}
