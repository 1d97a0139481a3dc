"""Checkov in a worker: its CloudFormation runner over one file of a fixed name, without network, skips or threads."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rule_loading import loaded, refused  # type: ignore[import-not-found]
from rule_values import is_intrinsic, substituted  # type: ignore[import-not-found]
from unused_modules import UnusedModules, folder_of, import_without_contents  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

# CKV_AWS_45 reads its own file's path: every template is evaluated under the same one.
_FILE = "template.json"
# Its platform, container images, Terraform's language and the search for secrets; the worker has no network.
_absent = UnusedModules(("aiohttp", "asteval", "boto3", "botocore", "detect_secrets", "docker", "hcl2", "lark"))
_state: dict[str, Any] = {}


def start(settings: dict[str, Any]) -> str:
    """Import Checkov, take away what makes it depend on its surroundings, and let it load its checks."""
    os.environ["CHECKOV_PARALLELIZATION_TYPE"] = "none"
    os.environ["LOG_LEVEL"] = "ERROR"
    _leave_out()
    from checkov.cloudformation.checks.resource.registry import cfn_registry
    from checkov.cloudformation.context_parser import ContextParser
    from checkov.common.checks_infra.registry import get_graph_checks_registry
    from checkov.version import version

    logging.disable(logging.CRITICAL)
    ContextParser.collect_skip_comments = staticmethod(lambda *_arguments, **_named: [])
    import checkov.cloudformation.runner  # noqa: F401 - the larger part of the import

    graph_registry = get_graph_checks_registry("cloudformation")
    _state.update(own=set(), attributes={}, broken=[])
    if any(not rule.endswith(".py") for rule in settings["rules"]):
        graph_registry.load_checks()
    for file in settings["rules"]:
        if file.endswith(".py"):
            _add_checks(file)
        else:
            _add_graph_check(graph_registry, file)
    _absent.watch()
    _state["registry"] = cfn_registry
    return str(version)


def _add_checks(file: str) -> None:
    """The checks that a Python file makes; Checkov itself passes over a file that does not load, and over a used id."""
    from checkov.common.checks.base_check_registry import BaseCheckRegistry

    registered = BaseCheckRegistry.get_all_registered_checks()
    known, size = {check.id for check in registered}, len(registered)
    loaded(file)
    found = registered[size:]
    if not found:
        raise refused(file, "makes no check: an instance of a class derived from BaseResourceCheck")
    for check in found:
        _add_id(file, check.id, known)
        known.add(check.id)


def _add_graph_check(registry: Any, file: str) -> None:
    """A check written in YAML; Checkov itself only logs what is wrong with one."""
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
    _add_id(file, check.id, {check.id for check in registry.checks})
    registry.checks.append(check)
    _state["attributes"][check.id] = sorted({key.replace("/", ".") for key in check.get_evaluated_keys()})
    run = check.run

    def noted(graph_connector: Any) -> Any:
        try:
            return run(graph_connector)
        except Exception as error:  # noqa: BLE001 - Checkov would lose it in silence
            _state["broken"].append((check.id, "the graph", " ".join(f"{type(error).__name__}: {error}".split())))
            return [], [], []

    check.run = noted


def _add_id(file: str, check_id: str, known: set[str]) -> None:
    if not isinstance(check_id, str) or not check_id:
        raise refused(file, "a check has no id")
    if check_id in known or check_id in _state["own"]:
        raise refused(file, f"there is a check {check_id} already")
    _state["own"].add(check_id)


def _leave_out() -> None:
    """Half of Checkov's start is what judging a CloudFormation template has no use for."""
    sys.meta_path.insert(0, _absent)
    checks = (folder_of("checkov") or Path()) / "terraform" / "checks" / "resource"
    for folder in checks.glob("*/"):
        if (folder / "__init__.py").is_file():
            import_without_contents(f"checkov.terraform.checks.resource.{folder.name}", folder)


def warm() -> Iterator[None]:
    """One run, which makes Checkov load its graph checks."""
    _run({"Resources": {"R": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "AWS::StackName"}}}}})
    yield


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Failed checks, counts of passed and failed checks, and the resources that Checkov did not evaluate."""
    body, lost = _judgeable(request["template"])
    undecided: list[dict[str, Any]] = []
    broken = _state["broken"] = []
    _contain(_state["registry"], broken, undecided)
    report = _run(body)
    records = [*report.passed_checks, *report.failed_checks, *report.skipped_checks]
    counts: Counter[str] = Counter(dict.fromkeys(_state["own"], 0))
    counts.update(record.check_id for record in records)
    counts.update(row["rule_id"] for row in undecided)
    undecidable = _undecidable(body, records)
    findings = [_finding(check) for check in report.failed_checks if _place(check) not in undecidable]
    if report.parsing_errors:
        lost = sorted(request["template"]["Resources"])
    else:
        seen = {resource.rpartition(".")[2] for resource in report.resources}
        lost = sorted({*lost, *(set(body["Resources"]) - seen)})
    notifications = [
        {"level": "error", "message": f"{check} broke on {place}: {reason}"}
        for check, place, reason in sorted(set(broken))
    ]
    notifications += [
        {"level": "error", "message": f"Checkov wanted {name}, which it is run without"}
        for name in sorted(_absent.used)
    ]
    if lost:
        notifications.append({"level": "error", "message": f"did not evaluate {', '.join(lost)}"})
    return {
        "findings": [*findings, *undecided, *undecidable.values()],
        "counts": counts,
        "notifications": notifications,
        "project_rules": sorted(_state["own"]),
    }


def _place(record: Any) -> tuple[str, str]:
    return record.check_id, record.resource.rpartition(".")[2]


def _undecidable(body: dict[str, Any], records: list[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Open findings where a check in YAML passed or failed on an attribute whose value only the deployment knows."""
    found = {}
    for record in records:
        for attribute in _state["attributes"].get(record.check_id, ()):
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


def _contain(registry: Any, broken: list[tuple[str, str, str]], undecided: list[dict[str, Any]]) -> None:
    """A check that raises is lost in silence: it is noted instead.

    UNKNOWN from a project's check means that it cannot decide; from Checkov's own check, that it does not apply.
    """
    from checkov.common.models.enums import CheckResult

    def run_check(check: Any, body: Any, entity_name: str, entity_type: str, file: str, skip: Any) -> Any:
        check.graph = registry.graph
        try:
            said = check.run(
                scanned_file=file,
                entity_configuration=body,
                entity_name=entity_name,
                entity_type=entity_type,
                skip_info=skip,
            )
        except Exception as error:  # noqa: BLE001 - reported, and the other checks go on
            broken.append((check.id, entity_name, " ".join(f"{type(error).__name__}: {error}".split())))
            return {"result": CheckResult.UNKNOWN}
        if said["result"] is CheckResult.UNKNOWN and check.id in _state["own"]:
            path = ["Resources", entity_name, *_keys(said)]
            row = {"rule_id": check.id, "kind": "open", "level": "warning", "message": check.name, "path": path}
            undecided.append(row)
        return said

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


def _keys(said: dict[str, Any]) -> list[str]:
    """The first key that the check evaluated, as a path below the resource."""
    keys = [key for key in said.get("evaluated_keys") or [] if isinstance(key, str)]
    keys = [key for key in keys if key.startswith("Properties/")]
    return [part.strip("[]") for part in keys[0].split("/")] if keys else []


if __name__ == "__main__":
    serve(start, evaluate, warm=warm)
