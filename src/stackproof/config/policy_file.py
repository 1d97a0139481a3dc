"""A policy file (YAML) as plain data with lines, read strictly; errors name file, line and path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stackproof.config.problems import KeyPath, Problem, nearest_line, of_kind, problems, refusal
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject, JsonValue

if TYPE_CHECKING:
    import yaml

__all__ = ["PolicyFile", "load_policy_file"]

_CORE = "tag:yaml.org,2002:"
_MAX_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """The data of a file; `lines` are by path."""

    file: str
    data: JsonObject
    lines: Mapping[KeyPath, int]

    def error(self, path: Sequence[str | int], reason: str) -> ConfigError:
        """`policies/waivers.yaml:7: waivers[1].expires: …`, at the nearest line that is known."""
        return self.refusal((Problem(path=tuple(path), text=reason),))

    def refusal(self, found: Sequence[Problem]) -> ConfigError:
        """One error with all problems of the file, sorted by line."""
        return refusal(self.file, found, self.line)

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the path, or of its nearest parent with a known line."""
        return nearest_line(self.lines, path)


def load_policy_file(path: Path, schema: str, *, is_ours: bool = False) -> PolicyFile:
    """The file, checked against a schema of the package; raises ConfigError. Dates stay strings.

    A file of the package itself is right, as a test says: it is read by libyaml, and not held against its schema.
    """
    found = _parsed(path, is_ours=is_ours)
    wrong = () if is_ours else problems(found.data, schema)
    if wrong:
        raise found.refusal(wrong)
    return found


def _parsed(path: Path, *, is_ours: bool) -> PolicyFile:
    import yaml

    # libyaml is ten times as fast, and ends the process on what is nested too deeply.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if is_ours else yaml.SafeLoader
    file = _shown(path)
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise ConfigError(f"{file}: is larger than {_MAX_BYTES:,} bytes")
        root = yaml.compose(data.decode("utf-8-sig"), Loader=loader)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 (offset {error.start})") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}:{line}: is not valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{file}: is not valid YAML: {' '.join(str(error).split())}") from error
    if root is None:
        raise ConfigError(f"{file}: is empty")
    reader = _Reader(file)
    value = reader.value(root, ())
    if not isinstance(value, dict):
        raise ConfigError(f"{file}:1: {of_kind(value, ['object'])}")
    return PolicyFile(file=file, data=value, lines=reader.lines)


class _Reader:
    """Turns nodes into data; anchors, duplicate keys and anything but strings, numbers and booleans are errors."""

    def __init__(self, file: str) -> None:
        from yaml.constructor import SafeConstructor

        self._file = file
        self._constructor = SafeConstructor()
        self._seen: set[int] = set()
        self.lines: dict[KeyPath, int] = {}

    def value(self, node: yaml.Node, path: KeyPath) -> JsonValue:
        """The data of a node and of all below it."""
        import yaml

        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            raise self._error(node, "an alias (*name) does not belong here")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(element, (*path, index)) for index, element in enumerate(node.value)]
        name = node.tag.removeprefix(_CORE)
        if name in {"str", "timestamp", "value"}:
            return str(node.value)
        if name not in {"null", "bool", "int", "float"}:
            raise self._error(node, f"the tag {node.tag} does not belong here")
        try:
            value: JsonValue = self._constructor.construct_object(node)
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise self._error(node, f"{str(node.value)[:40]!r} is not of type {name}") from error
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str) or key_node.tag == f"{_CORE}merge":
                raise self._error(key_node, "a key is not a string")
            if key in found:
                raise self._error(key_node, f"the key {key!r} occurs twice")
            self.lines[*path, key] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return found

    def _error(self, node: yaml.Node, reason: str) -> ConfigError:
        return ConfigError(f"{self._file}:{node.start_mark.line + 1}: {reason}")


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
