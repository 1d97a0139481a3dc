"""The list as a file: the same bytes for the same list, and the same list for the same bytes."""

from __future__ import annotations

import json

from stackproof.policy.versions.engine_version import AllowList, Status, Version
from stackproof.policy.versions.writing import written
from tests.policy.versions.sample import PACKAGED, allow_list, family


def test_what_is_written_is_read_as_it_was() -> None:
    assert AllowList.from_dict(json.loads(written(PACKAGED))) == PACKAGED


def test_one_version_stands_on_a_line_and_ten_comes_after_nine() -> None:
    versions = {name: Version(status=Status.CREATABLE) for name in ("1.10", "1.9")}
    lines = [line.strip() for line in written(allow_list(eks=family(versions=versions))).splitlines()]
    at = [n for n, line in enumerate(lines) if line.startswith(('"1.9"', '"1.10"'))]
    assert lines[at[0]].startswith('"1.9"')
    assert at[1] == at[0] + 1


def test_a_list_without_anything_is_a_list() -> None:
    empty = AllowList(as_of="2026-10-01", regions=("us-east-1",))
    assert AllowList.from_dict(json.loads(written(empty))) == empty
