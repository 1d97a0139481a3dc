"""The two sides of a difference, as a person compares them by eye."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.proof.observation import Change, DriftStatus, PropertyDifference, ResourceProof
from stackproof.proof.report import ProveReport
from stackproof.reporters.terminal import prove_text
from stackproof.reporters.values import change_lines, shown_value
from stackproof.template.location import Location

HTTPS = {"CidrIp": "10.0.0.0/8", "FromPort": 443, "IpProtocol": "tcp", "ToPort": 443}
HTTPS_LIVE = {"ToPort": "443", "FromPort": "443", "IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"}
SSH_LIVE = {"ToPort": 22, "IpProtocol": "tcp", "FromPort": 22, "CidrIp": "0.0.0.0/0"}
SSH_LINES = [
    "    + {'CidrIp': '0.0.0.0/0', 'FromPort': 22, 'IpProtocol': 'tcp', 'ToPort': 22}",
]
ALLOW = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}


def changed(expected: Any, actual: Any, *, whole: bool = False) -> list[str]:
    return list(change_lines(expected, actual, whole=whole))


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        (180, "31", ("180", "31")),
        ("180", 31, ("180", "31")),
        ("180", "31", ("'180'", "'31'")),
        (1.5, "2.5", ("1.5", "2.5")),
        (180, "031", ("180", "'031'")),
        (180, "31s", ("180", "'31s'")),
        (180, "true", ("180", "'true'")),
        (True, "False", ("True", "False")),
        (True, "0", ("True", "'0'")),
        (None, "31", ("not set", "'31'")),
        (180, None, ("180", "not set")),
        ({"b": 1, "a": 2}, None, ("{'a': 2, 'b': 1}", "not set")),
        ({"a": 1}, "text", ("{'a': 1}", "'text'")),
        ({"a": 1}, "1", ("{'a': 1}", "'1'")),
        ({"a": 1}, "[" * 100_000, ("{'a': 1}", None)),
    ],
)
def test_both_sides_are_of_one_kind_where_the_text_says_the_same_and_nothing_is_called_not_set(
    expected: Any,
    actual: Any,
    shown: tuple[str, str | None],
) -> None:
    first, second, *_ = changed(expected, actual)
    assert first == f"    expected {shown[0]}"
    assert shown[1] is None or second == f"    actual   {shown[1]}"


def test_of_a_set_only_what_was_added_or_removed_is_shown_whatever_the_order_of_keys() -> None:
    assert changed([HTTPS], [SSH_LIVE, HTTPS_LIVE]) == SSH_LINES
    assert changed(["a", "b"], ["c", "a"]) == ["    - 'b'", "    + 'c'"]
    assert changed(["a", "a"], ["a"]) == ["    - 'a'"]
    assert changed([True, 1], ["true", "1", None]) == ["    + not set"]


def test_of_a_document_each_line_says_where() -> None:
    expected = {"Version": "2012-10-17", "Statement": [ALLOW, {"Effect": "Deny", "Action": "*"}]}
    actual = {"Statement": [{**ALLOW, "Action": ["s3:GetObject", "s3:PutObject"]}, {"Effect": "Deny", "Action": "*"}]}
    assert changed(expected, actual) == [
        "    + /Statement/0/Action: 's3:PutObject'",
        "    - /Version: '2012-10-17'",
    ]
    assert changed({"a": 1, "c": {"d": True}}, {"a": "2", "b": None, "c": "x"}) == [
        "    - /a: 1",
        "    + /a: 2",
        "    + /b: not set",
        "    - /c: {'d': True}",
        "    + /c: 'x'",
    ]
    assert changed([1, {"a": 1}], [1, "b"]) == ["    - {'a': 1}", "    + 'b'"]


def test_a_document_that_is_written_as_text_is_one() -> None:
    assert changed({"a": 1, "b": 2}, '{"b": 3, "a": 1}') == ["    - /b: 2", "    + /b: 3"]


def test_what_such_a_text_holds_below_the_name_of_a_secret_stays_hidden() -> None:
    said = changed({"password": "***", "n": 1}, '{"password": "hunter2", "n": 2}', whole=True)
    assert "hunter2" not in str(said)
    assert "    + /n: 2" in said


def test_where_only_the_order_differs_all_is_shown() -> None:
    assert changed(["a", "b"], ["b", "a"]) == ["    expected ['a', 'b']", "    actual   ['b', 'a']"]


def test_all_of_it_is_shown_on_demand_below_what_differs() -> None:
    assert changed(["a"], ["a", "b"], whole=True) == [
        "    + 'b'",
        "    expected ['a']",
        "    actual   ['a', 'b']",
    ]


def test_many_and_long_pieces_are_cut_short_and_counted_unless_they_are_asked_for() -> None:
    many = [f"{number}" for number in range(30)]
    assert changed([], many)[-2:] == ["    + '7'", "    … and 22 more"]
    assert len([text for text in changed([], many, whole=True) if text.startswith("    + ")]) == 30
    long = changed([], ["x" * 1000])
    assert len(long) == 4
    assert long[-1].endswith(" …")
    assert max(map(len, long)) <= 80


def test_the_order_of_keys_is_that_of_the_alphabet_however_deep() -> None:
    assert shown_value([{"b": {"d": 1, "c": 2}, "a": "x"}]) == "[{'a': 'x', 'b': {'c': 2, 'd': 1}}]"


def test_prove_names_the_stack_of_each_line() -> None:
    place = Location(stack_name="Shop", logical_id="Orders", resource_type="AWS::Lambda::Function", file="a.py", line=4)
    difference = PropertyDifference(path="/Timeout", expected=180, actual="31", change=Change.NOT_EQUAL)
    proofs = (
        ResourceProof(location=place, physical_id="o", status=DriftStatus.MODIFIED, differences=(difference,)),
        ResourceProof(location=place, physical_id="o", status=DriftStatus.DELETED),
    )
    assert prove_text(ProveReport(target="aws", proofs=proofs)).splitlines()[:4] == [
        "a.py:4: Shop/Orders /Timeout differs",
        "    expected 180",
        "    actual   31",
        "a.py:4: Shop/Orders (AWS::Lambda::Function) does not exist",
    ]
