"""An engine's own words become findings at pointers and lines, with denominators that are never below the findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stackproof.core.json import JsonObject, JsonValue
from stackproof.core.notification import Level
from stackproof.policy.engines.answers import answer_of, pointer_of, split_dotted
from stackproof.policy.finding import Kind
from tests.fakes import resource, template

TOPIC = resource(template_file="t.json", template_line=2, property_lines={"/A": 5}, generated=True)


def row(*path: str | int, rule_id: str = "E1", message: str = "two\nlines") -> JsonObject:
    return {"rule_id": rule_id, "level": "warning", "message": message, "path": list(path)}


def test_a_finding_is_at_the_property_and_its_line() -> None:
    answer = answer_of("x", template("t.json", TOPIC), {"findings": [row("Resources", "Topic", "Properties", "A", 0)]})
    (finding,) = answer.findings
    assert (finding.location.property_path, finding.location.line, finding.generated) == ("/A/0", 5, True)
    assert (finding.message, finding.level, finding.origins[0].engine) == ("two lines", Level.WARNING, "x")


@pytest.mark.parametrize(
    ("path", "logical_id"),
    [
        (("Parameters", "P", "Type"), "P"),
        (("Resources", "Gone", "Properties"), "Gone"),
        (("Resources",), None),
        ((), None),
    ],
)
def test_a_finding_elsewhere_is_at_the_file(path: tuple[str, ...], logical_id: str | None) -> None:
    (finding,) = answer_of("x", template("t.json", TOPIC), {"findings": [row(*path)]}).findings
    assert (finding.location.logical_id, finding.location.resource_type) == (logical_id, None)
    assert (finding.location.file, finding.location.line, finding.generated) == ("t.json", None, False)


def test_the_same_words_about_the_same_place_are_one_finding() -> None:
    said: JsonObject = {
        "findings": [row("Resources", "Topic"), row("Resources", "Topic")],
        "counts": {"E1": 0, "E2": 4},
    }
    answer = answer_of("x", template("t.json", TOPIC), said)
    assert len(answer.findings) == 1
    assert [(count.rule_id, count.looked_at, count.failed) for count in answer.counts] == [("E1", 1, 1), ("E2", 4, 0)]


def test_notifications_name_engine_and_file() -> None:
    said: JsonObject = {"notifications": [{"level": "error", "message": "did not\nlook"}]}
    (note,) = answer_of("x", template("t.json", TOPIC), said).notifications
    assert (note.level, note.message, note.engine, note.file) == (Level.ERROR, "did not look", "x", "t.json")


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, Kind.FAIL),
        ({"Transform": "AWS::LanguageExtensions"}, Kind.FAIL),
        ({"Transform": ["AWS::LanguageExtensions", "Mine"]}, Kind.OPEN),
        ({"Outputs": {"O": {"Value": [{"Fn::Transform": {"Name": "Mine"}}]}}}, Kind.OPEN),
    ],
)
def test_what_a_macro_may_rewrite_is_open(more: dict[str, JsonValue], kind: Kind) -> None:
    plain = template("t.json", TOPIC)
    changed = replace(plain, body={**plain.body, **more})
    said: JsonObject = {
        "findings": [row("Resources", "Topic", rule_id=rule_id) for rule_id in ("E3002", "F3012", "W1")]
    }
    answer = answer_of("x", changed, said)
    assert {finding.rule_id: finding.kind for finding in answer.findings} == {
        "E3002": kind,
        "F3012": kind,
        "W1": Kind.FAIL,
    }
    assert {count.rule_id: count.open for count in answer.counts}["E3002"] == (kind is Kind.OPEN)


def test_a_macro_in_one_resource_leaves_nothing_open_in_another() -> None:
    plain = template("t.json", TOPIC)
    included: JsonObject = {"Type": "AWS::SNS::Topic", "Properties": {"Fn::Transform": {"Name": "AWS::Include"}}}
    changed = replace(plain, body={**plain.body, "Resources": {**plain.section("Resources"), "Other": included}})
    said: JsonObject = {"findings": [row("Resources", name, rule_id="E3002") for name in ("Topic", "Other")]}
    kinds = {finding.location.logical_id: finding.kind for finding in answer_of("x", changed, said).findings}
    assert kinds == {"Topic": Kind.FAIL, "Other": Kind.OPEN}
    everywhere = replace(plain, body={**plain.body, "Resources": {"Fn::Transform": {"Name": "M"}, "Topic": {}}})
    assert answer_of("x", everywhere, said).findings[0].kind is Kind.OPEN


def test_pointers_stop_at_intrinsic_functions_and_escape() -> None:
    assert pointer_of(["A", 0, "a/b~c", "Fn::If", 1, "B"]) == "/A/0/a~1b~0c"
    assert pointer_of(["Ref"]) is None
    assert pointer_of([]) is None


def test_dotted_paths_are_split_along_the_value() -> None:
    value = {"P": {"S": [{"C": {"a.b": {"c": 1}}}]}}
    assert split_dotted(value, "P.S.0.C.a.b.c") == ["P", "S", 0, "C", "a.b", "c"]
    assert split_dotted(value, "P.S.9.X") == ["P", "S", "9", "X"]
    assert split_dotted(value, "Q.r") == ["Q", "r"]
    assert split_dotted(value, "") == []
