"""Rules about test code itself: tests that cannot fail, or that fail whatever the stack is like.

SP001  a placeholder: the body only fails, skips, passes or asserts a constant.
SP002  a rigid count: a test of a live account compares the number of what it found with a literal. It breaks on a
       redeployed or shared account, and passes on the wrong resources; expectations come from the template.
SP003  the test may pass without an assertion: each is in a loop or an `all(…)` over results that may be
       empty, asserts that no result is wrong, is under an `if`, or is after an early return.
SP004  no assertion: nothing in the test asserts anything that may fail, or an `except` swallows what does.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from stackproof.suite_rules.paths import Paths, paths_of
from stackproof.suite_rules.syntax import Function, asserts, body_of, is_placeholder

__all__ = ["SuiteFinding", "asserts_something", "evaluate_test"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SuiteFinding:
    """A finding in one test function, at a line of its source (from 1)."""

    line: int
    rule_id: str
    message: str


def evaluate_test(source: str, *, live: bool, helpers: Collection[str] = ()) -> tuple[SuiteFinding, ...]:
    """Evaluate the dedented source of one test function; `live` is True if it reads an account.

    `helpers` are names of functions that assert something themselves, beside those whose names begin so. A source that
    does not parse has no findings: Python itself has refused it already.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    function = next((statement for statement in body if isinstance(statement, Function)), None)
    if function is None:
        return ()
    found = [*_placeholder(function)] or [*_unasserted(function, paths_of(function, helpers))]
    if live:
        found.extend(_rigid_counts(function))
    return tuple(sorted(found))


def asserts_something(source: str) -> bool:
    """Whether the dedented source of a helper asserts anything."""
    try:
        return any(asserts(node, ()) for node in ast.walk(ast.parse(source)))
    except SyntaxError:
        return False


def _placeholder(function: Function) -> Iterator[SuiteFinding]:
    statements = body_of(function)
    if all(is_placeholder(statement) for statement in statements):
        line = statements[0].lineno if statements else function.lineno
        yield SuiteFinding(line=line, rule_id="SP001", message="a placeholder: nothing in this test checks the stack")


def _unasserted(function: Function, paths: Paths) -> Iterator[SuiteFinding]:
    for line in paths.swallowed:
        message = "an assertion whose failure is swallowed: let it pass through, or fail where it is caught"
        yield SuiteFinding(line=line, rule_id="SP004", message=message)
    ahead = [gap for gap in paths.gaps if gap.line > 0]
    if ahead:
        yield SuiteFinding(line=ahead[0].line, rule_id="SP003", message=ahead[0].why)
    elif paths.gaps and not paths.swallowed:
        first = body_of(function)[0].lineno
        if paths.asserts:
            message = "a path through this test asserts nothing"
            yield SuiteFinding(line=first, rule_id="SP003", message=message)
        else:
            yield SuiteFinding(line=first, rule_id="SP004", message="nothing in this test asserts anything")


def _rigid_counts(function: Function) -> Iterator[SuiteFinding]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
            continue
        sides = (node.left, node.comparators[0])
        counted = any(isinstance(side, ast.Call) and getattr(side.func, "id", "") == "len" for side in sides)
        number = next(
            (side.value for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, int)), None
        )
        if counted and number is not None and number > 1:
            yield SuiteFinding(
                line=node.lineno,
                rule_id="SP002",
                message=f"a rigid count of {number}: deployed resources change; take the number from the template",
            )
