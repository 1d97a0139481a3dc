"""One value of one property, and what is known of the version that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.engine_version import (
    AllowList,
    Cycle,
    Family,
    Match,
    Override,
    Overrides,
    Status,
    Unlisted,
    Version,
)
from stackproof.policy.versions.families import FAMILIES, Form
from stackproof.policy.versions.grammar import Grammar, grammar_of

__all__ = [
    "Case",
    "Knowledge",
    "Subject",
    "Verdict",
    "case_of",
    "open_question",
    "title",
]

_OBSERVED_DAYS: Final = {"rds/postgres": 452}
"""The median time for which a minor version could be created, of 36 that were seen to come and go in 2024 to 2026."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What a verdict depends on: the list, the overrides, the day, and how far ahead rules check (in days)."""

    versions: AllowList
    overrides: Overrides = field(default_factory=Overrides)
    as_of: date
    soon: int = 30
    horizon: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One value that a property may have. `deployed` is the version that runs there already; None: a new resource."""

    family: str
    text: str
    form: Form = Form.VERSION
    deployed: str | None = None
    declines_extended: bool = False
    moves_minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Verdict:
    """The verdict of one rule on one value."""

    rule_id: str
    kind: Kind
    level: Level
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A subject with its entry in the list."""

    subject: Subject
    family: Family
    grammar: Grammar
    cycle_name: str | None
    entry: Version | None
    is_major: bool
    is_listed: bool
    status: Status
    accepted: Override | None = None

    @property
    def cycle(self) -> Cycle | None:
        """The dates of its cycle."""
        return self.family.cycles.get(self.cycle_name or "")

    @property
    def is_deployed(self) -> bool:
        """Whether just this version runs already; for a major, any version of it."""
        running = self.subject.deployed
        if running is None:
            return False
        return running == self.subject.text or (self.is_major and self.grammar.cycle_of(running) == self.cycle_name)

    @property
    def name(self) -> str:
        """`RDS postgres 15.8`."""
        text, known_as = self.subject.text, title(self.subject.family)
        return text if text.lower().startswith(known_as.lower()) else f"{known_as} {text}"


def title(family: str) -> str:
    """What people call a family."""
    rule = FAMILIES.get(family)
    return rule.title if rule else family


def case_of(subject: Subject, knowledge: Knowledge) -> Case:
    """Find the value in the list."""
    unknown = Family(as_of=knowledge.versions.as_of, unlisted=Unlisted.OPEN)
    family = knowledge.versions.families.get(subject.family, unknown)
    grammar = grammar_of(subject.family)
    entry = family.versions.get(subject.text) if subject.form in {Form.VERSION, Form.LIST} else None
    cycle_only = subject.form not in {Form.VERSION, Form.LIST}
    if entry is not None:
        cycle_name = entry.cycle or grammar.cycle_of(subject.text)
    else:
        cycle_name = grammar.group_cycle(subject.text) if cycle_only else grammar.cycle_of(subject.text)
    members = [
        version for version in family.versions.values() if version.cycle == cycle_name and cycle_name is not None
    ]
    is_major = entry is None and (
        cycle_only or (family.match is Match.EXACT_OR_MAJOR and grammar.is_major(subject.text))
    )
    by_cycle = cycle_only or family.match is Match.CYCLE
    is_listed = (
        entry is not None
        or (bool(members) and (is_major or by_cycle))
        or (by_cycle and cycle_name is not None and cycle_name in family.cycles)
    )
    if entry is not None:
        status = entry.status
    elif members and not any(member.status is Status.CREATABLE for member in members):
        status = Status.DEPRECATED
    else:
        status = Status.CREATABLE
    corrected = _correction(subject, cycle_name, knowledge)
    return Case(
        subject=subject,
        family=family,
        grammar=grammar,
        cycle_name=cycle_name,
        entry=entry,
        is_major=is_major,
        is_listed=is_listed or (corrected is not None and corrected.status is not None),
        status=corrected.status if corrected is not None and corrected.status is not None else status,
        accepted=corrected,
    )


def open_question(family: str | None, reason: str) -> Verdict:
    """A value that could not be evaluated."""
    what = f"the version of {title(family)}" if family else "the version"
    return Verdict(
        rule_id="EV030", kind=Kind.OPEN, level=Level.WARNING, message=f"{what} could not be evaluated: {reason}"
    )


def _correction(subject: Subject, cycle_name: str | None, knowledge: Knowledge) -> Override | None:
    return next(
        (
            override
            for override in knowledge.overrides.overrides
            if override.status is not None
            and override.until >= knowledge.as_of
            and override.covers(subject.family, subject.text, cycle_name)
        ),
        None,
    )
