"""CloudFormation of one account and region: create or update a stack, wait for it, and read how it came out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stackproof.errors import TargetError
from stackproof.model.assembly import Stack
from stackproof.model.deployment import DeployedResource, Deployment
from stackproof.targets.assets import AssetStore
from stackproof.targets.failures import translated_errors

__all__ = ["CloudFormation", "Place"]

_IN_REQUEST: Final = 51_200  # bytes of a template that CreateStack takes; larger ones come from a bucket
_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_DONE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_HIDDEN: Final = "****"  # what CloudFormation shows of a parameter with NoEcho
_CONSEQUENCES: Final = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack goes, and how long one waits for it there. `pause` is the time between two looks, in seconds."""

    account: str
    region: str
    partition: str
    emulator: bool
    zones: Callable[[], tuple[str, ...]]
    parameters: Mapping[str, str] = field(default_factory=dict)
    deadline: float = 3600.0
    pause: float = 3.0
    progress: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class CloudFormation:
    """Stacks of one place. Everything that fails is a `TargetError`."""

    def __init__(self, client: Callable[[str], Any], place: Place) -> None:
        self._client = client
        self._place = place

    @property
    def _api(self) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        return self._client("cloudformation")

    def deploy(self, stack: Stack) -> Deployment:
        """Publish the stack's files, create or update it, and wait."""
        text = json.dumps(stack.template.body, separators=(",", ":"), default=str)
        place = self._place
        store = AssetStore(
            self._client("s3"),
            account=place.account,
            region=place.region,
            partition=place.partition,
            makes_buckets=place.emulator,
        )
        store.publish(stack)
        if place.emulator:
            self._put_bootstrap_version(stack)
        request: dict[str, Any] = {"StackName": stack.name, "Capabilities": list(_CAPABILITIES)}
        if len(text.encode()) <= _IN_REQUEST:
            request["TemplateBody"] = text
        else:
            request["TemplateURL"] = store.put_template(stack, text)
        with translated_errors(f"deploying stack {stack.name}"):
            self._create_or_update(stack, request)
        return self.deployment(stack.name)

    def deployment(self, stack_name: str) -> Deployment:
        """The stack as it runs; an error if there is none, or if an operation on it is under way or has failed."""
        with translated_errors(f"reading stack {stack_name}"):
            found = self.described(stack_name)
            if found is None:
                raise TargetError(f"there is no stack {stack_name} in {self._where()}", code="NoStack")
            status = str(found["StackStatus"])
            if status.endswith("_IN_PROGRESS"):
                raise TargetError(f"stack {stack_name} is in the middle of an operation: {status}", code="Busy")
            return self._deployment(found)

    def destroy(self, stack_name: str) -> None:
        """Delete the stack and wait; nothing to do if there is none."""
        with translated_errors(f"deleting stack {stack_name}"):
            found = self.described(stack_name)
            if found is None:
                return
            if found.get("EnableTerminationProtection"):
                raise TargetError(
                    f"stack {stack_name} has termination protection, which a person has to switch off first: aws "
                    f"cloudformation update-termination-protection --no-enable-termination-protection "
                    f"--stack-name {stack_name}",
                    code="TerminationProtection",
                )
            self._api.delete_stack(StackName=stack_name)
            ended = self._waited(str(found["StackId"]))
            status = "DELETE_COMPLETE" if ended is None else str(ended["StackStatus"])
            if status != "DELETE_COMPLETE":
                raise TargetError(
                    f"stack {stack_name} is not deleted ({status}): {self._reason(stack_name)}", code=status
                )

    def described(self, stack_name: str) -> Mapping[str, Any] | None:
        """What DescribeStacks says, or None if there is no such stack."""
        try:
            stacks = self._api.describe_stacks(StackName=stack_name)["Stacks"]
        except self._api.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: Mapping[str, Any] | None = next(iter(stacks), None)
        return None if found is None or found["StackStatus"] == "DELETE_COMPLETE" else found

    # -- create, update, wait

    def _create_or_update(self, stack: Stack, request: dict[str, Any]) -> None:
        before = self.described(stack.name)
        request["Parameters"] = self._parameters(stack, before)
        if before is None:
            self._api.create_stack(**request)
        else:
            status = str(before["StackStatus"])
            if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}:
                raise TargetError(
                    f"stack {stack.name} was never created ({status}): delete it, then deploy again", code=status
                )
            if not self._updated(request):
                return
        ended = self._waited(stack.name)
        status = "DELETE_COMPLETE" if ended is None else str(ended["StackStatus"])
        if status not in _DONE:
            raise TargetError(f"stack {stack.name} is not deployed ({status}): {self._reason(stack.name)}", code=status)

    def _updated(self, request: Mapping[str, Any]) -> bool:
        """Whether there was anything to update."""
        try:
            self._api.update_stack(**request)
        except self._api.exceptions.ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise
        return True

    def _parameters(self, stack: Stack, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Given values; for an existing stack, its own values for the rest."""
        kept = {each["ParameterKey"] for each in (before or {}).get("Parameters", ())}
        found: list[dict[str, Any]] = []
        for name in stack.template.section("Parameters"):
            if name in self._place.parameters:
                found.append({"ParameterKey": name, "ParameterValue": self._place.parameters[name]})
            elif name in kept:
                found.append({"ParameterKey": name, "UsePreviousValue": True})
        return found

    def _waited(self, stack_name: str) -> Mapping[str, Any] | None:
        """The stack once nothing is in progress, None if it is gone."""
        place = self._place
        end = place.clock() + place.deadline
        told = ""
        while True:
            found = self.described(stack_name)
            status = "DELETE_COMPLETE" if found is None else str(found["StackStatus"])
            if status != told:
                place.progress(f"{stack_name}: {status}")
                told = status
            if not status.endswith("_IN_PROGRESS"):
                return found
            if place.clock() >= end:
                raise TargetError(f"stack {stack_name} is still {status} after {place.deadline:.0f} s", code="Deadline")
            place.sleep(place.pause)

    def _reason(self, stack_name: str) -> str:
        """Why the last operation failed: the first resource that did, and what its service said."""
        events: list[Mapping[str, Any]] = []
        for page in self._api.get_paginator("describe_stack_events").paginate(StackName=stack_name):
            for each in page["StackEvents"]:
                events.append(each)
                if each.get("ResourceStatusReason") == "User Initiated":
                    return _first_failure(events)
        return _first_failure(events)

    def _put_bootstrap_version(self, stack: Stack) -> None:
        """The parameter by which CDK's templates make sure that the account is bootstrapped."""
        ssm = self._client("ssm")
        for declaration in stack.template.section("Parameters").values():
            name = declaration.get("Default") if isinstance(declaration, Mapping) else None
            if isinstance(name, str) and name.startswith("/cdk-bootstrap/"):
                with translated_errors(f"preparing stack {stack.name}"):
                    ssm.put_parameter(Name=name, Value="30", Type="String", Overwrite=True)

    # -- reading

    def _deployment(self, found: Mapping[str, Any]) -> Deployment:
        place = self._place
        parameters = {
            str(each["ParameterKey"]): str(each.get("ResolvedValue") or each.get("ParameterValue"))
            for each in found.get("Parameters", ())
        }
        return Deployment(
            stack_name=str(found["StackName"]),
            stack_id=str(found["StackId"]),
            status=str(found["StackStatus"]),
            account=place.account,
            region=place.region,
            partition=place.partition,
            resources=self._resources(str(found["StackName"])),
            outputs={str(each["OutputKey"]): str(each["OutputValue"]) for each in found.get("Outputs", ())},
            parameters={name: value for name, value in parameters.items() if value != _HIDDEN},
            exports=self._exports(),
            zones=place.zones(),
        )

    def _resources(self, stack_name: str) -> tuple[DeployedResource, ...]:
        rows = self._pages("list_stack_resources", "StackResourceSummaries", StackName=stack_name)
        return tuple(
            sorted(
                DeployedResource(
                    logical_id=str(each["LogicalResourceId"]),
                    physical_id=str(each.get("PhysicalResourceId") or ""),
                    resource_type=str(each["ResourceType"]),
                    status=str(each["ResourceStatus"]),
                )
                for each in rows
            )
        )

    def _exports(self) -> Mapping[str, str]:
        try:
            return {str(each["Name"]): str(each["Value"]) for each in self._pages("list_exports", "Exports")}
        except self._api.exceptions.ClientError:
            return {}  # without the permission an import stays unresolved, and says so

    def _pages(self, operation: str, key: str, **parameters: str) -> Sequence[Mapping[str, Any]]:
        pages = self._api.get_paginator(operation).paginate(**parameters)
        return [each for page in pages for each in page.get(key, ())]

    def _where(self) -> str:
        return f"account {self._place.account}, region {self._place.region}"


def _first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """Of an operation's events, the latest first: its first failure that is not the consequence of another."""
    for each in reversed(events):
        reason = str(each.get("ResourceStatusReason") or "")
        if str(each["ResourceStatus"]).endswith("_FAILED") and not reason.startswith(_CONSEQUENCES):
            return f"{each['LogicalResourceId']} ({each['ResourceType']}): {reason}"
    return "CloudFormation gives no reason"
