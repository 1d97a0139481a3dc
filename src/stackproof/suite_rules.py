"""Rules about test code itself: tests that cannot fail, or that fail whatever the stack is like.

SP001  a placeholder: the body only fails, skips, passes or asserts a constant.
SP002  a rigid count: a test of a live account compares the number of what it found with a literal. It breaks on a
       redeployed or shared account, and passes on the wrong resources; expectations come from the template.
SP003  the test may pass without an assertion: each stands in a loop or an `all(…)` over what was found, which may be
       nothing, under an `if`, or behind an early return.
SP004  no assertion: nothing in the test asserts anything, or an `except` swallows what does.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = ["SuiteFinding", "asserts_something", "judge_test"]

_GIVING_UP = frozenset({"fail", "skip", "skipTest", "xfail"})
_NOT_IMPLEMENTED = frozenset({"NotImplementedError", "AssertionError"})
_FAILING = frozenset({"fail", *_NOT_IMPLEMENTED})
_ASSERTIONS = ("assert", "check", "ensure", "expect", "has_", "all_resources", "must_", "prove", "require", "verify")
_OTHER_ASSERTIONS = frozenset(
    {"raises", "warns", "resource_count_is", "resource_properties_count_is", "template_matches", "wait"}
)
_SWALLOWING = frozenset({"AssertionError", "BaseException", "Exception"})
_SAYING = frozenset({"debug", "error", "exception", "info", "log", "print", "warn", "warning"})
_SAME_LENGTH = frozenset({"enumerate", "list", "reversed", "set", "sorted", "tuple"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_Try: TypeAlias = ast.Try | ast.TryStar


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SuiteFinding:
    """What is wrong with one test function, and at which line of its source (from 1)."""

    line: int
    rule_id: str
    message: str


def judge_test(source: str, *, live: bool, helpers: Collection[str] = ()) -> tuple[SuiteFinding, ...]:
    """Judge the dedented source of one test function; `live` is True if it looks at an account.

    `helpers` are names of functions that assert something themselves, beside those whose names say so. A source that
    does not parse has no findings: Python itself has refused it already.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    function = next((each for each in body if isinstance(each, _Function)), None)
    if function is None:
        return ()
    found = [*_placeholder(function)] or [*_Paths(function, helpers).findings()]
    if live:
        found.extend(_rigid_counts(function))
    return tuple(sorted(found))


def asserts_something(source: str) -> bool:
    """Whether the dedented source of a helper asserts anything."""
    try:
        return any(_asserts(each, ()) for each in ast.walk(ast.parse(source)))
    except SyntaxError:
        return False


def _statements(function: _Function) -> list[ast.stmt]:
    """The body without a docstring."""
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:]
    return body


def _placeholder(function: _Function) -> Iterator[SuiteFinding]:
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


def _asserts(node: ast.AST, helpers: Collection[str]) -> bool:
    """Whether it asserts: `assert`, `self.assertX(…)`, `x.assert_y(…)`, `pytest.raises`, the template's methods."""
    match node:
        case ast.Assert():
            return True
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            said = name.lower().lstrip("_")
            return said.startswith(_ASSERTIONS) or name in _OTHER_ASSERTIONS or name in helpers
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Gap:
    """A way through a test on which nothing was asserted so far; `line` is where it leads past an assertion."""

    line: int = 0
    why: str = ""


_DONE: Final = _Gap(line=-1)
"""A way on which something was asserted."""

_Ways: TypeAlias = frozenset[_Gap]
_NONE: Final[_Ways] = frozenset()


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
            falls=_NONE.union(*(each.falls for each in every)),
            returns=_NONE.union(*(each.returns for each in every)),
            leaves=_NONE.union(*(each.leaves for each in every)),
            fails=any(each.fails for each in every),
        )


@dataclass(slots=True)
class _Paths:
    """Every way through a test, by whether something is asserted on it."""

    function: _Function
    helpers: Collection[str]
    known: frozenset[str] = frozenset()
    swallowed: list[int] = field(default_factory=list)
    _loops: int = 0

    def __post_init__(self) -> None:
        self.known = frozenset(
            each.targets[0].id
            for each in ast.walk(self.function)
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name) and self._is_filled(each.value)
        )

    def findings(self) -> Iterator[SuiteFinding]:
        ends = self._block(_statements(self.function), frozenset({_Gap()}))
        for line in sorted(set(self.swallowed)):
            message = "an assertion whose failure is swallowed: let it pass through, or fail where it is caught"
            yield SuiteFinding(line=line, rule_id="SP004", message=message)
        gaps = sorted((ends.falls | ends.returns) - {_DONE})
        ahead = [each for each in gaps if each.line > 0]
        if ahead:
            yield SuiteFinding(line=ahead[0].line, rule_id="SP003", message=ahead[0].why)
        elif gaps and not self.swallowed:
            first = _statements(self.function)[0].lineno
            if self._asserts_in(self.function):
                message = "there is a way through this test on which nothing is asserted"
                yield SuiteFinding(line=first, rule_id="SP003", message=message)
            else:
                yield SuiteFinding(line=first, rule_id="SP004", message="nothing in this test asserts anything")

    def _block(self, statements: Sequence[ast.stmt], ways: _Ways) -> _Ends:
        ends = _Ends(falls=ways)
        for each in statements:
            if not ends.falls:
                break
            after = self._statement(each, ends.falls)
            ends = _Ends(
                falls=after.falls,
                returns=ends.returns | after.returns,
                leaves=ends.leaves | after.leaves,
                fails=ends.fails or after.fails,
            )
        return ends

    def _statement(self, statement: ast.stmt, ways: _Ways) -> _Ends:  # noqa: PLR0911 - one for each kind of statement
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
            case ast.Return():
                return _Ends(returns=self._returned(statement, self._after(statement, ways)))
            case ast.Break() | ast.Continue():
                return _Ends(leaves=ways)
            case ast.Raise():
                return _Ends(fails=True)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))) if name in _GIVING_UP:
                return _Ends(fails=name in _FAILING)
            case _:
                return _Ends(falls=self._after(statement, ways))

    def _after(self, statement: ast.stmt, ways: _Ways) -> _Ways:
        """The ways behind a plain statement."""
        if self._surely_asserts(statement):
            return frozenset({_DONE})
        if self._asserts_in(statement):
            why = (
                "what is asserted holds of all of nothing, so the test passes if nothing was found: "
                "assert first that something is there"
            )
            return _past(ways, statement.lineno, why)
        return ways

    def _returned(self, statement: ast.Return, ways: _Ways) -> _Ways:
        later = (each for each in ast.walk(self.function) if _asserts(each, self.helpers))
        if not any(getattr(each, "lineno", 0) > statement.lineno for each in later):
            return ways
        why = "the test may return before it asserts anything, and then it passes: assert it, or skip with a reason"
        return _past(ways, statement.lineno, why)

    def _if(self, statement: ast.If, ways: _Ways) -> _Ends:
        branches = [self._block(statement.body, ways), self._block(statement.orelse, ways)]
        return self._chosen(statement, branches, ways)

    def _match(self, statement: ast.Match, ways: _Ways) -> _Ends:
        branches = [self._block(each.body, ways) for each in statement.cases]
        last = statement.cases[-1]
        if last.guard is not None or not isinstance(last.pattern, ast.MatchAs) or last.pattern.pattern is not None:
            branches.append(_Ends(falls=ways))
        return self._chosen(statement, branches, ways)

    def _chosen(self, statement: ast.stmt, branches: Sequence[_Ends], ways: _Ways) -> _Ends:
        """One of the branches. Where one fails the test, its condition asserts that the others are taken."""
        ends = branches[0].joined(*branches[1:])
        others = [each for each in branches if not (each.fails and not (each.falls | each.returns | each.leaves))]
        if len(others) < len(branches):
            return _Ends(falls=_done(ends.falls), returns=_done(ends.returns), leaves=_done(ends.leaves))
        if any(_DONE in each.falls | each.returns | each.leaves for each in branches) and _DONE not in ways:
            why = (
                "what is asserted stands under an `if`, so the test may pass without it: "
                "assert what the condition says, or skip with a reason"
            )
            return _Ends(
                falls=_past(ends.falls, statement.lineno, why),
                returns=ends.returns,
                leaves=ends.leaves,
                fails=ends.fails,
            )
        return ends

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, ways: _Ways) -> _Ends:
        self._loops += 1
        inner = self._block(statement.body, ways)
        self._loops -= 1
        done = inner.falls | inner.leaves
        if isinstance(statement, ast.While):
            done = _done(done) if self._asserts_in(statement) else done  # it waits for something, and no longer
        elif not self._is_filled(statement.iter):
            why = (
                "every assertion stands in a loop, so the test passes if there is nothing to loop over: "
                "assert first that something is there"
            )
            # With nothing to loop over, it is as if the loop were not there.
            asserts = self._asserts_in(statement) or inner.fails or _DONE in done - ways
            done = _past(ways, statement.lineno, why) if asserts else ways | done
        after = self._block(statement.orelse, done)
        left = inner.leaves if statement.orelse else _NONE
        return _Ends(
            falls=_done(left) if after.fails and not after.falls else after.falls | left,
            returns=inner.returns | after.returns,
            leaves=after.leaves,
            fails=after.fails or inner.fails,
        )

    def _with(self, statement: ast.With | ast.AsyncWith, ways: _Ways) -> _Ends:
        calls = [each for item in statement.items for each in ast.walk(item)]
        if any(_asserts(each, self.helpers) for each in calls):
            ways = frozenset({_DONE})
        inner = self._block(statement.body, ways)
        if any(getattr(each, "attr", getattr(each, "id", "")) == "suppress" for each in calls):
            return inner.joined(_Ends(falls=ways))
        return inner

    def _try(self, statement: _Try, ways: _Ways) -> _Ends:
        body = self._block(statement.body, ways)
        handled = [(each, self._block(each.body, ways)) for each in statement.handlers]
        asserting = any(self._asserts_in(each) for each in statement.body)
        if asserting and not self._loops and any(map(_swallows, statement.handlers)):
            self.swallowed.append(statement.lineno)
        ends = self._block(statement.orelse, body.falls).joined(
            _Ends(returns=body.returns, leaves=body.leaves, fails=body.fails), *(each for _, each in handled)
        )
        last = self._block(statement.finalbody, ends.falls or ends.returns or ways)
        if _DONE in last.falls and len(last.falls) == 1:
            return _Ends(
                falls=_done(ends.falls), returns=_done(ends.returns), leaves=_done(ends.leaves), fails=ends.fails
            )
        return ends

    def _asserts_in(self, node: ast.AST) -> bool:
        return any(_asserts(each, self.helpers) for each in ast.walk(node))

    def _surely_asserts(self, node: ast.AST) -> bool:
        """Whether it asserts, and not of all of something that may be nothing."""
        if isinstance(node, _COMPREHENSIONS) and not all(self._is_filled(each.iter) for each in node.generators):
            return False
        if _asserts(node, self.helpers):
            said = node.test if isinstance(node, ast.Assert) else next(iter(getattr(node, "args", ())), None)
            return not self._may_be_of_nothing(said)
        return any(self._surely_asserts(each) for each in ast.iter_child_nodes(node))

    def _may_be_of_nothing(self, said: ast.expr | None) -> bool:
        match said:
            case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp() | ast.ListComp() | ast.SetComp() as each]):
                return not all(self._is_filled(one.iter) for one in each.generators)
            case ast.Call(func=ast.Name(id="all"), args=[each]):
                return not self._is_filled(each)
            case _:
                return False

    def _is_filled(self, value: ast.expr) -> bool:
        """Whether there is surely something in it: a literal, a name for one, or a constant of the module."""
        match value:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return any(not isinstance(each, ast.Starred) for each in items)
            case ast.Dict(keys=keys):
                return any(each is not None for each in keys)
            case ast.Name(id=name):
                return name.isupper() or name in self.known
            case ast.Attribute(attr=name):
                return name.isupper()
            case ast.Call():
                return self._gives_something(value)
            case _:
                return isinstance(value, ast.Constant) and bool(value.value)

    def _gives_something(self, call: ast.Call) -> bool:
        match call:
            case ast.Call(func=ast.Name(id="range"), args=args):
                return isinstance(args[-1], ast.Constant) and bool(args[-1].value)
            case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _SAME_LENGTH:
                return self._is_filled(inner)
            case ast.Call(func=ast.Name(id="map"), args=[_, inner]):
                return self._is_filled(inner)
            case ast.Call(func=ast.Name(id="zip" | "product"), args=args):
                return all(map(self._is_filled, args))
            case ast.Call(func=ast.Attribute(value=inner, attr="items" | "keys" | "values")):
                return self._is_filled(inner)
            case _:
                return False


def _done(ways: _Ways) -> _Ways:
    return frozenset({_DONE}) if ways else ways


def _past(ways: _Ways, line: int, why: str) -> _Ways:
    """Ways that lead past an assertion; one that has done so before keeps its place."""
    return frozenset(_Gap(line=line, why=why) if each == _Gap() else each for each in ways)


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches a failed assertion, and does nothing but write a line."""
    names = {getattr(each, "id", "") for each in ast.walk(handler.type)} if handler.type is not None else _SWALLOWING
    return bool(names & _SWALLOWING) and all(map(_is_silent, handler.body))


def _is_silent(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name in _SAYING
        case _:
            return False


def _rigid_counts(function: _Function) -> Iterator[SuiteFinding]:
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
