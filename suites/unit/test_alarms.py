"""The alarms: each watches a resource of this stack, and someone is told."""

from typing import Any

import pytest

from stackproof.assertions import Match, StackQuery, TemplateAssertions
from stackproof.model.template import Resource

ALARM = "AWS::CloudWatch::Alarm"
WATCHED = [
    ("AWS/RDS", "CPUUtilization", "AWS::RDS::DBInstance"),
    ("AWS/RDS", "FreeStorageSpace", "AWS::RDS::DBInstance"),
    ("AWS/RDS", "DatabaseConnections", "AWS::RDS::DBInstance"),
    ("AWS/Lambda", "Errors", "AWS::Lambda::Function"),
    ("AWS/Lambda", "Throttles", "AWS::Lambda::Function"),
    ("AWS/Lambda", "Duration", "AWS::Lambda::Function"),
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "AWS::Kinesis::Stream"),
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "AWS::Kinesis::Stream"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "AWS::SQS::Queue"),
]


def alarm(stack: StackQuery, metric: str) -> Resource:
    """The one alarm on the metric."""
    return stack.resource(ALARM, where={"MetricName": metric})


def topic_statements(stack: StackQuery) -> list[dict[str, Any]]:
    """The statements of the topic's policy."""
    policy = stack.resource("AWS::SNS::TopicPolicy")
    assert stack.references(policy, "/Topics") == (stack.resource("AWS::SNS::Topic").logical_id,)
    return list(stack.value(policy, "/PolicyDocument")["Statement"])


@pytest.mark.parametrize(("namespace", "metric", "resource_type"), WATCHED)
def test_every_stage_is_watched(stack: StackQuery, namespace: str, metric: str, resource_type: str) -> None:
    found = stack.resource(ALARM, where={"Namespace": namespace, "MetricName": metric})
    assert stack.references(found, "/Dimensions") == (stack.resource(resource_type).logical_id,)


def test_there_is_no_alarm_that_nobody_thought_of(stack: StackQuery) -> None:
    metrics = [stack.value(each, "/MetricName") for each in stack.resources(ALARM)]
    assert sorted(metrics) == sorted(metric for _, metric, _ in WATCHED)


def test_every_alarm_acts_on_the_topic(stack: StackQuery) -> None:
    topic = stack.resource("AWS::SNS::Topic").logical_id
    acting = [stack.references(each, "/AlarmActions") for each in stack.resources(ALARM)]
    assert acting == [(topic,)] * len(WATCHED)


def test_no_alarm_is_switched_off(template: TemplateAssertions) -> None:
    template.all_resources_properties(ALARM, {"ActionsEnabled": Match.absent()})


def test_every_alarm_says_what_is_wrong_and_what_silence_means(template: TemplateAssertions) -> None:
    template.all_resources_properties(
        ALARM,
        {
            "AlarmDescription": Match.string_like_regexp(r"\w+ \w+"),
            "TreatMissingData": Match.string_like_regexp("^(breaching|notBreaching|missing)$"),
        },
    )


@pytest.mark.parametrize("metric", ["Errors", "Throttles", "ApproximateNumberOfMessagesVisible"])
def test_the_first_failure_counts(stack: StackQuery, metric: str) -> None:
    found = alarm(stack, metric)
    assert stack.value(found, "/Threshold") == 0
    assert stack.value(found, "/ComparisonOperator") == "GreaterThanThreshold"


def test_cpu_alarms_below_full_load_and_when_nothing_is_heard(stack: StackQuery) -> None:
    found = alarm(stack, "CPUUtilization")
    assert 50 <= stack.value(found, "/Threshold") <= 90
    assert stack.value(found, "/TreatMissingData") == "breaching"


def test_storage_alarms_while_there_is_room_left(stack: StackQuery) -> None:
    found = alarm(stack, "FreeStorageSpace")
    allocated = int(stack.value(stack.resource("AWS::RDS::DBInstance"), "/AllocatedStorage")) * 1024**3
    assert stack.value(found, "/ComparisonOperator") == "LessThanThreshold"
    assert 0.1 * allocated <= stack.value(found, "/Threshold") <= 0.5 * allocated


def test_connections_alarm_above_what_the_function_can_open(stack: StackQuery) -> None:
    reserved = stack.value(stack.resource("AWS::Lambda::Function"), "/ReservedConcurrentExecutions")
    assert reserved <= stack.value(alarm(stack, "DatabaseConnections"), "/Threshold") <= 10 * reserved


def test_duration_alarms_before_the_timeout(stack: StackQuery) -> None:
    timeout = stack.value(stack.resource("AWS::Lambda::Function"), "/Timeout") * 1000
    assert 0 < stack.value(alarm(stack, "Duration"), "/Threshold") < timeout


def test_iterator_age_alarms_before_records_are_given_up(stack: StackQuery) -> None:
    age = stack.value(stack.resource("AWS::Lambda::EventSourceMapping"), "/MaximumRecordAgeInSeconds") * 1000
    assert 0 < stack.value(alarm(stack, "GetRecords.IteratorAgeMilliseconds"), "/Threshold") < age


def test_the_topic_refuses_plain_text(stack: StackQuery) -> None:
    denied = [each for each in topic_statements(stack) if each["Effect"] == "Deny"]
    assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_alarms_may_publish_to_the_topic(stack: StackQuery) -> None:
    """A policy of its own replaces the one that SNS gives a topic, and with it the leave for alarms."""
    allowed = [each for each in topic_statements(stack) if each["Effect"] == "Allow"]
    assert [(each["Principal"], each["Action"]) for each in allowed] == [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    ]
