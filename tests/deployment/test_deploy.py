"""Stacks go to a target in the order of their dependencies, and nested ones with their parents."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from stackproof.core.errors import ConfigError, InputError
from stackproof.deployment.deploy import attached, deploy, destroy, in_dependency_order
from tests.live_fakes import FakeTarget, deployment, stack

BODY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
PARENT = {
    "Resources": {
        "Other": {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "Other.nested.template.json"}},
        "Plain": {"Type": "AWS::CloudFormation::Stack"},
        "Nested": {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "App.nested.template.json"}},
    }
}


def test_a_stack_comes_after_what_it_depends_on() -> None:
    app = stack(BODY, name="App", dependencies=("Net", "Data"))
    data = stack(BODY, name="Data", dependencies=("Net", "Elsewhere"))
    net = stack(BODY, name="Net")
    alone = stack(BODY, name="Alone")
    target = FakeTarget()
    assert [deployment.stack_name for deployment in deploy([app, data, net, alone], target)] == [
        "Alone",
        "Net",
        "Data",
        "App",
    ]
    assert target.log == ["deploy Alone", "deploy Net", "deploy Data", "deploy App"]


def test_stacks_are_found_without_being_changed() -> None:
    target = FakeTarget()
    attached([stack(BODY, name="B"), stack(BODY, name="A")], target)
    assert target.log == ["read A", "read B"]


def test_what_others_depend_on_is_deleted_last() -> None:
    target = FakeTarget()
    destroy([stack(BODY, name="Net"), stack(BODY, name="App", dependencies=("Net",))], target)
    assert target.log == ["destroy App", "destroy Net"]


def test_a_circle_is_said() -> None:
    one, two = stack(BODY, name="One", dependencies=("Two",)), stack(BODY, name="Two", dependencies=("One",))
    with pytest.raises(InputError, match="One, Two"):
        in_dependency_order([one, two])


def test_a_nested_stack_is_read_by_its_own_id_behind_its_parent() -> None:
    parent = stack(PARENT, name="App")
    nested = stack(BODY, name="App/Nested", path="cdk.out/App.nested.template.json", parent="App")
    kind = "AWS::CloudFormation::Stack"
    deployed = deployment({"Nested": (kind, "arn:nested"), "Other": (kind, "arn:other")}, stack_name="App")
    target = FakeTarget({"App": deployed, "arn:nested": deployment({}, stack_name="App-Nested")})
    assert [deployment.stack_name for deployment in deploy([nested, parent], target)] == ["App", "App-Nested"]
    assert target.log == ["deploy App", "read arn:nested"]


def test_a_nested_stack_without_a_resource_is_said() -> None:
    nested = stack(BODY, name="App/Gone", path="cdk.out/App.nested.template.json", parent="App")
    with pytest.raises(InputError, match="App/Gone"):
        attached([stack(PARENT, name="App"), nested], FakeTarget())


def test_two_stacks_of_one_name_are_refused_and_not_taken_for_one() -> None:
    twins = [replace(stack(BODY, name="App"), region=region) for region in ("eu-west-1", "us-east-1")]
    places = [f"App (aws://unknown-account/{region})" for region in ("eu-west-1", "us-east-1")]
    for use in (deploy, attached):
        target = FakeTarget()
        with pytest.raises(ConfigError, match=re.escape(f"two stacks are named App: {' and '.join(places)}: ")):
            use(twins, target)
        assert target.log == []


def test_a_stack_of_another_region_is_not_looked_for_here() -> None:
    here = FakeTarget({"App": deployment({}, stack_name="App")})
    attached([replace(stack(BODY, name="App"), region=here.region)], here)
    with pytest.raises(InputError, match="stack App is of region af-south-1, and this is"):
        attached([replace(stack(BODY, name="App"), region="af-south-1")], here)


def test_a_nested_stack_whose_condition_does_not_hold_has_no_deployment() -> None:
    nested = stack(BODY, name="App/Nested", path="App.nested.template.json", parent="App")
    target = FakeTarget({"App": deployment({}, stack_name="App")})
    assert [deployment.stack_name for deployment in deploy([nested, stack(PARENT, name="App")], target)] == ["App"]
