"""What CDK's own constructs make, deployed and proven: nothing differs, and nothing is passed over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project, stackproof

pytestmark = pytest.mark.usefixtures("processes")

REASONS = {"not_emulated", "unresolved", "write_only"}


def test_sixty_types_of_constructs_are_all_there_and_none_differs(tmp_path: Path) -> None:
    folder = project("constructs", tmp_path)
    targets = ("--target", "moto,ministack")
    done = stackproof(folder, "prove", *targets, "--format", "json", "--output", "report.json")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["differences"] == []
    assert done.returncode == 0, done.stdout + done.stderr
    resources, properties = report["coverage"]["resources"], report["coverage"]["properties"]
    assert resources["proven"] == resources["total"] > 110
    assert properties["proven"] > 0.95 * properties["total"]
    assert {row["reason"] for row in report["unproven"]} <= REASONS
    assert report["targets"]["ministack"]["resources"]["proven"] > 90
