"""CloudFormation of an account: what it answers in the cases that an emulator does not have."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from stackproof.core.errors import TargetError, UnreachableError
from stackproof.deployment.stack_event import STACK
from stackproof.targets.cloudformation.stacks import CloudFormation, StackContext
from stackproof.template.location import SourceLine
from tests.live_fakes import ACCOUNT, REGION, RecordedClient, failure, stack

BODY = {"Parameters": {"Size": {"Type": "String"}, "Label": {"Type": "String"}}, "Resources": {}}


def described(status: str, **more: Any) -> dict[str, Any]:
    return {"Stacks": [{"StackName": "Net", "StackId": "arn:net", "StackStatus": status, **more}]}


def in_turn(*answers: Any) -> Any:
    """One answer for each call, the last one for ever."""
    waiting = list(answers)
    return lambda **_: waiting.pop(0) if len(waiting) > 1 else waiting[0]


ABSENT = failure("ValidationError")
ABSENT.args = ("Stack with id Net does not exist",)


def cloudformation(client: RecordedClient, **options: Any) -> CloudFormation:
    context = StackContext(
        account=ACCOUNT,
        region=REGION,
        partition="aws",
        emulator=False,
        **{"zones": lambda: ("us-east-1a",), "sleep": lambda _: None, **options},
    )
    return CloudFormation(lambda _: client, context)


def event(number: int, logical_id: str, status: str, reason: str = "", kind: str = "AWS::SNS::Topic") -> dict[str, Any]:
    own = logical_id == "Net"
    return {
        "EventId": str(number),
        "StackId": "arn:net",
        "StackName": "Net",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": "arn:net" if own else f"id-{logical_id}",
        "ResourceType": "AWS::CloudFormation::Stack" if own else kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": datetime(2026, 11, 24, 12, 0, number % 60, tzinfo=UTC),
    }


def page(*events: dict[str, Any]) -> dict[str, Any]:
    """What DescribeStackEvents gives: the latest first."""
    return {"StackEvents": list(events)[::-1]}


def change_set(status: str = "CREATE_COMPLETE", *changes: tuple[str, str, str], reason: str = "") -> dict[str, Any]:
    rows = changes or (("Add", "T", ""),)
    return {
        "Status": status,
        "StatusReason": reason,
        "Changes": [
            {
                "ResourceChange": {
                    "Action": action,
                    "LogicalResourceId": name,
                    "ResourceType": "AWS::SNS::Topic",
                    "Replacement": replacement,
                }
            }
            for action, name, replacement in rows
        ],
    }


MADE = {"create_change_set": {"Id": "arn:change", "StackId": "arn:net"}, "execute_change_set": {}}
READ = {"list_stack_resources": {}, "list_exports": failure("AccessDenied")}


def refused_deploy(client: RecordedClient, body: Any = BODY, **options: Any) -> TargetError:
    with pytest.raises(TargetError) as caught:
        cloudformation(client, **options).deploy(stack(body))
    return caught.value


@pytest.mark.parametrize("fault", [failure("Throttling"), failure("InternalFailure", status=500)], ids=str)
def test_exports_that_a_fault_keeps_back_are_not_taken_for_none(fault: Exception) -> None:
    client = RecordedClient(
        {**READ, "describe_stacks": described("UPDATE_COMPLETE"), "list_exports": fault},
    )
    with pytest.raises(TargetError, match="reading stack Net"):
        cloudformation(client).deployment("Net")


@pytest.mark.parametrize(
    "fault", [failure("UnauthorizedOperation"), UnreachableError("ec2 is taken for dead")], ids=str
)
def test_a_stack_is_read_also_where_nobody_tells_the_zones(fault: Exception) -> None:
    client = RecordedClient({**READ, "describe_stacks": described("UPDATE_COMPLETE")})

    def zones() -> tuple[str, ...]:
        raise fault

    assert cloudformation(client, zones=zones).deployment("Net").zones == ()


def test_that_asking_for_zones_breaks_is_said() -> None:
    client = RecordedClient({**READ, "describe_stacks": described("UPDATE_COMPLETE")})

    def zones() -> tuple[str, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cloudformation(client, zones=zones).deployment("Net")


def test_what_changes_and_each_event_is_told_once_in_order() -> None:
    lines: list[str] = []
    started = event(1, "Net", "CREATE_IN_PROGRESS", "User Initiated")
    first, second = event(2, "T", "CREATE_IN_PROGRESS"), event(3, "T", "CREATE_COMPLETE")
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(
                ABSENT,
                *[described("CREATE_IN_PROGRESS")] * 3,
                described("CREATE_COMPLETE", Outputs=[{"OutputKey": "A", "OutputValue": "b"}]),
            ),
            "describe_change_set": in_turn(change_set("CREATE_PENDING"), change_set()),
            "describe_stack_events": in_turn(page(started), page(started, first), page(started, first, second)),
            "list_stack_resources": {
                "StackResourceSummaries": [
                    {"LogicalResourceId": "T", "ResourceType": "AWS::SNS::Topic", "ResourceStatus": "CREATE_COMPLETE"}
                ]
            },
            "list_exports": {"Exports": [{"Name": "n", "Value": "v"}]},
        }
    )
    made = cloudformation(client, progress=lines.append, parameters={"Size": "5", "Other": "x"}).deploy(stack(BODY))
    assert lines == [
        "Net: add T (AWS::SNS::Topic)",
        "12:00:01 Net CREATE_IN_PROGRESS User Initiated",
        "12:00:02 T CREATE_IN_PROGRESS",
        "12:00:03 T CREATE_COMPLETE",
    ]
    assert (made.outputs, made.exports, made.zones) == ({"A": "b"}, {"n": "v"}, ("us-east-1a",))
    assert made.resources[0].physical_id == ""
    request = dict(client.calls)["create_change_set"]
    assert request["ChangeSetType"] == "CREATE"
    assert request["Parameters"] == [{"ParameterKey": "Size", "ParameterValue": "5"}]
    assert "CAPABILITY_NAMED_IAM" in request["Capabilities"]


def test_an_update_without_changes_is_fine_and_its_change_set_is_discarded() -> None:
    lines: list[str] = []
    parameters = [{"ParameterKey": "Size", "ParameterValue": "5"}, {"ParameterKey": "Label", "ParameterValue": "****"}]
    client = RecordedClient(
        {
            **MADE,
            **READ,
            "describe_stacks": described("UPDATE_COMPLETE", Parameters=parameters),
            "describe_stack_events": page(event(1, "Net", "CREATE_COMPLETE")),
            "describe_change_set": change_set("FAILED", reason="The submitted information didn't contain changes."),
            "delete_change_set": {},
        }
    )
    made = cloudformation(client, progress=lines.append).deploy(stack(BODY))
    assert lines == ["Net: no changes"]
    assert made.parameters == {"Size": "5"}
    assert made.exports == {}
    assert dict(client.calls)["create_change_set"]["Parameters"] == [
        {"ParameterKey": "Size", "UsePreviousValue": True},
        {"ParameterKey": "Label", "UsePreviousValue": True},
    ]
    assert "delete_change_set" in dict(client.calls)
    assert "execute_change_set" not in dict(client.calls)


def test_an_update_that_changes_outputs_only_is_executed() -> None:
    lines: list[str] = []
    old, new = ([{"OutputKey": "Url", "OutputValue": value}] for value in ("old", "new"))
    client = RecordedClient(
        {
            **MADE,
            **READ,
            "describe_stacks": in_turn(
                described("UPDATE_COMPLETE", Outputs=old), described("UPDATE_COMPLETE", Outputs=new)
            ),
            "describe_stack_events": page(event(1, "Net", "CREATE_COMPLETE")),
            "describe_change_set": {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "Changes": []},
        }
    )
    made = cloudformation(client, progress=lines.append).deploy(stack(BODY))
    assert dict(client.calls)["execute_change_set"] == {"ChangeSetName": "arn:change", "StackName": "arn:net"}
    assert lines == ["Net: no resource changes, but outputs or other settings may"]
    assert made.outputs == {"Url": "new"}


def test_a_change_set_that_cannot_be_made_is_an_error_and_leaves_no_empty_stack() -> None:
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": ABSENT,
            "describe_change_set": change_set("FAILED", reason="Transform AWS::X failed"),
            "delete_change_set": {},
            "delete_stack": {},
        }
    )
    error = refused_deploy(client)
    assert "Transform AWS::X failed" in str(error)
    assert error.code == "ChangeSetFailed"
    assert dict(client.calls)["delete_stack"] == {"StackName": "arn:net"}


def test_a_change_set_that_is_never_ready_ends_at_the_deadline() -> None:
    now = iter(range(1000))
    client = RecordedClient({**MADE, "describe_stacks": ABSENT, "describe_change_set": change_set("CREATE_PENDING")})
    error = refused_deploy(client, deadline=5, clock=lambda: next(now))
    assert (error.code, str(error)) == ("Deadline", "the change set of stack Net is still CREATE_PENDING after 5 s")


@pytest.mark.parametrize(("before", "call"), [(ABSENT, "create_stack"), (described("CREATE_COMPLETE"), "update_stack")])
def test_a_target_without_change_sets_is_asked_directly(before: Any, call: str) -> None:
    client = RecordedClient(
        {
            **READ,
            "describe_stacks": in_turn(before, described("UPDATE_COMPLETE")),
            "describe_stack_events": page(),
            "create_change_set": failure("InvalidAction"),
            call: {"StackId": "arn:net"},
        }
    )
    assert cloudformation(client).deploy(stack(BODY)).status == "UPDATE_COMPLETE"
    assert call in dict(client.calls)


def test_without_change_sets_an_update_without_changes_is_fine_and_another_refusal_is_not() -> None:
    unchanged = failure("ValidationError")
    unchanged.args = ("No updates are to be performed.",)
    answers = {
        **READ,
        "describe_stacks": described("UPDATE_COMPLETE"),
        "describe_stack_events": page(),
        "create_change_set": failure("NotImplemented", status=501),
    }
    assert cloudformation(RecordedClient({**answers, "update_stack": unchanged})).deploy(stack(BODY)).resources == ()
    assert refused_deploy(RecordedClient({**answers, "update_stack": failure("Throttling")})).code == "Throttling"


def test_an_update_that_the_service_refuses_is_an_error() -> None:
    client = RecordedClient(
        {
            "describe_stacks": described("UPDATE_COMPLETE"),
            "describe_stack_events": failure("AccessDenied"),
            "create_change_set": failure("AccessDenied"),
        }
    )
    error = refused_deploy(client)
    assert (error.code, "deploying stack Net: AccessDenied" in str(error)) == ("AccessDenied", True)


def test_the_first_failure_is_the_reason_and_not_its_consequences() -> None:
    events = [
        event(1, "Net", "CREATE_IN_PROGRESS", "User Initiated"),
        event(2, "C", "CREATE_FAILED", "Resource creation cancelled"),
        event(3, "A", "CREATE_FAILED", "A Topic already exists"),
        event(4, "B", "CREATE_FAILED", "Resource creation cancelled"),
        event(5, "Net", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [A, B, C]."),
        event(6, "Net", "ROLLBACK_COMPLETE"),
    ]
    body = {"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(ABSENT, described("CREATE_IN_PROGRESS"), described("ROLLBACK_COMPLETE")),
            "describe_change_set": change_set(),
            "describe_stack_events": in_turn(page(*events[:1]), page(*events)),
        }
    )
    made = stack(body)
    source = SourceLine(file="infra/topics.py", line=12)
    made = replace(
        made, template=replace(made.template, resources=(replace(made.template.resources[0], source=source),))
    )
    with pytest.raises(TargetError) as caught:
        cloudformation(client, options="--region us-east-1").deploy(made)
    assert caught.value.code == "ROLLBACK_COMPLETE"
    assert str(caught.value) == (
        "stack Net is not deployed (ROLLBACK_COMPLETE): infra/topics.py:12: A (AWS::SNS::Topic): A Topic already "
        "exists; something of that name is there already: remove it, import it, or give no fixed name, then delete "
        "the stack (aws cloudformation delete-stack --stack-name Net --region us-east-1) and deploy again"
    )


def test_the_cause_in_a_nested_stack_is_found_there_with_its_line() -> None:
    inner = {
        **event(7, "Db", "CREATE_FAILED", "Cannot find version 15.3 for postgres", "AWS::RDS::DBInstance"),
        "StackId": "arn:nested",
        "StackName": "Net-DataNestedStack-1",
    }
    outer = event(8, "Data", "CREATE_FAILED", "Embedded stack arn:nested was not successfully created", STACK)
    outer["PhysicalResourceId"] = "arn:nested"
    own = page(event(1, "Net", "CREATE_IN_PROGRESS", "User Initiated"), outer)
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(ABSENT, described("ROLLBACK_COMPLETE")),
            "describe_change_set": change_set(),
            "describe_stack_events": lambda StackName: page(inner) if StackName == "arn:nested" else own,  # noqa: N803
        }
    )
    body = {"Resources": {"Db": {"Type": "AWS::RDS::DBInstance"}}}
    made = stack({"Resources": {"Data": {"Type": STACK}}})
    nested = stack(body, name="Net/Data", path="Data.nested.template.json", parent="Net")
    located = replace(nested.template.resources[0], source=SourceLine(file="infra/data.py", line=3))
    nested = replace(nested, template=replace(nested.template, resources=(located,)))
    with pytest.raises(TargetError, match=r"infra/data\.py:3: Db \(AWS::RDS::DBInstance\): Cannot find version 15\.3"):
        cloudformation(client).deploy(replace(made, nested=(nested,)))


def test_what_failed_in_a_nested_stack_in_an_earlier_deployment_is_not_the_cause() -> None:
    def inside(number: int, name: str, reason: str) -> dict[str, Any]:
        return {**event(number, name, "UPDATE_FAILED", reason), "StackId": "arn:nested", "StackName": "Net-Data-1"}

    before = event(4, "Net", "UPDATE_COMPLETE")
    outer = event(12, "Data", "UPDATE_FAILED", "Embedded stack arn:nested was not successfully updated", STACK)
    outer["PhysicalResourceId"] = "arn:nested"
    own = in_turn(page(before), page(before, event(10, "Net", "UPDATE_IN_PROGRESS", "User Initiated"), outer))
    within = page(inside(3, "Queue", "A Queue already exists"), inside(11, "Topic", "User is not authorized"))
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(described("UPDATE_COMPLETE"), described("UPDATE_ROLLBACK_COMPLETE")),
            "describe_change_set": change_set(),
            "describe_stack_events": lambda StackName: within if StackName == "arn:nested" else own(),  # noqa: N803
        }
    )
    said = str(refused_deploy(client))
    assert "Topic (AWS::SNS::Topic): User is not authorized" in said
    assert "Queue" not in said


def test_a_failure_without_a_reason_and_a_stack_that_vanishes() -> None:
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(ABSENT, ABSENT),
            "describe_change_set": change_set(),
            "describe_stack_events": page(),
        }
    )
    error = refused_deploy(client)
    assert str(error).startswith("stack Net is not deployed (DELETE_COMPLETE): CloudFormation gives no reason; ")


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("ROLLBACK_COMPLETE", "was never created .*delete-stack --stack-name Net", "ROLLBACK_COMPLETE"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name Net", "UPDATE_ROLLBACK_FAILED"),
        ("DELETE_FAILED", "was not deleted whole", "DELETE_FAILED"),
        ("UPDATE_IN_PROGRESS", "in the middle of an operation", "Busy"),
    ],
)
def test_a_stack_that_takes_no_deployment_says_what_to_do_before_anything_is_sent(
    status: str, said: str, code: str
) -> None:
    client = RecordedClient({"describe_stacks": described(status)})
    error = refused_deploy(client)
    assert re.search(said, str(error))
    assert error.code == code
    assert [name for name, _ in client.calls] == ["describe_stacks"]


def test_an_empty_stack_that_waits_for_review_is_created() -> None:
    client = RecordedClient(
        {
            **MADE,
            **READ,
            "describe_stacks": in_turn(described("REVIEW_IN_PROGRESS"), described("CREATE_COMPLETE")),
            "describe_change_set": change_set(),
            "describe_stack_events": page(),
        }
    )
    assert cloudformation(client).deploy(stack(BODY)).status == "CREATE_COMPLETE"
    assert dict(client.calls)["create_change_set"]["ChangeSetType"] == "CREATE"


def test_a_missing_capability_names_the_option_that_gives_it() -> None:
    refusal = failure("InsufficientCapabilitiesException")
    refusal.response["Error"]["Message"] = "Requires capabilities : [CAPABILITY_NAMED_IAM]"
    client = RecordedClient({"describe_stacks": ABSENT, "create_change_set": refusal})
    error = refused_deploy(client, capabilities=())
    assert error.code == "InsufficientCapabilitiesException"
    assert "add --capability CAPABILITY_NAMED_IAM" in str(error)
    assert dict(client.calls)["create_change_set"]["Capabilities"] == []


def test_waiting_has_an_end_and_says_what_for() -> None:
    now = iter(range(1000))
    client = RecordedClient(
        {
            **MADE,
            "describe_stacks": in_turn(ABSENT, described("CREATE_IN_PROGRESS")),
            "describe_change_set": change_set(),
            "describe_stack_events": page(event(1, "T", "CREATE_COMPLETE"), event(2, "Db", "CREATE_IN_PROGRESS")),
        }
    )
    error = refused_deploy(client, deadline=5, clock=lambda: next(now))
    assert error.code == "Deadline"
    assert "still CREATE_IN_PROGRESS after 5 s: it waits for Db (AWS::SNS::Topic); " in str(error)


def test_a_stack_in_the_middle_of_an_operation_is_not_read() -> None:
    client = RecordedClient({"describe_stacks": described("UPDATE_IN_PROGRESS")})
    with pytest.raises(TargetError, match="in the middle of an operation") as caught:
        cloudformation(client).deployment("Net")
    assert caught.value.code == "Busy"


def test_a_deleted_stack_is_none() -> None:
    client = RecordedClient({"describe_stacks": described("DELETE_COMPLETE")})
    with pytest.raises(TargetError, match=f"no stack Net in account {ACCOUNT}"):
        cloudformation(client).deployment("Net")


def test_termination_protection_is_for_a_person_to_switch_off() -> None:
    client = RecordedClient({"describe_stacks": described("CREATE_COMPLETE", EnableTerminationProtection=True)})
    with pytest.raises(TargetError, match="update-termination-protection"):
        cloudformation(client).destroy("Net")
    assert [name for name, _ in client.calls] == ["describe_stacks"]


def test_a_stack_that_cannot_be_deleted_says_why() -> None:
    old, new = (
        event(1, "Net", "CREATE_COMPLETE"),
        event(2, "Db", "DELETE_FAILED", "Cannot delete protected DB Instance"),
    )
    client = RecordedClient(
        {
            "describe_stacks": in_turn(described("CREATE_COMPLETE"), described("DELETE_FAILED")),
            "delete_stack": {},
            "describe_stack_events": in_turn(page(old), page(old, new)),
        }
    )
    with pytest.raises(TargetError, match=r"not deleted \(DELETE_FAILED\): Db .*protected DB Instance; switch its del"):
        cloudformation(client).destroy("Net")


def test_what_is_kept_of_a_deleted_stack_is_named() -> None:
    kept = event(2, "Bucket", "DELETE_SKIPPED")
    client = RecordedClient(
        {
            "describe_stacks": in_turn(described("CREATE_COMPLETE"), described("DELETE_COMPLETE")),
            "delete_stack": {},
            "describe_stack_events": in_turn(page(), page(kept, event(3, "Net", "DELETE_COMPLETE"))),
        }
    )
    found = cloudformation(client).destroy("Net")
    assert [(resource.logical_id, resource.physical_id, resource.status) for resource in found] == [
        ("Bucket", "id-Bucket", "DELETE_SKIPPED")
    ]


def nested_deletion(*inside: dict[str, Any], ends: str = "DELETE_COMPLETE") -> RecordedClient:
    """The deletion of Net with its nested stack Data, in which a bucket holds something."""
    own = in_turn(page(), page(event(20, "Net", "DELETE_IN_PROGRESS"), {**NESTED, "ResourceStatus": ends}))
    within = page(*({**row, "StackId": "arn:data", "StackName": "Net-Data-1"} for row in inside))
    rows = {
        "arn:net": [("Data", "arn:data", STACK, "CREATE_COMPLETE"), ("Old", "arn:old", STACK, "DELETE_COMPLETE")],
        "arn:data": [("Bucket", "the-bucket", "AWS::S3::Bucket", "CREATE_COMPLETE")],
    }
    names = ("LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus")
    return RecordedClient(
        {
            "describe_stacks": in_turn(described("CREATE_COMPLETE"), described(ends)),
            "delete_stack": {},
            "describe_stack_events": lambda StackName: within if StackName == "arn:data" else own(),  # noqa: N803
            "list_stack_resources": lambda StackName: {  # noqa: N803
                "StackResourceSummaries": [dict(zip(names, row, strict=True)) for row in rows[StackName]]
            },
            "list_object_versions": {"Versions": [{"Key": "k", "VersionId": "1"}]},
            "delete_objects": {},
        }
    )


NESTED = {**event(25, "Data", "DELETE_COMPLETE", kind=STACK), "PhysicalResourceId": "arn:data"}


def test_buckets_of_nested_stacks_are_emptied_before_they_are_deleted() -> None:
    client = nested_deletion()
    cloudformation(client).destroy("Net", empty=True)
    names = [name for name, _ in client.calls]
    assert dict(client.calls)["delete_objects"]["Bucket"] == "the-bucket"
    assert names.index("delete_objects") < names.index("delete_stack")


def emptied(status: str, *happened: dict[str, Any], physical_id: str = "id-Bucket", nested: str = "") -> bool:
    """Whether the bucket of a stack is emptied whose row says so, after these events."""
    bucket = ("Bucket", physical_id, "AWS::S3::Bucket", status)
    rows = {"arn:net": [("Data", "arn:data", STACK, nested)] if nested else [bucket], "arn:data": [bucket]}
    names = ("LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus")
    client = RecordedClient(
        {
            "describe_stacks": in_turn(described("ROLLBACK_FAILED"), described("DELETE_COMPLETE")),
            "delete_stack": {},
            "describe_stack_events": page(*happened),
            "list_stack_resources": lambda StackName: {  # noqa: N803
                "StackResourceSummaries": [dict(zip(names, row, strict=True)) for row in rows[StackName]]
            },
            "list_object_versions": {"Versions": [{"Key": "k", "VersionId": "1"}]},
            "delete_objects": {},
        }
    )
    cloudformation(client).destroy("Net", empty=True)
    return "delete_objects" in dict(client.calls)


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "DELETE_SKIPPED",
        "DELETE_FAILED",
        "DELETE_IN_PROGRESS",
        "IMPORT_COMPLETE",
        "IMPORT_FAILED",
        "ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_COMPLETE",
    ],
)
def test_a_bucket_that_the_stack_never_made_is_not_emptied(status: str) -> None:
    """Where the name is taken, the row of a creation that failed has the physical id of the real bucket."""
    assert not emptied(status, event(1, "Bucket", "CREATE_IN_PROGRESS"), event(2, "Bucket", "CREATE_FAILED", "exists"))


@pytest.mark.parametrize("status", ["DELETE_FAILED", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_a_bucket_that_the_stack_made_is_emptied_whatever_happened_after(status: str) -> None:
    assert emptied(status, event(1, "Bucket", "CREATE_COMPLETE"))
    assert not emptied(status, event(1, "Bucket", "CREATE_COMPLETE"), physical_id="another")
    assert not emptied(status, event(1, "Other", "CREATE_COMPLETE"), physical_id="id-Other")


def test_a_bucket_that_was_made_in_a_nested_stack_that_failed_is_emptied() -> None:
    assert emptied("CREATE_COMPLETE", nested="CREATE_FAILED")
    assert emptied("CREATE_COMPLETE", nested="DELETE_FAILED")
    assert not emptied("CREATE_COMPLETE", nested="DELETE_COMPLETE")
    assert not emptied("CREATE_COMPLETE", physical_id="")


def test_what_is_kept_of_a_nested_stack_is_named_and_what_was_kept_before_is_not() -> None:
    client = nested_deletion(event(5, "Earlier", "DELETE_SKIPPED"), event(22, "Table", "DELETE_SKIPPED"))
    assert [resource.logical_id for resource in cloudformation(client).destroy("Net")] == ["Table"]


def test_what_is_left_over_in_a_nested_stack_is_named() -> None:
    stuck = event(22, "Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty")
    client = nested_deletion(stuck, ends="DELETE_FAILED")
    with pytest.raises(TargetError, match=r"bucket you tried to delete is not empty.*left over: Bucket, Data$"):
        cloudformation(client).destroy("Net")


def test_a_stack_that_may_not_be_described_is_an_error() -> None:
    client = RecordedClient({"describe_stacks": failure("AccessDenied")})
    with pytest.raises(TargetError, match="reading stack Net: AccessDenied"):
        cloudformation(client).deployment("Net")
