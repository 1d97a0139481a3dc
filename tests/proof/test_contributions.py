"""Lists to which other resources add: their entries are not differences; an entry that may be theirs leaves a doubt."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.proof.contributions import CONTRIBUTIONS, Contribution, without_contributions
from stackproof.readers import READERS
from stackproof.template.cfn_lint_schemas import CfnLintSchemas
from stackproof.template.intrinsics import Unresolved

GROUP, LIST = "AWS::EC2::SecurityGroup", "SecurityGroupIngress"
RULE: dict[str, Any] = {"IpProtocol": "tcp", "ToPort": 443, "CidrIp": "10.0.0.0/8"}
OTHER: dict[str, Any] = {**RULE, "ToPort": 22}
OPEN: dict[str, Any] = {**OTHER, "CidrIp": Unresolved(reason="an export")}


def kept(live: Any, *parts: Contribution, own: Any = None) -> tuple[Any, tuple[str, ...]]:
    expected = {} if own is None else {LIST: own}
    actual, doubts = without_contributions(GROUP, expected, {LIST: live, "Other": 1}, lambda _, __: parts, None)
    assert actual["Other"] == 1
    return actual[LIST], doubts


def here(**properties: Any) -> Contribution:
    return Contribution(properties=properties, is_here=True)


def test_what_another_resource_adds_is_taken_out_and_everything_else_stays() -> None:
    assert kept([RULE, OTHER], here(**OTHER)) == ([RULE], ())
    assert kept([RULE, OTHER]) == ([RULE, OTHER], ())
    assert kept([RULE], here(**OTHER)) == ([RULE], ())
    assert kept([OTHER], here(**OTHER), own=[OTHER]) == ([OTHER], ())
    assert kept("text", here(**OTHER)) == ("text", ())


@pytest.mark.parametrize(
    "part", [here(**OPEN), Contribution(properties=OTHER, is_here=False)], ids=["of what", "whose"]
)
def test_what_another_one_may_have_added_leaves_the_list_in_doubt(part: Contribution) -> None:
    assert kept([RULE, OTHER], part) == ([RULE], (f"/{LIST}",))
    assert kept([RULE], part) == ([RULE], ())
    assert kept([OTHER], part, here(**OTHER)) == ([], ())


def test_what_a_service_fills_in_does_not_tell_a_part_apart_unless_it_says_it() -> None:
    live = {"IpProtocol": "tcp", "SourceSecurityGroupId": "sg-1", "SourceSecurityGroupOwnerId": "1"}
    bare = {"IpProtocol": "tcp", "SourceSecurityGroupId": "sg-1"}
    assert kept([live], here(**bare)) == ([], ())
    assert kept([live], here(**bare, SourceSecurityGroupOwnerId="1")) == ([], ())
    assert kept([live], here(**bare, SourceSecurityGroupOwnerId="2")) == ([live], ())
    assert kept([{**live, "Description": "by hand"}], here(**bare)) == ([{**live, "Description": "by hand"}], ())


def test_policies_are_known_by_their_names_and_attached_ones_by_their_arns() -> None:
    def of_role(name: str, live: Any, **properties: Any) -> Any:
        return without_contributions("AWS::IAM::Role", {}, {name: live}, lambda _, __: [here(**properties)], None)[0][
            name
        ]

    inline = {"PolicyName": "p", "PolicyDocument": {}}
    assert of_role("Policies", [inline, {"PolicyName": "q"}], PolicyName="p") == [{"PolicyName": "q"}]
    assert of_role("ManagedPolicyArns", ["arn:a", "arn:b"], Arn="arn:a") == ["arn:b"]


def test_every_row_is_about_types_that_are_read_and_properties_that_there_are() -> None:
    schemas = CfnLintSchemas()
    for (owner, name), kinds in CONTRIBUTIONS.items():
        for resource_type, property_name in ((owner, name), *kinds):
            schema = schemas.schema(resource_type)
            assert resource_type in READERS
            assert schema is not None
            assert schema.at(f"/{property_name}") is not None
