"""Rules about test code find tests that cannot fail, and leave those alone that can."""

from __future__ import annotations

import textwrap

import pytest

from stackproof.suite_rules import SuiteFinding, judge_test

PLACEHOLDERS = [
    "pass",
    "...",
    '"""Says much, does nothing."""',
    '"""Says much."""\npass',
    "assert True",
    'assert 1, "one"',
    "return",
    'self.fail("should be implemented")',
    'pytest.fail("later")',
    'pytest.skip("no time")',
    'self.skipTest("no time")',
    'fail("later")',
    "raise NotImplementedError",
    'raise NotImplementedError("later")',
    'raise AssertionError("later")',
    "pass\nassert True",
]
TESTS = [
    "assert template",
    "check(template)",
    "x = 1\nassert x",
    'if broken:\n    pytest.fail("it is")',
    "raise ValueError",
    "return found",
    "raise",
]
LOOPED = [
    "for each in found:\n    assert each",
    "found = look()\nfor each in found:\n    each.check()",
    "for each in found:\n    self.assertTrue(each)",
    "for each in found:\n    with pytest.raises(KeyError):\n        each()",
    "for each in []:\n    assert each",
    "for each in [*found]:\n    assert each",
    "with opened():\n    for each in found:\n        assert each",
    "if found:\n    for each in found:\n        assert each",
    "try:\n    for each in found:\n        assert each\nexcept KeyError:\n    pass",
    "for kind in ('a', 'b'):\n    for each in find(kind):\n        assert each",
    "async for each in found:\n    assert each",
    "async with opened():\n    for each in found:\n        assert each",
]
SOUND = [
    "assert found\nfor each in found:\n    assert each",
    "for each in (1, 2):\n    assert each",
    "for each in found:\n    collect(each)\nassert collected",
    "for each in found:\n    collect(each)",
    "template.resource_count_is('T', 2)\nfor each in found:\n    assert each",
    "template.has_output('Arn', {})\nfor each in found:\n    assert each",
    "with pytest.raises(KeyError):\n    look()\nfor each in found:\n    assert each",
    "async with asserted():\n    look()\nfor each in found:\n    assert each",
    "if found:\n    assert found[0]\nelse:\n    assert nothing\nfor each in found:\n    assert each",
    "try:\n    look()\nfinally:\n    assert closed\nfor each in found:\n    assert each",
    "while waiting():\n    assert patience",
]
RIGID = ["assert len(alarms) == 8", "assert 8 == len(alarms)", "if len(alarms) == 8:\n    assert alarms[0]"]
FLEXIBLE = [
    "assert len(alarms) == len(expected)",
    "assert len(alarms) >= 8",
    "assert len(alarms) == 1",
    "assert len(alarms) == 0",
    "assert count == 8",
    "assert count(alarms) == 8",
    "assert alarms.count() == 8",
    "assert len(name) == '8'",
]


def judged(body: str, *, live: bool = False, head: str = "def test_it():") -> list[tuple[str, int]]:
    source = f"{head}\n{textwrap.indent(body, '    ')}\n"
    return [(each.rule_id, each.line) for each in judge_test(source, live=live)]


@pytest.mark.parametrize("body", PLACEHOLDERS)
def test_a_test_that_looks_at_nothing_is_a_placeholder(body: str) -> None:
    assert [rule for rule, _ in judged(body)] == ["SP001"]


@pytest.mark.parametrize("body", [*TESTS, *SOUND, *LOOPED])
def test_a_test_that_does_something_is_no_placeholder(body: str) -> None:
    assert "SP001" not in [rule for rule, _ in judged(body)]


@pytest.mark.parametrize("body", LOOPED)
def test_a_test_whose_assertions_all_stand_in_loops_is_found(body: str) -> None:
    assert [rule for rule, _ in judged(body, head="async def test_it():")] == ["SP003"]


@pytest.mark.parametrize("body", [*SOUND, *TESTS])
def test_a_test_that_asserts_outside_of_loops_is_left_alone(body: str) -> None:
    assert judged(body, head="async def test_it():") == []


@pytest.mark.parametrize("body", RIGID)
def test_a_rigid_count_is_found_in_a_live_test_alone(body: str) -> None:
    assert [rule for rule, _ in judged(body, live=True)] == ["SP002"]
    assert judged(body, live=False) == []


@pytest.mark.parametrize("body", FLEXIBLE)
def test_other_comparisons_are_no_rigid_counts(body: str) -> None:
    assert judged(body, live=True) == []


def test_findings_name_their_line_and_are_sorted() -> None:
    body = '"""Looks."""\nfor each in found:\n    assert len(each) == 3\n    assert len(each) == 2'
    assert judged(body, live=True) == [("SP003", 3), ("SP002", 4), ("SP002", 5)]
    assert judged('"""Text."""') == [("SP001", 1)]


def test_a_rigid_count_is_said_with_the_number() -> None:
    (one,) = judge_test("def test_it():\n    assert len(alarms) == 8\n", live=True)
    assert isinstance(one, SuiteFinding)
    assert one.message == "a rigid count of 8: what is deployed changes; take the number from the template"


@pytest.mark.parametrize("source", ["def test_it(:\n", "test_it = 3\n", "", "lambda: None\n"])
def test_what_is_no_function_has_no_findings(source: str) -> None:
    assert judge_test(source, live=True) == ()


def test_decorators_and_async_functions_are_understood() -> None:
    source = "@pytest.mark.slow\nasync def test_it():\n    pass\n"
    assert [(each.rule_id, each.line) for each in judge_test(source, live=False)] == [("SP001", 3)]
