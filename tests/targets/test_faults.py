"""Faults on the way to the account: the verdict is the same, or says what it is missing; it is never another one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.prover import prove_stack
from stackproof.proof.report import ProveReport
from stackproof.readers import READERS
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.repeating import Retries
from stackproof.template.assembly import Stack
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.live_fakes import lone_prover, stack
from tests.targets.faults import THREE_IN_TEN, faulty, fired
from tests.targets.wide_template import WIDE

REGION: Final = "us-west-2"
SCHEMAS: Final = CfnLintSchemas()
QUICK: Final = Retries(delay=0.001, read_timeout=5.0, slow_read_timeout=5.0, silence=0.0)
Proofs = tuple[ResourceProof, ...]


@pytest.fixture(scope="module")
def moto(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedProcess]:
    """One of this module alone: the wide stack has identities of fixed names, of which an account has one each."""
    process = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    yield process
    process.stop()


@pytest.fixture(scope="module")
def deployed(moto: OwnedProcess) -> Stack:
    made = stack(WIDE, name="Faulty")
    MotoTarget(moto.endpoint_url, region=REGION).deploy(made)
    return made


def proven(made: Stack, target: MotoTarget, *, jobs: int = 8, retry_policy: RetryPolicy | None = None) -> Proofs:
    """The verdict on the stack, found and read through the target."""
    prover = lone_prover(
        template=made.template,
        deployment=target.deployment(made.name),
        target=target,
        readers=READERS,
        schemas=SCHEMAS,
        retry_policy=retry_policy or RetryPolicy(delay=0.01, sleep=lambda _: None),
    )
    proofs = prove_stack(prover, jobs=jobs)
    assert [notification.message for notification in prover.notifications] == []
    return proofs


def through(url: str, *, retries: Retries = QUICK) -> MotoTarget:
    """The emulator by another URL."""
    return MotoTarget(url, region=REGION, retries=retries)


@pytest.fixture(scope="module")
def undisturbed(moto: OwnedProcess, deployed: Stack) -> Proofs:
    proofs = proven(deployed, through(moto.endpoint_url))
    assert [proof.location for proof in proofs if proof.differences] == []
    assert sum(proof.is_proven for proof in proofs) >= 40
    return proofs


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_in_three_of_ten_calls_change_nothing(
    seed: int, moto: OwnedProcess, deployed: Stack, undisturbed: Proofs
) -> None:
    with faulty(moto.endpoint_url, THREE_IN_TEN, seed=seed) as url:
        assert proven(deployed, through(url)) == undisturbed
        injected = fired(url)
    assert len(injected) >= 20
    kinds = {fault.partition("(")[0] for fault in injected}
    assert any("Throttling" in kind for kind in kinds), kinds
    assert any("reset" in kind for kind in kinds), kinds


def test_a_service_that_refuses_costs_its_own_properties_and_no_others(
    moto: OwnedProcess, deployed: Stack, undisturbed: Proofs
) -> None:
    rules = [{"service": "kms", "error": {"code": "AccessDeniedException", "status": 400}}]
    with faulty(moto.endpoint_url, rules, seed=1) as url:
        proofs = proven(deployed, through(url))
    for before, after in zip(undisturbed, proofs, strict=True):
        if str(after.location.resource_type).startswith("AWS::KMS::"):
            assert {unproven.reason.value for unproven in after.unproven} == {"denied"}
            assert (after.proven, after.differences) == ((), ())
        else:
            assert after == before
    assert sum(proof.status is DriftStatus.NOT_CHECKED for proof in proofs) >= 1
    assert ProveReport(target="endpoint", proofs=proofs).exit_code == 3


@pytest.mark.usefixtures("processes")
def test_a_target_that_dies_in_mid_run_ends_the_run_which_names_what_it_did_not_verify(tmp_path: Path) -> None:
    process = start_moto(os.getpid(), tmp_path)
    try:
        made = stack(WIDE, name="Dying")
        MotoTarget(process.endpoint_url, region=REGION).deploy(made)
        target = through(process.endpoint_url)
        calls: list[str] = []
        dies_after(target, 24, calls, process.stop)
        slept: list[float] = []
        proofs = proven(made, target, retry_policy=RetryPolicy(sleep=slept.append))
    finally:
        process.stop()
    report = ProveReport(target="endpoint", proofs=proofs)
    assert report.exit_code == 3
    seen = {proof.location.logical_id for proof in proofs if proof.status is DriftStatus.IN_SYNC}
    left = {proof.location.logical_id for proof in proofs if proof.status is DriftStatus.NOT_CHECKED}
    assert seen
    assert left
    assert seen | left == {resource.logical_id for resource in made.template.resources}
    assert [difference for proof in proofs for difference in proof.differences] == []
    named = [
        unproven
        for proof in proofs
        if proof.location.logical_id in left
        for unproven in proof.unproven
        if not unproven.path
    ]
    assert {unproven.reason.value for unproven in named} - {"not_emulated", "no_reader"} == {"unreachable"}
    assert any("taken for dead" in unproven.detail for unproven in named)
    services = {call.split(".")[1] for call in calls}
    assert len(calls) < 24 + 8 * QUICK.attempts + len(services), "each service may show once that it lives"
    assert len(slept) < 2 * len(left)


def dies_after(target: MotoTarget, number: int, calls: list[str], die: Callable[[], None]) -> None:
    """Count what is sent to the target from here on, and end it once it has had so many calls."""
    make = target.client
    hooked: set[str] = set()

    def sent(event_name: str, **_: Any) -> None:
        calls.append(event_name)
        if len(calls) == number:
            die()

    def client(service: str) -> Any:
        made = make(service)
        if service not in hooked:
            hooked.add(service)
            made.meta.events.register_last("before-send", sent)
        return made

    target.client = client  # type: ignore[method-assign]
