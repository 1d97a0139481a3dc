"""TapStack on the emulator: few calls for many of it, and every change behind its back named, and nothing else."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from stackproof.config.settings import load_settings
from stackproof.proof.observation import Coverage, DriftStatus, ResourceProof
from stackproof.proof.prover import ProvableStack, Prover, prove_stack
from stackproof.proof.world import World
from stackproof.readers import READERS
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.live_fakes import lone_prover
from tests.readers.removals import chosen, remove

ROOT: Final = Path(__file__).parents[2]
SCHEMAS: Final = CfnLintSchemas()
VPC: Final = "AWS::EC2::VPC"
DELETED: Final = frozenset({DriftStatus.DELETED})


def _allow(**more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]})


OPEN: Final = _allow(Principal="*", Action="sns:Publish", Resource="*")
TAG: Final = [{"Key": "Owner", "Value": "nobody"}]


class Place:
    """The first resource of each type that a person wrote: its physical id and its properties as they should be."""

    def __init__(self, target: MotoTarget, stack: Stack, prover: Prover) -> None:
        self.client = target.client
        self._prover = prover
        self._logical: dict[str, str] = {}
        for resource in stack.template.resources:
            if not resource.generated:
                self._logical.setdefault(resource.resource_type, resource.logical_id)

    def logical(self, resource_type: str) -> str:
        return self._logical[resource_type]

    def types(self) -> set[str]:
        return {resource_type for resource_type in self._logical if not resource_type.startswith("Custom::")}

    def id(self, resource_type: str) -> str:
        found = self._prover.deployment.resource(self._logical[resource_type])
        assert found is not None
        return found.physical_id

    def expected(self, resource_type: str) -> Mapping[str, Any]:
        return self._prover.expected(self._logical[resource_type])

    def attribute(self, resource_type: str, name: str) -> Any:
        return self._prover.resolved({"Fn::GetAtt": [self._logical[resource_type], name]})

    def tag(self, resource_id: str) -> None:
        self.client("ec2").create_tags(Resources=[resource_id], Tags=TAG)


def alarm_without_actions(at: Place) -> None:
    api, name = at.client("cloudwatch"), at.id("AWS::CloudWatch::Alarm")
    (live,) = api.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    known = set(api.meta.service_model.operation_model("PutMetricAlarm").input_shape.members)
    api.put_metric_alarm(**{key: value for key, value in live.items() if key in known} | {"AlarmActions": []})


def rule(at: Place, kind: str, peer: str) -> dict[str, Any]:
    expected = at.expected(kind)
    ports = {name: expected[name] for name in ("IpProtocol", "FromPort", "ToPort")}
    pair = {"GroupId": expected[peer], "Description": expected["Description"]}
    return {"GroupId": expected["GroupId"], "IpPermissions": [{**ports, "UserIdGroupPairs": [pair]}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one property; the path "*" represents all of them, since the resource is gone by it."""

    kind: str
    resource_type: str
    path: str
    make: Callable[[Place], Any]


def change(kind: str, resource_type: str, path: str, make: Callable[[Place], Any]) -> Change:
    return Change(kind=kind, resource_type=resource_type, path=path, make=make)


ALARM, ROLE, FUNCTION = "AWS::CloudWatch::Alarm", "AWS::IAM::Role", "AWS::Lambda::Function"
EC2: Final = "AWS::EC2::"
ADDRESS, GATEWAY = f"{EC2}EIP", f"{EC2}InternetGateway"
CHANGES: Final = (
    change("alarm action removed", ALARM, "/AlarmActions", alarm_without_actions),
    change("address tagged otherwise", ADDRESS, "/Tags", lambda at: at.tag(at.attribute(ADDRESS, "AllocationId"))),
    change("flow log tagged otherwise", f"{EC2}FlowLog", "/Tags", lambda at: at.tag(at.id(f"{EC2}FlowLog"))),
    change("gateway tagged otherwise", GATEWAY, "/Tags", lambda at: at.tag(at.id(GATEWAY))),
    change("NAT tagged otherwise", f"{EC2}NatGateway", "/Tags", lambda at: at.tag(at.id(f"{EC2}NatGateway"))),
    change(
        "route removed",
        f"{EC2}Route",
        "*",
        lambda at: at.client("ec2").delete_route(
            RouteTableId=at.expected(f"{EC2}Route")["RouteTableId"], DestinationCidrBlock="0.0.0.0/0"
        ),
    ),
    change("route table tagged otherwise", f"{EC2}RouteTable", "/Tags", lambda at: at.tag(at.id(f"{EC2}RouteTable"))),
    change(
        "security group opened",
        f"{EC2}SecurityGroup",
        "/SecurityGroupEgress",
        lambda at: at.client("ec2").authorize_security_group_egress(
            GroupId=at.id(f"{EC2}SecurityGroup"),
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 9, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        ),
    ),
    change(
        "way out closed",
        f"{EC2}SecurityGroupEgress",
        "*",
        lambda at: at.client("ec2").revoke_security_group_egress(
            **rule(at, f"{EC2}SecurityGroupEgress", "DestinationSecurityGroupId")
        ),
    ),
    change(
        "way in closed",
        f"{EC2}SecurityGroupIngress",
        "*",
        lambda at: at.client("ec2").revoke_security_group_ingress(
            **rule(at, f"{EC2}SecurityGroupIngress", "SourceSecurityGroupId")
        ),
    ),
    change(
        "subnet made public",
        f"{EC2}Subnet",
        "/MapPublicIpOnLaunch",
        lambda at: at.client("ec2").modify_subnet_attribute(
            SubnetId=at.id(f"{EC2}Subnet"), MapPublicIpOnLaunch={"Value": True}
        ),
    ),
    change(
        "subnet taken from its table",
        f"{EC2}SubnetRouteTableAssociation",
        "*",
        lambda at: at.client("ec2").disassociate_route_table(AssociationId=at.id(f"{EC2}SubnetRouteTableAssociation")),
    ),
    change(
        "DNS names off",
        f"{EC2}VPC",
        "/EnableDnsHostnames",
        lambda at: at.client("ec2").modify_vpc_attribute(VpcId=at.id(f"{EC2}VPC"), EnableDnsHostnames={"Value": False}),
    ),
    change(
        "gateway detached",
        f"{EC2}VPCGatewayAttachment",
        "*",
        lambda at: at.client("ec2").detach_internet_gateway(
            InternetGatewayId=at.id(f"{EC2}InternetGateway"), VpcId=at.id(f"{EC2}VPC")
        ),
    ),
    change(
        "policy widened",
        "AWS::IAM::Policy",
        "/PolicyDocument",
        lambda at: at.client("iam").put_role_policy(
            RoleName=at.expected("AWS::IAM::Policy")["Roles"][0],
            PolicyName=at.expected("AWS::IAM::Policy")["PolicyName"],
            PolicyDocument=_allow(Action="*", Resource="*"),
        ),
    ),
    change(
        "role opened to anyone",
        ROLE,
        "/AssumeRolePolicyDocument",
        lambda at: at.client("iam").update_assume_role_policy(
            RoleName=at.id(ROLE), PolicyDocument=_allow(Principal={"AWS": "*"}, Action="sts:AssumeRole")
        ),
    ),
    change(
        "key rotation off",
        "AWS::KMS::Key",
        "/EnableKeyRotation",
        lambda at: at.client("kms").disable_key_rotation(KeyId=at.id("AWS::KMS::Key")),
    ),
    change(
        "retention of records shortened",
        "AWS::Kinesis::Stream",
        "/RetentionPeriodHours",
        lambda at: at.client("kinesis").decrease_stream_retention_period(
            StreamName=at.id("AWS::Kinesis::Stream"), RetentionPeriodHours=24
        ),
    ),
    change(
        "batches made smaller",
        "AWS::Lambda::EventSourceMapping",
        "/BatchSize",
        lambda at: at.client("lambda").update_event_source_mapping(
            UUID=at.id("AWS::Lambda::EventSourceMapping"), BatchSize=7
        ),
    ),
    change(
        "time limit shortened",
        FUNCTION,
        "/Timeout",
        lambda at: at.client("lambda").update_function_configuration(FunctionName=at.id(FUNCTION), Timeout=3),
    ),
    change(
        "retention of logs shortened",
        "AWS::Logs::LogGroup",
        "/RetentionInDays",
        lambda at: at.client("logs").put_retention_policy(logGroupName=at.id("AWS::Logs::LogGroup"), retentionInDays=1),
    ),
    change(
        "backups shortened",
        "AWS::RDS::DBInstance",
        "/BackupRetentionPeriod",
        lambda at: at.client("rds").modify_db_instance(
            DBInstanceIdentifier=at.id("AWS::RDS::DBInstance"), BackupRetentionPeriod=1, ApplyImmediately=True
        ),
    ),
    change(
        "subnet group tagged otherwise",
        "AWS::RDS::DBSubnetGroup",
        "/Tags",
        lambda at: at.client("rds").add_tags_to_resource(
            ResourceName=at.client("rds").describe_db_subnet_groups(DBSubnetGroupName=at.id("AWS::RDS::DBSubnetGroup"))[
                "DBSubnetGroups"
            ][0]["DBSubnetGroupArn"],
            Tags=TAG,
        ),
    ),
    change(
        "encryption off",
        "AWS::SNS::Topic",
        "/KmsMasterKeyId",
        lambda at: at.client("sns").set_topic_attributes(
            TopicArn=at.id("AWS::SNS::Topic"), AttributeName="KmsMasterKeyId", AttributeValue=""
        ),
    ),
    change(
        "topic opened",
        "AWS::SNS::TopicPolicy",
        "/PolicyDocument",
        lambda at: at.client("sns").set_topic_attributes(
            TopicArn=at.id("AWS::SNS::Topic"), AttributeName="Policy", AttributeValue=OPEN
        ),
    ),
    change(
        "queue tagged otherwise",
        "AWS::SQS::Queue",
        "/Tags",
        lambda at: at.client("sqs").tag_queue(QueueUrl=at.id("AWS::SQS::Queue"), Tags={"Owner": "nobody"}),
    ),
    change(
        "queue opened",
        "AWS::SQS::QueuePolicy",
        "/PolicyDocument",
        lambda at: at.client("sqs").set_queue_attributes(
            QueueUrl=at.id("AWS::SQS::Queue"),
            Attributes={"Policy": _allow(Principal="*", Action="sqs:SendMessage", Resource="*")},
        ),
    ),
    change(
        "secret described otherwise",
        "AWS::SecretsManager::Secret",
        "/Description",
        lambda at: at.client("secretsmanager").update_secret(
            SecretId=at.id("AWS::SecretsManager::Secret"), Description="other"
        ),
    ),
)
UNSEEN: Final = {"AWS::SecretsManager::SecretTargetAttachment"}
"""What it sets stands in the value of the secret alone, which nobody reads."""


@pytest.fixture(scope="module")
def stack() -> Stack:
    (found,) = synthesize(Project(settings=load_settings(ROOT)), {}).stacks
    return found


@pytest.fixture(scope="module")
def target(moto: OwnedProcess) -> MotoTarget:
    return MotoTarget(moto.endpoint_url, region="eu-west-1")


@pytest.fixture
def calls(target: MotoTarget) -> Iterator[Counter[str]]:
    """What is sent to the target, by service and operation."""
    make, sent, hooked, lock = target.client, Counter[str](), set[str](), threading.Lock()

    def seen(event_name: str, **_: object) -> None:
        sent[event_name] += 1

    def client(service: str) -> Any:
        made = make(service)
        with lock:
            if service not in hooked:
                hooked.add(service)
                made.meta.events.register_last("before-send", seen)
        return made

    target.client = client  # type: ignore[method-assign]
    yield sent
    target.client = make  # type: ignore[method-assign]


def proven(prover: Prover) -> dict[str, ResourceProof]:
    found = {str(proof.location.logical_id): proof for proof in prove_stack(prover)}
    assert prover.notifications == ()
    return found


def test_many_stacks_are_proven_in_one_run_with_less_than_a_call_for_each_resource(
    stack: Stack, target: MotoTarget, calls: Counter[str]
) -> None:
    """The figures for ten of them are in docs/benchmarks-prove.md."""
    stacks = [replace(stack, name=f"{stack.name}-{number}") for number in range(3)]
    deployments = [target.deploy(stack) for stack in stacks]
    calls.clear()
    pairs = zip(stacks, deployments, strict=True)
    world = World(
        {
            copy.name: ProvableStack(template=copy.template, deployment=deployment, readers=READERS)
            for copy, deployment in pairs
        },
        target=target,
        schemas=SCHEMAS,
    )
    proofs = [proof for prover in world.provers.values() for proof in proven(prover).values()]
    coverage = Coverage.of(tuple(proofs))
    assert (coverage.resources_proven, coverage.properties_differ) == (coverage.resources_total, 0)
    assert calls.total() <= coverage.resources_total, calls
    assert max(count for name, count in calls.items() if ".ec2.Describe" in name) <= 2 * len(stacks), calls


def test_a_change_of_each_type_is_named_and_nothing_else_is(stack: Stack, target: MotoTarget) -> None:
    deployment = target.deploy(stack)

    def prover() -> Prover:
        return lone_prover(
            template=stack.template, deployment=deployment, target=target, readers=READERS, schemas=SCHEMAS
        )

    asked = prover()
    before = proven(asked)
    at = Place(target, stack, asked)
    assert at.types() == {change.resource_type for change in CHANGES} | UNSEEN
    assert len({change.kind for change in CHANGES}) == len(CHANGES)
    with target.writing("tampering"):
        for change in CHANGES:
            change.make(at)
    after = proven(prover())
    changed = {(name, difference.path) for name, proof in after.items() for difference in proof.differences}
    wanted = {
        (at.logical(change.resource_type), path)
        for change in CHANGES
        for path in (_paths(before[at.logical(change.resource_type)]) if change.path == "*" else (change.path,))
    }
    assert changed == wanted
    gone = {name for name, proof in after.items() if proof.status is DriftStatus.DELETED}
    assert gone == {at.logical(change.resource_type) for change in CHANGES if change.path == "*"}


def _paths(proof: ResourceProof) -> tuple[str, ...]:
    """All properties of a resource that was in sync."""
    return (*proof.proven, *(unproven.path for unproven in proof.unproven))


def test_one_resource_of_each_type_is_removed_and_each_is_named_and_nothing_else(
    stack: Stack, moto: OwnedProcess
) -> None:
    """In another account, since what is removed stays so. Its VPC has more in it than one of each type."""
    target = MotoTarget(moto.endpoint_url, role_arn="arn:aws:iam::333333333333:role/other")
    deployment = target.deploy(stack)

    def prover() -> Prover:
        return lone_prover(
            template=stack.template, deployment=deployment, target=target, readers=READERS, schemas=SCHEMAS
        )

    asked = prover()
    gone = [
        resource
        for resource in chosen("tap", stack.template)
        if not resource.is_custom and resource.resource_type != VPC
    ]
    with target.writing("removal"):
        for instance in target.client("rds").describe_db_instances()["DBInstances"]:
            name = instance["DBInstanceIdentifier"]
            target.client("rds").modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    for resource in gone:
        remove(resource, asked, target)
    after = {name: proof for name, proof in proven(prover()).items() if proof.differences or proof.status in DELETED}
    assert after.keys() == {resource.logical_id for resource in gone}
    assert {proof.status for proof in after.values()} == DELETED
