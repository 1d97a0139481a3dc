"""Which argument sets a property, and how its source reads for the live value."""

from __future__ import annotations

import pytest

from stackproof.core.json import JsonValue
from stackproof.drift.adopt.arguments import (
    ARGUMENTS,
    CLASSES,
    RETENTION_DAYS,
    Argument,
    Duration,
    Expression,
    Flag,
    Form,
    Member,
    Plain,
    Wrapped,
    argument_of,
    classes_of,
    folded,
    is_same,
)


def literal(value: JsonValue) -> Expression:
    return Expression(form=Form.LITERAL, text=repr(value), value=value)


def name(owner: str, member: str) -> Expression:
    return Expression(form=Form.NAME, text=f"{owner}.{member}", owner=owner, name=member)


def call(owner: str, function: str, inner: Expression | None) -> Expression:
    text = f"{owner}.{function}({inner.text if inner else ''})"
    return Expression(form=Form.CALL, text=text, owner=owner, name=function, inner=inner)


VARIABLE = name("settings", "days")
OTHER = Expression(form=Form.OTHER, text="1 + 1")
RETENTION = Member("RetentionDays", RETENTION_DAYS)
VERSIONED = Flag("Enabled", "Suspended")
INSTANCE = Wrapped("InstanceType", "db.")
DAYS = Duration("days")


@pytest.mark.parametrize(
    ("conversion", "now", "expected", "live", "text"),
    [
        (Plain(), literal(7), 7, 14, "14"),
        (Plain(), literal(100), "100", "200", "200"),
        (Plain(), literal(value=True), "true", "false", "False"),
        (Plain(), literal("a"), "a", 'b"c', '"b\\"c"'),
        (Plain(), literal("5"), 5, 6, '"6"'),
        (Plain(), literal(80), 80, 80.5, "80.5"),
        (Plain(), literal(80.0), 80, 90, "90"),
        (DAYS, call("cdk.Duration", "days", literal(7)), 7, 14, "cdk.Duration.days(14)"),
        (Duration("seconds"), call("Duration", "minutes", literal(5)), 300, 600, "Duration.minutes(10)"),
        (Duration("seconds"), call("Duration", "minutes", literal(5)), "300", "90", "Duration.seconds(90)"),
        (RETENTION, name("logs.RetentionDays", "ONE_WEEK"), 7, 14, "logs.RetentionDays.TWO_WEEKS"),
        (VERSIONED, literal(value=True), "Enabled", "Suspended", "False"),
        (VERSIONED, literal(value=False), "Suspended", "Enabled", "True"),
        (INSTANCE, call("ec2", "InstanceType", literal("m7g.large")), "db.m7g.large", "db.m7g.xlarge", None),
    ],
)
def test_the_live_value_is_written_as_the_source_has_the_expected_one(
    conversion: Plain, now: Expression, expected: JsonValue, live: JsonValue, text: str | None
) -> None:
    found = conversion.written(now, expected, live)
    assert found.text == (text or 'ec2.InstanceType("m7g.xlarge")')
    assert found.why_not == ""


@pytest.mark.parametrize(
    ("conversion", "now", "expected", "live", "said"),
    [
        (Plain(), VARIABLE, 7, 14, "the value comes from a variable `settings.days`"),
        (Plain(), OTHER, 2, 3, "the value comes from an expression `1 + 1`"),
        (Plain(), call("x", "f", None), 2, 3, "the value comes from a call `x.f()`"),
        (Plain(), literal(7), 8, 9, "the source has `7`, and the deployed value is 8"),
        (Plain(), literal(7), 7, "many", '`7` cannot become "many"'),
        (Plain(), literal(value=True), True, "perhaps", '`True` cannot become "perhaps"'),
        (Plain(), literal("a"), "a", [1], "`'a'` cannot become [1]"),
        (DAYS, VARIABLE, 7, 14, "the value comes from a variable `settings.days`"),
        (DAYS, call("Duration", "parse", literal("P7D")), 7, 14, "the value comes from a call"),
        (DAYS, call("Duration", "days", VARIABLE), 7, 14, "the value comes from a variable `settings.days`"),
        (DAYS, call("Duration", "days", literal(3)), 7, 14, "the source has `Duration.days(3)`"),
        (DAYS, call("Duration", "days", literal(7)), 7, "soon", "cannot become"),
        (RETENTION, VARIABLE, 7, 14, "the value comes from a variable"),
        (RETENTION, name("logs.RetentionDays", "ONE_DAY"), 7, 14, "the source has `logs.RetentionDays.ONE_DAY`"),
        (RETENTION, name("logs.RetentionDays", "ONE_WEEK"), 7, 8, "RetentionDays has no known member for 8"),
        (VERSIONED, VARIABLE, "Enabled", "Suspended", "the value comes from a variable"),
        (VERSIONED, literal(value=True), "Suspended", "Enabled", "the source has `True`"),
        (VERSIONED, literal(value=True), "Enabled", "Off", "cannot become"),
        (INSTANCE, VARIABLE, "db.a", "db.b", "the value comes from a variable"),
        (INSTANCE, call("ec2", "InstanceType", VARIABLE), "db.a", "db.b", "a variable `settings.days`"),
        (INSTANCE, call("ec2", "InstanceType", literal("c")), "db.a", "db.b", "the deployed value is"),
    ],
)
def test_what_is_no_literal_of_the_expected_value_is_left_and_said(
    conversion: Plain, now: Expression, expected: JsonValue, live: JsonValue, said: str
) -> None:
    found = conversion.written(now, expected, live)
    assert found.text == ""
    assert said in found.why_not


def test_what_a_person_would_add() -> None:
    made = [Plain().fresh("a"), DAYS.fresh(7), RETENTION.fresh("7"), RETENTION.fresh(8), VERSIONED.fresh("Enabled")]
    assert made == ['"a"', "Duration.days(7)", "RetentionDays.ONE_WEEK", "RetentionDays.…", "True"]
    assert INSTANCE.fresh("db.b") == 'InstanceType("b")'
    assert Wrapped("InstanceType", "db.").written(call("", "InstanceType", literal("a")), "db.a", "db.b").text == (
        'InstanceType("b")'
    )


def test_scalars_are_the_same_as_cloudformation_takes_them() -> None:
    assert is_same(7, "7")
    assert is_same(7.0, 7)
    assert is_same(one=True, other="true")
    assert is_same([1], [1])
    assert not is_same([1], "1")
    assert folded("DBInstanceClass") == folded("db_instance_class")


def test_arguments_and_classes_are_found_by_type() -> None:
    assert argument_of("AWS::SQS::Queue", "/DelaySeconds") == Argument(
        keyword="delivery_delay", conversion=Duration("seconds")
    )
    assert argument_of("AWS::SQS::Queue", "/Nothing") is None
    below = argument_of("AWS::Lambda::Function", "/Environment/Variables/LEVEL")
    assert below == Argument(keyword="environment", below=("LEVEL",))
    assert classes_of("AWS::SQS::Queue") == ("Queue",)
    assert "create_alarm" in classes_of("AWS::CloudWatch::Alarm")


@pytest.mark.usefixtures("processes")
def test_cdk_has_every_class_argument_and_member_of_the_table() -> None:
    """A name that CDK does not have would be a patch that breaks the app."""
    import inspect

    from aws_cdk import (
        aws_cloudwatch,
        aws_dynamodb,
        aws_events,
        aws_iam,
        aws_kinesis,
        aws_kms,
        aws_lambda,
        aws_lambda_event_sources,
        aws_logs,
        aws_rds,
        aws_s3,
        aws_sns,
        aws_sqs,
    )

    modules = {
        "AWS::CloudWatch::Alarm": aws_cloudwatch,
        "AWS::DynamoDB::Table": aws_dynamodb,
        "AWS::Events::Rule": aws_events,
        "AWS::IAM::Role": aws_iam,
        "AWS::KMS::Key": aws_kms,
        "AWS::Kinesis::Stream": aws_kinesis,
        "AWS::Lambda::EventSourceMapping": aws_lambda,
        "AWS::Lambda::Function": aws_lambda,
        "AWS::Logs::LogGroup": aws_logs,
        "AWS::RDS::DBInstance": aws_rds,
        "AWS::S3::Bucket": aws_s3,
        "AWS::SNS::Topic": aws_sns,
        "AWS::SQS::Queue": aws_sqs,
    }
    assert set(modules) == set(ARGUMENTS)
    for kind, rows in ARGUMENTS.items():
        main = {"AWS::RDS::DBInstance": "DatabaseInstance"}.get(kind, kind.rpartition("::")[2])
        known = set(inspect.signature(getattr(modules[kind], main).__init__).parameters)
        for argument in rows.values():
            assert argument.keyword in known, (kind, argument.keyword)
            if isinstance(argument.conversion, Member):
                enum = getattr(modules[kind], argument.conversion.enum)
                assert all(hasattr(enum, name) for name in argument.conversion.names.values()), (kind, enum)
    assert {"KinesisEventSource", "SqsEventSource", "DynamoEventSource"} <= set(
        CLASSES["AWS::Lambda::EventSourceMapping"]
    ) & set(dir(aws_lambda_event_sources))
