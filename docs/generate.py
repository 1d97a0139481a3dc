"""Writes what the documents take from the program: parts of its pages, and the picture of a terminal.

    python docs/generate.py            rewrites the generated parts of the pages
    python docs/generate.py --check    exits 1 if a part is out of date
    python docs/generate.py --picture  runs `stackproof check` and draws images/check.svg

A generated part is the text between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import ast
import inspect
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

import stackproof
from stackproof.assertions import Match, StackQuery, TemplateAssertions
from stackproof.cli import commands
from stackproof.config.schema import read_schema
from stackproof.policy.versions.rules import RULES
from stackproof.template.synth.app import PASSED_ON

DOCS: Final = Path(__file__).parent
COMMAND: Final = ("stackproof", "check", "orders.yaml", "--as-of", "2026-11-10")
"""The command in the picture. Its day is fixed: the picture changes with the program, not with the calendar."""
_PART = re.compile(r"(?<=<!-- generated: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)
_COLUMNS = 80
_TYPES = {"string": "text", "object": "table", "boolean": "true or false", "array": "list"}


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with the definition that its `$ref` names; its own keywords win."""
    reference = schema.get("$ref")
    return {**root["$defs"][reference.rpartition("/")[2]], **schema} if reference else dict(schema)


def value_of(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a key takes, in words."""
    found = resolved(schema, root)
    if "enum" in found:
        return " or ".join(f"`{choice}`" for choice in found["enum"])
    kinds = found.get("type", "any value")
    words = " or ".join(_TYPES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    if "items" in found and found["items"].get("type") != "object":
        words = f"list: {value_of(found['items'], root)}"
    if isinstance(found.get("additionalProperties"), dict):
        words = f"table: {value_of(found['additionalProperties'], root)}"
    if "pattern" in found:
        words += f", `{found['pattern']}`"
    return words + "".join(
        f", {word} {found[keyword]}"
        for keyword, word in (("minimum", "at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
        if keyword in found
    )


def rows_of(schema: Mapping[str, Any], root: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """The key, the value and the meaning of each property, with those of tables inside it."""
    required = schema.get("required", ())
    for name, property_schema in schema.get("properties", {}).items():
        found = resolved(property_schema, root)
        key = f"{prefix}{name}"
        meaning = found.get("description", "")
        if name in required:
            meaning = f"Required. {meaning}".strip()
        if "default" in found:
            meaning = f"{meaning} Default: `{str(found['default']).lower()}`.".strip()
        yield key, value_of(property_schema, root), meaning
        yield from rows_of(found, root, f"{key}.")
        yield from rows_of(resolved(found.get("items", {}), root), root, f"{key}[].")
        others = found.get("additionalProperties")
        yield from rows_of(resolved(others, root) if isinstance(others, dict) else {}, root, f"{key}.NAME.")


def cell(text: str) -> str:
    """A text inside a table: outside of code, stars are escaped."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if number % 2 else part.replace("*", "\\*") for number, part in enumerate(parts))


def schema_table(name: str) -> str:
    """A Markdown table of a JSON Schema of the package."""
    schema = read_schema(name)
    lines = ["| key | value | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {cell(value)} | {cell(meaning)} |" for key, value, meaning in rows_of(schema, schema)]
    return "\n".join(lines) + "\n"


def help_pages(command: click.Command, parent: click.Context | None = None, name: str = "stackproof") -> Iterator[str]:
    """The help of a command and of all commands below it, 80 columns wide."""
    # Click leaves two columns free at the right of a terminal.
    context = click.Context(
        command, parent=parent, info_name=name, terminal_width=_COLUMNS - 2, **command.context_settings
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child is not None  # noqa: S101 - the group has just listed it
            yield from help_pages(child, context, child_name)


def plugin_functions(module: str) -> Iterator[ast.FunctionDef]:
    """The functions of a module of the pytest plugin. It is parsed, not imported: this environment has no pytest."""
    source = Path(stackproof.__file__).parent / "plugin" / f"{module}.py"
    body = ast.parse(source.read_text(encoding="utf-8")).body
    yield from (statement for statement in body if isinstance(statement, ast.FunctionDef))


def pytest_options() -> Iterator[tuple[str, str]]:
    """Each option that the plugin adds to pytest, with its placeholder, and its help."""
    for function in plugin_functions("__init__"):
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "addoption":
                literals = {
                    keyword.arg: str(keyword.value.value)
                    for keyword in call.keywords
                    if isinstance(keyword.value, ast.Constant)
                }
                name = ast.literal_eval(call.args[0])
                is_flag = literals.get("action") == "store_true"
                yield name if is_flag else f"{name} {literals['metavar']}", literals["help"]


def pytest_fixtures() -> Iterator[tuple[str, str]]:
    """Each fixture of the plugin, and what it is."""
    for module in ("fixtures", "flows"):
        for function in plugin_functions(module):
            if any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list):
                yield function.name, first_line(ast.get_docstring(function))


def methods_of(subject: type) -> Iterator[tuple[str, str]]:
    """Each public method or property of a class: how it is called, and what it is for."""
    for name, member in vars(subject).items():
        if not name.startswith("_"):
            function = getattr(member, "__func__", member)
            called = "" if isinstance(member, property) else parameters_of(function)
            yield f"{name}{called}", first_line(member.__doc__)


def parameters_of(function: Callable[..., object]) -> str:
    """The parameters of a method as they are written, without `self` and types."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in signature.parameters.items()
        if name != "self"
    ]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def first_line(docstring: str | None) -> str:
    """The first line of a docstring; a member without one has no place in a document."""
    assert docstring, "a documented member needs a docstring"  # noqa: S101 - an error of the program, not of its input
    return docstring.strip().partition("\n")[0]


def two_columns(first: str, rows: Iterable[tuple[str, str]]) -> str:
    """A Markdown table of names and their meanings."""
    lines = [f"| {first} | meaning |", "|---|---|", *(f"| `{name}` | {cell(meaning)} |" for name, meaning in rows)]
    return "\n".join(lines) + "\n"


def environment() -> str:
    """The variables that an app gets without a declaration, as a paragraph."""
    return textwrap.fill(f"{', '.join(f'`{name}`' for name in sorted(PASSED_ON))}.", 120) + "\n"


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "assertions": lambda: two_columns("method of `template`", methods_of(TemplateAssertions)),
    "command-line": lambda: "\n".join(help_pages(commands)),
    "controls": lambda: schema_table("controls.schema.json"),
    "engine-version-rules": lambda: two_columns("rule", RULES.items()),
    "fleet": lambda: schema_table("fleet.schema.json"),
    "environment": environment,
    "matchers": lambda: two_columns("matcher", methods_of(Match)),
    "pytest-fixtures": lambda: two_columns("fixture", pytest_fixtures()),
    "pytest-options": lambda: two_columns("option", pytest_options()),
    "queries": lambda: two_columns("member of `stack`", methods_of(StackQuery)),
    "stackproof": lambda: schema_table("stackproof.schema.json"),
    "waivers": lambda: schema_table("waivers.schema.json"),
}
"""What each generated part holds, by the name in its comment."""


def generated(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda part: f"{part[1]}{part[2]}\n{PARTS[part[1]]()}\n", text)


def outdated(folder: Path = DOCS) -> dict[Path, str]:
    """The pages whose generated parts are out of date, with the text that each should have."""
    texts = {page: page.read_text(encoding="utf-8") for page in sorted(folder.rglob("*.md"))}
    return {page: generated(text) for page, text in texts.items() if generated(text) != text}


def recorded(arguments: tuple[str, ...], folder: Path) -> str:
    """What a command writes to a terminal of 80 columns, with its colours; what goes to stderr is left out."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(  # noqa: S603 - the command above
        arguments, cwd=folder, stdout=terminal, stderr=subprocess.DEVNULL, env=environment
    ):
        os.close(terminal)
        written = b""
        try:
            while block := os.read(controller, 65536):
                written += block
        except OSError:  # Linux reports the end of a terminal as an error
            pass
    os.close(controller)
    return written.decode().replace("\r\n", "\n")


def draw_picture() -> None:
    """Run the command on the example, and draw images/check.svg."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DOCS / "examples" / "orders.yaml", folder)
        output = recorded(COMMAND, Path(folder))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True, color_system="standard")
        console.print(f"$ {' '.join(COMMAND)}", highlight=False)
        console.print(Text.from_ansi(output))
        picture = console.export_svg(title="stackproof check", theme=MONOKAI, unique_id="check")
    # rich names a font on a server; the reader's own one will do.
    picture = re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.DOTALL)
    picture = "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"
    (DOCS / "images" / "check.svg").write_text(picture, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Do what the arguments ask; the exit code."""
    if arguments == ["--picture"]:
        draw_picture()
        return 0
    found = outdated()
    for page, text in found.items():
        if arguments == ["--check"]:
            print(f"{page}: out of date: run 'python docs/generate.py'")
        else:
            page.write_text(text, encoding="utf-8")
    return int(bool(found) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
