"""The audit of stacks that run: what their templates say against what is live, and what nobody has said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from stackproof.core.errors import ConfigError, StackproofError, TargetError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.children import Claims, physical_ids
from stackproof.drift.audit.native import side_by_side
from stackproof.drift.audit.other_stacks import OtherStacks
from stackproof.drift.audit.stack import Leftover, StackLook, with_leftovers
from stackproof.drift.difference import Difference, LiveStack, Looked, NativeRow, StackAudit
from stackproof.drift.ports import ChildFamily, StackCatalog
from stackproof.drift.stack_list import name_in
from stackproof.proof.comparison import leaf_paths
from stackproof.proof.observation import DriftStatus, ResourceProof, Unproven
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import Reader
from stackproof.proof.prover import ProvableStack, Prover, prove_stack
from stackproof.proof.world import World
from stackproof.template.assembly import Stack
from stackproof.template.intrinsics import resolve, static_context
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Template

__all__ = ["AuditedStacks", "Auditor"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_STACK_SET: Final = "AWS::CloudFormation::StackSet"
_TOGETHER: Final = 10

_Seen: TypeAlias = tuple[StackAudit, tuple[Leftover, ...]]
"""A stack's audit, and the children that a stack outside of the audit may have declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStacks:
    """The audits of some stacks of one account and region, by name, and what has to be said of the run.

    `physical_ids` are type and physical id of all that the stacks have, `gone` names of which there is no stack.
    """

    audits: tuple[StackAudit, ...] = ()
    notifications: tuple[Notification, ...] = ()
    physical_ids: frozenset[tuple[str, str]] = frozenset()
    resource_types: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """What has to be said of a walk over stacks, why some of them were not read, and which are not there."""

    said: list[Notification] = field(default_factory=list)
    unread: set[UnprovenReason] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def missed(self, message: str, *, is_there: bool = True) -> None:
        """Say that something was not walked; unless it is not there, it may declare anything."""
        self.said.append(Notification(level=Level.ERROR, message=message))
        if is_there:
            self.unread.add(UnprovenReason.UNREACHABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Audits stacks of one target; it only reads.

    `readers` gives those of a deployment's types.
    `sources` are the stacks of a cloud assembly by name: they lend their source lines, and with `against_sources` they
    are the expectation. With `native` CloudFormation's own detection is asked as well.
    """

    target: Target
    catalog: StackCatalog
    readers: Callable[[Deployment], Mapping[str, Reader]]
    families: Sequence[ChildFamily]
    schemas: SchemaSource
    sources: Mapping[str, Stack]
    against_sources: bool = False
    native: bool = False
    jobs: int = 8
    retry_policy: RetryPolicy | None = None

    def audited(self, names: Sequence[str]) -> AuditedStacks:
        """The stacks of these names or ARNs and all nested in them; one that cannot be read does not stop others."""
        walk = _Walk()
        said = walk.said
        found: dict[str, LiveStack] = {}
        for name in sorted(set(names)):
            for stack in self._walked(name, walk):
                known = found.get(stack.stack_id)
                if known is None or (known.parent is None and stack.parent is not None):
                    found[stack.stack_id] = stack  # a nested stack that was listed as well has its parent's name
        world = self._world(found.values())
        provers = world.provers
        walk.unread.update(
            stack.reason or UnprovenReason.UNREACHABLE for stack in found.values() if stack.stack_id not in provers
        )
        claims = Claims(provers.values(), unread=min(walk.unread, default=None))
        seen: list[_Seen] = [
            (_unseen(stack, self.schemas), ()) for stack in found.values() if stack.stack_id not in provers
        ]
        for some in _batches([stack for stack in found.values() if stack.stack_id in provers]):
            looked = [(stack, self._audited(stack, provers[stack.stack_id], claims, said)) for stack in some]
            seen.extend(self._settled(looked))
        # Once all is read: a stack that put a child there since the list was made would not be on it.
        others = self._others(frozenset(provers), world)
        audits = [with_leftovers(audit, left, others) for audit, left in seen]
        said.extend(notification for prover in provers.values() for notification in prover.notifications)
        return AuditedStacks(
            audits=tuple(sorted(audits, key=lambda audit: (audit.stack_name, audit.stack_id))),
            notifications=tuple(
                sorted(set(said), key=lambda notification: (notification.level.value, notification.message))
            ),
            physical_ids=frozenset(id_ for prover in provers.values() for id_ in physical_ids(prover.deployment)),
            resource_types=frozenset(
                resource.resource_type
                for prover in provers.values()
                for resource in prover.template.resources
                if not resource.is_custom
            ),
            gone=frozenset(walk.gone),
        )

    # -- which stacks

    def _walked(self, name: str, walk: _Walk) -> Iterator[LiveStack]:
        """The stack, then those nested in it and the instances of its stack sets, at any depth."""
        waiting: list[tuple[str, str, str | None]] = [(name, name_in(name), None)]
        seen: set[str] = set()
        while waiting:
            stack_id, shown, parent = waiting.pop(0)
            live = self._found(stack_id, shown, parent, walk)
            if live is None or live.stack_id in seen:
                continue
            seen.add(live.stack_id)
            yield live
            for resource in live.deployment.resources if live.deployment else ():
                if resource.resource_type == _NESTED and resource.physical_id:
                    waiting.append((resource.physical_id, f"{shown}/{resource.logical_id}", shown))
                elif resource.resource_type == _STACK_SET and resource.physical_id:
                    waiting.extend(self._instances(shown, resource.logical_id, resource.physical_id, walk))

    def _found(self, stack_id: str, shown: str, parent: str | None, walk: _Walk) -> LiveStack | None:
        try:
            live = self.catalog.stack(stack_id, shown=shown, parent=parent)
        except TargetError as error:
            reason = self.reason(error)
            if reason is None:
                is_gone = error.code == "NoStack"
                walk.missed(f"{shown} was not audited: {error}", is_there=not is_gone)
                walk.gone.update({shown} if is_gone else ())
                return None
            return LiveStack(
                stack_name=shown,
                stack_id=stack_id,
                account=self.target.account,
                region=self.target.region,
                status="",
                parent=parent,
                reason=reason,
                detail=str(error),
            )
        except StackproofError as error:
            walk.missed(f"{shown} was not audited: {error}")
            return None
        return self._expecting(live)

    def _expecting(self, live: LiveStack) -> LiveStack:
        """The stack with the template that says what is expected of it, and the source lines that are known."""
        source = self.sources.get(live.stack_name)
        if self.against_sources:
            if source is None:
                raise ConfigError(f"--against assembly: the app has no stack {live.stack_name}")
            return replace(live, template=source.template)
        if source is None or live.template is None:
            return live
        return replace(live, template=_sourced(live.template, source.template))

    def _instances(
        self, shown: str, logical_id: str, stack_set: str, walk: _Walk
    ) -> Iterator[tuple[str, str, str | None]]:
        try:
            instances = self.catalog.instances(stack_set)
        except TargetError as error:
            walk.missed(f"{shown}/{logical_id}: the instances of the stack set are not known: {error}")
            return
        elsewhere = 0
        for account, region, stack_id in instances:
            if (account, region) == (self.target.account, self.target.region) and stack_id:
                yield stack_id, f"{shown}/{logical_id}/{stack_id.rpartition(':stack/')[2].partition('/')[0]}", shown
            else:
                elsewhere += 1
        if elsewhere:
            message = f"{shown}/{logical_id}: {elsewhere} instances are in other accounts or regions: audit them there"
            walk.said.append(Notification(level=Level.WARNING, message=message))

    def reason(self, error: TargetError) -> UnprovenReason | None:
        """Why CloudFormation did not answer; None for an answer, such as that there is no such stack."""
        cause = error.__cause__
        return self.target.translated(cause if isinstance(cause, Exception) else error)

    # -- one stack

    def _world(self, stacks: Iterable[LiveStack]) -> World:
        """The stacks that can be proven, by stack id."""
        return World(
            {
                live.stack_id: ProvableStack(
                    template=live.template, deployment=live.deployment, readers=self.readers(live.deployment)
                )
                for live in stacks
                if live.reason is None and live.template is not None and live.deployment is not None
            },
            target=self.target,
            schemas=self.schemas,
            retry_policy=self.retry_policy,
        )

    def _others(self, known: frozenset[str], world: World) -> OtherStacks:
        target = self.target
        here = Deployment(stack_name="", stack_id="", status="", account=target.account, region=target.region)
        return OtherStacks(
            target=target,
            catalog=self.catalog,
            readers=lambda: self.readers(here),
            schemas=self.schemas,
            memo=world.memo,
            known=known,
            reason=self.reason,
            jobs=self.jobs,
        )

    def _audited(self, live: LiveStack, prover: Prover, claims: Claims, said: list[Notification]) -> _Seen:
        """What was seen of the stack, less the children that a stack outside of the audit may have declared."""
        proofs = prove_stack(prover, jobs=self.jobs)
        look = StackLook(
            live=live,
            prover=prover,
            claims=claims,
            catalog=self.catalog,
            schemas=self.schemas,
            families=self.families,
            target=self.target,
            reason=self.reason,
        )
        with ThreadPoolExecutor(max_workers=max(1, self.jobs), thread_name_prefix="drift") as pool:
            parts = list(pool.map(look.beside, proofs))
        differences = tuple(
            sorted(
                (
                    *(difference for proof in proofs for difference in look.declared(proof)),
                    *(difference for part in parts for difference in part[0]),
                ),
                key=Difference.sort_key,
            )
        )
        left = tuple(leftover for part in parts for leftover in part[4])
        audit = StackAudit(
            stack_name=live.stack_name,
            stack_id=live.stack_id,
            account=live.account,
            region=live.region,
            stack_status=live.status,
            parent=live.parent,
            proofs=proofs,
            differences=differences,
            children=sum((part[1] for part in parts), Looked()),
            defaults=sum((part[2] for part in parts), Looked()),
            unread=tuple(sorted(unread for part in parts for unread in part[3])),
            native=self._native(live, proofs, said) if self.native else None,
        )
        return audit, left

    def _settled(self, looked: Sequence[tuple[LiveStack, _Seen]]) -> Iterator[_Seen]:
        """The audits, less what was seen of stacks that an operation changed in the meantime."""
        clean = {live.stack_id: live.stack_name for live, (seen, left) in looked if not seen.differences and not left}
        states = self.catalog.states(clean)
        for live, (seen, left) in looked:
            moved = self._moved(live, states.get(live.stack_id))
            yield (seen, left) if moved is None else (_unseen(moved, self.schemas), ())

    def _moved(self, live: LiveStack, state: tuple[str, str] | TargetError | None) -> LiveStack | None:
        """The stack as one that could not be audited, if an operation began or ended while it was looked at.

        What was found clean may have been so before the operation, or after it: its `state` tells. What differs is
        looked at as a whole.
        """
        if isinstance(state, TargetError):
            return self._unanswered(live, state)
        try:
            again = (
                replace(live, status=state[0], changed=state[1])
                if state
                else self.catalog.stack(live.stack_id, shown=live.stack_name, parent=live.parent)
            )
        except TargetError as error:
            return self._unanswered(live, error)
        if again.reason is not None:
            return replace(live, status=again.status, reason=again.reason, detail=again.detail)
        if _state(again, against_sources=self.against_sources) == _state(live, against_sources=self.against_sources):
            return None
        detail = "the stack was updated while it was looked at"
        return replace(live, status=again.status, reason=UnprovenReason.BUSY, detail=detail)

    def _unanswered(self, live: LiveStack, error: TargetError) -> LiveStack:
        return replace(live, reason=self.reason(error) or UnprovenReason.BUSY, detail=str(error))

    def _native(
        self, live: LiveStack, proofs: Sequence[ResourceProof], said: list[Notification]
    ) -> tuple[NativeRow, ...] | None:
        try:
            return side_by_side(proofs, self.catalog.native_drift(live.stack_id))
        except TargetError as error:
            message = f"{live.stack_name}: CloudFormation's own detection did not answer: {error}"
            said.append(Notification(level=Level.ERROR, message=message))
            return None


def _batches(stacks: Sequence[LiveStack]) -> Iterator[Sequence[LiveStack]]:
    """Stacks that are looked at again together: few, so that an operation on one that is done is rarely in between."""
    for start in range(0, len(stacks), _TOGETHER):
        yield stacks[start : start + _TOGETHER]


def _state(live: LiveStack, *, against_sources: bool) -> tuple[object, ...]:
    """What an operation changes of a stack."""
    digest = live.template.digest if live.template and not against_sources else ""
    deployed = live.deployment
    return (live.status, live.changed, digest, deployed and deployed.resources, deployed and dict(deployed.parameters))


def _sourced(template: Template, source: Template) -> Template:
    """The deployed template with what the assembly knows of where its resources were written."""
    known = {resource.logical_id: resource for resource in source.resources}
    return replace(
        template,
        resources=tuple(
            replace(
                resource,
                construct_path=written.construct_path,
                source=written.source,
                property_sources=written.property_sources,
                generated=written.generated,
            )
            if (written := known.get(resource.logical_id)) is not None
            and written.resource_type == resource.resource_type
            else resource
            for resource in template.resources
        ),
    )


def _unseen(live: LiveStack, schemas: SchemaSource) -> StackAudit:
    """A stack that could not be audited: all that its template sets is not looked at, for the stack's own reason."""
    reason = live.reason or UnprovenReason.UNREACHABLE
    resources = live.template.resources if live.template else ()
    proofs = []
    for resource in resources:
        if resource.resource_type == "AWS::CDK::Metadata" or live.template is None:
            continue
        expected = resolve(resource.properties, static_context(live.template))
        paths = leaf_paths(expected if isinstance(expected, Mapping) else {}, schemas.schema(resource.resource_type))
        proofs.append(
            ResourceProof(
                location=replace(resource.location(), stack_name=live.stack_name),
                physical_id=None,
                status=DriftStatus.NOT_CHECKED,
                custom=resource.is_custom,
                unproven=tuple(Unproven(path=path, reason=reason, detail=live.detail) for path in ("", *paths)),
            )
        )
    return StackAudit(
        stack_name=live.stack_name,
        stack_id=live.stack_id,
        account=live.account,
        region=live.region,
        stack_status=live.status,
        parent=live.parent,
        reason=reason,
        detail=live.detail,
        proofs=tuple(proofs),
    )
