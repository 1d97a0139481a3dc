"""Lists of a resource to which other resources of a template add, and what of them is whose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stackproof.core.json import JsonObject, JsonValue
from stackproof.proof.comparison import matches
from stackproof.template.intrinsics import Resolved, unresolved_in
from stackproof.template.schema import ResourceSchema

__all__ = ["CONTRIBUTIONS", "Contribution", "without_contributions"]

CONTRIBUTIONS: Final[Mapping[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress"): (("AWS::EC2::SecurityGroupIngress", "GroupId"),),
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress"): (("AWS::EC2::SecurityGroupEgress", "GroupId"),),
    ("AWS::IAM::Role", "Policies"): (("AWS::IAM::Policy", "Roles"), ("AWS::IAM::RolePolicy", "RoleName")),
    ("AWS::IAM::Role", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Roles"),),
    ("AWS::IAM::ManagedPolicy", "Roles"): (("AWS::IAM::Role", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Users"): (("AWS::IAM::User", "ManagedPolicyArns"),),
    ("AWS::IAM::ManagedPolicy", "Groups"): (("AWS::IAM::Group", "ManagedPolicyArns"),),
    ("AWS::IAM::User", "Policies"): (("AWS::IAM::Policy", "Users"), ("AWS::IAM::UserPolicy", "UserName")),
    ("AWS::IAM::User", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Users"),),
    ("AWS::IAM::Group", "Policies"): (("AWS::IAM::Policy", "Groups"), ("AWS::IAM::GroupPolicy", "GroupName")),
    ("AWS::IAM::Group", "ManagedPolicyArns"): (("AWS::IAM::ManagedPolicy", "Groups"),),
    ("AWS::SNS::Topic", "Subscription"): (("AWS::SNS::Subscription", "TopicArn"),),
}
"""Lists of a resource to which other resources of the template add: (type, property) ← (type, property that names it).

What such a resource put there is no difference of the list: it is proven where it is declared.
"""


_FILLED: Final = frozenset({"SourceSecurityGroupOwnerId"})
"""Members that a service fills in where nobody sets them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What another resource adds to a list of one; `is_here` is false where whose list it is is not known."""

    properties: Mapping[str, Resolved]
    is_here: bool


def without_contributions(
    resource_type: str,
    expected: Mapping[str, Resolved],
    live: JsonObject,
    contributions_of: Callable[[str, str], Iterable[Contribution]],
    schema: ResourceSchema | None,
) -> tuple[JsonObject, tuple[str, ...]]:
    """The live properties less what other resources of the template add to their lists, and the lists in doubt.

    `parts_of` gives the parts that resources of a type add to the one that a property of theirs names. What one of them
    may have added, as far as it is known what that sets, is left out as well; the list is then not proven.
    """
    actual = dict(live)
    doubts: set[str] = set()
    for (owner_type, name), kinds in CONTRIBUTIONS.items():
        listed = actual.get(name)
        if owner_type != resource_type or not isinstance(listed, list):
            continue
        own = expected.get(name)
        own = own if isinstance(own, list) else []
        parts = [part for kind, link in kinds for part in contributions_of(kind, link)]
        kept: list[JsonValue] = []
        for element in listed:
            added = {_is_contribution(part, element) for part in parts}
            if any(matches(value, element, schema, f"/{name}/*") for value in own) or added <= {False}:
                kept.append(element)
            elif True not in added:
                doubts.add(f"/{name}")
        actual[name] = kept
    return actual, tuple(sorted(doubts))


def _is_contribution(part: Contribution, live: JsonValue) -> bool | None:
    """Whether a resource of the template is where this element of a live list comes from; None if it may be."""
    if not isinstance(live, Mapping):
        wanted: JsonObject = {"Arn": live}
    elif "PolicyName" in live:
        wanted = {"PolicyName": live["PolicyName"]}
    else:
        wanted = {key: element for key, element in live.items() if key not in _FILLED or key in part.properties}
    told = {_is_same(part.properties, key, value) for key, value in wanted.items()}
    if False in told:
        return False
    return True if part.is_here and None not in told else None


def _is_same(properties: Mapping[str, Resolved], key: str, live: JsonValue) -> bool | None:
    if key not in properties:
        return False
    expected = properties[key]
    return None if unresolved_in(expected) else matches(expected, live, None, f"/{key}")
