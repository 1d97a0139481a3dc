"""Checkov in a worker: its CloudFormation runner over one file of a fixed name, without network, skips or threads."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rule_loading import loaded, refused  # type: ignore[import-not-found]
from rule_values import is_intrinsic, substituted  # type: ignore[import-not-found]
from unused_modules import UnusedModules, folder_of, import_without_contents  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

# CKV_AWS_45 reads its own file's path: every template is evaluated under the same one.
_FILE = "template.json"
# Checkov's platform, container images, Terraform's language, the search for secrets; the worker has no network.
_ABSENT = ("aiohttp", "asteval", "boto3", "botocore", "detect_secrets", "docker", "hcl2", "lark")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnChecks:
    """The ids of the project's checks, and by id the attributes that those in YAML evaluate."""

    ids: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_ids(self, ids: Sequence[str]) -> _OwnChecks:
        """The same, and the checks of a Python file."""
        return replace(self, ids=(*self.ids, *ids))

    def with_graph_check(self, check_id: str, attributes: Sequence[str]) -> _OwnChecks:
        """The same, and a check in YAML."""
        return _OwnChecks(ids=(*self.ids, check_id), attributes={**self.attributes, check_id: tuple(attributes)})


class _Recorder:
    """What checks report in a run beside Checkov's records, which have neither errors nor UNKNOWN.

    Checkov calls its checks through its registries: only here can they leave something for the evaluation to `take`.
    """

    def __init__(self) -> None:
        self._broken: set[tuple[str, str, str]] = set()
        self._undecided: list[dict[str, Any]] = []

    def broke(self, check_id: str, place: str, error: Exception) -> None:
        """A check raised an error."""
        self._broken.add((check_id, place, " ".join(f"{type(error).__name__}: {error}".split())))

    def could_not_decide(self, finding: dict[str, Any]) -> None:
        """A project's check gave UNKNOWN."""
        self._undecided.append(finding)

    def take(self) -> tuple[list[tuple[str, str, str]], list[dict[str, Any]]]:
        """The checks that broke, and the findings that are open, since the last call."""
        broken, undecided = sorted(self._broken), self._undecided
        self._broken, self._undecided = set(), []
        return broken, undecided


class _Worker:
    """Checkov with its checks and the project's; it is not ready before `start`."""

    def __init__(self) -> None:
        self._absent = UnusedModules(_ABSENT)
        self._recorder = _Recorder()
        self._own = _OwnChecks()

    def start(self, settings: dict[str, Any]) -> str:
        """Import Checkov, take away what makes it depend on its surroundings, and let it load its checks."""
        os.environ["CHECKOV_PARALLELIZATION_TYPE"] = "none"
        os.environ["LOG_LEVEL"] = "ERROR"
        _leave_out(self._absent)
        from checkov.cloudformation.checks.resource.registry import cfn_registry
        from checkov.cloudformation.context_parser import ContextParser
        from checkov.common.checks_infra.registry import get_graph_checks_registry
        from checkov.version import version

        logging.disable(logging.CRITICAL)
        ContextParser.collect_skip_comments = staticmethod(lambda *_arguments, **_named: [])
        import checkov.cloudformation.runner  # noqa: F401 - the larger part of the import

        self._own = _load_checks(settings["rules"], get_graph_checks_registry("cloudformation"), self._recorder)
        _contain(cfn_registry, frozenset(self._own.ids), self._recorder)
        self._absent.watch()
        return str(version)

    def warm(self) -> Iterator[None]:
        """One run, which makes Checkov load its graph checks."""
        _run({"Resources": {"R": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "AWS::StackName"}}}}})
        yield

    def evaluate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Failed checks, counts of passed and failed checks, and the resources that Checkov did not evaluate."""
        body, lost = _judgeable(request["template"])
        self._recorder.take()  # of the first run, or of one that its deadline ended
        report = _run(body)
        broken, undecided = self._recorder.take()
        records = [*report.passed_checks, *report.failed_checks, *report.skipped_checks]
        counts: Counter[str] = Counter(dict.fromkeys(self._own.ids, 0))
        counts.update(record.check_id for record in records)
        counts.update(finding["rule_id"] for finding in undecided)
        undecidable = _undecidable(body, records, self._own.attributes)
        findings = [_finding(check) for check in report.failed_checks if _place(check) not in undecidable]
        if report.parsing_errors:
            lost = sorted(request["template"]["Resources"])
        else:
            evaluated = {resource.rpartition(".")[2] for resource in report.resources}
            lost = sorted({*lost, *(set(body["Resources"]) - evaluated)})
        messages = [f"{check} broke on {place}: {reason}" for check, place, reason in broken]
        messages += [f"Checkov wanted {name}, which it is run without" for name in sorted(self._absent.used)]
        messages += [f"did not evaluate {', '.join(lost)}"] if lost else []
        return {
            "findings": [*findings, *undecided, *undecidable.values()],
            "counts": counts,
            "notifications": [{"level": "error", "message": message} for message in messages],
            "project_rules": sorted(self._own.ids),
        }


def _load_checks(files: Sequence[str], graph_registry: Any, recorder: _Recorder) -> _OwnChecks:
    """Add the checks of these files to Checkov's own."""
    if any(not file.endswith(".py") for file in files):
        graph_registry.load_checks()
    own = _OwnChecks()
    for file in files:
        if file.endswith(".py"):
            own = own.with_ids(_add_checks(file, own.ids))
        else:
            check_id, attributes = _add_graph_check(graph_registry, file, own.ids, recorder)
            own = own.with_graph_check(check_id, attributes)
    return own


def _add_checks(file: str, own: Sequence[str]) -> tuple[str, ...]:
    """The ids of the checks that a Python file makes; Checkov passes over a file that does not load, and a used id."""
    from checkov.common.checks.base_check_registry import BaseCheckRegistry

    registered = BaseCheckRegistry.get_all_registered_checks()
    known, size = {*own, *(check.id for check in registered)}, len(registered)
    loaded(file)
    found = [check.id for check in registered[size:]]
    if not found:
        raise refused(file, "makes no check: an instance of a class derived from BaseResourceCheck")
    for index, check_id in enumerate(found):
        _require_new_id(file, check_id, {*known, *found[:index]})
    return tuple(found)


def _add_graph_check(registry: Any, file: str, own: Sequence[str], recorder: _Recorder) -> tuple[str, tuple[str, ...]]:
    """The id and the attributes of a check written in YAML; Checkov itself only logs what is wrong with one."""
    import yaml

    try:
        raw = json.loads(json.dumps(yaml.safe_load(Path(file).read_text(encoding="utf-8"))))
    except (ValueError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"is not valid YAML: {getattr(error, 'problem', None) or error}"
        raise refused(file, reason, line=mark.line + 1 if mark else None) from error
    if not isinstance(raw, dict) or not registry.parser.validate_check_config(file_path=file, raw_check=raw):
        raise refused(file, "is not a check: expected metadata (id, name, category) and definition")
    try:
        check = registry.parser.parse_raw_check(raw, check_path=file)
    except Exception as error:
        raise refused(file, f"definition: {type(error).__name__}: {error}") from error
    if not check.resource_types:
        raise refused(file, "definition: names no resource_types")
    _require_new_id(file, check.id, {*own, *(known.id for known in registry.checks)})
    registry.checks.append(check)
    run = check.run

    def recorded(graph_connector: Any) -> Any:
        try:
            return run(graph_connector)
        except Exception as error:  # noqa: BLE001 - Checkov would lose it in silence
            recorder.broke(check.id, "the graph", error)
            return [], [], []

    check.run = recorded
    return check.id, tuple(sorted({key.replace("/", ".") for key in check.get_evaluated_keys()}))


def _require_new_id(file: str, check_id: object, known: Collection[str]) -> None:
    if not isinstance(check_id, str) or not check_id:
        raise refused(file, "a check has no id")
    if check_id in known:
        raise refused(file, f"there is a check {check_id} already")


def _leave_out(absent: UnusedModules) -> None:
    """Half of Checkov's start is of no use for a CloudFormation template."""
    sys.meta_path.insert(0, absent)
    checks = (folder_of("checkov") or Path()) / "terraform" / "checks" / "resource"
    for folder in checks.glob("*/"):
        if (folder / "__init__.py").is_file():
            import_without_contents(f"checkov.terraform.checks.resource.{folder.name}", folder)


def _place(record: Any) -> tuple[str, str]:
    return record.check_id, record.resource.rpartition(".")[2]


def _undecidable(
    body: dict[str, Any], records: list[Any], attributes: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Open findings where a check in YAML passed or failed on an attribute whose value only the deployment knows."""
    found = {}
    for record in records:
        for attribute in attributes.get(record.check_id, ()):
            _, logical_id = place = _place(record)
            path = attribute.split(".")
            if _is_unknown(substituted(body, body["Resources"][logical_id].get("Properties")), path):
                where = ["Resources", logical_id, "Properties", *path]
                found[place] = {**_finding(record), "kind": "open", "path": where}
    return found


def _is_unknown(value: Any, path: list[str]) -> bool:
    """Whether an intrinsic function that the template alone cannot work out stands on the way to the attribute."""
    if isinstance(value, list):
        below = path[1:] if path and (path[0] == "*" or path[0].isdigit()) else path
        return any(_is_unknown(element, below) for element in value)
    if is_intrinsic(value) or not path:
        return bool(is_intrinsic(value))
    return isinstance(value, dict) and _is_unknown(value.get(path[0]), path[1:])


def _judgeable(template: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The template without what makes Checkov lose all the rest of it; it passes over loops in silence."""
    kept, lost = {}, []
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties") if isinstance(resource, dict) else []
        if logical_id.startswith("Fn::") or "." in logical_id or not isinstance(properties, (dict, type(None))):
            lost.append(logical_id)
        elif properties is None:
            kept[logical_id] = {key: value for key, value in resource.items() if key != "Properties"}
        else:
            kept[logical_id] = resource
    return {**template, "Resources": kept}, lost


def _contain(registry: Any, own: Collection[str], recorder: _Recorder) -> None:
    """A check that raises is lost in silence: it is recorded instead.

    UNKNOWN from a project's check means that it cannot decide; from Checkov's own check, that it does not apply.
    """
    from checkov.common.models.enums import CheckResult

    def run_check(check: Any, body: Any, entity_name: str, entity_type: str, file: str, skip: Any) -> Any:
        check.graph = registry.graph
        try:
            answer = check.run(
                scanned_file=file,
                entity_configuration=body,
                entity_name=entity_name,
                entity_type=entity_type,
                skip_info=skip,
            )
        except Exception as error:  # noqa: BLE001 - reported, and the other checks go on
            recorder.broke(check.id, entity_name, error)
            return {"result": CheckResult.UNKNOWN}
        if answer["result"] is CheckResult.UNKNOWN and check.id in own:
            path = ["Resources", entity_name, *_keys(answer)]
            recorder.could_not_decide(
                {"rule_id": check.id, "kind": "open", "level": "warning", "message": check.name, "path": path}
            )
        return answer

    registry.run_check = run_check


def _run(body: dict[str, Any]) -> Any:
    from checkov.cloudformation.runner import Runner
    from checkov.runner_filter import RunnerFilter

    # The working directory is the worker's own, and it evaluates one template at a time.
    Path(_FILE).write_text(json.dumps(body, indent=1), encoding="utf-8")
    choice = RunnerFilter(framework=["cloudformation"], show_progress_bar=False)
    report = Runner().run(root_folder=None, files=[_FILE], runner_filter=choice)
    return report[0] if isinstance(report, list) else report


def _finding(record: Any) -> dict[str, Any]:
    logical_id = record.resource.rpartition(".")[2]
    return {
        "rule_id": record.check_id,
        "kind": "fail",
        "level": "warning",
        "message": record.check_name,
        "path": ["Resources", logical_id, *_keys(record.check_result)],
    }


def _keys(answer: dict[str, Any]) -> list[str]:
    """The first key that the check evaluated, as a path below the resource."""
    keys = [key for key in answer.get("evaluated_keys") or [] if isinstance(key, str)]
    keys = [key for key in keys if key.startswith("Properties/")]
    return [part.strip("[]") for part in keys[0].split("/")] if keys else []


if __name__ == "__main__":
    worker = _Worker()
    serve(worker.start, worker.evaluate, warm=worker.warm)
