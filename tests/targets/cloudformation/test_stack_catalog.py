"""Stacks as CloudFormation lists them, over recorded answers."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.core.errors import TargetError
from stackproof.core.json import JsonObject
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.native_drift import NativeDrift
from stackproof.targets.cloudformation.stack_catalog import ACTIONS, NATIVE_ACTIONS, CloudFormationCatalog
from stackproof.targets.guard import reads_only
from stackproof.template.loading.template import parse_bytes
from stackproof.template.template import Template
from tests.live_fakes import FakeTarget, RecordedClient, deployment, failure

TEMPLATE = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
MACRO = "Transform: AWS::Serverless-2016-10-31\n" + TEMPLATE
ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/Net/1"


class Target(FakeTarget):
    def __init__(self, answers: dict[str, Any], error: Exception | None = None) -> None:
        super().__init__({"Net": deployment({}, stack_name="Net")})
        self.recorded = RecordedClient(answers)
        self.error = error

    def client(self, service: str) -> Any:
        assert service in {"cloudformation", "resourcegroupstaggingapi"}
        return self.recorded

    def deployment(self, stack_name: str, *, body: JsonObject | None = None) -> Deployment:
        if self.error:
            raise self.error
        return super().deployment(stack_name, body=body)


def parse(data: bytes, name: str) -> Template:
    return parse_bytes(data, path=name, file=name, stack_name=name)


def catalog(error: Exception | None = None, **answers: Any) -> CloudFormationCatalog:
    times = iter(range(1000))
    return CloudFormationCatalog(
        target=Target(answers, error), parse=parse, deadline=3, clock=lambda: next(times), sleep=lambda _: None
    )


def described(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "Net", "StackId": ID, "StackStatus": status}]}


def test_the_stacks_are_those_that_are_there_and_not_nested() -> None:
    rows = [
        {"StackName": "B", "StackStatus": "CREATE_COMPLETE"},
        {"StackName": "A", "StackStatus": "UPDATE_IN_PROGRESS"},
        {"StackName": "Inner", "StackStatus": "CREATE_COMPLETE", "ParentId": ID},
        {"StackName": "Gone", "StackStatus": "DELETE_COMPLETE"},
    ]
    assert catalog(list_stacks={"StackSummaries": rows}).names() == ("A", "B")


def test_other_stacks_are_all_that_are_there_nested_ones_too() -> None:
    rows = [
        {"StackName": "B", "StackId": "b", "StackStatus": "CREATE_COMPLETE"},
        {"StackName": "A", "StackId": "a", "StackStatus": "UPDATE_IN_PROGRESS"},
        {"StackName": "Inner", "StackId": "i", "StackStatus": "UPDATE_FAILED", "ParentId": ID},
        {"StackName": "Gone", "StackId": "g", "StackStatus": "DELETE_COMPLETE"},
    ]
    found = catalog(list_stacks={"StackSummaries": rows}).others()
    assert [(stack.stack_name, stack.is_settled) for stack in found] == [("A", False), ("B", True), ("Inner", False)]


def test_template_and_resources_of_a_stack_can_be_asked_for_by_themselves() -> None:
    row = {"ResourceType": "AWS::SNS::Topic", "ResourceStatus": "CREATE_COMPLETE"}
    rows = [
        {**row, "LogicalResourceId": "B", "PhysicalResourceId": "b"},
        {**row, "LogicalResourceId": "A"},
        {**row, "LogicalResourceId": "C", "ResourceStatus": "DELETE_SKIPPED"},
    ]
    made = catalog(get_template={"TemplateBody": TEMPLATE}, list_stack_resources={"StackResourceSummaries": rows})
    assert made.template(ID, shown="Net").resources[0].template_line == 2
    found = made.resources(ID, shown="Net")
    assert [(resource.logical_id, resource.physical_id) for resource in found] == [("A", ""), ("B", "b")]


def test_a_stack_comes_with_its_template_and_its_lines() -> None:
    made = catalog(describe_stacks=described("CREATE_COMPLETE"), get_template={"TemplateBody": TEMPLATE})
    live = made.stack("Net", shown="Outer/Net", parent="Outer")
    assert (live.stack_name, live.stack_id, live.parent, live.reason) == ("Outer/Net", ID, "Outer", None)
    assert live.template is not None
    assert live.template.resources[0].template_line == 2
    assert live.deployment is not None


@pytest.mark.parametrize(
    ("times", "changed"),
    [({}, ""), ({"CreationTime": 1}, "1"), ({"CreationTime": 1, "LastUpdatedTime": 2}, "2")],
)
def test_when_a_stack_was_changed_is_told_with_it_and_by_one_call(times: dict[str, int], changed: str) -> None:
    answer = {"Stacks": [{**described("CREATE_COMPLETE")["Stacks"][0], **times}]}
    assert catalog(describe_stacks=answer).states({ID: "Net"}) == {ID: ("CREATE_COMPLETE", changed)}
    whole = catalog(describe_stacks=answer, get_template={"TemplateBody": TEMPLATE}).stack("Net", shown="Net")
    assert whole.changed == changed


def test_the_states_of_several_stacks_are_one_call_and_one_more_for_each_that_it_does_not_show() -> None:
    asked: list[str] = []

    def answer(StackName: str = "") -> dict[str, Any]:  # noqa: N803 - botocore's names
        asked.append(StackName)
        if StackName == "gone":
            raise failure("ValidationError", "Stack with id gone does not exist")
        return described("UPDATE_COMPLETE" if StackName else "CREATE_COMPLETE")

    told = catalog(describe_stacks=answer).states({ID: "Net", "other": "Other", "gone": "Gone"})
    assert (told[ID], told["other"]) == (("CREATE_COMPLETE", ""), ("UPDATE_COMPLETE", ""))
    assert isinstance(told["gone"], TargetError)
    assert asked == ["", "other", "gone"]


def test_who_may_not_list_stacks_asks_for_each() -> None:
    def answer(StackName: str = "") -> dict[str, Any]:  # noqa: N803 - botocore's names
        if not StackName:
            raise failure("AccessDenied", "only some")
        return described("CREATE_COMPLETE")

    told = catalog(describe_stacks=answer).states({ID: "Net", "other": "Other"})
    assert [*told.values()] == [("CREATE_COMPLETE", "")] * 2


def test_what_a_macro_rewrote_is_expected_as_it_came_out() -> None:
    def template(StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803 - botocore's names
        assert StackName == "Net"
        if TemplateStage == "Original":
            return {"TemplateBody": MACRO}
        return {"TemplateBody": {"Resources": {"Other": {"Type": "AWS::SQS::Queue"}}}}

    live = catalog(describe_stacks=described("CREATE_COMPLETE"), get_template=template).stack("Net", shown="Net")
    assert live.template is not None
    assert [resource.logical_id for resource in live.template.resources] == ["Other"]


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_in_the_middle_of_an_operation_or_left_half_done_is_busy(status: str) -> None:
    made = catalog(describe_stacks=described(status), get_template={"TemplateBody": TEMPLATE})
    live = made.stack("Net", shown="Net")
    assert (live.reason, live.detail, live.deployment) == (UnprovenReason.BUSY, f"the stack is {status}", None)


def test_an_operation_that_begins_between_two_calls_is_busy_too() -> None:
    answers = {"describe_stacks": described("CREATE_COMPLETE"), "get_template": {"TemplateBody": TEMPLATE}}
    live = catalog(TargetError("now it is", code="Busy"), **answers).stack("Net", shown="Net")
    assert (live.reason, live.detail) == (UnprovenReason.BUSY, "now it is")
    with pytest.raises(TargetError, match="odd"):
        catalog(TargetError("odd"), **answers).stack("Net", shown="Net")


@pytest.mark.parametrize(
    "answer", [failure("ValidationError: it does not exist"), {"Stacks": []}, described("DELETE_COMPLETE")]
)
def test_a_stack_that_is_not_there_is_said_with_its_account_and_region(answer: Any) -> None:
    with pytest.raises(TargetError, match="there is no stack Net in account 123456789012, region us-east-1"):
        catalog(describe_stacks=answer).stack("Net", shown="Net")


def test_any_other_error_is_a_target_error_with_its_cause() -> None:
    with pytest.raises(TargetError, match="Throttling") as caught:
        catalog(describe_stacks=failure("Throttling")).stack("Net", shown="Net")
    assert caught.value.__cause__ is not None


def test_the_owner_of_a_physical_resource_is_its_stack() -> None:
    queue = "AWS::SQS::Queue"
    rows = [
        {"StackName": "Net", "PhysicalResourceId": name, "ResourceType": queue, "ResourceStatus": status}
        for name, status in (("q", "CREATE_COMPLETE"), ("r", "UPDATE_COMPLETE"), ("kept", "DELETE_SKIPPED"))
    ]
    assert catalog(describe_stack_resources={"StackResources": rows}).owner(queue, "q") == "Net"
    assert catalog(describe_stack_resources={"StackResources": rows}).owner("AWS::S3::Bucket", "q") is None
    assert catalog(describe_stack_resources={"StackResources": rows}).owner(queue, "kept") is None
    assert catalog(describe_stack_resources={"StackResources": rows}).owner(queue, "z") is None
    assert catalog(describe_stack_resources=failure("Stack for z does not exist")).owner(queue, "z") is None
    with pytest.raises(TargetError):
        catalog(describe_stack_resources=failure("AccessDenied")).owner(queue, "z")


def test_instances_of_a_stack_set_are_listed_by_its_name() -> None:
    def listed(StackSetName: str) -> dict[str, Any]:  # noqa: N803 - botocore's names
        assert StackSetName == "guard"
        return {
            "Summaries": [
                {"Account": "2", "Region": "r", "StackId": "b"},
                {"Account": "1", "Region": "r", "StackId": "a"},
            ]
        }

    assert catalog(list_stack_instances=listed).instances("guard:uuid") == (("1", "r", "a"), ("2", "r", "b"))


def test_tags_are_asked_page_by_page() -> None:
    pages = [{"ResourceTagMappingList": [{"ResourceARN": "a"}]}, {"ResourceTagMappingList": [{"ResourceARN": "b"}]}]
    assert catalog(get_resources=lambda **_: pages).tagged("app", "x") == {"a", "b"}


def test_detection_is_waited_for_and_read_page_by_page() -> None:
    states = iter(["DETECTION_IN_PROGRESS", "DETECTION_COMPLETE"])

    def drifts(**asked: Any) -> dict[str, Any]:
        row = {"LogicalResourceId": "A", "StackResourceDriftStatus": "DELETED"}
        if "NextToken" in asked:
            return {"StackResourceDrifts": [row]}
        changed = {
            "LogicalResourceId": "B",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [{"PropertyPath": "/Tags"}, {"PropertyPath": "/Name"}],
        }
        return {"StackResourceDrifts": [changed], "NextToken": "2"}

    found = catalog(
        detect_stack_drift={"StackDriftDetectionId": "d"},
        describe_stack_drift_detection_status=lambda **_: {"DetectionStatus": next(states)},
        describe_stack_resource_drifts=drifts,
    ).native_drift(ID)
    assert found == (
        NativeDrift(logical_id="A", status="DELETED"),
        NativeDrift(logical_id="B", status="MODIFIED", paths=("/Name", "/Tags")),
    )


@pytest.mark.parametrize(
    ("status", "said"), [("DETECTION_FAILED", "failed: no reason given"), ("DETECTION_IN_PROGRESS", "takes over 3 s")]
)
def test_detection_that_fails_or_does_not_end_is_said(status: str, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        catalog(
            detect_stack_drift={"StackDriftDetectionId": "d"},
            describe_stack_drift_detection_status={"DetectionStatus": status},
        ).native_drift(ID)


def test_every_call_passes_the_guard() -> None:
    assert [action for action in (*ACTIONS, *NATIVE_ACTIONS) if not reads_only(action.partition(":")[2], {})] == []
