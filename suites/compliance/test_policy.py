"""Every rule of every engine on every stack, as a separate item: `-k`, xdist and JUnit work on it."""

from __future__ import annotations

from stackproof.testing import RuleVerdict


def test_rule_holds(rule_verdict: RuleVerdict) -> None:
    """The rule evaluated the stack and found nothing that is not waived."""
    rule_verdict.check()
