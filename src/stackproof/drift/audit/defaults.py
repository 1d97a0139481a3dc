"""Defaults of services for properties that a template does not set, and live values that deviate from them.

A type without a row is not checked. A row is about a property whose default is the same for every account and region
and whose change has a consequence; a value that a service chooses (a name, a zone, a key) has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stackproof.core.json import JsonValue
from stackproof.core.json_pointer import overlap, steps
from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.proof.comparison import matches
from stackproof.proof.observation import Change, PropertyDifference, Reading
from stackproof.template.intrinsics import Resolved, is_unresolved
from stackproof.template.schema import ResourceSchema

__all__ = ["DEFAULTS", "Default", "Deviations", "deviations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One row: what a property is where nobody has set it, and a live value that deviates, which is its test.

    `values` are all that AWS gives by default, the usual one first. None among them: the property is not set.
    The row holds where the template sets none of `unless` and all of `where`.
    """

    resource_type: str
    path: str
    values: tuple[JsonValue, ...]
    deviating: JsonValue
    unless: tuple[str, ...] = ()
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviations:
    """What was found of one resource: at how many rows there was something to look, and which could not be judged."""

    total: int = 0
    differences: tuple[PropertyDifference, ...] = ()
    unread: tuple[tuple[str, UnprovenReason], ...] = ()


def _rows(resource_type: str, *rows: tuple[str, tuple[JsonValue, ...], JsonValue]) -> tuple[Default, ...]:
    return tuple(
        Default(resource_type=resource_type, path=path, values=values, deviating=deviating)
        for path, values, deviating in rows
    )


_BLOCK: Final = "/PublicAccessBlockConfiguration"
_CLUSTER: Final = ("/DBClusterIdentifier", "/SourceDBInstanceIdentifier", "/DBSnapshotIdentifier")

DEFAULTS: Final[tuple[Default, ...]] = (
    *_rows(
        "AWS::CloudWatch::Alarm",
        ("/ActionsEnabled", (True, None), False),
        ("/AlarmActions", (None,), ["arn:aws:sns:us-east-1:123456789012:other"]),
        ("/Dimensions", (None,), [{"Name": "Other", "Value": "other"}]),
        ("/TreatMissingData", ("missing", None), "notBreaching"),
    ),
    *_rows(
        "AWS::DynamoDB::GlobalTable",
        ("/StreamSpecification", (None,), {"StreamViewType": "NEW_IMAGE"}),
    ),
    *_rows(
        "AWS::DynamoDB::Table",
        ("/DeletionProtectionEnabled", (False, None), True),
        ("/ResourcePolicy", (None,), {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*"}]}}),
        ("/StreamSpecification", (None,), {"StreamViewType": "NEW_IMAGE"}),
    ),
    *_rows("AWS::EC2::Subnet", ("/MapPublicIpOnLaunch", (False, None), True)),
    *_rows("AWS::EC2::VPC", ("/EnableDnsSupport", (True, None), False)),
    *_rows(
        "AWS::ECR::Repository",
        ("/RepositoryPolicyText", (None,), {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}),
    ),
    *_rows("AWS::Events::Rule", ("/State", ("ENABLED", None), "DISABLED")),
    *_rows(
        "AWS::IAM::Role",
        ("/MaxSessionDuration", (3600, None), 43200),
        ("/PermissionsBoundary", (None,), "arn:aws:iam::123456789012:policy/wide"),
    ),
    *_rows("AWS::IAM::User", ("/PermissionsBoundary", (None,), "arn:aws:iam::123456789012:policy/wide")),
    *_rows(
        "AWS::KMS::Key",
        ("/EnableKeyRotation", (False, None), True),
        ("/Enabled", (True, None), False),
    ),
    *_rows(
        "AWS::Kinesis::Stream",
        ("/RetentionPeriodHours", (24, None), 168),
        ("/StreamEncryption", (None,), {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}),
    ),
    *_rows(
        "AWS::Lambda::EventSourceMapping",
        ("/Enabled", (True, None), False),
        ("/FilterCriteria/Filters", (None,), [{"Pattern": "{}"}]),
    ),
    *_rows(
        "AWS::Lambda::Function",
        ("/Environment/Variables", (None,), {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/other"}),
        ("/EphemeralStorage/Size", (512, None), 10240),
        ("/KmsKeyArn", (None,), "arn:aws:kms:us-east-1:123456789012:key/other"),
        ("/Layers", (None,), ["arn:aws:lambda:us-east-1:123456789012:layer:other:1"]),
        ("/MemorySize", (128, None), 3008),
        ("/ReservedConcurrentExecutions", (None,), 0),
        ("/Timeout", (3, None), 900),
        ("/TracingConfig/Mode", ("PassThrough", None), "Active"),
    ),
    *_rows(
        "AWS::Logs::LogGroup",
        ("/KmsKeyId", (None,), "arn:aws:kms:us-east-1:123456789012:key/other"),
        ("/RetentionInDays", (None,), 1),
    ),
    # Members of a cluster, replicas and what comes out of a snapshot have these from there.
    *(
        Default(
            resource_type="AWS::RDS::DBInstance", path=path, values=(value, None), deviating=deviating, unless=_CLUSTER
        )
        for path, value, deviating in (
            ("/AutoMinorVersionUpgrade", True, False),
            ("/BackupRetentionPeriod", 1, 0),
            ("/DeletionProtection", False, True),
            ("/EnableIAMDatabaseAuthentication", False, True),
            ("/MultiAZ", False, True),
        )
    ),
    # In a VPC with an internet gateway this is AWS's own choice, and still what nobody has decided.
    Default(
        resource_type="AWS::RDS::DBInstance",
        path="/PubliclyAccessible",
        values=(False, None),
        deviating=True,
        where=("/DBSubnetGroupName",),
    ),
    # Buckets have had these four by default since April 2023, and none of them once one of them is set.
    *(
        Default(
            resource_type="AWS::S3::Bucket", path=f"{_BLOCK}/{name}", values=(True,), deviating=False, unless=(_BLOCK,)
        )
        for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    ),
    *_rows(
        "AWS::S3::Bucket",
        ("/LifecycleConfiguration", (None,), {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]}),
        ("/VersioningConfiguration/Status", (None, "Suspended"), "Enabled"),
    ),
    *_rows("AWS::SNS::Subscription", ("/FilterPolicy", (None,), {"kind": ["none"]})),
    *_rows("AWS::SNS::Topic", ("/KmsMasterKeyId", (None, ""), "alias/aws/sns")),
    *_rows(
        "AWS::SQS::Queue",
        ("/DelaySeconds", (0, None), 900),
        ("/MaximumMessageSize", (1048576, 262144, None), 1024),
        ("/MessageRetentionPeriod", (345600, None), 60),
        ("/ReceiveMessageWaitTimeSeconds", (0, None), 20),
        ("/RedrivePolicy", (None,), {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:other"}),
        ("/VisibilityTimeout", (30, None), 43200),
    ),
    *_rows("AWS::SecretsManager::Secret", ("/KmsKeyId", (None,), "arn:aws:kms:us-east-1:123456789012:key/other")),
)


def deviations(
    resource_type: str, expected: Mapping[str, Resolved], reading: Reading, schema: ResourceSchema | None
) -> Deviations:
    """What the template leaves to the default, and how it is live."""
    total = 0
    differences: list[PropertyDifference] = []
    unread: list[tuple[str, UnprovenReason]] = []
    for row in (default for default in DEFAULTS if default.resource_type == resource_type):
        is_set = _set(expected, row.path) and not _is_free(expected, reading.properties, row.path, schema)
        if is_set is True or any(_set(expected, name) for name in row.unless):
            continue
        if not all(_set(expected, name) for name in row.where):
            continue
        total += 1
        covering = [why for pointer, why in sorted(reading.unread.items()) if overlap(pointer, row.path)]
        if is_set is None or covering:
            unread.append((row.path, covering[0] if covering else UnprovenReason.UNRESOLVED))
            continue
        live = _at(reading.properties, row.path)
        if not any(_is(value, live, schema, row.path) for value in row.values):
            differences.append(_difference(row, live))
    return Deviations(total=total, differences=tuple(differences), unread=tuple(unread))


def _difference(row: Default, live: JsonValue) -> PropertyDifference:
    usual = row.values[0]
    change = Change.ADD if usual is None else Change.REMOVE if live is None else Change.NOT_EQUAL
    return PropertyDifference(path=row.path, expected=usual, actual=live, change=change)


def _is(value: JsonValue, live: JsonValue, schema: ResourceSchema | None, path: str) -> bool:
    if value is None or live is None:
        return value is None and live is None
    return matches(value, live, schema, path)


def _is_free(expected: Mapping[str, Resolved], live: JsonValue, path: str, schema: ResourceSchema | None) -> bool:
    """Whether the template has an object without members there, so that whatever is live is as it says."""
    here: Resolved = expected
    for name in steps(path):
        here = here.get(name) if isinstance(here, Mapping) else None
    found = _at(live, path)
    return here == {} and found is not None and matches({}, found, schema, path)


def _set(expected: Resolved, path: str) -> bool | None:
    """Whether the template sets the property; None if that depends on an unknown value."""
    here = expected
    for name in steps(path):
        if is_unresolved(here):
            return None
        if not isinstance(here, Mapping) or name not in here:
            return False
        here = here[name]
    return True


def _at(properties: JsonValue, path: str) -> JsonValue:
    """The live value; an empty list or object counts as none."""
    here = properties
    for name in steps(path):
        here = here.get(name) if isinstance(here, Mapping) else None
    is_empty = isinstance(here, Mapping | Sequence) and not isinstance(here, str) and not here
    return None if is_empty else here
