"""The construct argument that sets a property, and its source for another value.

A level 1 construct has an argument for each property, under the property's own name. Level 2 constructs have a table,
which is short on purpose: an argument that is not in it is not guessed, unless its name and value are both the
property's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from stackproof.core.json import JsonValue

__all__ = [
    "ARGUMENTS",
    "CLASSES",
    "RETENTION_DAYS",
    "Argument",
    "Expression",
    "Form",
    "Plain",
    "Written",
    "argument_of",
    "classes_of",
    "folded",
    "is_same",
]


class Form(StrEnum):
    """The form of an argument's expression."""

    LITERAL = "literal"
    NAME = "a variable"
    CALL = "a call"
    OTHER = "an expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An argument as the source has it. For a call or a dotted name, `owner` is the text before its `name`.

    `value` is that of a literal, `inner` the one argument of a call that has no other.
    """

    form: Form
    text: str
    owner: str = ""
    name: str = ""
    value: JsonValue = None
    inner: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """New source for an expression, or the reason for none; `of` is the part of it with an unknown value."""

    text: str = ""
    why_not: str = ""
    of: Expression | None = None


class Conversion(Protocol):
    """Between a property's value and the source of an argument."""

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        """The source for the live value, if the source now has the expected value."""

    def fresh(self, live: JsonValue) -> str:
        """The source of a new argument with the live value, for a message that proposes it."""


def is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two scalars are equal for CloudFormation, where "true" is true and "7" is 7."""
    if isinstance(one, Mapping | list) or isinstance(other, Mapping | list):
        return one == other
    return _plain(one) == _plain(other)


def _plain(value: JsonValue) -> str:
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _literal(value: JsonValue) -> str:
    """Python's source for a scalar."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _like(old: JsonValue, live: JsonValue) -> JsonValue:
    """The live value in the type of the present value; None if it does not convert."""
    text = _plain(live)
    if isinstance(old, bool):
        return {"true": True, "false": False}.get(text.casefold())
    if isinstance(old, int | float):
        try:
            return int(text)
        except ValueError:
            pass
        try:
            return float(text)
        except ValueError:
            return None
    return text


def _unknown(now: Expression) -> Written:
    return Written(why_not=f"the value comes from {now.form.value} `{now.text}`", of=now)


def _otherwise(now: Expression, expected: JsonValue) -> Written:
    return Written(why_not=f"the source has `{now.text}`, and the deployed value is {_literal(expected)}")


@dataclass(frozen=True, slots=True)
class Plain:
    """The value as it is."""

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        if now.form is not Form.LITERAL:
            return _unknown(now)
        if not is_same(now.value, expected):
            return _otherwise(now, expected)
        value = _like(now.value, live)
        if value is None or isinstance(live, Mapping | list):
            return Written(why_not=f"`{now.text}` cannot become {_literal(live)}")
        return Written(text=_literal(value))

    def fresh(self, live: JsonValue) -> str:
        return _literal(live)


_SECONDS: Final[Mapping[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


@dataclass(frozen=True, slots=True)
class Duration:
    """A number of units; another unit of the source is kept if the number stays whole."""

    unit: str

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        if now.form is not Form.CALL or now.name not in _SECONDS or now.inner is None:
            return _unknown(now)
        if now.inner.form is not Form.LITERAL or not isinstance(now.inner.value, int):
            return _unknown(now.inner)
        factor = _SECONDS[self.unit]
        if not is_same(now.inner.value * _SECONDS[now.name] / factor, expected):
            return _otherwise(now, expected)
        count = _like(0, live)
        if not isinstance(count, int):
            return Written(why_not=f"`{now.text}` cannot become {_literal(live)}")
        whole, rest = divmod(count * factor, _SECONDS[now.name])
        return Written(text=f"{now.owner}.{self.unit}({count})" if rest else f"{now.owner}.{now.name}({whole})")

    def fresh(self, live: JsonValue) -> str:
        return f"Duration.{self.unit}({_plain(live)})"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of one of CDK's enums."""

    enum: str
    names: Mapping[str, str]

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        if now.form is not Form.NAME or now.owner.rpartition(".")[2] != self.enum:
            return _unknown(now)
        if self.names.get(_plain(expected)) != now.name:
            return _otherwise(now, expected)
        name = self.names.get(_plain(live))
        if name is None:
            return Written(why_not=f"{self.enum} has no known member for {_literal(live)}")
        return Written(text=f"{now.owner}.{name}")

    def fresh(self, live: JsonValue) -> str:
        return f"{self.enum}.{self.names.get(_plain(live), '…')}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A switch whose property has a word for on and one for off."""

    on: str
    off: str

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        if now.form is not Form.LITERAL or not isinstance(now.value, bool):
            return _unknown(now)
        if (self.on if now.value else self.off) != expected:
            return _otherwise(now, expected)
        if live not in {self.on, self.off}:
            return Written(why_not=f"`{now.text}` cannot become {_literal(live)}")
        return Written(text=str(live == self.on))

    def fresh(self, live: JsonValue) -> str:
        return str(live == self.on)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Text in a call with one argument, without the property's prefix."""

    call: str
    prefix: str

    def written(self, now: Expression, expected: JsonValue, live: JsonValue) -> Written:
        if now.form is not Form.CALL or now.name != self.call or now.inner is None:
            return _unknown(now)
        if now.inner.form is not Form.LITERAL or not isinstance(now.inner.value, str):
            return _unknown(now.inner)
        if f"{self.prefix}{now.inner.value}" != expected:
            return _otherwise(now, expected)
        before = f"{now.owner}." if now.owner else ""
        return Written(text=f"{before}{self.call}({self._inner(live)})")

    def fresh(self, live: JsonValue) -> str:
        return f"{self.call}({self._inner(live)})"

    def _inner(self, live: JsonValue) -> str:
        return _literal(str(live).removeprefix(self.prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """The keyword that sets a property; `below` are keys of a mapping that is given for it."""

    keyword: str
    conversion: Conversion = field(default_factory=Plain)
    below: tuple[str, ...] = ()


RETENTION_DAYS: Final[Mapping[str, str]] = {
    "1": "ONE_DAY",
    "3": "THREE_DAYS",
    "5": "FIVE_DAYS",
    "7": "ONE_WEEK",
    "14": "TWO_WEEKS",
    "30": "ONE_MONTH",
    "60": "TWO_MONTHS",
    "90": "THREE_MONTHS",
    "120": "FOUR_MONTHS",
    "150": "FIVE_MONTHS",
    "180": "SIX_MONTHS",
    "365": "ONE_YEAR",
    "400": "THIRTEEN_MONTHS",
    "545": "EIGHTEEN_MONTHS",
    "731": "TWO_YEARS",
    "1096": "THREE_YEARS",
    "1827": "FIVE_YEARS",
    "2192": "SIX_YEARS",
    "2557": "SEVEN_YEARS",
    "2922": "EIGHT_YEARS",
    "3288": "NINE_YEARS",
    "3653": "TEN_YEARS",
}
"""The members of aws_logs.RetentionDays, by days."""


def _upper(*values: str, enum: str) -> Member:
    return Member(enum, {value: value.upper() for value in values})


_SECONDS_OF: Final = Duration("seconds")
_DAYS_OF: Final = Duration("days")
_STREAM: Final = {
    "/ShardCount": Argument(keyword="shard_count"),
    "/RetentionPeriodHours": Argument(keyword="retention_period", conversion=Duration("hours")),
    "/Name": Argument(keyword="stream_name"),
    "/StreamModeDetails/StreamMode": Argument(
        keyword="stream_mode", conversion=_upper("PROVISIONED", "ON_DEMAND", enum="StreamMode")
    ),
}

ARGUMENTS: Final[Mapping[str, Mapping[str, Argument]]] = {
    "AWS::CloudWatch::Alarm": {
        "/AlarmDescription": Argument(keyword="alarm_description"),
        "/ActionsEnabled": Argument(keyword="actions_enabled"),
        "/ComparisonOperator": Argument(
            keyword="comparison_operator",
            conversion=Member(
                "ComparisonOperator",
                {
                    "GreaterThanOrEqualToThreshold": "GREATER_THAN_OR_EQUAL_TO_THRESHOLD",
                    "GreaterThanThreshold": "GREATER_THAN_THRESHOLD",
                    "LessThanOrEqualToThreshold": "LESS_THAN_OR_EQUAL_TO_THRESHOLD",
                    "LessThanThreshold": "LESS_THAN_THRESHOLD",
                },
            ),
        ),
        "/DatapointsToAlarm": Argument(keyword="datapoints_to_alarm"),
        "/EvaluationPeriods": Argument(keyword="evaluation_periods"),
        "/Threshold": Argument(keyword="threshold"),
        "/TreatMissingData": Argument(
            keyword="treat_missing_data",
            conversion=Member(
                "TreatMissingData",
                {
                    "breaching": "BREACHING",
                    "ignore": "IGNORE",
                    "missing": "MISSING",
                    "notBreaching": "NOT_BREACHING",
                },
            ),
        ),
    },
    "AWS::DynamoDB::Table": {
        "/BillingMode": Argument(
            keyword="billing_mode", conversion=_upper("PAY_PER_REQUEST", "PROVISIONED", enum="BillingMode")
        ),
        "/DeletionProtectionEnabled": Argument(keyword="deletion_protection"),
        "/ProvisionedThroughput/ReadCapacityUnits": Argument(keyword="read_capacity"),
        "/ProvisionedThroughput/WriteCapacityUnits": Argument(keyword="write_capacity"),
    },
    "AWS::Events::Rule": {"/State": Argument(keyword="enabled", conversion=Flag("ENABLED", "DISABLED"))},
    "AWS::IAM::Role": {"/MaxSessionDuration": Argument(keyword="max_session_duration", conversion=_SECONDS_OF)},
    "AWS::KMS::Key": {
        "/EnableKeyRotation": Argument(keyword="enable_key_rotation"),
        "/PendingWindowInDays": Argument(keyword="pending_window", conversion=_DAYS_OF),
        "/RotationPeriodInDays": Argument(keyword="rotation_period", conversion=_DAYS_OF),
    },
    "AWS::Kinesis::Stream": _STREAM,
    "AWS::Lambda::EventSourceMapping": {
        "/BatchSize": Argument(keyword="batch_size"),
        "/BisectBatchOnFunctionError": Argument(keyword="bisect_batch_on_error"),
        "/Enabled": Argument(keyword="enabled"),
        "/MaximumBatchingWindowInSeconds": Argument(keyword="max_batching_window", conversion=_SECONDS_OF),
        "/MaximumRecordAgeInSeconds": Argument(keyword="max_record_age", conversion=_SECONDS_OF),
        "/MaximumRetryAttempts": Argument(keyword="retry_attempts"),
        "/ParallelizationFactor": Argument(keyword="parallelization_factor"),
    },
    "AWS::Lambda::Function": {
        "/Description": Argument(keyword="description"),
        "/MemorySize": Argument(keyword="memory_size"),
        "/ReservedConcurrentExecutions": Argument(keyword="reserved_concurrent_executions"),
        "/Timeout": Argument(keyword="timeout", conversion=_SECONDS_OF),
        "/TracingConfig/Mode": Argument(
            keyword="tracing", conversion=Member("Tracing", {"Active": "ACTIVE", "PassThrough": "PASS_THROUGH"})
        ),
    },
    "AWS::Logs::LogGroup": {
        "/LogGroupName": Argument(keyword="log_group_name"),
        "/RetentionInDays": Argument(keyword="retention", conversion=Member("RetentionDays", RETENTION_DAYS)),
    },
    "AWS::RDS::DBInstance": {
        "/AllocatedStorage": Argument(keyword="allocated_storage"),
        "/AutoMinorVersionUpgrade": Argument(keyword="auto_minor_version_upgrade"),
        "/BackupRetentionPeriod": Argument(keyword="backup_retention", conversion=_DAYS_OF),
        "/CopyTagsToSnapshot": Argument(keyword="copy_tags_to_snapshot"),
        "/DBInstanceClass": Argument(keyword="instance_type", conversion=Wrapped("InstanceType", "db.")),
        "/DeletionProtection": Argument(keyword="deletion_protection"),
        "/EnableIAMDatabaseAuthentication": Argument(keyword="iam_authentication"),
        "/EnablePerformanceInsights": Argument(keyword="enable_performance_insights"),
        "/MaxAllocatedStorage": Argument(keyword="max_allocated_storage"),
        "/MonitoringInterval": Argument(keyword="monitoring_interval", conversion=_SECONDS_OF),
        "/MultiAZ": Argument(keyword="multi_az"),
        "/PreferredBackupWindow": Argument(keyword="preferred_backup_window"),
        "/PreferredMaintenanceWindow": Argument(keyword="preferred_maintenance_window"),
        "/PubliclyAccessible": Argument(keyword="publicly_accessible"),
        "/StorageType": Argument(
            keyword="storage_type", conversion=_upper("gp2", "gp3", "io1", "io2", enum="StorageType")
        ),
    },
    "AWS::S3::Bucket": {
        "/BucketName": Argument(keyword="bucket_name"),
        "/VersioningConfiguration/Status": Argument(keyword="versioned", conversion=Flag("Enabled", "Suspended")),
    },
    "AWS::SNS::Topic": {
        "/DisplayName": Argument(keyword="display_name"),
        "/TopicName": Argument(keyword="topic_name"),
    },
    "AWS::SQS::Queue": {
        "/DelaySeconds": Argument(keyword="delivery_delay", conversion=_SECONDS_OF),
        "/KmsDataKeyReusePeriodSeconds": Argument(keyword="data_key_reuse", conversion=_SECONDS_OF),
        "/MaximumMessageSize": Argument(keyword="max_message_size_bytes"),
        "/MessageRetentionPeriod": Argument(keyword="retention_period", conversion=_SECONDS_OF),
        "/QueueName": Argument(keyword="queue_name"),
        "/ReceiveMessageWaitTimeSeconds": Argument(keyword="receive_message_wait_time", conversion=_SECONDS_OF),
        "/VisibilityTimeout": Argument(keyword="visibility_timeout", conversion=_SECONDS_OF),
    },
}
"""For constructs of level 2: by type and property."""

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::CloudWatch::Alarm": ("Alarm", "create_alarm"),
    "AWS::Lambda::EventSourceMapping": (
        "DynamoEventSource",
        "EventSourceMapping",
        "KinesisEventSource",
        "SqsEventSource",
        "add_event_source_mapping",
    ),
    "AWS::Lambda::Function": ("DockerImageFunction", "Function", "NodejsFunction", "PythonFunction"),
    "AWS::RDS::DBInstance": ("DatabaseInstance", "DatabaseInstanceFromSnapshot", "DatabaseInstanceReadReplica"),
}
"""The constructs and methods that make a resource of the type, where their names differ from the type's name."""

_BELOW: Final = {("AWS::Lambda::Function", "/Environment/Variables/"): "environment"}


def classes_of(resource_type: str) -> tuple[str, ...]:
    """The level 2 names whose call makes a resource of the type."""
    return CLASSES.get(resource_type, (resource_type.rpartition("::")[2],))


def argument_of(resource_type: str, path: str) -> Argument | None:
    """The level 2 argument that sets the property, if known."""
    for (kind, start), keyword in _BELOW.items():
        if kind == resource_type and path.startswith(start):
            return Argument(keyword=keyword, below=(path.removeprefix(start),))
    return ARGUMENTS.get(resource_type, {}).get(path)


def folded(name: str) -> str:
    """The same for `BackupRetentionPeriod` and `backup_retention_period`, whatever becomes of capitals in a row."""
    return name.replace("_", "").casefold()
