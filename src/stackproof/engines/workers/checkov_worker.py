"""Checkov in a worker: its CloudFormation runner over one file of a fixed name, without network, skips or threads."""

# ruff: noqa: ANN401, PLC0415 - the engine has no types to name here, and `start` is when it is imported
from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from left_out import LeftOut, folder_of, import_without_contents  # type: ignore[import-not-found]
from worker_protocol import RuleFileError, serve  # type: ignore[import-not-found]

# CKV_AWS_45 reads its own file's path: every template is judged under the same one.
_FILE = "template.json"
# Its platform, container images, Terraform's language and the search for secrets; the worker has no network.
_absent = LeftOut(("aiohttp", "asteval", "boto3", "botocore", "detect_secrets", "docker", "hcl2", "lark"))
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
    for directory in settings["rules"]:
        try:
            cfn_registry.load_external_checks(directory)
            get_graph_checks_registry("cloudformation").load_external_checks(directory)
        except Exception as error:
            raise RuleFileError(f"{directory}: does not load: {type(error).__name__}: {error}") from error
    import checkov.cloudformation.runner  # noqa: F401 - the larger part of the import

    _absent.watch()
    _state["registry"] = cfn_registry
    return str(version)


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


def judge(request: dict[str, Any]) -> dict[str, Any]:
    """Failed checks, counts over passed and failed ones, and which resources it never looked at."""
    body, lost = _judgeable(request["template"])
    broken = _contain(_state["registry"])
    report = _run(body)
    counts: Counter[str] = Counter(
        each.check_id for each in (*report.passed_checks, *report.failed_checks, *report.skipped_checks)
    )
    if report.parsing_errors:
        lost = sorted(request["template"]["Resources"])
    else:
        seen = {each.rpartition(".")[2] for each in report.resources}
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
        notifications.append({"level": "error", "message": f"did not look at {', '.join(lost)}"})
    return {
        "findings": [_finding(each) for each in report.failed_checks],
        "counts": counts,
        "notifications": notifications,
    }


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


def _contain(registry: Any) -> list[tuple[str, str, str]]:
    """A check that raises is lost in silence: it is noted instead."""
    from checkov.common.models.enums import CheckResult

    broken: list[tuple[str, str, str]] = []

    def run_check(check: Any, body: Any, entity_name: str, entity_type: str, file: str, skip: Any) -> Any:
        check.graph = registry.graph
        try:
            return check.run(
                scanned_file=file,
                entity_configuration=body,
                entity_name=entity_name,
                entity_type=entity_type,
                skip_info=skip,
            )
        except Exception as error:  # noqa: BLE001 - told, and the other checks go on
            broken.append((check.id, entity_name, " ".join(f"{type(error).__name__}: {error}".split())))
            return {"result": CheckResult.UNKNOWN}

    registry.run_check = run_check
    return broken


def _run(body: dict[str, Any]) -> Any:
    from checkov.cloudformation.runner import Runner
    from checkov.runner_filter import RunnerFilter

    # The working directory is the worker's own, and it judges one template at a time.
    Path(_FILE).write_text(json.dumps(body, indent=1), encoding="utf-8")
    choice = RunnerFilter(framework=["cloudformation"], show_progress_bar=False)
    report = Runner().run(root_folder=None, files=[_FILE], runner_filter=choice)
    return report[0] if isinstance(report, list) else report


def _finding(record: Any) -> dict[str, Any]:
    logical_id = record.resource.rpartition(".")[2]
    keys = record.check_result.get("evaluated_keys") or []
    keys = [each for each in keys if isinstance(each, str) and each.startswith("Properties/")]
    path = [each.strip("[]") for each in keys[0].split("/")] if keys else []
    return {
        "rule_id": record.check_id,
        "level": "warning",
        "message": record.check_name,
        "path": ["Resources", logical_id, *path],
    }


if __name__ == "__main__":
    serve(start, judge, warm=warm)
