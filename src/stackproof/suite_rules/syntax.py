"""The meaning of single expressions and statements of a test, without their context."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TypeAlias

__all__ = [
    "FAILING",
    "GIVING_UP",
    "SAME_LENGTH",
    "Function",
    "asserts",
    "bindings",
    "body_of",
    "cannot_fail",
    "emptied",
    "fails",
    "gives_up",
    "is_empty",
    "is_placeholder",
    "measured",
    "mentions",
    "there_if",
]

GIVING_UP = frozenset({"fail", "skip", "skipTest", "xfail"})
_NOT_IMPLEMENTED = frozenset({"NotImplementedError", "AssertionError"})
FAILING = frozenset({"fail", *_NOT_IMPLEMENTED})
_ASSERTIONS = ("assert", "check", "ensure", "expect", "has_", "all_resources", "must_", "prove", "require", "verify")
_OTHER_ASSERTIONS = frozenset(
    {"raises", "warns", "resource_count_is", "resource_properties_count_is", "template_matches", "wait"}
)
SAME_LENGTH = frozenset({"dict", "enumerate", "frozenset", "iter", "list", "reversed", "set", "sorted", "tuple"})
_TAKING_OUT = frozenset({"pop", "popitem", "popleft", "remove"})
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def body_of(function: Function) -> list[ast.stmt]:
    """The body without a docstring."""
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:]
    return body


def is_placeholder(statement: ast.stmt) -> bool:
    """Whether it does nothing but fail, skip, pass, return or assert a constant."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Assert(test=ast.Constant()) | ast.Return(value=None):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name in GIVING_UP
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name)) | ast.Name(id=name)):
            return name in _NOT_IMPLEMENTED
        case _:
            return False


def asserts(node: ast.AST, helpers: Collection[str]) -> bool:
    """Whether it asserts: `assert`, `self.assertX(…)`, `x.assert_y(…)`, `pytest.raises`, the template's methods."""
    match node:
        case ast.Assert():
            return not cannot_fail(node.test)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            word = name.lower().lstrip("_")
            return word.startswith(_ASSERTIONS) or name in _OTHER_ASSERTIONS or name in helpers
        case _:
            return False


def cannot_fail(expression: ast.expr) -> bool:
    """Whether it is true whatever was found: a constant, a tuple that was meant as a message, `… or True`."""
    match expression:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return any(not isinstance(member, ast.Starred) for member in items)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(cannot_fail, values))
        case ast.BoolOp(values=values):
            return all(map(cannot_fail, values))
        case ast.Compare(left=left, ops=[ast.GtE()], comparators=[ast.Constant(value=0)]):
            return measured(left) is not None
        case _:
            return False


def measured(expression: ast.expr) -> ast.expr | None:
    """The value whose length `len(…)` takes, or None."""
    match expression:
        case ast.Call(func=ast.Name(id="len"), args=[counted]):
            return counted
        case _:
            return None


def is_empty(expression: ast.expr) -> bool:
    """Whether it is an empty literal, or a call such as `set()`."""
    match expression:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id=name), args=[]):
            return name in SAME_LENGTH
        case _:
            return False


def there_if(expression: ast.expr, *, holds: bool) -> Iterator[ast.expr]:
    """What there is something of if a condition holds, or if it does not."""
    match expression:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from there_if(inner, holds=not holds)
        case ast.BoolOp(op=op, values=values):
            if isinstance(op, ast.And) == holds:
                for operand in values:
                    yield from there_if(operand, holds=holds)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield from _there_by(left, op, right, holds=holds)
        case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript():
            if holds:
                yield expression


def _there_by(left: ast.expr, op: ast.cmpop, right: ast.expr, *, holds: bool) -> Iterator[ast.expr]:
    counted = measured(left)
    if is_empty(right) and isinstance(op, ast.NotEq if holds else ast.Eq):
        yield left
    elif counted is not None and isinstance(right, ast.Constant) and isinstance(right.value, int):
        number = right.value
        least = {ast.Gt: number + 1, ast.GtE: number, ast.Eq: number, ast.NotEq: 1 if number == 0 else 0}
        unless = {ast.Lt: number, ast.LtE: number + 1, ast.NotEq: number, ast.Eq: 1 if number == 0 else 0}
        if (least if holds else unless).get(type(op), 0) > 0:
            yield counted


def mentions(value: ast.expr, name: str) -> bool:
    """Whether the name is anywhere in the expression."""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def emptied(loop: ast.While) -> Iterator[str]:
    """What a loop takes something out of, or replaces by something made of it."""
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _TAKING_OUT:
                yield ast.unparse(value)
            case ast.Delete(targets=targets):
                yield from (ast.unparse(target.value) for target in targets if isinstance(target, ast.Subscript))
            case ast.stmt() if not isinstance(node, ast.While):
                yield from (name for name, value in bindings(node) if value is not None and mentions(value, name))
            case _:
                pass


def bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds, and the value that one has from then on, where it is known."""
    known: dict[str, ast.expr | None] = {}
    match statement:
        case ast.Assign(targets=targets, value=value):
            known = {target.id: value for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            known = {name: value}
    inside = {
        name for node in ast.walk(statement) if isinstance(node, ast.comprehension) for name in ast.walk(node.target)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node not in inside:
            yield node.id, known.get(node.id)


def gives_up(handler: ast.ExceptHandler) -> bool:
    """Whether it ends the test as failed, so that the `try` asserts that nothing is raised."""
    last = handler.body[-1]
    return fails(last) and not (isinstance(last, ast.Raise) and last.exc is None)


def fails(statement: ast.stmt) -> bool:
    """Whether it raises, or calls a function named `fail`."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name == "fail"
        case _:
            return isinstance(statement, ast.Raise)
