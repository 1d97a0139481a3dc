"""Roles and policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import (
    ReadingBuilder,
    covered,
    found_or_none,
    least_alike,
    pages,
    parsed,
    reads,
    tag_list,
)

__all__ = ["READERS"]

_GONE: Final = "NoSuchEntity"


def read_role(request: ReadRequest) -> Reading | None:
    """GetRole, its inline policies and what is attached to it."""
    client = request.client("iam")
    name = request.physical_id
    answer = found_or_none(lambda: client.get_role(RoleName=name), _GONE)
    if answer is None:
        return None
    live = answer["Role"]
    builder = ReadingBuilder(request)
    attached: list[Any] = builder.call(
        "/ManagedPolicyArns",
        lambda: attached_policies(request, "role", name),
        [],
    )
    inline: list[JsonValue] = builder.call("/Policies", lambda: _inline(request, name), [])
    boundary = (live.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return builder.build(
        {
            **covered(live, ("Description", "MaxSessionDuration", "Path", "RoleName")),
            "AssumeRolePolicyDocument": parsed(live["AssumeRolePolicyDocument"]),
            "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "PermissionsBoundary": boundary,
            "Policies": inline,
            "Tags": tag_list(live.get("Tags")),
        },
        {"Arn": live["Arn"], "RoleId": live["RoleId"]},
    )


def attached_policies(request: ReadRequest, owner: str, name: str) -> list[Any]:
    """What the owner's reader and those of its children ask for alike; the owner is a role, user or group."""
    return _memoized(request, f"list_attached_{owner}_policies", "AttachedPolicies", owner, name)


def inline_names(request: ReadRequest, owner: str, name: str) -> list[Any]:
    """The same for the names of its inline policies."""
    return _memoized(request, f"list_{owner}_policies", "PolicyNames", owner, name)


def _memoized(request: ReadRequest, operation: str, key: str, owner: str, name: str) -> list[Any]:
    own = {f"{owner.capitalize()}Name": name}
    found: list[Any] = request.memo((operation, name), lambda: pages(request.client("iam"), operation, key, **own))
    return found


def _inline(request: ReadRequest, role: str) -> list[JsonValue]:
    names = inline_names(request, "role", role)
    return [{"PolicyName": name, "PolicyDocument": _inline_policy(request, "role", role, name)} for name in names]


def _inline_policy(request: ReadRequest, owner: str, holder: str, name: str) -> JsonValue:
    """The document of one owner's policy: the owner's reader and the policy's ask for the same."""
    read: Callable[..., Any] = getattr(request.client("iam"), f"get_{owner}_policy")
    parameters = {f"{owner.capitalize()}Name": holder, "PolicyName": name}
    found: JsonValue = request.memo(
        ("inline policy", owner, holder, name), lambda: parsed(read(**parameters)["PolicyDocument"])
    )
    return found


_OWNERS: Final = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def read_policy(request: ReadRequest) -> Reading | None:
    """GetRolePolicy, GetUserPolicy, GetGroupPolicy of every owner that the template names.

    The API has no name for the policy itself: it exists if one owner has it, and an owner without it is missing
    from the list.
    """
    name = str(request.expected.get("PolicyName"))
    documents: list[JsonValue] = []
    holders: dict[str, list[JsonValue]] = {}
    for listed, owner, _ in _OWNERS:
        owners = request.expected.get(listed)
        for holder in owners if isinstance(owners, list) else ():
            document = found_or_none(partial(_inline_policy, request, owner, str(holder), name), _GONE)
            if document is not None:
                holders.setdefault(listed, []).append(holder)
                documents.append(document)
    if not documents:
        return None
    document = least_alike(request, "PolicyDocument", documents)
    return ReadingBuilder(request).build(
        {"PolicyName": name, "PolicyDocument": document, **holders}, {"Id": request.physical_id}
    )


def read_managed_policy(request: ReadRequest) -> Reading | None:
    """GetPolicy, GetPolicyVersion and ListEntitiesForPolicy."""
    client = request.client("iam")
    arn = request.physical_id
    answer = found_or_none(lambda: client.get_policy(PolicyArn=arn), _GONE)
    if answer is None:
        return None
    live = answer["Policy"]
    builder = ReadingBuilder(request)
    document: JsonValue = builder.call(
        "/PolicyDocument",
        lambda: parsed(
            client.get_policy_version(PolicyArn=arn, VersionId=live["DefaultVersionId"])["PolicyVersion"]["Document"]
        ),
        None,
    )
    owners: dict[str, list[Any]] = {
        listed: builder.call(
            f"/{listed}",
            partial(pages, client, "list_entities_for_policy", f"Policy{listed}", PolicyArn=arn),
            [],
        )
        for listed, _, _ in _OWNERS
    }
    holders = {listed: [owner[name] for owner in owners[listed]] for listed, _, name in _OWNERS}
    return builder.build(
        {
            **covered(live, ("Description", "Path")),
            "ManagedPolicyName": live["PolicyName"],
            "PolicyDocument": document,
            **{listed: names or None for listed, names in holders.items()},
        },
        {"PolicyArn": live["Arn"], "PolicyId": live.get("PolicyId")},
    )


READERS: Final[Mapping[str, Reader]] = {
    "AWS::IAM::ManagedPolicy": reads(
        read_managed_policy, "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"
    ),
    "AWS::IAM::Policy": reads(read_policy, "iam:GetGroupPolicy", "iam:GetRolePolicy", "iam:GetUserPolicy"),
    "AWS::IAM::Role": reads(
        read_role, "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"
    ),
}
