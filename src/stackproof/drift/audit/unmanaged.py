"""Unmanaged resources: live, in the user's scope, of a type that the audited stacks use, and in no stack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.core.errors import ConfigError, TargetError
from stackproof.core.notification import Level, Notification
from stackproof.deployment.ports import Target
from stackproof.drift.child import Listed
from stackproof.drift.difference import Difference, DriftOrigin
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
    tagged = {scope: _tagged(scope, catalog) for scope in wanted if scope.kind == "tag"}
    of_types = [
        _of_type(listings[resource_type], wanted, tagged, managed=managed, target=target, catalog=catalog)
        for resource_type in types
        if resource_type in listings
    ]
    unlisted = [resource_type for resource_type in types if resource_type not in listings]
    without_vpc = _without_vpc(wanted, types, listings)
    are_tags_known = all(isinstance(arns, frozenset) for arns in tagged.values())
    notifications = {
        *(arns for arns in tagged.values() if isinstance(arns, Notification)),
        *(notification for of_type in of_types for notification in of_type.notifications),
        *_not_listed(unlisted, without_vpc),
    }
    return Unmanaged(
        differences=tuple(
            sorted((found for of_type in of_types for found in of_type.differences), key=Difference.sort_key)
        ),
        listed=sum(of_type.listed for of_type in of_types),
        undecided=sum(of_type.undecided for of_type in of_types),
        looked_at=tuple(
            (target.account, target.region, of_type.resource_type)
            for of_type in of_types
            if of_type.is_complete and are_tags_known
        ),
        notifications=tuple(
            sorted(notifications, key=lambda notification: (notification.level.value, notification.message))
        ),
        account=target.account,
        region=target.region,
        is_whole=are_tags_known
        and not unlisted
        and not without_vpc
        and all(of_type.is_complete for of_type in of_types),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfType:
    """What was found of one resource type; `is_complete` if nothing of the type in the scopes can have been missed."""

    resource_type: str
    listed: int
    undecided: int
    is_complete: bool
    differences: tuple[Difference, ...]
    notifications: tuple[Notification, ...]


def _of_type(
    listing: Listing,
    scopes: Sequence[Scope],
    tagged: Mapping[Scope, frozenset[str] | Notification],
    *,
    managed: Callable[[tuple[str, str]], bool],
    target: Target,
    catalog: StackCatalog,
) -> _OfType:
    listed = _listed(listing, target)
    resources = () if isinstance(listed, Notification) else listed
    differences: list[Difference] = []
    undecided: list[Listed] = []
    failures: list[Notification] = [listed] if isinstance(listed, Notification) else []
    for resource in resources:
        is_in_scope = any(_is_in(resource, scope, tagged.get(scope)) for scope in scopes)
        if not is_in_scope or managed((resource.resource_type, resource.physical_id)):
            continue
        belongs = _belongs(resource, listing, target, catalog)
        if isinstance(belongs, Notification):
            failures.append(belongs)
        elif belongs is None:
            undecided.append(resource)
        elif not belongs:
            differences.append(_difference(resource, target))
    gaps = (*failures, *_undecided(undecided, target.region), *_without_tags(listing.resource_type, scopes))
    return _OfType(
        resource_type=listing.resource_type,
        listed=len(resources),
        undecided=len(undecided),
        is_complete=not failures and not undecided and not _is_untagged(listing.resource_type, scopes),
        differences=tuple(differences),
        notifications=gaps,
    )


def _not_listed(unlisted: Sequence[str], without_vpc: Sequence[str]) -> Iterator[Notification]:
    if unlisted:
        message = (
            f"--scope: these types cannot be listed, so their unmanaged resources are not found: {', '.join(unlisted)}"
        )
        yield Notification(level=Level.WARNING, message=message)
    if without_vpc:
        message = f"--scope: the lists of these types have no VPC: {', '.join(without_vpc)}"
        yield Notification(level=Level.NOTE, message=message)


_WITHOUT_TAGS: Final = frozenset({"AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::User"})
"""GetResources returns no tags of roles and users, and those of policies in one region only (AWS's reference)."""


def _is_untagged(resource_type: str, scopes: Iterable[Scope]) -> bool:
    """Whether a tag scope cannot find resources of the type."""
    return resource_type in _WITHOUT_TAGS and any(scope.kind == "tag" for scope in scopes)


def _without_tags(resource_type: str, scopes: Iterable[Scope]) -> Iterator[Notification]:
    if _is_untagged(resource_type, scopes):
        message = f"--scope: {resource_type}: the tagging API returns no tags for it, so a tag scope finds none"
        yield Notification(level=Level.WARNING, message=message)


def _is_whole(resource_type: str) -> bool:
    return resource_type not in {"AWS::CDK::Metadata", "AWS::CloudFormation::Stack"} and not _PARTS.search(
        resource_type
    )


def _tagged(scope: Scope, catalog: StackCatalog) -> frozenset[str] | Notification:
    """The ARNs with the tag of the scope, or why they are not known."""
    key, _, value = scope.value.partition("=")
    try:
        return catalog.tagged(key, value)
    except TargetError as error:
        return Notification(level=Level.ERROR, message=f"--scope {scope} was not checked: {error}")


def _listed(listing: Listing, target: Target) -> Sequence[Listed] | Notification:
    """The live resources of one type in the region, or why the listing failed."""
    try:
        here = (listed for listed in listing.read(target.client) if listed.region in {"", target.region})
        return sorted(here, key=lambda listed: listed.physical_id)
    except Exception as error:  # noqa: BLE001 - a listing that breaks must not take the others with it
        reason = target.translated(error)
        why = reason.value if reason else f"the listing broke: {type(error).__name__}"
        message = f"--scope: {listing.resource_type} could not be listed ({why}): {error}"
        return Notification(level=Level.ERROR, message=message)


def _is_in(listed: Listed, scope: Scope, tagged: frozenset[str] | Notification | None) -> bool:
    if scope.kind == "prefix":
        return listed.name.startswith(scope.value)
    if scope.kind == "vpc":
        return listed.vpc_id == scope.value
    return isinstance(tagged, frozenset) and any(_same_arn(listed, arn) for arn in tagged)


def _same_arn(listed: Listed, arn: str) -> bool:
    """Where a listing gives no ARN, the service and the end of it tell."""
    if listed.arn.startswith("arn:"):
        return arn.removesuffix(":*") == listed.arn.removesuffix(":*")
    service = listed.resource_type.split("::")[1].lower()
    ending = listed.arn or f"/{listed.name}"
    return arn.split(":")[2] == service and (arn.endswith(ending) or arn.rpartition(":")[2] == listed.name)


def _belongs(listed: Listed, listing: Listing, target: Target, catalog: StackCatalog) -> bool | Notification | None:
    """Whether a stack, or another region, has the resource; None if its region is unknown, or why it is not known."""
    try:
        if catalog.owner(listed.resource_type, listed.physical_id) is not None:
            return True
    except TargetError as error:
        message = f"--scope: whether a stack has {listed.resource_type} {listed.physical_id} is not known: {error}"
        return Notification(level=Level.ERROR, message=message)
    if listing.region_of is None or listed.region == target.region:
        return False
    try:
        region = listing.region_of(target.client, listed)
    except Exception as error:  # noqa: BLE001 - one that cannot be read must not take the others with it
        reason = target.translated(error)
        why = reason.value if reason else type(error).__name__
        message = f"--scope: the region of {listed.resource_type} {listed.physical_id} is not known ({why}): {error}"
        return Notification(level=Level.ERROR, message=message)
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
