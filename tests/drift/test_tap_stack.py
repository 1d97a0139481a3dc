"""TapStack as the app of this repository: deployed and untouched there is no drift, and almost all is read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from stackproof.config.settings import load_settings
from stackproof.drift.report import DriftReport
from stackproof.reporters.terminal_drift import drift_text
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.auditing import AuditOptions, audit_stacks
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

ROOT = Path(__file__).parents[2]


def test_untouched_it_is_clean_and_each_change_has_its_line(moto: OwnedProcess) -> None:
    project = Project(settings=load_settings(ROOT))
    assembly = synthesize(project, {})
    [stack] = assembly.stacks
    target = MotoTarget(moto.endpoint_url, region="us-west-2")
    deployed = target.deploy(stack)

    def look() -> DriftReport:
        return audit_stacks(project, target, AuditOptions(on=date(2026, 12, 1)), assembly=assembly)

    untouched = look()
    assert (untouched.exit_code, untouched.differences) == (0, ())
    assert untouched.coverage.resources_proven == untouched.coverage.resources_total > 50
    assert untouched.checked > 97
    [audit] = untouched.audits
    assert audit.children.looked_at == audit.children.total > 25
    assert drift_text(untouched).splitlines()[-1].startswith("drift (moto): clean; differences: none; 9")

    ids = {resource.resource_type: resource.physical_id for resource in deployed.resources}
    role = next(
        resource.physical_id for resource in deployed.resources if resource.logical_id.startswith("ProcessorRole")
    )
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with target.writing("tampering"):
        target.client("rds").modify_db_instance(
            DBInstanceIdentifier=ids["AWS::RDS::DBInstance"], BackupRetentionPeriod=1, ApplyImmediately=True
        )
        target.client("iam").put_role_policy(RoleName=role, PolicyName="extra", PolicyDocument=policy)
    report = look()
    assert report.exit_code == 1
    changed, child = sorted(report.differences, key=lambda difference: difference.origin.value, reverse=True)
    assert (changed.path, changed.actual, child.child_id) == ("/BackupRetentionPeriod", 1, "extra")
    assert str(changed.location).startswith("infra/components/database.py:")
    assert str(child.location).startswith("infra/components/processor.py:")
