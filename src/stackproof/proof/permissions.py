"""The least that IAM has to allow for a stack: compiled from what readers declare and what schemas list for types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from stackproof.calls.iam_action import gives_secret, only_reads
from stackproof.calls.ports import ActionSource
from stackproof.core.json import JsonObject, JsonValue, canonical
from stackproof.deployment.ephemeral_stack import EPHEMERAL
from stackproof.proof.equivalences import aliases_in
from stackproof.template.assembly import Stack
from stackproof.template.ports import SchemaSource

__all__ = ["MANAGED_POLICY_SIZE", "IamScope", "Permissions", "Purpose", "Statement", "compiled", "partition_of"]

MANAGED_POLICY_SIZE: Final = 6_144
"""Characters that a managed policy may have, white space not counted."""

_STACKS: Final = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)
_HARNESS: Final = (
    "cloudformation:ListExports",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeSubnets",
    "sts:GetCallerIdentity",
)
_DRIFT: Final = (
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DetectStackDrift",
    "cloudformation:DetectStackResourceDrift",
)
_OTHERS: Final = ("cloudformation:GetTemplate", "cloudformation:ListStackResources")
"""What is asked of stacks outside of the audit: whether one of them declares what hangs on a resource."""
_DEPLOYING: Final = (
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:UpdateStack",
)
_OBJECTS: Final = frozenset({"s3:GetObject", "s3:GetObjectVersion"})
_ASSETS: Final = ("s3:GetObject", "s3:ListBucket", "s3:PutObject")
_BOOTSTRAP: Final = "ssm:GetParameters"
_BOOTSTRAP_ARN: Final = "arn:${Partition}:ssm:${Region}:${Account}:parameter/cdk-bootstrap/*"
_CLOUD_CONTROL: Final = "cloudformation:GetResource"
_CUSTOM: Final = "lambda:InvokeFunction"
_EMPTYING: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::S3::Bucket": ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"),
}
"""What tearing down an ephemeral stack calls besides CloudFormation, by type."""
_FLOW: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:SetAlarmState",),
    "AWS::Kinesis::Stream": ("kinesis:ListShards", "kinesis:PutRecord"),
    "AWS::Lambda::Function": ("lambda:InvokeFunction",),
    "AWS::SNS::Topic": (
        "sns:Subscribe",
        "sns:Unsubscribe",
        "sqs:CreateQueue",
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ),
    "AWS::SecretsManager::Secret": ("secretsmanager:GetSecretValue",),
}
"""What a flow of data calls, by type, where a stack has a stream and a mapping that leads on from it."""
_FLOWS: Final = frozenset({"AWS::Kinesis::Stream", "AWS::Lambda::EventSourceMapping"})
_MOST: Final = 3  # ARNs that an action is listed with; one for the whole service replaces more
_ANY: Final = ("*",)


class Purpose(StrEnum):
    """The purpose of the policy."""

    PROVE = "prove"
    DRIFT = "drift"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class IamScope:
    """The account and region of a stack; `*` is any."""

    account: str = "*"
    region: str = "*"

    def filled(self, arn: str) -> str:
        """The ARN with its placeholders, also those that CDK writes into the names of buckets, filled in."""
        for name, value in (("Partition", partition_of(self.region)), ("Region", self.region)):
            arn = arn.replace(f"${{{name}}}", value).replace(f"${{AWS::{name}}}", value)
        return arn.replace("${Account}", self.account).replace("${AWS::AccountId}", self.account)


def partition_of(region: str) -> str:
    """The partition of a region; IAM takes none with a wildcard, so any region is one of the usual partition."""
    known = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
    return next((name for prefix, name in known.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Statement:
    """Actions of one service on the same resources; all of it sorted."""

    service: str
    resources: tuple[str, ...]
    actions: tuple[str, ...]

    def to_dict(self, sid: str) -> dict[str, JsonValue]:
        return {"Sid": sid, "Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What has to be allowed. `refused` are actions that a type would need and that no audit may have, by type.

    `unknown` are types of which it is not known what they need, and `unlisted` actions that AWS's reference does not
    list: allowed on anything, or left out if no action can have such a name.
    """

    statements: tuple[Statement, ...]
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action that is allowed, sorted."""
        return tuple(sorted({action for statement in self.statements for action in statement.actions}))

    def allows(self, action: str) -> bool:
        """Whether some statement allows the action, on whatever resource."""
        return any(fnmatchcase(action.casefold(), pattern.casefold()) for pattern in self.actions)

    def document(self) -> JsonObject:
        """All of it as one policy."""
        return _document(self.statements)

    def documents(self, size: int = MANAGED_POLICY_SIZE) -> tuple[JsonObject, ...]:
        """As many policies as it takes for each to have at most `size` characters; ValueError if that cannot be."""
        found: list[list[Statement]] = []
        waiting = list(reversed(self.statements))
        while waiting:
            statement = waiting.pop()
            if found and len(canonical(_document([*found[-1], statement]))) <= size:
                found[-1].append(statement)
            elif len(canonical(_document([statement]))) <= size:
                found.append([statement])
            elif len(statement.actions) > 1:
                middle = len(statement.actions) // 2
                halves = (statement.actions[middle:], statement.actions[:middle])
                waiting.extend(replace(statement, actions=half) for half in halves)
            else:
                raise ValueError(f"{statement.actions[0]} by itself has more than {size} characters")
        return tuple(_document(statements) for statements in found)


def compiled(
    stacks: Sequence[tuple[Stack, IamScope]],
    purpose: Purpose,
    *,
    readers: Mapping[str, Sequence[str]],
    schemas: SchemaSource,
    actions: ActionSource,
    also: Sequence[str] = (),
) -> Permissions:
    """What `purpose` needs for these stacks; `readers` are the actions that the reader of each type declares.

    `also` are actions that are needed whatever the stacks have; those that are about a stack are for these alone.
    """
    rows = _Rows(actions)
    narrowed = {*_STACKS, *(_DRIFT if purpose is Purpose.DRIFT else ())}
    refused: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for stack, place in stacks:
        names = _stack_arns(stack, also_ephemeral=purpose is Purpose.DEPLOY)
        buckets = sorted({f"arn:${{Partition}}:s3:::{asset.bucket}" for asset in stack.assets})
        objects = [f"{bucket}/*" for bucket in buckets]
        types = _types_of(stack)
        rows.add(_HARNESS, place)
        rows.add(_STACKS, place, on=names)
        if aliases_in(stack.template.body):
            rows.add(readers.get("AWS::KMS::Alias", ()), place)
        for resource_type in sorted(types.made):
            needs = _needs_of(resource_type, purpose, readers=readers, schemas=schemas)
            rows.add((action for action in needs.read if action not in _OBJECTS or not objects), place)
            rows.add((action for action in needs.read if action in _OBJECTS and objects), place, on=objects)
            rows.add(needs.handled, place)
            refused.setdefault(resource_type, set()).update(needs.refused)
            unknown.update({resource_type} if needs.is_unknown else ())
        rows.add((action for action in also if action not in narrowed), place)
        if purpose is Purpose.DRIFT:
            rows.add(_DRIFT, place, on=names)
            rows.add(_OTHERS, place)
        if purpose is Purpose.DEPLOY:
            rows.add(_DEPLOYING, place, on=names)
            rows.add(_ASSETS, place, on=[*buckets, *objects] if buckets else None)
            rows.add([_BOOTSTRAP], place, on=[_BOOTSTRAP_ARN])
            rows.add([_CUSTOM] if types.custom else (), place)
            rows.add(_used(types.made | types.custom), place)
    return Permissions(
        statements=rows.statements(),
        refused={name: tuple(sorted(denied)) for name, denied in sorted(refused.items()) if denied},
        unknown=tuple(sorted(unknown)),
        unlisted=tuple(sorted(rows.unlisted)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Types:
    """The resource types of a stack: those that CloudFormation makes, and custom ones."""

    made: frozenset[str]
    custom: frozenset[str]


def _types_of(stack: Stack) -> _Types:
    resources = [resource for resource in stack.template.resources if resource.resource_type != "AWS::CDK::Metadata"]
    custom = frozenset(resource.resource_type for resource in resources if resource.is_custom)
    return _Types(made=frozenset(resource.resource_type for resource in resources) - custom, custom=custom)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """The actions that one type needs to be read, and to be handled in a deployment."""

    read: Sequence[str]
    handled: Sequence[str] = ()
    refused: Sequence[str] = ()
    is_unknown: bool = False


def _needs_of(
    resource_type: str, purpose: Purpose, *, readers: Mapping[str, Sequence[str]], schemas: SchemaSource
) -> _Needs:
    read, refused = list(readers.get(resource_type, ())), list[str]()
    if not read:
        read, refused = _cloud_control(resource_type, schemas)
    if purpose is not Purpose.DEPLOY:
        return _Needs(read=read, refused=refused, is_unknown=not read)
    handled = tuple(_handled(resource_type, schemas))
    return _Needs(read=read, handled=handled, refused=refused, is_unknown=not read or not handled)


class _Rows:
    """The resources of each action, as they are put together."""

    def __init__(self, actions: ActionSource) -> None:
        self._source = actions
        self._found: dict[str, set[str]] = {}
        self._spelt: dict[str, str] = {}
        self.unlisted: set[str] = set()

    def add(self, actions: Iterable[str], place: IamScope, *, on: Sequence[str] | None = None) -> None:
        """Allow actions on the given ARNs, by default on all that they take, in one place."""
        for action in actions:
            service, _, name = action.partition(":")
            spelt = self._spelt.setdefault(action.casefold(), f"{service.lower()}:{name}")
            arns: Sequence[str] | None = self._source.resources(action)
            if arns is None and "*" not in action:
                self.unlisted.add(spelt)
                if not name.isalnum():
                    continue  # a slip in a schema that would make IAM refuse the whole policy
            if arns and on is not None:
                arns = on
            elif arns:
                arns = _shortened(arns)
            self._found.setdefault(spelt, set()).update(place.filled(arn) for arn in arns or _ANY)

    def statements(self) -> tuple[Statement, ...]:
        """One for each service and set of resources."""
        grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for action, arns in self._found.items():
            resources = _ANY if "*" in arns else tuple(sorted(arns))
            grouped.setdefault((action.partition(":")[0], resources), []).append(action)
        return tuple(
            Statement(service=service, resources=resources, actions=tuple(sorted(actions)))
            for (service, resources), actions in sorted(grouped.items())
        )


def _stack_arns(stack: Stack, *, also_ephemeral: bool) -> list[str]:
    """The ARN of the stack, of those nested in it, which CloudFormation names after it, and of its ephemeral ones."""
    nested = any(resource.resource_type == "AWS::CloudFormation::Stack" for resource in stack.template.resources)
    names = [f"{stack.name}/*"]
    if nested:
        names.append(f"{stack.name}-*")
    elif also_ephemeral:
        names.append(f"{stack.name}-{EPHEMERAL}-*")
    return [f"arn:${{Partition}}:cloudformation:${{Region}}:${{Account}}:stack/{name}" for name in names]


def _cloud_control(resource_type: str, schemas: SchemaSource) -> tuple[list[str], list[str]]:
    """What Cloud Control needs to read the type, and what of it no audit may have."""
    schema = schemas.schema(resource_type)
    needed = schema.permissions("read") if schema is not None else ()
    allowed = [action for action in needed if _may_audit(action)]
    return [_CLOUD_CONTROL, *allowed] if needed else [], [action for action in needed if not _may_audit(action)]


def _may_audit(action: str) -> bool:
    return only_reads(action) and not gives_secret(action)


def _handled(resource_type: str, schemas: SchemaSource) -> list[str]:
    """What CloudFormation does on behalf of the caller that creates, updates and deletes such a resource."""
    schema = schemas.schema(resource_type)
    if schema is None:
        return []
    return sorted(
        {permission for name in ("create", "read", "update", "delete") for permission in schema.permissions(name)}
    )


def _used(types: AbstractSet[str]) -> list[str]:
    """What emptying before a tear-down, and flows where there may be one, call on resources of these types."""
    tables = (_EMPTYING, _FLOW) if types >= _FLOWS else (_EMPTYING,)
    return sorted({action for table in tables for resource_type in types for action in table.get(resource_type, ())})


def _shortened(arns: Sequence[str]) -> Sequence[str]:
    """A few ARNs as they are; instead of many, one that covers all of a service in one place."""
    if len(arns) <= _MOST:
        return arns
    return sorted({f"{':'.join(arn.split(':')[:5])}:*" for arn in arns})


def _document(statements: Iterable[Statement]) -> JsonObject:
    numbers: dict[str, int] = {}
    rows: list[JsonValue] = []
    for statement in statements:
        number = numbers[statement.service] = numbers.get(statement.service, 0) + 1
        name = "".join(part.capitalize() for part in statement.service.split("-"))
        rows.append(statement.to_dict(name if number == 1 else f"{name}No{number}"))
    return {"Version": "2012-10-17", "Statement": rows}
