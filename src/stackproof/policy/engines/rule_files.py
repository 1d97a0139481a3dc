"""The rule files of a project, checked before any engine starts: rules that would never fail are errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from stackproof.core.errors import ConfigError
from stackproof.core.paths import shown_path
from stackproof.policy.engines.guard_rules import problem_of
from stackproof.policy.engines.table import RULE_SUFFIXES
from stackproof.template.ports import SchemaSource

__all__ = ["EXAMPLES_SUFFIX", "find_rules", "rule_files", "rule_sources"]

EXAMPLES_SUFFIX = ".examples.yaml"
"""The suffix of the file with examples, beside rules that are not written in a programming language."""

_TYPE = re.compile(r"(?<![\w:])(?:AWS|Alexa)::[A-Za-z0-9]+::[A-Za-z0-9]+(?![\w:])")
_NO_RULES = frozenset({".md", ".txt"})


def find_rules(policies: Path, schemas: SchemaSource) -> dict[str, tuple[Path, ...]]:
    """The folders below `policies/` that hold rules, by name; raises ConfigError, with file and line, for bad rules.

    Resource types without a schema are errors too: a rule about such a type would never check a resource.
    """
    _refuse_lookalikes(policies, RULE_SUFFIXES)
    found = {
        name: directories
        for name, suffixes in RULE_SUFFIXES.items()
        if (directories := _folder(policies / name, suffixes))
    }
    known = frozenset(schemas.resource_types()) if found else frozenset()
    for name, directories in found.items():
        for file in rule_files(directories, *RULE_SUFFIXES[name]):
            _check_file(file, known, schemas)
    return found


def rule_files(directories: Sequence[Path], *suffixes: str) -> tuple[Path, ...]:
    """The files of rules in some folders, sorted by name within each; `_name` is for what rules share."""
    return tuple(
        source
        for source in rule_sources(directories)
        if source.suffix in suffixes and not source.name.startswith("_") and not source.name.endswith(EXAMPLES_SUFFIX)
    )


def rule_sources(directories: Sequence[Path]) -> tuple[Path, ...]:
    """Every file that the results of the rules may depend on."""
    return tuple(
        path
        for directory in directories
        for path in sorted(directory.resolve().rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )


def _refuse_lookalikes(policies: Path, known: Collection[str]) -> None:
    """Raise ConfigError for a folder with nearly a known name: its rules would not be loaded."""
    for path in sorted(policies.iterdir()) if policies.is_dir() else ():
        near = get_close_matches(path.name.lower().replace("-", "_"), known, n=1, cutoff=0.8)
        if path.is_dir() and path.name not in known and near:
            raise ConfigError(f"{shown_path(path)}: is not a folder of rules (did you mean {near[0]}?)")
    for name in known:
        for path in (policies / name).rglob("*"):
            if path.is_symlink() and path.is_dir():
                raise ConfigError(
                    f"{shown_path(path)}: links to folders are not followed: put the rules into {name}/ itself"
                )


def _folder(directory: Path, suffixes: Sequence[str]) -> tuple[Path, ...]:
    if not directory.is_dir():
        return ()
    for source in rule_sources([directory]):
        is_sidecar = source.name.endswith(EXAMPLES_SUFFIX) or source.name.startswith("_")
        if source.suffix not in suffixes and source.suffix not in _NO_RULES and not is_sidecar:
            raise ConfigError(f"{shown_path(source)}: is not a file of rules (expected {', '.join(suffixes)})")
    return (directory,) if rule_files([directory], *suffixes) else ()


def _check_file(file: Path, known: frozenset[str], schemas: SchemaSource) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown_path(file)}: cannot be read: {error}") from error
    if file.suffix == ".py":
        _compile(file, text)
    if file.suffix == ".guard":
        problem = problem_of(text, schemas)
        if problem is not None:
            raise ConfigError(f"{shown_path(file)}:{problem.line}: {problem.reason}")
    for line, name in _types(text):
        if name not in known:
            raise ConfigError(f"{shown_path(file)}:{line}: there is no resource type {name}")
    if file.suffix in {".yaml", ".yml"}:
        _check_attributes(file, text, schemas)


def _compile(file: Path, text: str) -> None:
    if not text.strip():
        raise ConfigError(f"{shown_path(file)}:1: is empty")
    try:
        compile(text, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ConfigError(f"{shown_path(file)}:{line}: does not load: {getattr(error, 'msg', error)}") from error


def _check_attributes(file: Path, text: str, schemas: SchemaSource) -> None:
    """A check in YAML on a property that no schema has would fail everywhere, or hold everywhere."""
    import yaml

    try:
        found = list(_attributes(yaml.safe_load(text)))
    except (yaml.YAMLError, ValueError, AttributeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(
            f"{shown_path(file)}:{line}: is not valid YAML: {getattr(error, 'problem', None) or error}"
        ) from error
    for name, attribute in found:
        schema = schemas.schema(name)
        path = "/" + attribute.replace(".", "/")
        if schema is not None and schema.at(path) is None:
            line = next((n for n, line in enumerate(text.splitlines(), start=1) if attribute in line), 1)
            near = schema.nearest(path)
            hint = f", did you mean {near}?" if near else ""
            raise ConfigError(f"{shown_path(file)}:{line}: {name} has no property {attribute}{hint}")


def _attributes(value: object) -> Iterator[tuple[str, str]]:
    """Every resource type with an attribute that is asked of it; JSONPath goes its own ways."""
    if isinstance(value, Mapping):
        attribute, types = value.get("attribute"), value.get("resource_types")
        if isinstance(attribute, str) and not str(value.get("operator")).startswith("jsonpath"):
            yield from (
                (str(resource_type), attribute) for resource_type in (types if isinstance(types, list) else [types])
            )
        for member in value.values():
            yield from _attributes(member)
    elif isinstance(value, list):
        for element in value:
            yield from _attributes(element)


def _types(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        yield from ((number, match_) for match_ in _TYPE.findall(line))
