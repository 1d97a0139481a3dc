"""Unmanaged resources of a fleet: whose ids count where, and a notification for an unreadable account or region."""

from __future__ import annotations

from stackproof.calls.log import CallCount, CallKind, CallLog
from stackproof.core.notification import Level, Notification
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.unmanaged import Unmanaged, parse_scope
from stackproof.drift.fleet.run import FleetRun, WorkerFailure
from stackproof.drift.fleet.scopes import scope_tasks, unmanaged_of, unmanaged_text
from stackproof.drift.fleet.task import AccountRegion, Failure, FleetTask, TaskResult
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.template.location import Location
from tests.memory_fakes import unmanaged

HERE = AccountRegion(account="123456789012", region="eu-west-1")
THERE = AccountRegion(account="123456789012", region="us-east-1")
CALLS = CallLog(counts=(CallCount(target="aws", service="sqs", operation="ListQueues", kind=CallKind.READ, count=2),))
SCOPES = [parse_scope(name) for name in ("tag:app=tap", "prefix:Net")]


def seen(
    kind: str | None, physical_id: str | None, status: DriftStatus = DriftStatus.IN_SYNC, *, custom: bool = False
) -> ResourceProof:
    location = Location(logical_id=physical_id, resource_type=kind)
    return ResourceProof(location=location, physical_id=physical_id, status=status, custom=custom)


def done(*found: tuple[AccountRegion, tuple[ResourceProof, ...]]) -> FleetRun:
    run = FleetRun()
    for number, (account_region, proofs) in enumerate(found):
        audit = StackAudit(
            stack_name=f"S{number}",
            stack_id="",
            account=account_region.account,
            region=account_region.region,
            stack_status="",
            proofs=proofs,
        )
        run = run.with_result(
            FleetTask(account_region=account_region, stack_names=(audit.stack_name,)), TaskResult(audits=(audit,))
        )
    return run


def test_a_place_has_the_types_and_the_ids_of_its_own_stacks() -> None:
    run = done(
        (THERE, (seen("AWS::SQS::Queue", "q-there"),)),
        (HERE, (seen("AWS::SQS::Queue", "q"), seen("AWS::SNS::Topic", "gone", DriftStatus.DELETED))),
        (HERE, (seen("AWS::Logs::LogGroup", None), seen("Custom::Thing", "c", custom=True), seen(None, "x"))),
    )
    here, there = scope_tasks(run, SCOPES)
    assert (here.account_region, there.account_region) == (HERE, THERE)
    assert here.scopes == (("prefix", "Net"), ("tag", "app=tap"))
    assert here.resource_types == ("AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SQS::Queue")
    assert here.managed == (("AWS::SQS::Queue", "q"),)
    assert there.managed == (("AWS::SQS::Queue", "q-there"),)
    assert scope_tasks(run, []) == ()


def test_what_every_region_lists_may_be_of_a_stack_of_any_region_of_the_account() -> None:
    other = AccountRegion(account="2", region="eu-west-1")
    role = seen("AWS::IAM::Role", "r")
    run = done((THERE, (role,)), (HERE, (seen("AWS::S3::Bucket", "b"),)), (other, (seen("AWS::SQS::Queue", "q"),)))
    managed = {task.account_region: task.managed for task in scope_tasks(run, SCOPES)}
    both = (("AWS::IAM::Role", "r"), ("AWS::S3::Bucket", "b"))
    assert managed == {HERE: both, THERE: both, other: (("AWS::SQS::Queue", "q"),)}


def test_what_was_found_comes_back_with_its_place_and_its_calls() -> None:
    found = Unmanaged(
        differences=(unmanaged("q-1"),),
        listed=3,
        looked_at=((HERE.account, HERE.region, "AWS::SQS::Queue"),),
        notifications=(Notification(level=Level.WARNING, message="--scope: these types cannot be listed"),),
        account=HERE.account,
        region=HERE.region,
        is_whole=True,
    )
    result = unmanaged_of(HERE, unmanaged_text(found, CALLS))
    read = result.unmanaged
    (notification,) = read.notifications
    assert notification.message == "123456789012/eu-west-1: --scope: these types cannot be listed"
    assert (read.differences, read.listed, read.looked_at) == (found.differences, 3, found.looked_at)
    assert (read.account, read.region, read.is_whole) == (HERE.account, HERE.region, True)
    assert result.calls.reads == 2


def test_a_place_that_told_nothing_is_an_error_and_not_whole() -> None:
    why = Failure(reason=UnprovenReason.DENIED, detail="no")
    for result, detail, reads in (
        (WorkerFailure(detail="its worker ended"), "its worker ended", 0),
        (unmanaged_text(why, CALLS), "no", 2),
    ):
        found = unmanaged_of(HERE, result)
        read = found.unmanaged
        (notification,) = read.notifications
        assert (notification.level, read.is_whole, read.looked_at) == (Level.ERROR, False, ())
        assert notification.message.startswith(
            "123456789012/eu-west-1: --scope: unmanaged resources were not checked: "
        )
        assert notification.message.endswith(detail)
        assert found.calls.reads == reads
