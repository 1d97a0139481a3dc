"""The matchers mean what CDK's mean: the same table of patterns goes through both."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from stackproof.assertions import ABSENT, Capture, Match, Matcher, MatchOutcome, StackAssertionError
from stackproof.assertions.matching import matcher_of

# Each row: a pattern made with the `Match` it is given, and values for `X`, the property that it is for.
M = Any
TABLE: list[tuple[str, Callable[[M], Any], list[Any]]] = [
    ("literal string", lambda _m: "a", ["a", "b", 1, ["a"], {"a": 1}]),
    ("literal number", lambda _m: 1, [1, 1.0, 2, True, "1"]),
    ("literal boolean", lambda _m: True, [True, False, 1, "true"]),
    ("literal object", lambda _m: {"A": {"B": 1}}, [{"A": {"B": 1}}, {"A": {"B": 1, "C": 2}}, {"A": 1}, [], "A"]),
    ("literal array", lambda _m: ["a", "b"], [["a", "b"], ["a"], ["a", "b", "c"], ["b", "a"], "ab", {}]),
    ("literal array of objects", lambda _m: [{"A": 1}], [[{"A": 1}], [{"A": 1, "B": 2}], [{"B": 2}], []]),
    ("empty array", lambda _m: [], [[], ["a"], {}]),
    ("empty object", lambda _m: {}, [{}, {"A": 1}, []]),
    ("object_like", lambda m: m.object_like({"A": [{"B": 1}]}), [{"A": [{"B": 1, "C": 1}], "D": 1}, {"A": []}, {}, 1]),
    ("object_equals", lambda m: m.object_equals({"A": {"B": 1}}), [{"A": {"B": 1}}, {"A": {"B": 1, "C": 1}}, {}, []]),
    ("object_equals array", lambda m: m.object_equals({"A": [{"B": 1}]}),
     [{"A": [{"B": 1}]}, {"A": [{"B": 1, "C": 1}]}]),
    ("object_like in object_equals", lambda m: m.object_equals({"A": m.object_like({"B": 1})}),
     [{"A": {"B": 1, "C": 1}}, {"A": {}}]),
    ("exact", lambda m: m.exact({"A": {"B": 1}}), [{"A": {"B": 1}}, {"A": {"B": 1, "C": 1}}, {"A": {"B": 1}, "D": 1}]),
    ("array_with", lambda m: m.array_with(["a", "c"]), [["a", "b", "c"], ["c", "a"], ["a"], [], "ac", ["a", "a", "c"]]),
    ("array_with objects", lambda m: m.array_with([{"A": 1}]), [[{"A": 1}, 2], [{"A": 1, "B": 1}], [2, {"A": 1}]]),
    ("array_with object_like", lambda m: m.array_with([m.object_like({"A": 1})]),
     [[2, {"A": 1, "B": 1}], [{"B": 1}], []]),
    ("array_with nothing", lambda m: m.array_with([]), [[], ["a"], "a"]),
    ("array_with arrays", lambda m: m.array_with([["a"]]), [[["a"], 1], [["a", "b"]], ["a"]]),
    ("array_equals", lambda m: m.array_equals(["a", m.any_value()]), [["a", 1], ["a"], ["a", 1, 2], ["b", 1], {}]),
    ("array_equals of objects", lambda m: m.array_equals([{"A": 1}]), [[{"A": 1}], [{"A": 1, "B": 1}]]),
    ("any_value", lambda m: m.any_value(), [1, "", False, [], {}, None]),
    ("absent", lambda m: m.absent(), [1, ""]),
    ("absent inside", lambda m: {"A": m.absent(), "B": 1}, [{"B": 1}, {"A": 1, "B": 1}, {"A": None, "B": 1}]),
    ("not", lambda m: m.not_("a"), ["b", "a", 1, []]),
    ("not object", lambda m: m.not_({"A": 1}), [{"A": 1}, {"A": 1, "B": 1}, {"A": 2}]),
    ("not object_like", lambda m: m.not_(m.object_like({"A": 1})), [{"A": 1, "B": 1}, {"A": 2}, {}]),
    ("not array_with", lambda m: m.not_(m.array_with(["a"])), [["a", "b"], ["b"], []]),
    ("not absent", lambda m: {"A": m.not_(m.absent())}, [{"A": 1}, {}]),
    ("not any_value", lambda m: {"A": m.not_(m.any_value())}, [{"A": 1}, {}]),
    ("serialized_json", lambda m: m.serialized_json({"A": 1}), ['{"A": 1}', '{"A": 1, "B": 1}', "{", 1, '"A"', "[]"]),
    ("serialized_json like", lambda m: m.serialized_json(m.object_like({"A": 1})), ['{"A": 1, "B": 1}', '{"B": 1}']),
    ("string_like_regexp", lambda m: m.string_like_regexp("b+c"), ["abbc", "ac", "BC"]),
    ("string_like_regexp anchored", lambda m: m.string_like_regexp("^b$"), ["b", "abc", "a\nb\nc"]),
    ("capture-like nesting", lambda m: {"A": m.array_with([m.object_like({"B": m.array_with(["x"])})])},
     [{"A": [{"B": ["y"]}, {"B": ["x", "y"], "C": 1}]}, {"A": [{"B": ["y"]}]}, {}]),
]  # fmt: skip


def _matches(pattern: Any, value: Any) -> bool:
    return matcher_of({"X": pattern}, partial=True).test({"X": value}).matched


def test_every_pattern_means_what_it_means_to_cdk(cdk: Any) -> None:
    """For every row and value, CDK's `has_resource_properties` and ours agree."""
    values = {f"{row}-{at}": value for row, (_, _, them) in enumerate(TABLE) for at, value in enumerate(them)}
    resources = {
        "".join(name for name in key.title() if name.isalnum()): {"Type": f"T::T{key}", "Properties": {"X": value}}
        for key, value in values.items()
    }
    theirs = cdk.Template.from_string(json.dumps({"Resources": resources}))  # from_json drops null
    disagree = []
    for row, (name, pattern, them) in enumerate(TABLE):
        for at, value in enumerate(them):
            try:
                theirs.has_resource_properties(f"T::T{row}-{at}", {"X": pattern(cdk.Match)})
                expected = True
            except RuntimeError:
                expected = False
            if _matches(pattern(Match), value) is not expected:
                disagree.append((name, value, expected))
    assert len(values) > 100
    assert disagree == []


@pytest.mark.parametrize("pattern", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_pattern_of_the_table_can_match(pattern: Callable[[M], Any]) -> None:
    """Otherwise the table would prove nothing of it."""
    values = next(row[2] for row in TABLE if row[1] is pattern)
    verdicts = {_matches(pattern(Match), value) for value in values}
    never = pattern in {row[1] for row in TABLE if row[0] in {"absent", "not any_value"}}
    assert verdicts == ({False} if never else {True, False})


def test_null_is_a_value() -> None:
    assert _matches(None, None)
    assert not _matches(None, 0)
    assert not Match.any_value().test(ABSENT).matched
    assert Match.absent().test(ABSENT).matched
    assert not Match.exact("a").test(ABSENT).matched


def test_captures_count_only_if_the_whole_matched(cdk: Any) -> None:
    """The same values in the same order as with CDK."""
    resources = {
        "A": {"Type": "T::T::T", "Properties": {"Name": "a", "Size": 1}},
        "B": {"Type": "T::T::T", "Properties": {"Name": "b", "Size": 2}},
        "C": {"Type": "T::T::T", "Properties": {"Name": "c", "Size": 1}},
    }
    theirs, ours = cdk.Capture(), Capture()
    cdk.Template.from_json({"Resources": resources}).has_resource_properties("T::T::T", {"Name": theirs, "Size": 1})
    for resource in resources.values():
        outcome = Match.object_like({"Name": ours, "Size": 1}).test(resource["Properties"])
        for captured in outcome.captures if outcome.matched else ():
            captured.capture.keep(captured.value)
    seen = []
    for capture in (theirs, ours):
        seen.append([capture.as_string()])
        while capture.next():
            seen[-1].append(capture.as_string())
    assert seen == [["a", "c"], ["a", "c"]]


def test_a_capture_gives_the_value_in_its_type() -> None:
    capture = Capture()
    with pytest.raises(StackAssertionError, match="nothing was captured"):
        capture.as_string()
    for name in ("a", 1, True, [1], {"A": 1}):
        capture.keep(name)
    assert capture.as_string() == "a"
    with pytest.raises(StackAssertionError, match='expected to have captured number, found string: "a"'):
        capture.as_number()
    assert capture.next()
    assert capture.as_number() == 1
    assert capture.next()
    assert capture.as_boolean() is True
    assert capture.next()
    assert capture.as_array() == [1]
    assert capture.next()
    assert capture.as_object() == {"A": 1}
    assert not capture.next()


def test_a_capture_may_have_a_pattern_and_needs_a_value() -> None:
    assert Capture({"A": 1}).test({"A": 1, "B": 2}).matched
    assert not Capture({"A": 1}).test({"A": 2}).matched
    assert not Capture().test(None).matched
    assert not Capture().test(ABSENT).matched


def test_exact_takes_no_matcher() -> None:
    with pytest.raises(StackAssertionError, match="takes a plain value"):
        Match.exact(Match.any_value())


@pytest.mark.parametrize("inner", [Match.absent(), Match.any_value()])
def test_array_with_takes_nothing_that_says_nothing(inner: Matcher) -> None:
    with pytest.raises(StackAssertionError, match="says nothing of any element"):
        Match.array_with([inner])


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a", "b", [("", 'expected "a", found "b"')]),
        ({"A": 1}, {}, [("/A", "expected 1, found nothing")]),
        (Match.object_equals({}), {"a/b": 1}, [("/a~1b", "not expected, found 1")]),
        ({"A": {"B": 1}}, {"A": {"B": 2}}, [("/A/B", "expected 1, found 2")]),
        ({}, [], [("", "expected an object, found []")]),
        ([1], [1, 2], [("", "expected 1 elements, found 2")]),
        ([1], [2], [("/0", "expected 1, found 2")]),
        ([1], 1, [("", "expected an array, found 1")]),
        (Match.array_with([9]), [], [("", "no element matches number 0 of the pattern, 9")]),
        (
            Match.array_with([{"A": 1, "B": 1}]),
            [{"A": 2, "B": 2}, {"A": 1, "B": 2}],
            [
                ("", 'no element matches number 0 of the pattern, {"A": 1, "B": 1}'),
                ("/1/B", "expected 1, found 2"),
            ],
        ),
        (Match.not_(1), 1, [("", "expected anything but 1, found 1")]),
        (Match.any_value(), None, [("", "expected a value, found null")]),
        (Match.absent(), 1, [("", "expected nothing, found 1")]),
        (Match.string_like_regexp("^a"), "b", [("", 'expected a string like /^a/, found "b"')]),
        (Match.serialized_json(1), 1, [("", "expected JSON in a string, found 1")]),
        (Match.serialized_json(1), "{", [("", 'expected JSON in a string, found "{"')]),
        (Match.serialized_json({"A": 1}), '{"A": 2}', [("/(serialized JSON)/A", "expected 1, found 2")]),
        ({"A": Match.any_value()}, {}, [("/A", "expected any value, found nothing")]),
        ({"A": Match.not_(Match.absent())}, {}, [("/A", "expected anything but Match.absent(), found nothing")]),
        ({"A": Match.string_like_regexp("a")}, {}, [("/A", "expected a string like /a/, found nothing")]),
        ({"A": Capture()}, {}, [("/A", "expected a value to capture, found nothing")]),
        ({"A": Match.serialized_json(1)}, {}, [("/A", "expected JSON like 1, found nothing")]),
        ({"A": Match.exact([1])}, {}, [("/A", "expected [1], found nothing")]),
        ({"A": Match.array_with([Match.object_like({"B": 1})])}, {}, [("/A", 'expected [{"B": 1}], found nothing')]),
    ],
)  # fmt: skip
def test_a_mismatch_says_where_and_what(pattern: Any, value: Any, expected: list[tuple[str, str]]) -> None:
    outcome = matcher_of(pattern, partial=True).test(value)
    assert [(mismatch.path, mismatch.message) for mismatch in outcome.mismatches] == expected


def test_a_long_value_is_cut() -> None:
    (mismatch,) = Match.exact("a").test("b" * 500).mismatches
    assert len(mismatch.message) < 150
    assert mismatch.message.endswith("...")


def test_a_matcher_of_ones_own() -> None:
    class Even(Matcher):
        def test(self, actual: object) -> MatchOutcome:
            return MatchOutcome() if actual in (0, 2, 4) else Match.absent().test(actual)

    assert _matches(Even(), 2)
    assert not _matches([Even()], [3])
