"""From looks to episodes: what is new, what is still there, what is resolved, and what nobody could tell."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from stackproof.core.json import JsonValue, canonical
from stackproof.core.secret_values import MASK, covered
from stackproof.drift.difference import Difference, StackAudit
from stackproof.drift.episode import HASH, Episode, Gap, Look, Place, is_masked, is_same
from stackproof.drift.memory.report import Compared
from stackproof.drift.report import DriftReport
from stackproof.proof.observation import DriftStatus

__all__ = ["Step", "advanced", "compared", "hash_of", "looks_of", "with_hashes", "without_secrets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a look makes of the open episodes of its place: each of them is in one of the last three.

    `changed` are those of the lasting ones whose live value is another one than was seen last; `revealed` are those as
    they were of which a secret is known by its hash now, and was only masked before.
    """

    new: tuple[Episode, ...] = ()
    changed: tuple[Episode, ...] = ()
    revealed: tuple[Episode, ...] = ()
    lasting: tuple[Episode, ...] = ()
    resolved: tuple[Episode, ...] = ()
    carried: tuple[Episode, ...] = ()


def looks_of(report: DriftReport) -> tuple[Look, ...]:
    """What is worth remembering of an audit: of each stack, and of what is in no stack; sorted by place.

    What an earlier run has seen is older than this run's beginning, and would undo what was seen in between.
    """
    by_place: dict[Place, list[Difference]] = {}
    for difference in report.differences:
        by_place.setdefault(Place.of(difference), []).append(difference)
    looks: dict[Place, Look] = {}
    filters = {(list_.account, list_.region): list_.filters for list_ in report.stack_lists}
    for audit in report.audits:
        if report.kept_since(audit) is not None:
            continue
        place = Place(account=audit.account, region=audit.region, stack_name=audit.stack_name)
        look = Look(
            place=place,
            status=audit.status.value,
            certificate=audit.certificate(),
            is_blind=audit.reason is not None,
            gaps=() if audit.reason is not None else tuple(sorted(_gaps(audit))),
            differences=tuple(by_place.get(place, ())),
            filters=filters.get((place.account, place.region), ""),
        )
        known = looks.get(place)
        looks[place] = look if known is None else _joined(known, look)
    for place in by_place.keys() - looks.keys():
        gone = [difference for difference in by_place[place] if difference.location.logical_id is None]
        if place.stack_name and gone:
            looks[place] = _gone(place, gone, filters.get((place.account, place.region), ""))
    listed: dict[Place, set[str]] = {}
    for account, region, kind in report.listed:
        listed.setdefault(Place(account=account, region=region, stack_name=""), set()).add(kind)
    for place in {*listed, *(place for place in by_place if not place.stack_name)}:
        found = tuple(by_place.get(place, ()))
        looks[place] = Look(
            place=place,
            status=(DriftStatus.MODIFIED if found else DriftStatus.IN_SYNC).value,
            differences=found,
            scopes=report.scopes,
            listed=tuple(sorted(listed.get(place, ()))),
        )
    return tuple(looks[look] for look in sorted(looks))


def advanced(known: Iterable[Episode], look: Look, *, run: int, at: datetime, newer: Sequence[Look] = ()) -> Step:
    """What the look of a run makes of the open episodes of its place.

    `newer` are looks at it of runs that began later and are recorded already: what they could see they have settled,
    and this look, which is older, moves nothing of it. What they could not see is this look's to say.
    """
    before = {episode.fingerprint: episode for episode in known}
    seen = {difference.fingerprint: difference for difference in look.differences}
    new = [
        Episode(difference=difference, since=at, first_run=run, last_seen=at, last_run=run, scopes=look.scopes)
        for name, difference in seen.items()
        if name not in before and not _settled(difference, look.scopes, newer)
    ]
    lasting, resolved, carried, changed, revealed = [], [], [], [], []
    for name, episode in before.items():
        is_settled = _settled(episode.difference, episode.scopes, newer)
        if name in seen and is_settled:
            lasting.append(episode)
        elif name in seen:
            now = replace(episode, difference=seen[name], last_seen=at, last_run=run, scopes=look.scopes)
            if not is_same(now.difference.actual, episode.difference.actual):
                now = replace(now, changed=at)
                changed.append(now)
            elif is_masked(now.difference.actual):  # who saw less does not undo what is known
                now = replace(now, difference=replace(now.difference, actual=episode.difference.actual))
            elif now.value != episode.value:
                revealed.append(episode)
            lasting.append(now)
        elif not is_settled and look.could_see(episode.difference, scopes=episode.scopes):
            resolved.append(replace(episode, resolved=at, resolved_run=run))
        else:
            carried.append(episode)
    return Step(
        new=_sorted(new),
        changed=_sorted(changed),
        revealed=_sorted(revealed),
        lasting=_sorted(lasting),
        resolved=_sorted(resolved),
        carried=_sorted(carried),
    )


def compared(before: Iterable[Look], after: Iterable[Look]) -> Compared:
    """What one run saw beside what another one did; values are compared as they are stored."""
    one, two = {look.place: look for look in before}, {look.place: look for look in after}
    first, second = _differences(one.values()), _differences(two.values())
    both = first.keys() & second.keys()
    appeared, unseen = _parted([difference for name, difference in second.items() if name not in both], one, two)
    resolved, unknown = _parted([difference for name, difference in first.items() if name not in both], two, one)
    pairs = [(first[name], second[name]) for name in both]
    changed = [(was, now) for was, now in pairs if not _is_alike(was, now)]
    same = [now for was, now in pairs if _is_alike(was, now)]
    return Compared(
        appeared=tuple(sorted(appeared, key=Difference.sort_key)),
        resolved=tuple(sorted(resolved, key=Difference.sort_key)),
        changed=tuple(sorted(changed, key=lambda pair: pair[1].sort_key())),
        same=tuple(sorted(same, key=Difference.sort_key)),
        unknown=tuple(sorted((*unseen, *unknown), key=Difference.sort_key)),
    )


def without_secrets(look: Look, *, salt: str) -> Look:
    """The look with a salted hash for every value that may be a secret: equal values have equal hashes."""
    return replace(look, differences=tuple(with_hashes(difference, salt=salt) for difference in look.differences))


def with_hashes(difference: Difference, *, salt: str) -> Difference:
    """A secret as a whole is one hash; below and within texts, each that may be one. Done twice it is the same.

    What is masked already stays so: a hash of a mask would look like that of a secret.
    """

    def hashed(value: JsonValue) -> JsonValue:
        if value is None or (isinstance(value, str) and HASH.fullmatch(value)):
            return value
        return MASK if is_masked(value) else hash_of(value, salt=salt)

    hidden = difference.is_secret
    return replace(
        difference,
        expected=covered(difference.expected, hashed, is_secret=hidden),
        actual=covered(difference.actual, hashed, is_secret=hidden),
    )


def hash_of(value: JsonValue, *, salt: str) -> str:
    """What is kept of a secret."""
    text = canonical(value).encode("utf-8", "surrogatepass")
    return f"hmac-sha256:{hmac.new(salt.encode(), text, hashlib.sha256).hexdigest()}"


def _settled(difference: Difference, scopes: tuple[str, ...], newer: Iterable[Look]) -> bool:
    """Whether one of the looks saw the difference (which was seen in these scopes), or would have seen it."""
    return any(
        difference.fingerprint in {difference.fingerprint for difference in look.differences}
        or look.could_see(difference, scopes=scopes)
        for look in newer
    )


def _gaps(audit: StackAudit) -> Iterable[Gap]:
    for proof in audit.proofs:
        name = str(proof.location.logical_id)
        if proof.status is DriftStatus.NOT_CHECKED:
            yield Gap(logical_id=name)
        else:
            yield from {Gap(logical_id=name, question=unproven.path) for unproven in proof.unproven if unproven.path}
    yield from {Gap(logical_id=unread.logical_id, question=unread.question) for unread in audit.unread}


def _gone(place: Place, differences: Iterable[Difference], filters: str) -> Look:
    """A stack that is not there: with its id, by which it is known again as long as it is away."""
    found = tuple(differences)
    status = DriftStatus.DELETED.value
    return Look(
        place=place,
        status=status,
        certificate={
            "account": place.account,
            "region": place.region,
            "stack_name": place.stack_name,
            "stack_id": found[0].physical_id,
            "status": status,
        },
        differences=found,
        filters=filters,
    )


def _joined(one: Look, other: Look) -> Look:
    """Two stacks that reports call by one name: what either did not see may be there."""
    return replace(
        other,
        is_blind=one.is_blind or other.is_blind,
        gaps=tuple(sorted({*one.gaps, *other.gaps})),
        status=max(one.status, other.status),
    )


def _differences(looks: Iterable[Look]) -> dict[str, Difference]:
    return {difference.fingerprint: difference for look in looks for difference in look.differences}


def _parted(
    differences: Iterable[Difference], looks: Mapping[Place, Look], others: Mapping[Place, Look]
) -> tuple[list[Difference], list[Difference]]:
    """Those of `others` that these looks would have seen, and those of which that is not known."""
    seen: list[Difference] = []
    unknown: list[Difference] = []
    for difference in differences:
        place = Place.of(difference)
        look = looks.get(place)
        could = look is not None and look.could_see(difference, scopes=others[place].scopes)
        (seen if could else unknown).append(difference)
    return seen, unknown


def _is_alike(one: Difference, other: Difference) -> bool:
    return is_same(one.expected, other.expected) and is_same(one.actual, other.actual)


def _sorted(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    return tuple(sorted(episodes, key=Episode.sort_key))
