"""What cfn-lint and the dates of support tell, as snapshots; the list of the package is made of just these."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from stackproof.core.errors import EngineError
from stackproof.policy.versions.engine_version import Claim
from stackproof.policy.versions.sources.cfn_lint import read_cfn_lint
from stackproof.policy.versions.sources.lifecycle import read_lifecycle
from tests.fakes import written

LISTS = {
    "allOf": [
        {"if": {"properties": {"Engine": {"type": "string"}}}},
        {
            "if": {"properties": {"Engine": {"const": "mysql"}}},
            "then": {"properties": {"EngineVersion": {"enum": ["8.0.1", "8.0.2", 8.0]}}},
        },
        {
            "if": {"properties": {"Engine": {"const": "unheard-of"}}},
            "then": {"properties": {"EngineVersion": {"enum": ["1"]}}},
        },
    ]
}
GONE = {"allOf": [{"if": {"properties": {"Engine": {"const": "mysql"}, "EngineVersion": {"enum": ["8.0.1"]}}}}]}
LIFECYCLE = {
    "python3.8": {"deprecated": "2024-10-14", "create-block": "2027-02-01", "successor": "python3.14"},
    "dotnet9": {"deprecated": "2026-11-10", "create-block": None},
    "odd": "text",
}
FILES = {
    "schemas/version.json": {"schema_date": "2026-01-01T00:00:00Z"},
    "schemas/extensions/aws_rds_dbinstance/engine_version.json": LISTS,
    "schemas/extensions/aws_rds_dbinstance/engine_version_deprecated.json": GONE,
    "schemas/extensions/aws_rds_dbcluster/engine_version.json": {},
    "schemas/extensions/aws_rds_dbcluster/engine_version_deprecated.json": {},
    "schemas/extensions/aws_elasticache_cachecluster/engine_version.json": {},
    "schemas/providers/us-east-1.json": {"AWS::Lambda::Function": "f", "AWS::DocDB::DBCluster": "d"},
    "schemas/resources/f.json": {"properties": {"Runtime": {"enum": ["python3.8", "nodejs26.x"]}}},
    "schemas/resources/d.json": {"properties": {}},
    "AdditionalSpecs/LmbdRuntimeLifecycle.json": LIFECYCLE,
}


def folder(path: Path, **changes: object) -> Path:
    return written(path, {name: json.dumps(member) for name, member in {**FILES, **changes}.items()})


def test_cfn_lints_files_are_a_snapshot(tmp_path: Path) -> None:
    found = read_cfn_lint(folder(tmp_path))
    assert found.source.as_of == "2026-01-01T00:00:00Z"
    assert found.source.region == "us-east-1"
    assert sorted(found.families) == ["lambda", "rds/mysql"]
    assert found.families["rds/mysql"].listing == {"8.0.1": Claim.DEPRECATED, "8.0.2": Claim.CREATABLE}
    runtimes = found.families["lambda"]
    assert runtimes.listing is not None
    assert runtimes.listing["nodejs26.x"] is Claim.CREATABLE
    assert runtimes.listing["dotnet9"] is Claim.ABSENT
    assert runtimes.dates["python3.8"]["create_block"] == date(2027, 2, 1)
    assert runtimes.dates["dotnet9"] == {"deprecated_on": date(2026, 11, 10)}
    assert runtimes.successors == {"python3.8": "python3.14"}


def test_the_hash_is_that_of_what_was_read(tmp_path: Path) -> None:
    one, same = (read_cfn_lint(folder(tmp_path / name)).source.sha256 for name in "ab")
    other = read_cfn_lint(folder(tmp_path / "c", **{"schemas/resources/d.json": {}})).source.sha256
    assert one == same != other


@pytest.mark.parametrize(("text", "said"), [("{", "cannot be read"), ("[]", "is not a JSON object")])
def test_files_that_are_not_as_expected_are_said(tmp_path: Path, text: str, said: str) -> None:
    held = folder(tmp_path)
    (held / "schemas/version.json").write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=said):
        read_cfn_lint(held)


def test_the_installed_cfn_lint_tells_what_the_list_rests_on() -> None:
    found = read_cfn_lint()
    postgres = found.families["rds/postgres"].listing
    assert postgres is not None
    assert postgres["15.3"] is Claim.DEPRECATED
    assert found.source.version is not None


def test_the_dates_of_the_package() -> None:
    found = read_lifecycle()
    assert found.families["rds/postgres"].cycles["15"] == (date(2028, 2, 29), date(2031, 2, 28))
    assert found.families["rds/postgres"].cycles["9.6"] == (date(2022, 4, 30), True)
    assert found.families["rds/postgres"].dates["15.8"] == {"first_seen": date(2024, 8, 8)}
    assert found.families["rds/mariadb"].cycles["10.5"] == (date(2026, 8, 31), False)
    mysql = found.families["rds/mysql"]
    assert set(mysql.cycles) == {"5.6", "5.7", "8.0", "8.4"}
    assert mysql.dates["8.4.5"] == {"first_seen": date(2025, 4, 15), "minor_support_end": date(2026, 9, 30)}
    assert found.families["lambda"].dates["python3.9"]["deprecated_on"] == date(2025, 12, 15)
    assert found.families["lambda"].cycles == {}


@pytest.mark.parametrize("raw", [b"{", b"{}", b'{"families": []}', b'{"as_of": "x", "families": {"eks": {}}}'])
def test_dates_that_cannot_be_read_are_said(raw: bytes) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        read_lifecycle(raw)
