"""The synthesized stacks of a run: which there are, and which of them are proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from stackproof.config.settings import find_root, load_settings, parse_context
from stackproof.core.errors import ConfigError
from stackproof.plugin.coverage import add_synth_coverage, measures_coverage
from stackproof.plugin.outcomes import CALLS
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.stack_names import (
    named_one,
    naming_all,
    require_distinct_names,
    root_of,
    selector_of,
    shared_names,
    with_dependencies,
    with_nested,
)
from stackproof.template.template import Template
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

__all__ = [
    "assembly_of",
    "live_stacks_of",
    "note_template",
    "project_of",
    "proven_stacks_of",
    "stack_of",
    "templates_of",
]

_ASSEMBLY = pytest.StashKey[Assembly]()
_TEMPLATES = pytest.StashKey[dict[str, Template]]()


def project_of(config: pytest.Config) -> Project:
    """The project around pytest's root directory."""
    return Project(
        settings=load_settings(find_root(config.rootpath)),
        calls=config.stash[CALLS],
        processes=getattr(config, "workerinput", {}).get("workercount", 1),
    )


def assembly_of(config: pytest.Config) -> Assembly:
    """The synthesized app, once for each process and, by the cache, once for all of them."""
    if _ASSEMBLY not in config.stash:
        context = parse_context(tuple(config.getoption("cdk_context")))
        found = synthesize(project_of(config), context, coverage=measures_coverage(config))
        add_synth_coverage(config, found)
        config.stash[_ASSEMBLY] = found
        for stack in found.stacks:
            note_template(config, stack.template)
    return config.stash[_ASSEMBLY]


def templates_of(config: pytest.Config) -> Mapping[str, Template]:
    """The templates that tests of this process were given so far, by the hash of the file."""
    return config.stash.get(_TEMPLATES, {})


def note_template(config: pytest.Config, template: Template) -> None:
    """Remember a template that a test is given: its secrets are masked from then on."""
    config.stash.setdefault(_TEMPLATES, {}).setdefault(template.digest, template)


def stack_of(config: pytest.Config) -> Stack:
    """The stack that `--stack` means, or the only one."""
    stacks = assembly_of(config).stacks
    name = config.getoption("stack")
    roots = [stack for stack in stacks if stack.parent is None]
    known = ", ".join(selector_of(stack, stacks) or stack.name for stack in roots)
    if name is not None:
        chosen = named_one(name, stacks)
        if chosen is not None:
            return chosen
        if config.getoption("target") != "aws" or len(roots) != 1:
            raise ConfigError(f"--stack {name}: the app has no such stack, only {known}")
    if len(roots) != 1:
        raise ConfigError(f"the app has {len(roots)} stacks{_sharing(roots)}: name one with --stack: {known}")
    return roots[0]


def _sharing(roots: Sequence[Stack]) -> str:
    """Which of them share a name, in brackets; "" if none do."""
    groups = [[stack for stack in roots if stack.name == name] for name in sorted(shared_names(roots))]
    return f" ({'; '.join(map(naming_all, groups))})" if groups else ""


def proven_stacks_of(config: pytest.Config) -> tuple[Stack, ...]:
    """The stacks whose resources are proven one by one: that of `--stack`, or all; each with those that it nests.

    Raises ConfigError for several stacks of one name, of which `--stack` chooses none.
    """
    every = assembly_of(config).stacks
    roots = [stack for stack in every if stack.parent is None]
    if config.getoption("stack") is not None or len(roots) == 1:
        return with_nested([stack_of(config)], every)
    require_distinct_names(every)
    return every


def live_stacks_of(config: pytest.Config) -> tuple[Stack, ...]:
    """The stacks that a target is given, or is looked for on: all of them.

    Of an app in which stacks share a name it is the one of `--stack` with what it depends on; raises ConfigError
    without that.
    """
    every = assembly_of(config).stacks
    if not shared_names(every):
        return every
    if config.getoption("stack") is None:
        require_distinct_names(every)
    found = with_dependencies([root_of(stack_of(config), every)], every)
    require_distinct_names(found, every=every)
    return found
