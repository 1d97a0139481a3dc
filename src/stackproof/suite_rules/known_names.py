"""Facts about a test's names at a point of it, and what they imply for an expression."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from stackproof.suite_rules.syntax import SAME_LENGTH, bindings, is_empty, measured, mentions

__all__ = ["COMPREHENSIONS", "Known"]

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SAME_TRUTH = frozenset({"bool", *SAME_LENGTH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`filled` has the source text of what surely has members, `values` what each name was bound to last."""

    filled: frozenset[str] = frozenset()
    values: Mapping[str, ast.expr] = field(default_factory=dict)

    def bound(self, statement: ast.stmt) -> Known:
        """The known facts after a statement that binds names."""
        known = self
        for name, value in bindings(statement):
            is_filled = value is not None and known.is_filled(value)
            known = known.without(name)
            if is_filled:
                known = replace(known, filled=known.filled | {name})
            if value is not None and not mentions(value, name):
                known = replace(known, values={**known.values, name: value})
        return known

    def without(self, name: str) -> Known:
        """The known facts after a name is bound again."""
        word = re.compile(rf"\b{re.escape(name)}\b")
        values = {text: value for text, value in self.values.items() if text != name and not mentions(value, name)}
        return Known(filled=frozenset(text for text in self.filled if not word.search(text)), values=values)

    def within(self, filled: frozenset[str]) -> Known:
        """What is known where only `filled` was filled before."""
        return replace(self, filled=self.filled & filled)

    def gathered(self, loop: ast.For | ast.AsyncFor) -> Known:
        """A list that was empty, and that the loop adds to, is one that chooses from what is looped over."""
        values = dict(self.values)
        for node in ast.walk(loop):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add" | "append" | "extend")):
                    value = values.get(name)
                    if value is not None and is_empty(value):
                        over = ast.comprehension(
                            target=loop.target, iter=loop.iter, ifs=[ast.Constant(value=True)], is_async=0
                        )
                        values[name] = ast.ListComp(elt=ast.Constant(value=None), generators=[over])
        return replace(self, values=values)

    def asserts_of_nothing(self, node: ast.AST) -> bool:
        match node:
            case ast.Assert(test=tested):
                return self._holds_of_nothing(tested, wanted=True)
            case ast.Call(func=ast.Attribute(attr="assertFalse"), args=[tested, *_]):
                return self._holds_of_nothing(tested, wanted=False)
            case ast.Call(args=[tested, *_]):
                return self._holds_of_nothing(tested, wanted=True)
            case _:
                return False

    def is_over_something(self, comprehension: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
        return all(self.is_filled(generator.iter) for generator in comprehension.generators)

    def _holds_of_nothing(self, tested: ast.expr, *, wanted: bool) -> bool:  # noqa: PLR0911 - one for each kind
        """Whether it is as true or false as wanted if nothing was found."""
        match tested:
            case ast.Name(id=name) if name in self.values:
                return self._holds_of_nothing(self.values[name], wanted=wanted)
            case ast.NamedExpr(value=inner):
                return self._holds_of_nothing(inner, wanted=wanted)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self._holds_of_nothing(inner, wanted=not wanted)
            case ast.BoolOp(op=op, values=values):
                found = [self._holds_of_nothing(expression, wanted=wanted) for expression in values]
                return all(found) if isinstance(op, ast.And) == wanted else any(found)
            case ast.IfExp(body=body, orelse=other):
                constants = [
                    isinstance(expression, ast.Constant) and bool(expression.value) == wanted
                    for expression in (body, other)
                ]
                return any(constants) or any(
                    self._holds_of_nothing(expression, wanted=wanted) for expression in (body, other)
                )
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                chooses = any(generator.ifs for generator in tested.generators)
                return not wanted and chooses and not self.is_over_something(tested)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compares_nothing(left, op, right, wanted=wanted)
            case ast.Call():
                return self._call_holds_of_nothing(tested, wanted=wanted)
            case _:
                return False

    def _call_holds_of_nothing(self, call: ast.Call, *, wanted: bool) -> bool:
        match call:
            case ast.Call(func=ast.Name(id="all" | "any" as name), args=[argument]):
                if wanted != (name == "all"):
                    return False
                return not (
                    self.is_over_something(argument)
                    if isinstance(argument, COMPREHENSIONS)
                    else self.is_filled(argument)
                )
            case ast.Call(func=ast.Name(id=name), args=[inner]) if name in _SAME_TRUTH:
                return self._holds_of_nothing(inner, wanted=wanted)
            case ast.Call(func=ast.Attribute(value=inner, attr="issubset")):
                return wanted and self._gathers_nothing(inner)
            case _:
                return False

    def _compares_nothing(self, left: ast.expr, op: ast.cmpop, right: ast.expr, *, wanted: bool) -> bool:
        if is_empty(left) or isinstance(left, ast.Constant):
            left, right = right, left
            op = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}.get(type(op), type(op))()
        if isinstance(op, ast.Lt) and isinstance(right, ast.Constant) and right.value == 1:
            op, right = ast.Eq(), ast.Constant(0)
        if isinstance(op, ast.LtE | ast.Lt) and wanted and measured(left) is None:
            return self._gathers_nothing(left)
        if isinstance(op, ast.GtE | ast.Gt) and wanted and measured(right) is None:
            return self._gathers_nothing(right)
        if isinstance(op, ast.NotEq | ast.IsNot):
            wanted = not wanted
        elif not isinstance(op, ast.Eq | ast.Is):
            return False
        if isinstance(right, ast.Constant) and isinstance(right.value, bool):
            return self._holds_of_nothing(left, wanted=wanted == right.value)
        counted = measured(left)
        if counted is not None and isinstance(right, ast.Constant) and right.value == 0:
            return self._holds_of_nothing(counted, wanted=not wanted)
        return is_empty(right) and self._holds_of_nothing(left, wanted=not wanted)

    def _gathers_nothing(self, tested: ast.expr) -> bool:
        """Whether it is gathered from what may be nothing, and is a part of everything then."""
        if isinstance(tested, ast.Name):
            tested = self.values.get(tested.id, tested)
        return isinstance(tested, ast.SetComp) and not self.is_over_something(tested)

    def is_filled(self, value: ast.expr) -> bool:  # noqa: PLR0911 - one for each kind of expression
        """Whether there is surely something in it: a literal, a name for one, or a constant of the module."""
        match value:
            case _ if ast.unparse(value) in self.filled:
                return True
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return any(
                    not isinstance(expression, ast.Starred) or self.is_filled(expression.value) for expression in items
                )
            case ast.Dict(keys=keys, values=values):
                return any(
                    key is not None or self.is_filled(expression) for key, expression in zip(keys, values, strict=True)
                )
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name.isupper()
            case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
                return self.is_filled(left) or self.is_filled(right)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return not any(generator.ifs for generator in value.generators) and self.is_over_something(value)
            case ast.Call():
                return self._returns_something(value)
            case _:
                return isinstance(value, ast.Constant) and bool(value.value)

    def _returns_something(self, call: ast.Call) -> bool:  # noqa: PLR0911 - one for each kind of call
        match call:
            case ast.Call(func=ast.Name(id="range"), args=args):
                return self.is_filled(args[-1])
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="split" | "splitlines")):
                return bool(text.strip())
            case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in SAME_LENGTH:
                return self.is_filled(inner)
            case ast.Call(func=ast.Name(id="map"), args=[_, inner]):
                return self.is_filled(inner)
            case ast.Call(func=ast.Name(id="zip" | "product"), args=args):
                return all(map(self.is_filled, args))
            case ast.Call(func=ast.Attribute(value=inner, attr="items" | "keys" | "values")):
                return self.is_filled(inner)
            case _:
                return False
