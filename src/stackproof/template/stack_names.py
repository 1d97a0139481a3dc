"""Which stacks share a name, which one an option selects, and what cannot distinguish them yet.

A name belongs to one stack of an account and region: an app may deploy two stacks of one name to two regions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from stackproof.core.errors import ConfigError
from stackproof.template.assembly import Stack

__all__ = [
    "fitting",
    "labels",
    "live_name",
    "matching",
    "named_one",
    "naming_all",
    "require_distinct_names",
    "root_of",
    "selector_of",
    "shared_names",
    "with_dependencies",
    "with_nested",
]

_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def shared_names(stacks: Sequence[Stack]) -> frozenset[str]:
    """The names that several of the stacks have."""
    return frozenset(name for name, count in Counter(stack.name for stack in stacks).items() if count > 1)


def matching(wanted: str, stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """The stacks that a text selects: by a name, else a construct path, else NAME@REGION, else a label of `labels`."""
    found = tuple(stack for stack in stacks if stack.name == wanted)
    found = found or tuple(stack for stack in stacks if stack.construct_path == wanted)
    found = found or tuple(stack for stack in stacks if stack.region and f"{stack.name}@{stack.region}" == wanted)
    if found:
        return found
    called = labels(stacks)
    return tuple(stack for stack in stacks if called[stack.artifact] == wanted)


def selector_of(stack: Stack, stacks: Sequence[Stack]) -> str | None:
    """The value of `--stack` that selects only this stack; None if there is none."""
    candidates = (stack.name, stack.construct_path, f"{stack.name}@{stack.region}")
    for text in candidates:
        found = matching(text, stacks) if text is not None else ()
        if [other.artifact for other in found] == [stack.artifact]:
            return text
    return None


def named_one(wanted: str, stacks: Sequence[Stack], *, option: str = "--stack") -> Stack | None:
    """The only selected stack, None if there is none; raises ConfigError if there are several."""
    found = matching(wanted, stacks)
    if len(found) > 1:
        raise ConfigError(f"{option} {wanted}: {naming_all(found)}{_choose(found, stacks, option=option)}")
    return found[0] if found else None


def live_name(wanted: str, stacks: Sequence[Stack]) -> str:
    """The name of the requested stack in CloudFormation, whether it is one of the app's or not.

    A text that may be a stack's name is one, unless the app needs it to distinguish stacks of one name: a deployed
    stack may have another name than the app gives it.
    """
    found = matching(wanted, stacks)
    if len(found) == 1 and (found[0].name in shared_names(stacks) or not _STACK_NAME.fullmatch(wanted)):
        return found[0].name
    return wanted


def naming_all(found: Sequence[Stack]) -> str:
    """Stacks of one name, each with what identifies it: `two stacks are named shop: shop-eu (…) and shop-us (…)`."""
    count = {2: "two", 3: "three"}.get(len(found), str(len(found)))
    shown = [stack.described for stack in found]
    if len(set(shown)) < len(shown):  # two assemblies of one app
        shown = [f"{stack.described} in {stack.template.file}" for stack in found]
    return f"{count} stacks are named {found[0].name}: {', '.join(shown[:-1])} and {shown[-1]}"


def require_distinct_names(stacks: Sequence[Stack], *, every: Sequence[Stack] = (), option: str = "--stack") -> None:
    """Raise ConfigError for stacks of one name, naming all of them; `option` chooses one of `every` stack of the app.

    What deploys or proves stacks asks for this before it starts anything: on one target it would take one of them for
    the other.
    """
    shared = shared_names([stack for stack in stacks if stack.parent is None])
    if not shared:
        return
    groups = [[stack for stack in stacks if stack.name == name] for name in sorted(shared)]
    found = [stack for group in groups for stack in group]
    them = "both" if len(found) == 2 else "them"  # noqa: PLR2004 - "both" are two
    why = f"stackproof cannot deploy or prove {them} in one run yet"
    raise ConfigError(f"{'; '.join(map(naming_all, groups))}: {why}{_choose(found, every or stacks, option=option)}")


def _choose(found: Sequence[Stack], every: Sequence[Stack], *, option: str = "--stack") -> str:
    """How to choose one of the stacks, which must not need another one of its name."""
    for stack in found:
        selector = selector_of(stack, every)
        if selector is not None and not shared_names(with_dependencies([stack], every)):
            return f"; choose one with {option} {selector}"
    return "; give each of them a different name"


def fitting(stacks: Sequence[Stack], *, account: str | None, region: str) -> tuple[Stack, ...]:
    """The stacks that may run in an account (None is any) and region: those that leave theirs open, too."""
    return tuple(
        stack
        for stack in stacks
        if stack.region in {None, region} and (account is None or stack.account in {None, account})
    )


def labels(stacks: Sequence[Stack]) -> Mapping[str, str]:
    """What each stack is called in lists and in ids of tests, by artifact: its name, where it is the only one's.

    Of stacks that share a name it is the construct path; a nested one is called after its parent.
    """
    shared = shared_names(stacks)
    found = {stack.artifact: stack.name for stack in stacks if stack.name not in shared}
    taken = set(found.values())
    by_artifact = {stack.artifact: stack for stack in stacks}
    for stack in sorted(stacks, key=lambda stack: (stack.name.count("/"), stack.artifact)):
        if stack.artifact in found:
            continue
        parent = by_artifact.get(stack.parent or "")
        path = stack.construct_path or stack.artifact
        if parent is not None and parent.artifact in found:
            path = f"{found[parent.artifact]}/{stack.name.rpartition('/')[2]}"
        candidates = (path, f"{path} ({stack.environment})", f"{path} ({stack.template.file})")
        found[stack.artifact] = next((label for label in candidates if label not in taken), stack.artifact)
        taken.add(found[stack.artifact])
    return found


def root_of(stack: Stack, stacks: Sequence[Stack]) -> Stack:
    """The stack itself, or the one that nests it in the end."""
    by_artifact = {other.artifact: other for other in stacks}
    while (parent := by_artifact.get(stack.parent or "")) is not None:
        stack = parent
    return stack


def with_nested(roots: Sequence[Stack], stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """These and all that is nested in them, in the order of the stacks."""
    wanted: set[str] = set()
    waiting = [root.artifact for root in roots]
    while waiting:
        artifact = waiting.pop()
        wanted.add(artifact)
        waiting.extend(stack.artifact for stack in stacks if stack.parent == artifact)
    return tuple(stack for stack in stacks if stack.artifact in wanted)


def with_dependencies(stacks: Sequence[Stack], every: Sequence[Stack]) -> tuple[Stack, ...]:
    """The stacks and all those that they depend on, of `every` stack of the app, with what is nested in them."""
    found: dict[int, Stack] = {}  # by identity: none is dropped, whatever two of them have in common
    waiting = list(stacks)
    while waiting:
        stack = waiting.pop()
        if id(stack) not in found:
            found[id(stack)] = stack
            waiting.extend(
                other for other in every if other.artifact in stack.dependencies or other.parent == stack.artifact
            )
    return tuple(sorted(found.values(), key=lambda stack: (stack.name, stack.artifact)))
