"""One emulator for all tests of this folder in one process, and each stack of `stacks/` on it once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stackproof.proof.observation import ResourceProof
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.repeating import Retries
from stackproof.template.assembly import Stack
from stackproof.template.loading.template import load_template
from tests.emulators import measured_moto
from tests.readers.deployed import STACKS, Calls, Deployed

_FEW = Retries(attempts=2)
"""Where the emulator breaks, asking again does not help."""
_OTHER = "arn:aws:iam::222222222222:role/other"
"""A role in another account; the emulator lets anyone assume one that it does not know."""
_THIRD = "arn:aws:iam::333333333333:role/other"


@pytest.fixture(scope="session")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    process = measured_moto(tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@pytest.fixture(scope="session", params=STACKS, ids=lambda path: path.stem)
def deployed(request: pytest.FixtureRequest, moto: OwnedProcess) -> Deployed:
    """Each stack in turn, which no test changes."""
    return _deployed(request.param, MotoTarget(moto.endpoint_url, retries=_FEW))


@pytest.fixture
def tampered_with(deployed: Deployed, moto: OwnedProcess) -> Deployed:
    """The same stack in a third account, to be changed: a worker may come back to the tests of this one."""
    return _in_account_of(_THIRD, deployed, moto)


@pytest.fixture
def removed(deployed: Deployed, moto: OwnedProcess) -> Deployed:
    """The same stack in another account, to take it to pieces."""
    return _in_account_of(_OTHER, deployed, moto)


def _in_account_of(role_arn: str, deployed: Deployed, moto: OwnedProcess) -> Deployed:
    [path] = (stack for stack in STACKS if stack.stem == deployed.name)
    return _deployed(path, MotoTarget(moto.endpoint_url, role_arn=role_arn, retries=_FEW))


def _deployed(path: Path, target: MotoTarget) -> Deployed:
    name = path.stem
    template = load_template(path, name=f"{name}.yaml", stack_name=name)
    deployment = target.deploy(Stack(name=name, template=template))
    return Deployed(name=name, template=template, deployment=deployment, target=target)


@pytest.fixture(scope="session")
def proofs(deployed: Deployed) -> Mapping[str, ResourceProof]:
    """The verdicts on the stack as it was deployed."""
    return deployed.proofs()


@pytest.fixture(scope="session")
def calls(deployed: Deployed) -> Calls:
    """What reading the stack's resources calls, one by one."""
    return deployed.calls()
