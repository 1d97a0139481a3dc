"""Users, groups, instance profiles and identity providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]


def _put_policies(call: Call, owner: str) -> None:
    own = {f"{owner.capitalize()}Name": call.name}
    for policy in call.get("Policies", ()):
        text = document(policy["PolicyDocument"])
        call.send("iam", f"put_{owner}_policy", **own, PolicyName=policy["PolicyName"], PolicyDocument=text)
    for arn in call.get("ManagedPolicyArns", ()):
        call.send("iam", f"attach_{owner}_policy", **own, PolicyArn=arn)


def _drop_policies(call: Call, owner: str) -> None:
    own = {f"{owner.capitalize()}Name": call.physical_id}
    for name in call.send("iam", f"list_{owner}_policies", **own)["PolicyNames"]:
        call.send("iam", f"delete_{owner}_policy", **own, PolicyName=name)
    for policy in call.send("iam", f"list_attached_{owner}_policies", **own)["AttachedPolicies"]:
        call.send("iam", f"detach_{owner}_policy", **own, PolicyArn=policy["PolicyArn"])


def _create_user(call: Call) -> Created:
    user = call.send("iam", "create_user", **{**call.properties, "UserName": call.name})["User"]
    _put_policies(call, "user")
    for group in call.get("Groups", ()):
        call.send("iam", "add_user_to_group", GroupName=group, UserName=call.name)
    if "LoginProfile" in call.properties:
        call.send("iam", "create_login_profile", UserName=call.name, **call["LoginProfile"])
    return Created(physical_id=call.name, attributes={"Arn": user["Arn"]})


def _delete_user(call: Call) -> None:
    _drop_policies(call, "user")
    for group in call.send("iam", "list_groups_for_user", UserName=call.physical_id)["Groups"]:
        call.send("iam", "remove_user_from_group", GroupName=group["GroupName"], UserName=call.physical_id)
    if "LoginProfile" in call.properties:
        call.send("iam", "delete_login_profile", UserName=call.physical_id)
    call.send("iam", "delete_user", UserName=call.physical_id)


def _create_group(call: Call) -> Created:
    group = call.send("iam", "create_group", **{**call.properties, "GroupName": call.name})["Group"]
    _put_policies(call, "group")
    return Created(physical_id=call.name, attributes={"Arn": group["Arn"]})


def _delete_group(call: Call) -> None:
    _drop_policies(call, "group")
    call.send("iam", "delete_group", GroupName=call.physical_id)


def _create_profile(call: Call) -> Created:
    given = {**call.properties, "InstanceProfileName": call.name}
    profile = call.send("iam", "create_instance_profile", **given)["InstanceProfile"]
    for role in call["Roles"]:
        call.send("iam", "add_role_to_instance_profile", InstanceProfileName=call.name, RoleName=role)
    return Created(physical_id=call.name, attributes={"Arn": profile["Arn"]})


def _delete_profile(call: Call) -> None:
    profile = call.send("iam", "get_instance_profile", InstanceProfileName=call.physical_id)["InstanceProfile"]
    for role in profile["Roles"]:
        own = {"InstanceProfileName": call.physical_id, "RoleName": role["RoleName"]}
        call.send("iam", "remove_role_from_instance_profile", **own)
    call.send("iam", "delete_instance_profile", InstanceProfileName=call.physical_id)


def _inline(owner: str) -> Handler:
    """The type of one inline policy of a role, a user or a group."""
    parameter = f"{owner.capitalize()}Name"

    def create(call: Call) -> Created:
        given = {**call.properties, "PolicyDocument": document(call["PolicyDocument"])}
        call.send("iam", f"put_{owner}_policy", **given)
        return Created(physical_id=f"{call['PolicyName']}|{call[parameter]}")

    def delete(call: Call) -> None:
        call.send("iam", f"delete_{owner}_policy", **{parameter: call[parameter]}, PolicyName=call["PolicyName"])

    return Handler(create=create, delete=delete)


def _create_provider(call: Call) -> Created:
    given = {**call.properties, "ClientIDList": call.get("ClientIdList")}
    arn = call.send("iam", "create_open_id_connect_provider", **given)["OpenIDConnectProviderArn"]
    return Created(physical_id=arn, attributes={"Arn": arn})


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::IAM::Group": Handler(create=_create_group, delete=_delete_group, name_property="GroupName", longest=128),
    "AWS::IAM::GroupPolicy": _inline("group"),
    "AWS::IAM::InstanceProfile": Handler(
        create=_create_profile, delete=_delete_profile, name_property="InstanceProfileName", longest=128
    ),
    "AWS::IAM::OIDCProvider": Handler(
        create=_create_provider,
        delete=lambda call: call.send(
            "iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn=call.physical_id
        ),
    ),
    "AWS::IAM::RolePolicy": _inline("role"),
    "AWS::IAM::User": Handler(create=_create_user, delete=_delete_user, name_property="UserName", longest=64),
    "AWS::IAM::UserPolicy": _inline("user"),
}
