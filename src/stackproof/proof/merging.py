"""Proofs of one stack from several targets as one: what any target proves counts, a difference on one counts more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.core.json import canonical
from stackproof.core.json_pointer import overlap
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import DriftStatus, PropertyDifference, ResourceProof, Unproven

__all__ = ["Share", "merge_proofs", "merge_stacks", "shares"]

_GRAVITY: Final = (DriftStatus.NOT_CHECKED, DriftStatus.IN_SYNC, DriftStatus.MODIFIED, DriftStatus.DELETED)
_TELLING: Final = (
    UnprovenReason.WRITE_ONLY,
    UnprovenReason.OVERRIDDEN,
    UnprovenReason.DENIED,
    UnprovenReason.THROTTLED,
    UnprovenReason.UNREACHABLE,
    UnprovenReason.BUSY,
    UnprovenReason.UNRESOLVED,
    UnprovenReason.NO_READER,
    UnprovenReason.NOT_EMULATED,
)
"""Of two reasons for one property the more specific one counts: that a target lacks the property is the least."""


def merge_proofs(proofs: Sequence[ResourceProof]) -> ResourceProof:
    """The proofs of one resource as one: *differs* wins over *proven*, *proven* over *not proven*.

    In any order and however often it gives the same. The physical id is that of a target with the gravest status.
    """
    status = max((proof.status for proof in proofs), key=_GRAVITY.index)
    differences = _differences(proofs)
    found = [difference.path for difference in differences]
    proven = sorted({path for proof in proofs for path in proof.proven if not _touches(path, found)})
    unproven = _unproven(proofs, [*found, *proven], status)
    return ResourceProof(
        location=min((proof.location for proof in proofs), key=lambda location: canonical(location.to_dict())),
        physical_id=min(
            (proof.physical_id for proof in proofs if proof.status is status and proof.physical_id), default=None
        ),
        status=status,
        custom=any(proof.custom for proof in proofs),
        proven=tuple(proven),
        differences=differences,
        unproven=unproven,
    )


def merge_stacks(by_target: Mapping[str, Iterable[ResourceProof]]) -> tuple[ResourceProof, ...]:
    """The proofs of whole stacks as one, by place."""
    grouped: dict[str, list[ResourceProof]] = {}
    for proofs in by_target.values():
        for proof in proofs:
            grouped.setdefault(canonical(proof.location.to_dict()), []).append(proof)
    return tuple(sorted(map(merge_proofs, grouped.values()), key=lambda proof: proof.location.sort_key()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one target adds to a union: how many properties no other one proves, and how many differ on it."""

    target: str
    alone: int
    differs: int


def shares(by_target: Mapping[str, Iterable[ResourceProof]]) -> tuple[Share, ...]:
    """The share of each target, in their order; custom resources are left out, as everywhere."""
    seen = {
        name: {
            (canonical(proof.location.to_dict()), path) for proof in proofs if not proof.custom for path in proof.proven
        }
        for name, proofs in by_target.items()
    }
    return tuple(
        Share(
            target=name,
            alone=len(seen[name].difference(*(other for key, other in seen.items() if key != name))),
            differs=sum(len(proof.differences) for proof in proofs if not proof.custom),
        )
        for name, proofs in by_target.items()
    )


def _differences(proofs: Sequence[ResourceProof]) -> tuple[PropertyDifference, ...]:
    """One for each path; of several the one that is first as text."""
    found: dict[str, PropertyDifference] = {}
    for difference in sorted(
        (difference for proof in proofs for difference in proof.differences),
        key=lambda difference: canonical(difference.to_dict()),
    ):
        found.setdefault(difference.path, difference)
    return tuple(found[path] for path in sorted(found))


def _unproven(proofs: Sequence[ResourceProof], decided: Sequence[str], status: DriftStatus) -> tuple[Unproven, ...]:
    """What no target has proven or found different; the path "" is only there for a resource that none could read."""
    found: dict[str, Unproven] = {}
    candidates = [
        unproven
        for proof in proofs
        for unproven in proof.unproven
        if not (unproven.path and _touches(unproven.path, decided))
    ]
    for candidate in sorted(candidates, key=lambda unproven: (_TELLING.index(unproven.reason), unproven.detail)):
        found.setdefault(candidate.path, candidate)
    if status is not DriftStatus.NOT_CHECKED:
        found.pop("", None)
    return tuple(found[path] for path in sorted(found) if not path or not _is_above(path, found))


def _touches(path: str, others: Iterable[str]) -> bool:
    """Whether another path is the same, above or below: one target may know a whole where another knows leaves."""
    return any(overlap(path, other) for other in others)


def _is_above(path: str, others: Iterable[str]) -> bool:
    return any(other.startswith(f"{path}/") for other in others)
