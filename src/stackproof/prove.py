"""Proof of a deployed stack: what the template says against what is live, resource by resource."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from stackproof.arns import arn_of
from stackproof.compare import compared, leaf_paths, matches
from stackproof.errors import UnreachableError
from stackproof.intrinsics import (
    Resolved,
    condition_holds,
    known,
    live_context,
    references,
    resolve,
    unresolved_in,
)
from stackproof.model.deployment import DeployedResource, Deployment
from stackproof.model.finding import Level, Notification
from stackproof.model.json import JsonObject, JsonValue, as_object
from stackproof.model.observation import (
    Change,
    DriftStatus,
    PropertyDifference,
    Reading,
    ResourceProof,
    Unproven,
    UnprovenReason,
)
from stackproof.model.schema import ResourceSchema
from stackproof.model.stack_event import STACK
from stackproof.model.template import Resource, Template
from stackproof.once import GONE, Look, each_time
from stackproof.ports import Reader, ReadRequest, SchemaSource, Target
from stackproof.secrecy import without_secrets

__all__ = ["PARTS", "Observation", "Patience", "Prover", "prove_stack"]

PARTS: Final[Mapping[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress"): (("AWS::EC2::SecurityGroupIngress", "GroupId"),),
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress"): (("AWS::EC2::SecurityGroupEgress", "GroupId"),),
    ("AWS::IAM::Role", "Policies"): (("AWS::IAM::Policy", "Roles"), ("AWS::IAM::RolePolicy", "RoleName")),
    ("AWS::IAM::Role", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Roles"),),
    ("AWS::IAM::ManagedPolicy", "Roles"): (("AWS::IAM::Role", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Users"): (("AWS::IAM::User", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Groups"): (("AWS::IAM::Group", "ManagedPolicyArns"),),
    ("AWS::IAM::User", "Policies"): (("AWS::IAM::Policy", "Users"), ("AWS::IAM::UserPolicy", "UserName")),
    ("AWS::IAM::User", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Users"),),
    ("AWS::IAM::Group", "Policies"): (("AWS::IAM::Policy", "Groups"), ("AWS::IAM::GroupPolicy", "GroupName")),
    ("AWS::IAM::Group", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Groups"),),
    ("AWS::SNS::Topic", "Subscription"): (("AWS::SNS::Subscription", "TopicArn"),),
}
"""Lists of a resource to which other resources of the template add: (type, property) ← (type, property that names it).

What such a resource put there is no difference of the list: it is proven where it is declared.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to insist: on a read that is throttled or out of reach, and on a resource that is not to be seen yet.

    Clients repeat single calls; what they give up on is read anew from here. `settled_at` and `deadline` are times of
    `clock`: until the first a read that comes up empty, or differs from the template, is repeated, since AWS shows what
    is new only after a while, and from the second on nothing is read.
    """

    attempts: int = 6
    delay: float = 0.5
    settled_at: float = 0.0
    deadline: float = math.inf
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def pauses(self) -> Iterator[float]:
        """Seconds to wait before each further look: twice as long each time, up to eight, less some chance."""
        pause = self.delay
        while True:
            yield pause * (0.5 + 0.5 * self.jitter())
            pause = min(pause * 2, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at one resource: a reading, or nothing there, or the reason why it could not be looked at."""

    reading: Reading | None = None
    reason: UnprovenReason | None = None
    detail: str = ""
    final: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether another look may see what this one could not."""
        return self.reason in {UnprovenReason.THROTTLED, UnprovenReason.UNREACHABLE} and not self.final


class _Expected(Mapping[str, JsonValue]):
    """What is known of a resource's properties; `missed` are those asked for by a reader of which something is not."""

    def __init__(self, properties: Mapping[str, Resolved], open_names: Collection[str]) -> None:
        self._known = as_object(known(properties))
        self._open = open_names
        self.missed: set[str] = set()

    def __getitem__(self, name: str) -> JsonValue:
        if name in self._open:
            self.missed.add(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


_ALIAS: Final = "AWS::KMS::Alias"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What another resource adds to a list of one; `is_here` is false where whose list it is is not known."""

    properties: Mapping[str, Resolved]
    is_here: bool


_TOO_LATE: Final = Observation(
    reason=UnprovenReason.UNREACHABLE, detail="not read before the deadline of the run", final=True
)


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
        patience: Patience | None = None,
        look: Look | None = None,
        nested: Collection[str] | None = None,
    ) -> None:
        self.template = template
        self.deployment = deployment
        self._target = target
        self._readers = readers
        self._schemas = schemas
        self._patience = patience or Patience()
        self._look_at = look or Look.at((deployment,))
        self._lock = threading.Lock()
        self._observed: dict[str, Future[Observation]] = {}
        self._expected: dict[str, Mapping[str, Resolved]] = {}
        self._notifications: list[Notification] = []
        self._look_at.members.append(self)
        self._circular = _circular(template)
        self._notifications.extend(_unseen(template, nested))
        self._context = live_context(template, deployment, reference=self._reference, attribute=self._attribute)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Readers that broke, sorted; at level error, since something was not judged."""
        with self._lock:
            return tuple(sorted(set(self._notifications), key=lambda each: each.message))

    def expected_ids(self) -> tuple[str, ...]:
        """The logical ids of all that has to be there, in the template's order; a false condition excuses."""
        return tuple(each.logical_id for each in self.template.resources if self._is_expected(each))

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
        return Observation() if deployed is None else self._read(reader, self._request(resource, deployed))

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
        patience = self._patience
        end = min(patience.settled_at, patience.deadline)
        pauses = patience.pauses()
        while proof.status is DriftStatus.MODIFIED and patience.clock() < end:
            patience.sleep(min(next(pauses), max(end - patience.clock(), 0.0)))
            # What it refers to may be what lags: its attributes are in what is expected.
            for each in sorted({resource.logical_id, *references(resource.properties)}):
                self._look_anew(each)
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
        request = replace(self._request(resource, deployed), siblings=(deployed.physical_id,), once=each_time)
        observation = self._read(reader, request)
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
        return self._read(reader, self._request(resource, deployed))

    def _request(self, resource: Resource, deployed: DeployedResource) -> ReadRequest:
        return ReadRequest(
            client=self._target.client,
            logical_id=resource.logical_id,
            physical_id=deployed.physical_id,
            resource_type=resource.resource_type,
            expected=_Expected(self.expected(resource.logical_id), self._open_names(resource)),
            account=self.deployment.account,
            region=self.deployment.region,
            partition=self.deployment.partition,
            stack_id=self.deployment.stack_id,
            siblings=self._look_at.siblings.get(resource.resource_type, ()),
            once=self._look_at.once,
        )

    def _open_names(self, resource: Resource) -> frozenset[str]:
        """The properties of which something is not known, though nothing that they refer to is gone."""
        expected = self.expected(resource.logical_id)
        return frozenset(
            name
            for name, each in expected.items()
            if unresolved_in(each) and not any(map(self._is_gone, references(resource.properties[name])))
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

    def _read(self, reader: Reader, request: ReadRequest) -> Observation:
        """One read, repeated with growing pauses while the service is busy, away, or has not caught up."""
        patience = self._patience
        pauses = patience.pauses()
        attempt = 1
        observation = _TOO_LATE
        while patience.clock() < patience.deadline:
            observation = self._attempt(reader, request)
            passing = observation.may_pass and attempt < patience.attempts
            absent = observation == Observation() and patience.clock() < patience.settled_at
            if not passing and not absent:
                return observation
            if absent:  # what was listed before may be older than the resource
                request = replace(request, siblings=(request.physical_id,), once=each_time)
            patience.sleep(next(pauses))
            attempt += 1
        return observation

    def _attempt(self, reader: Reader, request: ReadRequest) -> Observation:
        try:
            return _seen(reader(request), request)
        except Exception as error:  # noqa: BLE001 - a reader that breaks must not take the other resources with it
            reason = self._target.translated(error)
            if reason is not None:
                return Observation(reason=reason, detail=str(error), final=isinstance(error, UnreachableError))
            detail = f"the reader of {request.resource_type} broke: {type(error).__name__}: {error}"
            message = f"{self.deployment.stack_name}/{request.logical_id}: {detail}"
            with self._lock:
                self._notifications.append(Notification(level=Level.ERROR, message=message))
            return Observation(reason=UnprovenReason.NO_READER, detail=detail)

    # -- judging

    def doubtful(self, logical_id: str) -> tuple[str, ...]:
        """The lists of a resource to which another one may add what is not known: more may be in them than is seen."""
        resource, reading = self._resource(logical_id), self.observe(logical_id).reading
        if reading is None:
            return ()
        schema = self._schemas.schema(resource.resource_type)
        return tuple(sorted(self._without_parts(resource, self.expected(logical_id), reading, schema)[1]))

    def _judged(self, bare: ResourceProof, resource: Resource, reading: Reading) -> ResourceProof:
        schema = self._schemas.schema(resource.resource_type)
        expected = self.expected(resource.logical_id)
        actual, doubts = self._without_parts(resource, expected, reading, schema)
        comparison = compared(expected, actual, schema, keys=self._key_of, inherited=self.deployment.tags)
        unproven = [
            Unproven(path=path, reason=UnprovenReason.UNRESOLVED, detail=detail)
            for path, detail in comparison.unresolved
        ]
        # What was not read stands as its default in the reading: that an empty list equals it proves nothing.
        read_so_far = replace(reading, unread={**doubts, **reading.unread})
        unread = {path: why for path in comparison.proven if (why := _unread(read_so_far, path)) is not None}
        unproven.extend(Unproven(path=path, reason=_said(why, schema, path)) for path, why in unread.items())
        differences: list[PropertyDifference] = []
        for each in comparison.differences:
            reason = self._excuse(resource, reading, schema, each)
            if reason is None:
                differences.append(without_secrets(each, known(expected), actual))
            else:
                unproven.append(Unproven(path=each.path, reason=reason))
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
                        *(without_secrets(each, known(expected)) for each in comparison.differences),
                        *(
                            _removed(path)
                            for path in (*comparison.proven, *(path for path, _ in comparison.unresolved))
                        ),
                    ),
                    key=lambda each: each.path,
                )
            ),
        )

    def _paths(self, resource: Resource) -> tuple[str, ...]:
        return leaf_paths(self.expected(resource.logical_id), self._schemas.schema(resource.resource_type))

    def _without_parts(
        self, resource: Resource, expected: Mapping[str, Resolved], reading: Reading, schema: ResourceSchema | None
    ) -> tuple[JsonObject, Mapping[str, UnprovenReason]]:
        """The live properties less what other resources of the template add to their lists.

        What one of them may have added, as far as it is known what that sets, is left out as well; the list is then not
        proven.
        """
        actual = dict(reading.properties)
        doubts: dict[str, UnprovenReason] = {}
        for (resource_type, name), kinds in PARTS.items():
            live = actual.get(name)
            if resource_type != resource.resource_type or not isinstance(live, list):
                continue
            own = expected.get(name)
            own = own if isinstance(own, list) else []
            parts = [each for kind, link in kinds for each in self._parts(resource, kind, link)]
            kept: list[JsonValue] = []
            for each in live:
                added = {_is_part(part, each) for part in parts}
                if any(matches(one, each, schema, f"/{name}/*") for one in own) or added <= {False}:
                    kept.append(each)
                elif True not in added:
                    doubts[f"/{name}"] = UnprovenReason.UNRESOLVED
            actual[name] = kept
        return actual, doubts

    def _parts(self, resource: Resource, kind: str, link: str) -> Iterator[_Part]:
        """Of all stacks of the run: in CDK a stack opens the security group of another one, or adds to its role."""
        deployed = self._deployed(resource.logical_id)
        physical_id = deployed.physical_id if deployed else None
        for each in self._look_at.members:
            yield from each.parts_of(physical_id, kind, link)

    def parts_of(self, physical_id: str | None, kind: str, link: str) -> Iterator[_Part]:
        """What the stack's own resources of a type add to a list of the resource that they name."""
        for other in self.template.resources:
            if other.resource_type != kind or not self._is_expected(other):
                continue
            properties = self.expected(other.logical_id)
            owner = properties.get(link)
            is_here = physical_id in (owner if isinstance(owner, list) else [owner])
            if is_here or unresolved_in(owner):
                part = self._deployed(other.logical_id)
                own = {key: each for key, each in properties.items() if key != link}
                yield _Part(properties={**own, "Arn": part.physical_id if part else None}, is_here=is_here)

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
            once=self._look_at.once,
        )
        reading = self._read(reader, request).reading
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


def _seen(reading: Reading | None, request: ReadRequest) -> Observation:
    """A reader that found nothing may not have known where to look."""
    expected = request.expected
    missed = sorted(expected.missed) if isinstance(expected, _Expected) else []
    if reading is not None or not missed:
        return Observation(reading=reading)
    return Observation(
        reason=UnprovenReason.UNRESOLVED, detail=f"what it is found by is not known: {', '.join(missed)}"
    )


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
    return reading.unread[max(covering, key=lambda each: (len(each), each))] if covering else None


def _covers(pointer: str, path: str) -> bool:
    return path == pointer or path.startswith(f"{pointer}/") or pointer.startswith(f"{path}/")


def _removed(path: str) -> PropertyDifference:
    return PropertyDifference(path=path, expected=None, actual=None, change=Change.REMOVE)


def _is_part(part: _Part, live: JsonValue) -> bool | None:
    """Whether a resource of the template is where this element of a live list comes from; None if it may be."""
    if not isinstance(live, Mapping):
        wanted: JsonObject = {"Arn": live}
    elif "PolicyName" in live:
        wanted = {"PolicyName": live["PolicyName"]}
    else:
        wanted = live
    told = {_is_same(part.properties, key, value) for key, value in wanted.items()}
    if False in told:
        return False
    return True if part.is_here and None not in told else None


def _is_same(properties: Mapping[str, Resolved], key: str, live: JsonValue) -> bool | None:
    if key not in properties:
        return False
    expected = properties[key]
    return None if unresolved_in(expected) else matches(expected, live, None, f"/{key}")


def _unseen(template: Template, nested: Collection[str] | None) -> Iterator[Notification]:
    """Entries that stand for any number of resources, none of which is looked at."""
    for each in template.resources:
        if nested is not None and each.resource_type == STACK and each.logical_id not in nested:
            message = f"{each.location()}: {each.logical_id}: its template is not in the assembly, so what is in that "
            yield Notification(level=Level.ERROR, message=f"{message}stack was not looked at")
    for name in sorted(template.section("Resources")):
        if name.startswith("Fn::"):
            message = (
                f"{template.file}: {name}: what it makes was not looked at; expand it before the stack is deployed, or "
                "audit the stack with `stackproof drift audit`, which reads the processed template"
            )
            yield Notification(level=Level.ERROR, message=message)


def _circular(template: Template) -> frozenset[str]:
    """Resources that refer to themselves in the end; no such stack deploys, and waiting for them would not end."""
    edges = {each.logical_id: references(each.properties) for each in template.resources}

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

    return frozenset(each for each in edges if reaches_itself(each))
