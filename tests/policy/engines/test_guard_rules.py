"""What is read from the text of Guard rules, and what is refused because a rule would pass without having looked."""

from __future__ import annotations

import pytest

from stackproof.policy.engines.guard_rules import guard_rules, looks_of, problem_of
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from tests.fakes import resource, template

TEXT = """\
# let %commented = AWS::Nope::Nope
let keys = Resources.*[ Type == 'AWS::KMS::Key' ]
let chosen = %keys[ Properties.Enabled == true ]

rule keys_rotate when %chosen !empty {
    %chosen.Properties.EnableKeyRotation == true
        <<rule { of %nobody >>
}

rule queues {
    AWS::SQS::Queue {
        Properties {
            KmsMasterKeyId exists or SqsManagedSseEnabled == true
            QueueName != /nope {/
        }
    }
}

rule everything { Resources.* { Type exists } }
rule both when keys_rotate queues { Resources[ named | Type == "AWS::SNS::Topic" ].Properties.TopicName exists
  %named !empty }
rule called(given) { %given.Properties.FifoTopic not exists }
"""


@pytest.fixture(scope="module")
def schemas() -> CfnLintSchemas:
    return CfnLintSchemas()


def test_rules_are_told_with_the_types_that_they_reach() -> None:
    found = {rule.name: sorted(rule.types) for rule in guard_rules(TEXT)}
    assert found == {
        "keys_rotate": ["AWS::KMS::Key"],
        "queues": ["AWS::SQS::Queue"],
        "everything": [],
        "both": ["AWS::SNS::Topic"],
        "called": [],
    }
    assert {rule.name: rule.line for rule in guard_rules(TEXT)}["queues"] == 10


def test_a_rule_is_counted_by_the_resources_of_its_types() -> None:
    held = template(
        "t.json",
        resource("A", "AWS::SQS::Queue"),
        resource("B", "AWS::SQS::Queue"),
        resource("C", "AWS::SNS::Topic"),
    )
    looks = looks_of(guard_rules(TEXT), held)
    assert looks == {"keys_rotate": 0, "queues": 2, "everything": 3, "both": 1, "called": 3}


def test_a_file_that_can_be_relied_on_has_no_problem(schemas: CfnLintSchemas) -> None:
    assert problem_of(TEXT, schemas) is None


def test_below_a_policy_document_any_name_may_stand(schemas: CfnLintSchemas) -> None:
    text = "rule r { AWS::IAM::Policy { Properties.PolicyDocument.Statement[*].Effect != 'Deny' } }"
    assert problem_of(text, schemas) is None


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "is empty"),
        ("# only\n", 1, "has no rule in it"),
        ("let x = 1\n", 1, "has no rule in it"),
        ("\nrule r { AWS::SQS::Queu { Properties.QueueName exists } }", 2, "there is no resource type AWS::SQS::Queu"),
        (
            "rule r {\n AWS::SQS::Queue {\n  Properties.QueueNam exists } }",
            3,
            "AWS::SQS::Queue has no property QueueNam, did you mean QueueName?",
        ),
        ("rule r { AWS::SQS::Queue { Properties.Xyzzy exists } }", 1, "has no property Xyzzy"),
        ("rule r {\n %nobody.Properties exists }", 2, "the variable %nobody is not defined"),
        ("rule r { Resources exists }\nrule r { Resources exists }", 2, "there are two rules r"),
    ],
)
def test_what_would_pass_in_silence_is_refused(schemas: CfnLintSchemas, text: str, line: int, reason: str) -> None:
    problem = problem_of(text, schemas)
    assert problem is not None
    assert problem.line == line
    assert reason in problem.reason
