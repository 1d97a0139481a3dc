"""The minimum proof of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Coverage, ResourceProof

__all__ = ["MinimumProof"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumProof:
    """Percentages of resources and of properties that can be read at all; None asks for nothing."""

    resources: float | None = None
    properties: float | None = None

    def shortfalls(self, proofs: Sequence[ResourceProof]) -> tuple[str, ...]:
        """A line for each share below its minimum, with the figure and the first unproven resource or property."""
        if not proofs and (self.resources or self.properties):
            return ("nothing was checked, and minimum_proof requires a share of it",)
        coverage = Coverage.of(tuple(proofs))
        counted = sorted((proof for proof in proofs if not proof.custom), key=lambda proof: proof.location.sort_key())
        readable = coverage.properties_total - _write_only(counted)
        rows = (
            ("resources", self.resources, coverage.resources_proven, coverage.resources_total, _resource(counted)),
            ("properties", self.properties, coverage.properties_proven, readable, _property(counted)),
        )
        return tuple(
            f"{proven} of {total} {what} are proven ({_share(proven, total)}), and minimum_proof is {minimum:g} %"
            f"{f'; the first that is not: {first}' if first else ''}"
            for what, minimum, proven, total, first in rows
            if minimum is not None and 100 * proven < minimum * total
        )

    def to_dict(self) -> dict[str, JsonValue]:
        return {"resources": self.resources, "properties": self.properties}


def _share(proven: int, total: int) -> str:
    """Rounded down, so that what is too little never looks like enough."""
    return f"{int(1000 * proven / total) / 10:.1f} %"


def _write_only(proofs: Sequence[ResourceProof]) -> int:
    return sum(
        bool(unproven.path) and unproven.reason is UnprovenReason.WRITE_ONLY
        for proof in proofs
        for unproven in proof.unproven
    )


def _resource(proofs: Sequence[ResourceProof]) -> str | None:
    found = next((proof for proof in proofs if not proof.is_proven), None)
    if found is None:
        return None
    why = sorted({unproven.reason.value for unproven in found.unproven}) or [found.status.value]
    return f"{found.location}: {found.location.logical_id}: {', '.join(why)}"


def _property(proofs: Sequence[ResourceProof]) -> str | None:
    for proof in proofs:
        place = f"{proof.location}: {proof.location.logical_id}"
        missing = [
            *((difference.path, "differs") for difference in proof.differences),
            *(
                (unproven.path, unproven.reason.value)
                for unproven in proof.unproven
                if unproven.path and unproven.reason is not UnprovenReason.WRITE_ONLY
            ),
        ]
        if missing:
            path, why = min(missing)
            return f"{place} {path}: {why}"
    return None
