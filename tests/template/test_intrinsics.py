"""Intrinsic functions: what they give, and that what is not known stays unresolved instead of raising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonValue
from stackproof.proof.live_values import live_context
from stackproof.template.intrinsics import (
    Context,
    Unresolved,
    condition_holds,
    is_unresolved,
    known,
    references,
    resolve,
    static_context,
    unresolved_in,
)
from tests.live_fakes import ACCOUNT, REGION, deployment, template

ATTRIBUTES: dict[tuple[str, str], JsonValue] = {("Bucket", "Arn"): "arn:b", ("Db", "Endpoint.Port"): 5432}
CONTEXT = Context(
    parameters={
        "Name": "blue",
        "Names": ["a", "b"],
        "Secret": "{{resolve:ssm:x}}",
        "Secrets": ["{{resolve:ssm:x}}"],
        "Count": 3,
    },
    pseudo={"AWS::Region": "eu-west-1", "AWS::Partition": "aws", "AWS::StackName": "Net"},
    conditions={
        "Yes": {"Fn::Equals": [{"Ref": "Name"}, "blue"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Unknown": {"Fn::Equals": [{"Ref": "Nobody"}, "x"]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "Unknown"}, {"Condition": "Yes"}]},
        "Neither": {"Fn::Or": [{"Condition": "No"}, {"Condition": "No"}]},
        "AllYes": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "Yes"}]},
        "Perhaps": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "Unknown"}]},
        "NotUnknown": {"Fn::Not": [{"Condition": "Unknown"}]},
        "Itself": {"Fn::Not": [{"Condition": "Itself"}]},
        "Numbers": {"Fn::Equals": [1, "1"]},
        "Truths": {"Fn::Equals": [True, "true"]},
        "Lists": {"Fn::Equals": [["a"], ["a"]]},
        "NoValues": {"Fn::Equals": [{"Ref": "AWS::NoValue"}, ""]},
        "Short": {"Fn::Equals": ["a"]},
        "NoNames": {"Condition": 5},
        "Empty": {"Fn::And": []},
        "Odd": {"Fn::Xor": ["a", "b"]},
        "Text": "true",
    },
    mappings={"Sizes": {"eu-west-1": {"small": "t3", "all": ["t3", "m5"]}}},
    declared=frozenset({"Name", "Names", "Undefaulted"}),
    exports={"vpc": "vpc-1"},
    zones=("eu-west-1a", "eu-west-1b"),
    reference={"Bucket": "bucket-1"}.get,
    attribute=lambda logical_id, name: ATTRIBUTES.get((logical_id, name)),
)

RESOLVED: list[tuple[Any, Any]] = [
    ("text", "text"),
    (None, None),
    ({"Ref": "Name"}, "blue"),
    ({"Ref": "Count"}, 3),
    ({"Ref": "Names"}, ["a", "b"]),
    ({"Ref": "AWS::Region"}, "eu-west-1"),
    ({"Ref": "Bucket"}, "bucket-1"),
    ({"Ref": "AWS::NoValue"}, None),
    ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
    ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:b"),
    ({"Fn::GetAtt": "Bucket.Arn"}, "arn:b"),
    ({"Fn::GetAtt": "Db.Endpoint.Port"}, 5432),
    ({"Fn::GetAtt": ["Db", "Endpoint", "Port"]}, 5432),
    ({"Fn::Sub": "${Name}-${AWS::Region}-${Bucket.Arn}-${!Literal}-${Count}"}, "blue-eu-west-1-arn:b-${Literal}-3"),
    ({"Fn::Sub": ["${A}${B}", {"A": True, "B": {"Ref": "Name"}}]}, "trueblue"),
    ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 1]]}, "a-blue-1"),
    ({"Fn::Join": [",", {"Ref": "Names"}]}, "a,b"),
    ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
    ({"Fn::Select": [0, [{"Ref": "Name"}, {"Ref": "Nobody"}]]}, "blue"),
    ({"Fn::Split": ["-", {"Fn::Sub": "x-${Name}"}]}, ["x", "blue"]),
    ({"Fn::Base64": "hi"}, "aGk="),
    ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b"]),
    ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["eu-west-1a", "eu-west-1b"]),
    ({"Fn::ImportValue": {"Fn::Sub": "vpc"}}, "vpc-1"),
    ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, "t3"),
    ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "all"]}, ["t3", "m5"]),
    ({"Fn::FindInMap": ["Sizes", "x", "y", {"DefaultValue": "z"}]}, "z"),
    ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
    ({"Fn::Cidr": ["10.0.0.0/16", "1"]}, ["10.0.0.0/24"]),
    ({"Fn::Cidr": ["fd00::/56", 1, "64"]}, ["fd00::/64"]),
    ({"Fn::ToJsonString": {"a": [1, {"Ref": "Name"}]}}, '{"a":[1,"blue"]}'),
    ({"Fn::Length": {"Ref": "Names"}}, 2),
    ({"Fn::If": ["Yes", "a", "b"]}, "a"),
    ({"Fn::If": ["No", "a", {"Ref": "AWS::NoValue"}]}, None),
    ({"Condition": "Yes"}, {"Condition": "Yes"}),
    ([1.5, True], [1.5, True]),
]

UNRESOLVED: list[Any] = [
    {"Ref": "Nobody"},
    {"Ref": "Undefaulted"},
    {"Ref": "AWS::Unheard"},
    {"Ref": ["x"]},
    {"Ref": "Secret"},
    {"Fn::GetAtt": ["Bucket", "Nothing"]},
    {"Fn::GetAtt": ["Bucket", {"Ref": "Nobody"}]},
    {"Fn::GetAtt": "Bucket"},
    {"Fn::GetAtt": ["Bucket"]},
    {"Fn::GetAtt": 5},
    {"Fn::Sub": "${Nobody}"},
    {"Fn::Sub": "${Bucket.Nothing}"},
    {"Fn::Sub": "${Names}"},
    {"Fn::Sub": 5},
    {"Fn::Sub": ["${A}", "no map"]},
    {"Fn::Sub": ["a"]},
    {"Fn::Sub": "{{resolve:ssm:${Name}}}"},
    "{{resolve:secretsmanager:x}}",
    {"Fn::Join": ["", ["{{resolve:", "x}}"]]},
    {"Fn::Join": ["-", [{"Ref": "Nobody"}]]},
    {"Fn::Join": ["-", [{"a": 1}]]},
    {"Fn::Join": ["-", {"Ref": "Nobody"}]},
    {"Fn::Join": ["-", "text"]},
    {"Fn::Join": [1, ["a"]]},
    {"Fn::Join": "a"},
    {"Fn::Select": [9, ["a"]]},
    {"Fn::Select": [-1, ["a"]]},
    {"Fn::Select": ["x", ["a"]]},
    {"Fn::Select": [{"Ref": "Nobody"}, ["a"]]},
    {"Fn::Select": [0, {"Ref": "Nobody"}]},
    {"Fn::Select": 0},
    {"Fn::Split": ["", "a"]},
    {"Fn::Split": ["-", {"Ref": "Nobody"}]},
    {"Fn::Split": 1},
    {"Fn::Base64": {"Ref": "Nobody"}},
    {"Fn::GetAZs": "us-east-1"},
    {"Fn::GetAZs": {"Ref": "Nobody"}},
    {"Fn::ImportValue": "nothing"},
    {"Fn::ImportValue": {"Ref": "Nobody"}},
    {"Fn::FindInMap": ["Sizes", "x", "y"]},
    {"Fn::FindInMap": ["Sizes", "x", "y", "z"]},
    {"Fn::FindInMap": ["Sizes", {"Ref": "Nobody"}, "y"]},
    {"Fn::FindInMap": ["Sizes"]},
    {"Fn::Cidr": ["10.0.0.0/16"]},
    {"Fn::Cidr": ["nonsense", 1, 8]},
    {"Fn::Cidr": ["10.0.0.0/24", 300, 8]},
    {"Fn::Cidr": ["10.0.0.0/24", 5, 8]},
    {"Fn::Cidr": ["10.0.0.0/24", 1, 12]},
    {"Fn::Cidr": [{"Ref": "Nobody"}, 1, 8]},
    {"Fn::ToJsonString": {"a": {"Ref": "Nobody"}}},
    {"Fn::ToJsonString": {"Ref": "AWS::NoValue"}},
    {"Fn::Length": "text"},
    {"Fn::Length": {"Ref": "Nobody"}},
    {"Fn::If": ["Unknown", "a", "b"]},
    {"Fn::If": ["Yes"]},
    {"Fn::If": [5, "a", "b"]},
    {"Fn::Transform": {"Name": "AWS::Include"}},
    {"Fn::ForEach::Each": ["x", ["a"], {}]},
    {"Fn::Equals": ["a", "a"]},
    {"Fn::Unheard": 1},
]


@pytest.mark.parametrize(("value", "expected"), RESOLVED, ids=lambda argument: str(argument)[:60])
def test_what_functions_give(value: Any, expected: Any) -> None:
    assert resolve(value, CONTEXT) == expected


@pytest.mark.parametrize("value", UNRESOLVED, ids=lambda argument: str(argument)[:60])
def test_what_is_not_known_stays_unresolved(value: Any) -> None:
    found = resolve(value, CONTEXT)
    assert is_unresolved(found)
    assert isinstance(found, Unresolved)
    assert found.reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Yes", True),
        ("No", False),
        ("Unknown", None),
        ("Both", False),
        ("Either", True),
        ("Neither", False),
        ("AllYes", True),
        ("Perhaps", None),
        ("NotUnknown", None),
        ("Itself", None),
        ("Numbers", True),
        ("Truths", True),
        ("Lists", True),
        ("NoValues", None),
        ("Short", None),
        ("NoNames", None),
        ("Empty", None),
        ("Odd", None),
        ("Text", None),
        ("Missing", None),
    ],
)
def test_conditions_have_three_answers(name: str, expected: bool | None) -> None:  # noqa: FBT001
    assert condition_holds(name, CONTEXT) is expected


def test_a_parameter_that_holds_a_list_of_dynamic_references_is_unresolved_inside() -> None:
    assert unresolved_in(resolve({"Ref": "Secrets"}, CONTEXT)) == (Unresolved(reason="dynamic reference"),)


def test_what_is_unresolved_inside_is_found_and_can_be_taken_out() -> None:
    found = resolve({"a": [{"Ref": "Nobody"}, 1], "b": {"Ref": "Nobody"}, "c": "x"}, CONTEXT)
    assert len(unresolved_in(found)) == 2
    assert known(found) == {"a": [1], "c": "x"}
    assert known(Unresolved(reason="x")) is None


def test_forty_chained_conditions_are_decided_at_once() -> None:
    """Each refers to the one before it twice: without memory this takes 2^40 steps."""
    chain: dict[str, Any] = {"C0": {"Fn::Equals": ["a", "a"]}}
    for index in range(1, 41):
        chain[f"C{index}"] = {"Fn::And": [{"Condition": f"C{index - 1}"}, {"Condition": f"C{index - 1}"}]}
    assert condition_holds("C40", Context(conditions=chain)) is True


def test_endless_nesting_is_unresolved() -> None:
    value: Any = "x"
    for _ in range(300):
        value = {"Fn::Base64": value}
    assert is_unresolved(resolve(value, Context()))
    condition: Any = {"Fn::Equals": ["a", "a"]}
    for _ in range(300):
        condition = {"Fn::Not": [condition]}
    assert condition_holds("Deep", Context(conditions={"Deep": condition})) is None


def test_without_a_deployment_parameters_have_their_defaults_and_resources_are_unknown() -> None:
    body = {
        "Parameters": {
            "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>", "Default": "a, b"},
            "Size": {"Type": "String", "Default": "small"},
            "Given": {"Type": "CommaDelimitedList"},
            "Open": {"Type": "String"},
            "Path": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/x"},
            "Broken": "no mapping",
        },
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
    }
    context = static_context(template(body), parameters={"Given": "x,y"}, pseudo={"AWS::Region": "eu-west-1"})
    assert resolve({"Ref": "Zones"}, context) == ["a", "b"]
    assert resolve({"Ref": "Size"}, context) == "small"
    assert resolve({"Ref": "Given"}, context) == ["x", "y"]
    assert resolve({"Ref": "AWS::Region"}, context) == "eu-west-1"
    for name in ("Open", "Path", "Broken", "Bucket"):
        assert is_unresolved(resolve({"Ref": name}, context))
    assert is_unresolved(resolve({"Fn::GetAtt": ["Bucket", "Arn"]}, context))
    assert resolve({"Ref": "Size"}, static_context(template(body))) == "small"


def test_of_a_deployment_parameters_have_their_effective_values_and_no_others() -> None:
    body = {
        "Parameters": {
            "Size": {"Type": "String", "Default": "small"},
            "Hidden": {"Type": "String", "Default": "x"},
            "Odd": 5,
        },
        "Resources": {},
    }
    live = deployment({}, parameters={"Size": "large", "Gone": "y", "Odd": "z"}, zones=("a",), exports={"e": "1"})
    context = live_context(template(body), live, reference=lambda _: "id", attribute=lambda *_: 5)
    assert resolve({"Ref": "Size"}, context) == "large"
    assert resolve({"Ref": "Odd"}, context) == "z"
    assert is_unresolved(resolve({"Ref": "Hidden"}, context))
    assert resolve({"Fn::Sub": "${AWS::AccountId}/${AWS::Region}/${AWS::URLSuffix}"}, context) == (
        f"{ACCOUNT}/{REGION}/amazonaws.com"
    )
    assert resolve({"Fn::GetAZs": ""}, context) == ["a"]
    assert resolve({"Ref": "Thing"}, context) == "id"


def test_what_a_value_refers_to() -> None:
    value: JsonValue = {
        "a": {"Ref": "A"},
        "b": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}, {"Fn::GetAtt": []}],
        "c": {"Fn::Sub": "${D}-${E.Arn}-${!F}"},
        "d": {"Fn::Sub": ["${G}", {"G": {"Ref": "H"}}]},
        "e": {"Fn::Sub": []},
        "f": {"Ref": 5},
    }
    assert references(value) == {"A", "B", "C", "D", "E", "G", "H"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Ref", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::If", "Fn::GetAtt", "Fn::Cidr", "a", "b"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_nothing_raises(value: Any) -> None:
    found = resolve(value, CONTEXT)
    assert unresolved_in(known(found)) == ()
    references(value)


@given(st.dictionaries(st.text(max_size=3), _JSON, max_size=3))
def test_conditions_never_raise(conditions: Mapping[str, Any]) -> None:
    for name in conditions:
        assert condition_holds(name, Context(conditions=conditions)) in {True, False, None}
