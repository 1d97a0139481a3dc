"""cloudformation-validate in a worker: built-in rules, and an engine for each Guard file, since a bad one stops all."""

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
_state: dict[str, Any] = {}


def start(settings: dict[str, Any]) -> str:
    """Load the library and compile the rules: all in one engine, since each engine compiles the built-in ones too.

    `names` are the rules in each file's text. Files that do not compile together get separate engines.
    """
    import cloudformation_validate as library

    _state["region"], _state["files"] = settings["region"], settings["rules"]
    _state["names"] = {name for names in settings["names"] for name in names}
    _state["engine"] = _compiled_together(library, settings["rules"], settings["names"])
    if _state["engine"] is None:
        _state["names"] = set()
        _alone(library)
    _builtin({"Resources": {"R": {"Type": "AWS::S3::Bucket"}}})
    return str(library.version())


def _compiled_together(library: Any, files: list[str], names: list[list[str]]) -> Any:
    """One engine with exactly the rules of the texts; None if there is no such engine."""
    try:
        sources = [_source(library, file) for file in files]
        engine = library.CelEngine(library.EngineConfig(guard_rules=sources)) if sources else library.CelEngine()
    except Exception:  # noqa: BLE001 - compiling each file alone finds the broken one
        return None
    found = [(rule.id, rule.origin.name == "GUARD") for rule in engine.list_rules()]
    own = sorted(name for name, is_guard in found if is_guard)
    builtin = {name for name, is_guard in found if not is_guard}
    expected = sorted(name for of_file in names for name in of_file)
    whole = all(names) and own == expected and len(set(own)) == len(own) and not builtin & set(own)
    return engine if whole else None


def _alone(library: Any) -> list[tuple[str, Any]]:
    """Separate engines for the built-in rules and for each file; made once."""
    if "alone" not in _state:
        builtin = library.CelEngine()
        known = {rule.id for rule in builtin.list_rules()}
        _state["alone"] = [(file, _compiled(library, file, known)) for file in _state["files"]]
        _state["builtin"] = builtin
    alone: list[tuple[str, Any]] = _state["alone"]
    return alone


def _source(library: Any, file: str) -> Any:
    return library.ExternalRuleSource(name=Path(file).name, content=Path(file).read_text(encoding="utf-8"))


def _compiled(library: Any, file: str, known: set[str]) -> Any:
    """An engine for one file of Guard rules. What only shows when a rule is run shows on an example of each type."""
    name = Path(file).name
    try:
        engine = library.CelEngine(library.EngineConfig(guard_rules=[_source(library, file)]))
    except Exception as error:
        text = _said(error)
        at = re.search(r"at line (\d+)", text)
        raise refused(file, f"does not load: {text}", line=int(at[1]) if at else None) from error
    found = {rule.id for rule in engine.list_rules() if rule.origin.name == "GUARD"}
    if f"{name}/default" in found:
        raise refused(file, "has a clause outside of any rule: give it a rule with a name")
    if not found:
        raise refused(file, "has no rule in it")
    if twice := sorted(found & known):
        raise refused(file, f"there is a rule {twice[0]} already")
    known |= found
    return engine


def evaluate(request: dict[str, Any]) -> dict[str, Any]:
    """Its diagnostics. It reports the number of scanned resources, but no denominators of rules."""
    body = request["template"]
    findings, notifications = _guarded(body) if _state["files"] else ([], [])
    report = _builtin(body)
    notifications += _gaps(report, "")
    for diagnostic in report.diagnostics:
        if diagnostic.rule_id == _TRANSFORM_FAILED:
            notifications.append(
                {"level": "error", "message": f"evaluated nothing that a transform makes: {diagnostic.message}"}
            )
        elif diagnostic.rule_id not in _state["names"]:
            findings.append(_finding(diagnostic))
    return {
        "findings": findings,
        "notifications": notifications,
        "counts": {"cloudformation-validate": report.metadata.resources_scanned},
    }


def _guarded(body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Findings of the project's rules. If they break together, each file runs alone: a broken one costs only itself."""
    import cloudformation_validate as library

    # Guard compares values as they are written: values that the template alone gives are substituted first.
    plain = substituted(body, body)
    findings: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    for file, report in _reports(library, plain):
        name = Path(file).name
        if isinstance(report, Exception):
            notifications.append({"level": "error", "message": f"{name}: its rules broke: {_said(report)}"})
            continue
        notifications += _gaps(report, f"{name}: ")
        for diagnostic in report.diagnostics:
            row = _finding(diagnostic)
            findings.append({**row, "kind": "open" if _is_unknown(plain, row) else "fail"})
    return findings, notifications


def _reports(library: Any, plain: dict[str, Any]) -> list[tuple[str, Any]]:
    """One report over all files, or one for each file; a file whose rules broke has its exception instead."""
    if _state["engine"] is not None:
        try:
            report = _validated(_state["engine"], plain, disable_builtin_rules=True)
        except Exception:  # noqa: BLE001, S110 - what follows finds the file
            pass
        else:
            if not _gaps(report, ""):
                return [("", report)]
    found: list[tuple[str, Any]] = []
    for file, engine in _alone(library):
        try:
            found.append((file, _validated(engine, plain, disable_builtin_rules=True)))
        except Exception as error:  # noqa: BLE001 - one file's rules are all that it may cost
            found.append((file, error))
    return found


def _gaps(report: Any, prefix: str) -> list[dict[str, Any]]:
    if report.status.name == "ERROR":
        return [{"level": "error", "message": f"{prefix}could not evaluate the template"}]
    if report.status.name != "OK" or report.metadata.budget_exhaustions:
        return [{"level": "error", "message": f"{prefix}gave up before it had evaluated everything"}]
    return []


def _builtin(body: dict[str, Any]) -> Any:
    """The report of the built-in rules, and of the project's rules too unless those break it."""
    import cloudformation_validate as library

    if _state["engine"] is not None:
        try:
            return _validated(_state["engine"], body)
        except Exception:  # of the project's rules, unless there are none: the built-in ones run without them
            if not _state["files"]:
                raise
    _alone(library)
    return _validated(_state["builtin"], body)


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
    serve(start, evaluate)
