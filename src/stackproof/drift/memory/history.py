"""From stack records to episodes: which differences are new, lasting, resolved, or could not be checked again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from stackproof.core.json import JsonValue, canonical
from stackproof.core.secret_values import MASK, covered
from stackproof.drift.difference import Difference
from stackproof.drift.episode import HASH, Episode, Gap, StackKey, StackRecord, is_masked, is_same
from stackproof.drift.memory.report import Compared
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus

__all__ = ["Step", "advanced", "compared", "hash_of", "hash_secrets", "records_of", "with_hashes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a record makes of the open episodes of its stack: each of them is in one of the last three.

    `changed` are those of the lasting ones whose live value is another one than was seen last; `revealed` are those as
    they were of which a secret is known by its hash now, and was only masked before.
    """

    new: tuple[Episode, ...] = ()
    changed: tuple[Episode, ...] = ()
    revealed: tuple[Episode, ...] = ()
    lasting: tuple[Episode, ...] = ()
    resolved: tuple[Episode, ...] = ()
    carried: tuple[Episode, ...] = ()


def records_of(report: DriftReport) -> tuple[StackRecord, ...]:
    """The records of an audit: one for each stack, and one for resources in no stack; sorted by stack.

    What an earlier run has seen is older than this run's beginning, and would undo what was seen in between.
    """
    by_stack: dict[StackKey, list[Difference]] = {}
    for difference in report.differences:
        by_stack.setdefault(StackKey.of(difference), []).append(difference)
    records: dict[StackKey, StackRecord] = {}
    filters = {(list_.account, list_.region): list_.filters for list_ in report.stack_lists}
    for audit in report.audits:
        if report.kept_since(audit) is not None:
            continue
        stack_key = StackKey(account=audit.account, region=audit.region, stack_name=audit.stack_name)
        record = StackRecord(
            stack_key=stack_key,
            status=audit.status.value,
            certificate=audit.certificate(),
            is_unreadable=audit.reason is not None,
            gaps=() if audit.reason is not None else tuple(sorted(_gaps(audit))),
            differences=tuple(by_stack.get(stack_key, ())),
            filters=filters.get((stack_key.account, stack_key.region), ""),
        )
        known = records.get(stack_key)
        records[stack_key] = record if known is None else _joined(known, record)
    for stack_key in by_stack.keys() - records.keys():
        gone = [difference for difference in by_stack[stack_key] if difference.location.logical_id is None]
        if stack_key.stack_name and gone:
            records[stack_key] = _gone(stack_key, gone, filters.get((stack_key.account, stack_key.region), ""))
    listed: dict[StackKey, set[str]] = {}
    for account, region, kind in report.listed:
        listed.setdefault(StackKey(account=account, region=region, stack_name=""), set()).add(kind)
    for stack_key in {*listed, *(stack_key for stack_key in by_stack if not stack_key.stack_name)}:
        found = tuple(by_stack.get(stack_key, ()))
        records[stack_key] = StackRecord(
            stack_key=stack_key,
            status=(DriftStatus.MODIFIED if found else DriftStatus.IN_SYNC).value,
            differences=found,
            scopes=report.scopes,
            listed=tuple(sorted(listed.get(stack_key, ()))),
        )
    return tuple(records[record] for record in sorted(records))


def advanced(
    known: Iterable[Episode], record: StackRecord, *, run: int, at: datetime, newer: Sequence[StackRecord] = ()
) -> Step:
    """What the record of a run makes of the open episodes of its stack.

    `newer` are records of the stack by runs that started later and are in the store already. Differences that they
    cover are settled, and this older record does not change them. It decides about all others.
    """
    before = {episode.fingerprint: episode for episode in known}
    seen = {difference.fingerprint: difference for difference in record.differences}
    new = [
        Episode(difference=difference, since=at, first_run=run, last_seen=at, last_run=run, scopes=record.scopes)
        for name, difference in seen.items()
        if name not in before and not _settled(difference, record.scopes, newer)
    ]
    lasting, resolved, carried, changed, revealed = [], [], [], [], []
    for name, episode in before.items():
        is_settled = _settled(episode.difference, episode.scopes, newer)
        if name in seen and is_settled:
            lasting.append(episode)
        elif name in seen:
            now = replace(episode, difference=seen[name], last_seen=at, last_run=run, scopes=record.scopes)
            if not is_same(now.difference.actual, episode.difference.actual):
                now = replace(now, changed=at)
                changed.append(now)
            elif is_masked(now.difference.actual):  # who saw less does not undo what is known
                now = replace(now, difference=replace(now.difference, actual=episode.difference.actual))
            elif now.value != episode.value:
                revealed.append(episode)
            lasting.append(now)
        elif not is_settled and record.covers(episode.difference, scopes=episode.scopes):
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


def compared(before: Iterable[StackRecord], after: Iterable[StackRecord]) -> Compared:
    """What one run saw beside what another one did; values are compared as they are stored."""
    one, two = {record.stack_key: record for record in before}, {record.stack_key: record for record in after}
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


def hash_secrets(record: StackRecord, *, salt: str) -> StackRecord:
    """The record with a salted hash for every value that may be a secret: equal values have equal hashes."""
    return replace(record, differences=tuple(with_hashes(difference, salt=salt) for difference in record.differences))


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
    """The stored form of a secret."""
    text = canonical(value).encode("utf-8", "surrogatepass")
    return f"hmac-sha256:{hmac.new(salt.encode(), text, hashlib.sha256).hexdigest()}"


def _settled(difference: Difference, scopes: tuple[str, ...], newer: Iterable[StackRecord]) -> bool:
    """Whether one of the records has the difference (found in these scopes), or covers it."""
    return any(
        difference.fingerprint in {difference.fingerprint for difference in record.differences}
        or record.covers(difference, scopes=scopes)
        for record in newer
    )


def _gaps(audit: StackAudit) -> Iterable[Gap]:
    for proof in audit.proofs:
        name = str(proof.location.logical_id)
        if proof.status is DriftStatus.NOT_CHECKED:
            yield Gap(logical_id=name)
        else:
            yield from {Gap(logical_id=name, question=unproven.path) for unproven in proof.unproven if unproven.path}
    yield from {Gap(logical_id=unread.logical_id, question=unread.question) for unread in audit.unread}


def _gone(stack_key: StackKey, differences: Iterable[Difference], filters: str) -> StackRecord:
    """A stack that is not there: with its id, by which it is known again as long as it is away."""
    found = tuple(differences)
    status = DriftStatus.DELETED.value
    return StackRecord(
        stack_key=stack_key,
        status=status,
        certificate={
            "account": stack_key.account,
            "region": stack_key.region,
            "stack_name": stack_key.stack_name,
            "stack_id": found[0].physical_id,
            "status": status,
        },
        differences=found,
        filters=filters,
    )


def _joined(one: StackRecord, other: StackRecord) -> StackRecord:
    """Two stacks that reports call by one name: what either did not see may be there."""
    return replace(
        other,
        is_unreadable=one.is_unreadable or other.is_unreadable,
        gaps=tuple(sorted({*one.gaps, *other.gaps})),
        status=max(one.status, other.status),
    )


def _differences(records: Iterable[StackRecord]) -> dict[str, Difference]:
    return {difference.fingerprint: difference for record in records for difference in record.differences}


def _parted(
    differences: Iterable[Difference], records: Mapping[StackKey, StackRecord], others: Mapping[StackKey, StackRecord]
) -> tuple[list[Difference], list[Difference]]:
    """The differences of `others` that these records cover, and the rest."""
    seen: list[Difference] = []
    unknown: list[Difference] = []
    for difference in differences:
        stack_key = StackKey.of(difference)
        record = records.get(stack_key)
        could = record is not None and record.covers(difference, scopes=others[stack_key].scopes)
        (seen if could else unknown).append(difference)
    return seen, unknown


def _is_alike(one: Difference, other: Difference) -> bool:
    return is_same(one.expected, other.expected) and is_same(one.actual, other.actual)


def _sorted(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    return tuple(sorted(episodes, key=Episode.sort_key))
