"""Groups of instances that scale, and other things that do."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from stackproof.targets.emulators.moto_models.handlers import Call, Created, Handler

__all__ = ["HANDLERS"]


def _create_group(call: Call) -> Created:
    tags = [{**tag, "ResourceId": call.name, "ResourceType": "auto-scaling-group"} for tag in call.get("Tags", ())]
    given = {
        **call.properties,
        "AutoScalingGroupName": call.name,
        "DefaultCooldown": call.get("Cooldown"),
        "Tags": tags,
        "VPCZoneIdentifier": ",".join(call.get("VPCZoneIdentifier", ())) or None,
    }
    call.send("autoscaling", "create_auto_scaling_group", **given)
    for collection in call.get("MetricsCollection", ()):
        call.send("autoscaling", "enable_metrics_collection", AutoScalingGroupName=call.name, **collection)
    found = call.send("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[call.name])
    return Created(
        physical_id=call.name,
        attributes={"AutoScalingGroupARN": found["AutoScalingGroups"][0]["AutoScalingGroupARN"]},
    )


def _delete_group(call: Call) -> None:
    call.send("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=call.physical_id, ForceDelete=True)


def _create_launch_configuration(call: Call) -> Created:
    data = call.get("UserData")
    given = {
        **call.properties,
        "UserData": None if data is None else base64.b64decode(data).decode(),  # the SDK encodes it
        "LaunchConfigurationName": call.name,
        "InstanceMonitoring": {"Enabled": call.get("InstanceMonitoring", True)},
    }
    call.send("autoscaling", "create_launch_configuration", **given)
    return Created(physical_id=call.name)


def _create_policy(call: Call) -> Created:
    call.send("autoscaling", "put_scaling_policy", **call.properties, PolicyName=call.name)
    found = call.send(
        "autoscaling", "describe_policies", AutoScalingGroupName=call["AutoScalingGroupName"], PolicyNames=[call.name]
    )
    arn = found["ScalingPolicies"][0]["PolicyARN"]
    return Created(physical_id=arn, attributes={"Arn": arn, "PolicyName": call.name})


def _delete_policy(call: Call) -> None:
    group = call["AutoScalingGroupName"]
    call.send("autoscaling", "delete_policy", AutoScalingGroupName=group, PolicyName=call.name)


def _create_hook(call: Call) -> Created:
    call.send("autoscaling", "put_lifecycle_hook", **{**call.properties, "LifecycleHookName": call.name})
    return Created(physical_id=call.name)


def _delete_hook(call: Call) -> None:
    group = call["AutoScalingGroupName"]
    call.send("autoscaling", "delete_lifecycle_hook", AutoScalingGroupName=group, LifecycleHookName=call.physical_id)


_OF_TARGET: Final = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _create_target(call: Call) -> Created:
    call.send("application-autoscaling", "register_scalable_target", **{**call.properties, "Tags": None})
    own = {name: call[name] for name in _OF_TARGET}
    for action in call.get("ScheduledActions", ()):
        call.send("application-autoscaling", "put_scheduled_action", **own, **action)
    joined = "|".join(own.values())
    return Created(physical_id=joined, attributes={"Id": joined})


def _delete_target(call: Call) -> None:
    own = {name: call[name] for name in _OF_TARGET}
    call.send("application-autoscaling", "deregister_scalable_target", **own)


def _create_application_policy(call: Call) -> Created:
    arn = call.send("application-autoscaling", "put_scaling_policy", **_own(call), **_configuration(call))["PolicyARN"]
    return Created(physical_id=arn, attributes={"Arn": arn})


def _configuration(call: Call) -> Mapping[str, object]:
    names = ("StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration")
    return {"PolicyType": call["PolicyType"], **{name: call.get(name) for name in names}}


def _own(call: Call) -> dict[str, str]:
    """The policy's name and target, which the template gives either in one joined id or in three parts."""
    joined = call["ScalingTargetId"].split("|") if "ScalingTargetId" in call.properties else None
    values = joined or [call[name] for name in _OF_TARGET]
    return {"PolicyName": call["PolicyName"], **dict(zip(_OF_TARGET, values, strict=True))}


HANDLERS: Final[Mapping[str, Handler]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Handler(create=_create_target, delete=_delete_target),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Handler(
        create=_create_application_policy,
        delete=lambda call: call.send("application-autoscaling", "delete_scaling_policy", **_own(call)),
    ),
    "AWS::AutoScaling::AutoScalingGroup": Handler(
        create=_create_group, delete=_delete_group, name_property="AutoScalingGroupName"
    ),
    "AWS::AutoScaling::LaunchConfiguration": Handler(
        create=_create_launch_configuration,
        delete=lambda call: call.send(
            "autoscaling", "delete_launch_configuration", LaunchConfigurationName=call.physical_id
        ),
        name_property="LaunchConfigurationName",
    ),
    "AWS::AutoScaling::LifecycleHook": Handler(
        create=_create_hook, delete=_delete_hook, name_property="LifecycleHookName"
    ),
    "AWS::AutoScaling::ScalingPolicy": Handler(create=_create_policy, delete=_delete_policy),
}
