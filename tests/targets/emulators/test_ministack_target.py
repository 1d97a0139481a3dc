"""Target ministack: deploys what it knows, says what it left out, and is honest about what it drops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from stackproof.core.errors import TargetError
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import Coverage, ResourceProof
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.ministack_gaps import is_gap
from stackproof.targets.emulators.owned_process import OwnedProcess
from tests.live_fakes import ACCOUNT, failure, stack
from tests.targets.small_template import TOPIC, body
from tests.targets.wide_template import WIDE

ADDRESS = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}
LEFT_OUT = {
    "Address": "MiniStack does not know AWS::EC2::EIP",
    "Custom": "the handler of a custom resource is not run on an emulator",
    "Egress": "MiniStack does not know AWS::EC2::SecurityGroupEgress",
    "Expression": "MiniStack refuses it: AWS::CloudWatch::Alarm Properties.Metrics (metric math) is not supported; "
    "use MetricName and Namespace.",
    "FlowLog": "MiniStack does not know AWS::EC2::FlowLog",
    "Ingress": "MiniStack does not know AWS::EC2::SecurityGroupIngress",
    "Nat": "MiniStack does not know AWS::EC2::NatGateway",
    "Other": "the handler of a custom resource is not run on an emulator",
    "SecretPolicy": "MiniStack does not know AWS::SecretsManager::ResourcePolicy",
}


OnMiniStack = tuple[Deployment, Mapping[str, ResourceProof]]


@pytest.fixture(scope="session")
def target(ministack: OwnedProcess) -> MiniStackTarget:
    return MiniStackTarget(ministack.endpoint_url)


def test_a_second_process_attaches_by_the_url_alone(target: MiniStackTarget, ministack: OwnedProcess) -> None:
    made = target.deploy(stack(body(Address=ADDRESS), name="Attached"))
    assert made.status == "CREATE_COMPLETE"
    assert made.pruned == {"Address": LEFT_OUT["Address"]}
    other = MiniStackTarget(ministack.endpoint_url)
    assert other.deployment("Attached") == made
    assert (other.account, other.region, other.partition, other.name) == (ACCOUNT, "us-east-1", "aws", "ministack")
    assert made.zones[0] == "us-east-1a"
    assert other.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_what_is_left_out_stands_in_the_template_that_was_deployed(target: MiniStackTarget) -> None:
    target.deploy(stack({**body(Address=ADDRESS), "Metadata": {"Team": "blue"}}, name="Noted"))
    found = target._deployed_body("Noted")
    assert found["Resources"] == {"Topic": TOPIC}
    metadata: Any = found["Metadata"]
    assert metadata["Team"] == "blue"
    assert metadata["stackproof"]["pruned"] == {"Address": LEFT_OUT["Address"]}


def test_a_failure_that_is_the_templates_own_is_an_error_and_leaves_no_stack(target: MiniStackTarget) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    properties = {"PolicyName": "x", "Roles": ["nobody"], "PolicyDocument": document}
    broken = body(Policy={"Type": "AWS::IAM::Policy", "Properties": properties})
    with pytest.raises(TargetError, match=r"Broken is not deployed \(ROLLBACK_COMPLETE\): Policy"):
        target.deploy(stack(broken, name="Broken"))
    with pytest.raises(TargetError, match="there is no stack Broken"):
        target.deployment("Broken")


def test_types_are_asked_for_once_and_a_misspelt_one_is_not_known(target: MiniStackTarget) -> None:
    types = ["AWS::SQS::Queue", "AWS::EC2::NatGateway", "AWS::SQS::Qeue"]
    assert target.unknown_types(types) == {"AWS::EC2::NatGateway", "AWS::SQS::Qeue"}
    assert target.unknown_types(types[:1]) == frozenset()
    assert target.not_emulated("AWS::EC2::NatGateway", "")
    assert not target.not_emulated("AWS::SQS::Queue", "")


def test_another_account_is_another_world(target: MiniStackTarget) -> None:
    target.deploy(stack(body(), name="Here"))
    other = target.in_account("210987654321")
    assert other.client("sts").get_caller_identity()["Account"] == "210987654321"
    with pytest.raises(TargetError, match="there is no stack Here"):
        other.deployment("Here")


def test_a_stack_that_is_destroyed_is_gone(target: MiniStackTarget) -> None:
    target.deploy(stack(body(), name="Gone"))
    target.destroy("Gone")
    target.destroy("Gone")
    with pytest.raises(TargetError, match="there is no stack Gone"):
        target.deployment("Gone")


def test_parameters_reach_the_stack(ministack: OwnedProcess) -> None:
    where = MiniStackTarget(ministack.endpoint_url, region="eu-west-1", parameters={"Name": "given"})
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}
    made = where.deploy(stack({"Parameters": {"Name": {"Type": "String"}}, "Resources": {"T": topic}}, name="With"))
    assert made.parameters == {"Name": "given"}


def test_a_secret_is_read_and_a_missing_one_is_an_error(target: MiniStackTarget) -> None:
    with target.writing("a secret to look at"):
        target.client("secretsmanager").create_secret(Name="known", SecretString="value")
    assert target.secret_value("known") == "value"
    with pytest.raises(TargetError, match="ResourceNotFoundException"):
        target.secret_value("unknown")
    assert target.translated(failure("AccessDenied")) is UnprovenReason.DENIED


def test_all_of_the_wide_stack_is_deployed_but_what_is_said_to_be_left_out(
    wide_on_ministack: OnMiniStack,
) -> None:
    deployment, proofs = wide_on_ministack
    assert deployment.pruned == LEFT_OUT
    assert {resource.logical_id for resource in deployment.resources} == WIDE["Resources"].keys() - LEFT_OUT.keys()
    unseen = {
        name: {unproven.detail for unproven in proof.unproven} for name, proof in proofs.items() if not proof.is_proven
    }
    custom = {"Custom", "Other"}
    assert unseen == {name: {"" if name in custom else why} for name, why in LEFT_OUT.items()}


def test_no_property_of_the_wide_stack_differs(wide_on_ministack: OnMiniStack) -> None:
    _, proofs = wide_on_ministack
    assert [(name, difference) for name, proof in proofs.items() for difference in proof.differences] == []
    coverage = Coverage.of(tuple(proofs.values()))
    assert coverage.properties_proven > 200


def test_every_property_that_is_not_emulated_has_a_row(wide_on_ministack: OnMiniStack) -> None:
    found = [
        (str(proof.location.resource_type), unproven.path)
        for proof in wide_on_ministack[1].values()
        if proof.is_proven
        for unproven in proof.unproven
        if unproven.reason is UnprovenReason.NOT_EMULATED
    ]
    assert found
    assert [gap for gap in found if not is_gap(*gap)] == []
