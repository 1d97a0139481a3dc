"""Children of a stack's resources, and what declares them; an audit reports those that nothing declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from stackproof.core.json import JsonValue
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.comparison import matches
from stackproof.proof.observation import Reading
from stackproof.proof.prover import Prover
from stackproof.proof.snapshot import GONE
from stackproof.template.intrinsics import Resolved, resolve, static_context, unresolved_in
from stackproof.template.template import Resource, Template

__all__ = ["ITSELF", "Claims", "may_declare", "owner_names", "physical_ids"]

ITSELF: Final = "Ref"
"""In the identity of a child: the physical id of the resource that declares it, or a part of it between bars."""


_OWN: Final = "\0"
"""Represents every name of a resource of another stack; no owner has such a name."""

_NOTHING: Final = (None, -1, "-1")


class Claims:
    """All that the templates of one audit declare, to be asked whether a child is among it.

    `unread` is why a stack that was to be audited is not among them: it may declare what no other does.
    """

    def __init__(self, provers: Iterable[Prover], *, unread: UnprovenReason | None = None) -> None:
        self.unread = unread
        self._declared: dict[str, list[tuple[Prover, Resource]]] = {}
        self._physical: set[tuple[str, str]] = set()
        self._stacks: set[str] = set()
        for prover in provers:
            self._physical |= physical_ids(prover.deployment)
            self._stacks |= {prover.deployment.stack_name, _stack_name(prover.deployment.stack_id)}
            expected = frozenset(prover.expected_ids())
            for resource in prover.template.resources:
                if resource.logical_id in expected:
                    self._declared.setdefault(resource.resource_type, []).append((prover, resource))

    def has(self, child: Child) -> bool:
        """Whether one of the audited stacks has a resource of that type and physical id."""
        return (child.resource_type, child.physical_id) in self._physical

    def speak_for(self, stack_name: str) -> bool:
        """Whether all that the stack declares is among it."""
        return stack_name in self._stacks

    def declare(self, family: ChildFamily, owner: Collection[str], child: Child) -> bool | None:
        """Whether a template declares the child of this owner (by any of its names); None if unknown."""
        if family.in_stacks and not family.ids_are_shared and self.has(child):
            return True
        in_doubt = False
        for kind, link in family.declared_by:
            for prover, resource in self._declared.get(kind, ()):
                found = _declares(prover, resource, link, owner, child)
                if found:
                    return True
                in_doubt = in_doubt or found is None
        return None if in_doubt else False


def physical_ids(deployment: Deployment) -> frozenset[tuple[str, str]]:
    """Type and physical id of each resource that the stack has now."""
    return frozenset(
        (resource.resource_type, resource.physical_id)
        for resource in deployment.resources
        if resource.physical_id and resource.status not in GONE
    )


def owner_names(physical_id: str, reading: Reading) -> frozenset[str]:
    """All names by which a template may mean the owner: its physical id, its attributes, and the end of its ARN."""
    names = {physical_id, *(attribute for attribute in reading.attributes.values() if isinstance(attribute, str))}
    if reading.reference:
        names.add(reading.reference)
    for name in tuple(names):
        if name.startswith("arn:"):
            names |= {name.rpartition(":")[2], name.rpartition("/")[2]}
    return frozenset(name for name in names if name)


def may_declare(
    template: Template, pseudo: Mapping[str, JsonValue], family: ChildFamily, owner: Collection[str], child: Child
) -> bool:
    """Whether a template, of a stack of which nothing else is known, may declare the child of this owner.

    An owner that the template itself declares belongs to its own stack, so it is never this owner.
    """
    context = replace(static_context(template), parameters={}, pseudo=pseudo)
    own = {resource.logical_id for resource in template.resources if resource.resource_type in family.owners}
    naming = replace(
        context,
        reference=lambda name: _OWN if name in own else None,
        attribute=lambda name, _: _OWN if name in own else None,
    )
    links = dict(family.declared_by)
    for resource in template.resources:
        link = links.get(resource.resource_type)
        if link is None or link not in resource.properties:
            continue
        properties = resolve(resource.properties, context)
        properties = properties if isinstance(properties, Mapping) else {}
        named = resolve(resource.properties[link], naming)
        if _says({**properties, link: named}, link, owner, child, None) is not False:
            return True
    return False


def _declares(prover: Prover, resource: Resource, link: str, owner: Collection[str], child: Child) -> bool | None:
    return _says(prover.expected(resource.logical_id), link, owner, child, _physical_id(prover, resource))


def _says(
    properties: Mapping[str, Resolved], link: str, owner: Collection[str], child: Child, physical_id: str | None
) -> bool | None:
    """Whether a resource of these properties, and of this physical id if it is known, declares the child."""
    named = properties.get(link)
    if named is None:
        return False
    is_owner = not owner or any(str(text) in owner or _bare(text) in owner for text in _texts(named))
    if not is_owner and not unresolved_in(named):
        return False
    same = _same(properties, child, physical_id)
    return same if is_owner or same is False else None


def _same(properties: Mapping[str, Resolved], child: Child, physical_id: str | None) -> bool | None:
    in_doubt = False
    for name, value in child.identity.items():
        if name == ITSELF:
            if physical_id is None:
                in_doubt = True
            elif value != physical_id and value not in physical_id.split("|"):
                return False
        elif unresolved_in(wanted := properties.get(name)):
            in_doubt = True
        elif not _equal(wanted, value):
            return False
    return None if in_doubt else True


def _equal(wanted: Resolved, live: JsonValue) -> bool:
    """Whether the values are equal; a property that the template omits is false or empty, and -1 means "no port"."""
    if live is None:
        return wanted in _NOTHING
    if wanted is None:
        return live is False
    return matches(wanted, live, None, "")


def _texts(value: Resolved) -> Sequence[Resolved]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _bare(value: Resolved) -> str:
    """The last part of a name: of an ARN, a partial ARN or a queue's URL."""
    return str(value).rpartition(":")[2].rpartition("/")[2]


def _stack_name(stack_id: str) -> str:
    """The name in a stack's ARN."""
    return stack_id.rpartition(":stack/")[2].partition("/")[0]


def _physical_id(prover: Prover, resource: Resource) -> str:
    found = prover.deployment.resource(resource.logical_id)
    return found.physical_id if found else ""
