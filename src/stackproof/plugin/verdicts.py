"""The verdicts of the policy rules, each by the id of its test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.notification import Notification
from stackproof.plugin.stacks import assembly_of, project_of, stack_of
from stackproof.policy.report import RuleVerdict
from stackproof.template.nested import unevaluated_nested
from stackproof.template.stack_names import labels, with_nested
from stackproof.wiring.policy import rule_verdicts

__all__ = ["verdicts_of"]

_VERDICTS = pytest.StashKey[Mapping[str, RuleVerdict | Notification]]()


def verdicts_of(config: pytest.Config) -> Mapping[str, RuleVerdict | Notification]:
    """The verdict of each rule on each stack, by the id of its test; with `--stack` on that one and what it nests.

    A nested stack that was not evaluated has an error in place of its verdicts.
    """
    if _VERDICTS not in config.stash:
        from filelock import FileLock

        project, found = project_of(config), assembly_of(config)
        on = datetime.now(tz=UTC).date()
        with FileLock(project.settings.state_directory / "scan.lock"):
            verdicts = rule_verdicts(project, found, on=on)
        called = labels(found.stacks)
        is_chosen = config.getoption("stack") is not None
        stacks = with_nested([stack_of(config)], found.stacks) if is_chosen else found.stacks
        chosen = {stack.artifact for stack in stacks}
        items: dict[str, RuleVerdict | Notification] = {}
        items.update(_by_id([verdict for verdict in verdicts if verdict.artifact in chosen], called))
        for stack in stacks:
            errors = zip(stack.missing_nested, unevaluated_nested((), [stack]), strict=True)
            items.update({f"{called[stack.artifact]}/{logical_id}": error for logical_id, error in errors})
        config.stash[_VERDICTS] = items
    return config.stash[_VERDICTS]


def _by_id(verdicts: Sequence[RuleVerdict], called: Mapping[str, str]) -> dict[str, RuleVerdict]:
    """Each verdict by the id of its test; `called` are the stacks' labels, by artifact.

    Two engines may have a rule of one id: then the engine is a part of the id, so that neither verdict is lost.
    """
    count = Counter((verdict.artifact, verdict.rule_id) for verdict in verdicts)
    found: dict[str, RuleVerdict] = {}
    for verdict in verdicts:
        name = f"{called[verdict.artifact]}-{verdict.rule_id}"
        if count[verdict.artifact, verdict.rule_id] > 1:
            name = f"{name}-{verdict.engine}"
        if name in found:
            raise ConfigError(f"two verdicts would have the id {name}: give the stacks other construct ids")
        found[name] = verdict
    return found
