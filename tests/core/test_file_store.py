"""What is remembered comes back whole or not at all, also when many write at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.core.file_store import FileStore
from stackproof.core.json import digest

KEY = digest("key")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return FileStore(tmp_path_factory.mktemp("store"))


@given(value=VALUES)
def test_what_was_put_comes_back(store: FileStore, value: object) -> None:
    store.put("any", KEY, value)  # type: ignore[arg-type]
    assert store.get("any", KEY) == value


def test_kinds_and_keys_are_apart(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("engine", KEY, 1)
    assert store.get("engine", digest("other")) is None
    assert store.get("proof", KEY) is None


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "{}", '{"digest": "0", "value": 1}', '{"value": 1}', "[" * 100_000],
    ids=["empty", "cut", "list", "nothing", "other digest", "no digest", "deep"],
)
def test_a_damaged_entry_is_absent_and_removed(tmp_path: Path, damage: str) -> None:
    store = FileStore(tmp_path)
    store.put("engine", KEY, 1)
    [file] = (tmp_path / "engine").rglob("*.json")
    file.write_text(damage, encoding="utf-8")
    assert store.get("engine", KEY) is None
    assert not file.exists()


def test_many_writers_of_one_entry_leave_one_whole_entry(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.put("engine", KEY, [n] * 1000), range(64)))
    value = store.get("engine", KEY)
    assert isinstance(value, list)
    assert len(set(map(str, value))) == 1
    assert [path.suffix for path in (tmp_path / "engine").rglob("*") if path.is_file()] == [".json"]


def test_a_new_store_is_ignored_by_git(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    FileStore(folder).put("engine", KEY, 1)
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
