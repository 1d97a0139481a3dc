"""Finds the values in a Python file that may be secrets, by the name, keyword, key or call that gets them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final

from stackproof.core.redaction import is_distinctive
from stackproof.core.secret_values import is_secret_name, is_secret_option
from stackproof.template.loading.source_literal import SourceLiterals, literals_of_spans
from stackproof.template.secrets import is_never_secret

__all__ = ["python_literals"]

_PAIRS: Final = (
    *(("Name", "Value"), ("Key", "Value"), ("ParameterKey", "ParameterValue"), ("OptionName", "Value")),
    *(("name", "value"), ("key", "value"), ("parameter_key", "parameter_value"), ("option_name", "value")),
    *(("parameter_name", "string_value"), ("parameter_name", "parameter_value")),
)
"""Keys and keywords of a name and of its value, in templates and in CDK."""
_OF_PARAMETERS: Final = frozenset({"default", "allowed_values"})
_VALUES: Final = frozenset(value for _, value in _PAIRS) | _OF_PARAMETERS
_LOOKUPS: Final = frozenset({"get", "getenv", "pop", "try_get_context", "setdefault"})
_LOOKUP: Final = re.compile(
    r"_*(?:get|fetch|read|lookup|look_up|find|load|describe|create|generate|grant|delete|remove|list|has|is|from|import"
    r"|require|resolve)_"
)
"""Functions whose first argument is the name of the value that they return, and the beginnings of such functions."""
_PLAIN_TEXTS: Final = frozenset({"unsafe_plain_text", "plain_text", "SecretValue"})
"""Functions that turn a plain text into a secret, whatever its name."""
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
"""Nodes whose returns are not those of the function around them."""
_OPENING: Final = re.compile(r"""[A-Za-z]{0,2}(?P<quote>\"\"\"|'''|"|')""")


def python_literals(text: str) -> SourceLiterals | None:
    """The texts and numbers of the file, and which of them may be secrets; None if it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    index = _Index.of(text)
    spans: dict[tuple[int, int], bool] = {}
    secrets: set[str] = set()
    for leaf, is_secret in _leaves(module):
        span = index.content(leaf)
        spans[span] = spans.get(span, False) or is_secret
        if is_secret and isinstance(leaf, ast.Constant) and is_distinctive(_text(leaf)):
            secrets.add(_text(leaf))
    return SourceLiterals(
        by_line=literals_of_spans(text, ((*span, is_secret) for span, is_secret in spans.items())),
        secrets=frozenset(secrets),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Converts the lines and byte columns of a syntax tree to indices of the text."""

    text: str
    lines: list[str]
    starts: list[int]

    @classmethod
    def of(cls, text: str) -> _Index:
        lines = text.split("\n")
        return cls(text=text, lines=lines, starts=[0, *accumulate(len(line) + 1 for line in lines)])

    def content(self, leaf: ast.expr) -> tuple[int, int]:
        """The start and the end of the leaf, within its quotes if it has any."""
        start = self._index(leaf.lineno, leaf.col_offset)
        end = self._index(leaf.end_lineno or leaf.lineno, leaf.end_col_offset or leaf.col_offset)
        opening = _OPENING.match(self.text, start, end)
        if opening is None:
            return start, end
        # The last of several joined texts may close with another quote, of which a part may stay.
        closing = len(opening["quote"]) if self.text.endswith(opening["quote"], start, end) else 1
        return opening.end(), max(opening.end(), end - closing)

    def _index(self, line: int, column: int) -> int:
        text = self.lines[line - 1]
        return self.starts[line - 1] + (column if text.isascii() else len(text.encode()[:column].decode()))


def _leaves(root: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """Every text and number, and whether it may be a secret. Not by recursion: code may be nested deeply."""
    pending: list[tuple[ast.AST, bool]] = [(root, False)]
    named: set[int] = set()
    while pending:
        node, is_inherited = pending.pop()
        is_secret = is_inherited or id(node) in named
        if isinstance(node, ast.JoinedStr):
            # Before Python 3.12 its parts have no separate positions: it is masked as a whole.
            values = (part for part in node.values if isinstance(part, ast.FormattedValue))
            yield node, is_secret or any(secret for value in values for _, secret in _leaves(value.value))
        elif isinstance(node, ast.Constant):
            if _is_value(node):
                yield node, is_secret and not is_never_secret(_text(node))
        else:
            named.update(id(secret) for secret in _secrets_of(node))
            names = {id(name) for name in _names_of(node)}
            pending += ((child, is_secret and id(child) not in names) for child in ast.iter_child_nodes(node))


def _text(constant: ast.Constant) -> str:
    value = constant.value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_value(constant: ast.Constant) -> bool:
    return isinstance(constant.value, str | bytes | int | float) and not isinstance(constant.value, bool)


def _secrets_of(node: ast.AST) -> Iterable[ast.AST | None]:
    """The nodes below that may be secrets by the name, keyword, key or call that gets them."""
    found = _BY_NODE.get(type(node))
    return [] if found is None else found(node)


def _names_of(node: ast.AST) -> Iterable[ast.AST | None]:
    """The children that only name or choose a value."""
    if isinstance(node, ast.Subscript):
        return [node.slice]
    if isinstance(node, ast.IfExp):
        return [node.test]
    if isinstance(node, ast.Dict):
        return node.keys
    if isinstance(node, ast.Call) and _is_lookup(_called(node)):
        return node.args[:1]
    return []


def _secret_arguments(call: ast.Call) -> list[ast.AST]:
    """The arguments behind or beside the name of a secret, those of `set_password`, and the values of NoEcho."""
    if _called(call) in _PLAIN_TEXTS:
        return [*call.args, *call.keywords]
    if _is_lookup(_called(call)) and is_secret_name(_called(call)):
        return _lookup_default(call)
    if _takes_secrets(call):
        return [argument for argument in (*call.args, *call.keywords) if not _is_secret_text(argument)]
    first = next((index for index, argument in enumerate(call.args) if _is_secret_text(argument)), None)
    behind: list[ast.AST] = [] if first is None else list(call.args[first + 1 :])
    given = {keyword.arg: keyword for keyword in call.keywords if keyword.arg is not None}
    secret = {value for name, value in _PAIRS if name in given and _is_secret_text(given[name].value)}
    if first is not None:
        secret |= _VALUES
    if "no_echo" in given and getattr(given["no_echo"].value, "value", None) is not False:
        secret |= _OF_PARAMETERS
    return behind + [keyword for name, keyword in given.items() if name in secret]


def _lookup_default(call: ast.Call) -> list[ast.AST]:
    """The default of a look-up such as `get_password("name", "…")`; a construct has its scope in place of the name."""
    is_named = bool(call.args) and isinstance(call.args[0], ast.Constant)
    positional = call.args[1:] if is_named else []
    return [*positional, *(keyword for keyword in call.keywords if keyword.arg == "default")]


def _secret_items(node: ast.Dict) -> list[ast.AST]:
    named = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    secret = {value for name, value in _PAIRS if name in named and _is_secret_text(named[name])}
    return [
        value for name, value in named.items() if isinstance(name, str) and (name in secret or is_secret_name(name))
    ]


def _secret_keyword(node: ast.keyword) -> list[ast.AST]:
    return [node.value] if node.arg is not None and is_secret_name(node.arg) else []


def _secret_value(node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) -> list[ast.AST]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [node.value] if node.value is not None and any(_is_secret_target(target) for target in targets) else []


def _secret_items_of_loop(node: ast.For | ast.AsyncFor | ast.comprehension) -> list[ast.AST]:
    return [node.iter] if _is_secret_target(node.target) else []


def _secret_results(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    """The results of a function with the name of a secret, without those of the functions within it."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = list(node.body) if is_secret_name(node.name) else []
    while pending:
        step = pending.pop()
        if isinstance(step, ast.Return | ast.Yield | ast.YieldFrom):
            found.append(step)
        elif not isinstance(step, _SCOPES):
            pending += ast.iter_child_nodes(step)
    return found


def _secret_alternatives(node: ast.BoolOp) -> list[ast.AST]:
    """The values beside a secret or the look-up of one, as in `os.getenv("DB_PASS") or "…"`."""
    if not isinstance(node.op, ast.Or) or not any(_is_secret_lookup(value) for value in node.values):
        return []
    return [value for value in node.values if not isinstance(value, ast.Compare)]


def _is_secret_lookup(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return _is_secret_target(value)
    called = _called(value)
    is_named = bool(value.args) and _is_secret_text(value.args[0])
    return _is_lookup(called) and (is_named or is_secret_name(called))


def _secret_patterns(node: ast.Match) -> list[ast.AST]:
    return [case.pattern for case in node.cases] if _is_secret_target(node.subject) else []


def _secret_patterns_of_keys(node: ast.MatchMapping) -> list[ast.AST]:
    return [pattern for key, pattern in zip(node.keys, node.patterns, strict=True) if _is_secret_text(key)]


def _option_values(node: ast.List | ast.Tuple) -> list[ast.AST]:
    """The texts behind options of a command such as `["--password", "…"]`."""
    return [
        value
        for option, value in pairwise(node.elts)
        if isinstance(option, ast.Constant) and is_secret_option(option.value)
    ]


def _compared_secrets(node: ast.Compare) -> list[ast.AST]:
    sides: list[ast.expr] = [node.left, *node.comparators]
    return list(sides) if any(_is_secret_target(side) for side in sides) else []


def _values_behind_name(node: ast.Tuple) -> list[ast.AST]:
    """The values in a tuple that begins with their name, such as `("DB_PASS", "…", "…")`, and those of options."""
    if not node.elts or not _is_secret_text(node.elts[0]):
        return _option_values(node)
    return [value for value in node.elts[1:] if not _is_secret_text(value)]


def _secret_defaults(arguments: ast.arguments) -> list[ast.AST]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return [default for argument, default in pairs if default is not None and is_secret_name(argument.arg)]


def _is_secret_target(target: ast.expr) -> bool:
    """Whether a name, an attribute, an item or any of several targets has the name of a secret."""
    if isinstance(target, ast.Name):
        return is_secret_name(target.id)
    if isinstance(target, ast.Attribute):
        return is_secret_name(target.attr)
    if isinstance(target, ast.Subscript):
        return _is_secret_text(target.slice)
    return isinstance(target, ast.Tuple | ast.List) and any(_is_secret_target(part) for part in target.elts)


def _is_secret_text(node: ast.AST) -> bool:
    """Whether the node is a text that is the name of a secret; a sentence is not a name."""
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, str) and " " not in value and is_secret_name(value)


def _is_lookup(called: str) -> bool:
    return called in _LOOKUPS or _LOOKUP.match(called) is not None


def _takes_secrets(call: ast.Call) -> bool:
    """Whether a function such as `set_password` takes the value of a secret.

    A construct (`Secret(self, "Id")`) has a capital and takes a scope. `secret_value_from_json` and `from_secret_name`
    take names.
    """
    called = _called(call)
    if not is_secret_name(called) or _is_lookup(called) or "_from_" in called:
        return False
    return not called[:1].isupper() or (bool(call.args) and isinstance(call.args[0], ast.Constant))


def _called(call: ast.Call) -> str:
    """The last part of the name of the called function."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


_BY_NODE: Final[Mapping[type[ast.AST], Callable[[Any], list[ast.AST]]]] = {
    ast.AnnAssign: _secret_value,
    ast.Assign: _secret_value,
    ast.AsyncFunctionDef: _secret_results,
    ast.AsyncFor: _secret_items_of_loop,
    ast.AugAssign: _secret_value,
    ast.BoolOp: _secret_alternatives,
    ast.Call: _secret_arguments,
    ast.Compare: _compared_secrets,
    ast.Dict: _secret_items,
    ast.For: _secret_items_of_loop,
    ast.FunctionDef: _secret_results,
    ast.List: _option_values,
    ast.Match: _secret_patterns,
    ast.MatchMapping: _secret_patterns_of_keys,
    ast.NamedExpr: _secret_value,
    ast.Tuple: _values_behind_name,
    ast.arguments: _secret_defaults,
    ast.comprehension: _secret_items_of_loop,
    ast.keyword: _secret_keyword,
}
