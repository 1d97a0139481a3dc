"""The members of a fleet: accounts from AWS Organizations, stacks from CloudFormation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from stackproof.deployment.ports import Target
from stackproof.drift.fleet.task import ListedStack, StackResources
from stackproof.proof.snapshot import GONE
from stackproof.targets.failures import translated_errors

__all__ = ["accounts_of", "resources_of", "stacks_of"]

_NOT_THERE: Final = frozenset({"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"})
_NESTED: Final = "AWS::CloudFormation::Stack"


def stacks_of(target: Target) -> tuple[ListedStack, ...]:
    """The stacks of the target's account and region with their tags, less those that are nested; sorted."""
    with translated_errors("listing the stacks"):
        pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
        rows = [stack for page in pages for stack in page["Stacks"]]
    return tuple(
        sorted(
            (
                ListedStack(
                    name=str(row["StackName"]),
                    tags={str(tag["Key"]): str(tag["Value"]) for tag in row.get("Tags", ())},
                )
                for row in rows
                if not row.get("ParentId") and row["StackStatus"] not in _NOT_THERE
            ),
            key=lambda stack: stack.name,
        )
    )


def resources_of(target: Target, stack_names: Sequence[str]) -> StackResources:
    """How many resources of each type the stacks and those nested in them have; no resource is read."""
    counts: Counter[str] = Counter()
    waiting, seen = list(stack_names), 0
    with translated_errors("listing the resources of stacks"):
        client = target.client("cloudformation")
        while waiting:
            seen += 1
            pages = client.get_paginator("list_stack_resources").paginate(StackName=waiting.pop())
            for summary in (row for page in pages for row in page["StackResourceSummaries"]):
                if summary["ResourceStatus"] in GONE:
                    continue
                counts[str(summary["ResourceType"])] += 1
                if summary["ResourceType"] == _NESTED and summary.get("PhysicalResourceId"):
                    waiting.append(str(summary["PhysicalResourceId"]))
    return StackResources(counts=dict(sorted(counts.items())), stacks=seen)


def accounts_of(target: Target, units: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Id and name of the accounts below the units, or of the whole organization; sorted.

    A closed account is among them: it refuses, and the run reports that until the account is excluded or removed.
    """
    with translated_errors("asking AWS Organizations for the accounts"):
        client = target.client("organizations")
        rows = [row for unit in units for row in _below(client, unit)] if units else _pages(client, "list_accounts")
    return tuple(sorted({(str(row["Id"]), str(row["Name"])) for row in rows}))


def _below(client: Any, unit: str) -> Iterator[Any]:
    yield from _pages(client, "list_accounts_for_parent", ParentId=unit)
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit)
    for child in [row for page in pages for row in page["OrganizationalUnits"]]:
        yield from _below(client, str(child["Id"]))


def _pages(client: Any, operation: str, **parameters: str) -> list[Any]:
    return [account for page in client.get_paginator(operation).paginate(**parameters) for account in page["Accounts"]]
