from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.json_pointer import child, escape, overlap, steps


@given(st.lists(st.text(alphabet="~/01ab", max_size=5), max_size=4))
def test_the_steps_of_a_pointer_are_the_keys_that_it_was_made_of(keys: list[str]) -> None:
    pointer = ""
    for key in keys:
        pointer = child(pointer, key)
    assert steps(pointer) == keys


def test_a_slash_and_a_tilde_are_escaped_and_an_index_is_a_number() -> None:
    assert escape("a/b~c") == "a~1b~0c"
    assert child("/Tags", 0) == "/Tags/0"
    assert steps("") == []


def test_pointers_overlap_where_one_value_contains_the_other() -> None:
    assert overlap("/A/B", "/A/B")
    assert overlap("/A", "/A/B")
    assert overlap("/A/B/0", "/A/B")
    assert not overlap("/A/B", "/A/Bc")
    assert not overlap("/A/B", "/A/C")
