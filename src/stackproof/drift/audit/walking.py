"""The walk over the stacks of an audit: those that are named, all nested in them, and instances of their stack sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from stackproof.core.errors import ConfigError, StackproofError, TargetError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.live_stack import LiveStack
from stackproof.drift.ports import StackCatalog
from stackproof.drift.stack_list import name_in
from stackproof.template.assembly import Stack
from stackproof.template.template import Template

__all__ = ["StackWalk", "Walked"]

_NESTED: Final = "AWS::CloudFormation::Stack"
_STACK_SET: Final = "AWS::CloudFormation::StackSet"

_Stop: TypeAlias = tuple[str, str, str | None]
"""A stack to walk to: its id, the name that reports have for it, and the name of its parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The stacks by id; `unread` are the reasons why others were not read, `gone` names of which there is no stack."""

    stacks: Mapping[str, LiveStack]
    notifications: tuple[Notification, ...] = ()
    unread: frozenset[UnprovenReason] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missed:
    """A stack or stack set that was not read. It may declare anything, unless it is deleted or in another region."""

    message: str
    level: Level = Level.ERROR
    may_declare: bool = True
    gone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackWalk:
    """Finds the stacks; see `Auditor` for `sources` and `against_sources`.

    `reason` gives why CloudFormation did not answer; None for an answer, such as that there is no such stack.
    """

    target: Target
    catalog: StackCatalog
    sources: Mapping[str, Stack]
    against_sources: bool
    reason: Callable[[TargetError], UnprovenReason | None]

    def walked(self, names: Sequence[str]) -> Walked:
        """The stacks of these names or ARNs and what belongs to them; one that cannot be read does not stop others."""
        stacks: dict[str, LiveStack] = {}
        missed: list[_Missed] = []
        for name in sorted(set(names)):
            for found in self._walked_from(name):
                if isinstance(found, _Missed):
                    missed.append(found)
                    continue
                known = stacks.get(found.stack_id)
                if known is None or (known.parent is None and found.parent is not None):
                    stacks[found.stack_id] = found  # a nested stack that was listed as well has its parent's name
        return Walked(
            stacks=stacks,
            notifications=tuple(Notification(level=miss.level, message=miss.message) for miss in missed),
            unread=frozenset({UnprovenReason.UNREACHABLE} if any(miss.may_declare for miss in missed) else ()),
            gone=frozenset(miss.gone for miss in missed if miss.gone is not None),
        )

    def _walked_from(self, name: str) -> Iterator[LiveStack | _Missed]:
        """The stack, then those nested in it and the instances of its stack sets, at any depth."""
        waiting: list[_Stop] = [(name, name_in(name), None)]
        seen: set[str] = set()
        while waiting:
            stack_id, shown, parent = waiting.pop(0)
            live = self._found(stack_id, shown, parent)
            if isinstance(live, _Missed):
                yield live
                continue
            if live.stack_id in seen:
                continue
            seen.add(live.stack_id)
            yield live
            for resource in live.deployment.resources if live.deployment else ():
                if resource.resource_type == _NESTED and resource.physical_id:
                    waiting.append((resource.physical_id, f"{shown}/{resource.logical_id}", shown))
                elif resource.resource_type == _STACK_SET and resource.physical_id:
                    for found in self._instances(shown, resource.logical_id, resource.physical_id):
                        if isinstance(found, _Missed):
                            yield found
                        else:
                            waiting.append(found)

    def _found(self, stack_id: str, shown: str, parent: str | None) -> LiveStack | _Missed:
        try:
            live = self.catalog.stack(stack_id, shown=shown, parent=parent)
        except TargetError as error:
            reason = self.reason(error)
            if reason is None:
                is_gone = error.code == "NoStack"
                message = f"{shown} was not audited: {error}"
                return _Missed(message=message, may_declare=not is_gone, gone=shown if is_gone else None)
            return LiveStack(
                stack_name=shown,
                stack_id=stack_id,
                account=self.target.account,
                region=self.target.region,
                status="",
                parent=parent,
                reason=reason,
                detail=str(error),
            )
        except StackproofError as error:
            return _Missed(message=f"{shown} was not audited: {error}")
        return self._expecting(live)

    def _expecting(self, live: LiveStack) -> LiveStack:
        """The stack with the template that it is compared with, and the source lines that are known."""
        source = self.sources.get(live.stack_name)
        if self.against_sources:
            if source is None:
                raise ConfigError(f"--against assembly: the app has no stack {live.stack_name}")
            return replace(live, template=source.template)
        if source is None or live.template is None:
            return live
        return replace(live, template=_sourced(live.template, source.template))

    def _instances(self, shown: str, logical_id: str, stack_set: str) -> Iterator[_Stop | _Missed]:
        try:
            instances = self.catalog.instances(stack_set)
        except TargetError as error:
            yield _Missed(message=f"{shown}/{logical_id}: the instances of the stack set are not known: {error}")
            return
        elsewhere = 0
        for account, region, stack_id in instances:
            if (account, region) == (self.target.account, self.target.region) and stack_id:
                yield stack_id, f"{shown}/{logical_id}/{stack_id.rpartition(':stack/')[2].partition('/')[0]}", shown
            else:
                elsewhere += 1
        if elsewhere:
            message = f"{shown}/{logical_id}: {elsewhere} instances are in other accounts or regions: audit them there"
            yield _Missed(message=message, level=Level.WARNING, may_declare=False)


def _sourced(template: Template, source: Template) -> Template:
    """The deployed template with the source lines that the assembly has for its resources."""
    known = {resource.logical_id: resource for resource in source.resources}
    return replace(
        template,
        resources=tuple(
            replace(
                resource,
                construct_path=written.construct_path,
                source=written.source,
                property_sources=written.property_sources,
                generated=written.generated,
            )
            if (written := known.get(resource.logical_id)) is not None
            and written.resource_type == resource.resource_type
            else resource
            for resource in template.resources
        ),
    )
