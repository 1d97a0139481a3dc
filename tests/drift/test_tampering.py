"""Declared properties on whole stacks: the audit names what the proof names, and nothing on an untouched stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.difference import DriftOrigin
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.template.assembly import Stack
from stackproof.template.loading.template import load_template
from stackproof.wiring.live import readers, schemas
from tests.drift.conftest import auditor_of
from tests.live_fakes import lone_prover
from tests.readers.deployed import STACKS
from tests.readers.tampering import TAMPERED


def audit(target: MotoTarget, name: str) -> StackAudit:
    found: AuditedStacks = auditor_of(target).audited([name])
    assert found.notifications == ()
    [audit] = found.audits
    return audit


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_an_untouched_stack_is_in_sync_and_each_tampering_is_named_and_nothing_else(
    moto: OwnedProcess, path: Path
) -> None:
    """In a separate region, put back by deploying the stack anew."""
    name = path.stem
    target = MotoTarget(moto.endpoint_url)
    stack = Stack(name=name, template=load_template(path, name=f"{name}.yaml", stack_name=name))
    deployment = target.deploy(stack)
    untouched = audit(target, name)
    assert untouched.differences == ()
    assert untouched.status is DriftStatus.IN_SYNC
    assert untouched.is_complete
    rows = TAMPERED.get(name, ())
    found_by = readers(target, deployment)
    prover = lone_prover(
        template=stack.template, deployment=deployment, target=target, readers=found_by, schemas=schemas()
    )
    for row in rows:
        parameters = prover.resolved(row.parameters)
        assert isinstance(parameters, Mapping)
        with target.writing("tampering"):
            getattr(target.client(row.service), row.operation)(**parameters)
    found = audit(target, name).differences
    assert sorted(
        (difference.location.logical_id or "", difference.path) for difference in found if difference.path
    ) == sorted((row.logical_id, row.path) for row in rows if row.path != "*")
    gone = [difference for difference in found if not difference.path]
    assert sorted(str(difference.location.logical_id) for difference in gone) == sorted(
        row.logical_id for row in rows if row.path == "*"
    )
    assert {difference.origin for difference in gone} <= {DriftOrigin.DELETED}
    target.destroy(name)


def test_there_are_forty_kinds_of_tampering() -> None:
    assert sum(len(member) for member in TAMPERED.values()) >= 40
