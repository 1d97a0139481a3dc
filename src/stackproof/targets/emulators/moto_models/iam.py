"""Roles and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler, document

__all__ = ["HANDLERS"]

_OWNERS: Final = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _create_role(call: Call) -> Created:
    role = call.send("iam", "create_role", **{**call.properties, "RoleName": call.name})["Role"]
    for policy in call.get("Policies", ()):
        call.send(
            "iam",
            "put_role_policy",
            RoleName=call.name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=document(policy["PolicyDocument"]),
        )
    for arn in call.get("ManagedPolicyArns", ()):
        call.send("iam", "attach_role_policy", RoleName=call.name, PolicyArn=arn)
    return Created(physical_id=call.name, attributes={"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _delete_role(call: Call) -> None:
    role = call.physical_id
    for name in call.send("iam", "list_role_policies", RoleName=role)["PolicyNames"]:
        call.send("iam", "delete_role_policy", RoleName=role, PolicyName=name)
    for policy in call.send("iam", "list_attached_role_policies", RoleName=role)["AttachedPolicies"]:
        call.send("iam", "detach_role_policy", RoleName=role, PolicyArn=policy["PolicyArn"])
    call.send("iam", "delete_role", RoleName=role)


def _create_policy(call: Call) -> Created:
    for listed, owner, parameter in _OWNERS:
        for name in call.get(listed, ()):
            call.send(
                "iam",
                f"put_{owner}_policy",
                **{parameter: name},
                PolicyName=call["PolicyName"],
                PolicyDocument=document(call["PolicyDocument"]),
            )
    return Created(physical_id=call["PolicyName"], attributes={"Id": call["PolicyName"]})


def _delete_policy(call: Call) -> None:
    for listed, owner, parameter in _OWNERS:
        for name in call.get(listed, ()):
            call.send("iam", f"delete_{owner}_policy", **{parameter: name}, PolicyName=call["PolicyName"])


def _create_managed_policy(call: Call) -> Created:
    policy = call.send("iam", "create_policy", **{**call.properties, "PolicyName": call.name})["Policy"]
    for listed, owner, parameter in _OWNERS:
        for name in call.get(listed, ()):
            call.send("iam", f"attach_{owner}_policy", **{parameter: name}, PolicyArn=policy["Arn"])
    return Created(
        physical_id=policy["Arn"], attributes={"PolicyArn": policy["Arn"], "PolicyId": policy.get("PolicyId")}
    )


def _delete_managed_policy(call: Call) -> None:
    for listed, owner, parameter in _OWNERS:
        for name in call.get(listed, ()):
            call.send("iam", f"detach_{owner}_policy", **{parameter: name}, PolicyArn=call.physical_id)
    call.send("iam", "delete_policy", PolicyArn=call.physical_id)


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::IAM::ManagedPolicy": Handler(
        create=_create_managed_policy, delete=_delete_managed_policy, name_property="ManagedPolicyName", longest=128
    ),
    "AWS::IAM::Policy": Handler(create=_create_policy, delete=_delete_policy),
    "AWS::IAM::Role": Handler(create=_create_role, delete=_delete_role, name_property="RoleName", longest=64),
}
