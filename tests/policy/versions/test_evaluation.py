"""The rules EV003 to EV030 on templates: holding, violated, undecidable, not applicable."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from stackproof.core.json import JsonValue
from stackproof.core.notification import Level
from stackproof.policy.finding import Kind
from stackproof.policy.versions.case import Knowledge
from stackproof.policy.versions.engine_version import (
    Claim,
    Cycle,
    Decision,
    OnAbsent,
    Override,
    Status,
    Unlisted,
    Version,
)
from stackproof.policy.versions.evaluation import deployed_by, evaluate_template
from stackproof.policy.versions.families import CARRIERS, FAMILIES, UNCOVERED, applies_to
from stackproof.policy.versions.rules import RULES
from tests.policy.versions.sample import (
    FRESH,
    PACKAGED,
    allow_list,
    family,
    knowledge,
    messages,
    one,
    postgres,
    said,
    template,
    yaml_template,
)

FUNCTION = "AWS::Lambda::Function"
OLD = date(2026, 11, 24)
DYNAMIC = "{{resolve:ssm:/version}}"


def parameter(**declaration: JsonValue) -> dict[str, Any]:
    return {"Parameters": {"P": {"Type": "String", **declaration}}}


@pytest.mark.parametrize(
    ("version", "engine", "sections"),
    [
        ("15.3", "postgres", {}),
        ({"Ref": "P"}, "postgres", parameter(Default="15.3")),
        ({"Ref": "P"}, "postgres", parameter(AllowedValues=["15.19", "15.3"])),
        (
            {"Fn::If": ["C", "15.19", "15.3"]},
            "postgres",
            {"Conditions": {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}},
        ),
        ({"Fn::FindInMap": ["M", "a", "b"]}, "postgres", {"Mappings": {"M": {"a": {"b": "15.3"}}}}),
        ({"Fn::Join": [".", ["15", "3"]]}, "postgres", {}),
        ({"Fn::Sub": ["${Major}.3", {"Major": "15"}]}, "postgres", {}),
        ({"Fn::Select": [0, ["15.3"]]}, "postgres", {}),
        ("15.3", {"Ref": "P"}, parameter(Default="postgres")),
        ("15.3", "POSTGRES", {}),
    ],
)
def test_a_deprecated_version_is_an_error_in_every_guise(
    version: JsonValue, engine: JsonValue, sections: dict[str, Any]
) -> None:
    assert said(postgres(version, engine), **sections) == ["EV012 error"]
    (message,) = messages(postgres(version, engine), **sections)
    assert "RDS postgres 15.3 is deprecated" in message
    assert "pin 15.19" in message


def test_the_branch_is_named() -> None:
    (message,) = messages(postgres({"Ref": "P"}), **parameter(AllowedValues=["15.19", "15.3"]))
    assert message.endswith("[parameter P = 15.3 (allowed)]")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("15.19", []),
        ("18.6", []),
        ("15.13", ["EV016 note"]),
        ("15", ["EV021 note"]),
        ("9.6", ["EV012 error", "EV015 error"]),
        ("18.5", ["EV010 error"]),
        ("99.1", ["EV010 error"]),
        ("banana", ["EV010 error"]),
        ("13.23", ["EV014 warning"]),
        ("14.24", ["EV013 note"]),
        (DYNAMIC, ["EV030 open"]),
        (["15.19"], []),
        ({"Fn::ToJsonString": {"a": 1}}, ["EV010 error"]),
        ({"a": "b"}, ["EV030 open"]),
    ],
)
def test_postgres_on_a_fresh_list(version: JsonValue, expected: list[str]) -> None:
    assert said(postgres(version)) == expected


def test_a_version_newer_than_an_old_list_may_exist() -> None:
    assert said(postgres("15.20"), as_of=FRESH) == ["EV010 error"]
    assert said(postgres("15.20"), as_of=OLD) == ["EV010 warning"]
    assert said(postgres("99.1"), as_of=OLD) == ["EV010 warning"]
    assert said(postgres("18.5"), as_of=OLD) == ["EV010 error"]
    assert said(postgres("banana"), as_of=OLD) == ["EV010 error"]


def test_a_runtime_newer_than_an_old_list_is_compared_with_its_own_language() -> None:
    assert said(one(FUNCTION, Runtime="python3.16"), as_of=FRESH) == ["EV010 error"]
    assert said(one(FUNCTION, Runtime="python3.16"), as_of=OLD) == ["EV010 warning"]
    assert said(one(FUNCTION, Runtime="python3.5"), as_of=OLD) == ["EV010 error"]
    assert "newest that is known is python3.15" in messages(one(FUNCTION, Runtime="python3.16"))[0]
    assert said(one(FUNCTION, Runtime="cobol1.0"), as_of=OLD) == ["EV010 error"]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2027, 8, 1), []),
        (date(2027, 9, 2), ["EV013 note"]),
        (date(2028, 1, 30), ["EV013 warning"]),
        (date(2028, 2, 29), ["EV013 warning"]),
        (date(2028, 3, 1), ["EV014 warning"]),
        (date(2031, 2, 28), ["EV013 warning", "EV014 warning"]),
        (date(2031, 3, 1), ["EV015 error"]),
    ],
)
def test_the_day_moves_what_is_said_of_support(as_of: date, expected: list[str]) -> None:
    assert said(postgres("15.19"), as_of=as_of) == expected


def test_declining_extended_support_makes_its_need_an_error() -> None:
    declined = postgres("13.23", EngineLifecycleSupport="open-source-rds-extended-support-disabled")
    assert said(declined) == ["EV014 error"]
    assert said(declined, deployed={"It": "13.23"}) == ["EV014 warning"]
    cluster = one("AWS::EKS::Cluster", Version="1.32", UpgradePolicy={"SupportType": "STANDARD"})
    assert said(cluster) == ["EV013 note", "EV014 error"]
    assert said(one("AWS::EKS::Cluster", Version="1.32")) == ["EV013 note", "EV014 warning"]


def test_what_runs_already_is_a_warning() -> None:
    assert said(postgres("15.8")) == ["EV012 error"]
    assert said(postgres("15.8"), deployed={"It": "15.8"}) == ["EV012 warning"]
    assert said(postgres("15.8"), deployed={"It": "15.7"}) == ["EV012 error"]
    assert said(postgres("15.8"), deployed={"Other": "15.8"}) == ["EV012 error"]
    assert said(postgres("banana"), deployed={"It": "banana"}) == ["EV010 warning"]
    assert said(postgres("9.6"), deployed={"It": "9.6.24"}) == ["EV012 warning", "EV015 error"]


def test_a_template_behind_what_runs_asks_for_a_downgrade() -> None:
    assert said(postgres("15.19"), deployed={"It": "15.20"}) == ["EV023 warning"]


@pytest.mark.parametrize("switch", [None, True, "true"])
def test_a_pinned_minor_that_aws_moves_falls_behind(switch: JsonValue) -> None:
    properties: dict[str, JsonValue] = {"Engine": "postgres", "EngineVersion": "15.19"}
    given = properties if switch is None else {**properties, "AutoMinorVersionUpgrade": switch}
    assert said(one("AWS::RDS::DBInstance", **given)) == ["EV023 note"]


def test_a_certain_version_of_a_deployed_template_is_evidence() -> None:
    conditions = {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]}}
    resources = {
        "A": postgres("15.8")["It"],
        "B": postgres({"Fn::If": ["C", "15.8", "15.7"]})["It"],
        "C": one(FUNCTION, Handler="x")["It"],
        "D": one("AWS::SNS::Topic")["It"],
    }
    assert deployed_by(template(resources, Conditions=conditions)) == {"A": "15.8"}
    assert deployed_by(template(postgres({"Ref": "P"}), **parameter()), parameters={"P": "15.8"}) == {"It": "15.8"}


def test_a_version_that_a_deployed_template_keeps_to_itself_is_no_evidence_since_it_would_be_quoted() -> None:
    assert deployed_by(template(postgres({"Ref": "P"}), **parameter(Default="15.8", NoEcho=True))) == {}


@pytest.mark.parametrize(
    ("resource_type", "properties", "expected"),
    [
        (FUNCTION, {"Runtime": "python3.8"}, ["EV014 warning", "EV016 warning"]),
        (FUNCTION, {"Runtime": "nodejs18.x"}, ["EV014 warning", "EV016 warning"]),
        (FUNCTION, {"Runtime": "python3.7"}, ["EV012 error", "EV016 warning"]),
        (FUNCTION, {"Runtime": "python3.6"}, ["EV012 error"]),
        (FUNCTION, {"Runtime": "python3.13"}, []),
        (FUNCTION, {"Runtime": "dotnet8"}, ["EV013 warning", "EV016 warning"]),
        (FUNCTION, {"Runtime": "dotnet9"}, ["EV003 warning", "EV013 warning"]),
        (FUNCTION, {"Runtime": "nodejs26.x"}, ["EV030 open"]),
        (FUNCTION, {"Runtime": "python9.9"}, ["EV010 error"]),
        (FUNCTION, {"PackageType": "Image"}, []),
        ("AWS::Lambda::LayerVersion", {"CompatibleRuntimes": ["python3.13", "python3.6"]}, ["EV012 warning"]),
        ("AWS::Lambda::LayerVersion", {}, []),
        ("AWS::EKS::Cluster", {"Version": "1.36"}, []),
        ("AWS::EKS::Cluster", {"Version": "1.10"}, ["EV010 error"]),
        ("AWS::EKS::Cluster", {"Version": "9.9"}, ["EV010 error"]),
        ("AWS::EKS::Cluster", {}, ["EV020 warning"]),
        ("AWS::EKS::Nodegroup", {}, []),
        ("AWS::EKS::Nodegroup", {"ReleaseVersion": "1.20.4-20210914"}, ["EV015 error"]),
        ("AWS::OpenSearchService::Domain", {"EngineVersion": "OpenSearch_1.0"}, ["EV014 warning"]),
        ("AWS::OpenSearchService::Domain", {"EngineVersion": "OpenSearch_3.5"}, []),
        ("AWS::OpenSearchService::Domain", {"EngineVersion": "banana"}, ["EV010 error"]),
        ("AWS::OpenSearchService::Domain", {"EngineVersion": "Elasticsearch_7.10"}, ["EV030 open"]),
        ("AWS::OpenSearchService::Domain", {}, ["EV020 warning"]),
        ("AWS::Elasticsearch::Domain", {"ElasticsearchVersion": "1.5"}, ["EV030 open"]),
        ("AWS::MSK::Cluster", {"KafkaVersion": "3.5.1"}, ["EV015 error"]),
        ("AWS::MSK::Cluster", {"KafkaVersion": "3.7.x.kraft"}, ["EV015 error"]),
        ("AWS::MSK::Cluster", {"KafkaVersion": "3.9.x"}, []),
        ("AWS::MSK::Cluster", {"KafkaVersion": "9.9.9"}, ["EV010 error"]),
        ("AWS::DocDB::DBCluster", {"EngineVersion": "3.6.0"}, ["EV014 warning"]),
        ("AWS::DocDB::DBCluster", {"EngineVersion": "99.0.0"}, ["EV010 error"]),
        ("AWS::Neptune::DBCluster", {"EngineVersion": "1.2.1.0"}, ["EV013 note"]),
        ("AWS::Neptune::DBCluster", {"EngineVersion": "99.0.0.0"}, ["EV010 error"]),
        (
            "AWS::AmazonMQ::Broker",
            {"EngineType": "ActiveMQ", "EngineVersion": "5.17.6", "AutoMinorVersionUpgrade": False},
            ["EV015 error"],
        ),
        ("AWS::Glue::Job", {"GlueVersion": "0.9"}, ["EV015 error"]),
        ("AWS::Glue::Job", {"GlueVersion": "5.0", "Command": {"PythonVersion": "3"}}, ["EV004 open"]),
        ("AWS::ElastiCache::ReplicationGroup", {"EngineVersion": "2.8.24"}, ["EV010 error"]),
        ("AWS::ElastiCache::ReplicationGroup", {"Engine": "redis", "EngineVersion": "5.0.6"}, ["EV014 warning"]),
        ("AWS::ElastiCache::ReplicationGroup", {"Engine": "redis", "EngineVersion": "7.1"}, []),
        (
            "AWS::ElastiCache::ReplicationGroup",
            {"Engine": "redis", "EngineVersion": "6.x"},
            ["EV013 note", "EV021 note"],
        ),
        ("AWS::ElastiCache::ReplicationGroup", {"Engine": "valkey", "EngineVersion": "8.0"}, ["EV030 open"]),
        ("AWS::ElastiCache::ReplicationGroup", {"Engine": "valkey", "EngineVersion": "99.0"}, ["EV030 open"]),
        ("AWS::ElastiCache::ServerlessCache", {"Engine": "redis", "MajorEngineVersion": "7"}, []),
        ("AWS::ElastiCache::ServerlessCache", {"Engine": "redis", "MajorEngineVersion": "99"}, ["EV010 error"]),
        ("AWS::MemoryDB::Cluster", {"EngineVersion": "7.1"}, ["EV030 open"]),
        ("AWS::RDS::DBParameterGroup", {"Family": "postgres15"}, []),
        ("AWS::RDS::DBParameterGroup", {"Family": "postgres13"}, ["EV014 note"]),
        ("AWS::RDS::DBParameterGroup", {"Family": "postgres9.6"}, ["EV012 warning", "EV015 note"]),
        ("AWS::RDS::DBParameterGroup", {"Family": "banana42"}, ["EV010 error"]),
        ("AWS::RDS::DBParameterGroup", {"Family": "42"}, ["EV010 error"]),
        ("AWS::RDS::DBClusterParameterGroup", {"Family": "aurora-postgresql15"}, []),
        ("AWS::ElastiCache::ParameterGroup", {"CacheParameterGroupFamily": "redis5.0"}, ["EV014 note"]),
        ("AWS::RDS::OptionGroup", {"EngineName": "mysql", "MajorEngineVersion": "99"}, ["EV010 error"]),
        ("AWS::RDS::GlobalCluster", {"Engine": "aurora-postgresql", "EngineVersion": "15.3"}, ["EV012 error"]),
        ("AWS::RDS::DBCluster", {"Engine": "aurora-postgresql"}, ["EV020 warning"]),
        ("AWS::RDS::DBCluster", {"Engine": "postgres", "EngineVersion": "15"}, ["EV021 note"]),
        ("AWS::RDS::DBCluster", {"Engine": "aurora-mysql", "EngineVersion": "99.9"}, ["EV010 error"]),
        (
            "AWS::RDS::DBCluster",
            {"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.0"},
            ["EV030 open"],
        ),
        ("AWS::RDS::DBInstance", {"Engine": "aurora-postgresql"}, []),
        ("AWS::RDS::DBInstance", {"Engine": "postgres"}, ["EV020 warning"]),
        ("AWS::RDS::DBInstance", {"Engine": "postgres", "EngineVersion": {"Ref": "AWS::NoValue"}}, ["EV020 warning"]),
        ("AWS::RDS::DBInstance", {"Engine": "postgres", "DBSnapshotIdentifier": "x"}, []),
        ("AWS::RDS::DBInstance", {"EngineVersion": "15.8", "DBSnapshotIdentifier": "x"}, ["EV030 open"]),
        ("AWS::RDS::DBInstance", {"Engine": DYNAMIC, "EngineVersion": "15.8"}, ["EV030 open"]),
        ("AWS::RDS::DBInstance", {"Engine": "banana", "EngineVersion": "1"}, ["EV004 open"]),
        ("AWS::RDS::DBInstance", {"Engine": "banana"}, []),
        ("AWS::RDS::DBInstance", {"Engine": "postgres", "Fn::Transform": {"Name": "x"}}, ["EV030 open"]),
        ("AWS::EMR::Cluster", {"ReleaseLabel": "emr-99.0.0"}, ["EV004 open"]),
        ("AWS::EMR::Cluster", {"ReleaseLabel": DYNAMIC}, ["EV004 open"]),
        ("AWS::EMR::Cluster", {}, []),
        ("AWS::SNS::Topic", {}, []),
        ("AWS::Lambda::Alias", {"FunctionVersion": "1"}, []),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}}, []),
    ],
)
def test_other_families(resource_type: str, properties: dict[str, JsonValue], expected: list[str]) -> None:
    assert said(one(resource_type, **properties)) == expected


@pytest.mark.parametrize(
    ("engine", "version", "expected"),
    [
        ("mysql", "8.0.46", ["EV014 warning"]),
        ("mysql", "8.4", ["EV021 note"]),
        ("mysql", "8.4.5", ["EV016 note"]),
        ("mariadb", "10.5.29", ["EV015 error"]),
        ("mariadb", "10.0.38", ["EV003 warning"]),
        ("mariadb", "11.8.9", []),
        ("sqlserver-ee", "15.00", ["EV021 note", "EV030 open"]),
        ("oracle-ee", "19", ["EV030 open"]),
        ("oracle-ee", "banana", ["EV030 open"]),
    ],
)
def test_other_databases(engine: str, version: str, expected: list[str]) -> None:
    assert said(postgres(version, engine)) == expected


def test_a_doubt_about_what_runs_is_a_note() -> None:
    assert said(postgres("10.0.38", "mariadb"), deployed={"It": "10.0.38"}) == ["EV003 note"]


def test_an_open_candidate_hides_no_bad_one() -> None:
    conditions = {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "x"]}}
    version = {"Fn::If": ["C", DYNAMIC, "15.3"]}
    assert said(postgres(version), Conditions=conditions) == ["EV012 error", "EV030 open"]


def test_the_next_day_is_past() -> None:
    """A block holds from its day on; support holds on its last day still."""
    function = one(FUNCTION, Runtime="python3.8")
    assert "EV012 error" in said(function, as_of=date(2027, 2, 1))
    assert "EV012 error" not in said(function, as_of=date(2027, 1, 31))
    assert said(function, as_of=date(2027, 2, 1), deployed={"It": "python3.8"}) == ["EV012 warning", "EV016 warning"]


# --- numbers


def number(text: str) -> list[tuple[str, str]]:
    held = yaml_template(
        "Resources:\n  It:\n    Type: AWS::RDS::DBInstance\n    Properties:\n"
        f"      Engine: postgres\n      AutoMinorVersionUpgrade: false\n      EngineVersion: {text}\n"
    )
    found = evaluate_template(held, knowledge()).statements
    return [
        (f"{statement.verdict.rule_id} {statement.verdict.level.value}", statement.verdict.message)
        for statement in found
    ]


def test_a_number_that_lost_text_is_a_warning_with_what_became_of_it() -> None:
    (parsed, _), (rule, message) = number("17.10")
    assert (parsed, rule) == ("EV012 error", "EV022 warning")
    assert "17.10 is written without quotes and was read as the number 17.1" in message


def test_other_numbers_are_notes_and_text_is_nothing() -> None:
    assert [rule for rule, _ in number("15.19")] == ["EV022 note"]
    assert [rule for rule, _ in number("16")] == ["EV021 note", "EV022 note"]
    assert number('"15.19"') == []
    assert [rule for rule, _ in number("true")] == ["EV030 warning"]
    assert [rule for rule, _ in number("017")] == ["EV021 note", "EV022 warning"]


def test_defaults_allowed_values_and_mappings_keep_their_text() -> None:
    held = yaml_template(
        "Parameters:\n  P: {Type: String, Default: 17.10}\n"
        "Mappings:\n  M: {a: {b: 1.30}}\n"
        "Resources:\n"
        "  A: {Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, EngineVersion: !Ref P}}\n"
        "  B: {Type: AWS::EKS::Cluster, Properties: {Version: !FindInMap [M, a, b]}}\n"
    )
    found = [
        statement
        for statement in evaluate_template(held, knowledge()).statements
        if statement.verdict.rule_id == "EV022"
    ]
    assert [(statement.logical_id, statement.verdict.level) for statement in found] == [
        ("A", Level.WARNING),
        ("B", Level.WARNING),
    ]
    assert "1.30" in found[1].verdict.message


# --- loops, macros, serverless


def test_resources_that_a_loop_makes_are_open() -> None:
    loop = {"Fn::ForEach::Bases": ["X", ["a"], {"Db${X}": postgres("15.3")["It"]}]}
    plain = {"Fn::ForEach::Topics": ["X", ["a"], {"T${X}": one("AWS::SNS::Topic")["It"]}]}
    evaluation = evaluate_template(template({**loop, **plain, **one("AWS::SNS::Topic")}), knowledge())
    (found,) = evaluation.statements
    assert (found.verdict.rule_id, found.verdict.kind, found.resource) == ("EV030", Kind.OPEN, None)


def test_a_serverless_function_takes_over_from_globals() -> None:
    function = one("AWS::Serverless::Function", Handler="x")
    assert said(function) == []
    assert said(function, Globals={"Function": {"Runtime": "python3.6"}}) == ["EV012 error"]
    own = one("AWS::Serverless::Function", Runtime="python3.13")
    assert said(own, Globals={"Function": {"Runtime": "python3.6"}}) == []
    assert said(function, Globals={"Api": {}}) == []


def test_what_cdk_makes_names_its_remedy() -> None:
    held = template(one(FUNCTION, Runtime="python3.6"))
    made = replace(held, resources=tuple(replace(resource, generated=True) for resource in held.resources))
    (found,) = evaluate_template(made, knowledge()).statements
    assert found.verdict.message.endswith("upgrade aws-cdk-lib")


# --- lists of our own


def test_withdrawn_conflicting_and_unknown_versions() -> None:
    versions = {
        "1.1": Version(status=Status.CREATABLE, cycle="1"),
        "1.2": Version(status=Status.WITHDRAWN, cycle="1"),
        "1.3": Version(
            status=Status.UNKNOWN, cycle="1", evidence={"aws-api": Claim.CREATABLE, "cfn-lint": Claim.DEPRECATED}
        ),
    }
    held = family(versions=versions)
    known = knowledge(versions=allow_list(rds_mysql=held))
    assert said(postgres("1.2", "mysql"), known=known) == ["EV011 error"]
    assert said(postgres("1.2", "mysql"), known=known, deployed={"It": "1.2"}) == ["EV011 warning"]
    assert said(postgres("1.3", "mysql"), known=known) == ["EV003 warning"]
    evaluation = evaluate_template(template(postgres("1.3", "mysql")), known)
    assert "aws-api says creatable, cfn-lint says deprecated" in evaluation.statements[0].verdict.message


def test_dates_without_a_day() -> None:
    def with_cycle(**ends: Any) -> Knowledge:
        return knowledge(versions=allow_list(rds_mysql=family(cycles={"1": Cycle(**ends)})))

    resource = postgres("1.1", "mysql")
    assert said(resource, known=with_cycle(standard_support_end=False, extended_support_end=False)) == []
    assert said(resource, known=with_cycle(standard_support_end=True, extended_support_end=False)) == ["EV015 error"]
    assert said(resource, known=with_cycle(standard_support_end=True, extended_support_end=True)) == ["EV015 error"]
    assert said(resource, known=with_cycle(standard_support_end=True, extended_support_end=None)) == ["EV014 warning"]
    assert said(resource, known=with_cycle(standard_support_end=None)) == ["EV030 open"]


def test_a_cycle_that_is_younger_than_the_dated_ones_only_has_no_dates() -> None:
    versions = {cycle: Version(status=Status.CREATABLE, cycle=cycle) for cycle in ("8.0", "8.4")}
    known = knowledge(versions=allow_list(rds_mysql=family(cycles={"8.0": Cycle()}, versions=versions)))
    assert said(postgres("8.4", "mysql"), known=known) == ["EV030 open"]


def test_a_family_may_insist_on_a_version_or_not_mind() -> None:
    resource = one("AWS::RDS::DBInstance", Engine="mysql")
    for on_absent, expected in ((OnAbsent.ERROR, ["EV020 error"]), (OnAbsent.ALLOW, [])):
        known = knowledge(versions=allow_list(rds_mysql=family(on_absent=on_absent)))
        assert said(resource, known=known) == expected


def test_a_family_that_is_not_in_the_list_is_not_evaluated() -> None:
    known = knowledge(versions=allow_list(rds_mysql=family()))
    assert said(postgres("15.3"), known=known) == ["EV030 open"]
    assert said(one("AWS::RDS::DBInstance", Engine="postgres"), known=known) == []


def test_a_complete_list_refuses_what_is_not_in_it() -> None:
    known = knowledge(versions=allow_list(elasticache_valkey=family(unlisted=Unlisted.REFUSED)))
    resource = one("AWS::ElastiCache::ReplicationGroup", Engine="valkey", EngineVersion="9.0")
    assert said(resource, known=known) == ["EV010 error"]


# --- people's decisions


def override(**changes: Any) -> Override:
    return Override(
        **{
            "family": "rds/postgres",
            "version": "15.8",
            "reason": "agreed with AWS",
            "owner": "platform",
            "until": date(2026, 12, 31),
            **changes,
        }
    )


def test_an_override_corrects_the_list_until_its_last_day() -> None:
    creatable = (override(status=Status.CREATABLE),)
    assert said(postgres("15.8"), known=knowledge(overrides=creatable)) == ["EV016 note"]
    assert said(postgres("15.8"), known=knowledge(date(2026, 12, 31), overrides=creatable)) == ["EV016 note"]
    assert said(postgres("15.8"), known=knowledge(date(2027, 1, 1), overrides=creatable)) == ["EV012 error"]
    assert said(postgres("15.7"), known=knowledge(overrides=creatable)) == ["EV012 error"]


def test_what_is_banned_held_back_or_not_approved_is_said() -> None:
    banned = (override(version=None, cycle="15", decision=Decision.BANNED),)
    assert said(postgres("15.19"), known=knowledge(overrides=banned)) == ["EV017 error"]
    held = (override(version="15.19", decision=Decision.HOLD),)
    assert said(postgres("15.19"), known=knowledge(overrides=held)) == ["EV017 warning"]
    assert said(postgres("15.19"), known=knowledge(date(2027, 1, 1), overrides=held)) == []


def test_a_strict_family_wants_an_approval() -> None:
    approved = knowledge(overrides=(override(version="15.19", decision=Decision.APPROVED),))
    strict = replace(approved, overrides=replace(approved.overrides, approved_only=("rds/postgres",)))
    assert said(postgres("15.19"), known=strict) == []
    assert said(postgres("18.6"), known=strict) == ["EV017 error"]
    assert said(postgres("99.1"), known=strict) == ["EV010 error", "EV017 error"]


# --- denominators, tables


def test_every_rule_counts_a_property_once_whatever_it_may_be() -> None:
    held = template(postgres({"Ref": "P"}), **parameter(AllowedValues=["15.19", "15.3", "15"]))
    evaluation = evaluate_template(held, knowledge())
    assert evaluation.families == {"rds/postgres"}
    assert set(evaluation.looked_at.values()) == {1}
    assert {"EV010", "EV012", "EV013", "EV014", "EV015", "EV021", "EV023"} <= set(evaluation.looked_at)
    assert evaluate_template(template(one("AWS::SNS::Topic")), knowledge()).looked_at == {}


def test_a_rule_states_its_own_denominator() -> None:
    unlisted = evaluate_template(template(postgres("99.1")), knowledge()).looked_at
    assert set(unlisted) == {"EV010", "EV017", "EV022", "EV030"}
    listed = evaluate_template(template(postgres("15.19")), knowledge()).looked_at
    assert set(listed) == {f"EV{number:03}" for number in (3, *range(10, 18), 21, 22, 23, 30)}


def test_every_rule_that_can_be_said_is_in_the_table() -> None:
    assert sorted(RULES) == [
        *("EV001", "EV002", "EV003", "EV004", "EV010", "EV011", "EV012", "EV013", "EV014", "EV015", "EV016"),
        *("EV017", "EV020", "EV021", "EV022", "EV023", "EV030"),
    ]


def test_the_list_shows_where_its_families_apply_and_nothing_else() -> None:
    assert {name: family.applies_to for name, family in PACKAGED.families.items()} == {
        name: applies_to(name) for name in FAMILIES
    }
    assert {name for carrier in CARRIERS for name in carrier.families.values()} == set(FAMILIES)


def test_types_and_properties_of_the_tables_are_those_of_cloudformation() -> None:
    from stackproof.template.cfn_lint_schemas import CfnLintSchemas

    schemas = CfnLintSchemas()
    named = [(carrier.resource_type, path) for carrier in CARRIERS for path in carrier.reads]
    named += [(resource_type, path.partition(".")[0]) for resource_type, paths in UNCOVERED.items() for path in paths]
    unknown = [
        f"{resource_type}.{name}"
        for resource_type, name in named
        if (schema := schemas.schema(resource_type)) is None or name not in schema.document["properties"]  # type: ignore[operator]
    ]
    assert unknown == []
