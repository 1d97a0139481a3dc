"""Faults on the way to the account while it is audited: no false drift, and what was not read is named."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from stackproof.config.settings import load_settings
from stackproof.drift.audit.auditing import AuditedStacks
from stackproof.drift.audit.unmanaged import Unmanaged, parse_scope, unmanaged
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.proof.observation import DriftStatus
from stackproof.proof.observer import RetryPolicy
from stackproof.targets.emulators.moto import MotoTarget, start_moto
from stackproof.targets.emulators.owned_process import OwnedProcess
from stackproof.targets.repeating import Retries
from stackproof.wiring.auditing import AuditOptions, audit_stacks
from stackproof.wiring.live import catalog, listings
from stackproof.wiring.project import Project
from tests.drift.audited_template import AUDITED
from tests.drift.conftest import auditor_of
from tests.drift.faulty_wire import Fault, bad_wire
from tests.live_fakes import stack

QUICK: Final = Retries(delay=0.001, longest=0.01, read_timeout=5.0, slow_read_timeout=5.0, silence=0.0)
THROTTLED: Final = Fault(code="ThrottlingException")
BROKEN: Final = Fault(code="InternalFailure", status=500)
RESET: Final = Fault()
DENIED: Final = Fault(code="AccessDeniedException")
THREE_IN_TEN: Final = (
    replace(THROTTLED, share=0.08),
    replace(BROKEN, share=0.09),
    Fault(code="ServiceUnavailable", status=503, share=0.05),
    replace(RESET, share=0.10),
    Fault(held=0.05, share=0.02),
)
SCOPE: Final = "prefix:stray"
RESOURCES: Final = {
    name: resource
    for name, resource in AUDITED["Resources"].items()
    if resource["Type"].split("::")[1] not in {"EC2", "ElasticLoadBalancingV2"}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Two stacks of the same resources in one account: one is as it was deployed, the other was tampered with."""

    url: str

    def audited(self, *, url: str = "", names: Sequence[str] = ("Tampered",)) -> AuditedStacks:
        """An audit of impatient clients."""
        target = MotoTarget(url or self.url, retries=QUICK)
        return auditor_of(target, retry_policy=RetryPolicy(attempts=2, sleep=lambda _: None)).audited(names)

    def unmanaged(self, url: str, *types: str) -> Unmanaged:
        target = MotoTarget(url, retries=QUICK)
        return unmanaged(
            [parse_scope(SCOPE)],
            types,
            managed=lambda _: False,
            listings=listings(),
            target=target,
            catalog=catalog(target),
        )


@pytest.fixture(scope="module")
def account(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    process: OwnedProcess = start_moto(os.getpid(), tmp_path_factory.mktemp("moto"))
    try:
        target = MotoTarget(process.endpoint_url)
        for name in ("Untouched", "Tampered"):
            body = json.dumps({"Resources": RESOURCES}).replace("audited", name.lower())
            deployed = target.deploy(stack(json.loads(body), name=name))
        tamper(target, {resource.logical_id: resource.physical_id for resource in deployed.resources})
        yield Account(url=process.endpoint_url)
    finally:
        process.stop()


def services(audit: StackAudit, *but: str) -> list[Difference]:
    """The differences of an audit, less those of some services."""
    return [difference for difference in audit.differences if service(difference.location.resource_type) not in but]


def service(resource_type: str | None) -> str:
    return str(resource_type).split("::")[1].lower()


def report(found: AuditedStacks, beside: Unmanaged | None = None) -> DriftReport:
    """What the command makes of it."""
    differences = [difference for audit in found.audits for difference in audit.differences]
    return DriftReport(
        target="moto",
        audits=found.audits,
        differences=(*differences, *(beside.differences if beside else ())),
        notifications=(*found.notifications, *(beside.notifications if beside else ())),
    )


def tamper(target: MotoTarget, ids: Mapping[str, str]) -> None:
    """In a handful of services and in each way that there is; beside that, more topics than a page of them holds."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with target.writing("tampering"):
        target.client("kinesis").update_shard_count(
            StreamName=ids["Stream"], TargetShardCount=4, ScalingType="UNIFORM_SCALING"
        )
        target.client("sqs").set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"DelaySeconds": "30"})
        target.client("sns").subscribe(TopicArn=ids["Topic"], Protocol="email", Endpoint="nobody@example.com")
        for name in ("one", "two"):
            target.client("iam").put_user_policy(UserName=ids["Person"], PolicyName=name, PolicyDocument=policy)
        target.client("ssm").delete_parameter(Name=ids["Parameter"])
        target.client("logs").delete_log_group(logGroupName=ids["Log"])
        target.client("sqs").create_queue(QueueName="stray-queue")
        for number in range(101):
            target.client("sns").create_topic(Name=f"stray-topic-{number:03}")


@pytest.fixture(scope="module")
def undisturbed(account: Account) -> StackAudit:
    [audit] = account.audited().audits
    assert audit.is_complete
    assert len({proof.location.resource_type for proof in audit.proofs}) >= 12
    assert {difference.origin for difference in audit.differences} == {
        DriftOrigin.CHILD,
        DriftOrigin.DECLARED,
        DriftOrigin.DELETED,
        DriftOrigin.UNDECLARED,
    }
    return audit


# -- faults that pass


def command(folder: Path, url: str) -> DriftReport:
    """What `stackproof drift audit --scope …` reports in a folder, of clients that do not wait for a minute."""
    wish = AuditOptions(on=date(2026, 12, 1), scopes=(parse_scope("prefix:stray-queue"),))
    return audit_stacks(Project(settings=load_settings(folder)), MotoTarget(url, retries=QUICK), wish)


def written(report: DriftReport) -> str:
    """The report as JSON, less the number of calls."""
    return json.dumps({key: value for key, value in report.to_dict().items() if key != "calls"})


def test_faults_in_three_of_ten_calls_change_no_byte_of_the_report(tmp_path: Path, account: Account) -> None:
    before = command(tmp_path, account.url)
    assert before.exit_code == 1
    status = {audit.stack_name: audit.status for audit in before.audits}
    assert status == {"Tampered": DriftStatus.MODIFIED, "Untouched": DriftStatus.IN_SYNC}
    counted = {
        origin.value: number
        for origin, number in Counter(difference.origin for difference in before.differences).items()
    }
    assert counted == {"child": 3, "declared": 1, "deleted": 2, "undeclared": 1, "unmanaged": 1}
    with bad_wire(account.url, *THREE_IN_TEN) as wire:
        after = command(tmp_path, wire.url)
    assert wire.fired.keys() == {fault.name for fault in THREE_IN_TEN}
    assert wire.fired.total() >= 50
    assert written(after) == written(before)


# -- faults that do not end


@pytest.mark.parametrize(
    ("faulted", "fault", "reason", "unseen"),
    [
        ("sns", THROTTLED, "throttled", {"Listener", "Topic"}),
        ("iam", DENIED, "denied", {"Person", "Read", "Role", "Shared", "Team"}),
        ("logs", BROKEN, "unreachable", {"Errors", "Log"}),
        ("sqs", RESET, "unreachable", {"Queue"}),
    ],
)
def test_a_service_that_never_answers_costs_its_own_resources_and_no_others(
    faulted: str, fault: Fault, reason: str, unseen: set[str], account: Account, undisturbed: StackAudit
) -> None:
    with bad_wire(account.url, replace(fault, service=faulted)) as wire:
        found = account.audited(url=wire.url, names=("Tampered", "Untouched"))
    tampered, untouched = found.audits
    assert untouched.differences == ()
    assert list(tampered.differences) == services(undisturbed, faulted) != list(undisturbed.differences)
    for audit in found.audits:
        left = {proof.location.logical_id: proof for proof in audit.proofs if proof.status is DriftStatus.NOT_CHECKED}
        assert left.keys() == unseen
        for proof in left.values():
            assert {unproven.reason.value for unproven in proof.unproven} == {reason}
            assert "" in {unproven.path for unproven in proof.unproven}, "the resource itself is named"
        assert not audit.is_complete
    assert report(found).exit_code == 3
    assert found.notifications == ()


def test_a_stack_is_audited_also_where_its_zones_cannot_be_asked_for(account: Account, undisturbed: StackAudit) -> None:
    with bad_wire(account.url, replace(RESET, service="ec2")) as wire:
        [audit] = account.audited(url=wire.url).audits
    assert audit.differences == undisturbed.differences
    assert audit.is_complete


@pytest.mark.parametrize("fault", [THROTTLED, DENIED], ids=["throttled", "denied"])
def test_children_that_cannot_be_listed_to_the_end_are_not_looked_at(
    fault: Fault, account: Account, undisturbed: StackAudit
) -> None:
    """The list of a user's policies is given, and the first of them, which nobody declared; the second is not."""
    breaking = replace(fault, service="iam", operation="GetUserPolicy", after=1)
    with bad_wire(account.url, breaking) as wire:
        found = account.audited(url=wire.url)
    [audit] = found.audits
    assert list(audit.differences) == services(undisturbed, "iam")
    left = {(str(proof.location.logical_id), "") for proof in audit.proofs if proof.status is DriftStatus.NOT_CHECKED}
    asked = {(unread.logical_id, unread.question) for unread in audit.unread}
    assert left | asked == {("Person", "inline policies of a user" if fault is DENIED else "")}
    assert report(found).exit_code == 3


@pytest.mark.parametrize("fault", [BROKEN, RESET], ids=["broken", "reset"])
def test_a_type_whose_listing_breaks_off_is_not_looked_at_and_the_others_are(fault: Fault, account: Account) -> None:
    """Its first page was given, and had what is unmanaged; half a list says nothing of the whole."""
    breaking = replace(fault, service="sns", operation="ListTopics", after=1)
    with bad_wire(account.url, breaking) as wire:
        beside = account.unmanaged(wire.url, "AWS::SNS::Topic", "AWS::SQS::Queue")
    assert [difference.location.resource_type for difference in beside.differences] == ["AWS::SQS::Queue"]
    assert [kind for _, _, kind in beside.looked_at] == ["AWS::SQS::Queue"]
    assert not beside.is_whole
    [said] = beside.notifications
    assert said.message.startswith("--scope: AWS::SNS::Topic could not be listed (")
    assert report(account.audited(), beside).exit_code == 3


def test_what_may_be_in_a_stack_is_not_unmanaged_while_nobody_tells(account: Account) -> None:
    asking = replace(THROTTLED, service="cloudformation", operation="DescribeStackResources")
    with bad_wire(account.url, asking) as wire:
        beside = account.unmanaged(wire.url, "AWS::SQS::Queue")
    assert (beside.differences, beside.looked_at, beside.is_whole) == ((), (), False)
    assert "whether a stack has AWS::SQS::Queue" in beside.notifications[0].message


# -- a target that dies


@pytest.mark.parametrize("after", [2, 12, 40])
def test_a_target_that_dies_in_mid_audit_ends_it_without_a_difference(
    after: int, account: Account, undisturbed: StackAudit
) -> None:
    """Whatever was found so far: an operation that has begun meanwhile would explain it, and nobody can be asked."""
    with bad_wire(account.url, replace(RESET, after=after)) as wire:
        found = account.audited(url=wire.url)
    assert report(found).exit_code == 3
    assert [audit.differences for audit in found.audits] in ([()], [])
    for audit in found.audits:
        assert audit.reason is not None
        assert audit.reason.value == "unreachable"
        named = {proof.location.logical_id for proof in audit.proofs if proof.status is DriftStatus.NOT_CHECKED}
        assert named in ({proof.location.logical_id for proof in undisturbed.proofs}, set())
        assert "Tampered" in str(audit.detail) or "taken for dead" in audit.detail
    assert found.audits or found.notifications


def test_the_command_ends_where_its_target_dies_and_names_all_that_it_did_not_look_at(
    tmp_path: Path, account: Account
) -> None:
    with bad_wire(account.url, replace(RESET, after=45)) as wire:
        made = command(tmp_path, wire.url)
    assert made.exit_code == 3
    found = json.loads(written(made))
    assert found["differences"] == []
    left = {(row["stack_name"], row["logical_id"]) for row in found["unproven"]}
    assert {logical_id for stack_name, logical_id in left if stack_name == "Tampered"} == RESOURCES.keys()
    assert {row["reason"] for row in found["unproven"]} == {"unreachable"}
