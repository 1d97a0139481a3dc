"""Proofs of ephemeral stacks, whose templates were changed for the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stackproof.deployment.ephemeral_stack import Overridden
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import ResourceProof, Unproven

__all__ = ["without_overridden"]


def without_overridden(proofs: Iterable[ResourceProof], overridden: Iterable[Overridden]) -> tuple[ResourceProof, ...]:
    """The proofs without parts that were switched off for the run: these are not live as the template sets them."""
    paths: dict[tuple[str, str], set[str]] = {}
    for override in overridden:
        if override.path.startswith("/Properties/"):
            key = (override.stack_name, override.logical_id)
            paths.setdefault(key, set()).add(override.path.removeprefix("/Properties"))

    def lessened(proof: ResourceProof) -> ResourceProof:
        own = paths.get((proof.location.stack_name or "", proof.location.logical_id or ""), set())
        gone = tuple(
            path for path in proof.proven if any(path == above or path.startswith(f"{above}/") for above in own)
        )
        if not gone:
            return proof
        reason = UnprovenReason.OVERRIDDEN
        more = (Unproven(path=path, reason=reason, detail="switched off for the ephemeral stack") for path in gone)
        return replace(
            proof,
            proven=tuple(path for path in proof.proven if path not in gone),
            unproven=tuple(sorted((*proof.unproven, *more))),
        )

    return tuple(lessened(proof) for proof in proofs)
