"""What templates and apps say of rules is read with its place, and heeded for exactly what it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stackproof.core.json import JsonValue
from stackproof.policy.finding import Kind, Origin
from stackproof.policy.in_source import InSource, acknowledged, covers, in_source
from stackproof.policy.ledger import InSourceWaiver
from stackproof.template.assembly import Acknowledgement, Stack
from stackproof.template.location import Location, SourceLine
from tests.fakes import assembly, finding, in_source_waiver, resource, template


def read(metadata: JsonValue, *, of_template: JsonValue = None, **changes: Any) -> InSource:
    """The metadata on a topic, and that of the template."""
    topic = resource(body={"Type": "AWS::SNS::Topic", "Metadata": metadata}, template_file="t.json", **changes)
    held = template("t.json", topic, stack_name="S")
    return in_source(held if of_template is None else replace(held, body={**held.body, "Metadata": of_template}))


def ignoring(*rules: JsonValue) -> JsonValue:
    return {"cfn-lint": {"config": {"ignore_checks": list(rules)}}}


def rules(found: InSource) -> list[tuple[str, str, str]]:
    return [(waiver.source, waiver.rule, waiver.reason) for waiver in found.waivers]


# --- what is read


def test_a_template_that_says_nothing_has_none() -> None:
    assert read({"aws:cdk:path": "S/Topic"}) == InSource()
    assert read(None) == InSource()
    assert read([], of_template=[]) == InSource()


def test_what_a_resource_says_to_cfn_lint_is_of_that_resource() -> None:
    (one,) = read(ignoring("W3005"), construct_path="S/Topic", source=SourceLine(file="app.py", line=7)).waivers
    assert (one.rule, one.logical_id, one.construct_path, one.files) == (
        "W3005",
        "Topic",
        "S/Topic",
        frozenset({"t.json"}),
    )
    assert one.where == "app.py:7: Resources.Topic.Metadata.cfn-lint.config.ignore_checks[0]"
    assert (one.is_broad, one.is_prefix, one.is_final, one.generated) == (False, False, False, False)
    assert one.engines == {"cfn-lint", "cloudformation-validate"}


def test_what_a_template_says_to_cfn_lint_is_broad() -> None:
    (one,) = read({}, of_template=ignoring("W3005")).waivers
    assert (one.rule, one.logical_id, one.is_broad, one.is_prefix) == ("W3005", None, True, False)
    assert one.where == "t.json: Metadata.cfn-lint.config.ignore_checks[0]"
    assert (one.location.stack_name, one.location.template_file) == ("S", "t.json")


@pytest.mark.parametrize("rule", ["E", "W", "W30", "W3005x", "E30021", ""])
def test_what_is_no_full_id_is_the_beginning_of_many(rule: str) -> None:
    (one,) = read(ignoring(rule)).waivers
    assert one.is_prefix


@pytest.mark.parametrize("key", ["checkov", "bridgecrew"])
def test_checkov_is_told_by_id_and_comment(key: str) -> None:
    rows: JsonValue = [{"id": "CKV_AWS_1", "comment": "a  log\nbucket"}, {"id": "CKV_AWS_2"}, {"id": "CKV_*"}]
    found = read({key: {"skip": rows}})
    assert rules(found) == [
        ("checkov", "CKV_AWS_1", "a log bucket"), ("checkov", "CKV_AWS_2", ""), ("checkov", "CKV_*", ""),
    ]  # fmt: skip
    assert [waiver.is_prefix for waiver in found.waivers] == [False, False, True]
    assert found.waivers[0].where == f"t.json: Resources.Topic.Metadata.{key}.skip[0]"


def test_cdk_nag_is_told_by_id_reason_and_detail() -> None:
    rows: JsonValue = [
        {"id": "AwsSolutions-S1", "reason": "logs"},
        {"id": "AwsSolutions-IAM5", "reason": "wide", "applies_to": ["Resource::*", "Action::s3:*"]},
    ]
    found = read({"cdk_nag": {"rules_to_suppress": rows}})
    assert rules(found) == [
        ("cdk-nag", "AwsSolutions-S1", "logs"),
        ("cdk-nag", "AwsSolutions-IAM5[Action::s3:*]", "wide"),
        ("cdk-nag", "AwsSolutions-IAM5[Resource::*]", "wide"),
    ]
    assert all(waiver.is_final and waiver.engines == {"cdk"} for waiver in found.waivers)
    (whole,) = read({}, of_template={"cdk_nag": {"rules_to_suppress": rows[:1]}}).waivers  # type: ignore[index]
    assert whole.is_broad


def test_guard_is_told_by_the_name_of_the_rule() -> None:
    found = read({"guard": {"SuppressedRules": ["S3_BUCKET_LOGGING_ENABLED", "*"]}})
    assert rules(found) == [("guard", "S3_BUCKET_LOGGING_ENABLED", ""), ("guard", "*", "")]
    assert [waiver.is_prefix for waiver in found.waivers] == [False, True]


def test_what_cdk_says_on_a_resource_of_its_own_is_marked() -> None:
    (one,) = read(ignoring("W3005"), generated=True).waivers
    assert one.generated


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"cfn-lint": {"config": {"ignore_checks": "E3002"}}}, "cfn-lint.config.ignore_checks"),
        ({"cfn-lint": {"config": {"ignore_checks": [7]}}}, "cfn-lint.config.ignore_checks[0]"),
        (
            {"cfn-lint": {"config": {"configure_rules": {"E3012": {"strict": False}}}}},
            "cfn-lint.config.configure_rules",
        ),
        ({"cfn-lint": {"other": {"ignore_checks": ["E3002"]}}}, "cfn-lint.other.ignore_checks"),
        ({"checkov": []}, "checkov"),
        ({"checkov": {"skip": ["CKV_AWS_1"]}}, "checkov.skip[0]"),
        ({"cdk_nag": {"rules_to_suppress": [{"reason": "x"}]}}, "cdk_nag.rules_to_suppress[0]"),
        ({"cdk_nag": {"rules_to_suppress": [{"id": 3, "applies_to": ["x"]}]}}, "cdk_nag.rules_to_suppress[0]"),
        ({"guard": {"SuppressedRules": "all"}}, "guard.SuppressedRules[0]"),
        ({"cfn_nag": {"rules_to_suppress": [{"id": "W1"}]}}, "cfn_nag"),
        ({"cloudformation-validate": {}}, "cloudformation-validate"),
    ],
)
def test_what_is_not_heeded_is_told_by_its_place(metadata: JsonValue, place: str) -> None:
    assert read(metadata) == InSource(unheeded=(f"Resources.Topic.Metadata.{place}",))


@pytest.mark.parametrize("key", ["checkov", "bridgecrew", "guard"])
def test_what_a_tool_reads_on_resources_alone_is_not_heeded_for_a_template(key: str) -> None:
    found = read({}, of_template={key: {"skip": [{"id": "CKV_AWS_1"}], "SuppressedRules": ["X"]}})
    assert found == InSource(unheeded=(f"Metadata.{key}",))


# --- what it covers


def test_it_covers_what_its_engines_said_of_its_resource() -> None:
    assert covers(in_source_waiver(), finding())
    assert covers(in_source_waiver(), finding(kind=Kind.OPEN))


def test_it_covers_a_finding_of_several_engines_if_one_of_them_is_told() -> None:
    both = (
        Origin(engine="checkov", rule_id="CKV_1", message="m"),
        Origin(engine="cfn-lint", rule_id="E1", message="m"),
    )
    assert covers(in_source_waiver(), finding("CKV_1", origins=both))
    assert not covers(in_source_waiver(rule="CKV_2"), finding("CKV_1", origins=both))


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "E2"},
        {"engines": frozenset({"checkov"})},
        {"files": frozenset({"u.json"})},
        {"logical_id": "Other"},
        {"is_prefix": True},
    ],
)
def test_it_covers_nothing_else(changes: dict[str, Any]) -> None:
    assert not covers(in_source_waiver(**changes), finding())


def test_it_covers_nothing_that_did_not_fail() -> None:
    assert not covers(in_source_waiver(), finding(kind=Kind.PASS))


def test_over_a_template_it_covers_all_of_it_and_no_other() -> None:
    whole = in_source_waiver(logical_id=None)
    assert covers(whole, finding(logical_id="Other"))
    assert covers(whole, finding(logical_id=None))
    assert not covers(whole, finding(template_file="u.json"))


def test_what_was_said_of_a_construct_by_its_path_is_covered_by_its_resource() -> None:
    one = in_source_waiver(construct_path="S/Topic/Resource")
    assert covers(one, finding(logical_id=None, construct_path="S/Topic/Resource"))
    assert not covers(one, finding(logical_id=None, construct_path="S/Topic"))
    assert not covers(in_source_waiver(), finding(logical_id=None))


def nag(rule: str) -> InSourceWaiver:
    return in_source_waiver(source="cdk-nag", rule=rule, engines=frozenset({"cdk"}))


def test_a_rule_of_cdk_nag_is_told_with_or_without_its_detail() -> None:
    one = finding("AwsSolutions-IAM5[Resource::*]", engine="cdk")
    assert covers(nag("AwsSolutions-IAM5"), one)
    assert covers(nag("AwsSolutions-IAM5[Resource::*]"), one)
    assert not covers(nag("AwsSolutions-IAM5[Action::s3:*]"), one)
    assert not covers(nag("AwsSolutions-IAM"), one)


# --- what an app acknowledges


def said(rule_id: str, path: str = "S/Topic", **changes: Any) -> Acknowledgement:
    place = Location(construct_path=path, file=changes.pop("file", None), line=changes.pop("line", None))
    return Acknowledgement(rule_id=rule_id, reason="why", location=place, **changes)


def of_app(*found: Acknowledgement, of_stack: tuple[Acknowledgement, ...] = ()) -> tuple[InSourceWaiver, ...]:
    app = assembly(template("t.json", stack_name="S"), template("u.json", stack_name="U"), acknowledgements=found)
    first, second = app.stacks
    return acknowledged(replace(app, stacks=(replace(first, acknowledgements=of_stack), second)))


def test_a_rule_of_cdks_validation_is_one_of_our_engine() -> None:
    (one,) = of_app(of_stack=(said("CloudFormation-Validate::W3005", file="app.py", line=4),))
    assert (one.source, one.rule, one.reason, one.where) == ("cdk", "W3005", "why", "app.py:4")
    assert one.engines == {"cdk", "cloudformation-validate"}
    assert (one.files, one.is_final) == (frozenset({"t.json", "u.json"}), False)


@pytest.mark.parametrize(
    ("rule_id", "rule"),
    [
        ("Annotation::lib:Rule", "lib:Rule"),
        ("Annotation::AwsSolutions-IAM5[Action::s3:*]", "AwsSolutions-IAM5[Action::s3:*]"),
        ("My-Plugin::Rule", "My-Plugin::Rule"),
    ],
)
def test_any_other_rule_was_heeded_by_cdk_itself(rule_id: str, rule: str) -> None:
    (one,) = of_app(said(rule_id))
    assert (one.rule, one.engines, one.is_final, one.where) == (rule, frozenset({"cdk"}), True, "S/Topic")


def test_what_metadata_and_report_both_say_is_said_once_and_where_it_stands() -> None:
    rule = "CloudFormation-Validate::W3005"
    (one,) = of_app(said(rule), of_stack=(said(rule, file="app.py", line=4),))
    assert one.where == "app.py:4"


def test_an_acknowledgement_covers_its_construct_and_all_below() -> None:
    (one,) = of_app(said("CloudFormation-Validate::E1", "S/Topic"))
    for path, expected in {"S/Topic": True, "S/Topic/Resource": True, "S/Topics": False, "S": False}.items():
        assert covers(one, finding(engine="cloudformation-validate", construct_path=path)) is expected
    assert not covers(one, finding(engine="cloudformation-validate"))
    assert not covers(one, finding(engine="cfn-lint", construct_path="S/Topic"))


def test_an_acknowledgement_of_the_app_covers_all_its_stacks() -> None:
    (one,) = of_app(said("CloudFormation-Validate::E1", "", is_broad=True))
    assert (one.where, one.is_broad) == ("the app", True)
    assert covers(one, finding(engine="cloudformation-validate", template_file="u.json"))
    assert not covers(one, finding(engine="cloudformation-validate", template_file="other.json"))


def test_ids_are_compared_as_cdk_qualifies_them() -> None:
    (one,) = of_app(said("Annotation::My-Rule"))
    assert covers(one, finding("Annotation::My Rule", engine="cdk", construct_path="S/Topic"))


def test_an_assembly_without_acknowledgements_has_none() -> None:
    assert acknowledged(assembly(template(stack_name="S"))) == ()
    assert Stack(name="S", template=template()).acknowledgements == ()
