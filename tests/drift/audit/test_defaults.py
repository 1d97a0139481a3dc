"""The table of defaults: each row holds where the default is live, and shows what deviates."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.deployment.unproven_reason import UnprovenReason
from stackproof.drift.audit.defaults import DEFAULTS, Default, deviations
from stackproof.proof.observation import Change, Reading
from stackproof.readers import READERS
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.intrinsics import Unresolved

SCHEMAS = CfnLintSchemas()


def nested(path: str, value: Any) -> dict[str, Any]:
    """The properties in which the path has the value; without one nothing is set."""
    if value is None:
        return {}
    for name in reversed(path.split("/")[1:]):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def seen(row: Default, expected: dict[str, Any], live: Any) -> Any:
    where = {name.strip("/"): "set" for name in row.where}
    found = deviations(
        row.resource_type,
        {**where, **expected},
        Reading(properties=nested(row.path, live)),
        SCHEMAS.schema(row.resource_type),
    )
    return [difference for difference in found.differences if difference.path == row.path]


def row_id(row: Default) -> str:
    return f"{row.resource_type}{row.path}"


@pytest.mark.parametrize("row", DEFAULTS, ids=row_id)
def test_each_row_is_about_a_property_that_is_read(row: Default) -> None:
    schema = SCHEMAS.schema(row.resource_type)
    assert row.resource_type in READERS
    assert schema is not None
    assert schema.at(row.path) is not None
    assert not schema.is_write_only(row.path)


@pytest.mark.parametrize("row", DEFAULTS, ids=row_id)
def test_each_default_holds_and_what_deviates_is_told(row: Default) -> None:
    assert [value for value in row.values if seen(row, {}, value)] == []
    [difference] = seen(row, {}, row.deviating)
    assert (difference.expected, difference.actual) == (row.values[0], row.deviating)
    assert difference.change is (Change.ADD if row.values[0] is None else Change.NOT_EQUAL)


@pytest.mark.parametrize("row", DEFAULTS, ids=row_id)
def test_what_the_template_sets_is_left_to_the_comparison(row: Default) -> None:
    assert seen(row, nested(row.path, "anything"), row.deviating) == []
    assert [name for name in row.unless if seen(row, nested(name, "anything"), row.deviating)] == []


def test_a_row_that_depends_on_a_property_is_off_without_it() -> None:
    found = deviations("AWS::RDS::DBInstance", {}, Reading(properties={"PubliclyAccessible": True}), None)
    assert found.differences == ()


def test_a_type_without_a_row_is_not_judged() -> None:
    found = deviations("AWS::EC2::EIP", {}, Reading(properties={"Domain": "vpc"}), None)
    assert (found.total, found.differences) == (0, ())


def test_a_block_that_was_taken_away_is_four_that_are_missing() -> None:
    found = deviations("AWS::S3::Bucket", {}, Reading(properties={}), None)
    assert [difference.change for difference in found.differences] == [Change.REMOVE] * 4


def test_what_was_not_read_or_is_not_known_is_not_judged() -> None:
    denied = Reading(properties={}, unread={"/EnableKeyRotation": UnprovenReason.DENIED})
    found = deviations("AWS::KMS::Key", {}, denied, None)
    assert found.unread == (("/EnableKeyRotation", UnprovenReason.DENIED),)
    open_ = {"TracingConfig": Unresolved(reason="an import")}
    found = deviations("AWS::Lambda::Function", open_, Reading(properties={"TracingConfig": {"Mode": "Active"}}), None)
    assert found.unread == (("/TracingConfig/Mode", UnprovenReason.UNRESOLVED),)
    assert found.differences == ()


def test_an_object_without_members_sets_nothing() -> None:
    live = {"StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
    kind = "AWS::DynamoDB::Table"
    seen = deviations(kind, {"StreamSpecification": {}}, Reading(properties=live), CfnLintSchemas().schema(kind))
    assert [difference.path for difference in seen.differences] == ["/StreamSpecification"]
