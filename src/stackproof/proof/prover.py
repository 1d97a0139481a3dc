"""Proof of a deployed stack: what the template says against what is live, resource by resource."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from stackproof.core.json import JsonObject, JsonValue, as_object
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.stack_event import STACK
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.arns import arn_of
from stackproof.proof.comparison import compared, leaf_paths
from stackproof.proof.contributions import Contribution, without_contributions
from stackproof.proof.live_values import live_context
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, Reading, ResourceProof, Unproven
from stackproof.proof.observer import Observation, Observer, RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.redaction import without_secrets
from stackproof.proof.snapshot import GONE, Snapshot, not_memoized
from stackproof.template.intrinsics import Resolved, condition_holds, known, references, resolve, unresolved_in
from stackproof.template.ports import SchemaSource
from stackproof.template.schema import ResourceSchema
from stackproof.template.template import Resource, Template

__all__ = ["Prover", "prove_stack"]

_ALIAS: Final = "AWS::KMS::Alias"


class Prover:
    """Proves the resources of one stack; each is read once, whoever asks, from any thread.

    Stacks of one run on one target share their `look`; a stack by itself has its own. `nested` are the logical ids of
    the nested stacks that are proven as well; of any other one it is said that nobody looks into it.
    """

    def __init__(
        self,
        *,
        template: Template,
        deployment: Deployment,
        target: Target,
        readers: Mapping[str, Reader],
        schemas: SchemaSource,
        retry_policy: RetryPolicy | None = None,
        snapshot: Snapshot | None = None,
        nested: Collection[str] | None = None,
    ) -> None:
        self.template = template
        self.deployment = deployment
        self._target = target
        self._readers = readers
        self._schemas = schemas
        self._retry_policy = retry_policy or RetryPolicy()
        self._observer = Observer(target, self._retry_policy, stack_name=deployment.stack_name)
        self._snapshot = snapshot or Snapshot.at((deployment,))
        self._lock = threading.Lock()
        self._observed: dict[str, Future[Observation]] = {}
        self._expected: dict[str, Mapping[str, Resolved]] = {}
        self._snapshot.members.append(self)
        self._circular = _circular(template)
        self._unseen = frozenset(_unseen(template, nested))
        self._context = live_context(template, deployment, reference=self._reference, attribute=self._attribute)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Readers that broke, sorted; at level error, since something was not judged."""
        return tuple(sorted(self._observer.notifications | self._unseen, key=lambda notification: notification.message))

    def expected_ids(self) -> tuple[str, ...]:
        """The logical ids of all that has to be there, in the template's order; a false condition excuses."""
        return tuple(resource.logical_id for resource in self.template.resources if self._is_expected(resource))

    def expected(self, logical_id: str) -> Mapping[str, Resolved]:
        """The properties that the template sets, resolved against the deployment."""
        known_so_far = self._expected  # who looks anew puts another one in its place
        if logical_id not in known_so_far:
            found = resolve(self._resource(logical_id).properties, self._context)
            known_so_far[logical_id] = found if isinstance(found, Mapping) else {}
        return known_so_far[logical_id]

    def resolved(self, value: JsonValue) -> Resolved:
        """Any value of the template, such as an output's, resolved against the deployment."""
        return resolve(value, self._context)

    def observe(self, logical_id: str) -> Observation:
        """What is live of the resource; read once."""
        with self._lock:
            future = self._observed.get(logical_id)
            mine = future is None
            if future is None:
                future = self._observed[logical_id] = Future()
        if mine:
            try:
                future.set_result(self._look(self._resource(logical_id)))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def observe_by(self, logical_id: str, reader: Reader) -> Observation:
        """What another reader sees of the resource, as patiently as ever; nothing of it is remembered."""
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
        return self._settled(bare, resource, self._judged(bare, resource, observation.reading))

    def _settled(self, bare: ResourceProof, resource: Resource, proof: ResourceProof) -> ResourceProof:
        """The verdict; one of differences only once what was just deployed has had its time to show."""
        retry_policy = self._retry_policy
        end = min(retry_policy.settled_at, retry_policy.deadline)
        pauses = retry_policy.pauses()
        while proof.status is DriftStatus.MODIFIED and retry_policy.clock() < end:
            retry_policy.sleep(min(next(pauses), max(end - retry_policy.clock(), 0.0)))
            # What it refers to may be what lags: its attributes are in what is expected.
            for name in sorted({resource.logical_id, *references(resource.properties)}):
                self._look_anew(name)
            reading = self.observe(resource.logical_id).reading
            if reading is not None:
                proof = self._judged(bare, resource, reading)
        return proof

    # -- looking

    def _look_anew(self, logical_id: str) -> None:
        """Replace what was seen of a resource; a look that sees nothing takes nothing back."""
        with self._lock:
            before = self._observed.get(logical_id)
        resource, deployed = self.template.resource(logical_id), self._deployed(logical_id)
        reader = self._readers.get(resource.resource_type) if resource else None
        if before is None or resource is None or deployed is None or reader is None:
            return
        request = replace(self._request(resource, deployed), siblings=(deployed.physical_id,), memo=not_memoized)
        observation = self._observer.read(reader, request)
        if observation.reading is not None:
            after: Future[Observation] = Future()
            after.set_result(observation)
            with self._lock:
                self._observed[logical_id] = after
                self._expected = {}  # attributes of it may stand in what is expected of others

    def _look(self, resource: Resource) -> Observation:
        deployed = self._deployed(resource.logical_id)
        if deployed is None:
            return self._missed(resource)
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
            unresolved=self._open_names(resource),
            account=self.deployment.account,
            region=self.deployment.region,
            partition=self.deployment.partition,
            stack_id=self.deployment.stack_id,
            siblings=self._snapshot.siblings.get(resource.resource_type, ()),
            memo=self._snapshot.memo,
        )

    def _open_names(self, resource: Resource) -> frozenset[str]:
        """The properties of which something is not known, though nothing that they refer to is gone."""
        expected = self.expected(resource.logical_id)
        return frozenset(
            name
            for name, element in expected.items()
            if unresolved_in(element) and not any(map(self._is_gone, references(resource.properties[name])))
        )

    def _is_gone(self, logical_id: str) -> bool:
        is_one = self.template.resource(logical_id) is not None and logical_id not in self._circular
        return is_one and self.observe(logical_id) == Observation()

    def _missed(self, resource: Resource) -> Observation:
        """Nothing was deployed: a reason why there could not be anything, or none."""
        left_out = self.deployment.left_out.get(resource.logical_id)
        if left_out is not None:
            return Observation(reason=UnprovenReason.NOT_EMULATED, detail=left_out)
        if self._target.not_emulated(resource.resource_type, ""):
            return Observation(reason=UnprovenReason.NOT_EMULATED, detail="the target does not know the type")
        if self._condition(resource) is None:
            return Observation(reason=UnprovenReason.UNRESOLVED, detail="its condition is not known")
        return Observation()

    # -- judging

    def doubtful(self, logical_id: str) -> tuple[str, ...]:
        """The lists of a resource to which another one may add what is not known: more may be in them than is seen."""
        resource, reading = self._resource(logical_id), self.observe(logical_id).reading
        if reading is None:
            return ()
        return self._without_contributions(resource, reading)[1]

    def _judged(self, bare: ResourceProof, resource: Resource, reading: Reading) -> ResourceProof:
        schema = self._schemas.schema(resource.resource_type)
        expected = self.expected(resource.logical_id)
        actual, doubts = self._without_contributions(resource, reading)
        comparison = compared(expected, actual, schema, keys=self._key_of, inherited=self.deployment.tags)
        unproven = [
            Unproven(path=path, reason=UnprovenReason.UNRESOLVED, detail=detail)
            for path, detail in comparison.unresolved
        ]
        # What was not read stands as its default in the reading: that an empty list equals it proves nothing.
        doubted = dict.fromkeys(doubts, UnprovenReason.UNRESOLVED)
        read_so_far = replace(reading, unread={**doubted, **reading.unread})
        unread = {path: why for path in comparison.proven if (why := _unread(read_so_far, path)) is not None}
        unproven.extend(Unproven(path=path, reason=_said(why, schema, path)) for path, why in unread.items())
        differences: list[PropertyDifference] = []
        for difference in comparison.differences:
            reason = self._excuse(resource, reading, schema, difference)
            if reason is None:
                differences.append(without_secrets(difference, known(expected), actual))
            else:
                unproven.append(Unproven(path=difference.path, reason=reason))
        return replace(
            bare,
            status=DriftStatus.MODIFIED if differences else DriftStatus.IN_SYNC,
            proven=tuple(path for path in comparison.proven if path not in unread),
            differences=tuple(differences),
            unproven=tuple(sorted(unproven)),
        )

    def _excuse(
        self, resource: Resource, reading: Reading, schema: ResourceSchema | None, difference: PropertyDifference
    ) -> UnprovenReason | None:
        """Why a property that looks different was not really seen; None if it was."""
        path = difference.path
        unread = _unread(reading, path)
        # What a reader knows how to read and is not there was removed, whatever a schema says of who can see it.
        hidden = unread is UnprovenReason.NO_READER or (unread is None and reading.hides_write_only)
        if hidden and difference.change is Change.REMOVE:
            unread = _said(UnprovenReason.NO_READER, schema, path) if unread or _is_write_only(schema, path) else None
        if unread is not None:
            return unread
        if self._target.not_emulated(resource.resource_type, path):
            return UnprovenReason.NOT_EMULATED
        return None

    def _unchecked(self, bare: ResourceProof, resource: Resource, observation: Observation) -> ResourceProof:
        reason = observation.reason or UnprovenReason.NO_READER
        paths = self._paths(resource)
        return replace(
            bare,
            status=DriftStatus.NOT_CHECKED,
            unproven=tuple(Unproven(path=path, reason=reason, detail=observation.detail) for path in ("", *paths)),
        )

    def _deleted(self, bare: ResourceProof, resource: Resource) -> ResourceProof:
        """Nothing is there: each property that the template sets is removed, whatever its value would be."""
        expected = self.expected(resource.logical_id)
        comparison = compared(expected, {}, self._schemas.schema(resource.resource_type))
        return replace(
            bare,
            status=DriftStatus.DELETED,
            differences=tuple(
                sorted(
                    (
                        *(without_secrets(difference, known(expected)) for difference in comparison.differences),
                        *(
                            _removed(path)
                            for path in (*comparison.proven, *(path for path, _ in comparison.unresolved))
                        ),
                    ),
                    key=lambda difference: difference.path,
                )
            ),
        )

    def _paths(self, resource: Resource) -> tuple[str, ...]:
        return leaf_paths(self.expected(resource.logical_id), self._schemas.schema(resource.resource_type))

    def _without_contributions(self, resource: Resource, reading: Reading) -> tuple[JsonObject, tuple[str, ...]]:
        return without_contributions(
            resource.resource_type,
            self.expected(resource.logical_id),
            reading.properties,
            lambda kind, link: self._parts(resource, kind, link),
            self._schemas.schema(resource.resource_type),
        )

    def _parts(self, resource: Resource, kind: str, link: str) -> Iterator[Contribution]:
        """Of all stacks of the run: in CDK a stack opens the security group of another one, or adds to its role."""
        deployed = self._deployed(resource.logical_id)
        physical_id = deployed.physical_id if deployed else None
        for member in self._snapshot.members:
            yield from member.contributions_of(physical_id, kind, link)

    def contributions_of(self, physical_id: str | None, kind: str, link: str) -> Iterator[Contribution]:
        """What the stack's own resources of a type add to a list of the resource that they name."""
        for other in self.template.resources:
            if other.resource_type != kind or not self._is_expected(other):
                continue
            properties = self.expected(other.logical_id)
            owner = properties.get(link)
            is_here = physical_id in (owner if isinstance(owner, list) else [owner])
            if is_here or unresolved_in(owner):
                part = self._deployed(other.logical_id)
                own = {key: property_ for key, property_ in properties.items() if key != link}
                yield Contribution(properties={**own, "Arn": part.physical_id if part else None}, is_here=is_here)

    def _key_of(self, alias: str) -> str | None:
        """The ARN of the key behind an alias, as the reader of aliases sees it; None if it cannot tell."""
        name = f"alias/{alias.partition('alias/')[2]}"
        reader = self._readers.get(_ALIAS)
        if reader is None:
            return None
        place = self.deployment
        request = ReadRequest(
            client=self._target.client,
            logical_id=name,
            physical_id=name,
            resource_type=_ALIAS,
            expected={},
            account=place.account,
            region=place.region,
            partition=place.partition,
            memo=self._snapshot.memo,
        )
        reading = self._observer.read(reader, request).reading
        key = str(reading.properties.get("TargetKeyId") or "") if reading else ""
        return f"arn:{place.partition}:kms:{place.region}:{place.account}:key/{key.rpartition('/')[2]}" if key else None

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
        """The ARN of a resource that could not be read, where its physical id says all of it."""
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


def _is_write_only(schema: ResourceSchema | None, path: str) -> bool:
    return schema is not None and schema.is_write_only(path)


def _said(reason: UnprovenReason, schema: ResourceSchema | None, path: str) -> UnprovenReason:
    """The reason, or that nobody could read it."""
    is_hidden = reason is UnprovenReason.NO_READER and _is_write_only(schema, path)
    return UnprovenReason.WRITE_ONLY if is_hidden else reason


def _unread(reading: Reading, path: str) -> UnprovenReason | None:
    """Why the property was not read, by what says so most exactly; None if it was."""
    covering = [pointer for pointer in reading.unread if _covers(pointer, path)]
    return reading.unread[max(covering, key=lambda name: (len(name), name))] if covering else None


def _covers(pointer: str, path: str) -> bool:
    return path == pointer or path.startswith(f"{pointer}/") or pointer.startswith(f"{path}/")


def _removed(path: str) -> PropertyDifference:
    return PropertyDifference(path=path, expected=None, actual=None, change=Change.REMOVE)


def _unseen(template: Template, nested: Collection[str] | None) -> Iterator[Notification]:
    """Entries that stand for any number of resources, none of which is looked at."""
    for resource in template.resources:
        if nested is not None and resource.resource_type == STACK and resource.logical_id not in nested:
            where = f"{resource.location()}: {resource.logical_id}"
            message = f"{where}: its template is not in the assembly, so what is in that stack was not looked at"
            yield Notification(level=Level.ERROR, message=message)
    for name in sorted(template.section("Resources")):
        if name.startswith("Fn::"):
            message = (
                f"{template.file}: {name}: what it makes was not looked at; expand it before the stack is deployed, or "
                "audit the stack with `stackproof drift audit`, which reads the processed template"
            )
            yield Notification(level=Level.ERROR, message=message)


def _circular(template: Template) -> frozenset[str]:
    """Resources that refer to themselves in the end; no such stack deploys, and waiting for them would not end."""
    edges = {resource.logical_id: references(resource.properties) for resource in template.resources}

    def reaches_itself(start: str) -> bool:
        seen: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            here = waiting.pop()
            if here == start:
                return True
            if here in edges and here not in seen:
                seen.add(here)
                waiting.extend(edges[here])
        return False

    return frozenset(edge for edge in edges if reaches_itself(edge))
