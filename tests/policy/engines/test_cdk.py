"""What CDK said while it synthesized becomes findings, each at its construct and with a denominator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.notification import Level
from stackproof.policy.engines.cdk import CdkEngine
from stackproof.policy.finding import EngineAnswer, Finding, Kind, Origin
from stackproof.template.assembly import Annotation, Assembly, Deprecation, Violation
from stackproof.template.location import Location, SourceLine
from stackproof.template.template import Template
from tests.fakes import assembly, resource, template

TOPIC = resource(
    construct_path="S/Topic/Resource",
    stack_name="S",
    template_file="t.json",
    source=SourceLine(file="app.py", line=7),
)
HELD = template("t.json", TOPIC, stack_name="S")
OTHER = template("u.json", stack_name="U")


def annotated(message: str, level: str = "warning", path: str = "S/Topic", **place: Any) -> Assembly:
    app = assembly(HELD, OTHER)
    note = Annotation(level=level, message=message, location=Location(stack_name="S", construct_path=path, **place))
    return replace(app, stacks=(replace(app.stacks[0], annotations=(note,)), app.stacks[1]))


def judged(app: Assembly, held: Template = HELD) -> EngineAnswer:
    return CdkEngine(app).evaluate(held)


def the_one(app: Assembly) -> Finding:
    (found,) = judged(app).findings
    assert judged(app, OTHER).findings == ()
    return found


def count_of(answer: EngineAnswer, rule_id: str) -> tuple[int, int, int]:
    one = next(count for count in answer.counts if count.rule_id == rule_id)
    return (one.looked_at, one.failed, one.open)


# --- annotations


@pytest.mark.parametrize(
    ("level", "expected"), [("error", Level.ERROR), ("warning", Level.WARNING), ("info", Level.NOTE)]
)
def test_an_annotation_is_a_finding_of_its_level_at_its_construct(level: str, expected: Level) -> None:
    found = the_one(annotated("use\n  another one", level, file="app.py", line=3))
    assert (found.rule_id, found.kind, found.level) == (f"cdk:annotation-{level}", Kind.FAIL, expected)
    assert (str(found.location), found.location.construct_path) == ("app.py:3", "S/Topic")
    assert found.origins == (Origin(engine="cdk", rule_id=found.rule_id, message="use another one"),)
    assert count_of(judged(annotated("x", level)), f"cdk:annotation-{level}") == (1, 1, 0)


def test_an_annotation_without_a_line_is_in_the_template() -> None:
    assert str(the_one(annotated("x")).location) == "t.json"


@pytest.mark.parametrize(
    ("message", "rule_id", "text"),
    [
        ("too old [ack: @aws-cdk/aws-sns:old]", "@aws-cdk/aws-sns:old", "too old"),
        ("mine [ack: Annotation::mine] ", "Annotation::mine", "mine"),
        ("AwsSolutions-S1: no access logs", "AwsSolutions-S1", "no access logs"),
        (
            "AwsSolutions-IAM5[Resource::<B.Arn>/*]: wide: [a]",
            "AwsSolutions-IAM5[Resource::<B.Arn>/*]",
            "wide: [a]",
        ),
        ("NIST.800.53.R5-S3BucketLogging: none", "NIST.800.53.R5-S3BucketLogging", "none"),
        ("Note-this: it is no rule", "cdk:annotation-warning", "Note-this: it is no rule"),
    ],
)
def test_an_annotation_that_names_a_rule_is_a_finding_of_that_rule(message: str, rule_id: str, text: str) -> None:
    found = the_one(annotated(message))
    assert (found.rule_id, found.message) == (rule_id, text)
    assert count_of(judged(annotated(message)), rule_id) == (1, 1, 0)


def test_a_rule_on_a_resource_is_at_the_resource() -> None:
    found = the_one(annotated("AwsSolutions-S1: no access logs", path="S/Topic/Resource"))
    assert (found.location.logical_id, str(found.location)) == ("Topic", "app.py:7")
    plain = the_one(annotated("no rule", path="S/Topic/Resource"))
    assert plain.location.logical_id is None


def test_a_rule_on_what_cdk_generates_is_generated() -> None:
    app = annotated("AwsSolutions-S1: no access logs", path="S/Topic/Resource")
    held = replace(HELD, resources=(replace(TOPIC, generated=True),))
    (found,) = judged(app, held).findings
    assert found.generated


@pytest.mark.parametrize(
    "message",
    [
        "CdkNagValidationFailure: 'AwsSolutions-S1' threw an error during validation.",
        "AwsSolutions-S1: Rule threw an error during validation. This is",
    ],
)
def test_a_rule_of_cdk_nag_that_broke_is_open_and_no_violation(message: str) -> None:
    found = the_one(annotated(message))
    assert found.kind is Kind.OPEN
    assert count_of(judged(annotated(message)), found.rule_id) == (1, 0, 1)


def test_rules_that_any_construct_may_break_are_counted_also_where_none_did() -> None:
    answer = judged(assembly(HELD))
    assert answer.findings == ()
    assert [(count.rule_id, count.looked_at, count.failed) for count in answer.counts] == [
        (f"cdk:annotation-{level}", 1, 0) for level in ("error", "info", "warning")
    ]


def test_a_template_of_no_assembly_is_not_looked_at() -> None:
    assert judged(assembly(OTHER)) == EngineAnswer()


# --- validation plugins


def violated(place: Location, **changes: Any) -> Assembly:
    values: dict[str, Any] = {"plugin": "p", "rule_id": "R1", "level": "error", "message": "bad", "location": place}
    return assembly(HELD, OTHER, violations=(Violation(**{**values, **changes}),))


def test_a_violation_is_a_finding_at_its_resource() -> None:
    app = violated(TOPIC.location("/TopicName"))
    found = the_one(app)
    assert (found.rule_id, found.level, found.origins[0].engine) == ("p::R1", Level.ERROR, "cdk")
    assert found.location == TOPIC.location("/TopicName")
    assert count_of(judged(app), "p::R1") == (1, 1, 0)


@pytest.mark.parametrize(
    ("plugin", "rule_id", "expected"),
    [
        ("house rules", "no name", "house-rules::no-name"),
        ("house rules", "other::rule", "other::rule"),
        ("CloudFormation Validate", "F3002", "F3002"),
        ("AwsSolutions Checks", "AwsSolutions-IAM5[Action::s3:*]", "AwsSolutions-IAM5[Action::s3:*]"),
    ],
)
def test_a_rule_of_a_plugin_has_the_id_that_cdk_would_have_acknowledged(
    plugin: str, rule_id: str, expected: str
) -> None:
    assert the_one(violated(TOPIC.location(), plugin=plugin, rule_id=rule_id)).rule_id == expected


def test_a_violation_on_what_cdk_generates_is_generated() -> None:
    held = replace(HELD, resources=(replace(TOPIC, generated=True),))
    (found,) = judged(violated(TOPIC.location()), held).findings
    assert found.generated


def test_a_violation_without_a_template_stands_with_the_apps_first_stack() -> None:
    found = the_one(violated(Location(construct_path="Other")))
    assert (found.location.stack_name, found.location.template_file) == ("S", "t.json")
    assert (str(found.location), found.location.construct_path) == ("t.json", "Other")


def test_a_plugin_that_could_not_tell_is_an_error_of_the_run() -> None:
    app = assembly(HELD, OTHER, not_validated=("cdk.out/validation-report.json: p: broke",))
    (said,) = judged(app).notifications
    assert (said.level, said.engine, said.message) == (
        Level.ERROR,
        "cdk",
        "cdk.out/validation-report.json: p: broke",
    )
    assert judged(app, OTHER).notifications == ()


# --- deprecated APIs


def test_deprecated_apis_stand_with_the_first_stack_of_an_app_that_was_watched() -> None:
    told = Deprecation(api="aws-cdk-lib.aws_sns.Old#thing", message="use new", file="app.py", line=4)
    app = assembly(HELD, OTHER, deprecations=(told,), key="k")
    found = the_one(app)
    assert (found.rule_id, str(found.location)) == ("cdk:deprecated-api/aws_sns.Old#thing", "app.py:4")
    assert found.message == "aws-cdk-lib.aws_sns.Old#thing is deprecated: use new"
    assert count_of(judged(app), "cdk:deprecated-api") == (1, 1, 0)
    assert count_of(judged(assembly(HELD, key="k")), "cdk:deprecated-api") == (1, 0, 0)
    unwatched = judged(replace(app, key=None))
    assert unwatched.findings == ()
    assert "cdk:deprecated-api" not in {count.rule_id for count in unwatched.counts}


# --- several assemblies


def test_several_assemblies_are_judged_each_by_itself() -> None:
    """Also where their stacks have the same name."""
    twin = replace(HELD, file="twin/t.json")
    other = assembly(twin, key="k", deprecations=(Deprecation(api="x", message=""),))
    engine = CdkEngine(annotated("x"), other)
    assert [finding.rule_id for finding in engine.evaluate(HELD).findings] == ["cdk:annotation-warning"]
    assert [finding.message for finding in engine.evaluate(twin).findings] == ["x is deprecated"]


@pytest.mark.parametrize(
    "changed",
    [
        annotated("y"),
        violated(Location()),
        assembly(HELD, OTHER, key="k"),
        assembly(HELD, OTHER, deprecations=(Deprecation(api="x", message=""),)),
        assembly(HELD, OTHER, not_validated=("x",)),
    ],
)
def test_all_that_it_says_is_in_its_identity(changed: Assembly) -> None:
    assert CdkEngine(changed).identity != CdkEngine(assembly(HELD, OTHER)).identity
    assert CdkEngine(changed).identity == CdkEngine(changed).identity


def test_it_has_nothing_to_start_or_to_end() -> None:
    engine = CdkEngine(assembly(HELD))
    engine.start()
    engine.close()
    assert engine.name == "cdk"


def test_stacks_of_one_template_have_each_their_annotations() -> None:
    app = annotated("first")
    note = Annotation(level="warning", message="second", location=Location(stack_name="T", construct_path="T/Topic"))
    other = replace(HELD, stack_name="T")
    both = replace(app, stacks=(app.stacks[0], replace(app.stacks[1], name="T", template=other, annotations=(note,))))
    assert [[finding.message for finding in judged(both, held).findings] for held in (HELD, other)] == [
        ["first"],
        ["second"],
    ]
