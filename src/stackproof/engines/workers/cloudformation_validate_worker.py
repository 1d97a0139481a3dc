"""cloudformation-validate in a worker: built-in rules, and an engine for each Guard file, since a bad one stops all."""

# ruff: noqa: ANN401, PLC0415 - the engine has no types to name here, and `start` is when it is imported
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from rule_loading import refused  # type: ignore[import-not-found]
from rule_values import is_intrinsic, substituted  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

_LEVELS = {"FATAL": "error", "ERROR": "error", "WARN": "warning", "INFO": "note", "DEBUG": "none"}
_TRANSFORM_FAILED = "E0001"
_state: dict[str, Any] = {"guard": []}


def start(settings: dict[str, Any]) -> str:
    """Load the library and compile the rules."""
    import cloudformation_validate as library

    _state["region"] = settings["region"]
    _state["engine"] = library.CelEngine()
    known = {each.id for each in _state["engine"].list_rules()}
    for file in settings["rules"]:
        _state["guard"].append((file, _compiled(library, file, known)))
    _builtin({"Resources": {"R": {"Type": "AWS::S3::Bucket"}}})
    return str(library.version())


def _compiled(library: Any, file: str, known: set[str]) -> Any:
    """An engine for one file of Guard rules. What only shows when a rule is run shows on an example of each type."""
    name = Path(file).name
    try:
        source = library.ExternalRuleSource(name=name, content=Path(file).read_text(encoding="utf-8"))
        engine = library.CelEngine(library.EngineConfig(guard_rules=[source]))
    except Exception as error:
        text = _said(error)
        at = re.search(r"at line (\d+)", text)
        raise refused(file, f"does not load: {text}", line=int(at[1]) if at else None) from error
    found = {each.id for each in engine.list_rules() if each.origin.name == "GUARD"}
    if f"{name}/default" in found:
        raise refused(file, "has a clause outside of any rule: give it a rule with a name")
    if not found:
        raise refused(file, "has no rule in it")
    if twice := sorted(found & known):
        raise refused(file, f"there is a rule {twice[0]} already")
    known |= found
    return engine


def judge(request: dict[str, Any]) -> dict[str, Any]:
    """Its diagnostics. It tells how many resources it scanned, and never at how many places a rule looked."""
    findings: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    body = request["template"]
    # Guard compares values as they are written: what the template tells by itself is put in first.
    plain = substituted(body, body) if _state["guard"] else body
    for file, engine in _state["guard"]:
        try:
            report = _validated(engine, plain, disable_builtin_rules=True)
        except Exception as error:  # noqa: BLE001 - one file's rules are all that it may cost
            message = f"{Path(file).name}: its rules broke: {_said(error)}"
            notifications.append({"level": "error", "message": message})
            continue
        notifications += _gaps(report, f"{Path(file).name}: ")
        for each in report.diagnostics:
            row = _finding(each)
            findings.append({**row, "kind": "open" if _is_unknown(plain, row) else "fail"})
    report = _builtin(body)
    notifications += _gaps(report, "")
    for each in report.diagnostics:
        if each.rule_id == _TRANSFORM_FAILED:
            notifications.append(
                {"level": "error", "message": f"judged nothing that a transform makes: {each.message}"}
            )
        else:
            findings.append(_finding(each))
    return {
        "findings": findings,
        "notifications": notifications,
        "counts": {"cloudformation-validate": report.metadata.resources_scanned},
    }


def _gaps(report: Any, prefix: str) -> list[dict[str, Any]]:
    if report.status.name == "ERROR":
        return [{"level": "error", "message": f"{prefix}could not judge the template"}]
    if report.status.name != "OK" or report.metadata.budget_exhaustions:
        return [{"level": "error", "message": f"{prefix}gave up before it had judged everything"}]
    return []


def _builtin(body: dict[str, Any]) -> Any:
    return _validated(_state["engine"], body)


def _validated(engine: Any, body: dict[str, Any], **options: Any) -> Any:
    import cloudformation_validate as library

    overrides = library.PseudoParameterOverrides(region=_state["region"])
    config = library.ValidateConfig(pseudo_parameter_overrides=overrides, **options)
    return engine.validate_template(json.dumps(body).encode(), config)


def _is_unknown(body: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether an intrinsic function stands at the place, or on the way to it: Guard saw the function, not the value."""
    value: Any = body.get("Resources", {}).get(row["logical_id"])
    for key in [*str(row["dotted"] or "").split("."), None]:
        if is_intrinsic(value):
            return True
        if isinstance(value, list) and key is not None and key.isdigit():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return False


def _said(error: BaseException) -> str:
    return " ".join(str(error).removeprefix("msg=").strip('"').split())[:500]


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
