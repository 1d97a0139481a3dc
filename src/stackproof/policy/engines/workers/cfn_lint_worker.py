"""cfn-lint in a worker: rules loaded once, the template handed over as data, every rule's looks counted."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rule_loading import loaded, refused  # type: ignore[import-not-found]
from rule_values import resources_of  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

_LEVELS = {"E": "error", "W": "warning", "I": "note"}
_INTERNAL = {"E0000", "E0001", "E0002", "E0003"}


class _Looks:
    """How often each rule was asked since the last `take`.

    cfn-lint asks its rules by itself: only around their methods can the looks be counted.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def counting(self, rule_id: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, each call of which is a look of the rule."""

        def call(*arguments: Any, **named: Any) -> Any:
            self._counts[rule_id] += 1
            return method(*arguments, **named)

        return call

    def take(self) -> Counter[str]:
        """The looks since the last call."""
        counts, self._counts = self._counts, Counter()
        return counts


class _Worker:
    """cfn-lint with its rules and the project's; it is not ready before `start`."""

    def __init__(self) -> None:
        self._looks = _Looks()
        self._regions: Sequence[str] = ()
        self._own: dict[str, Any] = {}
        self._rules: Any = None
        self._config: Any = None

    def start(self, settings: dict[str, Any]) -> str:
        """Import cfn-lint, load its rules and those of the settings."""
        import cfnlint.version
        from cfnlint.config import _DEFAULT_RULESDIR, ConfigMixIn
        from cfnlint.rules import Rules

        self._regions = settings["regions"]
        # Empty arguments, and no file is read: the working directory is neutral.
        self._config = ConfigMixIn([], regions=self._regions)
        self._rules = Rules.create_from_directory(_DEFAULT_RULESDIR)
        for file in settings["rules"]:
            found = _load_rules(file, frozenset(self._rules.data))
            self._rules.extend(list(found.values()))
            self._own.update(found)
        _count_looks(self._rules, self._looks)
        _remember_fields()
        _remember_validators()
        version: str = cfnlint.version.__version__
        return version

    def prepare(self, request: dict[str, Any]) -> None:
        """Load the schemas of the template's types, so that the next template finds them too."""
        from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

        types = {
            resource.get("Type") for resource in request["template"]["Resources"].values() if isinstance(resource, dict)
        }
        known = {name for region in self._regions for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)}
        for name in types & known:
            for region in self._regions:
                PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name)

    def evaluate(self, request: dict[str, Any]) -> dict[str, Any]:
        """All findings of cfn-lint; what it could not do is a notification, not a finding."""
        self._looks.take()  # of a run that its deadline ended
        findings, notifications = [], []
        for match in _matches(request["template"], self._config, self._rules):
            rule_id = match.rule.id
            if rule_id in _INTERNAL:
                notifications.append({"level": "error", "message": match.message})
                continue
            path = [
                element if isinstance(element, int) else str(element) for element in getattr(match, "path", None) or ()
            ]
            level = _LEVELS.get(rule_id[:1], "error")
            # A rule that cannot decide gives RuleMatch(path, message, kind="open").
            kind = "open" if rule_id in self._own and getattr(match, "kind", None) == "open" else "fail"
            findings.append({"rule_id": rule_id, "kind": kind, "level": level, "message": match.message, "path": path})
        looks = self._looks.take()
        counts = {name: count for name, count in looks.items() if self._rules.is_rule_enabled(name, self._config)}
        return {
            "findings": findings,
            "counts": {**counts, **_own_counts(self._own, request["template"], looks)},
            "notifications": notifications,
            "project_rules": sorted(self._own),
        }


def _own_counts(own: Mapping[str, Any], body: dict[str, Any], looks: Counter[str]) -> dict[str, int]:
    """Looks of the project's rules, none included.

    A rule over the whole template has `resource_types`; one that passes over some of them has `applies(template, id)`.
    """
    counts = {}
    for rule_id, rule in own.items():
        types, applies = getattr(rule, "resource_types", None), getattr(rule, "applies", None)
        if types is None:
            counts[rule_id] = looks[rule_id]
        else:
            about = [element for element, _, _ in resources_of(body, types)]
            counts[rule_id] = sum(applies is None or bool(applies(body, element)) for element in about)
    return counts


def _matches(body: dict[str, Any], config: Any, rules: Any) -> Any:
    from cfnlint.runner.template.runner import _run_template

    return _run_template("template.json", _placed(body, itertools.count()), config, rules)


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


def _load_rules(file: str, known: Collection[str]) -> dict[str, Any]:
    """The rules of one file by id. An id gives the level and is unique; a rule names the types that it evaluates."""
    from cfnlint.helpers import create_rules
    from cfnlint.rules import CloudFormationLintRule

    module = loaded(file)
    try:
        found = [rule for rule in create_rules(module) if type(rule).__module__ == module.__name__]
    except Exception as error:
        raise refused(file, f"does not load: {type(error).__name__}: {error}") from error
    if not found:
        raise refused(file, "has no rule in it: a class derived from cfnlint.rules.CloudFormationLintRule")
    own: dict[str, Any] = {}
    for rule in found:
        name, about = type(rule).__name__, getattr(rule, "resource_types", None)
        if not re.fullmatch(r"[EWI]\d{4}", rule.id):
            raise refused(file, f"{name}.id: {rule.id!r} is not an id of cfn-lint (expected E, W or I and 4 digits)")
        if rule.id in known or rule.id in own:
            raise refused(file, f"{name}.id: there is a rule {rule.id} already")
        if about is None and type(rule).match is not CloudFormationLintRule.match:
            raise refused(file, f"{name}: `match` sees the whole template: name the `resource_types` that it evaluates")
        if about is not None and (isinstance(about, str) or not about):
            raise refused(file, f"{name}.resource_types: expected a tuple of resource types")
        own[rule.id] = rule
    return own


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

    def memoized(validators: Any = None, function_filter: Any = None, fn_resolvers: Any = None) -> Any:
        key = (tuple((validators or {}).items()), tuple((fn_resolvers or {}).items()))
        if key not in made:
            made[key] = create(validators=validators, fn_resolvers=fn_resolvers)
        return made[key] if function_filter is None else partial(made[key], function_filter=function_filter)

    module.create = memoized


def _count_looks(rules: Any, looks: _Looks) -> None:
    """Wrap what a rule is called by: `validate`, a keyword of a parent rule, or `match` over the whole template."""
    from cfnlint.rules import CloudFormationLintRule

    keywords = {name for rule in rules.data.values() for name in getattr(rule, "rule_set", {})}
    for rule_id, rule in rules.data.items():
        for name in sorted({"validate", "match", "match_resource_properties", *keywords}):
            method = getattr(rule, name, None)
            inherited = getattr(CloudFormationLintRule, name, None)
            if callable(method) and getattr(type(rule), name, None) is not inherited:
                setattr(rule, name, looks.counting(rule_id, method))


if __name__ == "__main__":
    worker = _Worker()
    serve(worker.start, worker.evaluate, worker.prepare)
