"""Nobody may do everything, nor anything to everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from rule_values import is_unknown, resolved, resources_of

# Actions for which AWS knows no narrower resource (the service authorization reference lists none for them).
_TAKE_ONLY_EVERYTHING = (
    "cloudwatch:getmetricdata",
    "cloudwatch:getmetricstatistics",
    "cloudwatch:listmetrics",
    "cloudwatch:putmetricdata",
    "ec2:describe*",
    "ecr:getauthorizationtoken",
    "iam:listroles",
    "kms:listaliases",
    "kms:listkeys",
    "kinesis:describelimits",
    "lambda:listfunctions",
    "logs:describeloggroups",
    "rds:describeaccountattributes",
    "s3:listallmybuckets",
    "secretsmanager:getrandompassword",
    "secretsmanager:listsecrets",
    "sns:listtopics",
    "sqs:listqueues",
    "sts:getcalleridentity",
    "tag:getresources",
    "xray:getsamplingrules",
    "xray:getsamplingstatisticsummaries",
    "xray:getsamplingtargets",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
)
_INLINE = ("AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User")


class LeastPrivilege(CloudFormationLintRule):
    """Policies of identities only: in the policy of a key or topic, `*` is the key or the topic itself."""

    id = "E9510"
    shortdesc = "Policies allow what is needed"
    description = "No statement allows all actions, or actions on all resources without a condition"
    tags = ("iam",)
    resource_types = (
        *_INLINE,
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
    )

    def applies(self, template: dict[str, Any], logical_id: str) -> bool:
        """A role without policies in the template allows nothing here."""
        return any(True for _ in _statements(template, logical_id))

    def match(self, cfn: Any) -> list[RuleMatch]:
        return list(self._matches(cfn.template))

    def _matches(self, template: dict[str, Any]) -> Iterator[RuleMatch]:
        for logical_id, _, _ in resources_of(template, self.resource_types):
            for path, statement in _statements(template, logical_id):
                if is_unknown(statement):
                    yield RuleMatch(path, "what the statement allows is not known before the deployment", kind="open")
                elif isinstance(statement, Mapping) and resolved(template, statement.get("Effect")) != "Deny":
                    yield from _actions(template, path, statement)
                    yield from _resources(template, path, statement)


def _statements(template: dict[str, Any], logical_id: str) -> Iterator[tuple[list[Any], Any]]:
    """Every statement with its path; UNKNOWN where it, or the document around it, is not known."""
    entry = template["Resources"][logical_id]
    properties = entry.get("Properties") or {}
    start = ["Resources", logical_id, "Properties"]
    if entry["Type"] not in _INLINE:
        yield from _of_document(template, [*start, "PolicyDocument"], properties.get("PolicyDocument"))
        return
    policies = resolved(template, properties.get("Policies"))
    if is_unknown(policies):
        yield [*start, "Policies"], policies
        return
    for index, written in enumerate(policies if isinstance(policies, list) else ()):
        policy = resolved(template, written)
        path = [*start, "Policies", index, "PolicyDocument"]
        document = policy.get("PolicyDocument") if isinstance(policy, Mapping) else policy
        yield from _of_document(template, path, document)


def _of_document(template: dict[str, Any], path: list[Any], value: Any) -> Iterator[tuple[list[Any], Any]]:
    document = resolved(template, value)
    statements = resolved(template, document.get("Statement")) if isinstance(document, Mapping) else document
    if is_unknown(statements):
        yield path, statements
        return
    for index, written in enumerate(statements if isinstance(statements, list) else [statements]):
        statement = resolved(template, written)
        if statement is not None:
            yield [*path, "Statement", index], statement


def _actions(template: dict[str, Any], path: list[Any], statement: Mapping[str, Any]) -> Iterator[RuleMatch]:
    if "NotAction" in statement:
        yield RuleMatch([*path, "NotAction"], "allows every action but a few")
    for action in _listed(template, statement.get("Action")):
        if is_unknown(action):
            yield RuleMatch([*path, "Action"], "which actions are allowed is not known", kind="open")
        elif str(action) == "*" or str(action).endswith(":*"):
            yield RuleMatch([*path, "Action"], f"allows every action: {action}")


def _resources(template: dict[str, Any], path: list[Any], statement: Mapping[str, Any]) -> Iterator[RuleMatch]:
    if statement.get("Condition"):
        return
    if "NotResource" in statement:
        yield RuleMatch([*path, "NotResource"], "allows it on every resource but a few, without a condition")
        return
    actions = _listed(template, statement.get("Action"))
    narrow = [action for action in actions if is_unknown(action) or not _takes_only_everything(str(action))]
    if not narrow:
        return
    for resource in _listed(template, statement.get("Resource")):
        if is_unknown(resource):
            yield RuleMatch([*path, "Resource"], "on which resources it is allowed is not known", kind="open")
        elif resource == "*":
            named = ", ".join(sorted(str(action) for action in narrow if not is_unknown(action))) or "actions"
            yield RuleMatch([*path, "Resource"], f"allows {named} on every resource, without a condition")


def _listed(template: dict[str, Any], value: Any) -> list[Any]:
    """The values; one that the template's own resources are part of is known well enough: it is not `*`."""
    values = resolved(template, value)
    if is_unknown(values):
        return [] if _names_a_resource(template, value) else [values]
    each_resolved = [(value, resolved(template, value)) for value in (values if isinstance(values, list) else [values])]
    return [
        known
        for resolved_value, known in each_resolved
        if known is not None and not (is_unknown(known) and _names_a_resource(template, resolved_value))
    ]


def _names_a_resource(template: dict[str, Any], value: Any) -> bool:
    """Whether it is more than a `*` whatever the deployment brings: a reference to a resource, or text around one."""
    if not isinstance(value, Mapping):
        return False
    ((name, argument),) = value.items()
    if name in {"Fn::Join", "Fn::Sub"}:
        return True
    target = argument if name == "Ref" else (argument[0] if isinstance(argument, list) and argument else argument)
    return name in {"Ref", "Fn::GetAtt"} and str(target).partition(".")[0] in template["Resources"]


def _takes_only_everything(action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern) for pattern in _TAKE_ONLY_EVERYTHING)


def _policy(**statement: Any) -> dict[str, Any]:
    basis = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
    document = {
        "Version": "2012-10-17",
        "Statement": [{key: value for key, value in {**basis, **statement}.items() if value is not None}],
    }
    return {
        "Parameters": {"P": {"Type": "String"}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "p", "Roles": ["r"], "PolicyDocument": document},
            },
        },
    }


_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {},
        "Policies": [
            {"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}
        ],
    },
}

EXAMPLES = {
    "holding": [
        _policy(),
        _policy(Resource="*", Action=["ec2:DescribeSubnets", "xray:PutTraceSegments"]),
        _policy(Resource="*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}}),
        _policy(Resource={"Fn::Join": ["", [{"Fn::GetAtt": ["Queue", "Arn"]}, "/*"]]}),
        _policy(Effect="Deny", Action="*", Resource="*"),
    ],
    "violated": [
        _policy(Resource="*"),
        _policy(Resource=["*"]),
        _policy(Action="*"),
        _policy(Action=["sqs:SendMessage", "sqs:*"]),
        _policy(Resource="*", Action=["ec2:DescribeSubnets", "sqs:SendMessage"]),
        _policy(Action=None, NotAction="iam:*"),
        _policy(Resource=None, NotResource="arn:aws:sqs:us-east-1:1:other"),
        {"Resources": {"Role": _ROLE}},
    ],
    "undecidable": [
        _policy(Resource={"Ref": "P"}),
        _policy(Action={"Ref": "P"}),
        _policy(Resource={"Fn::ImportValue": "queue"}),
    ],
    "not applicable": [
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}},
        {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}},
    ],
}
