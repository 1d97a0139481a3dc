"""Waivers over findings on a day: what is suppressed, and which waiver is out of date, of no use, or too wide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from stackproof.core.globs import is_glob, matches
from stackproof.core.notification import Level
from stackproof.policy import in_source
from stackproof.policy.engines.table import engines_of
from stackproof.policy.finding import Finding, Kind, Origin, RuleCount, Suppression, Waiver
from stackproof.policy.ledger import InSourceWaiver, LedgerEntry, WaiverState
from stackproof.template.location import Location

__all__ = ["Evaluated", "Ledger", "WaiverResult", "covers", "waived"]

_ENGINE = "stackproof"
_EXPIRED, _UNUSED, _BROAD, _NOT_WAIVABLE, _PARTIAL = "SPW001", "SPW002", "SPW003", "SPW005", "SPW006"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All waivers, and the ids of rules and controls that no one may waive."""

    waivers: tuple[Waiver, ...] = ()
    in_source: tuple[InSourceWaiver, ...] = ()
    not_waivable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a run evaluated: stacks (the file of a template without a stack), engines, and rules with a denominator.

    `complete` if none of it broke. `shared_names` are names that several of the stacks have.
    """

    stacks: Collection[str] = ()
    shared_names: Collection[str] = ()
    engines: Collection[str] = ()
    rules: Collection[str] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverResult:
    """The findings, some of them suppressed now, with those about the waivers themselves; and the ledger."""

    findings: tuple[Finding, ...]
    counts: tuple[RuleCount, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()


def covers(waiver: Waiver, finding: Finding, *, shared_names: Collection[str] = ()) -> bool:
    """Whether rule or control, stack and construct path are those of the finding, on whatever day.

    A waiver names the finding's rule or that of one of its origins. A template without stack and construct path is
    matched by its file and the logical id. If several stacks have the name and there is no construct path, the file
    is matched instead of the stack: the name would also waive the finding of the other stack.
    """
    place = finding.location
    stack_name = place.stack_name
    if stack_name in shared_names and place.construct_path is None and not is_glob(waiver.stack):
        stack_name = None
    named = {finding.control} if waiver.rule is None else finding.rules
    return (
        finding.kind in {Kind.FAIL, Kind.OPEN}
        and waiver.named in named
        and matches(waiver.stack, stack_name or place.template_file or "")
        and matches(waiver.construct_path, place.construct_path or place.logical_id or "")
    )


def waived(findings: Iterable[Finding], ledger: Ledger, *, on: date, judged: Evaluated) -> WaiverResult:
    """Suppress waived findings, and report invalid waivers as findings; a waiver still holds on its last day.

    A waiver of the ledger's file has precedence over one in a source. Neither covers what is not waivable.
    """
    book = _Book(ledger=ledger, on=on, judged=judged)
    found = [book.applied(finding) for finding in findings]
    for index, waiver in enumerate(ledger.waivers):
        book.close_waiver(index, waiver)
    for index, suppression in enumerate(ledger.in_source):
        book.close_in_source(index, suppression)
    return WaiverResult(
        findings=tuple(sorted((*found, *book.findings), key=Finding.sort_key)),
        counts=book.counts(),
        entries=tuple(sorted(book.entries, key=LedgerEntry.sort_key)),
    )


@dataclass(slots=True, kw_only=True)
class _Book:
    """The ledger while it is gone through: how many findings each waiver covers, and how many it may not."""

    ledger: Ledger
    on: date
    judged: Evaluated
    covered: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)
    partial: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)

    def applied(self, finding: Finding) -> Finding:
        """The finding, suppressed by the best waiver that covers it: the longest of the file, else one in a source.

        Waivers have to name every rule that reports the finding: a waiver of one rule does not cover the others.
        """
        file = [("file", n) for n, waiver in enumerate(self.ledger.waivers) if self._covers(waiver, finding)]
        source = [
            ("source", n)
            for n, waiver in enumerate(self.ledger.in_source)
            if not self._is_protected({waiver.rule}) and in_source.covers(waiver, finding)
        ]
        if self._is_protected({*finding.rules, finding.control}):
            self.refused.update((*file, *source))
            return finding
        waivers, suppressions = [self.ledger.waivers[n] for _, n in file], [self.ledger.in_source[n] for _, n in source]
        left = _left(finding, [waiver for waiver in waivers if waiver.expires >= self.on], suppressions)
        if left and (suppressions or any(waiver.expires >= self.on for waiver in waivers)):
            for key in (*file, *source):
                self.partial.setdefault(key, set()).update(left)
            return finding
        self.covered.update((*file, *source))
        trace = self._trace(waivers, suppressions)
        return finding.suppressed(trace) if trace else finding

    def _covers(self, waiver: Waiver, finding: Finding) -> bool:
        return covers(waiver, finding, shared_names=self.judged.shared_names)

    def _trace(self, waivers: Sequence[Waiver], source: Sequence[InSourceWaiver]) -> Suppression | None:
        valid = [waiver for waiver in waivers if waiver.expires >= self.on]
        if valid:
            return max(valid, key=lambda waiver: (waiver.expires, waiver.named, waiver.owner, waiver.reason)).trace
        return min(source, key=InSourceWaiver.sort_key).trace if source else None

    def close_waiver(self, index: int, waiver: Waiver) -> None:
        """Enter a waiver of the file, and report what is wrong with it."""
        covered, refused = self.covered["file", index], self.refused["file", index]
        what = "control" if waiver.rule is None else "rule"
        name = f"the waiver of {waiver.named} at {waiver.construct_path} in {waiver.stack} (owner: {waiver.owner})"
        place = Location(file=waiver.file, line=waiver.line)
        state = WaiverState.ACTIVE
        if self._is_protected({waiver.named}) or (refused and not covered):
            state = WaiverState.NOT_WAIVABLE
        elif waiver.expires < self.on:
            state = WaiverState.EXPIRED
            again = f" and no longer covers {_findings(covered)}" if covered else ""
            self._say(_EXPIRED, Level.WARNING, f"{name} expired on {waiver.expires}{again}", place)
        elif others := self.partial.get(("file", index)):
            state = WaiverState.ACTIVE if covered else WaiverState.PARTIAL
            self._say(_PARTIAL, Level.WARNING, f"{name} is not enough: {_named(others)} the same there", place)
        elif not covered:
            state = WaiverState.UNUSED if self._was_judged(waiver) else WaiverState.NOT_JUDGED
        if self._is_protected({waiver.named}) or refused:
            self._say(_NOT_WAIVABLE, Level.ERROR, f"{name} covers what is not waivable: this {what} has to hold", place)
        if state is WaiverState.UNUSED:
            self._say(_UNUSED, Level.WARNING, f"{name} matches nothing", place)
        if is_glob(waiver.stack) or is_glob(waiver.construct_path):
            self._say(_BROAD, Level.NOTE, f"{name} is broad: it covers {_findings(covered)}", place)
        self.entries.append(
            LedgerEntry(
                source="waivers.yaml",
                where=waiver.where,
                rule=waiver.rule,
                control=waiver.control,
                stack=waiver.stack,
                construct_path=waiver.construct_path,
                reason=waiver.reason,
                owner=waiver.owner,
                ticket=waiver.ticket,
                expires=waiver.expires,
                days_left=(waiver.expires - self.on).days,
                covers=covered,
                state=state,
            )
        )

    def close_in_source(self, index: int, suppression: InSourceWaiver) -> None:
        """Enter a waiver of a source, and report what is wrong with it."""
        covered, refused = self.covered["source", index], self.refused["source", index]
        name = f"the suppression of {suppression.rule} in {suppression.where}"
        protected = self._is_protected({suppression.rule}) or bool(refused)
        is_partial = ("source", index) in self.partial
        state = self._state(suppression, covered, is_protected=protected, is_partial=is_partial)
        if protected:
            self._say(_NOT_WAIVABLE, Level.ERROR, f"{name} would cover what is not waivable", suppression)
        elif state is WaiverState.PARTIAL:
            others = self.partial["source", index]
            self._say(_PARTIAL, Level.NOTE, f"{name} is not enough: {_named(others)} the same there", suppression)
        elif state is WaiverState.UNUSED:
            # The tool that it is meant for may be run elsewhere, in another version: no reason to fail.
            self._say(_UNUSED, Level.NOTE, f"{name} matches nothing", suppression)
        if state is WaiverState.OVER_BROAD:
            message = f"{name} would silence every rule whose id begins so, and was not heeded: name the rules"
            self._say(_BROAD, Level.WARNING, message, suppression)
        elif suppression.is_broad:
            self._say(_BROAD, Level.NOTE, f"{name} is broad: it covers {_findings(covered)}", suppression)
        self.entries.append(
            LedgerEntry(
                source=suppression.source,
                where=suppression.where,
                rule=suppression.rule,
                control=None,
                stack=suppression.location.stack_name or suppression.location.template_file,
                construct_path=suppression.construct_path or suppression.logical_id,
                reason=suppression.reason,
                owner=None,
                ticket=None,
                expires=None,
                days_left=None,
                covers=covered,
                state=state,
            )
        )

    def _state(self, suppression: InSourceWaiver, covered: int, *, is_protected: bool, is_partial: bool) -> WaiverState:
        if suppression.is_prefix:
            return WaiverState.OVER_BROAD
        if is_protected and not covered:
            return WaiverState.NOT_WAIVABLE
        if covered:
            return WaiverState.ACTIVE
        if is_partial:
            return WaiverState.PARTIAL
        if suppression.is_final:
            return WaiverState.UNSEEN
        is_judged = self.judged.complete and not suppression.engines.isdisjoint(self.judged.engines)
        return WaiverState.UNUSED if is_judged else WaiverState.NOT_JUDGED

    def counts(self) -> tuple[RuleCount, ...]:
        """At how many waivers each rule about them looked."""
        failed = Counter(finding.rule_id for finding in self.findings)
        looked = {_EXPIRED: len(self.ledger.waivers)}
        size = len(self.entries)
        return tuple(
            RuleCount(rule_id=rule_id, engine=_ENGINE, looked_at=looked.get(rule_id, size), failed=failed[rule_id])
            for rule_id in (_EXPIRED, _UNUSED, _BROAD, _NOT_WAIVABLE, _PARTIAL)
            if looked.get(rule_id, size)
        )

    def _is_protected(self, names: Collection[str | None]) -> bool:
        return not self.ledger.not_waivable.isdisjoint(names)

    def _was_judged(self, waiver: Waiver) -> bool:
        return (
            self.judged.complete
            and any(matches(waiver.stack, stack) for stack in self.judged.stacks)
            and (waiver.named in self.judged.rules or engines_of(waiver.named).issubset(self.judged.engines))
        )

    def _say(self, rule_id: str, level: Level, message: str, at: Location | InSourceWaiver) -> None:
        self.findings.append(
            Finding(
                rule_id=rule_id,
                kind=Kind.FAIL,
                level=level,
                message=message,
                location=at if isinstance(at, Location) else at.location,
                origins=(Origin(engine=_ENGINE, rule_id=rule_id, message=message),),
                generated=isinstance(at, InSourceWaiver) and at.generated,
            )
        )


def _left(finding: Finding, waivers: Sequence[Waiver], suppressions: Sequence[InSourceWaiver]) -> set[str]:
    """The rules of the finding that no waiver names. Without a control, a waiver of the lead rule covers all."""
    names = {waiver.rule for waiver in waivers}
    if None in names or (finding.control is None and finding.rule_id in names):
        return set()
    return {
        origin.rule_id
        for origin in finding.origins
        if origin.rule_id not in names
        and not (finding.rule_id in names and finding.rule_id.startswith(f"{origin.rule_id}/"))
        and not any(in_source.covers_origin(waiver, origin, finding) for waiver in suppressions)
    }


def _named(rules: Collection[str]) -> str:
    return f"{', '.join(sorted(rules))} {'reports' if len(rules) == 1 else 'report'}"


def _findings(count: int) -> str:
    return f"{count} finding" if count == 1 else f"{count} findings"
