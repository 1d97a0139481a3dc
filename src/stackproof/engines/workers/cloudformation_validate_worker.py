"""cloudformation-validate in a worker: built-in rules, and an engine for each Guard file, since a bad one stops all."""

# ruff: noqa: ANN401, PLC0415 - the engine has no types to name here, and `start` is when it is imported
from __future__ import annotations

import json
from typing import Any

from worker_protocol import RuleFileError, serve  # type: ignore[import-not-found]

_LEVELS = {"FATAL": "error", "ERROR": "error", "WARN": "warning", "INFO": "note", "DEBUG": "none"}
_TRANSFORM_FAILED = "E0001"
_state: dict[str, Any] = {"guard": []}


def start(settings: dict[str, Any]) -> str:
    """Load the library and compile the rules."""
    import cloudformation_validate as library

    _state["region"] = settings["region"]
    _state["engine"] = library.CelEngine()
    for file in settings["rules"]:
        try:
            source = library.file_to_external_rule_source(file)
            _state["guard"].append(library.CelEngine(library.EngineConfig(guard_rules=[source])))
        except Exception as error:
            raise RuleFileError(f"{file}: does not load: {error}") from error
    _reports({"Resources": {"R": {"Type": "AWS::S3::Bucket"}}})
    return str(library.version())


def judge(request: dict[str, Any]) -> dict[str, Any]:
    """Its diagnostics. It tells how many resources it scanned, and never at how many places a rule looked."""
    findings: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    for report in _reports(request["template"]):
        if report.status.name == "ERROR":
            notifications.append({"level": "error", "message": "could not judge the template"})
        elif report.status.name != "OK" or report.metadata.budget_exhaustions:
            notifications.append({"level": "error", "message": "gave up before it had judged everything"})
        for each in report.diagnostics:
            if each.rule_id == _TRANSFORM_FAILED:
                notifications.append(
                    {"level": "error", "message": f"judged nothing that a transform makes: {each.message}"}
                )
            else:
                findings.append(_finding(each))
        scanned = report.metadata.resources_scanned
    return {
        "findings": findings,
        "notifications": notifications,
        "counts": {"cloudformation-validate": scanned},
    }


def _reports(body: dict[str, Any]) -> list[Any]:
    import cloudformation_validate as library

    text = json.dumps(body).encode()
    overrides = library.PseudoParameterOverrides(region=_state["region"])
    config = library.ValidateConfig(pseudo_parameter_overrides=overrides)
    alone = library.ValidateConfig(pseudo_parameter_overrides=overrides, disable_builtin_rules=True)
    found = [engine.validate_template(text, alone) for engine in _state["guard"]]
    return [*found, _state["engine"].validate_template(text, config)]


def _finding(diagnostic: Any) -> dict[str, Any]:
    entity = diagnostic.entity
    return {
        "rule_id": diagnostic.rule_id,
        "level": _LEVELS.get(diagnostic.severity.name, "error"),
        "message": diagnostic.message,
        "logical_id": entity.logical_id if entity else None,
        "section": entity.entity_type.name if entity else None,
        "dotted": diagnostic.property_path,
    }


if __name__ == "__main__":
    serve(start, judge)
