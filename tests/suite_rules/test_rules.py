"""Rules about test code find tests that cannot fail, and leave those alone that can."""

from __future__ import annotations

import textwrap

import pytest

from stackproof.suite_rules.rules import SuiteFinding, asserts_something, evaluate_test

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
    "template.resource_count_is('T', 2)\nfor each in found:\n    assert each",
    "template.has_output('Arn', {})\nfor each in found:\n    assert each",
    "with pytest.raises(KeyError):\n    look()\nfor each in found:\n    assert each",
    "async with asserted():\n    look()\nfor each in found:\n    assert each",
    "if found:\n    assert found[0]\nelse:\n    assert nothing\nfor each in found:\n    assert each",
    "try:\n    look()\nfinally:\n    assert closed\nfor each in found:\n    assert each",
    "while waiting():\n    assert patience",
]
RIGID = [
    "assert len(alarms) == 8",
    "assert 8 == len(alarms)",
    "if len(alarms) != 8:\n    pytest.fail()\nassert len(alarms) == 8",
]
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


PASSING_WITHOUT_A_LOOK = [
    "if not alarms:\n    return\nassert all(each['ActionsEnabled'] for each in alarms)",
    "if not alarms:\n    return\nassert alarms[0]",
    "if alarms:\n    assert alarms[0]",
    "if alarms:\n    assert alarms[0]\n    return\nlook()",
    "if alarms:\n    assert alarms[0]\nelif queues:\n    assert queues[0]",
    "match alarms:\n    case [one]:\n        assert one",
    "assert all(each.on for each in alarms)",
    "assert all([each.on for each in alarms])",
    "assert all(found)",
    "self.assertTrue(all(each.on for each in alarms))",
    "[check(each) for each in alarms]",
    "for each in alarms:\n    if not each.on:\n        pytest.fail('off')",
    "try:\n    found = look()\nexcept ClientError:\n    return\nassert found",
    "try:\n    found = look()\n    assert found\nexcept KeyError:\n    pass",
    "with suppress(KeyError):\n    assert look()",
]
WITHOUT_ASSERTION = [
    "look()",
    "found = look()\nprint(found)",
    "return found",
    "for each in found:\n    collect(each)",
    "try:\n    assert look()\nexcept Exception:\n    pass",
    "try:\n    assert look()\nexcept:\n    print('never mind')",
    "try:\n    assert look()\nexcept (KeyError, AssertionError):\n    return",
    "assert look()\ntry:\n    assert more()\nexcept AssertionError:\n    log.warning('no')",
]
LOOKING = [
    "assert alarms\nassert all(each.on for each in alarms)",
    "assert alarms and all(each.on for each in alarms)",
    "assert all(each in found for each in ('a', 'b'))",
    "assert all(each in found for each in NAMES)",
    "names = {'a': 1}\nassert all(found[each] for each in names)\nfor each in names.items():\n    assert each",
    "assert all(map(found.get, ['a']))\nassert all(found[n] for n in range(3))",
    "assert alarms\nif wide:\n    return\nassert all(alarms)",
    "if not alarms:\n    pytest.skip('none here')\nassert all_on(alarms)",
    "if not alarms:\n    raise ValueError\nreturn None",
    "match kind:\n    case 'a':\n        assert a\n    case _:\n        assert b",
    "for n in range(9):\n    try:\n        assert a\n        break\n    except E:\n        pass\nelse:\n    fail()",
    "for each in found:\n    if each.good:\n        break\nelse:\n    pytest.fail('none is good')",
    "while True:\n    if look():\n        break\n    assert time() < until",
    "try:\n    look()\nexcept KeyError:\n    pytest.fail('no')\nelse:\n    assert True is found",
    "try:\n    check(each)\nexcept AssertionError as error:\n    problems.append(error)\nassert problems == []",
    "template.has_resource_properties('T', {})",
    "with pytest.raises(ClientError):\n    look()",
    "expect_rows(found)",
    "_prove_that(found)",
    "get_waiter('stack_exists').wait(StackName='x')",
    "helped(found)",
    "x = lambda: 1\nassert x",
]

HONEST = [
    "found = look()\nif not found:\n    pytest.skip('there is none')\nfor each in found:\n    assert each",
    "found = look()\nif not found:\n    pytest.fail('none')\nfor each in found:\n    assert each",
    "found = look()\nif len(found) == 0:\n    raise ValueError\nassert all(found)",
    "found = look()\nif len(found) < 1:\n    pytest.skip('none')\nfor each in found:\n    assert each",
    "found = look()\nif found == []:\n    pytest.skip('none')\nfor each in found:\n    assert each",
    "found = look()\nif found == set():\n    pytest.skip('none')\nfor each in found:\n    assert each",
    "found = look()\nif not found or broken:\n    pytest.skip('none')\nfor each in found:\n    assert each",
    "found = look()\nif found:\n    pass\nelse:\n    pytest.skip('none')\nassert not any(bad(x) for x in found)",
    "found = look()\nassert found\nbad = [x for x in found if x.bad]\nassert not bad",
    "for _ in range(10):\n    if ready():\n        return\n    sleep(1)\npytest.fail('never')",
    "for _ in range(TIMES):\n    if ready():\n        return\nraise AssertionError('never')",
    "while time() < until:\n    if ready():\n        return\n    sleep(1)\npytest.fail('never')",
    "wanted: dict[str, str] = {'a': 'b'}\nfor key, value in wanted.items():\n    assert look(key) == value",
    "for each in 'a b c'.split():\n    assert look(each)",
    "for each in TABLES + QUEUES:\n    assert look(each)",
    "for each in TABLES | {'a'}:\n    assert look(each)",
    "for each in [*TABLES, *QUEUES]:\n    assert look(each)",
    "for each in {**TABLES}:\n    assert look(each)",
    "found = look()\nassert found\nok = all(found)\nassert ok",
    "wanted = ['a']\nwanted = ['b']\nfor each in wanted:\n    assert each",
    "assert {x.kind for x in found} == {'a', 'b'}",
    "assert [x.name for x in found] == wanted",
    "assert found or wanted",
    "assert any(x.good for x in look())",
    "assert all(NAMES)",
    "for each in sorted(TABLES):\n    assert look(each)",
    "for each, other in zip(TABLES, QUEUES):\n    assert look(each) == other",
    "for each in map(named, TABLES):\n    assert look(each)",
    "wanted = {'a': 1}\nfor each in wanted.values():\n    assert look(each)",
    "assert found\nreturn\nlook()",
    "seen = ['a']\nfor each in look():\n    seen.append(each)\nassert seen",
    "class Seen(Handler):\n    def do_get(self):\n        assert look()\nserve(Seen)",
    "one = other\nother = one\nassert one",
    "found = found or look()\nassert found",
    "def seen():\n    assert look()\nseen()",
    "def seen():\n    assert look()\nrun(seen)",
    "async def seen():\n    assert look()\nawait seen()",
    "with pytest.raises(AssertionError):\n    look()",
    "try:\n    assert look()\nexcept AssertionError:\n    pytest.fail('no')",
    "try:\n    assert look()\nexcept AssertionError:\n    show()\n    raise",
    "try:\n    assert look()\nexcept AssertionError:\n    raise",
    "try:\n    look()\nexcept ClientError as error:\n    pytest.fail(str(error))",
    "try:\n    look()\nexcept AssertionError as error:\n    assert 'told' in str(error)\nelse:\n    pytest.fail('no')",
]
HOLDING_OF_NOTHING = [
    "for each in look():\n    if each.bad:\n        pytest.fail('bad')\nreturn",
    "found = look()\nassert not any(bad(x) for x in found)",
    "assert not [x for x in look() if x.bad]",
    "assert not (bad := [x for x in look() if x.bad])",
    "kinds = {x.kind for x in look()}\nassert kinds <= KINDS",
    "assert KINDS >= {x.kind for x in look()}",
    "assert any(x.bad for x in look()) is not True",
    "assert [x for x in look() if x.bad] == []",
    "assert len([x for x in look() if x.bad]) == 0",
    "bad = [x for x in look() if x.bad]\nassert not bad",
    "bad = [x for x in look() if x.bad]\nassert bad == []",
    "ok = all(x.good for x in look())\nassert ok",
    "assert all(x.good for x in look()) is True",
    "assert all(x.good for x in look()) == True",
    "assert all(x.good for x in a()) and all(x.good for x in b())",
    "found = look()\nassert all(x.good for x in found) if found else True",
    "assert {x.kind for x in look()} <= {x.kind for x in more()}",
    "assert {x.kind for x in look()}.issubset(KINDS)",
    "assert bool(all(x.good for x in look()))",
    "self.assertFalse(any(x.bad for x in look()))",
    "found = look()\nwhile found:\n    assert found.pop().good",
    "found = ['x']\nfound = look()\nfor each in found:\n    assert each",
    "found = ['x']\nwith opened() as found:\n    for each in found:\n        assert each",
    "if not found:\n    print('none')\nfor each in found:\n    assert each",
    "if not found:\n    pytest.skip('none')\nfor each in others:\n    assert each",
    "if not found:\n    pytest.skip('none')\nfound = look()\nfor each in found:\n    assert each",
]
CANNOT_FAIL = [
    "assert (look(), 'there is one')",
    "assert look() or True",
    "assert True or look()",
    "assert look() or 'text'",
    "found = look()\nassert True",
    "def seen():\n    assert look()\nlook()",
    "def seen():\n    def never():\n        assert look()\n    look()\nseen()",
    "found = look()\nassert len(found) >= 0",
    "try:\n    assert look()\nexcept AssertionError:\n    pytest.skip('not there')",
    "try:\n    assert look()\nexcept Exception:\n    assert True",
    "try:\n    assert look()\nexcept AssertionError as error:\n    message = 'no'",
]


def judged(body: str, *, live: bool = False, head: str = "def test_it():") -> list[tuple[str, int]]:
    source = f"{head}\n{textwrap.indent(body, '    ')}\n"
    return [(finding.rule_id, finding.line) for finding in evaluate_test(source, live=live, helpers={"helped"})]


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


@pytest.mark.parametrize("body", PASSING_WITHOUT_A_LOOK)
def test_a_test_that_may_pass_past_its_assertions_is_found(body: str) -> None:
    assert [rule for rule, _ in judged(body)] == ["SP003"]


@pytest.mark.parametrize("body", WITHOUT_ASSERTION)
def test_a_test_without_an_assertion_or_with_one_that_is_swallowed_is_found(body: str) -> None:
    assert [rule for rule, _ in judged(body)] == ["SP004"]


@pytest.mark.parametrize("body", LOOKING)
def test_a_test_that_asserts_something_on_each_of_its_ways_is_left_alone(body: str) -> None:
    assert judged(body) == []


@pytest.mark.parametrize("body", HONEST)
def test_what_is_known_to_be_there_may_be_looped_over(body: str) -> None:
    assert judged(body, head="async def test_it():") == []


@pytest.mark.parametrize("body", HOLDING_OF_NOTHING)
def test_what_holds_of_nothing_is_found_however_it_is_written(body: str) -> None:
    assert [rule for rule, _ in judged(body)] == ["SP003"]


@pytest.mark.parametrize("body", CANNOT_FAIL)
def test_an_assertion_that_cannot_fail_is_none(body: str) -> None:
    assert [rule for rule, _ in judged(body)] == ["SP004"]


def test_a_helper_asserts_by_what_stands_in_it() -> None:
    assert asserts_something("def helped(found):\n    assert found\n")
    assert not asserts_something("def helped(found):\n    print(found)\n")
    assert not asserts_something("def helped(:")


def test_the_place_is_where_the_way_leads_past_the_assertion() -> None:
    assert judged(PASSING_WITHOUT_A_LOOK[0]) == [("SP003", 3)]
    assert judged("found = look()\nif found:\n    assert found") == [("SP003", 3)]
    assert judged("found = look()\ntry:\n    assert found\nexcept Exception:\n    pass") == [("SP004", 3)]


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
    (one,) = evaluate_test("def test_it():\n    assert len(alarms) == 8\n", live=True)
    assert isinstance(one, SuiteFinding)
    assert one.message == "a rigid count of 8: deployed resources change; take the number from the template"


@pytest.mark.parametrize("source", ["def test_it(:\n", "test_it = 3\n", "", "lambda: None\n"])
def test_what_is_no_function_has_no_findings(source: str) -> None:
    assert evaluate_test(source, live=True) == ()


def test_decorators_and_async_functions_are_understood() -> None:
    source = "@pytest.mark.slow\nasync def test_it():\n    pass\n"
    assert [(finding.rule_id, finding.line) for finding in evaluate_test(source, live=False)] == [("SP001", 3)]


@pytest.mark.parametrize(
    "body",
    [
        "bad = []\n    for each in found():\n        if not each:\n            bad.append(each)\n    assert not bad",
        "bad = [each for each in found() if not each]\n    assert [] == bad",
        "bad = [each for each in found() if not each]\n    assert len(bad) < 1",
        "left = found()\n    while left:\n        assert left[0]\n        del left[0]",
        "left = found()\n    while left:\n        assert left[0]\n        left = left[1:]",
        "left, n = found(), 0\n    while n < len(left):\n        assert left[n]\n        n += 1",
    ],
)
def test_what_is_asserted_of_what_may_be_nothing_is_found(body: str) -> None:
    assert [finding.rule_id for finding in evaluate_test(f"def test_it():\n    {body}\n", live=False)] == ["SP003"]
