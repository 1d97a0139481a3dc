"""Engines never see what a template says to silence them: what it covers is found first, and waived after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stackproof.policy.engines.silencers import silencing_comments, without_silencers
from stackproof.policy.in_source import SILENCING_KEYS
from tests.fakes import resource, template


def test_metadata_for_engines_is_gone_and_the_rest_stays() -> None:
    topic = resource(body={"Type": "AWS::SNS::Topic", "Metadata": {"checkov": {"skip": []}, "aws:cdk:path": "S/T"}})
    held = template("t.json", topic)
    held = replace(held, body={**held.body, "Metadata": {"cfn-lint": {"config": {}}, "Other": 1}})
    body = without_silencers(held)
    assert body["Metadata"] == {"Other": 1}
    assert body["Resources"] == {"Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "S/T"}}}
    assert held.body["Metadata"] == {"cfn-lint": {"config": {}}, "Other": 1}


@pytest.mark.parametrize("key", sorted(SILENCING_KEYS))
def test_every_key_that_is_read_is_taken_out(key: str) -> None:
    body = without_silencers(replace(template(), body={"Metadata": {key: {}}, "Resources": {}}))
    assert body == {"Metadata": {}, "Resources": {}}


def test_metadata_that_is_no_mapping_goes_and_resources_that_are_none_stay() -> None:
    held = template()
    assert "Metadata" not in without_silencers(replace(held, body={**held.body, "Metadata": []}))
    assert without_silencers(replace(held, body={"Resources": []})) == {"Resources": []}
    assert without_silencers(replace(held, body={"Resources": {"A": 1}})) == {"Resources": {"A": 1}}


def test_a_comment_is_not_heeded_and_told(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("# checkov:skip=CKV_AWS_1:because\n", encoding="utf-8")
    (note,) = silencing_comments(replace(template(), path=str(file)))
    assert note.message.startswith("a comment would skip rules")
    file.write_text("# nothing\n", encoding="utf-8")
    assert silencing_comments(replace(template(), path=str(file))) == ()
    assert silencing_comments(replace(template(), path=str(tmp_path))) == ()
