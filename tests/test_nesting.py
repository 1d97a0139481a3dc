"""Nested stacks whose template is not part of the run are named: nothing in them was judged."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.model.assembly import Stack
from stackproof.model.finding import Level, Notification
from stackproof.model.template import Resource, Template
from stackproof.nesting import file_of_nested, unjudged_nested, url_in_words

URL = "https://s3.amazonaws.com/bucket/nested.json"


def nested(url: Any = URL, *, resource_type: str = "AWS::CloudFormation::Stack", **body: Any) -> Resource:  # noqa: ANN401
    name = "Location" if resource_type == "AWS::Serverless::Application" else "TemplateURL"
    properties = {} if url is None else {name: url}
    return Resource(
        logical_id="Nested",
        resource_type=resource_type,
        body={"Type": resource_type, "Properties": properties, **body},
        template_file="t.yaml",
        template_line=3,
    )


def template(path: str, *resources: Resource, stack_name: str | None = None) -> Template:
    return Template(file=path, path=path, body={}, digest="0" * 64, resources=resources, stack_name=stack_name)


def told(*templates: Template, stacks: tuple[Stack, ...] = ()) -> list[Notification]:
    return list(unjudged_nested(templates, stacks))


# --- which file of an assembly it is

KEY = "0f3e.json"
SUB = "https://s3.${AWS::Region}.${AWS::URLSuffix}/assets-${AWS::AccountId}/" + KEY
JOIN = {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, f"/assets/{KEY}"]]}


@pytest.mark.parametrize(
    "url",
    [
        f"https://s3.eu-west-1.amazonaws.com/assets/{KEY}",
        f"https://assets.s3.amazonaws.com/{KEY}?versionId=1",
        {"Fn::Sub": SUB},
        {"Fn::Sub": [SUB, {"X": "y"}]},
        JOIN,
        {"Fn::Join": ["/", ["https://s3.amazonaws.com/assets", KEY]]},
    ],
)
def test_a_url_tells_the_asset_by_its_object_key(url: object) -> None:
    assert file_of_nested(nested(url), {"other.json": "a", KEY: "asset.0f3e.json"}) == "asset.0f3e.json"


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"https://s3.amazonaws.com/assets/x{KEY}",
        {"Ref": "Url"},
        {"Fn::Sub": "https://${Bucket}/${Key}"},
        {"Fn::Join": "odd"},
        {"Fn::If": ["IsProd", URL, URL]},
        None,
        3,
    ],
)
def test_any_other_url_is_none_of_the_assets(url: object) -> None:
    assert file_of_nested(nested(url), {KEY: "asset.0f3e.json"}) is None


def test_what_cdk_writes_into_the_metadata_comes_first() -> None:
    resource = nested(JOIN, Metadata={"aws:asset:path": "Web.nested.template.json"})
    assert file_of_nested(resource, {KEY: "asset.0f3e.json"}) == "Web.nested.template.json"


def test_a_secret_of_the_url_is_not_shown() -> None:
    assert url_in_words(nested("https://s3.amazonaws.com/b/n.json?X-Amz-Signature=abcdef0123")).endswith(
        "Signature=***"
    )
    assert url_in_words(nested(None)) == "no TemplateURL"
    assert url_in_words(nested({"Fn::Sub": "https://${Bucket}/n.json"})) == "https://${Bucket}/n.json"


# --- what nobody judged


def test_a_stack_names_what_the_assembly_does_not_have() -> None:
    parent = template("cdk.out/S.template.json", nested(), stack_name="S")
    (error,) = told(stacks=(Stack(name="S", template=parent, missing_nested={"Nested": "it is gone", "Other": "x"}),))
    assert (error.level, error.file) == (Level.ERROR, "t.yaml:3")
    assert error.message == (
        "nested stack Nested was not judged: it is gone; make its template an asset of the app, or check it as well: "
        "stackproof check cdk.out NESTED-TEMPLATE"
    )


def test_a_stack_whose_nested_templates_are_all_there_has_nothing_to_say() -> None:
    assert told(stacks=(Stack(name="S", template=template("S.json", nested(), stack_name="S")),)) == []


@pytest.mark.parametrize("url", [URL, {"Ref": "Url"}, None, "./elsewhere.yaml", "nested.json", 3])
def test_a_template_by_itself_names_what_is_not_in_the_run(url: object) -> None:
    (error,) = told(
        template("t.yaml", nested(url)), template("other/nested.json", nested(None, resource_type="A::B::C"))
    )[:1]
    assert error.level is (Level.NOTE if url == URL else Level.ERROR)


def test_a_template_that_another_one_names_by_its_path_was_judged() -> None:
    parent, child = template("a/t.yaml", nested("./parts/n.yaml")), template("a/parts/n.yaml")
    assert told(parent, child) == []
    assert [each.level for each in told(parent, template("b/parts/n.yaml"))] == [Level.ERROR]


def test_a_template_of_the_name_that_a_url_ends_in_is_taken_and_a_note_says_so() -> None:
    parent = template("t.yaml", nested())
    (note,) = told(parent, template("parts/nested.json"))
    assert note.level is Level.NOTE
    assert note.message == "nested stack Nested was judged as parts/nested.json, the template of that name in this run"
    assert [each.level for each in told(parent, template("a/nested.json"), template("b/nested.json"))] == [Level.ERROR]
    itself = template("nested.json", nested())
    assert [each.level for each in told(itself)] == [Level.ERROR]


def test_a_missing_template_of_a_stack_may_be_given_as_well() -> None:
    parent = template("cdk.out/S.template.json", nested(), stack_name="S")
    stack = Stack(name="S", template=parent, missing_nested={"Nested": "it is gone"})
    assert [each.level for each in told(template("nested.json"), stacks=(stack,))] == [Level.NOTE]


@pytest.mark.parametrize(
    "location", ["./app.yaml", {"ApplicationId": "arn:aws:serverlessrepo:::x", "SemanticVersion": "1"}]
)
def test_a_serverless_application_is_a_nested_stack(location: object) -> None:
    resource = nested(location, resource_type="AWS::Serverless::Application")
    assert [each.level for each in told(template("t.yaml", resource))] == [Level.ERROR]
