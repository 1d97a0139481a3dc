"""Proves stacks on targets: deploys or finds them, reads every resource, and reports."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from stackproof.config.settings import EMULATORS
from stackproof.core.notification import Level, Notification
from stackproof.core.progress import Progress, no_progress
from stackproof.deployment.deploy import attached, deployed, nested_in
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.proof.merging import merge_stacks
from stackproof.proof.minimum import MinimumProof
from stackproof.proof.observation import ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.overridden import without_overridden
from stackproof.proof.prover import ProvableStack, prove_stack
from stackproof.proof.report import ProveReport
from stackproof.proof.world import World
from stackproof.template.assembly import Stack
from stackproof.template.stack_names import with_dependencies
from stackproof.wiring.ephemeral import Lifetime, ephemeral_stacks
from stackproof.wiring.live import readers, schemas
from stackproof.wiring.project import Project

__all__ = ["ProofOptions", "Waits", "prove_ephemeral_stacks", "prove_stacks", "with_needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long a proof may take on each target, and how long what was deployed for it may take to show, in seconds.

    An emulator shows at once what it has, so it is given time only where `settle` asks for it; `in_account` is the time
    for an account without it.
    """

    deadline: float | None = None
    settle: float | None = None
    in_account: float = 0.0

    def retry_policy(self, where: Target, *, deployed: bool, now: float) -> RetryPolicy:
        """The retry policy for a target from `now` on; what was only found there had its time before."""
        settle = self.settle if self.settle is not None else self.in_account if where.name == "aws" else 0.0
        return RetryPolicy(
            settled_at=now + settle if deployed else 0.0,
            deadline=math.inf if self.deadline is None else now + self.deadline,
        )


def with_needed(stacks: Sequence[Stack], every: Sequence[Stack], where: Target) -> Sequence[Stack]:
    """The stacks; on an emulator, which is empty, also those that they depend on.

    In an account, only the named stacks are touched.
    """
    return with_dependencies(stacks, every) if where.name in EMULATORS else stacks


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """How stacks are proven: `jobs` reads at once, `minimum` is the share that has to be proven.

    With `strict` a property that is not proven makes the report incomplete.
    """

    jobs: int = 8
    strict: bool = False
    waits: Waits = field(default_factory=Waits)
    minimum: MinimumProof | None = None
    progress: Progress = no_progress


_DEFAULT: Final = ProofOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TargetProofs:
    """The proofs of one target."""

    target: str
    proofs: tuple[ResourceProof, ...]
    notifications: frozenset[Notification]


def prove_stacks(
    stacks: Sequence[Stack],
    *targets: Target,
    every: Sequence[Stack] = (),
    options: ProofOptions = _DEFAULT,
) -> ProveReport:
    """Deploy to emulators or find in an account, read every resource, and compare; merge the proofs of the targets.

    `every` is all stacks of the app: those that the others depend on are deployed as well.
    """
    return _report(
        [
            _prove_on(target, stacks, every=every, options=options, deploys=target.name in EMULATORS)
            for target in targets
        ],
        options,
    )


def prove_ephemeral_stacks(
    project: Project, stacks: Sequence[Stack], lifetimes: Sequence[Lifetime], *, options: ProofOptions = _DEFAULT
) -> ProveReport:
    """Deploy copies of the stacks for this run, prove them, and tear them down, on each target in turn.

    What was switched off for the run is not proven.
    """
    found: list[_TargetProofs] = []
    for lifetime in lifetimes:
        with ephemeral_stacks(project, stacks, lifetime) as copies:
            proven = _prove_on(lifetime.target, copies.stacks, every=(), options=options, deploys=True)
        found.append(replace(proven, proofs=without_overridden(proven.proofs, copies.overridden)))
    return _report(found, options)


def _report(found: Sequence[_TargetProofs], options: ProofOptions) -> ProveReport:
    proofs = {proven.target: proven.proofs for proven in found}
    notifications = {notification for proven in found for notification in proven.notifications}
    return ProveReport(
        target=" + ".join(proofs),
        proofs=merge_stacks(proofs),
        notifications=tuple(sorted(notifications, key=lambda notification: notification.message)),
        strict=options.strict,
        by_target=proofs if len(proofs) > 1 else {},
        minimum=options.minimum,
    )


def _prove_on(
    target: Target, stacks: Sequence[Stack], *, every: Sequence[Stack], options: ProofOptions, deploys: bool
) -> _TargetProofs:
    with options.progress("deploying" if deploys else "finding the stacks"):
        found = deployed(with_needed(stacks, every, target), target) if deploys else attached(stacks, target)
    world = World(
        {
            stack.artifact: ProvableStack(
                template=stack.template,
                deployment=deployment,
                readers=readers(target, deployment),
                nested=nested_in(stack, every or stacks),
            )
            for stack, deployment in found
        },
        target=target,
        schemas=schemas(),
        retry_policy=options.waits.retry_policy(target, deployed=deploys, now=time.monotonic()),
    )
    wanted = {stack.artifact for stack in stacks}
    proofs: list[ResourceProof] = []
    notifications: set[Notification] = set()
    with options.progress("proving"):
        for prover in (prover for artifact, prover in world.provers.items() if artifact in wanted):
            proofs.extend(prove_stack(prover, jobs=options.jobs))
            notifications.update(_lost_orders(prover.deployment, target))
        # What a stack adds to resources of another one is read too: a reader that broke there is no less a gap.
        notifications.update(*(prover.notifications for prover in world.provers.values()))
    return _TargetProofs(target=target.name, proofs=tuple(proofs), notifications=frozenset(notifications))


def _lost_orders(deployment: Deployment, target: Target) -> Iterator[Notification]:
    """`DependsOn` entries that the target did not get, since the resources that they name are pruned."""
    for name, gone in sorted(deployment.unordered.items()):
        text = f"{deployment.stack_name}/{name} did not wait for {', '.join(gone)} on {target.name}: left out there"
        yield Notification(level=Level.NOTE, message=text)
