"""A baseline's file has one form for one content, and anything else is refused with file and path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.config.baseline import baseline_text, load_baseline
from stackproof.core.errors import ConfigError
from stackproof.policy.baseline_file import Baseline, BaselineKey

words = st.text(st.characters(codec="utf-8"), max_size=4)
rules = st.sets(st.sampled_from(["E1", "W2", "CKV_1"]), min_size=1).map(lambda found: tuple(sorted(found)))
baselines = st.dictionaries(
    st.builds(BaselineKey, stack=words, file=words, place=words, rules=rules), st.integers(1, 9), max_size=4
)
ENTRY = {"stack": "S", "file": "", "place": "Topic", "rules": ["E1"], "count": 1}


@given(baselines)
def test_a_baseline_that_was_written_and_read_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, held: Baseline
) -> None:
    file = tmp_path_factory.mktemp("b") / "b.json"
    file.write_text(baseline_text(held), encoding="utf-8")
    assert load_baseline(file) == held


@given(baselines)
def test_the_order_of_the_findings_does_not_show(held: Baseline) -> None:
    assert baseline_text(dict(reversed(list(held.items())))) == baseline_text(held)


def test_an_entry_is_a_line() -> None:
    held = {BaselineKey(stack=name, file="", place="ü", rules=("E1", "W2")): 2 for name in ("T", "S")}
    assert baseline_text(held).splitlines() == [
        '{"format":1,"entries":[',
        '{"count":2,"file":"","place":"ü","rules":["E1","W2"],"stack":"S"},',
        '{"count":2,"file":"","place":"ü","rules":["E1","W2"],"stack":"T"}',
        "]}",
    ]
    assert baseline_text({}) == '{"format":1,"entries":[]}\n'


def text(*entries: object, **more: object) -> str:
    return json.dumps({"format": 1, "entries": list(entries), **more})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "b.json: is not valid JSON"),
        ("{", "b.json: is not valid JSON"),
        ("[]", "b.json: is a list: give a mapping of keys to values"),
        ("[" * 100_000, "b.json: is not valid JSON"),
        (b"\xff", "b.json: is not valid JSON"),
        ('{"format": 1, "format": 1, "entries": []}', "b.json: is not valid JSON: the key 'format' occurs twice"),
        ("{}", "b.json: 'format' and 'entries' are missing: add them"),
        (text(format=2), "b.json: format: 2 is not as expected: give 1"),
        (text(more=1), "b.json: more: unknown key: known are format and entries"),
        (text("x"), "b.json: entries[0]: 'x' is text: give a mapping"),
        (text(ENTRY, {**ENTRY, "place": "B", "count": 0}), "b.json: entries[1].count: 0 is too small: give 1 or more"),
        (text({**ENTRY, "count": True}), "b.json: entries[0].count: true is a switch: give a whole number"),
        (text({**ENTRY, "count": 1.0}), "b.json: is not valid JSON: 1.0 is not a whole number"),
        (text({**ENTRY, "count": float("nan")}), "b.json: is not valid JSON: NaN is not a whole number"),
        (text({**ENTRY, "rules": []}), "b.json: entries[0].rules: is empty: give at least one entry"),
        (text({**ENTRY, "rules": ["b", "a"]}), "b.json: entries[0].rules: are not sorted"),
        (text({**ENTRY, "rules": ["a", "a"]}), "b.json: entries[0].rules: are not sorted"),
        (text({**ENTRY, "line": 3}), "b.json: entries[0].line: unknown key: known are stack,"),
        (text(ENTRY, ENTRY), "b.json: entries[1]: an earlier entry is for the same place and rules"),
        (" " * 50_000_001, "b.json: is larger than 50,000,000 bytes"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_is_wrong_is_said_with_file_and_path(in_tmp_path: Path, content: str | bytes, message: str) -> None:
    file = in_tmp_path / "b.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load_baseline(Path("b.json"))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(in_tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^b\.json: cannot be read: No such file"):
        load_baseline(Path("b.json"))
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        load_baseline(in_tmp_path)
