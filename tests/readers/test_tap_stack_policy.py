"""The whole proof of TapStack on the emulator under the policy that `stackproof iam-policy` prints for it."""

from __future__ import annotations

from pathlib import Path

from stackproof.calls.iam_action import gives_secret, only_reads
from stackproof.calls.log import CallKind
from stackproof.calls.recorder import CallRecorder
from stackproof.config.settings import load_settings
from stackproof.core.json import canonical
from stackproof.proof.permissions import MANAGED_POLICY_SIZE, Purpose
from stackproof.proof.prover import prove_stack
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.live import readers, schemas
from stackproof.wiring.permissions import required_permissions
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.live_fakes import lone_prover

ROOT = Path(__file__).parents[2]


def test_every_call_of_the_proof_is_allowed_by_its_policy_which_changes_nothing(moto: OwnedProcess) -> None:
    project = Project(settings=load_settings(ROOT))
    (stack,) = synthesize(project, {}).stacks
    # A separate region: the stacks of the other tests are none of its business.
    deploying = MotoTarget(moto.endpoint_url, region="us-west-2")
    deploying.deploy(stack)
    recorder = CallRecorder()
    target = MotoTarget(moto.endpoint_url, region="us-west-2", calls=recorder)
    deployment = target.deployment(stack.name)
    prover = lone_prover(
        template=stack.template,
        deployment=deployment,
        target=target,
        readers=readers(target, deployment),
        schemas=schemas(),
    )
    proofs = prove_stack(prover, jobs=2)
    assert all(proof.is_proven or proof.custom for proof in proofs)

    allowed = required_permissions(project, [stack], Purpose.PROVE)
    log = recorder.log()
    assert {count.kind for count in log.counts} == {CallKind.READ}
    assert {count.action for count in log.counts if not allowed.allows(count.action)} == set()
    assert [action for action in allowed.actions if not only_reads(action) or gives_secret(action)] == []
    assert (allowed.refused, allowed.unknown, allowed.unlisted) == ({}, (), ())
    assert len(canonical(allowed.document())) <= MANAGED_POLICY_SIZE
