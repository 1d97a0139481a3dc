"""The names and resource types of Guard rules, read from the file's text: the engine reports neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from stackproof.core.json import JsonValue
from stackproof.template.ports import SchemaSource
from stackproof.template.schema import ResourceSchema
from stackproof.template.template import Template

__all__ = ["GuardProblem", "GuardRule", "guard_rules", "looks_of", "problem_of"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*|<<.*?>>|/(?:\\.|[^/\\\n])+/)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<type>[A-Za-z0-9]+(?:::[A-Za-z0-9]+){1,}(?:::MODULE)?)
      | (?P<variable>%[A-Za-z_]\w*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_TYPE = re.compile(r"(?:AWS|Alexa)::[A-Za-z0-9]+::[A-Za-z0-9]+")
_KEYWORDS = frozenset(
    (
        *("empty", "exists", "false", "in", "is_bool", "is_float", "is_int", "is_list", "is_null", "is_string"),
        *("is_struct", "keys", "let", "not", "null", "or", "rule", "some", "this", "true", "when"),
    )
)
_OF_TEMPLATES = frozenset(
    (
        *("AllowedPattern", "AllowedValues", "Condition", "Conditions", "CreationPolicy", "Default", "DeletionPolicy"),
        *("DependsOn", "Description", "Export", "Mappings", "Metadata", "Name", "NoEcho", "Outputs", "Parameters"),
        *("Properties", "Ref", "Resources", "Rules", "Transform", "Type", "UpdatePolicy", "UpdateReplacePolicy"),
        "Value",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """A rule by name, with the resource types that its text names; without any it evaluates every resource."""

    name: str
    line: int
    types: frozenset[str]
    names: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardProblem:
    """Why a file cannot be relied on; `line` is from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class _Block:
    """A rule or, with an empty name, a `let` outside of rules."""

    name: str
    defines: str
    tokens: Sequence[_Token]


def guard_rules(text: str) -> tuple[GuardRule, ...]:
    """The rules of the file; types that a rule reaches through variables count as its own."""
    blocks = tuple(_blocks(tuple(_tokens(text))))
    variables = {block.defines: block.tokens for block in blocks if not block.name}
    rule_names = {block.name for block in blocks}
    return tuple(
        GuardRule(
            name=block.name,
            line=block.tokens[0].line,
            types=frozenset(_types(block.tokens, variables, frozenset())),
            names=_names(block.tokens, rule_names),
        )
        for block in blocks
        if block.name
    )


def problem_of(text: str, schemas: SchemaSource) -> GuardProblem | None:
    """The first thing about the file that would let a rule pass without having looked."""
    rules = guard_rules(text)
    if not rules:
        return GuardProblem(line=1, reason="has no rule in it" if text.strip() else "is empty")
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            return GuardProblem(line=rule.line, reason=f"there are two rules {rule.name}")
        seen.add(rule.name)
    undefined = _undefined_variable(text)
    if undefined is not None:
        return GuardProblem(line=undefined.line, reason=f"the variable {undefined.text} is not defined")
    return next((found for rule in rules if (found := _unknown_name(rule, schemas))), None)


def looks_of(rules: Sequence[GuardRule], template: Template) -> dict[str, int]:
    """At how many resources each rule looks, by the types in its text."""
    types = [resource.resource_type for resource in template.resources]
    return {rule.name: sum(not rule.types or resource_type in rule.types for resource_type in types) for rule in rules}


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match[0]
        if kind != "skip":
            yield _Token(kind, found, line)
        line += found.count("\n")


def _blocks(tokens: Sequence[_Token]) -> Iterator[_Block]:
    """Rules, each up to its closing brace, and the definitions between them."""
    depth, start, in_rule = 0, 0, False
    for index, token in enumerate(tokens):
        begins = depth == 0 and token.kind == "word" and token.text in {"rule", "let"}
        if begins and index > start:
            yield from _block(tokens[start:index])
            start = index
        if begins:
            in_rule = token.text == "rule"
        if token.text in {"{", "["} and token.kind == "other":
            depth += 1
        elif token.text in {"}", "]"} and token.kind == "other":
            depth -= 1
            if depth == 0 and in_rule and token.text == "}":
                yield from _block(tokens[start : index + 1])
                start, in_rule = index + 1, False
    yield from _block(tokens[start:])


def _block(tokens: Sequence[_Token]) -> Iterator[_Block]:
    if len(tokens) > 1 and tokens[0].text == "rule" and tokens[1].kind == "word":
        yield _Block(tokens[1].text, "", tokens)
    elif len(tokens) > 1 and tokens[0].text == "let":
        yield _Block("", tokens[1].text, tokens)


def _types(tokens: Sequence[_Token], variables: Mapping[str, Sequence[_Token]], seen: frozenset[str]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "type" and token.text.count("::") > 1:
            yield token.text
        elif token.kind == "string" and _TYPE.fullmatch(token.text[1:-1]):
            yield token.text[1:-1]
        elif token.kind == "variable" and (name := token.text[1:]) in variables and name not in seen:
            yield from _types(variables[name], variables, seen | {name})


def _names(tokens: Sequence[_Token], rule_names: set[str]) -> dict[str, int]:
    """Words that are keys of the template, with their first line."""
    found: dict[str, int] = {}
    for before, token, after in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
        is_key = token.kind == "word" and token.text.lower() not in _KEYWORDS and token.text not in rule_names
        defines = before is not None and before.text in {"let", "rule"}
        follows = after.text if after is not None else ""
        if is_key and not defines and follows not in {"(", "|", ":"}:
            found.setdefault(token.text, token.line)
    return found


def _undefined_variable(text: str) -> _Token | None:
    """The first variable that no `let`, capture or parameter of a rule gives: it would cost all findings."""
    tokens = tuple(_tokens(text))
    defined = set()
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if before == "let" or after == "|" or (before in {"(", ","} and after in {")", ","}):
            defined.add(token.text)
    return next((token for token in tokens if token.kind == "variable" and token.text[1:] not in defined), None)


def _unknown_name(rule: GuardRule, schemas: SchemaSource) -> GuardProblem | None:
    found: dict[str, ResourceSchema] = {}
    for resource_type in sorted(rule.types):
        schema = schemas.schema(resource_type)
        if schema is None:
            return GuardProblem(line=rule.line, reason=f"rule {rule.name}: there is no resource type {resource_type}")
        found[resource_type] = schema
    known, free = set(_OF_TEMPLATES), set()
    for schema in found.values():
        names, free_names = _keys(schema)
        known |= names
        free |= free_names
    if not found or free & rule.names.keys():
        return None  # what is below a free-form property (a policy document) is in no schema
    for name, line in rule.names.items():
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f", did you mean {near[0]}?" if near else ""
            where = ", ".join(sorted(rule.types))
            return GuardProblem(line=line, reason=f"rule {rule.name}: {where} has no property {name}{hint}")
    return None


def _keys(schema: ResourceSchema) -> tuple[set[str], set[str]]:
    """All property names of a schema, at any depth, and those of them under which anything may stand."""
    names: set[str] = set()
    free: set[str] = set()
    pending: list[JsonValue] = [schema.document]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            properties = value.get("properties")
            for name, below in properties.items() if isinstance(properties, Mapping) else ():
                names.add(name)
                if isinstance(below, Mapping) and _is_free(schema.followed(below)):
                    free.add(name)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return names, free


def _is_free(schema: Mapping[str, JsonValue]) -> bool:
    kinds = schema.get("type")
    objects = "object" in kinds if isinstance(kinds, str | list) else False
    return objects and not {"properties", "oneOf", "anyOf", "allOf", "$ref"} & schema.keys()
