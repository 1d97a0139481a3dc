"""A template less what a target does not know: nothing that is left refers to what is gone, and nothing goes unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json import JsonObject
from stackproof.template.intrinsics import references
from stackproof.template.pruning import PrunedTemplate, imports, prune

NAMES = ("A", "B", "C", "D", "E")


def without(body: JsonObject, *names: str) -> PrunedTemplate:
    return prune(body, lambda name: "not known" if name in names else None)


def body(resources: Mapping[str, Any], **more: Any) -> JsonObject:
    return {"Resources": {name: {"Type": "T", **resource} for name, resource in resources.items()}, **more}


def uses(value: Any) -> dict[str, Any]:
    return {"Properties": {"Value": value}}


def test_a_template_that_is_known_is_the_same_one() -> None:
    whole = body({"A": uses({"Ref": "B"}), "B": {}})
    assert without(whole) == PrunedTemplate(body=whole)
    assert without(whole).body is whole
    assert without({}) == PrunedTemplate(body={})


def test_who_takes_a_value_from_what_is_gone_goes_too_in_any_number_of_steps() -> None:
    found = without(
        body(
            {
                "A": {},
                "B": uses({"Ref": "A"}),
                "C": uses({"Fn::Join": ["", [{"Fn::GetAtt": ["B", "Arn"]}]]}),
                "D": uses({"Fn::Sub": "${C.Arn}/${!A}"}),
                "E": uses({"Fn::Sub": ["${X}-${!A}", {"X": "1"}]}),
            }
        ),
        "A",
    )
    assert found.pruned == {
        "A": "not known",
        "B": "it refers to A",
        "C": "it refers to B",
        "D": "it refers to C",
    }
    assert found.body["Resources"] == {"E": {"Type": "T", **uses({"Fn::Sub": ["${X}-${!A}", {"X": "1"}]})}}


def test_what_takes_a_value_that_cannot_be_made_goes_with_its_output() -> None:
    whole = body(
        {
            "A": uses({"Fn::ImportValue": "Net:Vpc"}),
            "B": uses({"Ref": "A"}),
            "C": uses({"Fn::ImportValue": "Net:Zone"}),
        },
        Outputs={"Again": {"Value": {"Fn::Sub": ["${X}", {"X": {"Fn::ImportValue": "Net:Vpc"}}]}}, "Of": {"Value": 1}},
    )
    found = prune(whole, lambda _: None, lambda value: "it is gone" if "Net:Vpc" in imports(value) else None)
    assert found.pruned == {"A": "it is gone", "B": "it refers to A"}
    assert found.outputs == {"Again": "it is gone"}
    assert found.body["Outputs"] == {"Of": {"Value": 1}}
    assert prune(whole, lambda _: None, lambda value: "gone" if "Of" in imports(value) else None).body is whole


def test_an_order_alone_is_struck_out_and_said() -> None:
    found = without(
        body({"A": {}, "B": {"DependsOn": ["A", "C"]}, "C": {"DependsOn": "A"}, "D": {"DependsOn": "C"}}), "A"
    )
    assert found.pruned == {"A": "not known"}
    assert found.unordered == {"B": ("A",), "C": ("A",)}
    assert found.body["Resources"] == {
        "B": {"Type": "T", "DependsOn": ["C"]},
        "C": {"Type": "T"},
        "D": {"Type": "T", "DependsOn": "C"},
    }


def test_a_policy_beside_the_properties_refers_as_well_and_metadata_does_not() -> None:
    found = without(
        body({"A": {}, "B": {"UpdatePolicy": {"X": {"Ref": "A"}}}, "C": {"Metadata": {"about": {"Ref": "A"}}}}), "A"
    )
    assert set(found.pruned) == {"A", "B"}


def test_outputs_of_what_is_gone_go_and_an_empty_section_with_them() -> None:
    outputs = {"One": {"Value": {"Ref": "A"}}, "Two": {"Value": {"Ref": "B"}}}
    whole = body({"A": {}, "B": {}}, Outputs=outputs)
    assert without(whole, "A").outputs == {"One": "it refers to A"}
    assert without(whole, "A").body["Outputs"] == {"Two": {"Value": {"Ref": "B"}}}
    assert "Outputs" not in without(whole, "A", "B").body


def test_what_is_no_resource_is_passed_on() -> None:
    whole: JsonObject = {"Resources": {"A": {"Type": "T"}, "B": "text", "C": {"Type": "T", "DependsOn": 3}}}
    assert without(whole, "A").body == {"Resources": {"B": "text", "C": {"Type": "T", "DependsOn": 3}}}


@st.composite
def templates(draw: st.DrawFn) -> JsonObject:
    links = st.lists(st.sampled_from(NAMES), max_size=2)
    return body(
        {name: {**uses([{"Ref": name} for name in draw(links)]), "DependsOn": draw(links)} for name in NAMES},
        Outputs={name: {"Value": {"Ref": name}} for name in draw(links)},
    )


@given(templates(), st.sets(st.sampled_from(NAMES)))
def test_nothing_dangles_and_nothing_is_lost(whole: JsonObject, gone: set[str]) -> None:
    found = without(whole, *gone)
    resources, before = found.body["Resources"], whole["Resources"]
    assert isinstance(resources, dict)
    assert isinstance(before, dict)
    assert set(resources) | set(found.pruned) == set(before)
    assert set(resources).isdisjoint(found.pruned)
    assert gone <= set(found.pruned)
    for resource in resources.values():
        assert not references(resource["Properties"]) & set(found.pruned)
        assert not set(resource.get("DependsOn", ())) & set(found.pruned)
    assert not references(found.body.get("Outputs", {})) & set(found.pruned)
    assert without(found.body, *gone) == PrunedTemplate(body=found.body)
