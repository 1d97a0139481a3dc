"""Rules about test code itself: tests that cannot fail, or that fail whatever the stack is like.

SP001  a placeholder: the body only fails, skips, passes or asserts a constant.
SP002  a rigid count: a test of a live account compares the number of what it found with a literal. It breaks on a
       redeployed or shared account, and passes on the wrong resources; expectations come from the template.
SP003  the test may pass without an assertion: each stands in a loop or an `all(…)` over what was found, which may be
       nothing, says that none of that is wrong, stands under an `if`, or behind an early return.
SP004  no assertion: nothing in the test asserts anything that may fail, or an `except` swallows what does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = ["SuiteFinding", "asserts_something", "evaluate_test"]

_GIVING_UP = frozenset({"fail", "skip", "skipTest", "xfail"})
_NOT_IMPLEMENTED = frozenset({"NotImplementedError", "AssertionError"})
_FAILING = frozenset({"fail", *_NOT_IMPLEMENTED})
_ASSERTIONS = ("assert", "check", "ensure", "expect", "has_", "all_resources", "must_", "prove", "require", "verify")
_OTHER_ASSERTIONS = frozenset(
    {"raises", "warns", "resource_count_is", "resource_properties_count_is", "template_matches", "wait"}
)
_SWALLOWING = frozenset({"AssertionError", "BaseException", "Exception"})
_SAYING = frozenset({"debug", "error", "exception", "info", "log", "print", "warn", "warning"})
_SAME_LENGTH = frozenset({"dict", "enumerate", "frozenset", "iter", "list", "reversed", "set", "sorted", "tuple"})
_SAME_TRUTH = frozenset({"bool", *_SAME_LENGTH})
_TAKING_OUT = frozenset({"pop", "popitem", "popleft", "remove"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_Try: TypeAlias = ast.Try | ast.TryStar


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SuiteFinding:
    """What is wrong with one test function, and at which line of its source (from 1)."""

    line: int
    rule_id: str
    message: str


def evaluate_test(source: str, *, live: bool, helpers: Collection[str] = ()) -> tuple[SuiteFinding, ...]:
    """Judge the dedented source of one test function; `live` is True if it looks at an account.

    `helpers` are names of functions that assert something themselves, beside those whose names say so. A source that
    does not parse has no findings: Python itself has refused it already.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    function = next((statement for statement in body if isinstance(statement, _Function)), None)
    if function is None:
        return ()
    found = [*_placeholder(function)] or [*_Paths(function, helpers).findings()]
    if live:
        found.extend(_rigid_counts(function))
    return tuple(sorted(found))


def asserts_something(source: str) -> bool:
    """Whether the dedented source of a helper asserts anything."""
    try:
        return any(_asserts(node, ()) for node in ast.walk(ast.parse(source)))
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
    if all(_says_nothing(statement) for statement in statements):
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
            return not _cannot_fail(node.test)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
            said = name.lower().lstrip("_")
            return said.startswith(_ASSERTIONS) or name in _OTHER_ASSERTIONS or name in helpers
        case _:
            return False


def _cannot_fail(said: ast.expr) -> bool:
    """Whether it is true whatever was found: a constant, a tuple that was meant as a message, `… or True`."""
    match said:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return any(not isinstance(expression, ast.Starred) for expression in items)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(map(_cannot_fail, values))
        case ast.BoolOp(values=values):
            return all(map(_cannot_fail, values))
        case ast.Compare(left=left, ops=[ast.GtE()], comparators=[ast.Constant(value=0)]):
            return _counted(left) is not None
        case _:
            return False


def _counted(said: ast.expr) -> ast.expr | None:
    """What the number of is said, in `len(…)`."""
    match said:
        case ast.Call(func=ast.Name(id="len"), args=[counted]):
            return counted
        case _:
            return None


def _is_empty(said: ast.expr) -> bool:
    match said:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id=name), args=[]):
            return name in _SAME_LENGTH
        case _:
            return False


def _there_if(said: ast.expr, *, holds: bool) -> Iterator[ast.expr]:
    """What there is something of if a condition holds, or if it does not."""
    match said:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from _there_if(inner, holds=not holds)
        case ast.BoolOp(op=op, values=values):
            if isinstance(op, ast.And) == holds:
                for expression in values:
                    yield from _there_if(expression, holds=holds)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield from _there_by(left, op, right, holds=holds)
        case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript():
            if holds:
                yield said


def _there_by(left: ast.expr, op: ast.cmpop, right: ast.expr, *, holds: bool) -> Iterator[ast.expr]:
    counted = _counted(left)
    if _is_empty(right) and isinstance(op, ast.NotEq if holds else ast.Eq):
        yield left
    elif counted is not None and isinstance(right, ast.Constant) and isinstance(right.value, int):
        number = right.value
        least = {ast.Gt: number + 1, ast.GtE: number, ast.Eq: number, ast.NotEq: 1 if number == 0 else 0}
        unless = {ast.Lt: number, ast.LtE: number + 1, ast.NotEq: number, ast.Eq: 1 if number == 0 else 0}
        if (least if holds else unless).get(type(op), 0) > 0:
            yield counted


def _mentions(value: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def _emptied(loop: ast.While) -> Iterator[str]:
    """What a loop takes something out of, or replaces by something made of it."""
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _TAKING_OUT:
                yield ast.unparse(value)
            case ast.Delete(targets=targets):
                yield from (ast.unparse(target.value) for target in targets if isinstance(target, ast.Subscript))
            case ast.stmt() if not isinstance(node, ast.While):
                yield from (name for name, value in _bindings(node) if value is not None and _mentions(value, name))
            case _:
                pass


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement binds, and the value that one has from then on, where it is told."""
    told: dict[str, ast.expr | None] = {}
    match statement:
        case ast.Assign(targets=targets, value=value):
            told = {target.id: value for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            told = {name: value}
    inside = {
        name for node in ast.walk(statement) if isinstance(node, ast.comprehension) for name in ast.walk(node.target)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and node not in inside:
            yield node.id, told.get(node.id)


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
            falls=_NONE.union(*(ends.falls for ends in every)),
            returns=_NONE.union(*(ends.returns for ends in every)),
            leaves=_NONE.union(*(ends.leaves for ends in every)),
            fails=any(ends.fails for ends in every),
        )


@dataclass(slots=True)
class _Paths:
    """Every way through a test, by whether something is asserted on it."""

    function: _Function
    helpers: Collection[str]
    filled: frozenset[str] = frozenset()
    """What there is surely something in where the walk has come to, as source text."""

    values: dict[str, ast.expr] = field(default_factory=dict)
    """What names were bound to last."""

    swallowed: list[int] = field(default_factory=list)
    _loops: int = 0

    def findings(self) -> Iterator[SuiteFinding]:
        ends = self._block(_statements(self.function), frozenset({_Gap()}))
        for line in sorted(set(self.swallowed)):
            message = "an assertion whose failure is swallowed: let it pass through, or fail where it is caught"
            yield SuiteFinding(line=line, rule_id="SP004", message=message)
        if not ends.falls and _fails(self.function.body[-1]):  # so it asserts that it returns before
            ends = _Ends(returns=_done(ends.returns))
        gaps = sorted((ends.falls | ends.returns) - {_DONE})
        ahead = [gap for gap in gaps if gap.line > 0]
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
        if isinstance(statement, _Function):
            return
        for name, value in [*_bindings(statement)] if not isinstance(statement, ast.With | ast.AsyncWith) else ():
            is_filled = value is not None and self._is_filled(value)
            self._forget(name)
            if is_filled:
                self.filled |= {name}
            if value is not None and not _mentions(value, name):
                self.values[name] = value

    def _forget(self, name: str) -> None:
        word = re.compile(rf"\b{re.escape(name)}\b")
        self.filled = frozenset(name for name in self.filled if not word.search(name))
        known = self.values.items()
        self.values = {text: value for text, value in known if text != name and not _mentions(value, name)}

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
        later = (part for part in self._parts(self.function) if _asserts(part, self.helpers))
        if not any(getattr(node, "lineno", 0) > statement.lineno for node in later):
            return ways
        why = "the test may return before it asserts anything, and then it passes: assert it, or skip with a reason"
        return _past(ways, statement.lineno, why)

    def _if(self, statement: ast.If, ways: _Ways) -> _Ends:
        before, values = self.filled, dict(self.values)
        branches, filled = [], []
        for block, holds in ((statement.body, True), (statement.orelse, False)):
            self.filled = before | {ast.unparse(expression) for expression in _there_if(statement.test, holds=holds)}
            self.values = dict(values)
            branches.append(self._block(block, ways))
            filled.extend([self.filled] if branches[-1].falls else [])
        self.filled = frozenset.intersection(*filled) if filled else before
        return self._chosen(statement, branches, ways)

    def _match(self, statement: ast.Match, ways: _Ways) -> _Ends:
        before = self.filled
        branches = [self._block(case.body, ways) for case in statement.cases]
        self.filled &= before
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
        is_filled = self._goes_round(statement)
        before = self.filled
        for name, _ in [] if isinstance(statement, ast.While) else _bindings(ast.Expr(value=statement.target)):
            self._forget(name)
        self._loops += 1
        inner = self._block(statement.body, ways)
        self._loops -= 1
        self.filled &= before
        if isinstance(statement, ast.For | ast.AsyncFor) and not is_filled:
            self._gather(statement)
        done = inner.falls | inner.leaves
        if isinstance(statement, ast.While) and is_filled:
            done = _done(done) if self._asserts_in(statement) else done  # it waits for something, and no longer
        elif not is_filled:
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

    def _gather(self, statement: ast.For | ast.AsyncFor) -> None:
        """A list that was empty, and that the loop adds to, is one that chooses from what is looped over."""
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add" | "append" | "extend")):
                    known = self.values.get(name)
                    if known is not None and _is_empty(known):
                        over = ast.comprehension(
                            target=statement.target, iter=statement.iter, ifs=[ast.Constant(value=True)], is_async=0
                        )
                        self.values[name] = ast.ListComp(elt=ast.Constant(value=None), generators=[over])

    def _goes_round(self, statement: ast.For | ast.AsyncFor | ast.While) -> bool:
        """Whether a loop begins: one that waits for something counts as such, one that empties a list does not."""
        if not isinstance(statement, ast.While):
            return self._is_filled(statement.iter)
        looped = {ast.unparse(expression) for expression in _there_if(statement.test, holds=True)}
        counts = (_counted(node) for node in ast.walk(statement.test) if isinstance(node, ast.expr))
        counted = {ast.unparse(count) for count in counts if count is not None}
        return counted | (looped & set(_emptied(statement))) <= self.filled

    def _with(self, statement: ast.With | ast.AsyncWith, ways: _Ways) -> _Ends:
        calls = [node for context in statement.items for node in ast.walk(context)]
        if any(_asserts(call, self.helpers) for call in calls):
            ways = frozenset({_DONE})
        for context in statement.items:
            for node in ast.walk(context.optional_vars) if context.optional_vars is not None else ():
                self._forget(getattr(node, "id", ""))
        inner = self._block(statement.body, ways)
        if any(getattr(call, "attr", getattr(call, "id", "")) == "suppress" for call in calls):
            return inner.joined(_Ends(falls=ways))
        return inner

    def _try(self, statement: _Try, ways: _Ways) -> _Ends:
        before = self.filled
        body = self._block(statement.body, ways)
        if any(map(_gives_up, statement.handlers)):
            body = _Ends(falls=_done(body.falls), returns=_done(body.returns), leaves=body.leaves, fails=body.fails)
        handled = [(handler, self._block(handler.body, ways)) for handler in statement.handlers]
        asserting = any(self._asserts_in(inner) for inner in statement.body)
        if asserting and not self._loops and any(map(self._swallows, statement.handlers)):
            self.swallowed.append(statement.lineno)
        ends = self._block(statement.orelse, body.falls).joined(
            _Ends(returns=body.returns, leaves=body.leaves, fails=body.fails), *(after for _, after in handled)
        )
        self.filled &= before
        last = self._block(statement.finalbody, ends.falls or ends.returns or ways)
        if _DONE in last.falls and len(last.falls) == 1:
            return _Ends(
                falls=_done(ends.falls), returns=_done(ends.returns), leaves=_done(ends.leaves), fails=ends.fails
            )
        return ends

    def _asserts_in(self, node: ast.AST) -> bool:
        return any(_asserts(part, self.helpers) for part in self._parts(node))

    def _parts(self, node: ast.AST) -> Iterator[ast.AST]:
        """All that stands in it, but for functions that nothing calls."""
        yield node
        for below in ast.iter_child_nodes(node):
            if not isinstance(below, _Function) or isinstance(node, ast.ClassDef) or self._is_used(below):
                yield from self._parts(below)

    def _is_used(self, inner: _Function) -> bool:
        own = set(ast.walk(inner))
        named = (node for node in ast.walk(self.function) if isinstance(node, ast.Name) and node not in own)
        return bool(inner.decorator_list) or any(name.id == inner.name for name in named)

    def _surely_asserts(self, node: ast.AST) -> bool:
        """Whether it asserts, and not of all of something that may be nothing."""
        if isinstance(node, _COMPREHENSIONS) and not self._is_over_something(node):
            return False
        if isinstance(node, ast.ClassDef):
            return self._asserts_in(node)
        if isinstance(node, _Function) and not self._is_used(node):
            return False
        if _asserts(node, self.helpers):
            return not self._says_of_nothing(node)
        return any(self._surely_asserts(below) for below in ast.iter_child_nodes(node))

    def _says_of_nothing(self, node: ast.AST) -> bool:
        match node:
            case ast.Assert(test=said):
                return self._holds_of_nothing(said, wanted=True)
            case ast.Call(func=ast.Attribute(attr="assertFalse"), args=[said, *_]):
                return self._holds_of_nothing(said, wanted=False)
            case ast.Call(args=[said, *_]):
                return self._holds_of_nothing(said, wanted=True)
            case _:
                return False

    def _is_over_something(self, each: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
        return all(self._is_filled(generator.iter) for generator in each.generators)

    def _holds_of_nothing(self, said: ast.expr, *, wanted: bool) -> bool:  # noqa: PLR0911 - one for each kind
        """Whether it is as true or false as wanted if nothing was found."""
        match said:
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
                chooses = any(generator.ifs for generator in said.generators)
                return not wanted and chooses and not self._is_over_something(said)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compares_nothing(left, op, right, wanted=wanted)
            case ast.Call():
                return self._answers_of_nothing(said, wanted=wanted)
            case _:
                return False

    def _answers_of_nothing(self, call: ast.Call, *, wanted: bool) -> bool:
        match call:
            case ast.Call(func=ast.Name(id="all" | "any" as name), args=[each]):
                if wanted != (name == "all"):
                    return False
                return not (
                    self._is_over_something(each) if isinstance(each, _COMPREHENSIONS) else self._is_filled(each)
                )
            case ast.Call(func=ast.Name(id=name), args=[inner]) if name in _SAME_TRUTH:
                return self._holds_of_nothing(inner, wanted=wanted)
            case ast.Call(func=ast.Attribute(value=inner, attr="issubset")):
                return wanted and self._gathers_nothing(inner)
            case _:
                return False

    def _compares_nothing(self, left: ast.expr, op: ast.cmpop, right: ast.expr, *, wanted: bool) -> bool:
        if _is_empty(left) or isinstance(left, ast.Constant):
            left, right = right, left
            op = {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}.get(type(op), type(op))()
        if isinstance(op, ast.Lt) and isinstance(right, ast.Constant) and right.value == 1:
            op, right = ast.Eq(), ast.Constant(0)
        if isinstance(op, ast.LtE | ast.Lt) and wanted and _counted(left) is None:
            return self._gathers_nothing(left)
        if isinstance(op, ast.GtE | ast.Gt) and wanted and _counted(right) is None:
            return self._gathers_nothing(right)
        if isinstance(op, ast.NotEq | ast.IsNot):
            wanted = not wanted
        elif not isinstance(op, ast.Eq | ast.Is):
            return False
        if isinstance(right, ast.Constant) and isinstance(right.value, bool):
            return self._holds_of_nothing(left, wanted=wanted == right.value)
        counted = _counted(left)
        if counted is not None and isinstance(right, ast.Constant) and right.value == 0:
            return self._holds_of_nothing(counted, wanted=not wanted)
        return _is_empty(right) and self._holds_of_nothing(left, wanted=not wanted)

    def _gathers_nothing(self, said: ast.expr) -> bool:
        """Whether it is gathered from what may be nothing, and is a part of everything then."""
        if isinstance(said, ast.Name):
            said = self.values.get(said.id, said)
        return isinstance(said, ast.SetComp) and not self._is_over_something(said)

    def _swallows(self, handler: ast.ExceptHandler) -> bool:
        """Whether it catches a failed assertion, and does nothing that would tell."""
        names = (
            {getattr(node, "id", "") for node in ast.walk(handler.type)} if handler.type is not None else _SWALLOWING
        )
        return bool(names & _SWALLOWING) and all(map(self._is_silent, handler.body))

    def _is_silent(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
                return True
            case ast.Assert(test=said):
                return _cannot_fail(said)
            case ast.Assign(targets=[ast.Name(id=name)]):
                named = (node for node in ast.walk(self.function) if isinstance(node, ast.Name))
                return not any(used.id == name and isinstance(used.ctx, ast.Load) for used in named)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
                return name in _SAYING or name in _GIVING_UP - _FAILING
            case _:
                return False

    def _is_filled(self, value: ast.expr) -> bool:  # noqa: PLR0911 - one for each kind of expression
        """Whether there is surely something in it: a literal, a name for one, or a constant of the module."""
        match value:
            case _ if ast.unparse(value) in self.filled:
                return True
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return any(
                    not isinstance(expression, ast.Starred) or self._is_filled(expression.value) for expression in items
                )
            case ast.Dict(keys=keys, values=values):
                return any(
                    key is not None or self._is_filled(expression) for key, expression in zip(keys, values, strict=True)
                )
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name.isupper()
            case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
                return self._is_filled(left) or self._is_filled(right)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return not any(generator.ifs for generator in value.generators) and self._is_over_something(value)
            case ast.Call():
                return self._gives_something(value)
            case _:
                return isinstance(value, ast.Constant) and bool(value.value)

    def _gives_something(self, call: ast.Call) -> bool:  # noqa: PLR0911 - one for each kind of call
        match call:
            case ast.Call(func=ast.Name(id="range"), args=args):
                return self._is_filled(args[-1])
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="split" | "splitlines")):
                return bool(text.strip())
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
    return frozenset(_Gap(line=line, why=why) if way == _Gap() else way for way in ways)


def _gives_up(handler: ast.ExceptHandler) -> bool:
    """Whether it ends the test as failed, so that what it stands around asserts that nothing is raised."""
    last = handler.body[-1]
    return _fails(last) and not (isinstance(last, ast.Raise) and last.exc is None)


def _fails(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name == "fail"
        case _:
            return isinstance(statement, ast.Raise)


def _rigid_counts(function: _Function) -> Iterator[SuiteFinding]:
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
                message=f"a rigid count of {number}: what is deployed changes; take the number from the template",
            )
