"""Users, groups, instance profiles and identity providers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, covered, found_or_none, pages, parsed, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "NoSuchEntity"


def _policies(client: Any, builder: ReadingBuilder, owner: str, name: str) -> dict[str, JsonValue]:
    """Inline and attached policies of a user or a group."""
    own = {f"{owner.capitalize()}Name": name}
    attached: list[Any] = builder.call(
        "/ManagedPolicyArns",
        lambda: pages(client, f"list_attached_{owner}_policies", "AttachedPolicies", **own),
        [],
    )
    read = getattr(client, f"get_{owner}_policy")
    inline: list[JsonValue] = builder.call(
        "/Policies",
        lambda: [
            {"PolicyName": name, "PolicyDocument": parsed(read(**own, PolicyName=name)["PolicyDocument"])}
            for name in pages(client, f"list_{owner}_policies", "PolicyNames", **own)
        ],
        [],
    )
    return {"ManagedPolicyArns": [policy["PolicyArn"] for policy in attached], "Policies": inline}


def read_user(request: ReadRequest) -> Reading | None:
    """GetUser, its policies and groups; a password is never read, only that there is one."""
    client = request.client("iam")
    name = request.physical_id
    answer = found_or_none(lambda: client.get_user(UserName=name), _GONE)
    if answer is None:
        return None
    live = answer["User"]
    builder = ReadingBuilder(request)
    groups: list[Any] = builder.call(
        "/Groups", lambda: pages(client, "list_groups_for_user", "Groups", UserName=name), []
    )
    login: Any = None
    if "LoginProfile" in request.expected:
        login = builder.call(
            "/LoginProfile",
            lambda: found_or_none(lambda: client.get_login_profile(UserName=name)["LoginProfile"], _GONE),
            None,
        )
        builder.unread.setdefault("/LoginProfile/Password", UnprovenReason.WRITE_ONLY)
    return builder.build(
        {
            **covered(live, ("Path", "UserName")),
            **_policies(client, builder, "user", name),
            "Groups": [group["GroupName"] for group in groups],
            "LoginProfile": None if login is None else covered(login, ("PasswordResetRequired",)),
            "PermissionsBoundary": (live.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "Tags": tag_list(live.get("Tags")),
        },
        {"Arn": live["Arn"]},
    )


def read_group(request: ReadRequest) -> Reading | None:
    """GetGroup and its policies."""
    client = request.client("iam")
    name = request.physical_id
    answer = found_or_none(lambda: client.get_group(GroupName=name), _GONE)
    if answer is None:
        return None
    live = answer["Group"]
    builder = ReadingBuilder(request)
    return builder.build(
        {**covered(live, ("GroupName", "Path")), **_policies(client, builder, "group", name)}, {"Arn": live["Arn"]}
    )


def read_instance_profile(request: ReadRequest) -> Reading | None:
    """GetInstanceProfile."""
    client = request.client("iam")
    answer = found_or_none(lambda: client.get_instance_profile(InstanceProfileName=request.physical_id), _GONE)
    if answer is None:
        return None
    live = answer["InstanceProfile"]
    return ReadingBuilder(request).build(
        {
            **covered(live, ("InstanceProfileName", "Path")),
            "Roles": [role["RoleName"] for role in live["Roles"]],
        },
        {"Arn": live["Arn"]},
    )


def read_role_policy(request: ReadRequest) -> Reading | None:
    """GetRolePolicy."""
    return _inline_policy(request, "role", "RoleName")


def read_user_policy(request: ReadRequest) -> Reading | None:
    """GetUserPolicy."""
    return _inline_policy(request, "user", "UserName")


def read_group_policy(request: ReadRequest) -> Reading | None:
    """GetGroupPolicy."""
    return _inline_policy(request, "group", "GroupName")


def _inline_policy(request: ReadRequest, owner: str, parameter: str) -> Reading | None:
    client = request.client("iam")
    whose, name = request.expected.get(parameter), request.expected.get("PolicyName")
    read = partial(getattr(client, f"get_{owner}_policy"), **{parameter: whose, "PolicyName": name})
    answer = found_or_none(read, _GONE)
    if answer is None:
        return None
    return ReadingBuilder(request).build(
        {parameter: whose, "PolicyName": name, "PolicyDocument": parsed(answer["PolicyDocument"])}, {}
    )


def read_oidc_provider(request: ReadRequest) -> Reading | None:
    """GetOpenIDConnectProvider."""
    client = request.client("iam")
    arn = request.physical_id
    live = found_or_none(lambda: client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn), _GONE)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            "ClientIdList": live.get("ClientIDList"),
            "Tags": tag_list(live.get("Tags")),
            "ThumbprintList": live.get("ThumbprintList"),
            "Url": f"https://{str(live['Url']).removeprefix('https://')}",
        },
        {"Arn": arn},
    )


_OF_USERS: Final = ("iam:GetUserPolicy", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies")
_OF_GROUPS: Final = ("iam:GetGroupPolicy", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies")
READERS: Final[Mapping[str, Reader]] = {
    "AWS::IAM::Group": reads(read_group, "iam:GetGroup", *_OF_GROUPS),
    "AWS::IAM::GroupPolicy": reads(read_group_policy, "iam:GetGroupPolicy"),
    "AWS::IAM::InstanceProfile": reads(read_instance_profile, "iam:GetInstanceProfile"),
    "AWS::IAM::OIDCProvider": reads(read_oidc_provider, "iam:GetOpenIDConnectProvider"),
    "AWS::IAM::RolePolicy": reads(read_role_policy, "iam:GetRolePolicy"),
    "AWS::IAM::User": reads(read_user, "iam:GetLoginProfile", "iam:GetUser", "iam:ListGroupsForUser", *_OF_USERS),
    "AWS::IAM::UserPolicy": reads(read_user_policy, "iam:GetUserPolicy"),
}
