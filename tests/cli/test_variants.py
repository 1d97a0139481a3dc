"""TapStack with one line changed: the finding is at that line's construct."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.running import stackproof

pytestmark = pytest.mark.usefixtures("processes")

ROOT = Path(__file__).parents[2]


def check(folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = stackproof(folder, "check", "--format", "json", *arguments)
    report = json.loads(done.stdout)
    failing = [
        finding
        for finding in report["findings"]
        if finding["kind"] == "fail"
        and finding["level"] in {"error", "warning"}
        and not finding["suppression"]
        and not finding["generated"]
    ]
    return done.returncode, failing


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "pyproject.toml").write_text('[tool.stackproof]\napp_directory = "infra"\n', encoding="utf-8")
    return tmp_path


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / "infra" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def places(findings: list[dict[str, Any]], resource_type: str) -> set[str]:
    return {
        f"{finding['location']['file']}:{finding['location']['line']}"
        for finding in findings
        if resource_type in str(finding["location"]["resource_type"])
    }


def line(folder: Path, file: str, text: str) -> str:
    before = (folder / "infra" / file).read_text(encoding="utf-8").split(text, 1)[0]
    return f"infra/{file}:{before.count(chr(10)) + 1}"


def test_a_withdrawn_version_is_found_at_the_database(copy: Path) -> None:
    code, findings = check(copy, "-c", "postgresVersion=15.3")
    assert code == 1
    assert places(findings, "DBInstance") == {line(copy, "components/database.py", "rds.DatabaseInstance(")}


def test_a_public_database_is_found_at_the_database(copy: Path) -> None:
    edit(copy, "components/database.py", "publicly_accessible=False", "publicly_accessible=True")
    code, findings = check(copy)
    assert code == 1
    assert places(findings, "DBInstance") == {line(copy, "components/database.py", "rds.DatabaseInstance(")}


def test_a_stream_without_encryption_is_found_at_the_stream(copy: Path) -> None:
    path = copy / "infra" / "components" / "stream.py"
    text = path.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if "encryption" not in line.split("#")[0]]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    code, findings = check(copy)
    assert code == 1
    assert places(findings, "Kinesis::Stream") == {line(copy, "components/stream.py", "kinesis.Stream(")}


def test_an_open_port_is_found_at_the_line_that_opens_it(copy: Path) -> None:
    path = copy / "infra" / "tap_stack.py"
    opening = "        database.instance.connections.allow_from_any_ipv4(ec2.Port.tcp(5432))\n"
    text = path.read_text(encoding="utf-8")
    marker = next(line for line in text.splitlines(keepends=True) if "alarms" in line.lower() and "Alarms(" in line)
    path.write_text(
        "from aws_cdk import aws_ec2 as ec2\n" + text.replace(marker, opening + marker, 1), encoding="utf-8"
    )
    code, findings = check(copy)
    assert code == 1
    assert line(copy, "components/database.py", "ec2.SecurityGroup(") in places(findings, "SecurityGroup") | {
        f"{finding['location']['file']}:{finding['location']['line']}" for finding in findings
    }
