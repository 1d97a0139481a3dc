"""What an audit is going to ask, from what readers say that they need."""

from __future__ import annotations

from stackproof.calls.pacing import Rates
from stackproof.drift.fleet.planning import planned, stack_calls
from stackproof.drift.fleet.task import AccountRegion, FleetTask, StackResources
from stackproof.drift.ports import ChildFamily

FAMILY = ChildFamily(
    name="statements", owners=("AWS::SQS::Queue",), read=lambda _: (), actions=("sqs:GetQueueAttributes", "sqs:Other")
)
READERS = {
    "AWS::SQS::Queue": ("sqs:GetQueueAttributes", "sqs:ListQueueTags"),
    "AWS::EC2::VPC": ("ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"),
}
FOUND = StackResources(counts={"AWS::SQS::Queue": 3, "AWS::EC2::VPC": 2, "AWS::New::Type": 1}, stacks=2)


def test_what_is_asked_alike_is_asked_once_and_what_is_listed_once_for_all() -> None:
    calls = stack_calls(FOUND, READERS, [FAMILY])
    assert calls == {
        "cloudformation:DescribeStacks": 4,
        "cloudformation:GetTemplate": 2,
        "cloudformation:ListExports": 2,
        "cloudformation:ListStackResources": 2,
        "cloudformation:GetResource": 1,
        "sqs:GetQueueAttributes": 3,
        "sqs:ListQueueTags": 3,
        "sqs:Other": 3,
        "ec2:DescribeVpcs": 1,
        "ec2:DescribeVpcAttribute": 2,
    }
    native = stack_calls(FOUND, READERS, [FAMILY], native=True)
    assert native["cloudformation:DetectStackDrift"] == 2


def test_the_slowest_bucket_says_how_long_it_takes_or_the_calls_one_after_another() -> None:
    tasks = {
        FleetTask(account_region=AccountRegion(account=account, region="a"), stack_names=("One", "Two")): FOUND
        for account in "12"
    }
    slow = planned(tasks, READERS, [FAMILY], Rates(own={"sqs": 0.5}), at_once=100)
    assert slow.calls == {"cloudformation": 22, "ec2": 6, "sqs": 18}
    assert slow.seconds == (9 - 1) / 0.5
    quick = planned(tasks, READERS, [FAMILY], Rates(own=dict.fromkeys(slow.calls, 1e6)), at_once=2)
    assert quick.seconds == 46 * 0.1 / 2
    assert (quick.stacks, quick.resources, quick.unknown, quick.exit_code) == (4, 12, ("AWS::New::Type",), 0)
    assert len(quick.to_dict()["stacks"]) == 4  # type: ignore[arg-type]


def test_a_plan_of_nothing_or_with_a_place_that_is_not_known_is_3() -> None:
    assert planned({}, READERS, [FAMILY], Rates(), at_once=1).exit_code == 3
    tasks = {FleetTask(account_region=AccountRegion(account="1", region="a"), stack_names=("One",)): FOUND}
    assert planned(tasks, READERS, [], Rates(), at_once=1, unplanned=["2: no"]).exit_code == 3


def test_global_services_have_one_bucket_for_all_regions() -> None:
    calls = {("1", "a", "iam"): 30, ("1", "b", "iam"): 30, ("1", "a", "sqs"): 40}
    assert Rates(own={"iam": 10.0, "sqs": 10.0}).seconds(calls) == (60 - 20) / 10
    assert Rates().seconds({}) == 0.0
