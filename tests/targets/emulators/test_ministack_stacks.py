"""The twenty stacks on MiniStack: no false difference, and each row of its tables is still about something."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.proof.prover import prove_stack
from stackproof.readers import READERS
from stackproof.targets.aws import AwsTarget
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.ministack_gaps import GAPS, NOT_TO_BE_FOUND, is_gap
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.loading.template import load_template
from tests.live_fakes import lone_prover
from tests.readers.deployed import STACKS

SCHEMAS = CfnLintSchemas()
REFUSED = {"names": "HostedZoneId or HostedZoneName is required"}
"""Stacks that it does not take as a whole: a record set with the name of its zone is none to it."""

Proofs = Mapping[str, tuple[ResourceProof, ...]]


def proven(path: Path, target: Target, name: str) -> tuple[ResourceProof, ...]:
    template = load_template(path, name=path.name, stack_name=name)
    prover = lone_prover(
        template=template,
        deployment=target.deploy(Stack(name=name, template=template)),
        target=target,
        readers=READERS,
        schemas=SCHEMAS,
    )
    found = prove_stack(prover, jobs=4)
    assert [notification.message for notification in prover.notifications] == []
    return found


@pytest.fixture(scope="module")
def proofs(ministack: OwnedProcess) -> Proofs:
    target = MiniStackTarget(ministack.endpoint_url, region="eu-north-1")
    return {path.stem: proven(path, target, path.stem.replace("_", "-")) for path in STACKS if path.stem not in REFUSED}


def test_no_property_of_any_stack_differs(proofs: Proofs) -> None:
    every = [proof for found in proofs.values() for proof in found]
    assert [(proof.location.logical_id, difference) for proof in every for difference in proof.differences] == []
    assert {proof.status for proof in every} == {DriftStatus.IN_SYNC, DriftStatus.NOT_CHECKED}
    assert sum(proof.is_proven for proof in every) > 120


def test_what_is_not_emulated_of_a_resource_that_is_there_has_a_row(proofs: Proofs) -> None:
    found = dropped(proofs)
    assert found
    assert {gap for gap in found if not is_gap(*gap)} == set()


def test_each_row_is_still_a_gap(
    proofs: Proofs, wide_on_ministack: tuple[Deployment, Mapping[str, ResourceProof]]
) -> None:
    """Fails when the emulator learns the property: then its row has to go."""
    found = dropped({**proofs, "wide": tuple(wide_on_ministack[1].values())})
    learnt = {
        (kind, pointer)
        for kind, pointer in GAPS
        if not any(
            kind == found_type and (path == pointer or path.startswith(f"{pointer}/")) for found_type, path in found
        )
    }
    assert learnt == set()


def dropped(proofs: Proofs) -> frozenset[tuple[str, str]]:
    return frozenset(
        (str(proof.location.resource_type), unproven.path)
        for found in proofs.values()
        for proof in found
        if proof.is_proven
        for unproven in proof.unproven
        if unproven.reason is UnprovenReason.NOT_EMULATED
    )


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_stack_that_it_refuses_is_still_refused(name: str, ministack: OwnedProcess) -> None:
    [path] = (stack for stack in STACKS if stack.stem == name)
    with pytest.raises(Exception, match=REFUSED[name]):
        proven(path, MiniStackTarget(ministack.endpoint_url, region="eu-north-1"), name)


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        ("AWS::ApiGateway::RequestValidator", "rest_api"),
        ("AWS::ApiGatewayV2::Route", "http_api"),
        ("AWS::ECS::Service", "containers"),
        ("AWS::IAM::InstanceProfile", "people"),
    ],
)
def test_what_cannot_be_found_still_cannot(resource_type: str, name: str, ministack: OwnedProcess) -> None:
    """Deployed as to any endpoint, where these tables do not count."""
    assert len(NOT_TO_BE_FOUND) == 4
    [path] = (stack for stack in STACKS if stack.stem == name)
    target = AwsTarget(endpoint_url=ministack.endpoint_url, region="eu-west-3")
    found = proven(path, target, name.replace("_", "-"))
    of_type = [proof.status for proof in found if proof.location.resource_type == resource_type]
    assert of_type == [DriftStatus.DELETED]
