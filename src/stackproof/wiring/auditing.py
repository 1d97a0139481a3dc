"""Audits the stacks of one account and region, and joins any number of audits in one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level, Notification
from stackproof.core.progress import Progress, no_progress
from stackproof.deployment.ports import Target
from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.audit.unmanaged import Scope, Unmanaged, unmanaged
from stackproof.drift.difference import Difference
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_list import StackList, name_in
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import (
    fitting,
    live_name,
    matching,
    named_one,
    naming_all,
    require_distinct_names,
    shared_names,
    with_dependencies,
    with_nested,
)
from stackproof.wiring.live import auditor, listings
from stackproof.wiring.project import Project
from stackproof.wiring.run_notifications import unique

__all__ = ["AuditOptions", "audit_stacks", "deployable", "drift_report", "require_chosen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What an audit covers: stacks by name, and scopes that hold nothing outside of a stack.

    `on` is the day on which waivers count.
    """

    on: date

    stacks: tuple[str, ...] = ()
    against: str = "template"
    scopes: tuple[Scope, ...] = ()
    native: bool = False
    jobs: int = 8
    strict: bool = False
    minimum_coverage: float | None = None
    progress: Progress = no_progress


def audit_stacks(
    project: Project, target: Target, options: AuditOptions, *, assembly: Assembly | None = None
) -> DriftReport:
    """The audit of one account and region.

    Raises ConfigError, before anything is asked, where stacks of the app share a name and none of them is chosen.
    """
    stacks = assembly.stacks if assembly else ()
    if assembly is not None:
        require_chosen(assembly, options)
    chosen = _chosen_roots(stacks, options, target)
    against = options.against == "assembly"
    made = auditor(
        target, sources=_sources(stacks, chosen), against_sources=against, native=options.native, jobs=options.jobs
    )
    with options.progress("auditing"):
        asked = tuple(live_name(wanted, stacks) for wanted in options.stacks) or _roots(stacks)
        names = asked or made.catalog.names()
        found = made.audited(names)
        beside = unmanaged(
            options.scopes,
            found.resource_types,
            managed=found.physical_ids.__contains__,
            listings=listings(),
            target=target,
            catalog=made.catalog,
        )
    if not names:
        message = f"there is no stack in account {target.account}, region {target.region}"
        found = replace(found, notifications=(Notification(level=Level.ERROR, message=message),))
    there = StackList(
        account=target.account,
        region=target.region,
        there=frozenset(map(name_in, names)) - found.gone,
        asked=frozenset(asked) if asked else None,
    )
    return replace(drift_report(project, options, [found], [beside], target=target.name), stack_lists=(there,))


def drift_report(
    project: Project, options: AuditOptions, found: Sequence[AuditedStacks], beside: Sequence[Unmanaged], *, target: str
) -> DriftReport:
    """One report of the audits of any number of accounts and regions, with no waiver applied yet."""
    audits = [audit for stacks in found for audit in stacks.audits]
    evaluated: dict[tuple[str, str, str | None], bool] = {}
    for audit in audits:
        place = (audit.account, audit.region, audit.stack_name)
        evaluated[place] = evaluated.get(place, True) and audit.is_complete
    if options.scopes:
        evaluated.update({(unmanaged.account, unmanaged.region, None): unmanaged.is_whole for unmanaged in beside})
    differences = (
        *(difference for audit in audits for difference in audit.differences),
        *(difference for unmanaged in beside for difference in unmanaged.differences),
    )
    return DriftReport(
        target=target,
        audits=tuple(sorted(audits, key=lambda audit: (audit.account, audit.region, audit.stack_name, audit.stack_id))),
        differences=tuple(sorted(differences, key=Difference.sort_key)),
        scopes=tuple(str(scope) for scope in options.scopes),
        notifications=unique(
            (
                *(notification for stacks in found for notification in stacks.notifications),
                *(notification for unmanaged in beside for notification in unmanaged.notifications),
            )
        ),
        evaluated=evaluated,
        undecided=sum(unmanaged.undecided for unmanaged in beside),
        strict=options.strict,
        minimum_coverage=options.minimum_coverage,
        fail_level=project.settings.fail_level,
        calls=project.calls.log(),
        listed=tuple(sorted({scanned for unmanaged in beside for scanned in unmanaged.looked_at})),
    )


def _roots(stacks: Sequence[Stack]) -> Sequence[str]:
    return sorted(stack.name for stack in stacks if stack.parent is None)


def require_chosen(assembly: Assembly, options: AuditOptions) -> None:
    """Raise ConfigError if stacks of the app share a name and all of them would be audited in one region."""
    groups = _sharing(assembly.stacks)
    if groups and not options.stacks:
        names = "; ".join(map(naming_all, groups))
        region = next((stack.region for stack in groups[0] if stack.region), "REGION")
        raise ConfigError(
            f"{names}: an audit is of one account and region; choose one with --stack {groups[0][0].name} "
            f"--region {region}"
        )


def _sharing(stacks: Sequence[Stack]) -> list[list[Stack]]:
    roots = [stack for stack in stacks if stack.parent is None]
    return [[stack for stack in roots if stack.name == name] for name in sorted(shared_names(roots))]


def deployable(assembly: Assembly, options: AuditOptions) -> Assembly:
    """What an emulator is given: all stacks, or, where some share a name, those of `--stack` with what they need.

    Raises ConfigError before it is started if stacks of one name are among them.
    """
    stacks = assembly.stacks
    if _sharing(stacks) and options.stacks:
        wanted = [stack for text in options.stacks if (stack := named_one(name_in(text), stacks)) is not None]
        stacks = with_dependencies(wanted, stacks)
    require_distinct_names(stacks, every=assembly.stacks)
    return replace(assembly, stacks=stacks)


def _chosen_roots(stacks: Sequence[Stack], options: AuditOptions, target: Target) -> Sequence[Stack]:
    """Of stacks that share a name the one that may run at the target, if `--stack` asks for it.

    Raises ConfigError if none or several may: the live stack would be compared with the template of another one.
    """
    found: list[Stack] = []
    for group in _sharing(stacks):
        artifacts = {stack.artifact for stack in group}
        for wanted in options.stacks:
            meant = [stack for stack in matching(name_in(wanted), stacks) if stack.artifact in artifacts]
            if meant:
                found.append(_running_at(target, meant, group, wanted))
    return found


def _running_at(target: Target, meant: Sequence[Stack], group: Sequence[Stack], wanted: str) -> Stack:
    """The one of those that `--stack` means that may run at the target; raises ConfigError naming the whole group."""
    account = target.account if target.name == "aws" else None  # which account an emulator is does not matter
    fit = fitting(meant, account=account, region=target.region)
    if len(fit) != 1:
        count = "more than one of those" if fit else "none of those"
        raise ConfigError(
            f"--stack {wanted}: {naming_all(group)}, and {count} that are meant can run in account {target.account}, "
            f"region {target.region}: give the --region of the one to audit"
        )
    return fit[0]


def _sources(stacks: Sequence[Stack], chosen: Sequence[Stack]) -> Mapping[str, Stack]:
    """The stacks by name; of those that share one only what is chosen, with all that is nested in it."""
    left_out = {stack.artifact for group in _sharing(stacks) for stack in group}
    roots = [stack for stack in stacks if stack.parent is None and stack.artifact not in left_out]
    return {stack.name: stack for stack in with_nested([*roots, *chosen], stacks)}
