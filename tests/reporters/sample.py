"""One report that holds everything a reporter has to tell apart, and any report at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from stackproof.core.notification import Level, Notification
from stackproof.policy.finding import Finding, Kind, Origin, RuleCount, Suppression
from stackproof.policy.report import CheckReport
from stackproof.reporters.masking import masked_line
from stackproof.template.location import Location
from tests import strategies as of

TEMPLATE = "cdk.out/Shop.template.json"
SOURCE = {
    12: '        self.database = rds.DatabaseInstance(self, "Database", **settings)',
    30: "\tself.queue = sqs.Queue(self, 'Jobs')  # \x1b[31mred\x1b[0m",
    41: 'environment={"TOKEN": "hunter2"},',
}


def read_line(location: Location, *, everything: bool = False) -> str | None:
    """The source lines of the sample's one file, as they may be shown."""
    line = SOURCE.get(location.line or 0) if location.file == "infra/shop.py" else None
    return None if line is None else masked_line(line, everything=everything)


def _finding(rule_id: str, engine: str, message: str, *, more: tuple[Origin, ...] = (), **changes: Any) -> Finding:
    names = Location.__dataclass_fields__
    place = {name: changes.pop(name) for name in list(changes) if name in names}
    known = {"stack_name": "Shop", "file": "infra/shop.py", "template_file": TEMPLATE, **place}
    return Finding(
        **{
            "rule_id": rule_id,
            "kind": Kind.FAIL,
            "level": Level.WARNING,
            "message": message,
            "location": Location(**known),
            "origins": tuple(sorted((Origin(engine=engine, rule_id=rule_id, message=message), *more))),
            **changes,
        }
    )


_DATABASE: dict[str, Any] = {
    "logical_id": "Database1234",
    "resource_type": "AWS::RDS::DBInstance",
    "construct_path": "Shop/Database/Resource",
    "line": 12,
    "template_line": 300,
}
_QUEUE: dict[str, Any] = {
    "logical_id": "Jobs5678",
    "resource_type": "AWS::SQS::Queue",
    "construct_path": "Shop/Jobs/Resource",
    "line": 30,
    "template_line": 420,
}
_FUNCTION: dict[str, Any] = {
    "logical_id": "Worker9ABC",
    "resource_type": "AWS::Lambda::Function",
    "construct_path": "Shop/Worker/Resource",
    "line": 41,
}

FINDINGS = tuple(
    sorted(
        (
            _finding(
                "W3691",
                "cfn-lint",
                "Engine version '15.3' for engine 'postgres' is withdrawn and cannot be used for new instances",
                property_path="/EngineVersion",
                level=Level.ERROR,
                control="RDS.13",
                more=(Origin(engine="checkov", rule_id="CKV_X_1", message="Ensure the version is | supported"),),
                **_DATABASE,
            ),
            _finding(
                "CKV_AWS_17",
                "checkov",
                "Ensure all data stored in RDS is not publicly accessible",
                property_path="/PubliclyAccessible",
                **_DATABASE,
            ),
            _finding(
                "E3012",
                "cfn-lint",
                "`Fn::Transform` <rewrites> this | 100%, ask @team about #12",
                kind=Kind.OPEN,
                level=Level.ERROR,
                property_path="/MultiAZ",
                **_DATABASE,
            ),
            _finding(
                "CKV_AWS_27",
                "checkov",
                "Ensure all data stored in the SQS queue is encrypted",
                suppression=Suppression(
                    reason="Holds nothing but ids of jobs, which are public on the status page, as agreed in review",
                    owner="platform",
                    expires=date(2027, 5, 31),
                ),
                **_QUEUE,
            ),
            _finding(
                "CKV_AWS_45",
                "checkov",
                "Ensure no hard-coded secrets exist in Lambda environment",
                property_path="/Environment",
                level=Level.ERROR,
                **_FUNCTION,
            ),
            _finding(
                "CKV_AWS_363",
                "checkov",
                "Ensure Lambda Runtime is not deprecated",
                generated=True,
                construct_path="Shop/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a/Resource",
                logical_id="LogRetentionaae0",
                resource_type="AWS::Lambda::Function",
                line=12,
            ),
            _finding(
                "I9001",
                "cloudformation-validate",
                "Property 'VpcId' is create-only",
                level=Level.NOTE,
                property_path="/VpcId",
                **_QUEUE,
            ),
            _finding(
                "cdk:deprecated-api/aws_lambda.FunctionOptions#logRetention",
                "cdk",
                "aws-cdk-lib.aws_lambda.FunctionOptions#logRetention is deprecated: use logGroup",
                file="infra/a b.py",
                line=7,
            ),
            _finding("E0000", "cfn-lint", "no line is known", file=TEMPLATE, level=Level.ERROR),
        ),
        key=Finding.sort_key,
    )
)

RULES = (
    RuleCount(rule_id="CKV_AWS_17", engine="checkov", looked_at=1, failed=1),
    RuleCount(rule_id="CKV_AWS_27", engine="checkov", looked_at=2, waived=1),
    RuleCount(rule_id="CKV_AWS_7", engine="checkov", looked_at=3),
    RuleCount(rule_id="E3001", engine="cfn-lint", looked_at=40),
    RuleCount(rule_id="E3001", engine="cloudformation-validate", looked_at=40),
    RuleCount(rule_id="E3999", engine="cfn-lint", looked_at=0),
    RuleCount(rule_id="W3691", engine="cfn-lint", looked_at=1, failed=1),
)

NOTIFICATIONS = (
    Notification(level=Level.ERROR, message="ran out of time after 60 s", engine="checkov", file=TEMPLATE),
    Notification(level=Level.WARNING, message="the waiver of X at Y matches nothing"),
    Notification(level=Level.NOTE, message="3 files in the searched folders are not templates"),
)

REPORT = CheckReport(findings=FINDINGS, rules=RULES, notifications=NOTIFICATIONS, inputs=(TEMPLATE,))
CLEAN = CheckReport(
    findings=(), rules=tuple(rule for rule in RULES if not rule.failed and not rule.waived), notifications=()
)

# Control characters, lone surrogates and all that has a meaning in one of the formats.
nasty = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "a|b",
        "`x`",
        "<b>&amp;",
        "]]>",
        "\x00",
        "\x1b[2J",
        "\udc80",
        "%0A",
        "::error::x",
        "a\r\nb",
        "\ufffe",
        "{0}",
        "- -->",
    ]
)
_maybe = st.none() | nasty
_places = st.builds(
    Location,
    stack_name=_maybe,
    logical_id=_maybe,
    property_path=_maybe,
    construct_path=_maybe,
    file=_maybe,
    line=of.numbers,
    template_file=_maybe,
    template_line=of.numbers,
)
_ids = st.sampled_from(["E1", "CKV_AWS_1", "cdk:deprecated-api/x"]) | nasty
_origins = st.builds(
    Origin, engine=st.sampled_from(["cfn-lint", "checkov", "cdk", "mine"]), rule_id=_ids, message=nasty
)
_findings = st.builds(
    replace,
    of.findings,
    rule_id=_ids,
    message=nasty,
    control=_maybe,
    location=_places,
    origins=st.lists(_origins, min_size=1, max_size=3, unique=True).map(lambda drawn: tuple(sorted(drawn))),
    suppression=st.none() | st.builds(Suppression, reason=nasty, owner=nasty, expires=st.dates()),
)
reports = st.builds(
    CheckReport,
    findings=st.lists(_findings, max_size=4).map(lambda drawn: tuple(sorted(drawn, key=Finding.sort_key))),
    rules=st.lists(st.builds(replace, of.rule_counts, rule_id=_ids), max_size=3).map(
        lambda drawn: tuple(sorted(drawn))
    ),
    notifications=st.lists(
        st.builds(
            Notification,
            level=st.sampled_from([Level.ERROR, Level.WARNING, Level.NOTE]),
            message=nasty,
            engine=_maybe,
            file=_maybe,
        ),
        max_size=2,
    ).map(tuple),
    fail_level=st.sampled_from([Level.ERROR, Level.WARNING]),
    strict=st.booleans(),
)
