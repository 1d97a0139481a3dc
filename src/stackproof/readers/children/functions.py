"""What invokes functions, and permissions to: event sources, permissions, aliases, URLs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from stackproof.drift.audit.children import ITSELF
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import chosen, found_or_none, pages, parsed
from stackproof.readers.children.policies import statements

__all__ = ["FAMILIES"]

_GONE: Final = "ResourceNotFoundException"
_OF_A_SOURCE: Final = (
    *("BatchSize", "DestinationConfig", "EventSourceArn", "FilterCriteria", "FunctionResponseTypes", "Queues"),
    *("SelfManagedEventSource", "SourceAccessConfigurations", "StartingPosition", "Topics"),
)
_FUNCTION: Final = ("AWS::Lambda::Function",)


def event_sources(request: ReadRequest) -> Iterator[Child]:
    """ListEventSourceMappings."""
    client = request.client("lambda")
    for mapping in pages(client, "list_event_source_mappings", "EventSourceMappings", FunctionName=request.physical_id):
        uuid = str(mapping["UUID"])
        yield Child(
            resource_type="AWS::Lambda::EventSourceMapping",
            child_id=uuid,
            physical_id=uuid,
            value={**chosen(mapping, _OF_A_SOURCE), "Enabled": mapping.get("State") not in {"Disabled", "Disabling"}},
        )


def permissions(request: ReadRequest) -> Iterator[Child]:
    """GetPolicy of the function."""
    client = request.client("lambda")
    answer: Any = found_or_none(lambda: client.get_policy(FunctionName=request.physical_id), _GONE)
    for statement in statements(parsed(answer["Policy"]) if answer else None, "AWS::Lambda::Permission"):
        # What CloudFormation adds has the physical id for its Sid.
        yield replace(statement, physical_id=statement.child_id, identity={ITSELF: statement.child_id})


def aliases(request: ReadRequest) -> Iterator[Child]:
    """ListAliases of the function."""
    client = request.client("lambda")
    for alias in pages(client, "list_aliases", "Aliases", FunctionName=request.physical_id):
        yield Child(
            resource_type="AWS::Lambda::Alias",
            child_id=str(alias["Name"]),
            physical_id=str(alias["AliasArn"]),
            value=chosen(alias, ("FunctionVersion", "Name", "RoutingConfig")),
        )


def urls(request: ReadRequest) -> Iterator[Child]:
    """GetFunctionUrlConfig of the function and of each of its aliases."""
    client = request.client("lambda")
    names = [alias["Name"] for alias in pages(client, "list_aliases", "Aliases", FunctionName=request.physical_id)]
    for name in ("", *names):
        qualifier = {"Qualifier": name} if name else {}
        read = partial(client.get_function_url_config, FunctionName=request.physical_id, **qualifier)
        url: Any = found_or_none(read, _GONE)
        if url is not None and str(url["FunctionArn"]).endswith(f":{name}" if name else ""):
            yield Child(
                resource_type="AWS::Lambda::Url",
                child_id=str(url["FunctionUrl"]),
                value=chosen(url, ("AuthType", "Cors", "InvokeMode")),
                identity={"Qualifier": name or None},
            )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    ChildFamily(
        name="event sources",
        owners=_FUNCTION,
        in_stacks=True,
        read=event_sources,
        actions=("lambda:ListEventSourceMappings",),
    ),
    ChildFamily(
        name="permissions of a function",
        owners=_FUNCTION,
        declared_by=(("AWS::Lambda::Permission", "FunctionName"),),
        in_stacks=True,
        ids_are_shared=True,
        read=permissions,
        actions=("lambda:GetPolicy",),
    ),
    ChildFamily(
        name="aliases of a function",
        owners=_FUNCTION,
        in_stacks=True,
        read=aliases,
        actions=("lambda:ListAliases",),
    ),
    ChildFamily(
        name="URLs of a function",
        owners=_FUNCTION,
        declared_by=(("AWS::Lambda::Url", "TargetFunctionArn"),),
        read=urls,
        actions=("lambda:GetFunctionUrlConfig", "lambda:ListAliases"),
    ),
)
