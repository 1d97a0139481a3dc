"""Engine versions as a policy engine: the version rules on templates, on a given day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from stackproof.core.json import digest
from stackproof.core.notification import Level, Notification
from stackproof.policy.engines.code import code_digest
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin, RuleCount
from stackproof.policy.redaction import answer_without
from stackproof.policy.versions.case import Knowledge, title
from stackproof.policy.versions.engine_version import AllowList, Overrides, Status, day_of
from stackproof.policy.versions.evaluation import Deployed, Evaluation, Statement, evaluate_template
from stackproof.policy.versions.rules import RULES, RUN_RULES
from stackproof.template.location import Location
from stackproof.template.secrets import parameter_secrets
from stackproof.template.template import Template

__all__ = ["VersionsEngine"]

_NAME = "stackproof"
_REFRESH = "upgrade cfn-lint, or run 'stackproof versions refresh --source aws --write'"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsEngine:
    """Implements `ports.PolicyEngine`; it is pure and has no process.

    `deployed` are versions that run already, by template file or stack, and logical id; under "" stand those of a
    template by itself. `regions` are those of the stacks of a template file that name one: stacks of one name may have
    several. `parameters` are values that someone supplies for a template's own.
    """

    versions: AllowList
    overrides: Overrides = field(default_factory=Overrides)
    as_of: date
    deployed: Mapping[str, Deployed] = field(default_factory=dict)
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    known: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash what it knows once: the identity is asked for with every template."""
        known = digest(
            [
                self.versions.to_dict(),
                self.overrides.to_dict(),
                {stack: dict(versions) for stack, versions in self.deployed.items()},
                {file: list(regions) for file, regions in self.regions.items()},
                dict(self.parameters),
            ]
        )
        object.__setattr__(self, "known", known)

    @property
    def name(self) -> str:
        return _NAME

    @property
    def identity(self) -> str:
        return f"{_NAME} versions {code_digest()} {self.as_of} {self.known}"

    def start(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Nothing to close."""

    def evaluate(self, template: Template) -> EngineAnswer:
        """The findings of the rules, with notifications about the age and the regions of their data."""
        knowledge = Knowledge(versions=self.versions, overrides=self.overrides, as_of=self.as_of)
        names = (template.file, template.stack_name or "", "")
        running = next((self.deployed[name] for name in names if name in self.deployed), {})
        evaluation = evaluate_template(template, knowledge, deployed=running, parameters=self.parameters)
        findings = tuple(_finding(statement, template) for statement in evaluation.statements)
        answer = EngineAnswer(
            findings=tuple(sorted(findings, key=Finding.sort_key)),
            counts=_counts(evaluation),
            notifications=self._notifications(template, evaluation),
        )
        # No one else knows what was given for the parameters: what the template holds is taken out by the scan.
        secrets = parameter_secrets(template.body, self.parameters)
        return answer_without(answer, secrets) if secrets else answer

    def _notifications(self, template: Template, evaluation: Evaluation) -> tuple[Notification, ...]:
        """Notifications without a file: the scan lists each of them once for all templates."""
        if not evaluation.families:
            return ()
        today, list_day = self.as_of, day_of(self.versions.as_of)
        found = [
            _notification(None, Level.NOTE, f"engine versions were evaluated for {today}, with a list as of {list_day}")
        ]
        for name in sorted(evaluation.families):
            family = self.versions.families[name]
            if family.is_old(today):
                found.append(_notification("EV001", Level.WARNING, self._old_lists([name])))
        for region in self.regions.get(template.file, ()):
            if region in self.versions.regions:
                continue
            known = ", ".join(self.versions.regions)
            message = f"{template.stack_name} is for {region}, but what is known of engine versions is from {known}"
            found.append(_notification("EV002", Level.WARNING, message))
        if today < list_day:
            message = f"{today} lies before the list of engine versions ({list_day}): statuses are as they were then"
            found.append(_notification(None, Level.NOTE, message))
        found.extend(self._decisions(evaluation.families))
        return tuple(sorted(found, key=lambda notification: (notification.rule_id or "", notification.message)))

    def with_ages_joined(self, notifications: Iterable[Notification]) -> tuple[Notification, ...]:
        """The notifications of a run, with those about old lists (EV001) as one, so that the remedy is there once."""
        given = tuple(notifications)
        families = {
            _notification("EV001", Level.WARNING, self._old_lists([name])): name
            for name, family in sorted(self.versions.families.items())
            if family.is_old(self.as_of)
        }
        old = sorted({families[notification] for notification in given if notification in families})
        others = tuple(notification for notification in given if notification not in families)
        return (*others, _notification("EV001", Level.WARNING, self._old_lists(old))) if old else others

    def _old_lists(self, names: Sequence[str]) -> str:
        """The age of each list, lists of one age together, and the remedy."""
        by_age: dict[str, list[str]] = {}
        for name in names:
            family = self.versions.families[name]
            age = f"{family.age(self.as_of)} days old (as of {family.as_of[:10]}; {family.max_age_days} are allowed)"
            by_age.setdefault(age, []).append(title(name))
        parts = [
            f"the list of {titles[0]} is {age}" if len(titles) == 1 else f"the lists of {', '.join(titles)} are {age}"
            for age, titles in by_age.items()
        ]
        return f"{'; '.join(parts)}: {_REFRESH}"

    def _decisions(self, families: frozenset[str]) -> list[Notification]:
        """Overrides that count against the list, and those that expired, are reported in every run."""
        found = []
        for override in self.overrides.overrides:
            if override.family not in families:
                continue
            what = f"{title(override.family)} {override.version or override.cycle}"
            if override.until < self.as_of:
                message = f"the override of {what} (owner: {override.owner}) expired on {override.until}"
                found.append(_notification(None, Level.WARNING, message))
            elif override.status is Status.CREATABLE:
                message = (
                    f"{what} counts as creatable until {override.until}, by an override of {override.owner}: "
                    f"{override.reason}"
                )
                found.append(_notification(None, Level.WARNING, message))
        return found


def _notification(rule_id: str | None, level: Level, message: str) -> Notification:
    return Notification(level=level, message=message, engine=_NAME, rule_id=rule_id)


def _finding(statement: Statement, template: Template) -> Finding:
    verdict, resource = statement.verdict, statement.resource
    location = (
        resource.location(statement.pointer)
        if resource is not None
        else Location(
            stack_name=template.stack_name,
            logical_id=statement.logical_id,
            file=template.file,
            template_file=template.file,
        )
    )
    return Finding(
        rule_id=verdict.rule_id,
        kind=verdict.kind,
        level=verdict.level,
        message=verdict.message,
        location=location,
        origins=(Origin(engine=_NAME, rule_id=verdict.rule_id, message=verdict.message),),
        generated=resource is not None and resource.generated,
    )


def _counts(evaluation: Evaluation) -> tuple[RuleCount, ...]:
    failed = Counter(
        statement.verdict.rule_id for statement in evaluation.statements if statement.verdict.kind is Kind.FAIL
    )
    undecided = Counter(
        statement.verdict.rule_id for statement in evaluation.statements if statement.verdict.kind is Kind.OPEN
    )
    return tuple(
        RuleCount(
            rule_id=rule_id,
            engine=_NAME,
            looked_at=evaluation.looked_at.get(rule_id, 0),
            failed=failed[rule_id],
            open=undecided[rule_id],
        )
        for rule_id in sorted(set(RULES) - RUN_RULES)
    )
