"""Stacks beside the audited one, in its region and in another, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stackproof.drift.audit.unmanaged import parse_scope, unmanaged
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.live import catalog, listings
from tests.drift.conftest import auditor_of
from tests.live_fakes import stack

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


ROLE = {"Role": resource("IAM::Role", RoleName="beside-role", AssumeRolePolicyDocument=TRUST)}
GRANTS = {
    "Grant": resource("IAM::Policy", PolicyName="beside-grant", PolicyDocument=DOCUMENT, Roles=[{"Ref": "Whose"}]),
}


@pytest.fixture
def target(moto: OwnedProcess) -> Iterator[MotoTarget]:
    made = MotoTarget(moto.endpoint_url)
    made.deploy(stack({"Resources": ROLE}, name="Beside"))
    yield made
    made.destroy("Beside")


def grants() -> Any:
    parameters = {"Whose": {"Type": "String", "Default": "beside-role"}}
    return stack({"Parameters": parameters, "Resources": GRANTS}, name="BesideGrants")


def found(target: MotoTarget) -> list[tuple[str, str]]:
    [audit] = auditor_of(target).audited(["Beside"]).audits
    assert audit.unread == ()
    return [(str(difference.child_type), difference.detail) for difference in audit.differences]


def test_policies_that_another_stack_of_the_region_puts_on_a_role_are_no_drift(target: MotoTarget) -> None:
    target.deploy(grants())
    assert found(target) == []
    with target.writing("tampering"):
        target.client("iam").attach_role_policy(
            RoleName="beside-role", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
    [(kind, detail)] = found(target)
    assert kind == "AWS::IAM::ManagedPolicy"
    assert detail == "no stack of us-east-1 declares it; stacks of other regions were not read"
    with target.writing("tampering"):
        target.client("iam").detach_role_policy(
            RoleName="beside-role", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        )
    target.destroy("BesideGrants")


def test_policies_of_a_stack_of_another_region_are_an_alarm_that_says_who_was_not_asked(
    moto: OwnedProcess, target: MotoTarget
) -> None:
    west = MotoTarget(moto.endpoint_url, region="eu-west-1")
    west.deploy(grants())
    detail = "no stack of us-east-1 declares it; stacks of other regions were not read"
    assert found(target) == [("AWS::IAM::RolePolicy", detail)]
    west.destroy("BesideGrants")


def test_a_role_or_a_bucket_of_a_stack_of_another_region_is_not_called_unmanaged(moto: OwnedProcess) -> None:
    east, west = MotoTarget(moto.endpoint_url), MotoTarget(moto.endpoint_url, region="eu-west-1")
    role = resource("IAM::Role", RoleName="region-west", AssumeRolePolicyDocument=TRUST)
    west.deploy(stack({"Resources": {"Role": role, "Bucket": resource("S3::Bucket", BucketName="region-west-b")}}))
    with east.writing("making what is in no stack"):
        east.client("s3").create_bucket(Bucket="region-east-b")
    seen = unmanaged(
        [parse_scope("prefix:region-")],
        ["AWS::IAM::Role", "AWS::S3::Bucket"],
        managed=lambda _: False,
        listings=listings(),
        target=east,
        catalog=catalog(east),
    )
    assert [difference.physical_id for difference in seen.differences] == ["region-east-b"]
    said = (
        "--scope: 1 of AWS::IAM::Role are in no stack of us-east-1 and may be in a stack of another region, "
        "which was not read: "
    )
    assert [notification.message for notification in seen.notifications] == [f"{said}region-west"]
    west.destroy("Net")
    with east.writing("taking it away"):
        east.client("s3").delete_bucket(Bucket="region-east-b")
