"""cfn-lint in a worker: rules loaded once, the template handed over as data, every rule's looks counted."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rule_loading import loaded, refused  # type: ignore[import-not-found]
from rule_values import resources_of  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

_LEVELS = {"E": "error", "W": "warning", "I": "note"}
_INTERNAL = {"E0000", "E0001", "E0002", "E0003"}
_state: dict[str, Any] = {}


def start(settings: dict[str, Any]) -> str:
    """Import cfn-lint, load its rules and those of the settings."""
    import cfnlint.version
    from cfnlint.config import _DEFAULT_RULESDIR, ConfigMixIn
    from cfnlint.rules import Rules

    # Empty arguments, and no file is read: the working directory is neutral.
    _state["config"] = ConfigMixIn([], regions=settings["regions"])
    _state["regions"] = settings["regions"]
    rules = Rules.create_from_directory(_DEFAULT_RULESDIR)
    _state["own"] = {}
    for file in settings["rules"]:
        _add_rules(rules, file)
    _state["rules"] = rules
    _state["looks"] = _counted(rules)
    _remember_fields()
    _remember_validators()
    version: str = cfnlint.version.__version__
    return version


def prepare(request: dict[str, Any]) -> None:
    """Load the schemas of the template's types, so that the next template finds them too."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    types = {
        resource.get("Type") for resource in request["template"]["Resources"].values() if isinstance(resource, dict)
    }
    known = {name for region in _state["regions"] for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)}
    for name in types & known:
        for region in _state["regions"]:
            PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name)


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """All findings of cfn-lint; what it could not do is a notification, not a finding."""
    looks: Counter[str] = _state["looks"]
    looks.clear()
    findings, notifications = [], []
    for match in _matches(request["template"]):
        rule_id = match.rule.id
        if rule_id in _INTERNAL:
            notifications.append({"level": "error", "message": match.message})
            continue
        path = [element if isinstance(element, int) else str(element) for element in getattr(match, "path", None) or ()]
        level = _LEVELS.get(rule_id[:1], "error")
        # A rule that cannot decide gives RuleMatch(path, message, kind="open").
        kind = "open" if rule_id in _state["own"] and getattr(match, "kind", None) == "open" else "fail"
        findings.append({"rule_id": rule_id, "kind": kind, "level": level, "message": match.message, "path": path})
    rules, config = _state["rules"], _state["config"]
    counts = {name: count for name, count in looks.items() if rules.is_rule_enabled(name, config)}
    return {
        "findings": findings,
        "counts": {**counts, **_own_counts(request["template"], looks)},
        "notifications": notifications,
        "project_rules": sorted(_state["own"]),
    }


def _own_counts(body: dict[str, Any], looks: Counter[str]) -> dict[str, int]:
    """Looks of the project's rules, none included.

    A rule over the whole template has `resource_types`; one that passes over some of them has `applies(template, id)`.
    """
    counts = {}
    for rule_id, rule in _state["own"].items():
        types, applies = getattr(rule, "resource_types", None), getattr(rule, "applies", None)
        if types is None:
            counts[rule_id] = looks[rule_id]
        else:
            about = [element for element, _, _ in resources_of(body, types)]
            counts[rule_id] = sum(applies is None or bool(applies(body, element)) for element in about)
    return counts


def _matches(body: dict[str, Any]) -> Any:
    from cfnlint.runner.template.runner import _run_template

    return _run_template("template.json", _placed(body, itertools.count()), _state["config"], _state["rules"])


def _placed(value: Any, lines: Iterator[int]) -> Any:
    """The value with a separate line for each key: cfn-lint merges two matches of the same text and line."""
    from cfnlint.decode.mark import Mark
    from cfnlint.decode.node import dict_node, list_node, str_node

    mark = Mark(next(lines), 0)
    if isinstance(value, dict):
        node = dict_node({}, mark, mark)
        for key, member in value.items():
            place = Mark(next(lines), 0)
            node[str_node(key, place, place)] = _placed(member, lines)
        return node
    if isinstance(value, list):
        return list_node([_placed(element, lines) for element in value], mark, mark)
    return str_node(value, mark, mark) if isinstance(value, str) else value


def _add_rules(rules: Any, file: str) -> None:
    """The rules of one file. An id gives the level and is unique; a rule names the types that it evaluates."""
    from cfnlint.helpers import create_rules
    from cfnlint.rules import CloudFormationLintRule

    module = loaded(file)
    try:
        found = [rule for rule in create_rules(module) if type(rule).__module__ == module.__name__]
    except Exception as error:
        raise refused(file, f"does not load: {type(error).__name__}: {error}") from error
    if not found:
        raise refused(file, "has no rule in it: a class derived from cfnlint.rules.CloudFormationLintRule")
    for rule in found:
        name, about = type(rule).__name__, getattr(rule, "resource_types", None)
        if not re.fullmatch(r"[EWI]\d{4}", rule.id):
            raise refused(file, f"{name}.id: {rule.id!r} is not an id of cfn-lint (expected E, W or I and 4 digits)")
        if rule.id in rules.data:
            raise refused(file, f"{name}.id: there is a rule {rule.id} already")
        if about is None and type(rule).match is not CloudFormationLintRule.match:
            raise refused(file, f"{name}: `match` sees the whole template: name the `resource_types` that it evaluates")
        if about is not None and (isinstance(about, str) or not about):
            raise refused(file, f"{name}.resource_types: expected a tuple of resource types")
        _state["own"][rule.id] = rule
        rules.extend([rule])


def _remember_fields() -> None:
    """cfn-lint asks for the fields of the same few dataclasses at every step: an eighth of a lint."""
    import cfnlint.context.context
    import cfnlint.jsonschema.validators

    known: dict[type, Any] = {}

    def fields(instance: Any) -> Any:
        kind = instance if isinstance(instance, type) else type(instance)
        if kind not in known:
            known[kind] = dataclasses.fields(kind)
        return known[kind]

    for module in (cfnlint.context.context, cfnlint.jsonschema.validators):
        if getattr(module, "fields", None) is dataclasses.fields:
            module.fields = fields


def _remember_validators() -> None:
    """cfn-lint makes a class anew each time that it extends a validator, hundreds of times: an eighth of a lint.

    Two such classes with the same keywords differ in a default at most, which is given to the instance instead.
    """
    import cfnlint.jsonschema.validators as module

    made: dict[Any, Any] = {}
    create = module.create

    def remembered(validators: Any = None, function_filter: Any = None, fn_resolvers: Any = None) -> Any:
        key = (tuple((validators or {}).items()), tuple((fn_resolvers or {}).items()))
        if key not in made:
            made[key] = create(validators=validators, fn_resolvers=fn_resolvers)
        return made[key] if function_filter is None else partial(made[key], function_filter=function_filter)

    module.create = remembered


def _counted(rules: Any) -> Counter[str]:
    """Wrap what a rule is called by: `validate`, a keyword of a parent rule, or `match` over the whole template."""
    from cfnlint.rules import CloudFormationLintRule

    looks: Counter[str] = Counter()
    keywords = {name for rule in rules.data.values() for name in getattr(rule, "rule_set", {})}
    for rule_id, rule in rules.data.items():
        for name in sorted({"validate", "match", "match_resource_properties", *keywords}):
            method = getattr(rule, name, None)
            inherited = getattr(CloudFormationLintRule, name, None)
            if callable(method) and getattr(type(rule), name, None) is not inherited:
                setattr(rule, name, _counting(looks, rule_id, method))
    return looks


def _counting(looks: Counter[str], rule_id: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        looks[rule_id] += 1
        return method(*arguments, **named)

    return call


if __name__ == "__main__":
    serve(start, evaluate, prepare)
