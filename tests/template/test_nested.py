"""Nested stacks whose template is not part of the run are named: nothing in them was evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.core.notification import Level
from stackproof.template.assembly import Stack
from stackproof.template.nested import file_of_nested, unevaluated_nested, why_no_file
from stackproof.template.template import Resource, Template

URL = "https://s3.amazonaws.com/bucket/nested.json"
BUCKET = "assets-${AWS::AccountId}-${AWS::Region}"
KEY = "0f3e.json"
PUBLISHED = {
    ("assets-${AWS::AccountId}-${AWS::Region}", KEY): "asset.0f3e.json",
    ("assets-${AWS::AccountId}-${AWS::Region}", f"v2/{KEY}"): "asset.v2.json",
    ("other", KEY): "asset.other.json",
}
SUB = "https://s3.${AWS::Region}.${AWS::URLSuffix}/" + BUCKET + "/" + KEY
JOIN = [
    "",
    ["https://s3.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/assets-", {"Ref": "AWS::AccountId"}, "-"],
]
JOINED = {"Fn::Join": ["", [*JOIN[1], {"Ref": "AWS::Region"}, f"/{KEY}"]]}


def nested(url: Any = URL, *, resource_type: str = "AWS::CloudFormation::Stack", **body: Any) -> Resource:
    name = "Location" if resource_type == "AWS::Serverless::Application" else "TemplateURL"
    properties = {} if url is None else {name: url}
    return Resource(
        logical_id="Nested",
        resource_type=resource_type,
        body={"Type": resource_type, "Properties": properties, **body},
        template_file="t.yaml",
        template_line=3,
    )


def template(path: str, *resources: Resource, stack_name: str | None = None, **sections: Any) -> Template:
    return Template(file=path, path=path, body=sections, digest="0" * 64, resources=resources, stack_name=stack_name)


def parent(account: str | None = None, region: str | None = None, **sections: Any) -> Stack:
    held = template("cdk.out/S.template.json", stack_name="S", **sections)
    return Stack(name="S", template=held, account=account, region=region)


def told(*templates: Template, stacks: tuple[Stack, ...] = ()) -> list[str]:
    found = list(unevaluated_nested(templates, stacks))
    assert all((notification.level, notification.file) == (Level.ERROR, "t.yaml:3") for notification in found)
    return [notification.message.removeprefix("nested stack Nested was not evaluated: ") for notification in found]


# --- which file of an assembly it is


@pytest.mark.parametrize(
    "url",
    [
        SUB,
        {"Fn::Sub": SUB},
        {"Fn::Sub": [SUB.replace(KEY, "${Key}"), {"Key": KEY}]},
        JOINED,
        {"Fn::Join": ["/", [f"https://s3.amazonaws.com/{BUCKET}", KEY]]},
        {"Fn::Sub": f"https://{BUCKET}.s3.${{AWS::Region}}.amazonaws.com/{KEY}?versionId=1"},
        {"Fn::Sub": f"s3://{BUCKET}/{KEY}"},
        {"Ref": "Url"},
        {"Fn::If": ["IsProd", "https://s3.amazonaws.com/x/y", {"Fn::Sub": SUB}]},
    ],
)
def test_a_url_names_the_asset_of_its_bucket_and_key(url: object) -> None:
    sections: dict[str, Any] = {
        "Parameters": {"Url": {"Type": "String", "Default": SUB}, "Stage": {"Type": "String", "Default": "dev"}},
        "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    }
    assert file_of_nested(nested(url), parent(**sections), PUBLISHED) == "asset.0f3e.json"


def test_a_destination_of_one_environment_is_known_there() -> None:
    named = {("assets-111111111111-eu-west-1", KEY): "asset.0f3e.json"}
    stack = parent("111111111111", "eu-west-1")
    assert file_of_nested(nested({"Fn::Sub": SUB}), stack, named) == "asset.0f3e.json"
    assert file_of_nested(nested({"Fn::Sub": SUB}), parent("111111111111", "us-east-1"), named) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (URL, f"{URL} is not part of the app"),
        (f"https://s3.amazonaws.com/someone/{KEY}", f"https://s3.amazonaws.com/someone/{KEY} is not part of the app"),
        (f"https://example.com/other/{KEY}", f"https://example.com/other/{KEY} is not part of the app"),
        (f"https://s3.amazonaws.com/other/x/{KEY}", f"https://s3.amazonaws.com/other/x/{KEY} is not part of the app"),
        (f"https://[/{KEY}", f"https://[/{KEY} is not part of the app"),
        ({"Ref": "Url"}, "its TemplateURL depends on values that only a deployment knows"),
        ({"Fn::Sub": "https://${Bucket}/${Key}"}, "its TemplateURL depends on values that only a deployment knows"),
        ({"Fn::Join": "odd"}, "its TemplateURL depends on values that only a deployment knows"),
        (3, "its TemplateURL depends on values that only a deployment knows"),
        (None, "it has no TemplateURL"),
    ],
)
def test_any_other_url_is_none_of_the_assets_and_the_reason_is_told(url: object, why: str) -> None:
    assert file_of_nested(nested(url), parent(), PUBLISHED) is None
    assert why_no_file(nested(url), parent().template) == why


def test_the_whole_key_decides_and_not_how_it_ends() -> None:
    url = {"Fn::Sub": SUB.replace(KEY, f"v2/{KEY}")}
    assert file_of_nested(nested(url), parent(), PUBLISHED) == "asset.v2.json"


def test_what_cdk_writes_into_the_metadata_comes_first() -> None:
    resource = nested(JOINED, Metadata={"aws:asset:path": "Web.nested.template.json"})
    assert file_of_nested(resource, parent(), PUBLISHED) == "Web.nested.template.json"


def test_a_secret_of_the_url_is_not_shown() -> None:
    signed = nested("https://s3.amazonaws.com/b/n.json?X-Amz-Signature=abcdef0123")
    assert "Signature=*** is not part" in why_no_file(signed, parent().template)


# --- what was not evaluated


def test_a_stack_names_what_the_assembly_does_not_have() -> None:
    held = template("cdk.out/S.template.json", nested(), stack_name="S")
    missing = {"Nested": "it is gone", "Unknown": "no resource has this name"}
    assert told(stacks=(Stack(name="S", template=held, missing_nested=missing),)) == ["it is gone"]


def test_a_stack_whose_nested_templates_are_all_there_has_nothing_to_say() -> None:
    assert told(stacks=(Stack(name="S", template=template("S.json", nested(), stack_name="S")),)) == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (URL, f"{URL} is not part of this run"),
        ({"Ref": "Url"}, "its TemplateURL depends on values that only a deployment knows"),
        (None, "it has no TemplateURL"),
        ("./b/n.yaml", "a/b/n.yaml is not part of this run (check both: stackproof check a/t.yaml a/b/n.yaml)"),
    ],
)
def test_a_template_by_itself_names_what_is_not_in_the_run(url: object, why: str) -> None:
    assert told(template("a/t.yaml", nested(url))) == [why]


def test_a_template_that_another_one_names_by_its_path_is_part_of_the_run() -> None:
    outer, inner = template("a/t.yaml", nested("./parts/n.yaml")), template("a/parts/n.yaml")
    assert told(outer, inner) == []
    assert len(told(outer, template("b/parts/n.yaml"))) == 1
    assert len(told(template("n.yaml", nested("n.yaml")))) == 1


def test_a_template_of_the_same_file_name_is_no_answer_to_a_url() -> None:
    """`template.yaml` is what most of them are called."""
    assert len(told(template("t.yaml", nested()), template("parts/nested.json"))) == 1
    held = template("cdk.out/S.template.json", nested(), stack_name="S")
    stack = Stack(name="S", template=held, missing_nested={"Nested": "it is gone"})
    assert told(template("nested.json"), stacks=(stack,)) == ["it is gone"]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("./app.yaml", "app.yaml is not part of this run (check both: stackproof check t.yaml app.yaml)"),
        (
            {"ApplicationId": "arn:x", "SemanticVersion": "1"},
            "its template is in the Serverless Application Repository",
        ),
    ],
)
def test_a_serverless_application_is_a_nested_stack(location: object, why: str) -> None:
    resource = nested(location, resource_type="AWS::Serverless::Application")
    assert told(template("t.yaml", resource)) == [why]
