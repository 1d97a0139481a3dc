"""Unmanaged resources: live, in the user's scope, of a type that the audited stacks use, and in no stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.ports import Target
from stackproof.drift.difference import Difference, DriftOrigin, Listed
from stackproof.drift.ports import Listing, StackCatalog
from stackproof.proof.observation import Change, DriftStatus
from stackproof.template.location import Location

__all__ = ["Scope", "Unmanaged", "parse_scope", "unmanaged"]

_SHOWN: Final = 10
_KINDS: Final = ("prefix", "tag", "vpc")
_PARTS: Final = re.compile(
    r"Attachment$|Association$|Policy$|Permission$|Subscription$|Ingress$|Egress$|Rule$|::Alias$"
)
"""Types that only exist on another resource: an extra one is a child of its owner, not an unmanaged resource."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """Where every resource has to be in a stack: a tag, a VPC, or a prefix of names."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """The unmanaged resources that were found, and what could be checked.

    `undecided` is how many may be in a stack of another region. `looked_at` has the account, region and type of each
    listing that was read; `is_whole` is True if every type was read in all scopes.
    """

    differences: tuple[Difference, ...] = ()
    listed: int = 0
    undecided: int = 0
    looked_at: tuple[tuple[str, str, str], ...] = ()
    notifications: tuple[Notification, ...] = ()
    account: str = ""
    region: str = ""
    is_whole: bool = False


def parse_scope(text: str) -> Scope:
    """`tag:KEY=VALUE`, `vpc:ID` or `prefix:NAME`; raises ConfigError."""
    kind, _, value = text.partition(":")
    if kind not in _KINDS or not value or (kind == "tag" and "=" not in value.strip("=")):
        raise ConfigError(f"--scope {text}: expected tag:KEY=VALUE, vpc:ID or prefix:NAME")
    return Scope(kind=kind, value=value)


def unmanaged(
    scopes: Iterable[Scope],
    resource_types: Iterable[str],
    *,
    managed: Callable[[tuple[str, str]], bool],
    listings: Mapping[str, Listing],
    target: Target,
    catalog: StackCatalog,
) -> Unmanaged:
    """The resources in a scope and in no stack, of types that the stacks use; a failed listing is a notification."""
    wanted = sorted(set(scopes))
    types = sorted(
        {resource_type for resource_type in resource_types if resource_type in listings or _is_whole(resource_type)}
    )
    if not wanted:
        return Unmanaged()
    said: list[Notification] = []
    if missing := [resource_type for resource_type in types if resource_type not in listings]:
        message = (
            f"--scope: these types cannot be listed, so their unmanaged resources are not found: {', '.join(missing)}"
        )
        said.append(Notification(level=Level.WARNING, message=message))
    tagged = _tagged(wanted, catalog, said)
    found: list[Difference] = []
    listed = 0
    total = 0
    looked_at: list[tuple[str, str, str]] = []
    for kind in types:
        before = len(said)
        undecided: list[Listed] = []
        for resource in _listed(listings[kind], target, said) if kind in listings else ():
            listed += 1
            if not any(_is_in(resource, scope, tagged.get(scope)) for scope in wanted) or managed(
                (resource.resource_type, resource.physical_id)
            ):
                continue
            belongs = _owner(resource, catalog, said) or _is_elsewhere(resource, listings[kind], target, said)
            if belongs is None:
                undecided.append(resource)
            elif not belongs:
                found.append(_difference(resource, target))
        said.extend(_undecided(undecided, target.region))
        total += len(undecided)
        said.extend(_without_tags(kind, wanted))
        if kind in listings and len(said) == before and len(tagged) == sum(scope.kind == "tag" for scope in wanted):
            looked_at.append((target.account, target.region, kind))
    if blind := _without_vpc(wanted, types, listings):
        message = f"--scope: the lists of these types have no VPC: {', '.join(blind)}"
        said.append(Notification(level=Level.NOTE, message=message))
    return Unmanaged(
        differences=tuple(sorted(found, key=Difference.sort_key)),
        listed=listed,
        undecided=total,
        looked_at=tuple(looked_at),
        notifications=tuple(
            sorted(set(said), key=lambda notification: (notification.level.value, notification.message))
        ),
        account=target.account,
        region=target.region,
        is_whole=not said,
    )


_WITHOUT_TAGS: Final = frozenset({"AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::User"})
"""GetResources returns no tags of roles and users, and those of policies in one region only (AWS's reference)."""


def _without_tags(kind: str, scopes: Iterable[Scope]) -> Iterator[Notification]:
    if kind in _WITHOUT_TAGS and any(scope.kind == "tag" for scope in scopes):
        message = f"--scope: {kind}: the tagging API returns no tags for it, so a tag scope finds none"
        yield Notification(level=Level.WARNING, message=message)


def _is_whole(resource_type: str) -> bool:
    return resource_type not in {"AWS::CDK::Metadata", "AWS::CloudFormation::Stack"} and not _PARTS.search(
        resource_type
    )


def _tagged(scopes: Iterable[Scope], catalog: StackCatalog, said: list[Notification]) -> dict[Scope, frozenset[str]]:
    found: dict[Scope, frozenset[str]] = {}
    for scope in scopes:
        if scope.kind == "tag":
            key, _, value = scope.value.partition("=")
            try:
                found[scope] = catalog.tagged(key, value)
            except TargetError as error:
                said.append(Notification(level=Level.ERROR, message=f"--scope {scope} was not checked: {error}"))
    return found


def _listed(listing: Listing, target: Target, said: list[Notification]) -> Iterator[Listed]:
    """The live resources of one type in the region, and nothing of a type whose listing fails."""
    try:
        here = (listed for listed in listing.read(target.client) if listed.region in {"", target.region})
        yield from sorted(here, key=lambda listed: listed.physical_id)
    except Exception as error:  # noqa: BLE001 - a listing that breaks must not take the others with it
        reason = target.translated(error)
        why = reason.value if reason else f"the listing broke: {type(error).__name__}"
        message = f"--scope: {listing.resource_type} could not be listed ({why}): {error}"
        said.append(Notification(level=Level.ERROR, message=message))


def _is_in(listed: Listed, scope: Scope, tagged: frozenset[str] | None) -> bool:
    if scope.kind == "prefix":
        return listed.name.startswith(scope.value)
    if scope.kind == "vpc":
        return listed.vpc_id == scope.value
    return any(_same_arn(listed, name) for name in tagged or ())


def _same_arn(listed: Listed, arn: str) -> bool:
    """Where a listing gives no ARN, the service and the end of it tell."""
    if listed.arn.startswith("arn:"):
        return arn.removesuffix(":*") == listed.arn.removesuffix(":*")
    service = listed.resource_type.split("::")[1].lower()
    ending = listed.arn or f"/{listed.name}"
    return arn.split(":")[2] == service and (arn.endswith(ending) or arn.rpartition(":")[2] == listed.name)


def _owner(listed: Listed, catalog: StackCatalog, said: list[Notification]) -> bool:
    """Whether a stack has the resource; also True, with a notification, if that could not be read."""
    try:
        return catalog.owner(listed.resource_type, listed.physical_id) is not None
    except TargetError as error:
        message = f"--scope: whether a stack has {listed.resource_type} {listed.physical_id} is not known: {error}"
        said.append(Notification(level=Level.ERROR, message=message))
        return True


def _is_elsewhere(listed: Listed, listing: Listing, target: Target, said: list[Notification]) -> bool | None:
    """Whether a resource in no stack of this region belongs to another region; None if its region is unknown.

    Also True, with a notification, if that could not be read.
    """
    if listing.region_of is None or listed.region == target.region:
        return False
    try:
        region = listing.region_of(target.client, listed)
    except Exception as error:  # noqa: BLE001 - one that cannot be read must not take the others with it
        reason = target.translated(error)
        why = reason.value if reason else type(error).__name__
        message = f"--scope: the region of {listed.resource_type} {listed.physical_id} is not known ({why}): {error}"
        said.append(Notification(level=Level.ERROR, message=message))
        return True
    return None if region is None else region != target.region


def _undecided(listed: Sequence[Listed], region: str) -> Iterator[Notification]:
    if listed:
        names = ", ".join(sorted(resource.name for resource in listed)[:_SHOWN])
        more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        yield Notification(
            level=Level.WARNING,
            message=f"--scope: {len(listed)} of {listed[0].resource_type} are in no stack of {region} and may be in "
            f"a stack of another region, which was not read: {names}{more}",
        )


def _without_vpc(scopes: Iterable[Scope], types: Iterable[str], listings: Mapping[str, Listing]) -> list[str]:
    if not any(scope.kind == "vpc" for scope in scopes):
        return []
    return [
        resource_type for resource_type in types if resource_type in listings and not listings[resource_type].in_vpc
    ]


def _difference(listed: Listed, target: Target) -> Difference:
    return Difference(
        account=target.account,
        region=target.region,
        origin=DriftOrigin.UNMANAGED,
        location=Location(resource_type=listed.resource_type),
        physical_id=listed.physical_id,
        status=DriftStatus.MODIFIED,
        change=Change.ADD,
        actual={"Name": listed.name},
    )
