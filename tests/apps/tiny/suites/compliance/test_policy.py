"""Every rule on every stack."""


def test_rule_holds(rule_verdict):
    rule_verdict.check()
