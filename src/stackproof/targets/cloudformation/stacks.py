"""CloudFormation of one account and region: create or update a stack, wait for it, and read how it came out."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from stackproof.core.errors import TargetError
from stackproof.deployment import deadlines
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.failure_cause import (
    Locate,
    Subject,
    explained_deadline,
    explained_failure,
    explained_refusal,
    explained_state,
)
from stackproof.deployment.stack_event import STACK, StackEvent
from stackproof.deployment.unproven_reason import TRANSIENT
from stackproof.proof.snapshot import GONE
from stackproof.targets.cloudformation.assets import AssetStore
from stackproof.targets.cloudformation.change_sets import make_change_set
from stackproof.targets.cloudformation.stack_events import EventFollower, with_nested
from stackproof.targets.failures import reason_of, translated_errors
from stackproof.template.assembly import Stack
from stackproof.template.location import Location

__all__ = ["CAPABILITIES", "HALF_DONE", "CloudFormation", "StackContext", "listed_resources"]

_IN_REQUEST: Final = 51_200  # bytes of a template that CreateStack takes; larger ones come from a bucket
CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
"""What a template may do by default, besides creating resources."""

_DONE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_ENDED: Final = frozenset({"DELETE_COMPLETE", "DELETE_FAILED"})  # of a nested stack that was deleted
_GONE: Final = GONE - {"CREATE_FAILED"}  # in a nested stack that failed there may be what was made before
_MADE: Final = "CREATE_COMPLETE"
_PUBLIC: Final = "/aws/service/"
_IMAGE: Final = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
_STAND_IN: Final = "/stackproof/image"
_NO_IMAGE: Final = "ami-00000000000000000"
HALF_DONE: Final = frozenset(
    {
        "CREATE_FAILED",
        "DELETE_FAILED",
        "IMPORT_ROLLBACK_FAILED",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_FAILED",
    }
)
"""After an operation that left the stack in one of these, no template describes what should exist."""

_HIDDEN: Final = "****"  # what CloudFormation shows of a parameter with NoEcho


@dataclass(frozen=True, slots=True, kw_only=True)
class StackContext:
    """The account and region of a stack, and how its operations run there; times are in seconds.

    `progress` gets one line for each planned change and for each event. `options` are the AWS CLI options for this
    account and region. With `tidied`, the caller deletes a stack that could not be created.
    """

    account: str
    region: str
    partition: str
    emulator: bool
    zones: Callable[[], tuple[str, ...]]
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: Sequence[str] = CAPABILITIES
    options: str = ""
    tidied: bool = False
    deadline: float = deadlines.ACCOUNT
    poll_interval: float = 3.0
    progress: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class CloudFormation:
    """Stacks of one account and region. Every failure is a `TargetError`."""

    def __init__(self, client: Callable[[str], Any], context: StackContext) -> None:
        self._client = client
        self._context = context

    @property
    def _api(self) -> Any:
        return self._client("cloudformation")

    def deploy(self, stack: Stack) -> Deployment:
        """Publish the stack's files, create or update it through a change set, and wait."""
        context = self._context
        with translated_errors(f"deploying stack {stack.name}"):
            before = self.described(stack.name)
        self._refuse_state(stack.name, before)
        text = json.dumps(stack.template.body, separators=(",", ":"), default=str)
        store = AssetStore(
            self._client("s3"),
            account=context.account,
            region=context.region,
            partition=context.partition,
            makes_buckets=context.emulator,
        )
        store.publish(stack)
        stand_ins: Mapping[str, str] = {}
        if context.emulator:
            self._put_bootstrap_version(stack)
            stand_ins = self._image_stand_ins(stack)
        request: dict[str, Any] = {
            "StackName": stack.name,
            "Capabilities": list(context.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(stack.tags.items())],
            "Parameters": self._parameters(stack, before, {**stand_ins, **context.parameters}),
        }
        if len(text.encode()) <= _IN_REQUEST:
            request["TemplateBody"] = text
        else:
            request["TemplateURL"] = store.put_template(stack, text)
        with self._explained(stack.name), translated_errors(f"deploying stack {stack.name}"):
            self._create_or_update(stack, request, before)
            if stack.termination_protection and not context.emulator:
                self._api.update_termination_protection(StackName=stack.name, EnableTerminationProtection=True)
        return self.deployment(stack.name)

    def deployment(self, stack_name: str) -> Deployment:
        """The running stack; raises TargetError if there is none, or if an operation is under way or failed."""
        with translated_errors(f"reading stack {stack_name}"):
            found = self.described(stack_name)
            if found is None:
                raise TargetError(f"there is no stack {stack_name} in {self._where()}", code="NoStack")
            status = str(found["StackStatus"])
            if status.endswith("_IN_PROGRESS"):
                raise TargetError(f"stack {stack_name} is in the middle of an operation: {status}", code="Busy")
            if status in HALF_DONE:
                raise TargetError(f"stack {stack_name} is left half done by an operation: {status}", code=status)
            return self._deployment(found)

    def destroy(self, stack_name: str, *, empty: bool = False) -> tuple[DeployedResource, ...]:
        """Delete the stack and wait; a missing stack is fine. Returns what the deletion kept."""
        subject = self._subject(stack_name)
        with self._explained(stack_name), translated_errors(f"deleting stack {stack_name}"):
            found = self.described(stack_name)
            if found is None:
                return ()
            if found.get("EnableTerminationProtection"):
                refusal = explained_refusal(subject, "ValidationError", "TerminationProtection is enabled")
                raise TargetError(str(refusal), code="TerminationProtection")
            stack_id = str(found["StackId"])
            follower = self._follower(stack_id)
            follower.skip()
            if empty:
                self._empty(stack_id)
            self._api.delete_stack(StackName=stack_name)
            ended = self._waited(stack_name, stack_id, follower, lambda _: None)
            status = "DELETE_COMPLETE" if ended is None else str(ended["StackStatus"])
            events = with_nested(self._api, follower.events, wanted=lambda event: event.status in _ENDED)
            if status != "DELETE_COMPLETE":
                remaining = sorted(
                    {event.logical_id for event in events if event.status == "DELETE_FAILED" and not event.is_of_stack}
                )
                explanation = f"; left over: {', '.join(remaining)}" if remaining else ""
                raise TargetError(self._why(stack_name, status, follower, lambda _: None) + explanation, code=status)
            return _kept(events)

    def described(self, stack_name: str) -> Mapping[str, Any] | None:
        """The row of DescribeStacks, or None if the stack does not exist."""
        try:
            stacks = self._api.describe_stacks(StackName=stack_name)["Stacks"]
        except self._api.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: Mapping[str, Any] | None = next(iter(stacks), None)
        return None if found is None or found["StackStatus"] == "DELETE_COMPLETE" else found

    # -- create, update, wait

    def _create_or_update(self, stack: Stack, request: dict[str, Any], before: Mapping[str, Any] | None) -> None:
        change_set_type = "CREATE" if before is None or before["StackStatus"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        follower = self._follower(stack.name)
        if change_set_type == "UPDATE":
            follower.skip()
        stack_id = self._start(stack, request, change_set_type)
        if stack_id is None:
            self._context.progress(f"{stack.name}: no changes")
            return
        ended = self._waited(stack.name, stack_id, follower, _located_in(stack))
        status = "DELETE_COMPLETE" if ended is None else str(ended["StackStatus"])
        if status not in _DONE:
            raise TargetError(self._why(stack.name, status, follower, _located_in(stack)), code=status)

    def _start(self, stack: Stack, request: dict[str, Any], change_set_type: str) -> str | None:
        """Begin to create or update; gives the stack's id, None if there is nothing to change."""
        made = make_change_set(
            self._api,
            request,
            change_set_type=change_set_type,
            still_waiting=self._limit(f"the change set of stack {stack.name}"),
        )
        if made is None:
            return self._start_without(request, change_set_type)
        if made.empty:
            return None
        for change in made.changes or ("no resource changes, but outputs or other settings may",):
            self._context.progress(f"{stack.name}: {change}")
        self._api.execute_change_set(ChangeSetName=made.id, StackName=made.stack_id)
        return made.stack_id

    def _start_without(self, request: Mapping[str, Any], change_set_type: str) -> str | None:
        """The same where the target has no change sets."""
        try:
            call = self._api.create_stack if change_set_type == "CREATE" else self._api.update_stack
            return str(call(**request)["StackId"])
        except self._api.exceptions.ClientError as error:
            if "No updates are to be performed" in str(error):
                return None
            raise

    def _parameters(
        self, stack: Stack, before: Mapping[str, Any] | None, given: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Given values; for an existing stack, its own values for the rest."""
        kept = {parameter["ParameterKey"] for parameter in (before or {}).get("Parameters", ())}
        found: list[dict[str, Any]] = []
        for name in stack.template.section("Parameters"):
            if name in given:
                found.append({"ParameterKey": name, "ParameterValue": given[name]})
            elif name in kept:
                found.append({"ParameterKey": name, "UsePreviousValue": True})
        return found

    def _waited(
        self, stack_name: str, stack_id: str, follower: EventFollower, locate: Locate
    ) -> Mapping[str, Any] | None:
        """The stack once nothing is in progress, None if it was deleted."""
        context = self._context
        end = context.clock() + context.deadline
        while True:
            found = self.described(stack_id)
            follower.follow()
            status = "DELETE_COMPLETE" if found is None else str(found["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return found
            if context.clock() >= end:
                events = with_nested(self._api, follower.events)
                subject = self._subject(stack_name)
                raise TargetError(
                    explained_deadline(subject, status, context.deadline, events, locate), code="Deadline"
                )
            context.sleep(context.poll_interval)

    def _limit(self, what: str) -> Callable[[str], None]:
        """A function that sleeps for one poll interval, and raises TargetError after the deadline."""
        context = self._context
        end = context.clock() + context.deadline

        def wait(status: str) -> None:
            if context.clock() >= end:
                raise TargetError(f"{what} is still {status} after {context.deadline:.0f} s", code="Deadline")
            context.sleep(context.poll_interval)

        return wait

    def _empty(self, stack_id: str) -> None:
        """Empty the buckets of the stack and of those it nests; failures surface when the bucket is deleted."""
        s3 = self._client("s3")
        for resource in self._resources(stack_id):
            if resource.resource_type == STACK and resource.physical_id and resource.status not in _GONE:
                self._empty(resource.physical_id)
            if resource.resource_type != "AWS::S3::Bucket" or not self._was_made(stack_id, resource):
                continue
            with contextlib.suppress(s3.exceptions.ClientError):
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=resource.physical_id):
                    rows = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                    objects = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
                    if objects:
                        s3.delete_objects(Bucket=resource.physical_id, Delete={"Objects": objects, "Quiet": True})

    def _was_made(self, stack_id: str, row: DeployedResource) -> bool:
        """Whether the stack made a row's resource: a creation that failed on a taken name shows a foreign resource."""
        if not row.physical_id or row.status in GONE:
            return False
        if row.status == _MADE:
            return True
        if row.status != "DELETE_FAILED" and not row.status.startswith("UPDATE_"):
            return False
        follower = EventFollower(self._api, stack_id)
        follower.follow()
        made = {(event.logical_id, event.physical_id) for event in follower.events if event.status == _MADE}
        return (row.logical_id, row.physical_id) in made

    # -- explaining

    def _subject(self, stack_name: str) -> Subject:
        return Subject(stack_name=stack_name, options=self._context.options, tidied=self._context.tidied)

    def _follower(self, stack_name: str) -> EventFollower:
        return EventFollower(self._api, stack_name, lambda event: self._context.progress(str(event)))

    def _why(self, stack_name: str, status: str, follower: EventFollower, locate: Locate) -> str:
        events = with_nested(self._api, follower.events)
        return explained_failure(self._subject(stack_name), status, events, locate)

    def _refuse_state(self, stack_name: str, found: Mapping[str, Any] | None) -> None:
        status = "" if found is None else str(found["StackStatus"])
        why = explained_state(self._subject(stack_name), status)
        if why is not None:
            raise TargetError(why, code="Busy" if status.endswith("_IN_PROGRESS") else status)

    @contextmanager
    def _explained(self, stack_name: str) -> Iterator[None]:
        """What CloudFormation refuses, with what to do about it, where that is known."""
        try:
            yield
        except TargetError as error:
            explanation = explained_refusal(self._subject(stack_name), error.code, str(error))
            if explanation is None or explanation == str(error):
                raise
            raise TargetError(explanation, service=error.service, operation=error.operation, code=error.code) from error

    def _put_bootstrap_version(self, stack: Stack) -> None:
        """The parameter by which CDK's templates make sure that the account is bootstrapped."""
        ssm = self._client("ssm")
        for declaration in stack.template.section("Parameters").values():
            name = declaration.get("Default") if isinstance(declaration, Mapping) else None
            if isinstance(name, str) and name.startswith("/cdk-bootstrap/"):
                with translated_errors(f"preparing stack {stack.name}"):
                    ssm.put_parameter(Name=name, Value="30", Type="String", Overwrite=True)

    def _image_stand_ins(self, stack: Stack) -> Mapping[str, str]:
        """Parameters for machine images whose public SSM parameter the emulator lacks, with the name of another one."""
        ssm = self._client("ssm")
        found: dict[str, str] = {}
        with translated_errors(f"preparing stack {stack.name}"):
            for name, declaration in stack.template.section("Parameters").items():
                default = declaration.get("Default") if isinstance(declaration, Mapping) else None
                if not (isinstance(default, str) and default.startswith(_PUBLIC)) or _IMAGE not in str(declaration):
                    continue
                if ssm.get_parameters(Names=[default])["InvalidParameters"]:
                    found[name] = _STAND_IN
        if found:
            ssm.put_parameter(Name=_STAND_IN, Value=_NO_IMAGE, Type="String", Overwrite=True)
        return found

    # -- reading

    def _deployment(self, found: Mapping[str, Any]) -> Deployment:
        context = self._context
        parameters = {
            str(parameter["ParameterKey"]): str(parameter.get("ResolvedValue") or parameter.get("ParameterValue"))
            for parameter in found.get("Parameters", ())
        }
        return Deployment(
            stack_name=str(found["StackName"]),
            stack_id=str(found["StackId"]),
            status=str(found["StackStatus"]),
            account=context.account,
            region=context.region,
            partition=context.partition,
            resources=self._resources(str(found["StackName"])),
            outputs={str(output["OutputKey"]): str(output["OutputValue"]) for output in found.get("Outputs", ())},
            parameters={name: value for name, value in parameters.items() if value != _HIDDEN},
            exports=self._exports(),
            zones=self._zones(),
            tags={str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags", ())},
        )

    def _resources(self, stack_name: str) -> tuple[DeployedResource, ...]:
        rows = self._pages("list_stack_resources", "StackResourceSummaries", StackName=stack_name)
        return listed_resources(rows)

    def _exports(self) -> Mapping[str, str]:
        try:
            return {str(export["Name"]): str(export["Value"]) for export in self._pages("list_exports", "Exports")}
        except self._api.exceptions.ClientError as error:
            if reason_of(error) in TRANSIENT:
                raise
            return {}  # without the permission an import stays unresolved

    def _zones(self) -> tuple[str, ...]:
        """The zones; without an answer from EC2 the stack is read all the same, and `Fn::GetAZs` stays unresolved."""
        try:
            return self._context.zones()
        except Exception as error:
            if reason_of(error) is None:
                raise
            return ()

    def _pages(self, operation: str, key: str, **parameters: str) -> Sequence[Mapping[str, Any]]:
        pages = self._api.get_paginator(operation).paginate(**parameters)
        return [row for page in pages for row in page.get(key, ())]

    def _where(self) -> str:
        return f"account {self._context.account}, region {self._context.region}"


def _located_in(stack: Stack) -> Locate:
    """Where resources of the stack, and of those that it nests, were written."""

    def locate(event: StackEvent) -> Location | None:
        for candidate in (stack, *_all_nested(stack)):
            mine = candidate is stack and event.stack_name == stack.name
            if mine or (candidate is not stack and candidate.name.rpartition("/")[2] in event.stack_name):
                found = candidate.template.resource(event.logical_id)
                if found is not None and found.resource_type == event.resource_type:
                    return found.location()
        return None

    return locate


def listed_resources(rows: Iterable[Mapping[str, Any]]) -> tuple[DeployedResource, ...]:
    """The rows of ListStackResources as values, in the order of their logical ids."""
    return tuple(
        sorted(
            DeployedResource(
                logical_id=str(row["LogicalResourceId"]),
                physical_id=str(row.get("PhysicalResourceId") or ""),
                resource_type=str(row["ResourceType"]),
                status=str(row["ResourceStatus"]),
            )
            for row in rows
        )
    )


def _kept(events: Iterable[StackEvent]) -> tuple[DeployedResource, ...]:
    found = {
        DeployedResource(
            logical_id=event.logical_id,
            physical_id=event.physical_id,
            resource_type=event.resource_type,
            status=event.status,
        )
        for event in events
        if event.status == "DELETE_SKIPPED"
    }
    return tuple(sorted(found))


def _all_nested(stack: Stack) -> list[Stack]:
    return [found for nested in stack.nested for found in (nested, *_all_nested(nested))]
