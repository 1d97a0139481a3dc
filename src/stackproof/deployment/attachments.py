"""What stacks would attach to something that is not theirs: a part of the real one would be replaced, then deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from stackproof.core.json import JsonValue, canonical
from stackproof.deployment.stack_event import STACK
from stackproof.template.assembly import Stack
from stackproof.template.intrinsics import (
    Context,
    Resolved,
    Unresolved,
    condition_holds,
    references,
    resolve,
    static_context,
)
from stackproof.template.template import Resource

__all__ = ["ACCOUNT_WIDE", "ATTACHED_BY", "attached_outside"]

ATTACHED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::BasePathMapping": ("DomainName",),
    "AWS::ApiGateway::BasePathMappingV2": ("DomainNameArn",),
    "AWS::ApiGateway::Deployment": ("RestApiId",),
    "AWS::ApiGateway::GatewayResponse": ("RestApiId",),
    "AWS::ApiGateway::Method": ("RestApiId",),
    "AWS::ApiGatewayV2::ApiGatewayManagedOverrides": ("ApiId",),
    "AWS::ApiGatewayV2::ApiMapping": ("DomainName",),
    "AWS::ApiGatewayV2::Deployment": ("ApiId",),
    "AWS::ApiGatewayV2::Route": ("ApiId",),
    "AWS::AppSync::DomainNameApiAssociation": ("DomainName",),
    "AWS::AppSync::GraphQLSchema": ("ApiId",),
    "AWS::AppSync::Resolver": ("ApiId",),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("ResourceId",),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("ResourceId", "ScalingTargetId"),
    "AWS::AutoScaling::AutoScalingGroup": ("LoadBalancerNames", "TargetGroupARNs", "TrafficSources/*/Identifier"),
    "AWS::AutoScaling::LifecycleHook": ("AutoScalingGroupName",),
    "AWS::AutoScaling::ScalingPolicy": ("AutoScalingGroupName",),
    "AWS::AutoScaling::ScheduledAction": ("AutoScalingGroupName",),
    "AWS::AutoScaling::WarmPool": ("AutoScalingGroupName",),
    "AWS::Backup::BackupSelection": ("BackupPlanId",),
    "AWS::CloudFront::MonitoringSubscription": ("DistributionId",),
    "AWS::CloudTrail::ResourcePolicy": ("ResourceArn",),
    "AWS::CodeDeploy::DeploymentGroup": ("AutoScalingGroups",),
    "AWS::Cognito::IdentityPoolRoleAttachment": ("IdentityPoolId",),
    "AWS::Cognito::LogDeliveryConfiguration": ("UserPoolId",),
    "AWS::Cognito::UserPoolRiskConfigurationAttachment": ("UserPoolId",),
    "AWS::Cognito::UserPoolUICustomizationAttachment": ("UserPoolId",),
    "AWS::Cognito::UserPoolUserToGroupAttachment": ("UserPoolId",),
    "AWS::Config::RemediationConfiguration": ("ConfigRuleName",),
    "AWS::EC2::EIP": ("InstanceId",),
    "AWS::EC2::EIPAssociation": ("AllocationId", "EIP", "InstanceId", "NetworkInterfaceId"),
    "AWS::EC2::GatewayRouteTableAssociation": ("GatewayId",),
    "AWS::EC2::NetworkAclEntry": ("NetworkAclId",),
    "AWS::EC2::NetworkInterfaceAttachment": ("InstanceId", "NetworkInterfaceId"),
    "AWS::EC2::Route": ("RouteTableId",),
    "AWS::EC2::SecurityGroupEgress": ("GroupId",),
    "AWS::EC2::SecurityGroupIngress": ("GroupId", "GroupName"),
    "AWS::EC2::SubnetNetworkAclAssociation": ("SubnetId",),
    "AWS::EC2::SubnetRouteTableAssociation": ("SubnetId",),
    "AWS::EC2::TransitGatewayRoute": ("TransitGatewayRouteTableId",),
    "AWS::EC2::TransitGatewayRouteTableAssociation": ("TransitGatewayRouteTableId",),
    "AWS::EC2::TransitGatewayRouteTablePropagation": ("TransitGatewayRouteTableId",),
    "AWS::EC2::VPCCidrBlock": ("VpcId",),
    "AWS::EC2::VPCDHCPOptionsAssociation": ("VpcId",),
    "AWS::EC2::VPCEndpoint": ("RouteTableIds", "VpcId"),
    "AWS::EC2::VPCGatewayAttachment": ("VpcId",),
    "AWS::EC2::VPNConnectionRoute": ("VpnConnectionId",),
    "AWS::EC2::VPNGatewayRoutePropagation": ("RouteTableIds",),
    "AWS::EC2::VolumeAttachment": ("InstanceId", "VolumeId"),
    "AWS::ECS::CapacityProvider": ("AutoScalingGroupProvider/AutoScalingGroupArn",),
    "AWS::ECS::ClusterCapacityProviderAssociations": ("Cluster",),
    "AWS::ECS::PrimaryTaskSet": ("Service",),
    "AWS::ECS::Service": (
        "LoadBalancers/*/AdvancedConfiguration/AlternateTargetGroupArn",
        "LoadBalancers/*/AdvancedConfiguration/ProductionListenerRule",
        "LoadBalancers/*/AdvancedConfiguration/TestListenerRule",
        "LoadBalancers/*/LoadBalancerName",
        "LoadBalancers/*/TargetGroupArn",
        "ServiceRegistries/*/RegistryArn",
        "VpcLatticeConfigurations/*/TargetGroupArn",
    ),
    "AWS::ECS::TaskSet": ("LoadBalancers/*/TargetGroupArn", "Service", "ServiceRegistries/*/RegistryArn"),
    "AWS::EKS::Addon": ("ClusterName",),
    "AWS::EKS::FargateProfile": ("ClusterName",),
    "AWS::EKS::Nodegroup": ("ClusterName",),
    "AWS::ElasticLoadBalancingV2::Listener": ("LoadBalancerArn",),
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": ("ListenerArn",),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("ListenerArn",),
    "AWS::ElasticLoadBalancingV2::TrustStoreRevocation": ("TrustStoreArn",),
    "AWS::EventSchemas::RegistryPolicy": ("RegistryName",),
    "AWS::Events::EventBusPolicy": ("EventBusName",),
    "AWS::GlobalAccelerator::EndpointGroup": ("ListenerArn",),
    "AWS::IAM::GroupPolicy": ("GroupName",),
    "AWS::IAM::ManagedPolicy": ("Groups", "Roles", "Users"),
    "AWS::IAM::Policy": ("Groups", "Roles", "Users"),
    "AWS::IAM::RolePolicy": ("RoleName",),
    "AWS::IAM::UserPolicy": ("UserName",),
    "AWS::IAM::UserToGroupAddition": ("GroupName", "Users"),
    "AWS::Kinesis::ResourcePolicy": ("ResourceArn",),
    "AWS::Lambda::Alias": ("FunctionName",),
    "AWS::Lambda::EventInvokeConfig": ("FunctionName",),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn", "FunctionName"),
    "AWS::Lambda::LayerVersionPermission": ("LayerVersionArn",),
    "AWS::Lambda::Permission": ("FunctionName",),
    "AWS::Lambda::Url": ("TargetFunctionArn",),
    "AWS::Lambda::Version": ("FunctionName",),
    "AWS::Logs::MetricFilter": ("LogGroupName",),
    "AWS::Logs::SubscriptionFilter": ("LogGroupName",),
    "AWS::Logs::Transformer": ("LogGroupIdentifier",),
    "AWS::MSK::ClusterPolicy": ("ClusterArn",),
    "AWS::NetworkFirewall::LoggingConfiguration": ("FirewallArn",),
    "AWS::Organizations::Policy": ("TargetIds",),
    "AWS::Pipes::Pipe": ("Source",),
    "AWS::RDS::DBInstance": ("DBClusterIdentifier",),
    "AWS::RDS::DBProxyTargetGroup": ("DBProxyName",),
    "AWS::Route53::DNSSEC": ("HostedZoneId",),
    "AWS::Route53::HostedZone": ("VPCs/*/VPCId",),
    "AWS::Route53::RecordSet": ("HostedZoneId", "HostedZoneName"),
    "AWS::Route53::RecordSetGroup": ("HostedZoneId", "HostedZoneName"),
    "AWS::Route53Resolver::FirewallRuleGroupAssociation": ("VpcId",),
    "AWS::Route53Resolver::ResolverConfig": ("ResourceId",),
    "AWS::Route53Resolver::ResolverDNSSECConfig": ("ResourceId",),
    "AWS::Route53Resolver::ResolverRuleAssociation": ("VPCId",),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::S3::MultiRegionAccessPointPolicy": ("MrapName",),
    "AWS::S3Express::BucketPolicy": ("Bucket",),
    "AWS::S3ObjectLambda::AccessPointPolicy": ("ObjectLambdaAccessPoint",),
    "AWS::S3Tables::TableBucketPolicy": ("TableBucketARN",),
    "AWS::S3Tables::TablePolicy": ("TableARN",),
    "AWS::SES::ReceiptRule": ("RuleSetName",),
    "AWS::SNS::Subscription": ("TopicArn",),
    "AWS::SNS::TopicInlinePolicy": ("TopicArn",),
    "AWS::SNS::TopicPolicy": ("Topics",),
    "AWS::SQS::QueueInlinePolicy": ("Queue",),
    "AWS::SQS::QueuePolicy": ("Queues",),
    "AWS::SSM::Association": ("InstanceId", "Targets/*/Values"),
    "AWS::SSM::MaintenanceWindowTarget": ("WindowId",),
    "AWS::SSM::MaintenanceWindowTask": ("WindowId",),
    "AWS::SSM::ResourcePolicy": ("ResourceArn",),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId",),
    "AWS::SecretsManager::RotationSchedule": ("SecretId",),
    "AWS::SecretsManager::SecretTargetAttachment": ("SecretId",),
    "AWS::ServiceDiscovery::Instance": ("ServiceId",),
    "AWS::VpcLattice::AuthPolicy": ("ResourceIdentifier",),
    "AWS::VpcLattice::ResourcePolicy": ("ResourceArn",),
    "AWS::WAFv2::LoggingConfiguration": ("ResourceArn",),
    "AWS::WAFv2::WebACLAssociation": ("ResourceArn",),
    "Custom::AWSCDK-EKS-HelmChart": ("ClusterName",),
    "Custom::AWSCDK-EKS-KubernetesPatch": ("ClusterName",),
    "Custom::AWSCDK-EKS-KubernetesResource": ("ClusterName",),
    "Custom::CDKBucketDeployment": ("DestinationBucketName",),
    "Custom::ECRAutoDeleteImages": ("RepositoryName",),
    "Custom::LogRetention": ("LogGroupName",),
    "Custom::S3AutoDeleteObjects": ("BucketName",),
    "Custom::S3BucketNotifications": ("BucketName",),
    "Custom::VpcRestrictDefaultSG": ("DefaultSecurityGroupId",),
}
"""Resources that are a part of another one or take from it, and the properties that name it (`*` is each of a list).

CloudFormation does not check whether such a part existed: it overwrites the part, and deletes it with the stack. A
reader of a queue or stream takes messages away from their other readers; targets behind a shared load balancer take its
requests; what answers DNS in a network does so for everything in it.
"""

_ONLY_IF: Final[Mapping[tuple[str, str], str]] = {("AWS::EC2::VPCEndpoint", "VpcId"): "PrivateDnsEnabled"}
"""Attachments only where another property of the resource is true: nothing resolves to other endpoints."""

ACCOUNT_WIDE: Final = frozenset(
    {
        "AWS::ARCZonalShift::AutoshiftObserverNotificationStatus",
        "AWS::ApiGateway::Account",
        "AWS::ApplicationSignals::Discovery",
        "AWS::ApplicationSignals::GroupingConfiguration",
        "AWS::CertificateManager::Account",
        "AWS::CloudFormation::HookDefaultVersion",
        "AWS::CloudFormation::HookTypeConfig",
        "AWS::CloudFormation::ResourceDefaultVersion",
        "AWS::Config::ConfigurationRecorder",
        "AWS::Config::DeliveryChannel",
        "AWS::DevOpsGuru::LogAnomalyDetectionIntegration",
        "AWS::EC2::SnapshotBlockPublicAccess",
        "AWS::EC2::VPCBlockPublicAccessOptions",
        "AWS::ECR::RegistryPolicy",
        "AWS::ECR::RegistryScanningConfiguration",
        "AWS::ECR::ReplicationConfiguration",
        "AWS::FMS::NotificationChannel",
        "AWS::Glue::DataCatalogEncryptionSettings",
        "AWS::IoT::AccountAuditConfiguration",
        "AWS::IoT::EncryptionConfiguration",
        "AWS::IoT::Logging",
        "AWS::LakeFormation::DataLakeSettings",
        "AWS::Logs::AccountPolicy",
        "AWS::Macie::Session",
        "AWS::Organizations::ResourcePolicy",
        "AWS::ResourceExplorer2::DefaultViewAssociation",
        "AWS::SES::VdmAttributes",
        "AWS::Shield::DRTAccess",
        "AWS::Shield::ProactiveEngagement",
        "AWS::XRay::TransactionSearchConfig",
    }
)
"""Settings of a whole account or region: there is one, and it is everybody's."""

_ABSENT: Final[Mapping[tuple[str, str], str]] = {("AWS::Events::EventBusPolicy", "EventBusName"): "default"}
"""What a resource is attached to where it names nothing."""

_QUALIFIED: Final = frozenset({"FunctionName", "ResourceId"})
"""Properties in which more may follow what is named: the alias of a function, the index of a table."""

_MAKING: Final = frozenset({"Custom::AWSCDK-EKS-Cluster"})
"""Custom resources that make what they give; others may hand on the name of anything."""

_GIVEN_BACK: Final = frozenset({("Custom::LogRetention", "LogGroupName")})
"""Attributes of custom resources that are known to be what these were given under the same name."""

_NAMING: Final = re.compile("(Name|Id|ID|Identifier|Arn|ARN)$")
_LANGUAGE_EXTENSIONS: Final = "AWS::LanguageExtensions"  # by itself it makes nothing: all that could is Fn::ForEach
_ACTION: Final = re.compile(r'\\*"action\\*"\s*:\s*\\*"(\w+)')
"""The action in a call of the SDK, which is JSON in a text or in the parts of one."""
_READS: Final = re.compile(r"(?:batchGet|describe|get|head|list)[A-Z]")
_HANDING_ON: Final = frozenset({STACK, "AWS::CloudFormation::WaitCondition", "AWS::SSM::Parameter"})
_OWN: Final = re.compile("\0([0-9]+)\0")  # replaces a resource of these stacks: no name has such a character


def attached_outside(
    stacks: Sequence[Stack], *, account: str | None = None, region: str | None = None, partition: str | None = None
) -> tuple[str, ...]:
    """What these stacks would attach to something that is not certainly theirs, a line for each.

    A resource, or the export of one, is theirs if it is referred to. What names something in another way (a text, a
    parameter, a mapping) names what is really there, and what is not known may do so, like all that a macro makes.
    """
    pseudo = {"AWS::AccountId": account, "AWS::Region": region, "AWS::Partition": partition}
    owners = _Owners(stacks, {name: value for name, value in pseudo.items() if value is not None})
    return tuple(sorted(line for stack in owners.stacks.values() for line in _lines(stack, owners)))


def _lines(stack: Stack, owners: _Owners) -> Iterator[str]:
    yield from _made_later(stack)
    for resource in stack.template.resources:
        condition = resource.body.get("Condition")
        if isinstance(condition, str) and condition_holds(condition, owners.context(stack)) is False:
            continue
        what = f"{resource.logical_id} ({resource.resource_type})"
        if resource.resource_type in ACCOUNT_WIDE:
            yield f"{resource.location()}: {what}: it is a setting of the whole account"
        if resource.resource_type == STACK and stack.nested_at(resource.logical_id) is None:
            yield f"{resource.location('/TemplateURL')}: {what}: TemplateURL is of a template that is not at hand"
        for name, action in _called(resource):
            yield f"{resource.location('/' + name)}: {what}: {name} calls {action} on resources that are not checked"
        provider = ("ServiceToken",) if resource.is_custom else ()  # another's code may change what is another's
        for key in (*ATTACHED_BY.get(resource.resource_type, ()), *provider):
            for reason in owners.outside(stack, resource, key):
                yield f"{resource.location('/' + key.partition('/*')[0])}: {what}: {key} is {reason}"


def _called(resource: Resource) -> Iterator[tuple[str, str]]:
    """What a call of the SDK that CDK makes a resource of (`AwsCustomResource`) does, unless it only reads."""
    if resource.resource_type != "Custom::AWS":
        return
    for name in ("Create", "Update", "Delete"):
        if (call := resource.properties.get(name)) is not None:
            actions = _ACTION.findall(canonical(call)) or ["what is not known"]
            yield from ((name, action) for action in actions if not _READS.match(action))


def _made_later(stack: Stack) -> Iterator[str]:
    """Resources of a template that appear only while it is deployed, so that their attachments are not known before."""
    why = "what it makes is not known before it is deployed"
    for transform in stack.template.transforms:
        if transform != _LANGUAGE_EXTENSIONS:
            yield f"{stack.template.file}: Transform {transform}: {why}"
    for path in _macros(stack.template.body, ""):
        _, section, name, *_ = [*path.split("/"), ""]
        found = stack.template.resource(name) if section == "Resources" else None
        yield f"{stack.template.file if found is None else found.location()}: {path}: {why}"


def _macros(value: JsonValue, path: str) -> Iterator[str]:
    """The JSON pointers of loops and macros."""
    if isinstance(value, Mapping):
        for name, element in value.items():
            if name == "Fn::Transform" or name.startswith("Fn::ForEach"):
                yield f"{path}/{name}"
            else:
                yield from _macros(element, f"{path}/{name}")
    elif isinstance(value, list):
        for number, element in enumerate(value):
            yield from _macros(element, f"{path}/{number}")


class _Owners:
    """Everything that these stacks make, and what values of their templates name of it."""

    def __init__(self, stacks: Sequence[Stack], pseudo: Mapping[str, str]) -> None:
        def with_nested(stack: Stack) -> Stack:
            return replace(stack, nested=tuple(inner for inner in stacks if inner.parent == stack.artifact))

        self.stacks = {stack.artifact: with_nested(stack) for stack in stacks}
        self._pseudo = pseudo
        self._exports = {name: (stack, key) for stack in self.stacks.values() for key, name in _exported(stack)}
        self._contexts: dict[str, Context] = {}
        self._known: list[Resource] = []
        self._followed: set[tuple[str, str]] = set()

    def outside(self, stack: Stack, resource: Resource, key: str) -> Iterator[str]:
        """What a property names that is not certainly of these stacks, in words."""
        needed = _ONLY_IF.get((resource.resource_type, key))
        if needed is not None and _is_off(self._resolved(resource.properties.get(needed), stack)):
            return
        name, *below = key.split("/")
        value = resource.properties.get(name, _ABSENT.get((resource.resource_type, key)))
        for text in (leaf for part in _at(self._resolved(value, stack), below) for leaf in _flat(part)):
            if isinstance(text, Unresolved):
                yield f"not known to be of these stacks ({text.reason})"
            elif not self._is_own(text, key) and not self._is_named(text, key, stack, resource):
                yield _OWN.sub(lambda match: f"${{{self._known[int(match[1])].logical_id}}}", text)

    def context(self, stack: Stack) -> Context:
        """The known values in a stack: parameters, which a nested stack is given, and resources as stand-ins."""
        if stack.artifact not in self._contexts:
            bare = Context(
                declared=frozenset(stack.template.section("Parameters")),
                reference=self._reference(stack),
                attribute=self._attribute(stack),
            )
            self._contexts[stack.artifact] = bare  # for what refers to itself
            given = self._given(stack)
            texts = {name: ",".join(value) for name, value in given.items() if value is not None}
            known = static_context(stack.template, parameters=texts, pseudo=self._pseudo)
            parameters = {name: value for name, value in known.parameters.items() if given.get(name, ()) is not None}
            self._contexts[stack.artifact] = replace(
                known, parameters=parameters, reference=bare.reference, attribute=bare.attribute
            )
        return self._contexts[stack.artifact]

    # -- resolving

    def _resolved(self, value: JsonValue, stack: Stack) -> Resolved:
        return resolve(self._followed_in(value, stack), self.context(stack))

    def _followed_in(self, value: JsonValue, stack: Stack) -> JsonValue:
        """The value with what our exports are for their imports, and a part of a resource's ARN as the resource."""
        if isinstance(value, list):
            return [self._followed_in(member, stack) for member in value]
        if not isinstance(value, Mapping):
            return value
        imported = value.get("Fn::ImportValue")
        if isinstance(imported, str) and imported in self._exports:
            return self._output(*self._exports[imported]) or value
        whole = _split_by(value)
        if isinstance(whole, Mapping):
            found = self._resolved(whole, stack)
            if isinstance(found, str) and _OWN.fullmatch(found):
                return found
        return {name: self._followed_in(element, stack) for name, element in value.items()}

    def _reference(self, stack: Stack) -> Callable[[str], str | None]:
        def own(logical_id: str) -> str | None:
            found = stack.template.resource(logical_id)
            if found is None or (found.is_custom and found.resource_type not in _MAKING):
                return None
            if found.resource_type in _HANDING_ON:
                return None
            if found not in self._known:
                self._known.append(found)
            return f"\0{self._known.index(found)}\0"

        return own

    def _attribute(self, stack: Stack) -> Callable[[str, str], JsonValue]:
        own = self._reference(stack)

        def attribute(logical_id: str, name: str) -> JsonValue:
            nested = stack.nested_at(logical_id)
            if nested is not None and name.startswith("Outputs."):
                return self._output(self.stacks[nested.artifact], name.removeprefix("Outputs."))
            given = self._given_back(stack, logical_id, name)
            if given is None:
                return own(logical_id)
            texts = _texts(given)
            return given if isinstance(given, str) else None if texts is None else list(texts)

        return attribute

    def _given_back(self, stack: Stack, logical_id: str, name: str) -> Resolved:
        """What a resource was given, if that is what its attribute gives; None if it is of the resource itself."""
        found = stack.template.resource(logical_id)
        stem = _NAMING.sub("", name).lower()
        if found is None or (found.is_custom and (found.resource_type, name) not in _GIVEN_BACK):
            return None
        if not found.is_custom and found.resource_type.lower().endswith(stem):
            return None  # its own name, even if the template sets it
        if (stack.artifact, f"{logical_id}.{name}") in self._followed:
            return Unresolved(reason="it refers to itself")
        self._followed.add((stack.artifact, f"{logical_id}.{name}"))
        try:
            top, *below = name.split(".")
            given = next(_at(self._resolved(found.properties.get(top), stack), below))
        finally:
            self._followed.discard((stack.artifact, f"{logical_id}.{name}"))
        if given is None and stem == "vpc":  # of its subnet, or the default one
            return Unresolved(reason=f"{found.resource_type} has no {name}")
        return given

    def _output(self, stack: Stack, name: str) -> str | None:
        """What a stack puts out, None if it is not known."""
        written = stack.template.section("Outputs").get(name)
        if not isinstance(written, Mapping) or (stack.artifact, name) in self._followed:
            return None
        self._followed.add((stack.artifact, name))
        try:
            found = self._resolved(written.get("Value"), stack)
        finally:
            self._followed.discard((stack.artifact, name))
        return found if isinstance(found, str) else None

    def _given(self, stack: Stack) -> Mapping[str, Sequence[str] | None]:
        """The parameters that a nested stack is given, None for what is not known of them."""
        parent = self.stacks.get(stack.parent or "")
        if parent is None:
            return {}
        for resource in parent.template.resources:
            nested = parent.nested_at(resource.logical_id)
            if resource.resource_type == STACK and nested is not None and nested.artifact == stack.artifact:
                written = resource.properties.get("Parameters")
                values = written.items() if isinstance(written, Mapping) else ()
                return {name: _texts(self._resolved(value, parent)) for name, value in values}
        return dict.fromkeys(stack.template.section("Parameters"))

    # -- whose it is

    def _is_own(self, text: str, key: str) -> bool:
        """Whether a text is a resource of these stacks, alone or at the end of an ARN or URL."""
        segments = re.split("[:/|]", text)
        return any(_OWN.fullmatch(segment) for segment in (segments if key in _QUALIFIED else segments[-1:]))

    def _is_named(self, text: str, key: str, stack: Stack, resource: Resource) -> bool:
        """Whether a text is the fixed name of what these stacks make before: where it is taken, they fail there."""
        for other in self.stacks.values():
            for candidate in other.template.resources:
                kind = candidate.resource_type.rpartition("::")[2]
                if kind not in key or not _goes_with(candidate, resource):
                    continue
                names = (
                    self._resolved(candidate.properties.get(name), other) for name in (kind, f"{kind}Name", "Name")
                )
                if any(isinstance(name, str) and self._names(text, name) for name in names):
                    return self._is_after(stack, resource, other, candidate)
        return False

    def _names(self, text: str, name: str) -> bool:
        """Whether a text is the name, or the ARN or a queue's URL with it, in this account and region."""
        account, region = self._pseudo.get("AWS::AccountId"), self._pseudo.get("AWS::Region")
        arn = text.split(":", 5)
        if arn[0] == "arn" and len(arn) == 6:  # noqa: PLR2004 - the parts of an ARN
            here = arn[3] in {"", region} and arn[4] in {"", account}
            return here and name in {arn[5], re.split("[:/]", arn[5], maxsplit=1)[-1]}
        if text.startswith("https://"):
            return text.startswith(f"https://sqs.{region}.") and text.endswith(f"/{account}/{name}")
        return text.rstrip(".") == name.rstrip(".")

    def _is_after(self, stack: Stack, resource: Resource, other: Stack, owner: Resource) -> bool:
        """Whether the owner is there before the resource is made; else the real one of its name is."""
        if other.artifact == stack.artifact:
            resources = {resource.logical_id: resource for resource in stack.template.resources}
            return owner.logical_id in _closure(resource.logical_id, lambda name: _needed(resources.get(name)))
        roots = [self._root(member) for member in (stack, other)]
        first, second = (root.artifact for root in roots)
        needed = _closure(first, lambda name: self.stacks[name].dependencies if name in self.stacks else ())
        return second in needed - {first}

    def _root(self, stack: Stack) -> Stack:
        while stack.parent in self.stacks:
            stack = self.stacks[stack.parent]
        return stack


def _flat(value: Resolved) -> Iterator[str | Unresolved]:
    """Everything that a value names."""
    if isinstance(value, Unresolved | str):
        yield value
    elif isinstance(value, Mapping):
        yield Unresolved(reason="it is not a name")
    elif isinstance(value, Sequence):
        for element in value:
            yield from _flat(element)
    elif value is not None:
        yield str(value)


def _at(value: Resolved, below: Sequence[str]) -> Iterator[Resolved]:
    """What is at a place in a value; what is not known on the way is given instead."""
    if not below or value is None or isinstance(value, Unresolved):
        yield value
    elif below[0] == "*":
        for element in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            yield from _at(element, below[1:])
    elif isinstance(value, Mapping):
        yield from _at(value.get(below[0]), below[1:])
    else:
        yield Unresolved(reason="it is not a name")


def _is_off(value: Resolved) -> bool:
    return value is None or str(value).lower() == "false"


def _texts(value: Resolved) -> Sequence[str] | None:
    """A value as that of a parameter, None if some of it is not known."""
    found = list(_flat(value))
    texts = [text for text in found if isinstance(text, str)]
    return texts if len(texts) == len(found) else None


def _split_by(value: Mapping[str, JsonValue]) -> JsonValue:
    """What `Fn::Select` takes a part of, if that is `Fn::Split` of one thing."""
    selected = value.get("Fn::Select")
    source = selected[1] if isinstance(selected, list) and len(selected) == 2 else None  # noqa: PLR2004
    split = source.get("Fn::Split") if isinstance(source, Mapping) else None
    return split[1] if isinstance(split, list) and len(split) == 2 else None  # noqa: PLR2004


def _exported(stack: Stack) -> Iterator[tuple[str, str]]:
    """The outputs of a stack that it exports under a name that is written out, with that name."""
    for key, output in stack.template.section("Outputs").items():
        export = output.get("Export") if isinstance(output, Mapping) else None
        name = export.get("Name") if isinstance(export, Mapping) else None
        if isinstance(name, str):
            yield key, name


def _goes_with(owner: Resource, resource: Resource) -> bool:
    """Whether they are of one service, as far as that is known: names of several services may be the same."""
    own, other = owner.resource_type.split("::"), resource.resource_type.split("::")
    return other[0] == "Custom" or own[:2] == other[:2]


def _needed(resource: Resource | None) -> Iterable[str]:
    """What a resource waits for."""
    if resource is None:
        return ()
    written = resource.body.get("DependsOn")
    named = (
        [dependency for dependency in written if isinstance(dependency, str)]
        if isinstance(written, list)
        else [str(written)]
    )
    return {*references(resource.properties), *named}


def _closure(start: str, following: Callable[[str], Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting.extend(following(here))
    return found
