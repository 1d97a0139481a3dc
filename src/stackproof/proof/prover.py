"""Proof of a deployed stack: compares the template with the live state, resource by resource."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from stackproof.core.json import JsonObject, JsonValue, as_object
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.stack_event import STACK
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.arns import arn_of
from stackproof.proof.comparison import compared, leaf_paths
from stackproof.proof.contributions import Contribution, ContributionsOf, without_contributions
from stackproof.proof.live_values import circular_resources, live_context
from stackproof.proof.observation import DriftStatus, Reading, ResourceProof
from stackproof.proof.observer import Observation, Observer, RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.snapshot import GONE, Snapshot, not_memoized
from stackproof.proof.verdict import compared_proof, deleted_proof, unchecked_proof
from stackproof.template.intrinsics import Resolved, condition_holds, known, references, resolve, unresolved_in
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Resource, Template

__all__ = ["ProvableStack", "Prover", "prove_stack"]

_ALIAS: Final = "AWS::KMS::Alias"

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvableStack:
    """A stack of a run: its template, its deployment, and the readers of its types.

    `nested` are the logical ids of the nested stacks that the run proves as well, an error names any other one; None if
    the caller does not know them.
    """

    template: Template
    deployment: Deployment
    readers: Mapping[str, Reader]
    nested: Collection[str] | None = None


class Prover:
    """Proves the resources of one stack of a world; each is read once, whichever thread asks.

    `World` makes it. `contributions_of_all` asks all stacks of the world what they add to a list.
    """

    def __init__(
        self,
        *,
        stack: ProvableStack,
        target: Target,
        schemas: SchemaSource,
        retry_policy: RetryPolicy,
        snapshot: Snapshot,
        contributions_of_all: ContributionsOf,
    ) -> None:
        self.template = template = stack.template
        self.deployment = deployment = stack.deployment
        self._target = target
        self._readers = stack.readers
        self._schemas = schemas
        self._retry_policy = retry_policy
        self._observer = Observer(target, retry_policy, stack_name=deployment.stack_name)
        self._snapshot = snapshot
        self._contributions_of_all = contributions_of_all
        self._lock = threading.Lock()
        self._observed: dict[str, Future[Observation[Reading]]] = {}
        self._expected: dict[str, Mapping[str, Resolved]] = {}
        self._circular = circular_resources(template)
        self._unread_entries = frozenset(_unread_entries(stack))
        self._context = live_context(template, deployment, reference=self._reference, attribute=self._attribute)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Readers that broke, sorted; at level error, since something was not read."""
        return tuple(
            sorted(self._observer.notifications | self._unread_entries, key=lambda notification: notification.message)
        )

    def expected_ids(self) -> tuple[str, ...]:
        """The logical ids of all that has to be there, in the template's order; a false condition excuses."""
        return tuple(resource.logical_id for resource in self.template.resources if self._is_expected(resource))

    def expected(self, logical_id: str) -> Mapping[str, Resolved]:
        """The properties that the template sets, resolved against the deployment."""
        known_so_far = self._expected  # reading again replaces it
        if logical_id not in known_so_far:
            found = resolve(self._resource(logical_id).properties, self._context)
            known_so_far[logical_id] = found if isinstance(found, Mapping) else {}
        return known_so_far[logical_id]

    def resolved(self, value: JsonValue) -> Resolved:
        """Any value of the template, such as an output's, resolved against the deployment."""
        return resolve(value, self._context)

    def observe(self, logical_id: str) -> Observation[Reading]:
        """What is live of the resource; read once."""
        with self._lock:
            future = self._observed.get(logical_id)
            mine = future is None
            if future is None:
                future = self._observed[logical_id] = Future()
        if mine:
            try:
                future.set_result(self._read(self._resource(logical_id)))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def observe_by(self, logical_id: str, reader: Callable[[ReadRequest], _Read | None]) -> Observation[_Read]:
        """What another reader reads of the resource, by the same retry policy; it is not memoized."""
        resource = self._resource(logical_id)
        deployed = self._deployed(logical_id)
        return Observation() if deployed is None else self._observer.read(reader, self._request(resource, deployed))

    def prove(self, logical_id: str) -> ResourceProof:
        """The verdict on one resource; KeyError if the template has none of that id."""
        resource = self._resource(logical_id)
        deployed = self._deployed(logical_id)
        bare = ResourceProof(
            location=resource.location(),
            physical_id=deployed.physical_id or None if deployed else None,
            status=DriftStatus.NOT_CHECKED,
            custom=resource.is_custom,
        )
        if resource.is_custom:
            return self._unchecked(bare, resource, Observation(reason=UnprovenReason.NOT_EMULATED))
        if "Fn::Transform" in resource.properties:
            macro = "a macro writes its properties (Fn::Transform)"
            return self._unchecked(bare, resource, Observation(reason=UnprovenReason.UNRESOLVED, detail=macro))
        observation = self.observe(logical_id)
        if observation.reason is not None:
            return self._unchecked(bare, resource, observation)
        if observation.reading is None:
            return self._deleted(bare, resource)
        return self._settled(bare, resource, self._compared(bare, resource, observation.reading))

    def _settled(self, bare: ResourceProof, resource: Resource, proof: ResourceProof) -> ResourceProof:
        """The verdict; of a new deployment, differences only once the deployment has had its time to show."""
        retry_policy = self._retry_policy
        end = min(retry_policy.settled_at, retry_policy.deadline)
        pauses = retry_policy.pauses()
        while proof.status is DriftStatus.MODIFIED and retry_policy.clock() < end:
            retry_policy.sleep(min(next(pauses), max(end - retry_policy.clock(), 0.0)))
            # What it refers to may be what lags: its attributes are in what is expected.
            for logical_id in sorted({resource.logical_id, *references(resource.properties)}):
                self._read_again(logical_id)
            reading = self.observe(resource.logical_id).reading
            if reading is not None:
                proof = self._compared(bare, resource, reading)
        return proof

    # -- reading

    def _read_again(self, logical_id: str) -> None:
        """Replace what was read of a resource; a read that finds nothing takes nothing back."""
        with self._lock:
            before = self._observed.get(logical_id)
        resource, deployed = self.template.resource(logical_id), self._deployed(logical_id)
        reader = self._readers.get(resource.resource_type) if resource else None
        if before is None or resource is None or deployed is None or reader is None:
            return
        request = replace(self._request(resource, deployed), siblings=(deployed.physical_id,), memo=not_memoized)
        observation = self._observer.read(reader, request)
        if observation.reading is not None:
            after: Future[Observation[Reading]] = Future()
            after.set_result(observation)
            with self._lock:
                self._observed[logical_id] = after
                self._expected = {}  # its attributes may be in what is expected of others

    def _read(self, resource: Resource) -> Observation[Reading]:
        deployed = self._deployed(resource.logical_id)
        if deployed is None:
            return self._undeployed(resource)
        if deployed.status.endswith("_IN_PROGRESS"):
            return Observation(reason=UnprovenReason.BUSY, detail=deployed.status)
        reader = self._readers.get(resource.resource_type)
        if reader is None:
            return Observation(reason=UnprovenReason.NO_READER)
        return self._observer.read(reader, self._request(resource, deployed))

    def _request(self, resource: Resource, deployed: DeployedResource) -> ReadRequest:
        return ReadRequest(
            client=self._target.client,
            logical_id=resource.logical_id,
            physical_id=deployed.physical_id,
            resource_type=resource.resource_type,
            expected=as_object(known(self.expected(resource.logical_id))),
            unresolved=self._unresolved_names(resource),
            account=self.deployment.account,
            region=self.deployment.region,
            partition=self.deployment.partition,
            stack_id=self.deployment.stack_id,
            siblings=self._snapshot.siblings.get(resource.resource_type, ()),
            memo=self._snapshot.memo,
        )

    def _unresolved_names(self, resource: Resource) -> frozenset[str]:
        """The properties of which something is not known, though everything that they refer to exists."""
        expected = self.expected(resource.logical_id)
        return frozenset(
            name
            for name, element in expected.items()
            if unresolved_in(element) and not any(map(self._is_deleted, references(resource.properties[name])))
        )

    def _is_deleted(self, logical_id: str) -> bool:
        is_resource = self.template.resource(logical_id) is not None and logical_id not in self._circular
        return is_resource and self.observe(logical_id) == Observation()

    def _undeployed(self, resource: Resource) -> Observation[Reading]:
        """Nothing was deployed: a reason why there could not be anything, or none."""
        pruned = self.deployment.pruned.get(resource.logical_id)
        if pruned is not None:
            return Observation(reason=UnprovenReason.NOT_EMULATED, detail=pruned)
        if self._target.not_emulated(resource.resource_type, ""):
            return Observation(reason=UnprovenReason.NOT_EMULATED, detail="the target does not know the type")
        if self._condition(resource) is None:
            return Observation(reason=UnprovenReason.UNRESOLVED, detail="its condition is not known")
        return Observation()

    # -- comparing

    def doubtful(self, logical_id: str) -> tuple[str, ...]:
        """The lists of a resource that may have elements of another resource of which something is not known."""
        resource, reading = self._resource(logical_id), self.observe(logical_id).reading
        if reading is None:
            return ()
        return self._without_contributions(resource, reading)[1]

    def _compared(self, bare: ResourceProof, resource: Resource, reading: Reading) -> ResourceProof:
        actual, doubts = self._without_contributions(resource, reading)
        expected, schema = self.expected(resource.logical_id), self._schemas.schema(resource.resource_type)
        return compared_proof(
            bare,
            reading,
            compared(expected, actual, schema, keys=self._key_of, inherited=self.deployment.tags),
            expected=expected,
            actual=actual,
            doubts=doubts,
            schema=schema,
            not_emulated=lambda path: self._target.not_emulated(resource.resource_type, path),
        )

    def _unchecked(self, bare: ResourceProof, resource: Resource, observation: Observation[Reading]) -> ResourceProof:
        schema = self._schemas.schema(resource.resource_type)
        return unchecked_proof(bare, observation, leaf_paths(self.expected(resource.logical_id), schema))

    def _deleted(self, bare: ResourceProof, resource: Resource) -> ResourceProof:
        schema = self._schemas.schema(resource.resource_type)
        return deleted_proof(bare, self.expected(resource.logical_id), schema)

    def _without_contributions(self, resource: Resource, reading: Reading) -> tuple[JsonObject, tuple[str, ...]]:
        return without_contributions(
            resource.resource_type,
            self.expected(resource.logical_id),
            reading.properties,
            lambda resource_type, link: self._contributions(resource, resource_type, link),
            self._schemas.schema(resource.resource_type),
        )

    def _contributions(self, resource: Resource, resource_type: str, link: str) -> Iterable[Contribution]:
        """Of all stacks of the world: in CDK a stack opens the security group of another one, or adds to its role."""
        deployed = self._deployed(resource.logical_id)
        return self._contributions_of_all(deployed.physical_id if deployed else None, resource_type, link)

    def contributions_of(self, physical_id: str | None, resource_type: str, link: str) -> Iterator[Contribution]:
        """What the stack's own resources of a type add to a list of the resource that they name."""
        for other in self.template.resources:
            if other.resource_type != resource_type or not self._is_expected(other):
                continue
            properties = self.expected(other.logical_id)
            owner = properties.get(link)
            is_here = physical_id in (owner if isinstance(owner, list) else [owner])
            if is_here or unresolved_in(owner):
                part = self._deployed(other.logical_id)
                own = {key: property_ for key, property_ in properties.items() if key != link}
                yield Contribution(properties={**own, "Arn": part.physical_id if part else None}, is_here=is_here)

    def _key_of(self, alias: str) -> str | None:
        """The ARN of the key behind an alias, as the reader of aliases gives it; None if it is not known."""
        name = f"alias/{alias.partition('alias/')[2]}"
        reader = self._readers.get(_ALIAS)
        if reader is None:
            return None
        deployment = self.deployment
        request = ReadRequest(
            client=self._target.client,
            logical_id=name,
            physical_id=name,
            resource_type=_ALIAS,
            expected={},
            account=deployment.account,
            region=deployment.region,
            partition=deployment.partition,
            memo=self._snapshot.memo,
        )
        reading = self._observer.read(reader, request).reading
        key = str(reading.properties.get("TargetKeyId") or "").rpartition("/")[2] if reading else ""
        return f"arn:{deployment.partition}:kms:{deployment.region}:{deployment.account}:key/{key}" if key else None

    # -- what intrinsic functions ask for

    def _reference(self, logical_id: str) -> str | None:
        deployed = self._deployed(logical_id)
        if deployed is None or logical_id in self._circular:
            return deployed.physical_id or None if deployed else None
        if deployed.physical_id:
            return deployed.physical_id
        reading = self.observe(logical_id).reading
        return reading.reference if reading else None

    def _attribute(self, logical_id: str, name: str) -> JsonValue:
        if self.template.resource(logical_id) is None or logical_id in self._circular:
            return None
        reading = self.observe(logical_id).reading
        if reading is None:
            return self._written_arn(logical_id, name)
        if name in reading.attributes:
            return reading.attributes[name]
        here: JsonValue = reading.properties
        for part in name.split("."):
            here = here.get(part) if isinstance(here, Mapping) else None
        return here

    def _written_arn(self, logical_id: str, name: str) -> JsonValue:
        """The ARN of a resource that could not be read, where its physical id has all parts of it."""
        resource, deployed = self._resource(logical_id), self._deployed(logical_id)
        if name != "Arn" or deployed is None or not deployed.physical_id:
            return None
        return arn_of(resource, deployed.physical_id, self.deployment)

    # -- look-ups

    def _resource(self, logical_id: str) -> Resource:
        found = self.template.resource(logical_id)
        if found is None:
            raise KeyError(logical_id)
        return found

    def _deployed(self, logical_id: str) -> DeployedResource | None:
        found = self.deployment.resource(logical_id)
        return None if found is None or found.status in GONE else found

    def _is_expected(self, resource: Resource) -> bool:
        return resource.resource_type != "AWS::CDK::Metadata" and self._condition(resource) is not False

    def _condition(self, resource: Resource) -> bool | None:
        condition = resource.body.get("Condition")
        return condition_holds(condition, self._context) if isinstance(condition, str) else True


def prove_stack(prover: Prover, *, jobs: int = 8) -> tuple[ResourceProof, ...]:
    """The verdict on everything that has to be there, in the template's order, read by `jobs` threads."""
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="prove") as pool:
        return tuple(pool.map(prover.prove, prover.expected_ids()))


def _unread_entries(stack: ProvableStack) -> Iterator[Notification]:
    """Errors for entries that represent any number of resources, none of which is read."""
    template, nested = stack.template, stack.nested
    for resource in template.resources:
        if nested is not None and resource.resource_type == STACK and resource.logical_id not in nested:
            where = f"{resource.location()}: {resource.logical_id}"
            message = f"{where}: its template is not in the assembly, so the resources of that stack were not read"
            yield Notification(level=Level.ERROR, message=message)
    for name in sorted(template.section("Resources")):
        if name.startswith("Fn::"):
            message = (
                f"{template.file}: {name}: its resources were not read; expand it before the stack is deployed, or "
                "audit the stack with `stackproof drift audit`, which reads the processed template"
            )
            yield Notification(level=Level.ERROR, message=message)
