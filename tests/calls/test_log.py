"""What a run called: sums, names of actions, and logs of several processes as one."""

from __future__ import annotations

import pytest
from hypothesis import given

from stackproof.calls.iam_action import action_of, gives_secret, only_reads
from stackproof.calls.log import CallCount, CallKind, CallLog
from tests import strategies as of


def count(operation: str, kind: CallKind = CallKind.READ, number: int = 1) -> CallCount:
    return CallCount(target="moto", service="sns", operation=operation, kind=kind, count=number)


def test_reads_writes_and_refusals_are_counted_apart_and_what_was_refused_is_named() -> None:
    log = CallLog().merged(
        CallLog(counts=(count("ListTopics", number=3), count("Publish", CallKind.WRITE), count("GetTopicAttributes"))),
        CallLog(counts=(count("Publish", CallKind.REFUSED, 2), count("CreateTopic", CallKind.REFUSED))),
    )
    assert (log.reads, log.writes, log.refused) == (4, 1, 3)
    assert log.refusals == ("sns:CreateTopic", "sns:Publish")
    said = log.to_dict()
    assert (said["total"], said["reads"], said["writes"], said["refused"]) == (5, 4, 1, 3)


@given(one=of.call_logs, other=of.call_logs, third=of.call_logs)
def test_merging_is_free_of_order_and_loses_nothing(one: CallLog, other: CallLog, third: CallLog) -> None:
    both = one.merged(other)
    assert both == other.merged(one)
    assert both.merged(third) == one.merged(other, third) == one.merged(other.merged(third))
    assert one.merged() == one == CallLog().merged(one)
    assert sum(count.count for count in both.counts) == sum(count.count for count in (*one.counts, *other.counts))
    assert list(both.counts) == sorted(both.counts)


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("kinesis", "ListShards", "kinesis:ListShards"),
        ("elbv2", "DescribeRules", "elasticloadbalancing:DescribeRules"),
        ("cloudcontrol", "GetResource", "cloudformation:GetResource"),
        ("s3", "HeadObject", "s3:GetObject"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("apigatewayv2", "GetApi", "apigateway:GET"),
        ("apigateway", "CreateRestApi", "apigateway:POST"),
        ("apigateway", "TagResource", "apigateway:PUT"),
    ],
)
def test_a_call_has_the_action_that_iam_knows(service: str, operation: str, action: str) -> None:
    assert action_of(service, operation) == action
    assert CallCount(target="aws", service=service, operation=operation, kind=CallKind.READ).action == action


def test_names_tell_reads_from_writes_in_any_spelling() -> None:
    assert all(
        only_reads(operation)
        for operation in ("DescribeStacks", "GET", "getBucketAcl", "Describe*", "ValidateTemplate")
    )
    assert not any(only_reads(operation) for operation in ("POST", "Decrypt", "*", "ReceiveMessage", "PassRole"))


def test_names_tell_what_gives_a_secret_away() -> None:
    assert all(gives_secret(operation) for operation in ("GetSecretValue", "getsecretvalue", "Get*", "*"))
    assert not any(gives_secret(operation) for operation in ("GetBucketPolicy", "Describe*", "GetSecretValues"))


@given(log=of.call_logs)
def test_a_log_crosses_processes(log: CallLog) -> None:
    assert CallLog.from_dict(log.to_dict()) == log
