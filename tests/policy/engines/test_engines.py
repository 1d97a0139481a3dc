"""Each real engine over small templates: what it must name, what it could not evaluate, and that it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonValue
from stackproof.core.notification import Level
from stackproof.policy.engines.cfn_lint import CfnLintEngine
from stackproof.policy.engines.checkov import CheckovEngine
from stackproof.policy.engines.cloudformation_validate import CloudFormationValidateEngine
from stackproof.policy.engines.tools import find_python
from stackproof.policy.engines.worker_engine import WorkerEngine
from stackproof.policy.finding import EngineAnswer
from stackproof.template.loading.template import parse_bytes
from stackproof.template.template import Template

BUCKET: JsonValue = {"Type": "AWS::S3::Bucket", "Properties": {"Nope": 1}}


def parsed(resources: dict[str, JsonValue], **more: JsonValue) -> Template:
    text = json.dumps({**more, "Resources": resources}, indent=1)
    return parse_bytes(text.encode(), path="t.json", file="t.json", stack_name="S")


@pytest.fixture(scope="module", params=["cfn-lint", "checkov", "cloudformation-validate"])
def engine(request: pytest.FixtureRequest) -> Iterator[WorkerEngine]:
    made: WorkerEngine
    if request.param == "cfn-lint":
        made = CfnLintEngine()
    elif request.param == "checkov":
        python = find_python()
        if python is None:
            pytest.fail("these tests need Checkov: stackproof tools install")
        made = CheckovEngine(python=python)
    else:
        made = CloudFormationValidateEngine()
    yield made
    made.close()


def rules(answer: EngineAnswer) -> set[str]:
    return {finding.rule_id for finding in answer.findings}


WRONG = {"cfn-lint": "E3002", "checkov": "CKV_AWS_18", "cloudformation-validate": "F3002"}


@pytest.mark.usefixtures("processes")
def test_what_is_wrong_is_found_at_its_place_with_a_denominator(engine: WorkerEngine) -> None:
    answer = engine.evaluate(parsed({"B": BUCKET}))
    found = next(finding for finding in answer.findings if finding.rule_id == WRONG[engine.name])
    assert (found.location.logical_id, found.location.stack_name, found.location.template_file) == ("B", "S", "t.json")
    assert found.level is (Level.WARNING if engine.name == "checkov" else Level.ERROR)
    assert found.location.property_path == ("/LoggingConfiguration" if engine.name == "checkov" else "/Nope")
    count = next(count for count in answer.counts if count.rule_id == found.rule_id)
    assert count.looked_at >= count.failed == 1


@pytest.mark.usefixtures("processes")
def test_what_a_template_silences_is_found_all_the_same(engine: WorkerEngine) -> None:
    silenced: JsonValue = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"Nope": 1, "BucketName": "checkov:skip=CKV_AWS_18:x"},
        "Metadata": {
            "cfn-lint": {"config": {"ignore_checks": ["E3002"]}},
            "checkov": {"skip": [{"id": "CKV_AWS_18", "comment": "x"}]},
        },
    }
    metadata: JsonValue = {"cfn-lint": {"config": {"ignore_checks": ["E", "W", "F"]}}}
    answer = engine.evaluate(parsed({"B": silenced}, Metadata=metadata))
    assert WRONG[engine.name] in rules(answer)
    assert not answer.notifications


@pytest.mark.usefixtures("processes")
def test_odd_resources_do_not_cost_the_others(engine: WorkerEngine) -> None:
    answer = engine.evaluate(
        parsed(
            {"B": BUCKET, "N": {"Type": "AWS::SQS::Queue", "Properties": None}, "X": {"Type": "Custom::X"}}, Metadata=[]
        )
    )
    assert WRONG[engine.name] in rules(answer)
    assert not [notification for notification in answer.notifications if notification.level is Level.ERROR]


@pytest.mark.usefixtures("processes")
def test_conditions_are_judged(engine: WorkerEngine) -> None:
    conditions: JsonValue = {
        f"C{index}": {"Fn::Or": [{"Fn::Equals": [{"Ref": "AWS::Region"}, name]} for name in ("a", f"b{index}")]}
        for index in range(3)
    }
    held: JsonValue = {"Type": "AWS::S3::Bucket", "Condition": "C0", "Properties": {"Nope": {"Fn::If": ["C1", 1, 2]}}}
    answer = engine.evaluate(parsed({"B": held}, Conditions=conditions))
    assert WRONG[engine.name] in rules(answer)
    assert not [notification for notification in answer.notifications if notification.level is Level.ERROR]


@pytest.mark.usefixtures("processes")
def test_checkov_reports_what_it_did_not_evaluate(engine: WorkerEngine) -> None:
    loop: JsonValue = ["N", ["a", "b"], {"L${N}": {"Type": "AWS::SQS::Queue"}}]
    answer = engine.evaluate(parsed({"B": BUCKET, "Fn::ForEach::L": loop}, Transform="AWS::LanguageExtensions"))
    errors = [notification.message for notification in answer.notifications if notification.level is Level.ERROR]
    assert errors == (["did not evaluate Fn::ForEach::L"] if engine.name == "checkov" else [])
    assert WRONG[engine.name] in rules(answer)


@pytest.mark.usefixtures("processes")
def test_the_same_question_has_the_same_answer(engine: WorkerEngine) -> None:
    held = parsed({"B": BUCKET, "Q": {"Type": "AWS::SQS::Queue"}})
    assert engine.evaluate(held).to_dict() == engine.evaluate(held).to_dict()


@pytest.mark.usefixtures("processes")
def test_an_answer_does_not_depend_on_what_was_judged_before(engine: WorkerEngine) -> None:
    held = parsed({"B": BUCKET, "Q": {"Type": "AWS::SQS::Queue"}})
    other = parsed(
        {"B": {"Type": "AWS::SNS::Topic"}, "Q": {"Type": "AWS::S3::Bucket", "Properties": {"Nope": {"Ref": "B"}}}},
        Parameters={"Q2": {"Type": "String"}},
    )
    first = engine.evaluate(held).to_dict()
    assert engine.evaluate(other).to_dict() != first
    assert engine.evaluate(held).to_dict() == first


def test_identity_tells_settings_and_rules_apart_without_starting_anything(tmp_path: Path) -> None:
    before = CfnLintEngine().identity
    assert before == CfnLintEngine().identity
    assert before.startswith("cfn-lint ")
    assert CfnLintEngine(region="eu-west-1").identity != before
    (tmp_path / "rule.py").write_text("", encoding="utf-8")
    assert CfnLintEngine(rules=[tmp_path]).identity != before


@pytest.mark.usefixtures("processes")
def test_a_rule_file_that_does_not_load_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ValueError('no')", encoding="utf-8")
    (tmp_path / "broken.guard").write_text("rule {", encoding="utf-8")
    for engine in (CfnLintEngine(rules=[tmp_path]), CloudFormationValidateEngine(rules=[tmp_path])):
        try:
            with pytest.raises(ConfigError, match=r"broken\.(py|guard):1: does not load"):
                engine.evaluate(parsed({"B": BUCKET}))
        finally:
            engine.close()


@pytest.mark.usefixtures("processes")
def test_who_asks_while_another_waits_has_a_process_of_its_own(engine: WorkerEngine) -> None:
    held = [parsed({"B": BUCKET, f"Q{number}": {"Type": "AWS::SQS::Queue"}}) for number in range(4)]
    alone = [engine.evaluate(template).to_dict() for template in held]
    with ThreadPoolExecutor(2) as pool:
        assert [answer.to_dict() for answer in pool.map(engine.evaluate, held)] == alone
