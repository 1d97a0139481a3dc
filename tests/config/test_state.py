"""Caches are removed; the memory of audits and notes about what still runs are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.config.state import CacheUse, cache_use, clean_cache, state_folder
from stackproof.core.file_store import FileStore

KEPT = ("audits.db", "audits.db-wal", "ephemeral/sp-1.json", "target.json", "mine.db")
CACHES = ("store/engine/ab/abc.json", "synth/abc/manifest.json", "fleet/run-1/tasks/a.json", "scan.lock")


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("four", encoding="utf-8")


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_only_caches_are_counted_and_removed(tmp_path: Path) -> None:
    folder = state_folder(tmp_path / ".stackproof")
    fill(folder, *KEPT, *CACHES)
    others = ("audits.db", "audits.db-wal", "ephemeral", "mine.db", "target.json")
    assert cache_use(folder) == CacheUse(files=4, bytes=16, others=others)
    clean_cache(folder)
    assert files_in(folder) == {".gitignore", *KEPT}
    assert cache_use(folder) == CacheUse(files=0, bytes=0, others=others)


@pytest.mark.parametrize("kept", KEPT)
def test_one_thing_that_is_not_a_cache_keeps_the_folder(tmp_path: Path, kept: str) -> None:
    folder = state_folder(tmp_path / ".stackproof")
    fill(folder, kept, *CACHES)
    clean_cache(folder)
    assert files_in(folder) == {".gitignore", kept}


def test_a_folder_with_caches_alone_is_removed(tmp_path: Path) -> None:
    folder = state_folder(tmp_path / ".stackproof")
    FileStore(folder / "store").put("engine", "abc", 1)
    (folder / "ephemeral").mkdir()
    assert cache_use(folder).others == ()
    clean_cache(folder)
    assert not folder.exists()


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    clean_cache(tmp_path / "none")
    assert cache_use(tmp_path / "none") == CacheUse(files=0, bytes=0)
