"""The audit of one stack: the differences of its proof, unset properties, and children that no stack declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from stackproof.core.errors import TargetError
from stackproof.core.secret_values import SECRET_NAME
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.children import Claims, owner_names
from stackproof.drift.audit.defaults import deviations
from stackproof.drift.audit.other_stacks import Doubt, OtherStacks
from stackproof.drift.child import Child
from stackproof.drift.difference import Difference, DriftOrigin, QuestionCount, Unread
from stackproof.drift.live_stack import LiveStack
from stackproof.drift.ports import ChildFamily, StackCatalog
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, Reading, ResourceProof
from stackproof.proof.ports import ReadRequest
from stackproof.proof.prover import Prover
from stackproof.proof.redaction import mask_difference
from stackproof.template.intrinsics import Resolved, unresolved_in
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Resource

__all__ = ["AuditedStack", "Leftover", "with_leftovers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A child that no stack of the audit declares, and its difference if no other stack declares it either."""

    family: ChildFamily
    owner: frozenset[str]
    child: Child
    difference: Difference

    def missed(self, doubt: Doubt) -> Unread:
        """The question without an answer."""
        return Unread(
            logical_id=str(self.difference.location.logical_id),
            question=f"{self.family.name}: {self.child.child_id}",
            reason=doubt.reason,
            detail=doubt.detail,
        )


_Beside = tuple[tuple[Difference, ...], QuestionCount, QuestionCount, tuple[Unread, ...], tuple[Leftover, ...]]
"""Of one resource: what nobody declared; families and defaults asked for; what was not answered; leftovers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStack:
    """What is seen of one stack; `reason` says why CloudFormation did not answer, None if it did."""

    live: LiveStack
    prover: Prover
    claims: Claims
    catalog: StackCatalog
    schemas: SchemaSource
    families: Sequence[ChildFamily]
    target: Target
    reason: Callable[[TargetError], UnprovenReason | None]

    def declared(self, proof: ResourceProof) -> Iterator[Difference]:
        """The differences of a proof; a deleted resource is one difference."""
        if proof.status is DriftStatus.DELETED:
            yield self._difference(proof, DriftOrigin.DELETED, change=Change.REMOVE)
            return
        for difference in proof.differences:
            yield self._of_property(proof, DriftOrigin.DECLARED, difference)

    def beside(self, proof: ResourceProof) -> _Beside:
        """Beside what the template sets: defaults, and children that nobody declared."""
        resource = self.prover.template.resource(str(proof.location.logical_id))
        reading = self.prover.observe(resource.logical_id).reading if resource and proof.is_proven else None
        if resource is None or reading is None:
            return (), QuestionCount(), QuestionCount(), (), ()
        found: list[Difference] = []
        unread: list[Unread] = []
        left: list[Leftover] = []
        defaults = self._defaults(proof, resource, reading, found, unread)
        unread.extend(
            Unread(
                logical_id=resource.logical_id,
                question=path,
                reason=UnprovenReason.UNRESOLVED,
                detail="another resource of the template adds an unknown value to it",
            )
            for path in self.prover.doubtful(resource.logical_id)
        )
        expected = self.prover.expected(resource.logical_id)
        families = [family for family in self.families if _concerns(family, resource, expected)]
        looked = sum(self._children(proof, resource, reading, family, found, unread, left) for family in families)
        return tuple(found), QuestionCount(total=len(families), looked_at=looked), defaults, tuple(unread), tuple(left)

    def _defaults(
        self,
        proof: ResourceProof,
        resource: Resource,
        reading: Reading,
        found: list[Difference],
        unread: list[Unread],
    ) -> QuestionCount:
        kind = resource.resource_type
        seen = deviations(kind, self.prover.expected(resource.logical_id), reading, self.schemas.schema(kind))
        missed = dict(seen.unread)
        for difference in seen.differences:
            if self.target.not_emulated(kind, difference.path):
                missed[difference.path] = UnprovenReason.NOT_EMULATED
            else:
                found.append(self._of_property(proof, DriftOrigin.UNDECLARED, mask_difference(difference)))
        unread.extend(
            Unread(logical_id=resource.logical_id, question=path, reason=why) for path, why in sorted(missed.items())
        )
        return QuestionCount(total=seen.total, looked_at=seen.total - len(missed))

    def _children(
        self,
        proof: ResourceProof,
        resource: Resource,
        reading: Reading,
        family: ChildFamily,
        found: list[Difference],
        unread: list[Unread],
        left: list[Leftover],
    ) -> bool:
        """Whether the family could be read; its children that no stack declares are added to `found` or `left`."""
        own = self.prover.expected(resource.logical_id).get(family.own) if family.own else None

        def missed(reason: UnprovenReason, detail: str = "", *, child: str = "") -> None:
            question = f"{family.name}: {child}" if child else family.name
            unread.append(Unread(logical_id=resource.logical_id, question=question, reason=reason, detail=detail))

        if own is not None and (unknown := unresolved_in(own)):
            missed(UnprovenReason.UNRESOLVED, unknown[0].reason)
            return False
        live: list[Child] = []

        def read(request: ReadRequest) -> Reading:
            live[:] = family.read(request)
            return Reading(properties={})

        observation = self.prover.observe_by(resource.logical_id, read)
        if observation.reason is not None:
            missed(observation.reason, observation.detail)
            return False
        owner = owner_names(str(proof.physical_id), reading)
        known = True
        for live_child in sorted(live, key=lambda child: (child.resource_type, child.child_id)):
            undeclared = self._undeclared(family, owner, live_child)
            if undeclared is False:
                continue
            if isinstance(undeclared, UnprovenReason):
                missed(undeclared, child=live_child.child_id)
                known = False
                continue
            difference = self._of_child(proof, family, live_child)
            if undeclared is None:
                left.append(Leftover(family=family, owner=owner, child=live_child, difference=difference))
            else:
                found.append(difference)
        return known

    def _undeclared(self, family: ChildFamily, owner: frozenset[str], child: Child) -> UnprovenReason | bool | None:
        """Whether no stack declares the child, or why that is unknown; None if other stacks have to be read."""
        declared = self.claims.declare(family, owner, child)
        if declared is None:
            return UnprovenReason.UNRESOLVED
        if declared:
            return False
        if not family.in_stacks and not family.declared_by:
            return True  # no template can declare one
        if not family.in_stacks or not child.physical_id:
            return self.claims.unread
        return self._in_no_stack(family, child)

    def _in_no_stack(self, family: ChildFamily, child: Child) -> UnprovenReason | bool | None:
        """Whether CloudFormation knows no stack with the child, or why that is unknown; None as above."""
        try:
            stack = self.catalog.owner(child.resource_type, child.physical_id)
        except TargetError as error:
            return self.reason(error) or UnprovenReason.UNREACHABLE
        if stack is not None and family.ids_are_shared:
            # That stack has one of the same id; for which owner, only its template says.
            return True if self.claims.speak_for(stack) else self.claims.unread
        if stack is None and family.ids_may_differ:
            return self.claims.unread
        return stack is None

    def _of_child(self, proof: ResourceProof, family: ChildFamily, child: Child) -> Difference:
        region = self.live.region
        detail = f"no stack of {region} declares it; stacks of other regions were not read"
        return self._difference(
            proof,
            DriftOrigin.CHILD,
            change=Change.ADD,
            actual=child.value,
            child_type=child.resource_type,
            child_id=child.child_id,
            family=family.name,
            detail=detail if family.from_elsewhere else "",
        )

    def _of_property(self, proof: ResourceProof, origin: DriftOrigin, each: PropertyDifference) -> Difference:
        return self._difference(
            proof,
            origin,
            change=each.change,
            path=each.path,
            expected=each.expected,
            actual=each.actual,
            is_secret=SECRET_NAME.search(each.path) is not None,
        )

    def _difference(self, proof: ResourceProof, origin: DriftOrigin, **fields: object) -> Difference:
        path = fields.get("path")
        resource = self.prover.template.resource(str(proof.location.logical_id))
        place = resource.location(path if isinstance(path, str) else None) if resource else proof.location
        return Difference(
            account=self.live.account,
            region=self.live.region,
            origin=origin,
            location=replace(place, stack_name=self.live.stack_name),
            physical_id=proof.physical_id,
            status=DriftStatus.DELETED if origin is DriftOrigin.DELETED else DriftStatus.MODIFIED,
            **fields,  # type: ignore[arg-type]
        )


def with_leftovers(audit: StackAudit, left: Sequence[Leftover], others: OtherStacks) -> StackAudit:
    """The audit with what no stack outside of it declares either, and with what is not known."""
    answers = [(leftover, others.declare(leftover.family, leftover.owner, leftover.child)) for leftover in left]
    found = [leftover.difference for leftover, answer in answers if answer is False]
    unread = [leftover.missed(answer) for leftover, answer in answers if isinstance(answer, Doubt)]
    doubtful = {
        (leftover.difference.location.logical_id, leftover.family.name)
        for leftover, doubt in answers
        if isinstance(doubt, Doubt)
    }
    return replace(
        audit,
        children=audit.children + QuestionCount(looked_at=-len(doubtful)),
        differences=tuple(sorted((*audit.differences, *found), key=Difference.sort_key)),
        unread=tuple(sorted((*audit.unread, *unread))),
    )


def _concerns(family: ChildFamily, resource: Resource, expected: Mapping[str, Resolved]) -> bool:
    """Whether the resource may have children of the family that the comparison of the owner's list misses.

    A list that resolves to AWS::NoValue is not compared; neither is a list with an unresolved value.
    """
    own = family.own
    return resource.resource_type in family.owners and (
        own is None or own not in expected or bool(unresolved_in(expected[own]))
    )
