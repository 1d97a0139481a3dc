"""What a resource schema says of a property, by its path."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.schema import ResourceSchema

DOCUMENT: dict[str, Any] = {
    "properties": {
        "Name": {"type": "string"},
        "Tags": {"type": "array", "items": {"$ref": "#/definitions/Tag"}},
        "Free": {"type": "object"},
        "Anything": {},
        "Text": {"type": ["object", "string"]},
        "Choice": {
            "oneOf": [
                {"type": "object", "properties": {"A": {"type": "object", "properties": {"X": {}}}}},
                {"anyOf": [{"properties": {"A": {"properties": {"Y": {}}}, "B": {}}}, "damaged"]},
            ]
        },
        "Limited": {"type": "string", "anyOf": [{"pattern": "a"}, {"pattern": "b"}]},
        "Shut": {"type": "object", "additionalProperties": False},
        "Map": {
            "patternProperties": {
                "^n": {"type": "object", "properties": {"N": {}}, "additionalProperties": False},
                "(?<x>broken": {"type": "object", "properties": {"P": {}}},
                "^odd$": True,
            },
            "additionalProperties": False,
        },
        "OddMap": {"patternProperties": {"^odd$": True}},
        "More": {"additionalProperties": {"type": "object", "properties": {"M": {}}}},
        "Loop": {"$ref": "#/definitions/Loop"},
        "Lost": {"$ref": "#/definitions/Nowhere"},
        "Self": {"$ref": "#/definitions/Self"},
    },
    "definitions": {
        "Tag": {"type": "object", "properties": {"Key": {}, "Value": {}}, "additionalProperties": False},
        "Loop": {"$ref": "#/definitions/Loop"},
        "Self": {"properties": {"Below": {"$ref": "#/definitions/Self"}}, "anyOf": [{"$ref": "#/definitions/Self"}]},
    },
    "readOnlyProperties": ["/properties/Arn", "/properties/Choice/properties/B"],
    "writeOnlyProperties": ["/properties/Password", "/properties/Tags/*/Value"],
    "additionalProperties": False,
}
SCHEMA = ResourceSchema(resource_type="A::B::C", document=DOCUMENT)


@pytest.mark.parametrize(
    "path",
    [
        "", "/Name", "/Tags", "/Tags/*", "/Tags/0/Key", "/Free/any/thing", "/Anything/x", "/Text/x", "/Choice/A/X",
        "/Choice/A/Y", "/Choice/B", "/Map/n1/N", "/Map/else/N", "/Map/odd/x", "/OddMap/odd/x", "/More/a~1b/M",
        "/Self/Below/Below", "/Lost/x",
    ],
)  # fmt: skip
def test_known_paths(path: str) -> None:
    assert SCHEMA.at(path) is not None


@pytest.mark.parametrize(
    "path",
    ["/Nome", "/Name/x", "/Tags/Key", "/Tags/0/Kay", "/Choice/C", "/Choice/A/Z", "/Limited/x", "/Shut/x", "/Map/n1/M",
     "/More/a/N", "/Self/Above"],
)  # fmt: skip
def test_unknown_paths(path: str) -> None:
    assert SCHEMA.at(path) is None


def test_references_are_followed_to_what_they_name() -> None:
    assert SCHEMA.at("/Tags/0") == DOCUMENT["definitions"]["Tag"]
    assert SCHEMA.at("/Lost") == {}
    assert SCHEMA.at("/Loop") == {"$ref": "#/definitions/Loop"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/Nmae", "Name"), ("/name", "Name"), ("/Tags/0/Kay", "Key"), ("/Choice/A/XX", "X"), ("/Qqqqqq", None),
        ("/Nowhere/x", None),
    ],
)  # fmt: skip
def test_the_nearest_name(path: str, name: str | None) -> None:
    assert SCHEMA.nearest(path) == name


def test_pointers_lose_what_is_only_schema() -> None:
    assert SCHEMA.pointers("readOnlyProperties") == {"/Arn", "/Choice/B"}
    assert SCHEMA.pointers("createOnlyProperties") == frozenset()


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/Password", True), ("/Password/x", True), ("/Tags/0/Value", True), ("/Tags/0/Key", False), ("/Tags", False)],
)
def test_write_only_covers_what_is_below(path: str, *, expected: bool) -> None:
    assert SCHEMA.is_write_only(path) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"tagging": {"taggable": True, "tagProperty": "/properties/Labels"}}, "/Labels"),
        ({"tagging": {"taggable": True}}, "/Tags"),
        ({"tagging": {"taggable": False}, "properties": {"Tags": {}}}, None),
        ({"properties": {"Tags": {}}}, "/Tags"),
        ({"properties": {}}, None),
        ({}, None),
    ],
)
def test_where_tags_go(document: dict[str, Any], expected: str | None) -> None:
    assert ResourceSchema(resource_type="A::B::C", document=document).tag_property == expected


def test_real_schemas_are_closed_where_aws_closes_them() -> None:
    schema = CfnLintSchemas().schema("AWS::EC2::SecurityGroup")
    assert schema is not None
    assert schema.at("/SecurityGroupIngress/0/FromPort") is not None
    assert schema.at("/SecurityGroupIngress/0/FromPrt") is None
    assert schema.nearest("/SecurityGroupIngress/0/FromPrt") == "FromPort"
