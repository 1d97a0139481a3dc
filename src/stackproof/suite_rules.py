"""Rules about test code itself: tests that cannot fail, or that fail whatever the stack is like.

SP001  a placeholder: the body only fails, skips, passes or asserts a constant.
SP002  a rigid count: a test of a live account compares the number of what it found with a literal. It breaks on a
       redeployed or shared account, and passes on the wrong resources; expectations come from the template.
SP003  every assertion stands in a loop: over nothing, the test passes without a look.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["SuiteFinding", "judge_test"]

_GIVING_UP = frozenset({"fail", "skip", "skipTest", "xfail"})
_NOT_IMPLEMENTED = frozenset({"NotImplementedError", "AssertionError"})
_ASSERTIONS = ("assert", "Assert", "has_", "all_resources")
_OTHER_ASSERTIONS = frozenset(
    {"raises", "warns", "check", "resource_count_is", "resource_properties_count_is", "template_matches"}
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SuiteFinding:
    """What is wrong with one test function, and at which line of its source (from 1)."""

    line: int
    rule_id: str
    message: str


def judge_test(source: str, *, live: bool) -> tuple[SuiteFinding, ...]:
    """Judge the dedented source of one test function; `live` is True if it looks at an account.

    A source that does not parse has no findings: Python itself has refused it already.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    function = next((each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    if function is None:
        return ()
    found = [*_placeholder(function), *_only_in_loops(function)]
    if live:
        found.extend(_rigid_counts(function))
    return tuple(sorted(found))


def _statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """The body without a docstring."""
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:]
    return body


def _placeholder(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[SuiteFinding]:
    statements = _statements(function)
    if all(_says_nothing(each) for each in statements):
        line = statements[0].lineno if statements else function.lineno
        yield SuiteFinding(line=line, rule_id="SP001", message="a placeholder: nothing in this test looks at the stack")


def _says_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Assert(test=ast.Constant()) | ast.Return(value=None):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name in _GIVING_UP
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name)) | ast.Name(id=name)):
            return name in _NOT_IMPLEMENTED
        case _:
            return False


def _asserts(node: ast.AST) -> bool:
    """Whether it asserts: `assert`, `self.assertX(…)`, `x.assert_y(…)`, `pytest.raises`, the template's methods."""
    match node:
        case ast.Assert():
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name.startswith(_ASSERTIONS) or name in _OTHER_ASSERTIONS
        case _:
            return False


def _only_in_loops(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[SuiteFinding]:
    """A loop over a literal runs; one over what was found may not."""
    outside, loops = _split(_statements(function))
    if outside or not loops:
        return
    first = min(loops, key=lambda one: one.lineno)
    yield SuiteFinding(
        line=first.lineno,
        rule_id="SP003",
        message=(
            "every assertion stands in a loop, so the test passes if there is nothing to loop over: "
            "assert first that something is there"
        ),
    )


def _split(statements: Iterable[ast.stmt]) -> tuple[bool, list[ast.For | ast.AsyncFor]]:
    """Whether something is asserted outside of loops, and the loops with assertions in them."""
    outside = False
    loops: list[ast.For | ast.AsyncFor] = []
    for statement in statements:
        if isinstance(statement, ast.For | ast.AsyncFor):
            if _surely_runs(statement):
                inner, more = _split(statement.body)
                outside, loops = outside or inner, loops + more
            elif any(_asserts(each) for each in ast.walk(statement)):
                loops.append(statement)
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.If | ast.Try):
            inner, more = _split(_inside(statement))
            guards = isinstance(statement, ast.With | ast.AsyncWith) and any(
                _asserts(each) for item in statement.items for each in ast.walk(item)
            )
            outside, loops = outside or inner or guards, loops + more
        else:
            outside = outside or any(_asserts(each) for each in ast.walk(statement))
    return outside, loops


def _surely_runs(loop: ast.For | ast.AsyncFor) -> bool:
    """A loop over a literal with something in it runs."""
    if not isinstance(loop.iter, ast.List | ast.Tuple | ast.Set):
        return False
    return any(not isinstance(each, ast.Starred) for each in loop.iter.elts)


def _inside(statement: ast.With | ast.AsyncWith | ast.If | ast.Try) -> list[ast.stmt]:
    if isinstance(statement, ast.If):
        return [*statement.body, *statement.orelse]
    if isinstance(statement, ast.Try):
        return [*statement.body, *statement.orelse, *statement.finalbody]
    return statement.body


def _rigid_counts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[SuiteFinding]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq):
            continue
        sides = (node.left, node.comparators[0])
        counted = any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == "len" for each in sides)
        number = next(
            (each.value for each in sides if isinstance(each, ast.Constant) and isinstance(each.value, int)), None
        )
        if counted and number is not None and number > 1:
            yield SuiteFinding(
                line=node.lineno,
                rule_id="SP002",
                message=f"a rigid count of {number}: what is deployed changes; take the number from the template",
            )
