"""The verdict on one resource: its observation, or the reason for none, against the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from stackproof.core.json import JsonObject
from stackproof.core.json_pointer import overlap
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.comparison import Comparison, compared
from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, Reading, ResourceProof, Unproven
from stackproof.proof.observer import Observation
from stackproof.proof.redaction import mask_difference
from stackproof.template.intrinsics import Resolved, known
from stackproof.template.schema import ResourceSchema

__all__ = ["compared_proof", "deleted_proof", "unchecked_proof"]


def compared_proof(
    bare: ResourceProof,
    reading: Reading,
    comparison: Comparison,
    *,
    expected: Mapping[str, Resolved],
    actual: JsonObject,
    doubts: Sequence[str],
    schema: ResourceSchema | None,
    not_emulated: Callable[[str], bool],
) -> ResourceProof:
    """The verdict on a resource that was read: `bare` with each property proven, different or unproven.

    `comparison` is that of `expected` with `actual`: the reading's properties less what other resources add. `doubts`
    are the lists of which it is not known what others add. `not_emulated` reports whether the target drops the property
    of a path.
    """
    unproven = [
        Unproven(path=path, reason=UnprovenReason.UNRESOLVED, detail=detail) for path, detail in comparison.unresolved
    ]
    # A property that was not read has its default in the reading: that an empty list equals it proves nothing.
    doubted = dict.fromkeys(doubts, UnprovenReason.UNRESOLVED)
    read_so_far = replace(reading, unread={**doubted, **reading.unread})
    unread = {path: why for path in comparison.proven if (why := _unread(read_so_far, path)) is not None}
    unproven.extend(Unproven(path=path, reason=_or_write_only(why, schema, path)) for path, why in unread.items())
    differences: list[PropertyDifference] = []
    for difference in comparison.differences:
        reason = _excuse(reading, schema, difference, not_emulated)
        if reason is None:
            differences.append(mask_difference(difference, known(expected), actual))
        else:
            unproven.append(Unproven(path=difference.path, reason=reason))
    return replace(
        bare,
        status=DriftStatus.MODIFIED if differences else DriftStatus.IN_SYNC,
        proven=tuple(path for path in comparison.proven if path not in unread),
        differences=tuple(differences),
        unproven=tuple(sorted(unproven)),
    )


def unchecked_proof(bare: ResourceProof, observation: Observation[Reading], paths: Sequence[str]) -> ResourceProof:
    """The verdict on a resource that was not read: each of its paths is unproven, for the reason of the observation."""
    reason = observation.reason or UnprovenReason.NO_READER
    return replace(
        bare,
        status=DriftStatus.NOT_CHECKED,
        unproven=tuple(Unproven(path=path, reason=reason, detail=observation.detail) for path in ("", *paths)),
    )


def deleted_proof(
    bare: ResourceProof, expected: Mapping[str, Resolved], schema: ResourceSchema | None
) -> ResourceProof:
    """The verdict on a resource that does not exist: each property is removed, whatever its value would be."""
    comparison = compared(expected, {}, schema)
    removed = (*comparison.proven, *(path for path, _ in comparison.unresolved))
    return replace(
        bare,
        status=DriftStatus.DELETED,
        differences=tuple(
            sorted(
                (
                    *(mask_difference(difference, known(expected)) for difference in comparison.differences),
                    *(_removed(path) for path in removed),
                ),
                key=lambda difference: difference.path,
            )
        ),
    )


def _excuse(
    reading: Reading, schema: ResourceSchema | None, difference: PropertyDifference, not_emulated: Callable[[str], bool]
) -> UnprovenReason | None:
    """Why a differing property was not really read; None if it was."""
    path = difference.path
    unread = _unread(reading, path)
    # A property that a reader can read and that is not there was removed, whatever the schema calls it.
    hidden = unread is UnprovenReason.NO_READER or (unread is None and reading.hides_write_only)
    if hidden and difference.change is Change.REMOVE:
        is_named = unread is not None or _is_write_only(schema, path)
        unread = _or_write_only(UnprovenReason.NO_READER, schema, path) if is_named else None
    if unread is not None:
        return unread
    return UnprovenReason.NOT_EMULATED if not_emulated(path) else None


def _is_write_only(schema: ResourceSchema | None, path: str) -> bool:
    return schema is not None and schema.is_write_only(path)


def _or_write_only(reason: UnprovenReason, schema: ResourceSchema | None, path: str) -> UnprovenReason:
    """The reason, or that no reader could read the property."""
    is_hidden = reason is UnprovenReason.NO_READER and _is_write_only(schema, path)
    return UnprovenReason.WRITE_ONLY if is_hidden else reason


def _unread(reading: Reading, path: str) -> UnprovenReason | None:
    """Why the property was not read, by the longest pointer that covers it; None if it was."""
    covering = [pointer for pointer in reading.unread if overlap(pointer, path)]
    return reading.unread[max(covering, key=lambda pointer: (len(pointer), pointer))] if covering else None


def _removed(path: str) -> PropertyDifference:
    return PropertyDifference(path=path, expected=None, actual=None, change=Change.REMOVE)
