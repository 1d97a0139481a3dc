"""Groups of instances that scale, and other things that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackproof.core.json import JsonValue
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Reading
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.readers.access import ReadingBuilder, chosen, covered, found_or_none, listed, pages, reads, tag_list

__all__ = ["READERS"]

_GONE: Final = "ValidationError"
_OF_CONFIGURATION: Final = (
    "AssociatePublicIpAddress",
    "BlockDeviceMappings",
    "EbsOptimized",
    "ImageId",
    "InstanceType",
    "LaunchConfigurationName",
    "MetadataOptions",
    "PlacementTenancy",
    "SecurityGroups",
)
_OF_GROUP: Final = (
    "AutoScalingGroupName",
    "AvailabilityZones",
    "CapacityRebalance",
    "Context",
    "DefaultInstanceWarmup",
    "DesiredCapacityType",
    "HealthCheckGracePeriod",
    "HealthCheckType",
    "InstanceMaintenancePolicy",
    "LaunchConfigurationName",
    "LoadBalancerNames",
    "MaxInstanceLifetime",
    "MixedInstancesPolicy",
    "NewInstancesProtectedFromScaleIn",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "TargetGroupARNs",
    "TerminationPolicies",
)


def read_group(request: ReadRequest) -> Reading | None:
    """DescribeAutoScalingGroups."""
    client = request.client("autoscaling")

    def described(names: Sequence[str]) -> list[Any]:
        return pages(client, "describe_auto_scaling_groups", "AutoScalingGroups", AutoScalingGroupNames=list(names))

    live = listed(request, described, "AutoScalingGroupName")
    if live is None or str(live.get("Status", "")).startswith("Delete"):
        return None
    template = live.get("LaunchTemplate")
    subnets = str(live.get("VPCZoneIdentifier") or "")
    return ReadingBuilder(request).build(
        {
            **covered(live, _OF_GROUP),
            "Cooldown": live.get("DefaultCooldown"),
            "DesiredCapacity": live.get("DesiredCapacity"),
            "LaunchTemplate": chosen(template, ("LaunchTemplateId", "LaunchTemplateName", "Version"))
            if template
            else None,
            "MaxSize": live.get("MaxSize"),
            "MetricsCollection": _metrics(request, live),
            "MinSize": live.get("MinSize"),
            "Tags": [
                {**chosen(tag, ("Key", "Value")), "PropagateAtLaunch": tag.get("PropagateAtLaunch")}
                for tag in live.get("Tags", ())
            ],
            "VPCZoneIdentifier": subnets.split(",") if subnets else None,
        },
        {"AutoScalingGroupARN": live.get("AutoScalingGroupARN")},
    )


def read_launch_configuration(request: ReadRequest) -> Reading | None:
    """DescribeLaunchConfigurations."""
    client = request.client("autoscaling")

    def described(names: Sequence[str]) -> list[Any]:
        return pages(
            client, "describe_launch_configurations", "LaunchConfigurations", LaunchConfigurationNames=list(names)
        )

    live = listed(request, described, "LaunchConfigurationName", at_most=50)
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {
            **covered(live, _OF_CONFIGURATION),
            "IamInstanceProfile": live.get("IamInstanceProfile") or None,
            "InstanceMonitoring": (live.get("InstanceMonitoring") or {}).get("Enabled"),
            "KeyName": live.get("KeyName") or None,
            "SpotPrice": live.get("SpotPrice") or None,
            "UserData": live.get("UserData") or None,
        },
        {},
    )


def _metrics(request: ReadRequest, live: Mapping[str, Any]) -> JsonValue:
    """The collection of metrics; a template that names none means all of them, which the service lists one by one."""
    enabled = sorted(metric["Metric"] for metric in live.get("EnabledMetrics", ()))
    if not enabled:
        return None
    given = request.expected.get("MetricsCollection")
    every = isinstance(given, list) and any(
        isinstance(collection, Mapping) and "Metrics" not in collection for collection in given
    )
    granularity = live["EnabledMetrics"][0].get("Granularity")
    return [{"Granularity": granularity, **({} if every else {"Metrics": enabled})}]


_OF_POLICY: Final = (
    "AdjustmentType",
    "AutoScalingGroupName",
    "Cooldown",
    "EstimatedInstanceWarmup",
    "MetricAggregationType",
    "MinAdjustmentMagnitude",
    "PolicyType",
    "PredictiveScalingConfiguration",
    "ScalingAdjustment",
    "StepAdjustments",
    "TargetTrackingConfiguration",
)


def read_policy(request: ReadRequest) -> Reading | None:
    """DescribePolicies of the group in the ARN, else of the template's."""
    client = request.client("autoscaling")
    named = request.physical_id.partition(":autoScalingGroupName/")[2].rpartition(":policyName/")[0]
    group = named or str(request.expected.get("AutoScalingGroupName"))
    found: list[Any] = request.memo(
        ("scaling policies", group),
        lambda: (
            found_or_none(
                lambda: pages(client, "describe_policies", "ScalingPolicies", AutoScalingGroupName=group), _GONE
            )
            or []
        ),
    )
    live = next(
        (policy for policy in found if request.physical_id in {policy["PolicyARN"], policy["PolicyName"]}), None
    )
    if live is None:
        return None
    return ReadingBuilder(request).build(
        {**covered(live, _OF_POLICY), "StepAdjustments": live.get("StepAdjustments") or None},
        {"Arn": live["PolicyARN"], "PolicyName": live["PolicyName"]},
    )


def read_hook(request: ReadRequest) -> Reading | None:
    """DescribeLifecycleHooks of the template's group."""
    client = request.client("autoscaling")
    group = str(request.expected.get("AutoScalingGroupName"))
    answer = found_or_none(lambda: client.describe_lifecycle_hooks(AutoScalingGroupName=group), _GONE)
    hooks = (answer or {}).get("LifecycleHooks", ())
    live = next((hook for hook in hooks if hook["LifecycleHookName"] == request.physical_id), None)
    if live is None:
        return None
    names = (
        "AutoScalingGroupName",
        "DefaultResult",
        "HeartbeatTimeout",
        "LifecycleHookName",
        "LifecycleTransition",
        "NotificationMetadata",
        "NotificationTargetARN",
        "RoleARN",
    )
    return ReadingBuilder(request).build(covered(live, names), {})


def read_target(request: ReadRequest) -> Reading | None:
    """DescribeScalableTargets and DescribeScheduledActions of application auto scaling."""
    client = request.client("application-autoscaling")
    resource, dimension, namespace = _target(request)
    found = pages(
        client,
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace=namespace,
        ResourceIds=[resource],
        ScalableDimension=dimension,
    )
    live = next(iter(found), None)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    builder.unread["/RoleARN"] = UnprovenReason.WRITE_ONLY
    actions: list[Any] = []
    if "ScheduledActions" in request.expected:
        actions = builder.call(
            "/ScheduledActions",
            lambda: pages(
                client,
                "describe_scheduled_actions",
                "ScheduledActions",
                ServiceNamespace=namespace,
                ResourceId=resource,
                ScalableDimension=dimension,
            ),
            [],
        )
    tags: Mapping[str, str] = {}
    if "Tags" in request.expected:
        arn = live.get("ScalableTargetARN")
        tags = builder.call("/Tags", lambda: client.list_tags_for_resource(ResourceARN=arn)["Tags"], {})
    names = ("ScalableTargetAction", "Schedule", "ScheduledActionName", "Timezone")
    return builder.build(
        {
            **covered(live, ("MaxCapacity", "MinCapacity", "ResourceId", "ScalableDimension", "ServiceNamespace")),
            "RoleARN": None,
            "ScheduledActions": [chosen(action, names) for action in actions],
            "SuspendedState": live.get("SuspendedState"),
            "Tags": tag_list(tags),
        },
        {"Id": request.physical_id},
    )


def _target(request: ReadRequest) -> tuple[str, str, str]:
    """Resource, dimension and namespace: of the template, or out of the physical id, which joins them."""
    parts = [*request.physical_id.split("|"), "", "", ""][:3]
    names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
    resource, dimension, namespace = (
        str(request.expected.get(name) or part) for name, part in zip(names, parts, strict=True)
    )
    return resource, dimension, namespace


def read_application_policy(request: ReadRequest) -> Reading | None:
    """DescribeScalingPolicies of application auto scaling."""
    client = request.client("application-autoscaling")
    arn = request.physical_id
    namespace = arn.partition(":resource/")[2].partition("/")[0] or str(request.expected.get("ServiceNamespace"))
    found: list[Any] = request.memo(
        ("application policies", namespace),
        lambda: pages(client, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace=namespace),
    )
    live = next((policy for policy in found if policy["PolicyARN"] == arn), None)
    if live is None:
        return None
    builder = ReadingBuilder(request)
    given = request.expected.get("ScalingTargetId")
    own = "|".join(str(live[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
    names = (
        "PolicyName",
        "PolicyType",
        "PredictiveScalingPolicyConfiguration",
        "ResourceId",
        "ScalableDimension",
        "ServiceNamespace",
        "StepScalingPolicyConfiguration",
        "TargetTrackingScalingPolicyConfiguration",
    )
    return builder.build({**covered(live, names), "ScalingTargetId": own if given else None}, {"Arn": arn})


READERS: Final[Mapping[str, Reader]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": reads(
        read_target,
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScheduledActions",
        "application-autoscaling:ListTagsForResource",
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": reads(
        read_application_policy, "application-autoscaling:DescribeScalingPolicies"
    ),
    "AWS::AutoScaling::AutoScalingGroup": reads(read_group, "autoscaling:DescribeAutoScalingGroups"),
    "AWS::AutoScaling::LaunchConfiguration": reads(
        read_launch_configuration, "autoscaling:DescribeLaunchConfigurations"
    ),
    "AWS::AutoScaling::LifecycleHook": reads(read_hook, "autoscaling:DescribeLifecycleHooks"),
    "AWS::AutoScaling::ScalingPolicy": reads(read_policy, "autoscaling:DescribePolicies"),
}
