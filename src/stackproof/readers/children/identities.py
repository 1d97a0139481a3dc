"""Policies of roles, users and groups, and access keys of users."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from stackproof.drift.audit.children import ITSELF
from stackproof.drift.child import Child
from stackproof.drift.ports import ChildFamily
from stackproof.proof.ports import ReadRequest
from stackproof.readers.access import found_or_none, pages, parsed
from stackproof.readers.iam import attached_policies, inline_names

__all__ = ["FAMILIES"]


def inline(request: ReadRequest, *, owner: str) -> Iterator[Child]:
    """ListRolePolicies and GetRolePolicy, and the same for users and groups."""
    client = request.client("iam")
    own = {f"{owner}Name": request.physical_id}
    read = getattr(client, f"get_{owner.lower()}_policy")
    for name in inline_names(request, owner.lower(), request.physical_id):
        yield Child(
            resource_type=f"AWS::IAM::{owner}Policy",
            child_id=str(name),
            value={"PolicyDocument": parsed(read(**own, PolicyName=name)["PolicyDocument"]), "PolicyName": name},
            identity={"PolicyName": name},
        )


def attached(request: ReadRequest, *, owner: str) -> Iterator[Child]:
    """ListAttachedRolePolicies, and the same for users and groups."""
    for policy in attached_policies(request, owner.lower(), request.physical_id):
        arn = str(policy["PolicyArn"])
        yield Child(
            resource_type="AWS::IAM::ManagedPolicy",
            child_id=arn,
            physical_id=arn,
            value=arn,
            identity={ITSELF: arn},
        )


def access_keys(request: ReadRequest) -> Iterator[Child]:
    """ListAccessKeys: the ids, no secrets."""
    client = request.client("iam")
    for access_key in pages(client, "list_access_keys", "AccessKeyMetadata", UserName=request.physical_id):
        key = str(access_key["AccessKeyId"])
        yield Child(
            resource_type="AWS::IAM::AccessKey",
            child_id=key,
            physical_id=key,
            value={"Status": access_key["Status"], "UserName": request.physical_id},
        )


def groups(request: ReadRequest) -> Iterator[Child]:
    """ListGroupsForUser."""
    client = request.client("iam")
    for group in pages(client, "list_groups_for_user", "Groups", UserName=request.physical_id):
        name = str(group["GroupName"])
        yield Child(
            resource_type="AWS::IAM::UserToGroupAddition",
            child_id=name,
            value={"GroupName": name, "Users": [request.physical_id]},
            identity={"GroupName": name},
        )


def login_profile(request: ReadRequest) -> Iterator[Child]:
    """GetLoginProfile: whether there is a password, and since when."""
    client = request.client("iam")
    answer = found_or_none(lambda: client.get_login_profile(UserName=request.physical_id), "NoSuchEntity")
    if answer is not None:
        yield Child(
            resource_type="AWS::IAM::User",
            child_id="login profile",
            value={"PasswordResetRequired": answer["LoginProfile"].get("PasswordResetRequired", False)},
        )


def _of_owner(owner: str) -> tuple[ChildFamily, ...]:
    return (
        ChildFamily(
            name=f"inline policies of a {owner.lower()}",
            owners=(f"AWS::IAM::{owner}",),
            own="Policies",
            declared_by=(("AWS::IAM::Policy", f"{owner}s"), (f"AWS::IAM::{owner}Policy", f"{owner}Name")),
            from_elsewhere=True,
            read=partial(inline, owner=owner),
            actions=(f"iam:Get{owner}Policy", f"iam:List{owner}Policies"),
        ),
        ChildFamily(
            name=f"attached policies of a {owner.lower()}",
            owners=(f"AWS::IAM::{owner}",),
            own="ManagedPolicyArns",
            declared_by=(("AWS::IAM::ManagedPolicy", f"{owner}s"),),
            in_stacks=True,
            ids_are_shared=True,
            from_elsewhere=True,
            read=partial(attached, owner=owner),
            actions=(f"iam:ListAttached{owner}Policies",),
        ),
    )


FAMILIES: Final[tuple[ChildFamily, ...]] = (
    *_of_owner("Role"),
    *_of_owner("User"),
    *_of_owner("Group"),
    ChildFamily(
        name="access keys",
        owners=("AWS::IAM::User",),
        in_stacks=True,
        from_elsewhere=True,
        read=access_keys,
        actions=("iam:ListAccessKeys",),
    ),
    ChildFamily(
        name="groups of a user",
        owners=("AWS::IAM::User",),
        own="Groups",
        declared_by=(("AWS::IAM::UserToGroupAddition", "Users"),),
        from_elsewhere=True,
        read=groups,
        actions=("iam:ListGroupsForUser",),
    ),
    ChildFamily(
        name="login profile",
        owners=("AWS::IAM::User",),
        own="LoginProfile",
        read=login_profile,
        actions=("iam:GetLoginProfile",),
    ),
)
