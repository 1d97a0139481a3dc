"""cloudformation-validate in a worker: built-in rules, and an engine for each Guard file, since a bad one stops all."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rule_loading import refused  # type: ignore[import-not-found]
from rule_values import is_intrinsic, substituted  # type: ignore[import-not-found]
from worker_protocol import serve  # type: ignore[import-not-found]

_LEVELS = {"FATAL": "error", "ERROR": "error", "WARN": "warning", "INFO": "note", "DEBUG": "none"}
_TRANSFORM_FAILED = "E0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Separate:
    """An engine with the built-in rules, and one for each file."""

    builtin: Any
    by_file: tuple[tuple[str, Any], ...]


class _Worker:
    """The library with its rules and the project's; it is not ready before `start`."""

    def __init__(self) -> None:
        self._region = ""
        self._files: list[str] = []
        self._names: frozenset[str] = frozenset()
        self._engine: Any = None

    def start(self, settings: dict[str, Any]) -> str:
        """Load the library and compile the rules: all in one engine, since each engine compiles the built-in ones too.

        `names` are the rules in each file's text. Files that do not compile together get separate engines.
        """
        import cloudformation_validate as library

        self._region, self._files = settings["region"], settings["rules"]
        self._engine = _compiled_together(library, settings["rules"], settings["names"])
        if self._engine is not None:
            self._names = frozenset(name for names in settings["names"] for name in names)
        # Without the one engine this compiles the files one by one, and raises the error of one that does not compile.
        self._builtin({"Resources": {"R": {"Type": "AWS::S3::Bucket"}}})
        return str(library.version())

    def evaluate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Its diagnostics. It reports the number of scanned resources, but no denominators of rules."""
        body = request["template"]
        findings, notifications = self._guarded(body) if self._files else ([], [])
        report = self._builtin(body)
        notifications = [*notifications, *_gaps(report, "")]
        for diagnostic in report.diagnostics:
            if diagnostic.rule_id == _TRANSFORM_FAILED:
                notifications.append(
                    {"level": "error", "message": f"evaluated nothing that a transform makes: {diagnostic.message}"}
                )
            elif diagnostic.rule_id not in self._names:
                findings.append(_finding(diagnostic))
        return {
            "findings": findings,
            "notifications": notifications,
            "counts": {"cloudformation-validate": report.metadata.resources_scanned},
        }

    def _guarded(self, body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Findings of the project's rules, and notifications.

        If they break together, each file runs alone: a broken one costs only itself.
        """
        # Guard compares values as they are written: values that the template alone gives are substituted first.
        plain = substituted(body, body)
        findings: list[dict[str, Any]] = []
        notifications: list[dict[str, Any]] = []
        for file, report in self._reports(plain):
            name = Path(file).name
            if isinstance(report, Exception):
                notifications.append({"level": "error", "message": f"{name}: its rules broke: {_on_one_line(report)}"})
                continue
            notifications += _gaps(report, f"{name}: ")
            for diagnostic in report.diagnostics:
                row = _finding(diagnostic)
                findings.append({**row, "kind": "open" if _is_unknown(plain, row) else "fail"})
        return findings, notifications

    def _reports(self, plain: dict[str, Any]) -> list[tuple[str, Any]]:
        """One report over all files, or one for each file; a file whose rules broke has its exception instead."""
        if self._engine is not None:
            try:
                report = self._validated(self._engine, plain, disable_builtin_rules=True)
            except Exception:  # noqa: BLE001, S110 - what follows finds the file
                pass
            else:
                if not _gaps(report, ""):
                    return [("", report)]
        found: list[tuple[str, Any]] = []
        for file, engine in self._separate.by_file:
            try:
                found.append((file, self._validated(engine, plain, disable_builtin_rules=True)))
            except Exception as error:  # noqa: BLE001 - one file's rules are all that it may cost
                found.append((file, error))
        return found

    def _builtin(self, body: dict[str, Any]) -> Any:
        """The report of the built-in rules, and of the project's rules too unless those break it."""
        if self._engine is not None:
            try:
                return self._validated(self._engine, body)
            except Exception:  # of the project's rules, unless there are none: the built-in ones run without them
                if not self._files:
                    raise
        return self._validated(self._separate.builtin, body)

    def _validated(self, engine: Any, body: dict[str, Any], **options: Any) -> Any:
        import cloudformation_validate as library

        overrides = library.PseudoParameterOverrides(region=self._region)
        config = library.ValidateConfig(pseudo_parameter_overrides=overrides, **options)
        return engine.validate_template(json.dumps(body).encode(), config)

    @cached_property
    def _separate(self) -> _Separate:
        import cloudformation_validate as library

        builtin = library.CelEngine()
        known = frozenset(rule.id for rule in builtin.list_rules())
        by_file: list[tuple[str, Any]] = []
        for file in self._files:
            engine, names = _compiled(library, file, known)
            known |= names
            by_file.append((file, engine))
        return _Separate(builtin=builtin, by_file=tuple(by_file))


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


def _source(library: Any, file: str) -> Any:
    return library.ExternalRuleSource(name=Path(file).name, content=Path(file).read_text(encoding="utf-8"))


def _compiled(library: Any, file: str, known: Collection[str]) -> tuple[Any, frozenset[str]]:
    """An engine for one file of Guard rules, and their names.

    What only shows when a rule is run shows on an example of each type.
    """
    name = Path(file).name
    try:
        engine = library.CelEngine(library.EngineConfig(guard_rules=[_source(library, file)]))
    except Exception as error:
        text = _on_one_line(error)
        at = re.search(r"at line (\d+)", text)
        raise refused(file, f"does not load: {text}", line=int(at[1]) if at else None) from error
    found = frozenset(rule.id for rule in engine.list_rules() if rule.origin.name == "GUARD")
    if f"{name}/default" in found:
        raise refused(file, "has a clause outside of any rule: give it a rule with a name")
    if not found:
        raise refused(file, "has no rule in it")
    if twice := sorted(found.intersection(known)):
        raise refused(file, f"there is a rule {twice[0]} already")
    return engine, found


def _gaps(report: Any, prefix: str) -> list[dict[str, Any]]:
    if report.status.name == "ERROR":
        return [{"level": "error", "message": f"{prefix}could not evaluate the template"}]
    if report.status.name != "OK" or report.metadata.budget_exhaustions:
        return [{"level": "error", "message": f"{prefix}gave up before it had evaluated everything"}]
    return []


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


def _on_one_line(error: BaseException) -> str:
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
    worker = _Worker()
    serve(worker.start, worker.evaluate)
