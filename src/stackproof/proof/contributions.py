"""Lists of a resource to which other resources add, and which resource each element comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from stackproof.core.json import JsonObject, JsonValue
from stackproof.proof.comparison import matches
from stackproof.template.intrinsics import Resolved, unresolved_in
from stackproof.template.schema import ResourceSchema

__all__ = ["CONTRIBUTIONS", "Contribution", "ContributionsOf", "without_contributions"]

CONTRIBUTIONS: Final[Mapping[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress"): (("AWS::EC2::SecurityGroupEgress", "GroupId"),),
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress"): (("AWS::EC2::SecurityGroupIngress", "GroupId"),),
    ("AWS::IAM::Group", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Groups"),),
    ("AWS::IAM::Group", "Policies"): (("AWS::IAM::Policy", "Groups"), ("AWS::IAM::GroupPolicy", "GroupName")),
    ("AWS::IAM::ManagedPolicy", "Groups"): (("AWS::IAM::Group", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Roles"): (("AWS::IAM::Role", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Users"): (("AWS::IAM::User", "ManagedPolicyArns"),),
    ("AWS::IAM::Role", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Roles"),),
    ("AWS::IAM::Role", "Policies"): (("AWS::IAM::Policy", "Roles"), ("AWS::IAM::RolePolicy", "RoleName")),
    ("AWS::IAM::User", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Users"),),
    ("AWS::IAM::User", "Policies"): (("AWS::IAM::Policy", "Users"), ("AWS::IAM::UserPolicy", "UserName")),
    ("AWS::SNS::Topic", "Subscription"): (("AWS::SNS::Subscription", "TopicArn"),),
}
"""Lists of a resource to which other resources of the template add: (type, property) ← (type, property that names it).

An element that such a resource added is not a difference of the list: its own resource proves it.
"""


_FILLED: Final = frozenset({"SourceSecurityGroupOwnerId"})
"""Members that a service fills in where the template does not set them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What another resource adds to a list; `is_here` is false where it is not known to which resource it adds."""

    properties: Mapping[str, Resolved]
    is_here: bool


ContributionsOf: TypeAlias = Callable[[str | None, str, str], Iterable[Contribution]]
"""(physical id, resource type, link) → what resources of the type add to the one that their property `link` names."""


def without_contributions(
    resource_type: str,
    expected: Mapping[str, Resolved],
    live: JsonObject,
    contributions_of: Callable[[str, str], Iterable[Contribution]],
    schema: ResourceSchema | None,
) -> tuple[JsonObject, tuple[str, ...]]:
    """The live properties less what other resources add to their lists, and the paths of the lists in doubt.

    `contributions_of` gives what resources of a type add to this one, which they name in a property. An element that
    one of them may have added is left out as well; the list is then in doubt.
    """
    actual = dict(live)
    doubts: set[str] = set()
    for (owner_type, name), sources in CONTRIBUTIONS.items():
        listed = actual.get(name)
        if owner_type != resource_type or not isinstance(listed, list):
            continue
        own = expected.get(name)
        own = own if isinstance(own, list) else []
        parts = [part for source, link in sources for part in contributions_of(source, link)]
        kept: list[JsonValue] = []
        for element in listed:
            added = {_is_contribution(part, element) for part in parts}
            if any(matches(wanted, element, schema, f"/{name}/*") for wanted in own) or added <= {False}:
                kept.append(element)
            elif True not in added:
                doubts.add(f"/{name}")
        actual[name] = kept
    return actual, tuple(sorted(doubts))


def _is_contribution(part: Contribution, live: JsonValue) -> bool | None:
    """Whether the contribution is where this element of a live list comes from; None if it may be."""
    if not isinstance(live, Mapping):
        wanted: JsonObject = {"Arn": live}
    elif "PolicyName" in live:
        wanted = {"PolicyName": live["PolicyName"]}
    else:
        wanted = {key: element for key, element in live.items() if key not in _FILLED or key in part.properties}
    answers = {_is_same(part.properties, key, value) for key, value in wanted.items()}
    if False in answers:
        return False
    return True if part.is_here and None not in answers else None


def _is_same(properties: Mapping[str, Resolved], key: str, live: JsonValue) -> bool | None:
    if key not in properties:
        return False
    expected = properties[key]
    return None if unresolved_in(expected) else matches(expected, live, None, f"/{key}")
