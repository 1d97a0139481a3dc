"""Controls: what a team wants to hold, and the rules of any engine that evaluate it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from stackproof.core.notification import Level

__all__ = ["Control", "by_rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One fact about a stack. `rules` are ids by engine, `references` ids by standard.

    `level` is the level of its findings and replaces the engines' level; None keeps theirs. No one may waive a control
    that is not `waivable`.
    """

    id: str
    title: str
    level: Level | None = None
    waivable: bool = True
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of all engines, sorted, each once."""
        return tuple(sorted({id_ for ids in self.rules.values() for id_ in ids}))

    def extended_by(self, other: Control) -> Control:
        """The control as a project words it, with the rules and references of both."""
        return replace(
            other,
            level=other.level or self.level,
            waivable=self.waivable and other.waivable,
            rules=_joined(self.rules, other.rules),
            references=_joined(self.references, other.references),
        )


def by_rule(shipped: Iterable[Control], project: Iterable[Control] = ()) -> dict[str, Control]:
    """The control of each rule: a project's own goes before a shipped one, and extends one of the same id."""
    own = {control.id: control for control in project}
    base = {control.id: control for control in shipped}
    every = {
        **base,
        **{name: base[name].extended_by(control) if name in base else control for name, control in own.items()},
    }
    found = {rule: every[control.id] for control in base.values() for rule in control.rule_ids}
    return {**found, **{rule: every[control.id] for control in own.values() for rule in control.rule_ids}}


def _joined(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted({*one.get(name, ()), *other.get(name, ())})) for name in sorted({*one, *other})}
