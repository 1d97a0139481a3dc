"""Templates, assemblies and deployments answer by name, and places are the best that are known."""

from __future__ import annotations

import pytest

from stackproof.core.json import JsonValue
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.template.location import SourceLine
from stackproof.template.stack_names import named_one
from stackproof.template.template import Template
from tests.fakes import assembly, resource, template


@pytest.mark.parametrize(("properties", "seen"), [({"A": 1}, {"A": 1}), (None, {}), ([], {})])
def test_properties_are_a_mapping_whatever_stands_there(properties: JsonValue, seen: JsonValue) -> None:
    assert resource(body={"Type": "T", "Properties": properties}).properties == seen


def test_a_resource_without_properties_has_none() -> None:
    assert resource().properties == {}


@pytest.mark.parametrize(
    ("resource_type", "is_custom"),
    [
        ("Custom::Thing", True),
        ("AWS::CloudFormation::CustomResource", True),
        ("AWS::CloudFormation::Stack", False),
        ("AWS::SNS::Topic", False),
    ],
)
def test_custom_resources_are_known_by_their_type(resource_type: str, *, is_custom: bool) -> None:
    assert resource(resource_type=resource_type).is_custom is is_custom


def test_a_property_has_the_line_that_set_it_or_one_above_it() -> None:
    made, changed = SourceLine(file="app.py", line=3), SourceLine(file="app.py", line=9)
    one = resource(source=made, property_sources={"/A/B": changed}, template_file="t.json", template_line=40)
    assert str(one.location("/A/B")) == "app.py:9"
    assert str(one.location("/A/B/0/C")) == "app.py:9"
    assert str(one.location("/A")) == "app.py:3"
    assert str(one.location()) == "app.py:3"
    assert one.location().template_line == 40


def test_without_a_source_the_template_line_of_the_property_is_the_place() -> None:
    one = resource(template_file="t.yaml", template_line=4, property_lines={"/A": 6})
    assert str(one.location("/A/0")) == "t.yaml:6"
    assert str(one.location("/B")) == "t.yaml:4"
    assert one.location("/A").template_line == 6
    assert (one.location().file, one.location().line) == ("t.yaml", 4)


def test_the_source_of_a_resource_wins_over_a_template_line_of_its_property() -> None:
    one = resource(source=SourceLine(file="app.py", line=3), template_file="t.yaml", property_lines={"/A": 6})
    assert str(one.location("/A")) == "app.py:3"
    assert one.location("/A").template_line == 6


def test_a_template_finds_its_resources_by_logical_id() -> None:
    one, other = resource("A"), resource("B")
    held = template("t.json", one, other)
    assert held.resource("B") is other
    assert held.resource("C") is None


@pytest.mark.parametrize(("body", "seen"), [({"Outputs": {"A": 1}}, {"A": 1}), ({"Outputs": []}, {}), ({}, {})])
def test_a_section_is_a_mapping_whatever_stands_there(body: dict[str, JsonValue], seen: JsonValue) -> None:
    held = Template(file="t", path="t", body=body, digest="", resources=())
    assert held.section("Outputs") == seen


@pytest.mark.parametrize(
    ("transform", "names"),
    [
        (None, ()),
        ("AWS::Serverless-2016-10-31", ("AWS::Serverless-2016-10-31",)),
        (["A", "B"], ("A", "B")),
        ({"Name": "AWS::Include", "Parameters": {}}, ("AWS::Include",)),
        (3, ()),
    ],
)
def test_macros_are_named_in_every_form(transform: JsonValue, names: tuple[str, ...]) -> None:
    held = Template(file="t", path="t", body={"Transform": transform}, digest="", resources=())
    assert held.transforms == names


def test_an_assembly_finds_its_stacks_by_name() -> None:
    held = assembly(template("a.json", stack_name="A"), template("b.json", stack_name="B"))
    found = named_one("B", held.stacks)
    assert found is not None
    assert found.template.file == "b.json"
    assert named_one("C", held.stacks) is None


def test_a_deployment_finds_its_resources_by_logical_id() -> None:
    row = DeployedResource(logical_id="A", physical_id="a-1", resource_type="T", status="CREATE_COMPLETE")
    held = Deployment(stack_name="S", stack_id="arn", status="OK", account="1", region="r", resources=(row,))
    assert held.resource("A") is row
    assert held.resource("B") is None
