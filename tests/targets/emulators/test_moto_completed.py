"""What the emulator is completed for: every property of the wide template is proven, or listed with a reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stackproof.proof.observation import Coverage, DriftStatus, ResourceProof
from stackproof.readers import READERS
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.moto_gaps import GAPS, is_gap
from stackproof.targets.emulators.moto_models.models import HANDLERS
from stackproof.template.loading.template import load_template
from tests.live_fakes import request
from tests.readers.deployed import STACKS
from tests.targets.wide_template import WIDE

NOT_DEPLOYED = {"AWS::Lambda::LayerVersion"}  # its code has to lie in a bucket before the stack is made
NOT_READ = {
    ("AWS::KMS::Key", "/PendingWindowInDays"): "write_only",
    ("AWS::Lambda::Function", "/Code/ZipFile"): "write_only",
    ("AWS::Lambda::Function", "/RecursiveLoop"): "no_reader",
    ("AWS::Lambda::Function", "/RuntimeManagementConfig/UpdateRuntimeOn"): "no_reader",
    ("AWS::RDS::DBInstance", "/MasterUserPassword"): "unresolved",
    ("AWS::SNS::Topic", "/DataProtectionPolicy"): "no_reader",
    ("AWS::SNS::Topic", "/DeliveryStatusLogging"): "no_reader",
    ("AWS::SecretsManager::ResourcePolicy", "/BlockPublicPolicy"): "write_only",
    ("AWS::SecretsManager::Secret", "/GenerateSecretString/ExcludeCharacters"): "write_only",
    ("AWS::SecretsManager::Secret", "/GenerateSecretString/GenerateStringKey"): "write_only",
    ("AWS::SecretsManager::Secret", "/GenerateSecretString/PasswordLength"): "write_only",
    ("AWS::SecretsManager::Secret", "/GenerateSecretString/SecretStringTemplate"): "write_only",
    ("AWS::SecretsManager::SecretTargetAttachment", "/TargetId"): "write_only",
    ("AWS::SecretsManager::SecretTargetAttachment", "/TargetType"): "write_only",
}


WIDE_TYPES = {resource["Type"] for resource in WIDE["Resources"].values()}


def test_every_type_that_is_completed_is_deployed_and_read() -> None:
    """The wide template has the types of one kind of stack; the stacks of the readers' tests have the others."""
    stacks = {resource.resource_type for path in STACKS for resource in load_template(path).resources}
    assert set(HANDLERS) - WIDE_TYPES - stacks == NOT_DEPLOYED
    assert WIDE_TYPES - {resource_type for resource_type in WIDE_TYPES if resource_type.startswith("Custom::")} <= {
        *READERS,
        *HANDLERS,
    }


def test_every_resource_is_seen_and_no_property_differs(wide: Mapping[str, ResourceProof]) -> None:
    differences = [(name, difference) for name, proof in wide.items() for difference in proof.differences]
    assert differences == []
    coverage = Coverage.of(tuple(wide.values()))
    assert coverage.resources_proven == coverage.resources_total == len(WIDE["Resources"]) - 2
    assert coverage.custom_resources == 2


def test_what_is_not_proven_has_exactly_the_known_reasons(wide: Mapping[str, ResourceProof]) -> None:
    found = {
        (str(proof.location.resource_type), unproven.path): unproven.reason.value
        for proof in wide.values()
        if not proof.custom
        for unproven in proof.unproven
    }
    assert {key: reason for key, reason in found.items() if reason != "not_emulated"} == NOT_READ
    assert all(is_gap(*key) for key, reason in found.items() if reason == "not_emulated")


@pytest.mark.parametrize(("resource_type", "pointer"), sorted(gap for gap in GAPS if gap[0] in WIDE_TYPES))
def test_a_gap_is_still_one(resource_type: str, pointer: str, wide: Mapping[str, ResourceProof]) -> None:
    """Fails when the emulator learns the property: then its row has to go."""
    unproven = {
        unproven.path
        for proof in wide.values()
        if proof.location.resource_type == resource_type
        for unproven in proof.unproven
        if unproven.reason.value == "not_emulated"
    }
    assert any(path == pointer or path.startswith(f"{pointer}/") for path in unproven), "the emulator has learnt it"


def test_a_gap_covers_what_is_below_it_and_nothing_else() -> None:
    assert is_gap("AWS::Lambda::Function", "/DeadLetterConfig/TargetArn")
    assert not is_gap("AWS::Lambda::Function", "/DeadLetter")
    assert not is_gap("AWS::SQS::Queue", "/DeadLetterConfig")


ABSENT = {
    "AWS::CloudWatch::Alarm": ("nothing", {}),
    "AWS::EC2::EIP": ("192.0.2.1", {}),
    "AWS::EC2::FlowLog": ("fl-1", {}),
    "AWS::EC2::InternetGateway": ("igw-1", {}),
    "AWS::EC2::NatGateway": ("nat-1", {}),
    "AWS::EC2::Route": ("rtb-1|0.0.0.0/0", {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0"}),
    "AWS::EC2::RouteTable": ("rtb-1", {}),
    "AWS::EC2::SecurityGroup": ("sg-12345678", {}),
    "AWS::EC2::SecurityGroupEgress": ("sgr-1", {}),
    "AWS::EC2::SecurityGroupIngress": ("", {"GroupId": "sg-12345678"}),
    "AWS::EC2::Subnet": ("subnet-1", {}),
    "AWS::EC2::SubnetRouteTableAssociation": ("rtbassoc-1", {}),
    "AWS::EC2::VPC": ("vpc-1", {}),
    "AWS::EC2::VPCGatewayAttachment": ("IGW|vpc-1", {"InternetGatewayId": "igw-1", "VpcId": "vpc-1"}),
    "AWS::IAM::ManagedPolicy": ("arn:aws:iam::123456789012:policy/nothing", {}),
    "AWS::IAM::Policy": ("nothing", {"PolicyName": "nothing", "Roles": ["nobody"]}),
    "AWS::IAM::Role": ("nothing", {}),
    "AWS::KMS::Alias": ("alias/nothing", {}),
    "AWS::KMS::Key": ("11111111-2222-3333-4444-555555555555", {}),
    "AWS::Kinesis::Stream": ("nothing", {}),
    "AWS::Lambda::EventSourceMapping": ("11111111-2222-3333-4444-555555555555", {}),
    "AWS::Lambda::Function": ("nothing", {}),
    "AWS::Lambda::Permission": ("nothing", {"FunctionName": "nothing"}),
    "AWS::Logs::LogGroup": ("nothing", {}),
    "AWS::RDS::DBInstance": ("nothing", {}),
    "AWS::RDS::DBParameterGroup": ("nothing", {}),
    "AWS::RDS::DBSubnetGroup": ("nothing", {}),
    "AWS::SNS::Subscription": ("arn:aws:sns:us-east-1:123456789012:nothing:1", {}),
    "AWS::SNS::Topic": ("arn:aws:sns:us-east-1:123456789012:nothing", {}),
    "AWS::SNS::TopicPolicy": ("x", {"Topics": ["arn:aws:sns:us-east-1:123456789012:nothing"]}),
    "AWS::SQS::Queue": ("http://127.0.0.1/123456789012/nothing", {}),
    "AWS::SQS::QueuePolicy": ("x", {"Queues": ["http://127.0.0.1/123456789012/nothing"]}),
    "AWS::SecretsManager::ResourcePolicy": ("nothing", {"SecretId": "nothing"}),
    "AWS::SecretsManager::Secret": ("nothing", {}),
    "AWS::SecretsManager::SecretTargetAttachment": ("nothing", {}),
}


@pytest.mark.parametrize("resource_type", sorted(ABSENT))
def test_what_does_not_exist_is_none(resource_type: str, target: MotoTarget) -> None:
    """The services' own codes for "not found", as the emulator answers them."""
    physical_id, expected = ABSENT[resource_type]
    assert READERS[resource_type](request(resource_type, physical_id, target.client, **expected)) is None  # type: ignore[arg-type]


def test_custom_resources_are_there_at_once(wide: Mapping[str, ResourceProof]) -> None:
    assert {name for name, proof in wide.items() if proof.custom} == {"Custom", "Other"}
    assert wide["Custom"].physical_id
    assert wide["Custom"].status is DriftStatus.NOT_CHECKED
