"""Refreshes the list: merges snapshots of sources into the known data and reports every change.

Nothing is ever deleted. A status only falls by a source that may decide, and only rises by one that is trusted as much
as the one that let it fall. A family whose source failed, or that changed too much at once, keeps its data and its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from stackproof.policy.versions.engine_version import (
    AllowList,
    Claim,
    Cycle,
    DateChange,
    Family,
    Match,
    Source,
    Status,
    SupportEnd,
    Unlisted,
    Version,
    day_of,
)
from stackproof.policy.versions.families import FAMILIES, applies_to
from stackproof.policy.versions.grammar import grammar_of, key

__all__ = ["Change", "FamilySnapshot", "Refresh", "Snapshot", "refreshed"]

_TRUST: Final = {"aws-api": 5, "aws-docs": 4, "cfn-lint": 3, "endoflife": 2}
_DECIDES: Final = 3
_TELL_DATES: Final = frozenset({"aws-docs", "cfn-lint"})
"""Sources of versions' dates: in a refresh that did not read them, a lesser source does not move their dates."""
_CONFIRMED_DAYS: Final = 7
_LARGE: Final = 0.1
_LIST_DAYS: Final = 30
_DATES_DAYS: Final = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySnapshot:
    """What one source states of one family. Without a `listing` it has dates alone.

    A version missing from a final listing is withdrawn; a version missing from another listing is only missing.
    `dates` are fields of versions. A `failure` is the reason why nothing could be read.
    """

    listing: Mapping[str, Claim] | None = None
    is_final: bool = False
    cycles: Mapping[str, tuple[SupportEnd, SupportEnd]] = field(default_factory=dict)
    dates: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    successors: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that one source states; `name` is its name in evidence."""

    name: str
    source: Source
    families: Mapping[str, FamilySnapshot]

    @property
    def trust(self) -> int:
        """How much it counts."""
        return _TRUST.get(self.source.kind, 0)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """One line of the diff."""

    family: str
    kind: str
    version: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.family, self.version, self.detail) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """The new list, how it differs, families that changed too much to be believed, and what could not be read."""

    versions: AllowList
    changes: tuple[Change, ...] = ()
    refused: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


def refreshed(old: AllowList | None, snapshots: Sequence[Snapshot], *, accept_large_change: bool = False) -> Refresh:
    """Merge the snapshots into what was known."""
    families: dict[str, Family] = {}
    changes: list[Change] = []
    refused: list[str] = []
    failures: list[str] = []
    sources = {**(old.sources if old else {}), **{snapshot.name: snapshot.source for snapshot in snapshots}}
    for name in sorted({*FAMILIES, *(old.families if old else ())}):
        before = old.families.get(name) if old else None
        if name not in FAMILIES and before is not None:
            families[name] = before  # a project's family, which no source covers
            continue
        pairs = [(snapshot, snapshot.families[name]) for snapshot in snapshots if name in snapshot.families]
        failed = [
            f"{name}: {snapshot.name}: {family.failure}" for snapshot, family in pairs if family.failure is not None
        ]
        failures.extend(failed)
        if failed and before is not None:
            families[name] = before
            continue
        readable = [(snapshot, family) for snapshot, family in pairs if family.failure is None]
        after = _Merge(name, before, readable, sources).family()
        if before is not None and not accept_large_change and (why := _too_large(before, after)):
            refused.append(f"{name}: {why}")
            families[name] = before
            continue
        families[name] = after
        changes.extend(_changes(name, before, after))
    read = {
        snapshot.name for snapshot in snapshots if any(family.failure is None for family in snapshot.families.values())
    }
    kept = {name: source for name, source in sources.items() if name in read or (old and name in old.sources)}
    regions = sorted({*(old.regions if old else ()), *(source.region for source in kept.values() if source.region)})
    versions = AllowList(
        as_of=max([*(source.as_of for source in kept.values()), *([old.as_of] if old else [])], default=""),
        regions=tuple(regions),
        sources=dict(sorted(kept.items())),
        families=families,
    )
    if old is not None and not changes and versions != old:
        changes.append(Change(family="", kind="RENEWED", detail=f"{old.as_of} -> {versions.as_of}"))
    return Refresh(versions=versions, changes=tuple(sorted(changes)), refused=tuple(refused), failures=tuple(failures))


class _Merge:
    """One family, made of its known data and its snapshots."""

    def __init__(
        self,
        name: str,
        before: Family | None,
        pairs: Sequence[tuple[Snapshot, FamilySnapshot]],
        sources: Mapping[str, Source],
    ) -> None:
        self.name = name
        self.before = before
        self.pairs = sorted(pairs, key=lambda pair: (pair[0].trust, pair[0].name))
        self.sources = sources
        self.rule = FAMILIES[name]
        self.grammar = grammar_of(name)

    def family(self) -> Family:
        """The family as it is known now."""
        known = self.before.versions if self.before else {}
        names = {*known, *(name for _, snapshot in self.pairs for name in snapshot.listing or ())}
        if self.rule.match is Match.EXACT_OR_MAJOR:
            # AWS accepts a major. No source decides that it is not a version.
            names = {name for name in names if not self.grammar.is_major(name)}
        versions = {
            name: self._version(name, known.get(name)) for name in sorted(names, key=lambda name: (key(name), name))
        }
        return Family(
            as_of=self._as_of(has_versions=bool(versions)),
            match=self.rule.match,
            on_absent=self.rule.on_absent,
            unlisted=Unlisted.REFUSED if self._is_complete() else self.rule.unlisted,
            max_age_days=_LIST_DAYS if versions else _DATES_DAYS,
            applies_to=applies_to(self.name),
            cycles=self._cycles(),
            versions=versions,
        )

    def _is_complete(self) -> bool:
        """Whether AWS itself has listed all versions, now or before."""
        is_listed = any(snapshot.source.kind == "aws-api" and family.listing for snapshot, family in self.pairs)
        return is_listed or (self.before is not None and self.before.unlisted is Unlisted.REFUSED)

    def _as_of(self, *, has_versions: bool) -> str:
        telling = [snapshot for snapshot, family in self.pairs if family.listing is not None or not has_versions]
        days = [snapshot.source.as_of for snapshot in telling] + ([self.before.as_of] if self.before else [])
        return max(days, default=min((source.as_of for source in self.sources.values()), default=""))

    # --- versions

    def _version(self, name: str, known: Version | None) -> Version:
        evidence = dict(known.evidence) if known else {}
        listed_by: list[tuple[Snapshot, FamilySnapshot]] = []
        missed_by: list[tuple[Snapshot, FamilySnapshot]] = []
        for snapshot, family in self.pairs:
            if family.listing is not None:
                claim = family.listing.get(name)
                if claim is not None or snapshot.name in evidence or snapshot.trust >= _DECIDES:
                    evidence[snapshot.name] = claim or Claim.ABSENT
                (listed_by if claim is not None else missed_by).append((snapshot, family))
        if known is None:
            day = min(day_of(snapshot.source.as_of) for snapshot, _ in listed_by)
            base = Version(status=Status.UNKNOWN, first_seen=day if self.before and self.before.versions else None)
        else:
            base = known
        missing = base.missing_since
        if listed_by:
            missing = None
        elif missed_by and missing is None:
            missing = min(day_of(snapshot.source.as_of) for snapshot, _ in missed_by)
        status = self._status(known, evidence, missing, missed_by if not listed_by else [])
        lost = known is not None and known.status is Status.CREATABLE and status is not Status.CREATABLE
        return self._dated(
            name,
            replace(
                base,
                status=status,
                cycle=self.grammar.cycle_of(name) if self.name != "lambda" else None,
                evidence=evidence,
                missing_since=missing,
                last_seen_creatable=day_of(self.before.as_of) if lost and self.before else base.last_seen_creatable,
                successor=next(
                    (snapshot.successors[name] for _, snapshot in self.pairs if name in snapshot.successors),
                    base.successor,
                ),
            ),
        )

    def _status(
        self,
        known: Version | None,
        evidence: Mapping[str, Claim],
        missing: date | None,
        missed_by: Sequence[tuple[Snapshot, FamilySnapshot]],
    ) -> Status:
        was = known.status if known else Status.UNKNOWN
        if missed_by:
            confirmed = missing is not None and any(
                family.is_final or (day_of(snapshot.source.as_of) - missing).days >= _CONFIRMED_DAYS
                for snapshot, family in missed_by
            )
            return Status.WITHDRAWN if confirmed else was
        now = self._decided(evidence)
        if now is None:
            return was
        if known is not None and now is Status.CREATABLE and was in {Status.DEPRECATED, Status.WITHDRAWN}:
            against = self._trust(known.evidence, {Claim.DEPRECATED, Claim.WITHDRAWN})
            return now if self._trust(evidence, {Claim.CREATABLE}) >= against else was
        return now

    def _decided(self, evidence: Mapping[str, Claim]) -> Status | None:
        """The status by the most trusted sources; a later claim of a lesser source may only lower it."""
        deciding = {
            name: claim
            for name, claim in evidence.items()
            if claim is not Claim.ABSENT and self._rank(name) >= _DECIDES
        }
        if not deciding:
            return None
        best = max(self._rank(name) for name in deciding)
        claims = {claim for name, claim in deciding.items() if self._rank(name) == best}
        if len(claims) > 1:
            return Status.UNKNOWN
        (claim,) = claims
        said_on = max(self.sources[name].as_of for name in deciding if self._rank(name) == best)
        lowered = any(
            other is not Claim.CREATABLE and self.sources[name].as_of > said_on for name, other in deciding.items()
        )
        return Status.DEPRECATED if claim is Claim.CREATABLE and lowered else Status(claim.value)

    def _rank(self, name: str) -> int:
        return _TRUST.get(self._kind(name), 0)

    def _kind(self, name: str) -> str:
        source = self.sources.get(name)
        return source.kind if source else ""

    def _trust(self, evidence: Mapping[str, Claim], claims: Iterable[Claim]) -> int:
        return max((self._rank(name) for name, claim in evidence.items() if claim in claims), default=0)

    def _dated(self, name: str, version: Version) -> Version:
        """The dates that sources tell, the most trusted last; a date that moved leaves a trace."""
        dated: dict[str, tuple[date, str, date]] = {}
        read = {snapshot.name for snapshot, _ in self.pairs}
        silent = [name for name in version.evidence if name not in read and self._kind(name) in _TELL_DATES]
        for snapshot, family in self.pairs:
            better = any(self._rank(name) > snapshot.trust for name in silent)
            for field_name, day in family.dates.get(name, {}).items():
                if getattr(version, field_name) is None or not better:
                    dated[field_name] = (day, snapshot.name, day_of(snapshot.source.as_of))
        history = list(version.date_history)
        for field_name, (day, source, seen) in sorted(dated.items()):
            before: date | None = getattr(version, field_name)
            if before is not None and before != day:
                history.append(DateChange(field=field_name, before=before, after=day, seen=seen, source=source))
        dates: dict[str, Any] = {name: day for name, (day, _, _) in dated.items()}
        return replace(version, **dates, date_history=tuple(history))

    # --- cycles

    def _cycles(self) -> dict[str, Cycle]:
        found = dict(self.before.cycles) if self.before else {}
        for snapshot, family in self.pairs:
            for name, (standard, extended) in family.cycles.items():
                known = found.get(name)
                if known is not None and max(map(self._rank, known.sources), default=0) > snapshot.trust:
                    continue
                found[name] = Cycle(
                    standard_support_end=standard,
                    extended_support_end=extended,
                    sources=(snapshot.name,),
                    as_of=snapshot.source.as_of,
                )
        return dict(sorted(found.items(), key=lambda pair: (key(pair[0]), pair[0])))


def _creatable(family: Family) -> set[str]:
    return {name for name, version in family.versions.items() if version.status is Status.CREATABLE}


def _too_large(before: Family, after: Family) -> str | None:
    """Why a change cannot be believed without a person's word."""
    old, new = _creatable(before), _creatable(after)
    if not old:
        return None
    if not new:
        return f"none of {len(old)} creatable versions would be left"
    changed = len(old ^ new)
    if changed > _LARGE * len(old):
        return f"{changed} of {len(old)} creatable versions would change, more than a tenth"
    return None


def _changes(name: str, before: Family | None, after: Family) -> Iterator[Change]:
    known = before.versions if before else {}
    for version, known_version in after.versions.items():
        yield from _version_changes(name, version, known.get(version), known_version)
    old_cycles = before.cycles if before else {}
    for cycle, dates in after.cycles.items():
        was = old_cycles.get(cycle)
        if was is None:
            yield Change(family=name, kind="CYCLE-ADDED", version=cycle)
            continue
        for what in ("standard_support_end", "extended_support_end"):
            if getattr(was, what) != getattr(dates, what):
                detail = f"{what} {_shown(getattr(was, what))} -> {_shown(getattr(dates, what))}"
                yield Change(family=name, kind="DATE-MOVED", version=cycle, detail=detail)
    if before is not None and before.as_of != after.as_of:
        yield Change(family=name, kind="RENEWED", detail=f"as of {before.as_of[:10]} -> {after.as_of[:10]}")


def _version_changes(family: str, name: str, was: Version | None, now: Version) -> Iterator[Change]:
    listing = ", ".join(f"{source} says {claim.value}" for source, claim in sorted(now.evidence.items()))
    if was is None:
        yield Change(family=family, kind="ADDED", version=name, detail=now.status.value)
        return
    if was.missing_since is not None and now.missing_since is None:
        yield Change(family=family, kind="REAPPEARED", version=name, detail=listing)
    if was.missing_since is None and now.missing_since is not None and now.status is was.status:
        yield Change(family=family, kind="MISSING", version=name, detail=f"(kept as {now.status.value})")
    if now.status is not was.status:
        kind = {
            Status.CREATABLE: "NOW-CREATABLE",
            Status.DEPRECATED: "NOW-DEPRECATED",
            Status.WITHDRAWN: "WITHDRAWN",
            Status.UNKNOWN: "CONFLICT",
        }[now.status]
        yield Change(family=family, kind=kind, version=name, detail=listing)
    elif was.evidence != now.evidence and len(set(now.evidence.values()) - {Claim.ABSENT}) > 1:
        yield Change(family=family, kind="CONFLICT", version=name, detail=listing)
    for change in now.date_history[len(was.date_history) :]:
        detail = f"{change.field} {change.before} -> {change.after} ({change.source})"
        yield Change(family=family, kind="DATE-MOVED", version=name, detail=detail)


def _shown(end: SupportEnd) -> str:
    if isinstance(end, date):
        return end.isoformat()
    return "unknown" if end is None else ("ended" if end else "no end")
