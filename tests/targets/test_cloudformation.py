"""CloudFormation of an account: what it answers in the cases that an emulator does not have."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.errors import TargetError
from stackproof.targets.cloudformation import CloudFormation, Place
from tests.live_fakes import ACCOUNT, REGION, RecordedClient, failure, stack

BODY = {"Parameters": {"Size": {"Type": "String"}, "Label": {"Type": "String"}}, "Resources": {}}


def described(status: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"Stacks": [{"StackName": "Net", "StackId": "arn:net", "StackStatus": status, **more}]}


def in_turn(*answers: Any) -> Any:  # noqa: ANN401
    """One answer for each call, the last one for ever."""
    waiting = list(answers)
    return lambda **_: waiting.pop(0) if len(waiting) > 1 else waiting[0]


ABSENT = failure("ValidationError")
ABSENT.args = ("Stack with id Net does not exist",)


def cloudformation(client: RecordedClient, **options: Any) -> CloudFormation:  # noqa: ANN401
    place = Place(
        account=ACCOUNT,
        region=REGION,
        partition="aws",
        emulator=False,
        zones=lambda: ("us-east-1a",),
        sleep=lambda _: None,
        **options,
    )
    return CloudFormation(lambda _: client, place)


def event(logical_id: str, status: str, reason: str = "") -> dict[str, str]:
    return {
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::SNS::Topic",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_a_stack_is_waited_for_and_each_new_state_is_told_once() -> None:
    told: list[str] = []
    client = RecordedClient(
        {
            "describe_stacks": in_turn(
                ABSENT,
                *[described("CREATE_IN_PROGRESS")] * 3,
                described("CREATE_COMPLETE", Outputs=[{"OutputKey": "A", "OutputValue": "b"}]),
            ),
            "create_stack": {},
            "list_stack_resources": {
                "StackResourceSummaries": [
                    {"LogicalResourceId": "T", "ResourceType": "AWS::SNS::Topic", "ResourceStatus": "CREATE_COMPLETE"}
                ]
            },
            "list_exports": {"Exports": [{"Name": "n", "Value": "v"}]},
        }
    )
    made = cloudformation(client, progress=told.append, parameters={"Size": "5", "Other": "x"}).deploy(stack(BODY))
    assert told == ["Net: CREATE_IN_PROGRESS", "Net: CREATE_COMPLETE"]
    assert (made.outputs, made.exports, made.zones) == ({"A": "b"}, {"n": "v"}, ("us-east-1a",))
    assert made.resources[0].physical_id == ""
    request = dict(client.calls)["create_stack"]
    assert request["Parameters"] == [{"ParameterKey": "Size", "ParameterValue": "5"}]
    assert "CAPABILITY_NAMED_IAM" in request["Capabilities"]


def test_an_update_without_changes_is_fine_and_keeps_the_stacks_own_values() -> None:
    parameters = [{"ParameterKey": "Size", "ParameterValue": "5"}, {"ParameterKey": "Label", "ParameterValue": "****"}]
    unchanged = failure("ValidationError")
    unchanged.args = ("No updates are to be performed.",)
    client = RecordedClient(
        {
            "describe_stacks": described("UPDATE_COMPLETE", Parameters=parameters),
            "update_stack": unchanged,
            "list_stack_resources": {},
            "list_exports": failure("AccessDenied"),
        }
    )
    made = cloudformation(client).deploy(stack(BODY))
    assert made.parameters == {"Size": "5"}
    assert made.exports == {}
    assert dict(client.calls)["update_stack"]["Parameters"] == [
        {"ParameterKey": "Size", "UsePreviousValue": True},
        {"ParameterKey": "Label", "UsePreviousValue": True},
    ]


def test_an_update_that_the_service_refuses_is_an_error() -> None:
    client = RecordedClient({"describe_stacks": described("UPDATE_COMPLETE"), "update_stack": failure("AccessDenied")})
    with pytest.raises(TargetError, match="deploying stack Net: AccessDenied") as caught:
        cloudformation(client).deploy(stack(BODY))
    assert caught.value.code == "AccessDenied"


def test_the_first_failure_is_the_reason_and_not_its_consequences() -> None:
    events = [
        event("Net", "ROLLBACK_COMPLETE"),
        event("B", "CREATE_FAILED", "Resource creation cancelled"),
        event("A", "CREATE_FAILED", "Topic already exists"),
        event("C", "CREATE_FAILED", "Resource creation cancelled"),
        event("Net", "CREATE_IN_PROGRESS", "User Initiated"),
        event("Old", "CREATE_FAILED", "an operation before this one"),
    ]
    client = RecordedClient(
        {
            "describe_stacks": in_turn(ABSENT, described("CREATE_IN_PROGRESS"), described("ROLLBACK_COMPLETE")),
            "create_stack": {},
            "describe_stack_events": [{"StackEvents": events[:3]}, {"StackEvents": events[3:]}],
        }
    )
    with pytest.raises(TargetError, match=r"ROLLBACK_COMPLETE\): A \(AWS::SNS::Topic\): Topic already exists"):
        cloudformation(client).deploy(stack(BODY))


def test_a_failure_without_a_reason_and_a_stack_that_vanishes() -> None:
    client = RecordedClient(
        {
            "describe_stacks": in_turn(ABSENT, ABSENT),
            "create_stack": {},
            "describe_stack_events": {"StackEvents": []},
        }
    )
    with pytest.raises(TargetError, match=r"DELETE_COMPLETE\): CloudFormation gives no reason"):
        cloudformation(client).deploy(stack(BODY))


def test_a_stack_that_was_never_created_has_to_be_deleted_first() -> None:
    client = RecordedClient({"describe_stacks": described("ROLLBACK_COMPLETE")})
    with pytest.raises(TargetError, match="was never created") as caught:
        cloudformation(client).deploy(stack(BODY))
    assert caught.value.code == "ROLLBACK_COMPLETE"


def test_waiting_has_an_end() -> None:
    now = iter(range(1000))
    client = RecordedClient({"describe_stacks": in_turn(ABSENT, described("CREATE_IN_PROGRESS")), "create_stack": {}})
    with pytest.raises(TargetError, match="still CREATE_IN_PROGRESS after 5 s") as caught:
        cloudformation(client, deadline=5, clock=lambda: next(now)).deploy(stack(BODY))
    assert caught.value.code == "Deadline"


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
    events = [event("Db", "DELETE_FAILED", "Cannot delete protected DB Instance")]
    client = RecordedClient(
        {
            "describe_stacks": in_turn(described("CREATE_COMPLETE"), described("DELETE_FAILED")),
            "delete_stack": {},
            "describe_stack_events": {"StackEvents": events},
        }
    )
    with pytest.raises(TargetError, match=r"DELETE_FAILED\): Db .*protected DB Instance"):
        cloudformation(client).destroy("Net")


def test_a_stack_that_may_not_be_described_is_an_error() -> None:
    client = RecordedClient({"describe_stacks": failure("AccessDenied")})
    with pytest.raises(TargetError, match="reading stack Net: AccessDenied"):
        cloudformation(client).deployment("Net")
