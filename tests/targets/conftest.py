"""One emulator for all tests of this folder in one process, and the wide stack on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy

import pytest

from stackproof.deployment.deployment import Deployment
from stackproof.proof.observation import ResourceProof
from stackproof.proof.prover import prove_stack
from stackproof.readers import READERS
from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.emulators import measured_ministack, measured_moto
from tests.live_fakes import lone_prover, stack
from tests.targets.wide_template import WIDE


@pytest.fixture(scope="session")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = measured_moto(tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def target(moto: OwnedProcess) -> MotoTarget:
    return MotoTarget(moto.endpoint_url)


@pytest.fixture(scope="session")
def wide(moto: OwnedProcess) -> Mapping[str, ResourceProof]:
    """The proofs of the wide stack in a separate region, by logical id."""
    where = MotoTarget(moto.endpoint_url, region="eu-central-1")
    made = stack(WIDE, name="Wide")
    prover = lone_prover(
        template=made.template,
        deployment=where.deploy(made),
        target=where,
        readers=READERS,
        schemas=CfnLintSchemas(),
    )
    proofs = {str(proof.location.logical_id): proof for proof in prove_stack(prover)}
    assert prover.notifications == ()
    return proofs


@pytest.fixture(scope="session")
def ministack(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = measured_ministack(tmp_path_factory.mktemp("ministack"))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def wide_on_ministack(ministack: OwnedProcess) -> tuple[Deployment, Mapping[str, ResourceProof]]:
    """The wide stack in a separate region, and its proofs by logical id."""
    given = deepcopy(WIDE)
    given["Resources"]["SubnetA"]["Properties"]["CidrBlock"] = "10.0.0.0/24"  # its VPC does not give its block away
    where = MiniStackTarget(ministack.endpoint_url, region="eu-central-1")
    made = stack(given, name="Wide")
    deployment = where.deploy(made)
    prover = lone_prover(
        template=made.template, deployment=deployment, target=where, readers=READERS, schemas=CfnLintSchemas()
    )
    proofs = {str(proof.location.logical_id): proof for proof in prove_stack(prover)}
    assert prover.notifications == ()
    return deployment, proofs
