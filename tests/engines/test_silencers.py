"""A template cannot silence an engine: what it says to that end is taken out and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stackproof.engines.silencers import without_silencers
from stackproof.model.finding import Level
from tests.fakes import resource, template


def test_metadata_for_engines_is_gone_and_the_rest_stays() -> None:
    topic = resource(body={"Type": "AWS::SNS::Topic", "Metadata": {"checkov": {"skip": []}, "aws:cdk:path": "S/T"}})
    held = template("t.json", topic)
    held = replace(held, body={**held.body, "Metadata": {"cfn-lint": {"config": {}}, "Other": 1}})
    body, notes = without_silencers(held)
    assert body["Metadata"] == {"Other": 1}
    assert body["Resources"] == {"Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "S/T"}}}
    assert [each.message.split()[0] for each in notes] == ["Metadata.cfn-lint", "Resources.Topic.Metadata.checkov"]
    assert {each.level for each in notes} == {Level.NOTE}
    assert held.body["Metadata"] == {"cfn-lint": {"config": {}}, "Other": 1}


def test_metadata_that_is_no_mapping_goes() -> None:
    held = template()
    body, notes = without_silencers(replace(held, body={**held.body, "Metadata": []}))
    assert ("Metadata" in body, notes) == (False, ())


def test_a_comment_is_told(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("# checkov:skip=CKV_AWS_1:because\n", encoding="utf-8")
    _, (note,) = without_silencers(replace(template(), path=str(file)))
    assert note.message.startswith("a comment would silence rules")
