"""Controls of the package and of a project, as one mapping from rules."""

from __future__ import annotations

from stackproof.core.notification import Level
from stackproof.policy.control import Control, by_rule

SHIPPED = Control(
    id="DB",
    title="shipped",
    level=Level.ERROR,
    waivable=False,
    rules={"cfn_lint": ("E1", "E2"), "checkov": ("CKV_1",)},
    references={"cis": ("3.0.0/1",)},
)


def test_every_rule_of_every_engine_has_its_control() -> None:
    assert by_rule([SHIPPED]) == {"E1": SHIPPED, "E2": SHIPPED, "CKV_1": SHIPPED}
    assert SHIPPED.rule_ids == ("CKV_1", "E1", "E2")


def test_a_project_extends_a_control_of_the_package_and_words_it_anew() -> None:
    own = Control(id="DB", title="ours", rules={"guard": ("db",)}, references={"cis": ("3.0.0/2",)})
    found = by_rule([SHIPPED], [own])
    assert set(found) == {"E1", "E2", "CKV_1", "db"}
    control = found["E1"]
    assert control == found["db"]
    assert (control.title, control.level, control.waivable) == ("ours", Level.ERROR, False)
    assert control.references == {"cis": ("3.0.0/1", "3.0.0/2")}


def test_a_rule_that_a_project_claims_leaves_the_control_of_the_package() -> None:
    own = Control(id="OURS", title="ours", level=Level.NOTE, rules={"cfn_lint": ("E1",)})
    found = by_rule([SHIPPED], [own])
    assert (found["E1"].id, found["E2"].id) == ("OURS", "DB")
