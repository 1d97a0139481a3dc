"""A report's file is whole or as it was, and what cannot be written is known before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import pytest

from stackproof.core.errors import ConfigError
from stackproof.reporters.file import require_writable, write_file


def broken(stream: IO[str]) -> None:
    stream.write("half")
    raise RuntimeError("no more")


def test_a_report_that_could_not_be_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError):
        write_file(file, broken)
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert file.read_text(encoding="utf-8") == "old"


def test_folders_are_made_and_what_no_encoding_has_is_escaped(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b.txt", lambda stream: stream.write("ü \udc80"))
    assert (tmp_path / "a" / "b.txt").read_text(encoding="utf-8") == "ü \\udc80"


def test_a_link_is_followed_and_a_device_written_to_and_neither_replaced(tmp_path: Path) -> None:
    link, file, pipe = tmp_path / "link", tmp_path / "file", tmp_path / "pipe"
    link.symlink_to(file)
    write_file(link, lambda stream: stream.write("x"))
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "x"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    require_writable(pipe)
    write_file(pipe, lambda stream: stream.write("y"))
    assert os.read(reader, 9) == b"y"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "said"),
    [("none/r.json", "there is no such folder"), ("file/r.json", "is not a folder"), ("folder", "is a folder")],
)
def test_a_place_that_takes_no_file_is_an_error_that_names_it(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=said):
        require_writable(tmp_path / name)
    require_writable(tmp_path / "folder" / "r.json")
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that takes no files")
def test_a_folder_that_takes_no_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        require_writable(Path("/proc/r.json"))
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_file(tmp_path / "file" / "r.json", lambda _: None)
