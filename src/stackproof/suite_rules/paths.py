"""Every path through a test function: paths without an assertion, and swallowed assertions."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from stackproof.suite_rules.known_names import COMPREHENSIONS, Known
from stackproof.suite_rules.syntax import (
    FAILING,
    GIVING_UP,
    Function,
    asserts,
    bindings,
    body_of,
    cannot_fail,
    emptied,
    fails,
    gives_up,
    measured,
    there_if,
)

__all__ = ["Gap", "Paths", "paths_of"]

_SWALLOWING = frozenset({"AssertionError", "BaseException", "Exception"})
_LOGGING = frozenset({"debug", "error", "exception", "info", "log", "print", "warn", "warning"})
_Try: TypeAlias = ast.Try | ast.TryStar


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """A way through a test on which nothing was asserted so far; `line` is where it leads past an assertion."""

    line: int = 0
    why: str = ""


_DONE: Final = Gap(line=-1)
"""A path with an assertion."""

_Ways: TypeAlias = frozenset[Gap]
_NONE: Final[_Ways] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The ways on which nothing was asserted, the lines of swallowed assertions, and whether the test has any."""

    gaps: tuple[Gap, ...]
    swallowed: tuple[int, ...]
    asserts: bool


def paths_of(function: Function, helpers: Collection[str]) -> Paths:
    """Walk over every way through a test; `helpers` are names of functions that assert something."""
    return _Walk(function, helpers).paths()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """How statements end: what follows is reached, the test returns, or the loop around them is left or goes on."""

    falls: _Ways = _NONE
    returns: _Ways = _NONE
    leaves: _Ways = _NONE
    fails: bool = False

    def joined(self, *others: _Ends) -> _Ends:
        """Any of these."""
        every = (self, *others)
        return _Ends(
            falls=_NONE.union(*(ends.falls for ends in every)),
            returns=_NONE.union(*(ends.returns for ends in every)),
            leaves=_NONE.union(*(ends.leaves for ends in every)),
            fails=any(ends.fails for ends in every),
        )


@dataclass(slots=True)
class _Walk:
    """The walk over every way through a test, by whether something is asserted on it."""

    function: Function
    helpers: Collection[str]
    known: Known = field(default_factory=Known)
    swallowed: list[int] = field(default_factory=list)
    _loops: int = 0

    def paths(self) -> Paths:
        ends = self._block(body_of(self.function), frozenset({Gap()}))
        if not ends.falls and fails(self.function.body[-1]):  # so it asserts that it returns before
            ends = _Ends(returns=_done(ends.returns))
        return Paths(
            gaps=tuple(sorted((ends.falls | ends.returns) - {_DONE})),
            swallowed=tuple(sorted(set(self.swallowed))),
            asserts=self._asserts_in(self.function),
        )

    def _block(self, statements: Sequence[ast.stmt], ways: _Ways) -> _Ends:
        ends = _Ends(falls=ways)
        for statement in statements:
            if not ends.falls:
                break
            after = self._statement(statement, ends.falls)
            self._bind(statement)
            ends = _Ends(
                falls=after.falls,
                returns=ends.returns | after.returns,
                leaves=ends.leaves | after.leaves,
                fails=ends.fails or after.fails,
            )
        return ends

    def _bind(self, statement: ast.stmt) -> None:
        """Forget what was known of names that are bound again, and note what they are now."""
        if isinstance(statement, ast.If | ast.Match | ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar):
            return  # their blocks have done so
        if isinstance(statement, Function):
            return
        if not isinstance(statement, ast.With | ast.AsyncWith):
            self.known = self.known.bound(statement)

    def _statement(self, statement: ast.stmt, ways: _Ways) -> _Ends:  # noqa: C901, PLR0911 - one for each kind of statement
        match statement:
            case ast.If():
                return self._if(statement, ways)
            case ast.Match():
                return self._match(statement, ways)
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(statement, ways)
            case ast.With() | ast.AsyncWith():
                return self._with(statement, ways)
            case ast.Try() | ast.TryStar():
                return self._try(statement, ways)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if not self._is_used(statement):
                return _Ends(falls=ways)
            case ast.Return():
                return _Ends(returns=self._returned(statement, self._after(statement, ways)))
            case ast.Break() | ast.Continue():
                return _Ends(leaves=ways)
            case ast.Raise():
                return _Ends(fails=True)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))) if name in GIVING_UP:
                return _Ends(fails=name in FAILING)
            case _:
                return _Ends(falls=self._after(statement, ways))

    def _after(self, statement: ast.stmt, ways: _Ways) -> _Ways:
        """The ways behind a plain statement."""
        if self._surely_asserts(statement):
            return frozenset({_DONE})
        if self._asserts_in(statement):
            why = (
                "the assertion also holds for an empty result, so the test passes if nothing was found: "
                "first assert that the result is not empty"
            )
            return _past(ways, statement.lineno, why)
        return ways

    def _returned(self, statement: ast.Return, ways: _Ways) -> _Ways:
        later = (part for part in self._parts(self.function) if asserts(part, self.helpers))
        if not any(getattr(node, "lineno", 0) > statement.lineno for node in later):
            return ways
        why = "the test may return before it asserts anything, and then passes: assert it, or skip with a reason"
        return _past(ways, statement.lineno, why)

    def _if(self, statement: ast.If, ways: _Ways) -> _Ends:
        before = self.known
        branches, filled = [], []
        for block, holds in ((statement.body, True), (statement.orelse, False)):
            there = {ast.unparse(expression) for expression in there_if(statement.test, holds=holds)}
            self.known = replace(before, filled=before.filled | there)
            branches.append(self._block(block, ways))
            filled.extend([self.known.filled] if branches[-1].falls else [])
        self.known = replace(self.known, filled=frozenset.intersection(*filled) if filled else before.filled)
        return self._chosen(statement, branches, ways)

    def _match(self, statement: ast.Match, ways: _Ways) -> _Ends:
        before = self.known.filled
        branches = [self._block(case.body, ways) for case in statement.cases]
        self.known = self.known.within(before)
        last = statement.cases[-1]
        if last.guard is not None or not isinstance(last.pattern, ast.MatchAs) or last.pattern.pattern is not None:
            branches.append(_Ends(falls=ways))
        return self._chosen(statement, branches, ways)

    def _chosen(self, statement: ast.stmt, branches: Sequence[_Ends], ways: _Ways) -> _Ends:
        """One of the branches. Where one fails the test, its condition asserts that the others are taken."""
        ends = branches[0].joined(*branches[1:])
        others = [
            branch for branch in branches if not (branch.fails and not (branch.falls | branch.returns | branch.leaves))
        ]
        if len(others) < len(branches):
            return _Ends(falls=_done(ends.falls), returns=_done(ends.returns), leaves=_done(ends.leaves))
        if any(_DONE in branch.falls | branch.returns | branch.leaves for branch in branches) and _DONE not in ways:
            why = (
                "the assertion is under an `if`, so the test may pass without it: "
                "assert the condition, or skip with a reason"
            )
            return _Ends(
                falls=_past(ends.falls, statement.lineno, why),
                returns=ends.returns,
                leaves=ends.leaves,
                fails=ends.fails,
            )
        return ends

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, ways: _Ways) -> _Ends:
        is_filled = self._goes_round(statement)
        before = self.known.filled
        for name, _ in [] if isinstance(statement, ast.While) else bindings(ast.Expr(value=statement.target)):
            self.known = self.known.without(name)
        self._loops += 1
        inner = self._block(statement.body, ways)
        self._loops -= 1
        self.known = self.known.within(before)
        if isinstance(statement, ast.For | ast.AsyncFor) and not is_filled:
            self.known = self.known.gathered(statement)
        done = inner.falls | inner.leaves
        if isinstance(statement, ast.While) and is_filled:
            done = _done(done) if self._asserts_in(statement) else done  # it waits for something, and no longer
        elif not is_filled:
            why = (
                "every assertion is in a loop, so the test passes if the loop has no elements: "
                "first assert that there are elements"
            )
            # With nothing to loop over, it is as if the loop were not there.
            is_asserting = self._asserts_in(statement) or inner.fails or _DONE in done - ways
            done = _past(ways, statement.lineno, why) if is_asserting else ways | done
        after = self._block(statement.orelse, done)
        left = inner.leaves if statement.orelse else _NONE
        return _Ends(
            falls=_done(left) if after.fails and not after.falls else after.falls | left,
            returns=inner.returns | after.returns,
            leaves=after.leaves,
            fails=after.fails or inner.fails,
        )

    def _goes_round(self, statement: ast.For | ast.AsyncFor | ast.While) -> bool:
        """Whether a loop begins: one that waits for something counts as such, one that empties a list does not."""
        if not isinstance(statement, ast.While):
            return self.known.is_filled(statement.iter)
        looped = {ast.unparse(expression) for expression in there_if(statement.test, holds=True)}
        counts = (measured(node) for node in ast.walk(statement.test) if isinstance(node, ast.expr))
        counted = {ast.unparse(count) for count in counts if count is not None}
        return counted | (looped & set(emptied(statement))) <= self.known.filled

    def _with(self, statement: ast.With | ast.AsyncWith, ways: _Ways) -> _Ends:
        calls = [node for context in statement.items for node in ast.walk(context)]
        if any(asserts(call, self.helpers) for call in calls):
            ways = frozenset({_DONE})
        for context in statement.items:
            for node in ast.walk(context.optional_vars) if context.optional_vars is not None else ():
                self.known = self.known.without(getattr(node, "id", ""))
        inner = self._block(statement.body, ways)
        if any(getattr(call, "attr", getattr(call, "id", "")) == "suppress" for call in calls):
            return inner.joined(_Ends(falls=ways))
        return inner

    def _try(self, statement: _Try, ways: _Ways) -> _Ends:
        before = self.known.filled
        body = self._block(statement.body, ways)
        if any(map(gives_up, statement.handlers)):
            body = _Ends(falls=_done(body.falls), returns=_done(body.returns), leaves=body.leaves, fails=body.fails)
        handled = [(handler, self._block(handler.body, ways)) for handler in statement.handlers]
        asserting = any(self._asserts_in(inner) for inner in statement.body)
        if asserting and not self._loops and any(map(self._swallows, statement.handlers)):
            self.swallowed.append(statement.lineno)
        ends = self._block(statement.orelse, body.falls).joined(
            _Ends(returns=body.returns, leaves=body.leaves, fails=body.fails), *(after for _, after in handled)
        )
        self.known = self.known.within(before)
        last = self._block(statement.finalbody, ends.falls or ends.returns or ways)
        if _DONE in last.falls and len(last.falls) == 1:
            return _Ends(
                falls=_done(ends.falls), returns=_done(ends.returns), leaves=_done(ends.leaves), fails=ends.fails
            )
        return ends

    def _asserts_in(self, node: ast.AST) -> bool:
        return any(asserts(part, self.helpers) for part in self._parts(node))

    def _parts(self, node: ast.AST) -> Iterator[ast.AST]:
        """All its nodes, without functions that nothing calls."""
        yield node
        for below in ast.iter_child_nodes(node):
            if not isinstance(below, Function) or isinstance(node, ast.ClassDef) or self._is_used(below):
                yield from self._parts(below)

    def _is_used(self, inner: Function) -> bool:
        own = set(ast.walk(inner))
        named = (node for node in ast.walk(self.function) if isinstance(node, ast.Name) and node not in own)
        return bool(inner.decorator_list) or any(name.id == inner.name for name in named)

    def _surely_asserts(self, node: ast.AST) -> bool:
        """Whether it asserts, and not of all of something that may be nothing."""
        if isinstance(node, COMPREHENSIONS) and not self.known.is_over_something(node):
            return False
        if isinstance(node, ast.ClassDef):
            return self._asserts_in(node)
        if isinstance(node, Function) and not self._is_used(node):
            return False
        if asserts(node, self.helpers):
            return not self.known.asserts_of_nothing(node)
        return any(self._surely_asserts(below) for below in ast.iter_child_nodes(node))

    def _swallows(self, handler: ast.ExceptHandler) -> bool:
        """Whether it catches a failed assertion without showing it."""
        names = (
            {getattr(node, "id", "") for node in ast.walk(handler.type)} if handler.type is not None else _SWALLOWING
        )
        return bool(names & _SWALLOWING) and all(map(self._is_silent, handler.body))

    def _is_silent(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
                return True
            case ast.Assert(test=tested):
                return cannot_fail(tested)
            case ast.Assign(targets=[ast.Name(id=name)]):
                named = (node for node in ast.walk(self.function) if isinstance(node, ast.Name))
                return not any(used.id == name and isinstance(used.ctx, ast.Load) for used in named)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
                return name in _LOGGING or name in GIVING_UP - FAILING
            case _:
                return False


def _done(ways: _Ways) -> _Ways:
    return frozenset({_DONE}) if ways else ways


def _past(ways: _Ways, line: int, why: str) -> _Ways:
    """Ways that lead past an assertion; one that has done so before keeps its place."""
    return frozenset(Gap(line=line, why=why) if way == Gap() else way for way in ways)
