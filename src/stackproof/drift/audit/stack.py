"""The audit of one stack: the differences of its proof, unset properties, and children that no stack declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from stackproof.proof.prover import Prover
from stackproof.proof.redaction import mask_difference
from stackproof.template.intrinsics import Resolved, unresolved_in
from stackproof.template.ports import SchemaSource
from stackproof.template.template import Resource

__all__ = ["AuditedStack", "Leftover", "ResourceAudit", "with_leftovers"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceAudit:
    """The audit of one resource beside what the template sets, or of several resources together.

    `children` and `defaults` count the families and the defaults that were asked for, `unread` are those without an
    answer. `leftovers` are children that a stack outside of the audit may have declared.
    """

    differences: tuple[Difference, ...] = ()
    children: QuestionCount = field(default_factory=QuestionCount)
    defaults: QuestionCount = field(default_factory=QuestionCount)
    unread: tuple[Unread, ...] = ()
    leftovers: tuple[Leftover, ...] = ()

    @classmethod
    def merged(cls, audits: Iterable[ResourceAudit]) -> ResourceAudit:
        """All of them as one, in their order."""
        parts = tuple(audits)
        return cls(
            differences=tuple(difference for part in parts for difference in part.differences),
            children=sum((part.children for part in parts), QuestionCount()),
            defaults=sum((part.defaults for part in parts), QuestionCount()),
            unread=tuple(unread for part in parts for unread in part.unread),
            leftovers=tuple(leftover for part in parts for leftover in part.leftovers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStack:
    """One stack under audit; `reason` gives why CloudFormation did not answer, None if it did."""

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

    def beside(self, proof: ResourceProof) -> ResourceAudit:
        """Beside what the template sets: defaults, and children that nobody declared."""
        resource = self.prover.template.resource(str(proof.location.logical_id))
        reading = self.prover.observe(resource.logical_id).reading if resource and proof.is_proven else None
        if resource is None or reading is None:
            return ResourceAudit()
        expected = self.prover.expected(resource.logical_id)
        families = [family for family in self.families if _concerns(family, resource, expected)]
        return ResourceAudit.merged(
            (
                self._defaults(proof, resource, reading),
                self._doubts(resource),
                *(self._children(proof, resource, reading, family) for family in families),
            )
        )

    def _defaults(self, proof: ResourceProof, resource: Resource, reading: Reading) -> ResourceAudit:
        """The defaults of services that the live resource deviates from."""
        resource_type = resource.resource_type
        expected, schema = self.prover.expected(resource.logical_id), self.schemas.schema(resource_type)
        found = deviations(resource_type, expected, reading, schema)
        dropped = [
            difference for difference in found.differences if self.target.not_emulated(resource_type, difference.path)
        ]
        reasons = {
            **dict(found.unread),
            **{difference.path: UnprovenReason.NOT_EMULATED for difference in dropped},
        }
        return ResourceAudit(
            differences=tuple(
                self._of_property(proof, DriftOrigin.UNDECLARED, mask_difference(difference))
                for difference in found.differences
                if difference not in dropped
            ),
            defaults=QuestionCount(total=found.total, looked_at=found.total - len(reasons)),
            unread=tuple(
                Unread(logical_id=resource.logical_id, question=path, reason=reason)
                for path, reason in sorted(reasons.items())
            ),
        )

    def _doubts(self, resource: Resource) -> ResourceAudit:
        """The lists of the resource that could not be compared as a whole."""
        detail = "another resource of the template adds an unknown value to it"
        return ResourceAudit(
            unread=tuple(
                Unread(logical_id=resource.logical_id, question=path, reason=UnprovenReason.UNRESOLVED, detail=detail)
                for path in self.prover.doubtful(resource.logical_id)
            )
        )

    def _children(
        self, proof: ResourceProof, resource: Resource, reading: Reading, family: ChildFamily
    ) -> ResourceAudit:
        """The children of one family that no stack of the audit declares; unread if the family could not be read."""
        own = self.prover.expected(resource.logical_id).get(family.own) if family.own else None
        if own is not None and (unknown := unresolved_in(own)):
            return _unread_family(resource, family, UnprovenReason.UNRESOLVED, unknown[0].reason)
        observation = self.prover.observe_by(resource.logical_id, lambda request: tuple(family.read(request)))
        if observation.reason is not None:
            return _unread_family(resource, family, observation.reason, observation.detail)
        owner = owner_names(str(proof.physical_id), reading)
        live = sorted(observation.reading or (), key=lambda child: (child.resource_type, child.child_id))
        children = ResourceAudit.merged(self._child(proof, resource, family, owner, child) for child in live)
        return replace(children, children=QuestionCount(total=1, looked_at=0 if children.unread else 1))

    def _child(
        self, proof: ResourceProof, resource: Resource, family: ChildFamily, owner: frozenset[str], child: Child
    ) -> ResourceAudit:
        """One live child: a difference, or a leftover, or unread; nothing if a stack declares it."""
        undeclared = self._undeclared(family, owner, child)
        if undeclared is False:
            return ResourceAudit()
        if isinstance(undeclared, UnprovenReason):
            question = f"{family.name}: {child.child_id}"
            unread = Unread(logical_id=resource.logical_id, question=question, reason=undeclared)
            return ResourceAudit(unread=(unread,))
        difference = self._of_child(proof, family, child)
        if undeclared is None:
            return ResourceAudit(leftovers=(Leftover(family=family, owner=owner, child=child, difference=difference),))
        return ResourceAudit(differences=(difference,))

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

    def _of_property(self, proof: ResourceProof, origin: DriftOrigin, found: PropertyDifference) -> Difference:
        return self._difference(
            proof,
            origin,
            change=found.change,
            path=found.path,
            expected=found.expected,
            actual=found.actual,
            is_secret=SECRET_NAME.search(found.path) is not None,
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


def with_leftovers(audit: StackAudit, leftovers: Sequence[Leftover], others: OtherStacks) -> StackAudit:
    """The audit with what no stack outside of it declares either, and with what is not known."""
    answers = [(leftover, others.declare(leftover.family, leftover.owner, leftover.child)) for leftover in leftovers]
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


def _unread_family(resource: Resource, family: ChildFamily, reason: UnprovenReason, detail: str) -> ResourceAudit:
    """A family without an answer."""
    unread = Unread(logical_id=resource.logical_id, question=family.name, reason=reason, detail=detail)
    return ResourceAudit(children=QuestionCount(total=1), unread=(unread,))


def _concerns(family: ChildFamily, resource: Resource, expected: Mapping[str, Resolved]) -> bool:
    """Whether the resource may have children of the family that the comparison of the owner's list misses.

    A list that resolves to AWS::NoValue is not compared; neither is a list with an unresolved value.
    """
    own = family.own
    return resource.resource_type in family.owners and (
        own is None or own not in expected or bool(unresolved_in(expected[own]))
    )
