"""The whole audit of TapStack, and its deployment, under the policies that `stackproof iam-policy` prints for them."""

from __future__ import annotations

import json
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from stackproof.calls.iam_action import gives_secret, only_reads
from stackproof.calls.log import CallKind
from stackproof.calls.recorder import CallRecorder
from stackproof.config.settings import load_settings
from stackproof.core.json import canonical
from stackproof.core.notification import Level
from stackproof.deployment.ephemeral import ephemeral
from stackproof.deployment.ephemeral_stack import EPHEMERAL
from stackproof.drift.audit.unmanaged import parse_scope
from stackproof.proof.permissions import Purpose
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.wiring.auditing import AuditOptions, audit_stacks
from stackproof.wiring.permissions import required_permissions
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize

ROOT = Path(__file__).parents[2]
ASKED_OF_EMULATORS = {"cloudformation:ValidateTemplate"}  # which types they know; an account knows all
MADE_BY_CDK_BOOTSTRAP: Final = {"s3:CreateBucket", "ssm:PutParameter"}
"""What an emulator has to be given first; an account has it."""


def test_every_call_of_the_audit_is_allowed_by_its_policy_which_changes_nothing(moto: OwnedProcess) -> None:
    project = Project(settings=load_settings(ROOT))
    assembly = synthesize(project, {})
    [stack] = assembly.stacks
    MotoTarget(moto.endpoint_url, region="ca-central-1").deploy(stack)
    target = MotoTarget(moto.endpoint_url, region="ca-central-1", calls=project.calls)
    scopes = tuple(parse_scope(name) for name in ("tag:Project=tap", "prefix:TapStack"))
    report = audit_stacks(
        project, target, AuditOptions(on=date(2026, 12, 1), native=True, scopes=scopes), assembly=assembly
    )
    # Moto has no detection of drift, which is reported; all else is read.
    errors = [notification.message for notification in report.notifications if notification.level is Level.ERROR]
    assert [error for error in errors if "own detection did not answer" not in error] == []
    # Identities are of all regions: other tests deploy TapStack elsewhere in this account.
    assert {str(difference.location.resource_type).split("::")[1] for difference in report.differences} <= {"IAM"}

    allowed = required_permissions(project, [stack], Purpose.DRIFT)
    log = project.calls.log()
    assert {count.kind for count in log.counts} == {CallKind.READ}
    assert {count.action for count in log.counts if not allowed.allows(count.action)} == set()
    assert {"tag:GetResources", "cloudformation:DetectStackDrift", "lambda:GetPolicy"} <= {
        count.action for count in log.counts
    }
    assert [action for action in allowed.actions if not only_reads(action) or gives_secret(action)] == []
    assert (allowed.refused, allowed.unknown, allowed.unlisted) == ({}, (), ())
    on = {action: statement.resources for statement in allowed.statements for action in statement.actions}
    assert all(action.endswith(f":stack/{stack.name}/*") for action in on["cloudformation:DetectStackDrift"])


def test_every_call_of_an_ephemeral_life_is_allowed_by_the_policy_for_deploying(moto: OwnedProcess) -> None:
    project = Project(settings=load_settings(ROOT))
    [stack] = synthesize(project, {}).stacks
    recorder = CallRecorder()
    target = MotoTarget(moto.endpoint_url, region="ca-west-1", calls=recorder)
    [made] = ephemeral([stack], f"{EPHEMERAL}-1").stacks
    target.deploy(made)
    target.deploy(made)
    target.destroy(made.name, empty=True)
    allowed = required_permissions(project, [stack], Purpose.DEPLOY, region="ca-west-1", account="123456789012")
    called = {count.action for count in recorder.log().counts} - MADE_BY_CDK_BOOTSTRAP - ASKED_OF_EMULATORS
    assert {"cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"} <= called
    assert {action for action in called if not allowed.allows(action)} == set()
    on = {action: statement.resources for statement in allowed.statements for action in statement.actions}
    arn = f"arn:aws:cloudformation:ca-west-1:123456789012:stack/{made.name}/1"
    assert any(fnmatch(arn, action) for action in on["cloudformation:DeleteStack"])
    # A flow of data through an account, as targets/aws_flow.py calls it.
    for action in ("kinesis:ListShards", "kinesis:PutRecord", "cloudwatch:SetAlarmState", "sns:Subscribe"):
        assert allowed.allows(action), action
    assert json.loads(canonical(allowed.document()))["Version"] == "2012-10-17"
