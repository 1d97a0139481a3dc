"""The audit of running stacks: the properties that templates set, and the live ones that none sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from stackproof.core.errors import TargetError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.children import Claims, physical_ids
from stackproof.drift.audit.native import side_by_side
from stackproof.drift.audit.other_stacks import OtherStacks
from stackproof.drift.audit.stack import AuditedStack, Leftover, ResourceAudit, with_leftovers
from stackproof.drift.audit.walking import StackWalk
from stackproof.drift.difference import Difference
from stackproof.drift.live_stack import LiveStack
from stackproof.drift.native_drift import NativeRow
from stackproof.drift.ports import ChildFamily, StackCatalog
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.comparison import leaf_paths
from stackproof.proof.observation import DriftStatus, ResourceProof, Unproven
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import Reader
from stackproof.proof.prover import ProvableStack, Prover, prove_stack
from stackproof.proof.world import World
from stackproof.template.assembly import Stack
from stackproof.template.intrinsics import resolve, static_context
from stackproof.template.ports import SchemaSource

__all__ = ["AuditedStacks", "Auditor"]

_TOGETHER: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A stack's audit; `leftovers` are the children that a stack outside of the audit may have declared."""

    audit: StackAudit
    leftovers: tuple[Leftover, ...] = ()
    notifications: tuple[Notification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStacks:
    """The audits of some stacks of one account and region, by name, and the notifications of the run.

    `physical_ids` are type and physical id of all that the stacks have, `gone` names of which there is no stack.
    """

    audits: tuple[StackAudit, ...] = ()
    notifications: tuple[Notification, ...] = ()
    physical_ids: frozenset[tuple[str, str]] = frozenset()
    resource_types: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


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
        walk = StackWalk(
            target=self.target,
            catalog=self.catalog,
            sources=self.sources,
            against_sources=self.against_sources,
            reason=self.reason,
        ).walked(names)
        stacks = walk.stacks.values()
        world = self._world(stacks)
        provers = world.provers
        unproven = [stack for stack in stacks if stack.stack_id not in provers]
        unread = walk.unread.union(stack.reason or UnprovenReason.UNREACHABLE for stack in unproven)
        claims = Claims(provers.values(), unread=min(unread, default=None))
        seen = [_Seen(audit=_unseen(stack, self.schemas)) for stack in unproven]
        for batch in _batches([stack for stack in stacks if stack.stack_id in provers]):
            audited = [(stack, self._audited(stack, provers[stack.stack_id], claims)) for stack in batch]
            seen.extend(self._settled(audited))
        # Once all is read: a stack that put a child there since the list was made would not be on it.
        others = self._others(frozenset(provers), world)
        audits = [with_leftovers(found.audit, found.leftovers, others) for found in seen]
        notifications = {
            *walk.notifications,
            *(notification for found in seen for notification in found.notifications),
            *(notification for prover in provers.values() for notification in prover.notifications),
        }
        return AuditedStacks(
            audits=tuple(sorted(audits, key=lambda audit: (audit.stack_name, audit.stack_id))),
            notifications=tuple(
                sorted(notifications, key=lambda notification: (notification.level.value, notification.message))
            ),
            physical_ids=frozenset(id_ for prover in provers.values() for id_ in physical_ids(prover.deployment)),
            resource_types=frozenset(
                resource.resource_type
                for prover in provers.values()
                for resource in prover.template.resources
                if not resource.is_custom
            ),
            gone=walk.gone,
        )

    def reason(self, error: TargetError) -> UnprovenReason | None:
        """Why CloudFormation did not answer; None for an answer, such as "the stack does not exist"."""
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

    def _audited(self, live: LiveStack, prover: Prover, claims: Claims) -> _Seen:
        """The audit of one stack, with the children apart that a stack outside of the audit may have declared."""
        proofs = prove_stack(prover, jobs=self.jobs)
        stack = AuditedStack(
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
            beside = ResourceAudit.merged(pool.map(stack.beside, proofs))
        declared = (difference for proof in proofs for difference in stack.declared(proof))
        native, notifications = self._native(live, proofs) if self.native else (None, ())
        audit = StackAudit(
            stack_name=live.stack_name,
            stack_id=live.stack_id,
            account=live.account,
            region=live.region,
            stack_status=live.status,
            parent=live.parent,
            proofs=proofs,
            differences=tuple(sorted((*declared, *beside.differences), key=Difference.sort_key)),
            children=beside.children,
            defaults=beside.defaults,
            unread=tuple(sorted(beside.unread)),
            native=native,
        )
        return _Seen(audit=audit, leftovers=beside.leftovers, notifications=notifications)

    def _settled(self, audited: Sequence[tuple[LiveStack, _Seen]]) -> Iterator[_Seen]:
        """The audits without those of stacks that an operation changed during the audit."""
        clean = {
            live.stack_id: live.stack_name
            for live, seen in audited
            if not seen.audit.differences and not seen.leftovers
        }
        states = self.catalog.states(clean)
        for live, seen in audited:
            moved = self._moved(live, states.get(live.stack_id))
            if moved is None:
                yield seen
            else:
                yield _Seen(audit=_unseen(moved, self.schemas), notifications=seen.notifications)

    def _moved(self, live: LiveStack, state: tuple[str, str] | TargetError | None) -> LiveStack | None:
        """The stack as one that could not be audited, if an operation began or ended while it was read.

        A clean stack may have been so before the operation, or after it: its `state` is compared. A stack that differs
        is read again as a whole.
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
        detail = "the stack was updated during the audit"
        return replace(live, status=again.status, reason=UnprovenReason.BUSY, detail=detail)

    def _unanswered(self, live: LiveStack, error: TargetError) -> LiveStack:
        return replace(live, reason=self.reason(error) or UnprovenReason.BUSY, detail=str(error))

    def _native(
        self, live: LiveStack, proofs: Sequence[ResourceProof]
    ) -> tuple[tuple[NativeRow, ...] | None, tuple[Notification, ...]]:
        """CloudFormation's own detection beside the proofs; an error in its place if it did not answer."""
        try:
            return side_by_side(proofs, self.catalog.native_drift(live.stack_id)), ()
        except TargetError as error:
            message = f"{live.stack_name}: CloudFormation's own detection did not answer: {error}"
            return None, (Notification(level=Level.ERROR, message=message),)


def _batches(stacks: Sequence[LiveStack]) -> Iterator[Sequence[LiveStack]]:
    """Stacks whose states are read again together: few, so that an operation rarely starts in between."""
    for start in range(0, len(stacks), _TOGETHER):
        yield stacks[start : start + _TOGETHER]


def _state(live: LiveStack, *, against_sources: bool) -> tuple[object, ...]:
    """The parts of a stack that an operation changes."""
    digest = live.template.digest if live.template and not against_sources else ""
    deployed = live.deployment
    return (live.status, live.changed, digest, deployed and deployed.resources, deployed and dict(deployed.parameters))


def _unseen(live: LiveStack, schemas: SchemaSource) -> StackAudit:
    """A stack that could not be audited: all that its template sets is unproven, for the stack's own reason."""
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
