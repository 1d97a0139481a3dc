"""Engine versions as a policy engine: places, denominators, and what is reported of the run itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from stackproof.core.notification import Level, Notification
from stackproof.policy.engines.versions import VersionsEngine
from stackproof.policy.finding import Kind
from stackproof.policy.ports import PolicyEngine
from stackproof.policy.report import CheckReport
from stackproof.policy.scan import scan
from stackproof.policy.versions.engine_version import Override, Overrides, Status
from tests.fakes import FakeStore
from tests.policy.versions.sample import FRESH, PACKAGED, one, postgres, template, yaml_template

OVERRIDE = Override(
    family="rds/postgres",
    version="15.8",
    status=Status.CREATABLE,
    reason="agreed with AWS",
    owner="platform",
    until=date(2026, 12, 31),
)


def engine(as_of: date = FRESH, **changes: Any) -> VersionsEngine:
    return VersionsEngine(versions=PACKAGED, as_of=as_of, **changes)


def told(notifications: tuple[Notification, ...]) -> list[tuple[str | None, Level]]:
    return [
        (notification.rule_id, notification.level)
        for notification in notifications
        if notification.level is not Level.NOTE
    ]


def test_a_finding_stands_at_the_line_of_the_property() -> None:
    text = "Resources:\n  It:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: python3.6\n"
    (found,) = engine().evaluate(yaml_template(text)).findings
    assert (found.rule_id, found.level, str(found.location)) == ("EV012", Level.ERROR, "t.yaml:5")
    assert found.location.property_path == "/Runtime"
    assert [(origin.engine, origin.rule_id) for origin in found.origins] == [("stackproof", "EV012")]


def test_every_rule_says_at_how_much_it_looked() -> None:
    resources = {
        "A": postgres("15.3")["It"],
        "B": postgres("15.19")["It"],
        "C": one("AWS::EMR::Cluster", ReleaseLabel="x")["It"],
    }
    counts = {
        count.rule_id: (count.looked_at, count.failed, count.open)
        for count in engine().evaluate(template(resources)).counts
    }
    assert counts["EV012"] == (2, 1, 0)
    assert counts["EV004"] == (1, 0, 1)
    assert counts["EV020"] == (0, 0, 0)
    assert "EV001" not in counts


def test_a_loop_is_named_in_its_template() -> None:
    loop = {"Fn::ForEach::X": ["N", ["a"], {"D${N}": postgres("15.3")["It"]}]}
    (found,) = engine().evaluate(template({**loop, **one("AWS::SNS::Topic")})).findings
    assert (found.kind, found.location.logical_id, str(found.location)) == (Kind.OPEN, "Fn::ForEach::X", "t.json")


def test_a_31_day_old_list_is_said_once_for_each_family_in_use() -> None:
    held = template({"A": postgres("15.19")["It"], "B": postgres("15.18")["It"]})
    assert told(engine(date(2026, 11, 19)).evaluate(held).notifications) == []
    late = engine(date(2026, 11, 20)).evaluate(held)
    assert told(late.notifications) == [("EV001", Level.WARNING)]
    assert "31 days old" in late.notifications[-1].message
    twice = scan([held, replace(held, file="u.json")], [engine(date(2026, 11, 20))], on=FRESH)
    assert told(twice.notifications) == [("EV001", Level.WARNING)]


def test_old_lists_of_a_run_are_one_notification_with_one_remedy() -> None:
    late = engine(date(2027, 2, 19))
    cluster, mysql = one("AWS::EKS::Cluster", Version="1.36"), one("AWS::RDS::DBInstance", Engine="mysql")
    remedy = "upgrade cfn-lint, or run 'stackproof versions refresh --source aws --write'"

    def found(*parts: dict[str, Any]) -> tuple[Notification, ...]:
        return tuple(made for part in parts for made in late.evaluate(template(part)).notifications)

    given = found(postgres("15.19"), cluster)
    assert told(given) == [("EV001", Level.WARNING)] * 2
    joined = late.with_ages_joined(given)
    assert told(joined) == [("EV001", Level.WARNING)]
    assert joined[-1].message == (
        "the list of EKS is 181 days old (as of 2026-08-22; 180 are allowed); "
        f"the list of RDS postgres is 122 days old (as of 2026-10-20; 30 are allowed): {remedy}"
    )
    assert {*late.with_ages_joined(joined)} == {*joined}
    assert late.with_ages_joined(found(mysql, postgres("15.19")))[-1].message == (
        f"the lists of RDS mysql, RDS postgres are 122 days old (as of 2026-10-20; 30 are allowed): {remedy}"
    )


def test_an_old_list_fails_a_strict_check_alone() -> None:
    late = engine(date(2026, 11, 20)).evaluate(template(postgres("15.19")))
    report = CheckReport(findings=late.findings, rules=late.counts, notifications=late.notifications)
    assert report.exit_code == 0
    assert replace(report, strict=True).exit_code == 3


def test_a_list_of_dates_alone_may_be_older() -> None:
    cluster = template(one("AWS::EKS::Cluster", Version="1.36"))
    assert told(engine(date(2027, 2, 18)).evaluate(cluster).notifications) == []
    assert told(engine(date(2027, 2, 19)).evaluate(cluster).notifications) == [("EV001", Level.WARNING)]


def test_a_stack_of_another_region_is_told() -> None:
    held = replace(template(postgres("15.19")), stack_name="S")
    away = engine(regions={held.file: ("eu-west-1",)}).evaluate(held)
    assert told(away.notifications) == [("EV002", Level.WARNING)]
    assert told(engine(regions={held.file: ("us-east-1",)}).evaluate(held).notifications) == []


def test_each_region_of_a_template_is_told() -> None:
    held = replace(template(postgres("15.19")), stack_name="S")
    away = engine(regions={held.file: ("eu-west-1", "us-east-1", "us-west-2")}).evaluate(held)
    assert [
        notification.message.partition(",")[0] for notification in away.notifications if notification.rule_id == "EV002"
    ] == [
        "S is for eu-west-1",
        "S is for us-west-2",
    ]


def test_a_day_before_the_list_is_said() -> None:
    early = engine(date(2026, 1, 1)).evaluate(template(postgres("15.19")))
    assert any("lies before the list" in notification.message for notification in early.notifications)
    assert {notification.level for notification in early.notifications} == {Level.NOTE}


def test_every_run_says_as_of_which_day_it_judged() -> None:
    (note,) = engine().evaluate(template(postgres("15.19"))).notifications
    assert (note.level, note.message) == (
        Level.NOTE,
        "engine versions were evaluated for 2026-10-21, with a list as of 2026-10-20",
    )


def test_nothing_is_said_of_a_template_without_versions() -> None:
    assert engine(date(2030, 1, 1)).evaluate(template(one("AWS::SNS::Topic"))).notifications == ()


def test_an_override_that_hides_a_deprecated_version_is_said_in_every_run() -> None:
    held = template(postgres("15.8"))
    decided = engine(overrides=Overrides(overrides=(OVERRIDE,))).evaluate(held)
    assert [finding.rule_id for finding in decided.findings] == ["EV016"]
    assert "by an override of platform" in decided.notifications[-1].message + decided.notifications[0].message
    expired = engine(date(2027, 1, 1), overrides=Overrides(overrides=(OVERRIDE,))).evaluate(held)
    assert any("expired on 2026-12-31" in notification.message for notification in expired.notifications)
    other = engine(overrides=Overrides(overrides=(replace(OVERRIDE, family="eks"),))).evaluate(held)
    assert told(other.notifications) == []


def test_what_runs_is_known_by_stack() -> None:
    held = template(postgres("15.8"))
    running = {"": {"It": "15.8"}}
    assert [finding.level for finding in engine(deployed=running).evaluate(held).findings] == [Level.WARNING]
    prod = replace(held, stack_name="Prod")
    assert [finding.level for finding in engine(deployed={"Dev": {"It": "15.8"}}).evaluate(prod).findings] == [
        Level.ERROR
    ]
    assert [finding.level for finding in engine(deployed={"Prod": {"It": "15.8"}}).evaluate(prod).findings] == [
        Level.WARNING
    ]


@pytest.mark.parametrize(
    "other",
    [
        engine(date(2026, 10, 22)),
        engine(deployed={"": {"It": "1"}}),
        engine(regions={"S": ("x",)}),
        engine(parameters={"P": "x"}),
        engine(overrides=Overrides(overrides=(OVERRIDE,))),
        replace(engine(), versions=replace(PACKAGED, as_of="2026-10-21")),
    ],
)
def test_all_that_goes_into_an_answer_goes_into_its_identity(other: VersionsEngine) -> None:
    assert other.identity != engine().identity


def test_it_is_a_policy_engine_whose_answers_can_be_remembered() -> None:
    held: PolicyEngine = engine(date(2026, 11, 24))
    held.start()
    store, templates = FakeStore(), [template(postgres("15.3"))]
    first, second = (scan(templates, [held], store=store, on=FRESH) for _ in range(2))
    held.close()
    assert held.name == "stackproof"
    assert second.is_cached
    assert (second.findings, second.notifications) == (first.findings, first.notifications)


def test_what_cdk_made_is_marked() -> None:
    held = template(one("AWS::Lambda::Function", Runtime="python3.6"))
    made = replace(held, resources=tuple(replace(resource, generated=True) for resource in held.resources))
    (found,) = engine().evaluate(made).findings
    assert found.generated
