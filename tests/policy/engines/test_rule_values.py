"""What rules of `policies/` learn of a value: known, absent, or not to be known before the deployment."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.policy.engines.workers.rule_values import (
    UNKNOWN,
    is_intrinsic,
    is_unknown,
    literal,
    references,
    referred,
    resolved,
    resources_of,
    substituted,
)

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Days": {"Type": "Number", "Default": "7"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Name": {"Type": "String", "Default": "n"},
        "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
        "Open": {"Type": "String"},
    },
    "Mappings": {"Sizes": {"prod": {"shards": 4}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Name"}, "n"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "Unknown"}]},
        "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "Unknown"}]},
        "Unknown": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
        "Odd": {"Fn::Equals": "x"},
        "Strange": {"Fn::Other": [{"Condition": "Yes"}]},
    },
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Odd": [],
    },
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ({"A": {"Ref": "Open"}}, {"A": {"Ref": "Open"}}),
        ({"Ref": "Days"}, 7),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Image"}, UNKNOWN),
        ({"Ref": "Open"}, UNKNOWN),
        ({"Ref": "Topic"}, UNKNOWN),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Fn::ImportValue": "x"}, UNKNOWN),
        ({"Fn::If": ["Yes", {"Ref": "Days"}, 1]}, 7),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, 2]}, UNKNOWN),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::If": ["Unknown", 3, 3]}, 3),
        ({"Fn::If": ["Circle", 1, 2]}, UNKNOWN),
        ({"Fn::If": ["Odd", 1, 2]}, UNKNOWN),
        ({"Fn::If": ["Strange", 1, 2]}, UNKNOWN),
        ({"Fn::If": ["Nowhere", 1, 2]}, UNKNOWN),
        ({"Fn::If": "x"}, UNKNOWN),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-n"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Topic"}]]}, UNKNOWN),
        ({"Fn::Join": "x"}, UNKNOWN),
        ({"Fn::Sub": "${Name}-${!literal}"}, "n-${literal}"),
        ({"Fn::Sub": ["${Name}-${More}", {"More": {"Ref": "Days"}}]}, "n-7"),
        ({"Fn::Sub": "${Topic.Arn}"}, UNKNOWN),
        ({"Fn::Sub": [1, 2]}, UNKNOWN),
        ({"Fn::FindInMap": ["Sizes", "prod", "shards"]}, 4),
        ({"Fn::FindInMap": ["Sizes", "dev", "shards"]}, UNKNOWN),
        ({"Fn::FindInMap": ["Sizes", "prod"]}, UNKNOWN),
        ({"Fn::FindInMap": "x"}, UNKNOWN),
    ],
)
def test_a_value_is_worked_out_as_far_as_the_template_tells(value: object, expected: object) -> None:
    assert resolved(TEMPLATE, value) == expected


def test_a_template_without_conditions_or_parameters_knows_none() -> None:
    assert is_unknown(resolved({}, {"Fn::If": ["C", 1, 2]}))
    assert is_unknown(resolved({}, {"Ref": "P"}))


def test_what_is_not_known_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)
    assert repr(UNKNOWN) == "UNKNOWN"


@pytest.mark.parametrize(("value", "expected"), [("True", True), ("false", False), ("-8", -8), ("8.5", "8.5"), (1, 1)])
def test_strings_stand_for_what_cloudformation_takes_them_for(value: object, expected: object) -> None:
    assert literal(value) == expected


def test_checkovs_lines_among_the_keys_change_nothing() -> None:
    assert is_intrinsic({"Ref": "Days", "__startline__": 3, "__endline__": 4})
    assert resolved(TEMPLATE, {"Ref": "Days", "__startline__": 3}) == 7
    assert not is_intrinsic({"Ref": "Days", "More": 1})
    assert not is_intrinsic({})


def test_references_are_found_however_they_are_written() -> None:
    value = [
        {"Ref": "A"},
        {"Fn::GetAtt": ["B", "Arn"]},
        {"Fn::GetAtt": "C.Arn"},
        {"Fn::Sub": "${D.Arn} ${!E} ${F}"},
        {"Fn::Sub": ["${G}", {"G": {"Ref": "H"}}]},
        {"Fn::If": ["Unknown", {"Ref": "I"}, 5]},
    ]
    assert references(value) == set("ABCDFGHI")


def test_the_one_resource_that_a_value_is_about() -> None:
    assert referred(TEMPLATE, {"Fn::GetAtt": ["Topic", "Arn"]}) == "Topic"
    assert referred(TEMPLATE, [{"Ref": "Topic"}, {"Ref": "Queue"}]) is None
    assert referred(TEMPLATE, {"Ref": "Name"}) is None


def test_resources_are_told_with_their_properties() -> None:
    found = [
        (name, properties) for name, _, properties in resources_of(TEMPLATE, ("AWS::SNS::Topic", "AWS::SQS::Queue"))
    ]
    assert found == [("Topic", {"TopicName": "t"}), ("Queue", {})]


def test_what_cannot_be_worked_out_stays_as_it_is_written() -> None:
    value = {"A": {"Ref": "Days"}, "B": [{"Ref": "Open"}, {"Ref": "AWS::NoValue"}], "C": {"Ref": "AWS::NoValue"}}
    assert substituted(TEMPLATE, value) == {"A": 7, "B": [{"Ref": "Open"}]}
