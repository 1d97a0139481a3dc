"""Deprecated CDK APIs: out of what jsii printed, and the line of a Python app that uses them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from stackproof.template.assembly import Deprecation
from stackproof.template.location import SourceLine

__all__ = ["located", "parse_deprecations"]

_WARNING = re.compile(r"^\[WARNING\] (?P<api>\S+) is deprecated\b.*$")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parse_deprecations(output: str) -> tuple[Deprecation, ...]:
    """Each deprecated API once, with the advice that jsii indents below it."""
    found: dict[str, list[str]] = {}
    advice: list[str] | None = None
    for line in output.splitlines():
        if match := _WARNING.match(line):
            advice = found.setdefault(match["api"], [])
            advice.clear()
        elif advice is not None and line.startswith("  "):
            advice.append(line.strip())
        else:
            advice = None
    return tuple(
        Deprecation(api=api, message=" ".join(text for text in lines if "will be removed" not in text))
        for api, lines in sorted(found.items())
    )


def located(
    deprecations: Iterable[Deprecation], *, app: Path, root: Path, construct_lines: frozenset[SourceLine]
) -> tuple[Deprecation, ...]:
    """The same with the place in the app's Python sources: a use of the member's Python name.

    jsii names the API but no line. A use counts if it lies in a call that made a construct (`construct_lines`,
    relative to `root`); where no such use exists, a use anywhere does. An API without a place stays without one.
    """
    uses = tuple(_uses(app, root))
    placed: set[Deprecation] = set()
    for deprecation in deprecations:
        name = _python_name(deprecation.api)
        named = [use for use in uses if use.name == name]
        confirmed = [use for use in named if use.touches(construct_lines)]
        for use in confirmed or named:
            placed.add(Deprecation(api=deprecation.api, message=deprecation.message, file=use.file, line=use.line))
        if not named:
            placed.add(deprecation)
    return tuple(
        sorted(placed, key=lambda deprecation: (deprecation.api, deprecation.file or "", deprecation.line or 0))
    )


class _Use:
    """A keyword argument or an attribute in the app's sources, and the span of lines of the call around it."""

    __slots__ = ("file", "first", "last", "line", "name")

    def __init__(self, *, name: str, file: str, line: int, first: int, last: int) -> None:
        self.name, self.file, self.line, self.first, self.last = name, file, line, first, last

    def touches(self, lines: frozenset[SourceLine]) -> bool:
        return any(line.file == self.file and self.first <= line.line <= self.last for line in lines)


def _uses(app: Path, root: Path) -> Iterator[_Use]:
    for file in sorted(app.rglob("*.py")):
        if any((parent / "pyvenv.cfg").is_file() for parent in file.parents) or "cdk.out" in file.parts:
            continue
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        name = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                last = node.end_lineno or node.lineno
                for keyword in node.keywords:
                    if keyword.arg:
                        yield _Use(name=keyword.arg, file=name, line=keyword.lineno, first=node.lineno, last=last)
            elif isinstance(node, ast.Attribute):
                line = node.end_lineno or node.lineno
                yield _Use(name=node.attr, file=name, line=line, first=node.lineno, last=line)


def _python_name(api: str) -> str:
    """`aws-cdk-lib.aws_lambda.FunctionOptions#logRetention` is `log_retention` in Python."""
    owner, _, member = api.rpartition("#")
    if not owner:
        return api.rpartition(".")[2]
    return member if member.isupper() else _HUMP.sub("_", member).lower()
