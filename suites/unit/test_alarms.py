"""The alarms: each watches a resource of this stack, and someone gets its message."""

from typing import Any

import pytest

from stackproof.testing import Match, Resource, StackQuery, TemplateAssertions

ALARM = "AWS::CloudWatch::Alarm"
OVER, UNDER = "GreaterThanThreshold", "LessThanThreshold"
# Metric, the resource that it is of, its dimension, and how it is judged.
WATCHED = [
    ("AWS/RDS", "CPUUtilization", "AWS::RDS::DBInstance", "DBInstanceIdentifier", "Average", OVER),
    ("AWS/RDS", "FreeStorageSpace", "AWS::RDS::DBInstance", "DBInstanceIdentifier", "Minimum", UNDER),
    ("AWS/RDS", "DatabaseConnections", "AWS::RDS::DBInstance", "DBInstanceIdentifier", "Maximum", OVER),
    ("AWS/Lambda", "Errors", "AWS::Lambda::Function", "FunctionName", "Sum", OVER),
    ("AWS/Lambda", "Throttles", "AWS::Lambda::Function", "FunctionName", "Sum", OVER),
    ("AWS/Lambda", "Duration", "AWS::Lambda::Function", "FunctionName", "Maximum", OVER),
    ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "AWS::Kinesis::Stream", "StreamName", "Maximum", OVER),
    ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "AWS::Kinesis::Stream", "StreamName", "Sum", OVER),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "AWS::SQS::Queue", "QueueName", "Maximum", OVER),
]
METRICS = [row[1] for row in WATCHED]


def alarm(stack: StackQuery, metric: str) -> Resource:
    """The one alarm on the metric."""
    return stack.resource(ALARM, where={"MetricName": metric})


def topic_statements(stack: StackQuery) -> list[dict[str, Any]]:
    """The statements of the topic's policy."""
    policy = stack.resource("AWS::SNS::TopicPolicy")
    assert stack.references(policy, "/Topics") == (stack.resource("AWS::SNS::Topic").logical_id,)
    return list(stack.value(policy, "/PolicyDocument")["Statement"])


@pytest.mark.parametrize("row", WATCHED, ids=METRICS)
def test_every_stage_is_watched(stack: StackQuery, row: tuple[str, str, str, str, str, str]) -> None:
    namespace, metric, resource_type, dimension, statistic, comparison = row
    found = stack.resource(
        ALARM,
        where={
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": dimension}],
            "Statistic": statistic,
            "ComparisonOperator": comparison,
        },
    )
    assert stack.references(found, "/Dimensions") == (stack.resource(resource_type).logical_id,)


@pytest.mark.parametrize("metric", METRICS)
def test_someone_is_told_within_a_quarter_of_an_hour(stack: StackQuery, metric: str) -> None:
    found = alarm(stack, metric)
    assert 60 <= stack.value(found, "/Period") * stack.value(found, "/EvaluationPeriods") <= 900


def test_there_is_no_alarm_that_nobody_thought_of(stack: StackQuery) -> None:
    metrics = [stack.value(resource, "/MetricName") for resource in stack.resources(ALARM)]
    assert sorted(metrics) == sorted(METRICS)


def test_every_alarm_acts_on_the_topic(stack: StackQuery) -> None:
    topic = stack.resource("AWS::SNS::Topic").logical_id
    acting = [stack.references(resource, "/AlarmActions") for resource in stack.resources(ALARM)]
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


@pytest.mark.parametrize(
    "metric", ["Errors", "Throttles", "WriteProvisionedThroughputExceeded", "ApproximateNumberOfMessagesVisible"]
)
def test_the_first_failure_counts(stack: StackQuery, metric: str) -> None:
    assert stack.value(alarm(stack, metric), "/Threshold") == 0


def test_cpu_alarms_below_full_load_and_when_nothing_is_heard(stack: StackQuery) -> None:
    found = alarm(stack, "CPUUtilization")
    assert 50 <= stack.value(found, "/Threshold") <= 90
    assert stack.value(found, "/TreatMissingData") == "breaching"


def test_storage_alarms_while_there_is_room_left(stack: StackQuery) -> None:
    found = alarm(stack, "FreeStorageSpace")
    allocated = int(stack.value(stack.resource("AWS::RDS::DBInstance"), "/AllocatedStorage")) * 1024**3
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
    denied = [statement for statement in topic_statements(stack) if statement["Effect"] == "Deny"]
    assert [(statement["Principal"], statement["Action"]) for statement in denied] == [("*", "sns:Publish")]
    assert [statement["Condition"] for statement in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_alarms_may_publish_to_the_topic(stack: StackQuery) -> None:
    """A policy in the template replaces SNS's policy of the topic, and with it the permission of alarms."""
    allowed = [statement for statement in topic_statements(stack) if statement["Effect"] == "Allow"]
    assert [(statement["Principal"], statement["Action"]) for statement in allowed] == [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    ]
