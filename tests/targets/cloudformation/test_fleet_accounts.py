"""What there is in a fleet, over recorded answers; and whom a role on the embedded moto trusts."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.drift.fleet.task import ListedStack, StackResources
from stackproof.targets.cloudformation.fleet_accounts import accounts_of, resources_of, stacks_of
from stackproof.targets.emulators.moto_models.trust import trusts_accounts


class Pages:
    def __init__(self, answers: Any) -> None:
        self.answers = answers

    def paginate(self, **parameters: Any) -> list[Any]:
        found: list[Any] = self.answers(**parameters) if callable(self.answers) else self.answers
        return found


class Api:
    """One target and its one client."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def client(self, _: str) -> Api:
        return self

    def get_paginator(self, operation: str) -> Pages:
        return Pages(self.answers[operation])


def test_stacks_come_with_their_tags_less_those_that_are_nested_or_not_there() -> None:
    rows = [
        {"StackName": "B", "StackStatus": "UPDATE_COMPLETE", "Tags": [{"Key": "a", "Value": "1"}]},
        {"StackName": "N", "StackStatus": "CREATE_COMPLETE", "ParentId": "arn"},
        {"StackName": "R", "StackStatus": "REVIEW_IN_PROGRESS"},
    ]
    api: Any = Api(describe_stacks=[{"Stacks": rows}, {"Stacks": [{"StackName": "A", "StackStatus": "CREATE_FAILED"}]}])
    assert stacks_of(api) == (ListedStack(name="A"), ListedStack(name="B", tags={"a": "1"}))


def test_resources_of_nested_stacks_are_counted_with_their_parent() -> None:
    def row(kind: str, status: str = "CREATE_COMPLETE", physical: str = "") -> dict[str, str]:
        return {"ResourceType": kind, "ResourceStatus": status, "PhysicalResourceId": physical}

    nested = "AWS::CloudFormation::Stack"
    stacks = {
        "A": [row("Q"), row("Q", "DELETE_COMPLETE"), row(nested, physical="arn:n"), row(nested)],
        "arn:n": [row("Q"), row("T")],
    }
    api: Any = Api(list_stack_resources=lambda StackName: [{"StackResourceSummaries": stacks[StackName]}])  # noqa: N803
    assert resources_of(api, ("A",)) == StackResources(counts={nested: 2, "Q": 2, "T": 1}, stacks=2)


def test_accounts_are_those_below_the_units_or_everywhere_closed_ones_too() -> None:
    """A closed one refuses, which an audit says; it is excluded by name."""

    def account(number: str, status: str = "ACTIVE") -> dict[str, str]:
        return {"Id": number, "Name": f"n{number}", "Status": status}

    below = {"r-1": [account("1")], "ou-1": [account("2"), account("3", "SUSPENDED")]}
    units = {"r-1": [{"Id": "ou-1"}], "ou-1": []}
    api: Any = Api(
        list_accounts=[{"Accounts": [account("9"), account("8", "SUSPENDED")]}],
        list_accounts_for_parent=lambda ParentId: [{"Accounts": below[ParentId]}],  # noqa: N803
        list_organizational_units_for_parent=lambda ParentId: [{"OrganizationalUnits": units[ParentId]}],  # noqa: N803
    )
    assert accounts_of(api, ()) == (("8", "n8"), ("9", "n9"))
    assert accounts_of(api, ("r-1", "ou-1")) == (("1", "n1"), ("2", "n2"), ("3", "n3"))


@pytest.mark.parametrize(
    ("statement", "trusts"),
    [
        ({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}}, True),
        ({"Effect": "Allow", "Principal": "*"}, True),
        ({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ([{"Effect": "Allow", "Principal": "*"}, {"Effect": "Deny", "Principal": {"AWS": "*"}}], False),
    ],
)
def test_a_role_trusts_accounts_or_services(statement: Any, trusts: bool) -> None:  # noqa: FBT001
    assert trusts_accounts({"Statement": statement}) is trusts
