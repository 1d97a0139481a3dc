"""The rules EV010 to EV030 for one value of one property, on a day that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.case import (
    _OBSERVED_DAYS,
    Case,
    Knowledge,
    Subject,
    Verdict,
    case_of,
    open_question,
    title,
)
from stackproof.policy.versions.engine_version import (
    Decision,
    Match,
    Status,
    SupportEnd,
    Unlisted,
    Version,
)
from stackproof.policy.versions.families import Form
from stackproof.policy.versions.grammar import key
from stackproof.policy.versions.remedy import is_over, later_cycle, newest_known, pin_instead, shown

__all__ = ["RULES", "RUN_RULES", "evaluate_version"]

RULES: Final = {
    "EV001": "the list of versions is older than it may be",
    "EV002": "the list covers other regions than the stack's",
    "EV003": "sources contradict one another, or prove too little",
    "EV004": "no family of the list covers the version of the resource",
    "EV010": "AWS does not know the version",
    "EV011": "the version is withdrawn",
    "EV012": "the version can no longer be created",
    "EV013": "support ends soon",
    "EV014": "standard support has ended, and extended support is sold",
    "EV015": "all support has ended",
    "EV016": "the version will soon be blocked",
    "EV017": "the organization does not allow the version",
    "EV020": "no version is named",
    "EV021": "only the major version is named",
    "EV022": "the version is written as a number",
    "EV023": "AWS moves the minor version by itself",
    "EV030": "the value, or what is known of it, is not enough for a verdict",
}
RUN_RULES: Final = frozenset({"EV001", "EV002"})
"""Rules about the run itself, which have no denominator in a template."""


def evaluate_version(subject: Subject, knowledge: Knowledge) -> tuple[tuple[Verdict, ...], frozenset[str]]:
    """The verdicts on a value, sorted, and the ids of the rules that checked it."""
    case = case_of(subject, knowledge)
    rules = [rule for rule in _VALUE_RULES if rule.applies(case)]
    verdicts = (verdict for rule in rules for verdict in rule.evaluate(case, knowledge))
    return tuple(sorted(verdicts)), frozenset(rule_id for rule in rules for rule_id in rule.ids)


def _fail(rule_id: str, level: Level, message: str) -> Verdict:
    return Verdict(rule_id=rule_id, kind=Kind.FAIL, level=level, message=message)


# --- may it be created?


def _unlisted(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV010, and EV030 if no source has the versions of the family."""
    if not case.is_listed:
        yield _of_unlisted(case, knowledge)


def _of_unlisted(case: Case, knowledge: Knowledge) -> Verdict:
    family, subject = case.family, case.subject
    if family.unlisted is Unlisted.OPEN or not family.is_known:
        return open_question(subject.family, f"no source states whether {case.name} exists")
    newest = newest_known(family, case.cycle_name, subject.text)
    known = f"the newest that is known is {_as_written(case, newest)}, as of {family.as_of[:10]}"
    if case.cycle_name is None:
        return _fail(
            "EV010",
            _unless_deployed(case, Level.ERROR),
            f"{subject.text!r} is not a version of {title(subject.family)}: {known}",
        )
    is_newer = newest is not None and key(_comparable(case)) > key(newest)
    if is_newer and family.is_old(knowledge.as_of):
        message = f"{case.name} is not known, but may be newer than the list: {known}"
        return _fail("EV010", Level.WARNING, message)
    return _fail("EV010", _unless_deployed(case, Level.ERROR), f"{case.name} is not known to AWS: {known}")


def _comparable(case: Case) -> str:
    by_cycle = case.family.match is Match.CYCLE or case.subject.form not in {Form.VERSION, Form.LIST}
    return (case.cycle_name or "") if by_cycle and not case.family.versions else case.subject.text


def _as_written(case: Case, version: str | None) -> str:
    return "none" if version is None else shown(case.subject.family, version)


def _refusals(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV011 and EV012: versions that AWS no longer creates."""
    level = _unless_deployed(case, Level.WARNING if case.subject.form.is_companion else Level.ERROR)
    if case.status in {Status.DEPRECATED, Status.WITHDRAWN}:
        rule_id = "EV011" if case.status is Status.WITHDRAWN else "EV012"
        state = "withdrawn" if case.status is Status.WITHDRAWN else "deprecated"
        yield _fail(rule_id, level, f"{case.name} is {state} and cannot be created{_consequence(case, knowledge)}")
    elif (blocked_since := _blocked_since(case, knowledge)) is not None:
        since = f"has not been accepted for new resources since {blocked_since}"
        yield _fail("EV012", level, f"{case.name} {since}{_consequence(case, knowledge)}")


def _blocked_since(case: Case, knowledge: Knowledge) -> date | None:
    block = case.entry.create_block if case.entry is not None else None
    return block if block is not None and block <= knowledge.as_of else None


def _is_refused(case: Case, knowledge: Knowledge) -> bool:
    return case.status in {Status.DEPRECATED, Status.WITHDRAWN} or _blocked_since(case, knowledge) is not None


def _consequence(case: Case, knowledge: Knowledge) -> str:
    instead = _instead(case, knowledge)
    consequence = f" ({_witnesses(case)})" + (f": pin {instead}" if instead else "")
    if not case.is_deployed:
        return consequence
    forced = "" if case.subject.family == "lambda" else ", AWS will upgrade it by force"
    return f"{consequence}; it runs here already{forced}, and rebuilding it would fail"


def _witnesses(case: Case) -> str:
    evidence = case.entry.evidence if case.entry is not None else {}
    who = f"{', '.join(sorted(evidence))}, " if evidence else ""
    return f"{who}as of {case.family.as_of[:10]}"


def _instead(case: Case, knowledge: Knowledge) -> str | None:
    found = pin_instead(case.subject.family, case.family, case.subject.text, case.cycle_name, knowledge.as_of)
    return None if found == case.subject.text else found


def _doubts(case: Case, _knowledge: Knowledge) -> Iterator[Verdict]:
    """EV003: sources that contradict one another, and lists without deprecated or withdrawn versions."""
    level = Level.NOTE if case.is_deployed else Level.WARNING
    if case.status is Status.UNKNOWN:
        claims = case.entry.evidence if case.entry is not None else {}
        listing = ", ".join(f"{source} says {claim.value}" for source, claim in sorted(claims.items()))
        yield _fail("EV003", level, f"sources contradict one another on {case.name}: {listing or 'none says anything'}")
        return
    family = case.family
    tells = any(version.status in {Status.DEPRECATED, Status.WITHDRAWN} for version in family.versions.values())
    dated = sorted(family.cycles, key=key)
    if tells or not family.versions or not dated or case.cycle is not None or case.cycle_name is None:
        return
    if key(case.cycle_name) < key(dated[0]):
        message = (
            f"{case.name} is listed, but the list has no deprecated or withdrawn versions, "
            f"and no source has dates before {dated[0]}"
        )
        yield _fail("EV003", level, message)


def _unknown_dates(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV030: no source has the end of support; not reported beside a refusal or a contradiction."""
    if _is_refused(case, knowledge) or any(_doubts(case, knowledge)):
        return
    has_dates = case.cycle is not None and case.cycle.standard_support_end is not None
    if has_dates or (case.entry is not None and case.entry.deprecated_on is not None):
        return
    yield open_question(case.subject.family, f"no source states until when {case.name} is supported")


# --- is it supported?


def _support(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV013 to EV015, from the dates of the cycle or, for runtimes, of the version."""
    today, entry, cycle = knowledge.as_of, case.entry, case.cycle
    if cycle is None:
        assert entry is not None  # noqa: S101 - `_has_support_dates`
        assert entry.deprecated_on is not None  # noqa: S101 - `_has_support_dates`
        yield from _runtime_support(case, entry.deprecated_on, entry, knowledge)
        return
    standard, extended = cycle.standard_support_end, cycle.extended_support_end
    if not is_over(standard, today):
        yield from _ending(case, standard, "standard support", knowledge)
        return
    ended = f"standard support of {case.name} ended{_on(standard)}"
    later = _later(case, knowledge)
    if extended is False:
        yield _fail("EV015", _level(case, Level.ERROR), f"{ended}, and extended support was never offered{later}")
    elif is_over(extended, today):
        yield _fail(
            "EV015", _level(case, Level.ERROR), f"{ended}, and extended support{_on(extended) or ' as well'}{later}"
        )
    elif extended is None:
        yield _fail(
            "EV014", _level(case, Level.WARNING), f"{ended}; whether extended support is offered is not known{later}"
        )
    else:
        refused = case.subject.declines_extended and not case.is_deployed
        message = f"{ended}: it is billed for extended support until {extended}{later}"
        if case.subject.declines_extended:
            message = f"{ended}, and the template declines extended support{later}"
        yield _fail("EV014", _level(case, Level.ERROR if refused else Level.WARNING), message)
        yield from _ending(case, extended, "extended support", knowledge)


def _runtime_support(case: Case, deprecated_on: date, entry: Version, knowledge: Knowledge) -> Iterator[Verdict]:
    if knowledge.as_of < deprecated_on:
        yield from _ending(case, deprecated_on, "support", knowledge)
    elif entry.create_block is None or entry.create_block > knowledge.as_of:
        instead = _instead(case, knowledge)
        message = f"{case.name} has been deprecated since {deprecated_on}" + (f": use {instead}" if instead else "")
        yield _fail("EV014", Level.WARNING, message)


def _ending(case: Case, end: SupportEnd, what: str, knowledge: Knowledge) -> Iterator[Verdict]:
    if not isinstance(end, date):
        return
    days = (end - knowledge.as_of).days
    if days <= knowledge.horizon:
        level = Level.WARNING if days <= knowledge.soon else Level.NOTE
        message = f"{what} of {case.name} ends on {end}, in {days} days{_later(case, knowledge)}"
        yield _fail("EV013", _level(case, level), message)


def _blocks(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV016: announced blocks, the end of a minor version, and what lifetimes seen so far let expect."""
    entry, today = case.entry, knowledge.as_of
    if entry is None:
        return
    ahead = [
        f"{what} from {day} (in {(day - today).days} days)"
        for what, day in (("new resources", entry.create_block), ("updates", entry.update_block))
        if day is not None and 0 < (day - today).days <= knowledge.horizon
    ]
    if ahead:
        instead = _instead(case, knowledge)
        message = f"AWS will refuse {case.name} for {' and for '.join(ahead)}" + (f": use {instead}" if instead else "")
        yield _fail("EV016", _level(case, Level.WARNING), message)
    if _is_refused(case, knowledge) or (case.cycle is not None and is_over(case.cycle.standard_support_end, today)):
        return
    if is_over(entry.minor_support_end, today):
        yield _fail(
            "EV016", Level.NOTE, f"support of the minor version {case.name} ended{_on(entry.minor_support_end)}"
        )
    usual = _OBSERVED_DAYS.get(case.subject.family)
    if usual is not None and entry.first_seen is not None and (age := (today - entry.first_seen).days) > usual:
        message = (
            f"projected: {case.name} is {age} days old, and half of all minor versions could be created for {usual}"
        )
        yield _fail("EV016", Level.NOTE, message)


def _later(case: Case, knowledge: Knowledge) -> str:
    found = later_cycle(case.subject.family, case.family, case.cycle_name, knowledge.as_of)
    return f"; the next cycle has {found}" if found else ""


def _on(end: SupportEnd) -> str:
    return f" on {end}" if isinstance(end, date) else ""


# --- people's decisions, and habits


def _policy(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV017: what the organization bans, holds back or has not approved."""
    name, overrides = case.subject.family, knowledge.overrides
    valid = [
        override
        for override in overrides.overrides
        if override.decision is not None
        and override.until >= knowledge.as_of
        and override.covers(name, case.subject.text, case.cycle_name)
    ]
    for override in valid:
        why = f"{override.reason} ({override.owner}, until {override.until})"
        if override.decision is Decision.BANNED:
            yield _fail("EV017", Level.ERROR, f"{case.name} is banned here: {why}")
        elif override.decision is Decision.HOLD:
            yield _fail("EV017", Level.WARNING, f"{case.name} is on hold here: {why}")
    if name in overrides.approved_only and not any(override.decision is Decision.APPROVED for override in valid):
        yield _fail("EV017", Level.ERROR, f"{case.name} is not approved here, and {title(name)} has to be")


def _major_alone(case: Case, knowledge: Knowledge) -> Iterator[Verdict]:
    """EV021: the version is a major version, and AWS picks the minor version."""
    if case.is_major and not _is_refused(case, knowledge):
        yield _fail("EV021", Level.NOTE, f"{case.name} is the major alone: AWS picks the minor version")


def _moving(case: Case, _knowledge: Knowledge) -> Iterator[Verdict]:
    """EV023: the deployed version moves on without the template."""
    subject = case.subject
    if case.is_major:
        return
    running = subject.deployed
    if running is not None and key(running) > key(subject.text):
        message = f"{case.name} is older than what runs here, {running}: the template asks for a downgrade"
        yield _fail("EV023", Level.WARNING, message)
    elif subject.moves_minor:
        message = (
            f"{case.name} is pinned, but AWS upgrades minor versions by itself here: the template will fall behind"
        )
        yield _fail("EV023", Level.NOTE, message)


def _unless_deployed(case: Case, level: Level) -> Level:
    return Level.WARNING if case.is_deployed and level is Level.ERROR else level


def _level(case: Case, level: Level) -> Level:
    """What goes with an engine leaves the verdict on dates to the engine, and only mentions it."""
    return Level.NOTE if case.subject.form in {Form.GROUP, Form.OPTION} else level


# --- the table of rules on values


@dataclass(frozen=True, slots=True, kw_only=True)
class _ValueRule:
    """Rules that one function evaluates; `applies` is their denominator: whether they check the value at all."""

    ids: frozenset[str]
    applies: Callable[[Case], bool]
    evaluate: Callable[[Case, Knowledge], Iterable[Verdict]]


def _is_any(_case: Case) -> bool:
    return True


def _is_listed(case: Case) -> bool:
    return case.is_listed


def _has_support_dates(case: Case) -> bool:
    dated = case.cycle is not None or (case.entry is not None and case.entry.deprecated_on is not None)
    return case.is_listed and dated


def _is_pinned(case: Case) -> bool:
    return case.is_listed and case.subject.form is Form.VERSION


def _may_be_major(case: Case) -> bool:
    return _is_pinned(case) and case.family.match is Match.EXACT_OR_MAJOR


_VALUE_RULES: Final = (
    _ValueRule(ids=frozenset({"EV003"}), applies=_is_listed, evaluate=_doubts),
    _ValueRule(ids=frozenset({"EV010", "EV030"}), applies=_is_any, evaluate=_unlisted),
    _ValueRule(ids=frozenset({"EV011", "EV012"}), applies=_is_listed, evaluate=_refusals),
    _ValueRule(ids=frozenset({"EV013", "EV014", "EV015"}), applies=_has_support_dates, evaluate=_support),
    _ValueRule(ids=frozenset({"EV016"}), applies=_is_listed, evaluate=_blocks),
    _ValueRule(ids=frozenset({"EV017"}), applies=_is_any, evaluate=_policy),
    _ValueRule(ids=frozenset({"EV021"}), applies=_may_be_major, evaluate=_major_alone),
    _ValueRule(ids=frozenset({"EV023"}), applies=_is_pinned, evaluate=_moving),
    _ValueRule(ids=frozenset({"EV030"}), applies=_is_listed, evaluate=_unknown_dates),
)
