"""`controls.yaml` is read strictly, and the one of the package is in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.config.controls import SHIPPED, controls_by_rule, load_controls
from stackproof.config.policy_file import load_policy_file
from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.policy.control import Control
from tests.fakes import written

TEXT = """\
controls:
  DB-KEPT:
    title: Databases are kept
    level: error
    waivable: false
    cfn_lint: [E9501]
    guard: [kept]
    nist_800_53: [CP-9]
  LOGS:
    title: Logs are kept
    checkov: [CKV_AWS_66]
"""


def file(folder: Path, text: str) -> Path:
    return written(folder, {"controls.yaml": text}) / "controls.yaml"


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    assert load_controls(file(tmp_path, TEXT)) == (
        Control(
            id="DB-KEPT",
            title="Databases are kept",
            level=Level.ERROR,
            waivable=False,
            rules={"cfn_lint": ("E9501",), "guard": ("kept",)},
            references={"nist_800_53": ("CP-9",)},
        ),
        Control(id="LOGS", title="Logs are kept", rules={"checkov": ("CKV_AWS_66",)}),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level: error", "grade: error", "controls.yaml:4: controls.DB-KEPT.grade: unknown key: "),
        (
            "level: error",
            "level: fatal",
            r"controls.yaml:4: controls.DB-KEPT.level: 'fatal' is none of error, warning and note",
        ),
        (
            "cfn_lint: [E9501]",
            "cfn_lint: [E1, E1]",
            r"controls.yaml:6: controls.DB-KEPT.cfn_lint\[1\]: 'E1' is there already",
        ),
        (
            "cfn_lint: [E9501]",
            "cfn_lint: [9501]",
            r"controls.yaml:6: controls.DB-KEPT.cfn_lint\[0\]: 9501 is a number: give text, in quotes",
        ),
        ("    checkov: [CKV_AWS_66]\n", "", "controls.yaml:9: controls.LOGS: "),
        ("LOGS:", "logs:", "controls.yaml:.*logs"),
        (
            "[CKV_AWS_66]",
            "[CKV_AWS_1, E9501]",
            r"controls.yaml:11: controls.LOGS.checkov\[1\]: the rule E9501 belongs to the control DB-KEPT already",
        ),
        ("controls:", "control:", "controls.yaml:1: "),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_path(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_controls(file(tmp_path, TEXT.replace(old, new, 1)))


def test_a_rule_may_be_of_several_engines_in_one_control(tmp_path: Path) -> None:
    text = TEXT.replace("guard: [kept]", "cloudformation_validate: [E9501]")
    assert load_controls(file(tmp_path, text))[0].rule_ids == ("E9501",)


def test_outside_of_a_project_the_controls_of_the_package_hold(tmp_path: Path) -> None:
    alone = controls_by_rule(tmp_path / "controls.yaml")
    with_project = controls_by_rule(file(tmp_path, TEXT))
    assert alone["CKV_AWS_16"].id == "RDS-ENCRYPTED"
    assert alone["CKV_AWS_66"].id == "LOGS-RETENTION"
    assert (with_project["CKV_AWS_66"].id, with_project["CKV_AWS_16"].id) == ("LOGS", "RDS-ENCRYPTED")


def test_the_file_of_the_package_would_be_taken_from_anybody() -> None:
    controls = load_controls(SHIPPED)
    assert (
        load_policy_file(SHIPPED, "controls.schema.json").data
        == load_policy_file(SHIPPED, "controls.schema.json", is_ours=True).data
    )
    assert len(controls) >= 60
    assert [control.id for control in controls if not control.title[0].isupper() or control.title.endswith(".")] == []
