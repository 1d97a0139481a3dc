"""Every name in a pattern is found, wherever it stands; strangers are refused."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.assertions import Capture, Match, Matcher, MatchOutcome, StackAssertionError, UnknownNameError
from stackproof.assertions.naming import Names, named_paths
from tests.assertions.sample import SAMPLE, SCHEMAS

LIKE = Match.object_like


class Own(Matcher):
    def test(self, actual: object) -> MatchOutcome:
        return Match.any_value().test(actual)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ({"A": 1, "B": "x", "C": None, "D": 1.5, "E": True}, ["/A", "/B", "/C", "/D", "/E"]),
        ({"A": {"B": 1}}, ["/A", "/A/B"]),
        ({"A": [{"B": 1}, "x"]}, ["/A", "/A/*/B"]),
        ({"A": ({"B": 1},)}, ["/A", "/A/*/B"]),
        (LIKE({"A": Match.object_equals({"B": Match.absent()})}), ["/A", "/A/B"]),
        ({"A": Match.array_with([LIKE({"B": 1})])}, ["/A", "/A/*/B"]),
        ({"A": Match.array_equals([{"B": 1}])}, ["/A", "/A/*/B"]),
        (Match.not_({"A": Match.not_(LIKE({"B": 1}))}), ["/A", "/A/B"]),
        (Match.exact({"A": 1}), ["/A"]),
        ({"A": Capture({"B": 1})}, ["/A", "/A/B"]),
        ({"A": Capture()}, ["/A"]),
        ({"A": Own()}, ["/A"]),
        ({"A": Match.serialized_json({"B": 1})}, ["/A"]),
        ({"A": {"Ref": "X"}, "B": {"Fn::GetAtt": ["X", Match.any_value()]}}, ["/A", "/B"]),
        ({"A": {"Fn::If": ["C", {"B": 1}, {"Ref": "AWS::NoValue"}]}}, ["/A", "/A/B"]),
        ({"A": {"Fn::If": Match.any_value()}}, ["/A"]),
        ({"a/b": {"c~d": 1}}, ["/a~1b", "/a~1b/c~0d"]),
        ({"A": {"Ref": "X", "B": 1}}, ["/A", "/A/Ref", "/A/B"]),
    ],
)
def test_the_names_in_a_pattern(pattern: Any, paths: list[str]) -> None:
    assert list(named_paths(pattern)) == paths


@pytest.mark.parametrize(
    "pattern", [{"A": {"b"}}, [object()], Match.serialized_json({"A": {1}}), {"A": {"Fn::Sub": object()}}, {"A": b"x"}]
)
def test_what_no_template_can_have_is_refused(pattern: Any) -> None:
    with pytest.raises(StackAssertionError, match="which no template can have"):
        list(named_paths(pattern))


class Foreign:
    """Represents a class of jsii: only its module counts."""


Foreign.__module__ = "aws_cdk.assertions"


@pytest.mark.parametrize(("pattern", "place"), [({"A": [Foreign()]}, " at /A/\\*"), (Foreign(), "")])
def test_matchers_of_cdk_are_refused_with_the_remedy(pattern: Any, place: str) -> None:
    expected = f"the pattern{place} holds a matcher of aws_cdk.assertions.*from stackproof.assertions import Match"
    with pytest.raises(StackAssertionError, match=expected):
        list(named_paths(pattern))


def test_what_a_schema_leaves_open_takes_any_name() -> None:
    names = Names(SAMPLE, SCHEMAS)
    names.check_properties("AWS::IAM::Role", {"AssumeRolePolicyDocument": {"Statement": [{"Anything": 1}]}})
    names.check_properties("AWS::Lambda::Function", {"Environment": {"Variables": {"anything": "x"}}})
    with pytest.raises(UnknownNameError, match="did you mean /Environment/Variables"):
        names.check_properties("AWS::Lambda::Function", {"Environment": {"Variable": {}}})


def test_mappings_and_conditions_have_names_of_their_own() -> None:
    Names(SAMPLE, SCHEMAS).check_entry("Mappings", {"anything": {"at": "all"}})
