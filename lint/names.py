"""Checks that loop variables say what they hold: `python lint/names.py src tests`.

A variable of a `for` statement, a comprehension or a lambda is the subject of the lines that follow. A name that fits
anything makes the reader look elsewhere for what it is.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

FORBIDDEN: Final = frozenset({"each", "one", "it", "item", "thing", "entry", "elem", "obj", "x"})
EXCEPTIONS: Final[Mapping[str, str]] = {}
"""`path: name` → the reason. At most ten."""


def loop_variables(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the name of each loop variable and lambda parameter below a node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for target in ast.walk(node.target):
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                    yield target.lineno, target.id
        elif isinstance(node, ast.Lambda):
            for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                yield parameter.lineno, parameter.arg


def problems(path: Path, exceptions: Mapping[str, str] = EXCEPTIONS) -> Iterator[str]:
    """One line for each loop variable of a file that is named like anything."""
    for line, name in sorted(loop_variables(ast.parse(path.read_text(encoding="utf-8")))):
        if name in FORBIDDEN and f"{path.as_posix()}: {name}" not in exceptions:
            yield f"{path}:{line}: variable '{name}': name what it holds"


def main(folders: list[str]) -> int:
    """Print the problems below the folders; 1 if there are any."""
    found: list[str] = []
    count = 0
    for folder in folders:
        files = [Path(folder)] if Path(folder).is_file() else sorted(Path(folder).rglob("*.py"))
        if not files:
            found.append(f"{folder}: there is no Python file")
        found.extend(problem for path in files for problem in problems(path))
        count += len(files)
    print(*found, sep="\n") if found else print(f"names: {count} files, no problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
