"""CDK's methods do what they do there, and refuse what would pass for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from stackproof.assertions import (
    Capture,
    Match,
    StackAssertionError,
    TemplateAssertions,
    UnknownNameError,
    VacuousAssertionError,
)
from tests.assertions.sample import EMPTY, FUNCTION, SAMPLE, SCHEMAS, template

RDS = "AWS::RDS::DBInstance"
LAMBDA = "AWS::Lambda::Function"
LIKE = Match.object_like


@pytest.fixture
def checked() -> TemplateAssertions:
    return TemplateAssertions(SAMPLE, SCHEMAS)


def _loop(found: Any) -> None:
    for member in found.values():
        assert member["Properties"]["Encrypted"] is True


SILENT: dict[str, Callable[[Any, Any], None]] = {
    "count of a misspelt type": lambda t, _m: t.resource_count_is("AWS::EC2::Instanze", 0),
    "a loop over nothing": lambda t, _m: _loop(t.find_resources("AWS::EC2::Volume")),
    "absent on a misspelt property": lambda t, m: t.has_resource_properties(RDS, {"PublicAccessible": m.absent()}),
    "a pattern of nothing": lambda t, _m: t.has_resource_properties(RDS, {}),
    "a pattern like nothing": lambda t, m: t.all_resources(RDS, m.object_like({})),
    "not of a misspelt property": lambda t, m: t.has_resource_properties(
        RDS, m.not_(m.object_like({"StorageEncryptd": False}))
    ),
    "count of a misspelt property": lambda t, _m: t.resource_properties_count_is(RDS, {"StorageEncryptd": False}, 0),
    "absent in a misspelt object": lambda t, m: t.has_resource_properties(LAMBDA, {"Code": {"ImageUrl": m.absent()}}),
    "any template": lambda t, _m: t.template_matches({}),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_passes_silently_in_cdk_fails_here(name: str, checked: TemplateAssertions, cdk: Any) -> None:
    """The same call on the same template: CDK's class lets it pass, ours does not."""
    SILENT[name](cdk.Template.from_string(json.dumps(SAMPLE.body)), cdk.Match)
    with pytest.raises((UnknownNameError, VacuousAssertionError)):
        SILENT[name](checked, Match)


HOLDING: list[Callable[[TemplateAssertions], object]] = [
    lambda t: t.has_resource(RDS, {"DeletionPolicy": "Snapshot", "Properties": {"Engine": "postgres"}}),
    lambda t: t.has_resource(RDS, Match.object_like({"DependsOn": Match.absent()})),
    lambda t: t.has_resource_properties(RDS, {"Tags": [{"Key": "Owner"}], "PubliclyAccessible": Match.absent()}),
    lambda t: t.has_resource_properties(RDS, LIKE({"EnableCloudwatchLogsExports": Match.array_with(["upgrade"])})),
    lambda t: t.has_resource_properties(RDS, {"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}),
    lambda t: t.all_resources(LAMBDA, {"Properties": {"Runtime": Match.string_like_regexp("^python")}}),
    lambda t: t.all_resources_properties(LAMBDA, {"Runtime": "python3.13"}),
    lambda t: t.resource_count_is(LAMBDA, 2),
    lambda t: t.resource_count_is("AWS::EC2::Instance", 0),
    lambda t: t.resource_properties_count_is(LAMBDA, {"Runtime": "python3.13"}, 2),
    lambda t: t.resource_properties_count_is(LAMBDA, {"Runtime": "python3.9"}, 0),
    lambda t: t.has_output("KeyArn", {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}),
    lambda t: t.has_output("*", {"Value": {"Ref": "AWS::Region"}}),
    lambda t: t.has_parameter("Stage", {"Type": "String"}),
    lambda t: t.has_mapping("Sizes", {"dev": {"Class": Match.any_value()}}),
    lambda t: t.has_condition("IsProd", {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}),
    lambda t: t.template_matches({"Resources": {"Key": {"Type": "AWS::KMS::Key"}}}),
    lambda t: t.template_matches(LIKE({"Outputs": LIKE({"KeyArn": LIKE({"Value": Match.any_value()})})})),
    lambda t: t.template_matches({"Resources": {"Gone": Match.absent()}}),
    lambda t: t.template_matches(Match.not_({"Resources": {}})),
]


@pytest.mark.parametrize("number", range(len(HOLDING)))
def test_what_holds_passes_and_counts_as_a_look(number: int, checked: TemplateAssertions) -> None:
    assert checked.looked_at == 0
    HOLDING[number](checked)
    assert checked.looked_at > 0


FAILING: list[tuple[Callable[[TemplateAssertions], object], type[StackAssertionError], str]] = [
    (lambda t: t.has_resource(RDS, {"DeletionPolicy": "Retain"}), StackAssertionError,
     'matches\nfound:\n  Database (app.py:1)\n    /DeletionPolicy: expected "Retain", found "Snapshot"'),
    (lambda t: t.has_resource(RDS, {"Properties": {"Engine": "mysql"}}), StackAssertionError,
     '    /Properties/Engine: expected "mysql", found "postgres"   app.py:100'),
    (lambda t: t.has_resource_properties(RDS, {"Engine": "mysql", "StorageEncrypted": False}), StackAssertionError,
     'expected "mysql", found "postgres"   app.py:100\n    /StorageEncrypted: expected false, found true'),
    (lambda t: t.has_resource_properties("AWS::EC2::Instance", {"ImageId": "ami-1"}), VacuousAssertionError,
     "this checked nothing: the template has no AWS::EC2::Instance (if that is the point: resource_count_is"),
    (lambda t: t.all_resources("AWS::EC2::Instance", {"DependsOn": "X"}), VacuousAssertionError, "checked nothing"),
    (lambda t: t.all_resources_properties("AWS::EC2::Instance", {"ImageId": "ami-1"}), VacuousAssertionError,
     "checked nothing"),
    (lambda t: t.resource_properties_count_is("AWS::EC2::Instance", {"ImageId": "ami-1"}, 0), VacuousAssertionError,
     "checked nothing"),
    (lambda t: t.all_resources_properties(LAMBDA, {"Runtime": "python3.9"}), StackAssertionError,
     "2 of 2 AWS::Lambda::Function do not match\nthese do not:\n  Function (app.py:2)"),
    (lambda t: t.resource_count_is(LAMBDA, 1), StackAssertionError,
     "expected 1 of AWS::Lambda::Function, found 2 = 1 authored: Function (app.py:2) + 1 generated by CDK (Handler); "),
    (lambda t: t.resource_count_is(LAMBDA, 1), StackAssertionError,
     'for exact counts: len(stack.resources("AWS::Lambda::Function", authored=True)); checked 4 resources'),
    (lambda t: t.resource_count_is(RDS, 2), StackAssertionError, "found 1: Database (app.py:1); checked 4 resources"),
    (lambda t: t.resource_count_is("AWS::EC2::Instance", 1), StackAssertionError, "found 0; checked 4 resources"),
    (lambda t: t.resource_count_is("AWS::RDS::DBInstanze", 0), UnknownNameError,
     "there is no resource type AWS::RDS::DBInstanze; did you mean AWS::RDS::DBInstance?"),
    (lambda t: t.resource_count_is("Custom::Thing", 0), UnknownNameError,
     "the template has no resource of the custom type Custom::Thing"),
    (lambda t: t.resource_count_is("Acme::Rocket::Sledge", 0), UnknownNameError, "no resource type Acme::Rocket"),
    (lambda t: t.resource_properties_count_is(LAMBDA, {"Runtime": "python3.13"}, 1), StackAssertionError,
     "expected 1 of AWS::Lambda::Function to match, found 2 among 2\nthese match:\n  Function (app.py:2)"),
    (lambda t: t.resource_properties_count_is(LAMBDA, {"Runtime": "ruby"}, 1), StackAssertionError,
     "found 0 among 2\nthese do not:\n  Function (app.py:2)\n    /Runtime"),
    (lambda t: t.has_resource_properties(RDS, {"StorageEncryptd": True}), UnknownNameError,
     "AWS::RDS::DBInstance has no property /StorageEncryptd; did you mean /StorageEncrypted?"),
    (lambda t: t.has_resource_properties(RDS, {"Tags": Match.array_with([LIKE({"Kay": "x"})])}), UnknownNameError,
     "no property /Tags/*/Kay; did you mean /Tags/*/Key?"),
    (lambda t: t.has_resource_properties(RDS, {"Zyx": 1}), UnknownNameError, "has no property /Zyx"),
    (lambda t: t.has_resource(RDS, {"Propertys": {"Engine": 1}}), UnknownNameError,
     "a resource has no Propertys; did you mean Properties?"),
    (lambda t: t.has_resource(RDS, {"Properties": {"Engin": 1}}), UnknownNameError, "did you mean /Engine?"),
    (lambda t: t.has_resource_properties(RDS, {"DbiResourceId": Match.absent()}), UnknownNameError,
     "AWS::RDS::DBInstance has /DbiResourceId for reading only: no template sets it"),
    (lambda t: t.has_resource_properties(RDS, Match.any_value()), VacuousAssertionError, "this asserts nothing"),
    (lambda t: t.has_resource_properties(RDS, Match.absent()), StackAssertionError, "expected nothing, found"),
    (lambda t: t.find_resources("AWS::EC2::Instance"), VacuousAssertionError,
     "found no AWS::EC2::Instance, so what follows would check nothing; allow_none=True"),
    (lambda t: t.find_resources(RDS, {"DeletionPolicy": "Retain"}), VacuousAssertionError,
     "found no AWS::RDS::DBInstance that matches, so"),
    (lambda t: t.get_resource_id(LAMBDA), StackAssertionError,
     "expected exactly one AWS::Lambda::Function that matches, found 2\nthese match:\n  Function (app.py:2)"),
    (lambda t: t.get_resource_id(RDS, {"DeletionPolicy": "Retain"}), StackAssertionError,
     "found 0\nfound:\n  Database"),
    (lambda t: t.has_output("KeyAm", {"Value": 1}), UnknownNameError,
     "the template has no KeyAm in Outputs; did you mean KeyArn?"),
    (lambda t: t.has_output("KeyArn", {"Valu": 1}), UnknownNameError, "an entry of Outputs has no Valu; did you mean"),
    (lambda t: t.has_output("*", {"Value": "x"}), StackAssertionError,
     "none of 2 in Outputs matches\nfound:\n  KeyArn (T.template.json)\n    /Value: expected"),
    (lambda t: t.find_outputs("*", {"Value": "x"}), VacuousAssertionError, "found nothing in Outputs that matches"),
    (lambda t: t.has_parameter("Stage", {"Default": "prod"}), StackAssertionError, "none of 1 in Parameters matches"),
    (lambda t: t.find_parameters("Stag"), UnknownNameError, "did you mean Stage?"),
    (lambda t: t.has_mapping("Sizes", {"prod": Match.any_value()}), StackAssertionError, "none of 1 in Mappings"),
    (lambda t: t.has_condition("IsProd", {"Fn::Not": []}), StackAssertionError, "none of 1 in Conditions"),
    (lambda t: t.template_matches({"Resources": {"Key": {"Type": LAMBDA}}}), StackAssertionError,
     "the template does not match:\n  the template (T.template.json)\n    /Resources/Key/Type: expected"),
    (lambda t: t.template_matches({"Resourses": {}}), UnknownNameError, "a template has no Resourses; did you mean"),
    (lambda t: t.template_matches({"Resources": {"Key": {"Type": "AWS::KMS::Kee"}}}), UnknownNameError, "KMS::Kee"),
    (lambda t: t.template_matches({"Resources": {"Key": {"Properties": {"KeyPolicyy": Match.absent()}}}}),
     UnknownNameError, "did you mean /KeyPolicy?"),
    (lambda t: t.template_matches({"Outputs": {"KeyArn": {"Exports": 1}}}), UnknownNameError, "did you mean Export?"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FAILING)))
def test_what_does_not_hold_fails_with_a_message_that_helps(number: int, checked: TemplateAssertions) -> None:
    call, error, message = FAILING[number]
    with pytest.raises(error) as raised:
        call(checked)
    assert type(raised.value) is error
    assert message in str(raised.value)
    assert isinstance(raised.value, AssertionError)


def test_found_resources_and_entries_are_given_as_they_are(checked: TemplateAssertions) -> None:
    assert checked.find_resources(LAMBDA) == {"Function": FUNCTION, "Handler": FUNCTION}
    assert checked.find_resources(RDS, {"DeletionPolicy": "Retain"}, allow_none=True) == {}
    assert checked.find_outputs("Region") == {"Region": {"Value": {"Ref": "AWS::Region"}}}
    assert checked.find_outputs("*", {"Value": "x"}, allow_none=True) == {}
    assert checked.find_parameters("*") == {"Stage": {"Type": "String", "Default": "dev"}}
    assert list(checked.find_mappings("*")) == ["Sizes"]
    assert list(checked.find_conditions("IsProd")) == ["IsProd"]
    assert checked.get_resource_id(RDS) == "Database"
    assert checked.get_resource_id(RDS, {"Properties": {"Engine": "postgres"}}) == "Database"
    before = checked.looked_at
    assert checked.to_json() == SAMPLE.body
    assert checked.looked_at == before + 4


def test_captures_come_from_what_matched_as_a_whole(checked: TemplateAssertions) -> None:
    capture = Capture()
    checked.has_resource_properties(RDS, {"Engine": capture})
    assert capture.as_string() == "postgres"
    whole = Capture()
    checked.template_matches({"Resources": {"Key": {"Type": whole}}})
    assert whole.as_string() == "AWS::KMS::Key"
    missed = Capture()
    with pytest.raises(StackAssertionError):
        checked.has_resource_properties(RDS, {"Engine": missed, "StorageEncrypted": False})
    with pytest.raises(StackAssertionError, match="nothing was captured"):
        missed.as_string()


def test_an_empty_template_is_no_proof_of_anything() -> None:
    checked = TemplateAssertions(EMPTY, SCHEMAS)
    with pytest.raises(VacuousAssertionError, match="the template has no resources"):
        checked.resource_count_is(LAMBDA, 0)
    with pytest.raises(VacuousAssertionError, match="the template has no Outputs"):
        checked.has_output("*", {"Value": "x"})
    with pytest.raises(VacuousAssertionError, match="found nothing in Outputs, so"):
        checked.find_outputs("*")
    with pytest.raises(StackAssertionError, match=r"found 0$"):
        checked.get_resource_id(LAMBDA)
    assert checked.looked_at == 0


def test_a_resource_without_properties_has_none() -> None:
    checked = TemplateAssertions(template({"Topic": {"Type": "AWS::SNS::Topic"}}), SCHEMAS)
    checked.has_resource_properties("AWS::SNS::Topic", Match.absent())
    checked.has_resource_properties("AWS::SNS::Topic", {"DisplayName": Match.absent()})


def test_types_and_properties_that_only_the_template_knows_can_be_asserted() -> None:
    resources = {
        "Thing": {"Type": "Custom::Thing", "Properties": {"Anything": 1}},
        "Rocket": {"Type": "Acme::Rocket::Sled", "Properties": {"Thrust": 1}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Brand": [{"New/er": "x"}, "y"]}},
    }
    checked = TemplateAssertions(template(resources), SCHEMAS)
    checked.has_resource_properties("Custom::Thing", {"Anything": 1})
    checked.resource_count_is("Acme::Rocket::Sled", 1)
    checked.has_resource_properties("AWS::SQS::Queue", {"Brand": Match.array_with([{"New/er": "x"}])})
    with pytest.raises(UnknownNameError, match="no property /Brand/\\*/Old"):
        checked.has_resource_properties("AWS::SQS::Queue", {"Brand": [{"Old": "x"}, "y"]})
    with pytest.raises(UnknownNameError, match="no property /Brand/A"):
        checked.has_resource_properties("AWS::SQS::Queue", {"Brand": {"A": "x"}})
    with pytest.raises(UnknownNameError, match="did you mean Custom::Thing"):
        checked.resource_count_is("Custom::Thingg", 0)


def test_the_closest_three_of_many_are_shown() -> None:
    names = ("abc", "ab", "a", "abcd")
    topics = {
        name: {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name, "FifoTopic": name == "ab"}}
        for name in names
    }
    checked = TemplateAssertions(template(topics), SCHEMAS)
    with pytest.raises(StackAssertionError) as raised:
        checked.has_resource_properties("AWS::SNS::Topic", {"TopicName": "x", "FifoTopic": True})
    text = str(raised.value)
    assert "closest:\n  ab (app.py:2)" in text
    assert "abcd" not in text


def test_a_log_group_that_is_made_at_run_time_is_explained() -> None:
    """The deprecated `log_retention` puts a custom resource into the template, and no log group."""
    resources = {"Retention": {"Type": "Custom::LogRetention", "Properties": {"RetentionInDays": 30}}}
    checked = TemplateAssertions(template(resources), SCHEMAS)
    with pytest.raises(VacuousAssertionError, match=r"app\.py:1: Retention \(Custom::LogRetention\): the deprecated"):
        checked.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
