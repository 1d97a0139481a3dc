"""Every value that a property may take is found, and the branch that gives it is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonValue
from stackproof.policy.versions.candidates import candidates, dug
from stackproof.policy.versions.evaluation import evaluate_template
from stackproof.template.intrinsics import Unresolved
from tests.policy.versions.sample import knowledge, one, template

TYPE = "AWS::RDS::DBInstance"


def explored(
    value: JsonValue,
    *,
    parameters: dict[str, str] | None = None,
    condition: str | None = None,
    **sections: Any,
) -> dict[str, str]:
    """Values of the property V with the branch of each; what is not known is shown by its reason."""
    head = {"Condition": condition} if condition else {}
    held = template({"It": {**one(TYPE, V=value)["It"], **head}}, **sections)
    found = candidates(held, held.resources[0], ["V"], parameters=parameters)
    return {shown(candidate.values.get("V")): candidate.branch for candidate in found}


def shown(value: Any) -> str:
    return f"?{value.reason}" if isinstance(value, Unresolved) else str(value)


def parameter(**declaration: JsonValue) -> dict[str, JsonValue]:
    return {"Type": "String", **declaration}


IS_PROD = {"IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}}
FORK = {"Fn::If": ["IsProd", "a", "b"]}


def test_a_literal_is_one_candidate_without_a_branch() -> None:
    assert explored("15.3") == {"15.3": ""}


def test_a_parameter_is_its_default_and_its_allowed_values() -> None:
    sections: dict[str, Any] = {"Parameters": {"P": parameter(Default="a", AllowedValues=["a", "b"])}}
    assert explored({"Ref": "P"}, **sections) == {
        "a": "parameter P = a (its default)",
        "b": "parameter P = b (allowed)",
    }


def test_a_value_that_is_supplied_stands_for_all_others() -> None:
    sections: dict[str, Any] = {"Parameters": {"P": parameter(Default="a", AllowedValues=["a", "b"])}}
    assert explored({"Ref": "P"}, parameters={"P": "c"}, **sections) == {"c": "parameter P = c (supplied)"}


def test_a_parameter_without_any_value_is_not_known() -> None:
    found = explored({"Ref": "P"}, Parameters={"P": parameter()})
    assert list(found) == ["?the value of parameter P is not known"]


@pytest.mark.parametrize("supplied", [None, {"P": "/path"}])
def test_the_default_of_an_ssm_parameter_is_a_path_and_no_value(supplied: dict[str, str] | None) -> None:
    sections: dict[str, Any] = {"Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"}}}
    assert list(explored({"Ref": "P"}, parameters=supplied, **sections)) == ["?the value of parameter P is not known"]


def test_both_branches_are_candidates_where_the_condition_is_free() -> None:
    sections: dict[str, Any] = {"Parameters": {"Env": parameter(Default="dev")}, "Conditions": IS_PROD}
    assert explored(FORK, **sections) == {"a": "condition IsProd true", "b": "condition IsProd false"}


def test_a_branch_that_constant_conditions_exclude_is_none() -> None:
    assert explored(FORK, Conditions={"IsProd": {"Fn::Equals": ["x", "y"]}}) == {"b": ""}
    sections: dict[str, Any] = {"Parameters": {"Env": parameter(AllowedValues=["dev", "test"])}, "Conditions": IS_PROD}
    assert explored(FORK, **sections) == {"b": ""}
    sections = {"Parameters": {"Env": parameter()}, "Conditions": IS_PROD}
    assert explored(FORK, parameters={"Env": "prod"}, **sections) == {"a": ""}


def test_a_default_that_only_means_not_given_is_no_version() -> None:
    """The empty default selects the other branch, and any other value is not known to anyone."""
    sections: dict[str, Any] = {
        "Parameters": {"P": parameter(Default="")},
        "Conditions": {"Given": {"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, ""]}]}},
    }
    value: JsonValue = {"Fn::If": ["Given", {"Ref": "P"}, {"Ref": "AWS::NoValue"}]}
    assert explored(value, **sections) == {"None": "parameter P = '' (its default)"}


def test_what_a_condition_compares_with_is_no_candidate() -> None:
    sections: dict[str, Any] = {
        "Parameters": {"P": parameter(Default="1.0")},
        "Conditions": {"Old": {"Fn::Equals": [{"Ref": "P"}, "0"]}},
    }
    value: JsonValue = {"Fn::If": ["Old", "legacy", {"Ref": "P"}]}
    assert sorted(explored(value, **sections)) == ["1.0", "legacy"]


def test_a_condition_about_a_pseudo_parameter_is_free() -> None:
    sections: dict[str, Any] = {"Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}}
    assert sorted(explored(FORK, **sections)) == ["a", "b"]


def test_conditions_that_rest_on_one_another_stay_consistent() -> None:
    region = {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    sections: dict[str, Any] = {"Conditions": {"Here": region, "There": {"Fn::Not": [{"Condition": "Here"}]}}}
    value: JsonValue = {"Fn::If": ["Here", {"Fn::If": ["There", "never", "here"]}, "there"]}
    assert sorted(explored(value, **sections)) == ["here", "there"]


def test_conditions_that_go_round_in_circles_are_explored_all_the_same() -> None:
    sections: dict[str, Any] = {
        "Conditions": {"IsProd": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "IsProd"}]}}
    }
    assert sorted(explored(FORK, **sections)) == ["a", "b"]


def test_maps_joins_substitutions_and_selections_resolve() -> None:
    sections: dict[str, Any] = {
        "Parameters": {"Env": parameter(Default="dev"), "L": {"Type": "CommaDelimitedList", "Default": "x, y"}},
        "Mappings": {"M": {"dev": {"V": "1"}, "prod": {"V": "2"}}},
    }
    assert explored({"Fn::FindInMap": ["M", {"Ref": "Env"}, "V"]}, **sections) == {
        "1": "parameter Env = dev (its default)"
    }
    assert list(explored({"Fn::Join": [".", ["1", {"Ref": "Env"}]]}, **sections)) == ["1.dev"]
    assert list(explored({"Fn::Sub": "1.${Env}"}, **sections)) == ["1.dev"]
    assert list(explored({"Fn::Select": [1, {"Ref": "L"}]}, **sections)) == ["y"]
    assert list(explored({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "V"]}, **sections)) == [
        "?Ref of AWS::Region is not known"
    ]


def test_what_other_resources_and_stacks_give_is_not_known() -> None:
    assert list(explored({"Fn::GetAtt": ["A", "B"]})) == ["?A.B is not known"]
    assert list(explored({"Fn::ImportValue": "x"})) == ["?there is no export 'x'"]


def test_a_resource_that_is_never_made_has_no_candidates() -> None:
    assert explored("1", condition="IsProd", Conditions={"IsProd": {"Fn::Equals": ["a", "b"]}}) == {}


def test_a_resources_own_condition_excludes_branches() -> None:
    sections: dict[str, Any] = {"Parameters": {"Env": parameter(Default="dev")}, "Conditions": IS_PROD}
    assert explored(FORK, condition="IsProd", **sections) == {"a": ""}


def test_properties_are_explored_together() -> None:
    held = template(
        one(TYPE, V={"Fn::If": ["IsProd", "15", "8.4"]}, Engine={"Fn::If": ["IsProd", "postgres", "mysql"]}),
        Parameters={"Env": parameter()},
        Conditions=IS_PROD,
    )
    found = candidates(held, held.resources[0], ["V", "Engine"])
    assert {(candidate.values["Engine"], candidate.values["V"]) for candidate in found} == {
        ("postgres", "15"),
        ("mysql", "8.4"),
    }


def test_too_many_combinations_are_not_known() -> None:
    names = [f"P{n}" for n in range(10)]
    sections: dict[str, Any] = {"Parameters": {name: parameter(AllowedValues=["a", "b"]) for name in names}}
    (found,) = explored({"Fn::Join": ["", [{"Ref": name} for name in names]]}, **sections)
    assert found.startswith("?more than")


def test_a_resource_that_is_never_made_in_too_many_ways_ends_the_search() -> None:
    names = [f"P{n}" for n in range(40)]
    asked = [{"Fn::Equals": [{"Ref": name}, "x"]} for name in names]
    sections: dict[str, Any] = {
        "Parameters": {name: parameter(AllowedValues=["a", "b"]) for name in names},
        "Conditions": {"Never": {"Fn::And": [*asked, {"Fn::Equals": ["a", "b"]}]}},
    }
    (found,) = explored("1", condition="Never", **sections)
    assert found.startswith("?more than")


def test_a_parameter_that_is_declared_wrongly_is_not_known() -> None:
    assert list(explored({"Ref": "P"}, Parameters={"P": "text"})) == ["?the value of parameter P is not known"]


def test_odd_conditions_are_no_reason_to_stop() -> None:
    sections: dict[str, Any] = {
        "Parameters": {"Env": parameter()},
        "Conditions": {"IsProd": {"Fn::Equals": "x"}, "C": []},
    }
    assert sorted(explored(FORK, condition="None", **sections)) == ["a", "b"]
    assert list(explored({"Fn::If": []}, **sections)) == ["?Fn::If is malformed"]


def test_nested_values_are_dug_out() -> None:
    unknown = Unresolved(reason="x")
    assert dug({"A": {"B": "1"}}, "A.B") == "1"
    assert dug({"A": unknown}, "A.B") is unknown
    assert dug({"A": "text"}, "A.B") is None


scalars = st.sampled_from(["", "15.3", "a", 1.5, 3, None, True, "{{resolve:ssm:x}}"])
names = st.sampled_from(["P", "Q", "C", "D", "AWS::NoValue", "AWS::Region", "Nope"])
functions = st.sampled_from(
    ["Ref", "Condition", "Fn::If", "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Sub", "Fn::Join", "Fn::FindInMap", "Fn::X"]
)
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(functions | names, inner, max_size=2),
    max_leaves=10,
)


@given(value=values, condition=values, declarations=st.dictionaries(names, values, max_size=3), tested=values)
def test_nothing_that_a_template_may_hold_is_a_reason_to_stop(
    value: JsonValue, condition: JsonValue, declarations: dict[str, JsonValue], tested: JsonValue
) -> None:
    sections: dict[str, Any] = {"Parameters": declarations, "Conditions": {"C": condition, "D": tested}}
    held = template({"It": {**one(TYPE, EngineVersion=value, Engine=value)["It"], "Condition": "C"}}, **sections)
    first = evaluate_template(held, knowledge())
    assert first == evaluate_template(held, knowledge())
