"""A catalog of stacks in memory, and makers of stacks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from stackproof.core.errors import TargetError
from stackproof.deployment.deployment import DeployedResource
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.auditing import Auditor
from stackproof.drift.live_stack import LiveStack, OtherStack
from stackproof.drift.native_drift import NativeDrift
from stackproof.proof.observation import Reading
from stackproof.proof.ports import ReadRequest
from stackproof.template.template import Template
from tests.live_fakes import ACCOUNT, REGION, FakeSchemas, FakeTarget, deployment, template


class FakeCatalog:
    """Stacks by name or id; what is an exception is raised. `later` are stacks as a second look sees them."""

    def __init__(self, *stacks: LiveStack, **failing: Exception) -> None:
        self.stacks = {stack.stack_id: stack for stack in stacks}
        self.failing: dict[str, Exception] = dict(failing)
        self.later: dict[str, LiveStack] = {}
        self.sets: dict[str, tuple[tuple[str, str, str], ...]] = {}
        self.owners: dict[str, str | Exception] = {}
        self.tags: dict[str, frozenset[str] | Exception] = {}
        self.drifts: tuple[NativeDrift, ...] | Exception = ()
        self.asked: list[str] = []
        self.rows: dict[str, tuple[DeployedResource, ...]] = {}
        self._seen: set[str] = set()

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(stack.stack_name for stack in self.stacks.values() if stack.parent is None))

    def others(self) -> tuple[OtherStack, ...]:
        if "*" in self.failing:
            raise self.failing["*"]
        self.asked.append("others")
        return tuple(
            OtherStack(
                stack_id=stack.stack_id,
                stack_name=stack.stack_name,
                status=stack.status,
                is_settled=not stack.status.endswith("_IN_PROGRESS"),
            )
            for stack in self.stacks.values()
        )

    def template(self, stack_id: str, *, shown: str) -> Template:
        self.asked.append(f"template {shown}")
        if f"template {shown}" in self.failing:
            raise self.failing[f"template {shown}"]
        found = self.stacks[stack_id].template
        assert found is not None
        return found

    def resources(self, stack_id: str, *, shown: str) -> tuple[DeployedResource, ...]:
        assert stack_id in self.stacks
        self.asked.append(f"resources {shown}")
        if f"resources {shown}" in self.failing:
            raise self.failing[f"resources {shown}"]
        return self.rows[shown]

    def stack(self, stack_name: str, *, shown: str, parent: str | None = None) -> LiveStack:
        if stack_name in self.failing:
            raise self.failing[stack_name]
        found = next(
            (stack for stack in self.stacks.values() if stack_name in {stack.stack_id, stack.stack_name}), None
        )
        if found is None:
            raise TargetError(f"there is no stack {shown}", code="NoStack")
        if found.stack_id in self._seen:
            found = self.later.get(found.stack_id, found)
        self._seen.add(found.stack_id)
        return replace(found, stack_name=shown, parent=parent)

    def states(self, stacks: Mapping[str, str]) -> Mapping[str, tuple[str, str] | TargetError]:
        return {name: self._state(name, shown) for name, shown in stacks.items()}

    def _state(self, stack_id: str, shown: str) -> tuple[str, str] | TargetError:
        try:
            found = self.stack(stack_id, shown=shown)
        except TargetError as error:
            return error
        return found.status, found.changed

    def instances(self, stack_set: str) -> tuple[tuple[str, str, str], ...]:
        if stack_set in self.failing:
            raise self.failing[stack_set]
        return self.sets[stack_set]

    def owner(self, resource_type: str, physical_id: str) -> str | None:
        assert resource_type.startswith("AWS::")
        found = self.owners.get(physical_id)
        if isinstance(found, Exception):
            raise found
        return found

    def tagged(self, key: str, value: str) -> frozenset[str]:
        found = self.tags[f"{key}={value}"]
        if isinstance(found, Exception):
            raise found
        return found

    def native_drift(self, stack_id: str) -> tuple[NativeDrift, ...]:
        assert stack_id in self.stacks
        if isinstance(self.drifts, Exception):
            raise self.drifts
        return self.drifts


def caused(error: Exception, code: str = "") -> TargetError:
    """A TargetError with botocore's error as its cause, as adapters raise it."""
    made = TargetError(f"reading: {error}", code=code)
    made.__cause__ = error
    return made


def live_stack(
    name: str,
    resources: Mapping[str, tuple[str, str, Mapping[str, Any]]],
    **more: Any,
) -> LiveStack:
    """A stack of resources: logical id → (type, physical id, properties)."""
    body = {
        "Resources": {
            key: {"Type": kind, "Properties": dict(properties)} for key, (kind, _, properties) in resources.items()
        }
    }
    deployed = deployment({key: (kind, name) for key, (kind, name, _) in resources.items()}, stack_name=name)
    return LiveStack(
        **{
            "stack_name": name,
            "stack_id": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
            "account": ACCOUNT,
            "region": REGION,
            "status": "CREATE_COMPLETE",
            "template": template(body, name=name),
            "deployment": deployed,
            **more,
        }
    )


def busy(live: LiveStack) -> LiveStack:
    """The same stack while an operation goes on."""
    return replace(
        live,
        status="UPDATE_IN_PROGRESS",
        deployment=None,
        reason=UnprovenReason.BUSY,
        detail="the stack is UPDATE_IN_PROGRESS",
    )


def reader(
    readings: Mapping[str, Mapping[str, Any] | Exception | None],
) -> Callable[[ReadRequest], Reading | None]:
    """A reader that gives properties by physical id."""

    def read(request: ReadRequest) -> Reading | None:
        found = readings.get(request.physical_id)
        if isinstance(found, Exception):
            raise found
        return (
            None if found is None else Reading(properties=dict(found), attributes={"Arn": f"arn:{request.physical_id}"})
        )

    return read


def auditor(catalog: FakeCatalog, **more: Any) -> Auditor:
    """An auditor of a catalog in memory."""
    return Auditor(
        **{
            "target": FakeTarget(),
            "catalog": catalog,
            "readers": {},
            "families": (),
            "schemas": FakeSchemas(),
            "sources": {},
            "jobs": 2,
            **more,
        }
    )
