"""The stacks of one account and region as CloudFormation lists them; nothing here changes anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from stackproof.core.errors import TargetError
from stackproof.deployment.deployment import DeployedResource
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.live_stack import LiveStack, OtherStack
from stackproof.drift.native_drift import NativeDrift
from stackproof.proof.snapshot import GONE
from stackproof.targets.cloudformation.stacks import HALF_DONE, listed_resources
from stackproof.targets.failures import translated_errors
from stackproof.template.template import Template

__all__ = ["ACTIONS", "NATIVE_ACTIONS", "CloudFormationCatalog"]

ACTIONS: Final = (
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListExports",
    "cloudformation:ListStackInstances",
    "cloudformation:ListStackResources",
    "cloudformation:ListStacks",
    "tag:GetResources",
)
"""The actions of an audit besides those of its readers."""

NATIVE_ACTIONS: Final = (
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
)
"""What `--native` needs in addition. IAM calls detection a write; it changes CloudFormation's records, no resource."""

_THERE: Final = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
)

_ROWS: Final = 100
"""As many DescribeStackResources gives at the most."""

_ALSO: Final = {"AWS::DynamoDB::Table": ("AWS::DynamoDB::GlobalTable",)}
"""Types under which a stack may have made the same thing."""

Parse = Callable[[bytes, str], Template]
"""From the text of a template and the name of its stack; raises InputError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFormationCatalog:
    """`ports.StackCatalog` over CloudFormation's own API."""

    target: Target
    parse: Parse
    poll_interval: float = 2.0
    deadline: float = 900.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def names(self) -> tuple[str, ...]:
        """Every stack that is not nested in another; a REVIEW_IN_PROGRESS one does not count."""
        with translated_errors("listing the stacks"):
            rows = self._pages("list_stacks", "StackSummaries", StackStatusFilter=list(_THERE))
            return tuple(
                sorted(
                    str(row["StackName"]) for row in rows if not row.get("ParentId") and row["StackStatus"] in _THERE
                )
            )

    def others(self) -> tuple[OtherStack, ...]:
        """ListStacks, in every status of a stack that is there."""
        with translated_errors("listing the stacks"):
            rows = self._pages("list_stacks", "StackSummaries", StackStatusFilter=list(_THERE))
            return tuple(
                sorted(
                    OtherStack(
                        stack_id=str(row["StackId"]),
                        stack_name=str(row["StackName"]),
                        status=str(row["StackStatus"]),
                        is_settled=_is_settled(str(row["StackStatus"])),
                    )
                    for row in rows
                    if row["StackStatus"] in _THERE
                )
            )

    def template(self, stack_id: str, *, shown: str) -> Template:
        """GetTemplate."""
        with translated_errors(f"reading the template of stack {shown}"):
            return self._template(stack_id, shown)

    def resources(self, stack_id: str, *, shown: str) -> tuple[DeployedResource, ...]:
        """ListStackResources, less what the stack let go."""
        with translated_errors(f"listing the resources of stack {shown}"):
            rows = self._pages("list_stack_resources", "StackResourceSummaries", StackName=stack_id)
            return listed_resources(row for row in rows if row["ResourceStatus"] not in GONE)

    def stack(self, stack_name: str, *, shown: str, parent: str | None = None) -> LiveStack:
        """The stack; in the middle of an operation, or left half done by one, with that as the reason."""
        with translated_errors(f"reading stack {shown}"):
            found = self._described(stack_name, shown)
            status = str(found["StackStatus"])
            live = LiveStack(
                stack_name=shown,
                stack_id=str(found["StackId"]),
                account=self.target.account,
                region=self.target.region,
                status=status,
                changed=_changed(found),
                parent=parent,
                template=self._template(stack_name, shown),
            )
        if not _is_settled(status):
            return _busy(live, f"the stack is {status}")
        try:
            deployment = self.target.deployment(stack_name, body=live.template.body if live.template else None)
        except TargetError as error:
            if error.code == "Busy" or error.code in HALF_DONE:  # an operation has begun, or failed, in the meantime
                return _busy(live, str(error))
            raise
        return replace(live, deployment=deployment)

    def states(self, stacks: Mapping[str, str]) -> Mapping[str, tuple[str, str] | TargetError]:
        """One page of DescribeStacks; stacks that are not on it are read one by one."""
        statuses: dict[str, tuple[str, str] | TargetError] = {}
        for row in self._first_page() if len(stacks) > 1 else ():
            if row["StackId"] in stacks:
                statuses[str(row["StackId"])] = _state(row)
        for stack_id, shown in stacks.items():
            if stack_id not in statuses:
                statuses[stack_id] = self._state_of(stack_id, shown)
        return statuses

    def _first_page(self) -> Sequence[Mapping[str, Any]]:
        """Some stacks; none where a policy allows to ask only for single ones, or for any other reason."""
        with suppress(TargetError), translated_errors("reading stacks"):
            found: Sequence[Mapping[str, Any]] = self._client.describe_stacks()["Stacks"]
            return found
        return ()

    def _state_of(self, stack_id: str, shown: str) -> tuple[str, str] | TargetError:
        try:
            with translated_errors(f"reading stack {shown}"):
                return _state(self._described(stack_id, shown))
        except TargetError as error:
            return error

    def instances(self, stack_set: str) -> tuple[tuple[str, str, str], ...]:
        """ListStackInstances; the physical id of a stack set is its name and an id."""
        name = stack_set.partition(":")[0]
        with translated_errors(f"listing the instances of stack set {name}"):
            rows = self._pages("list_stack_instances", "Summaries", StackSetName=name)
            return tuple(sorted((str(row["Account"]), str(row["Region"]), str(row.get("StackId"))) for row in rows))

    def owner(self, resource_type: str, physical_id: str) -> str | None:
        """DescribeStackResources by the physical id; other types and released resources do not count."""
        types = {resource_type, *_ALSO.get(resource_type, ())}
        client = self._client
        with translated_errors(f"asking for the stack of {physical_id}"):
            try:
                rows = client.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
            except client.exceptions.ClientError as error:
                if "does not exist" in str(error):
                    return None
                raise
        names = sorted(
            str(row["StackName"])
            for row in rows
            if row["ResourceType"] in types
            and row.get("PhysicalResourceId") == physical_id
            and row["ResourceStatus"] not in GONE
        )
        if names or len(rows) < _ROWS:
            return names[0] if names else None
        return self._owner_among(sorted({str(row["StackName"]) for row in rows}), types, physical_id)

    def _owner_among(self, stack_names: Sequence[str], types: Collection[str], physical_id: str) -> str | None:
        """The stack that lists the resource: the answer for a large stack has only its first resources."""
        with translated_errors(f"asking for the stack of {physical_id}"):
            for name in stack_names:
                for summary in self._pages("list_stack_resources", "StackResourceSummaries", StackName=name):
                    if summary.get("PhysicalResourceId") == physical_id and summary["ResourceType"] in types:
                        return None if summary["ResourceStatus"] in GONE else name
        return None

    def tagged(self, key: str, value: str) -> frozenset[str]:
        """GetResources of the Resource Groups Tagging API."""
        with translated_errors(f"asking for what is tagged {key}={value}"):
            client = self.target.client("resourcegroupstaggingapi")
            pages = client.get_paginator("get_resources").paginate(TagFilters=[{"Key": key, "Values": [value]}])
            return frozenset(
                str(mapping["ResourceARN"]) for page in pages for mapping in page["ResourceTagMappingList"]
            )

    def native_drift(self, stack_id: str) -> tuple[NativeDrift, ...]:
        """DetectStackDrift, then what it found, page by page."""
        client = self._client
        with translated_errors("CloudFormation's drift detection"):
            run = client.detect_stack_drift(StackName=stack_id)["StackDriftDetectionId"]
            end = self.clock() + self.deadline
            while True:
                status = client.describe_stack_drift_detection_status(StackDriftDetectionId=run)
                if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                    break
                if self.clock() >= end:
                    raise TargetError(f"CloudFormation's drift detection takes over {self.deadline:.0f} s")
                self.sleep(self.poll_interval)
            if status["DetectionStatus"] == "DETECTION_FAILED":
                raise TargetError(
                    f"CloudFormation's drift detection failed: {status.get('DetectionStatusReason', 'no reason given')}"
                )
            return tuple(sorted(self._drifts(stack_id)))

    def _drifts(self, stack_id: str) -> Iterator[NativeDrift]:
        """Botocore has no paginator for it."""
        token: dict[str, str] = {}
        while True:
            page = self._client.describe_stack_resource_drifts(StackName=stack_id, MaxResults=100, **token)
            for drift in page["StackResourceDrifts"]:
                yield NativeDrift(
                    logical_id=str(drift["LogicalResourceId"]),
                    status=str(drift["StackResourceDriftStatus"]),
                    paths=tuple(
                        sorted(str(difference["PropertyPath"]) for difference in drift.get("PropertyDifferences", ()))
                    ),
                )
            if not page.get("NextToken"):
                return
            token = {"NextToken": str(page["NextToken"])}

    # -- calls

    @property
    def _client(self) -> Any:
        return self.target.client("cloudformation")

    def _described(self, stack_name: str, shown: str) -> Mapping[str, Any]:
        client = self._client
        try:
            found: list[Mapping[str, Any]] = client.describe_stacks(StackName=stack_name)["Stacks"]
        except client.exceptions.ClientError as error:
            if "does not exist" not in str(error):
                raise
            found = []
        if not found or found[0]["StackStatus"] == "DELETE_COMPLETE":
            where = f"account {self.target.account}, region {self.target.region}"
            raise TargetError(f"there is no stack {shown} in {where}", code="NoStack")
        return found[0]

    def _template(self, stack_name: str, shown: str) -> Template:
        """As it was written; where a macro rewrote it, as it came out, since that is what was deployed."""
        template = self._parsed(stack_name, shown, "Original")
        return self._parsed(stack_name, shown, "Processed") if template.transforms else template

    def _parsed(self, stack_name: str, shown: str, stage: str) -> Template:
        body = self._client.get_template(StackName=stack_name, TemplateStage=stage)["TemplateBody"]
        text = body if isinstance(body, str) else json.dumps(body, indent=1, default=str)
        return self.parse(text.encode(), shown)

    def _pages(self, operation: str, key: str, **parameters: Any) -> list[Mapping[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(**parameters)
        return [row for page in pages for row in page.get(key, ())]


def _state(found: Mapping[str, Any]) -> tuple[str, str]:
    return str(found["StackStatus"]), _changed(found)


def _is_settled(status: str) -> bool:
    return not status.endswith("_IN_PROGRESS") and status not in HALF_DONE


def _changed(found: Mapping[str, Any]) -> str:
    return str(found.get("LastUpdatedTime") or found.get("CreationTime") or "")


def _busy(live: LiveStack, detail: str) -> LiveStack:
    return replace(live, reason=UnprovenReason.BUSY, detail=detail)
