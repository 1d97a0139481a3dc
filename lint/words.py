"""Checks the words of pages, messages and comments: `python lint/words.py [FILE…]`, by default the whole repository.

A page is checked without its code. In Python, comments and docstrings are checked. In src and docs, every string with
a space is a message, and is checked too. Elsewhere, strings are data, such as the text of a template or of a program.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    r"(?<!\bthere\s)\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|other\b|one\b)(?:valid )?[\w{}]+": "not",
    r"\blook(?:s|ed|ing)? (?:at|into)\b": "checks, reads, scans",
    r"\bliv(?:es?|ed|ing) with\b": "accepts, waives",
    r"\b(?:is|are|was|were|be|been|being) (?:said|told)\b": "reports, prints, states",
    r"\btells(?! (?:apart|\w+ apart|\w+ from)\b)": "reports, states",
    r"\b(?:stand|stands|stood|standing) (?:in|for)\b(?!-)": "is in, represents",
    r"\bof (?:its|their|his|your) own\b": "separate, own",
    r"\bof (?:ours|theirs|yours|somebody else's)\b": "our, their, your",
    r"\bwho(?:so)?ever\b": "name the subject",
    r"(?<!those\s)(?<!person\s)(?<!people\s)\bwho (?:reads?|asks?|waits?|deploys?|calls?|declares?)\b": "the reader",
    r"\bas well (?:where|when|if)\b": "also",
    r"(?-i:Of one of) several\b": "For a … with several …",
}
"""A pattern → what to write instead."""
EXCEPTIONS: Final[Mapping[str, str]] = {}
"""`path: the words` → the reason. At most ten."""

_DATA: Final = frozenset({"benchmarks", "conftest.py", "examples", "infra", "lint", "policies", "suites", "tests"})
"""Where the strings of a module are data."""
_CODE: Final = re.compile(r"^ *(```|~~~).*?^ *\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_PATTERNS: Final = {
    re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE): instead for pattern, instead in WORDS.items()
}


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The first line and the text of each message or comment of a module; a page is one text, with its code blanked."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tree = ast.parse(source)
        yield from _docstrings(tree) if path.parts[0] in _DATA else _messages(tree)
        yield from _comments(source)
    else:
        yield 1, _CODE.sub(lambda code: "".join("\n" if letter == "\n" else "`" for letter in code[0]), source)


def _messages(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        yield node.lineno, "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _messages(child)


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None:
                yield node.body[0].lineno, text


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Comments without their signs; comments on lines that follow one another are one text."""
    first, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string.lstrip("#")
        if lines and (line != first + len(lines) or not token.line.lstrip().startswith("#")):
            yield first, "\n".join(lines)
            lines = []
        if not lines:
            first = line
        lines.append(text)
    if lines:
        yield first, "\n".join(lines)


def phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Each forbidden phrase of a text: its offset, its words, and what to write instead."""
    for pattern, instead in _PATTERNS.items():
        for match in pattern.finditer(text):
            words = " ".join(match[0].split())
            yield match.start(), words, _better(words, instead)


def problems(path: Path, exceptions: Mapping[str, str] = EXCEPTIONS) -> Iterator[str]:
    """One line for each forbidden phrase of a file."""
    found = sorted(
        (first + text.count("\n", 0, offset), words, instead)
        for first, text in texts_of(path)
        for offset, words, instead in phrases(text)
    )
    for line, words, instead in found:
        if f"{path.as_posix()}: {words}" not in exceptions:
            yield f"{path}:{line}: '{words}': write '{instead}'"


def _better(words: str, instead: str) -> str:
    if instead != "not":
        return instead
    return words.replace(" no ", " not " if " valid " in words else " not a ", 1)


def _modules(root: Path) -> list[Path]:
    """The Python files of a folder, or the file itself."""
    return [root] if root.is_file() else sorted(root.rglob("*.py"))


def package_of(path: Path) -> str:
    """The package of a module of src, else the folder or the page itself."""
    parts = path.parts
    return parts[parts.index("stackproof") + 1] if "stackproof" in parts[:-1] else parts[0]


def main(names: list[str]) -> int:
    """Print the problems and their number in each package; 1 if there are any."""
    pages = [Path("README.md"), *Path("docs").rglob("*.md")]
    modules = [file for root in ("docs", "src", *sorted(_DATA)) for file in _modules(Path(root))]
    files = sorted([Path(name) for name in names] or [*pages, *modules])
    found = [(path, problem) for path in files for problem in problems(path)]
    for _, problem in found:
        print(problem)
    for package, count in sorted(Counter(package_of(path) for path, _ in found).items()):
        print(f"{package}: {count}")
    print(f"words: {len(files)} files, {len(found)} problems")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
