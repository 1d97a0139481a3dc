"""CloudFormation's drift detection beside our audit: the differences that each found and the other did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stackproof.drift.native_drift import NativeDrift, NativeRow
from stackproof.proof.observation import DriftStatus, ResourceProof

__all__ = ["side_by_side"]

_BOTH, _OURS, _THEIRS = "both", "stackproof", "cloudformation"
_UNSEEN: Final = frozenset({"NOT_CHECKED", "UNSUPPORTED", "UNKNOWN"})


def side_by_side(proofs: Sequence[ResourceProof], native: Iterable[NativeDrift]) -> tuple[NativeRow, ...]:
    """One row for each property of a declared resource that either of the two calls different.

    A property and one below it are the same sighting: CloudFormation names elements of lists that count here as one.
    """
    theirs = {drift.logical_id: drift for drift in native}
    rows: list[NativeRow] = []
    for proof in proofs:
        name = str(proof.location.logical_id)
        rows.extend(_of_resource(name, proof, theirs.pop(name, None)))
    for name, drift in sorted(theirs.items()):
        rows.extend(
            NativeRow(logical_id=name, property_path=path, seen_by=_THEIRS, detail="the template has no such resource")
            for path in _paths(drift)
        )
    return tuple(sorted(set(rows)))


def _of_resource(name: str, proof: ResourceProof, theirs: NativeDrift | None) -> Iterator[NativeRow]:
    ours = ("",) if proof.status is DriftStatus.DELETED else tuple(difference.path for difference in proof.differences)
    other = _paths(theirs) if theirs else ()
    unproven = {unproven.path: unproven.reason.value for unproven in proof.unproven}
    for path in ours:
        is_seen = any(_same(path, name) for name in other)
        yield NativeRow(
            logical_id=name,
            property_path=path,
            seen_by=_BOTH if is_seen else _OURS,
            detail="" if is_seen or theirs is None or theirs.status not in _UNSEEN else theirs.status,
        )
    for path in other:
        if not any(_same(path, name) for name in ours):
            why = next((reason for name, reason in sorted(unproven.items()) if _same(path, name)), "")
            yield NativeRow(logical_id=name, property_path=path, seen_by=_THEIRS, detail=why)


def _paths(native: NativeDrift) -> tuple[str, ...]:
    if native.status == "DELETED":
        return ("",)
    return native.paths if native.status == "MODIFIED" else ()


def _same(left: str, right: str) -> bool:
    return left == right or (
        bool(left) and bool(right) and (left.startswith(f"{right}/") or right.startswith(f"{left}/"))
    )
