"""Nothing that the engines' own command lines say is lost: each of their findings is an origin in our report."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from stackproof.core.json import JsonValue
from stackproof.policy.engines.table import ENGINES
from stackproof.policy.engines.tools import find_python
from tests.running import environment, stackproof

TEMPLATES = Path(__file__).parents[2] / "templates"
NAMES = sorted(path.name for path in TEMPLATES.iterdir())
Fact = tuple[str, str | None]
"""A rule, and the resource that it speaks of."""


@pytest.fixture(scope="session")
def said(processes: None, shared_path: Path) -> dict[str, dict[str, set[Fact]]]:
    """By engine and file, what its command line finds (and "ours", by engine); asked once for all workers."""
    with FileLock(shared_path / "command_lines.lock"):
        answers = shared_path / "command_lines.json"
        if not answers.exists():
            folder = Path(shutil.copytree(TEMPLATES, shared_path / "templates"))
            found = {
                "cfn-lint": _cfn_lint(folder),
                "checkov": _checkov(folder),
                "cloudformation-validate": _cloudformation_validate(folder),
                **_ours(folder),
            }
            answers.write_text(json.dumps(found), encoding="utf-8")
    return {
        engine: {file: {(rule, resource) for rule, resource in facts} for file, facts in files.items()}
        for engine, files in json.loads(answers.read_text(encoding="utf-8")).items()
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_every_finding_of_the_command_line_is_in_our_report(
    said: dict[str, dict[str, set[Fact]]], engine: str, name: str
) -> None:
    ours = said[f"ours {engine}"].get(name, set())
    assert said[engine].get(name, set()) - ours == set()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_command_lines_find_enough_for_the_comparison_to_mean_something(
    said: dict[str, dict[str, set[Fact]]], engine: str
) -> None:
    assert sum(len(member) for member in said[engine].values()) >= 15


def _output(command: list[str], folder: Path) -> Any:
    done = subprocess.run(
        command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def _cfn_lint(folder: Path) -> dict[str, list[list[JsonValue]]]:
    found: dict[str, list[list[JsonValue]]] = {}
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", *NAMES]
    for row in _output(command, folder):
        path = row["Location"].get("Path") or []
        resource = path[1] if len(path) > 1 and path[0] == "Resources" else None
        found.setdefault(Path(row["Filename"]).name, []).append([row["Rule"]["Id"], resource])
    return found


def _checkov(folder: Path) -> dict[str, list[list[JsonValue]]]:
    python = find_python(None)
    assert python is not None, "stackproof tools install"
    command = [str(python.with_name("checkov")), "-d", ".", "--framework", "cloudformation", "-o", "json"]
    report = _output([*command, "--skip-download"], folder)
    found: dict[str, list[list[JsonValue]]] = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(Path(check["file_path"]).name, []).append(
            [check["check_id"], check["resource"].rpartition(".")[2]]
        )
    return found


def _cloudformation_validate(folder: Path) -> dict[str, list[list[JsonValue]]]:
    """It has no command line; this is what CDK does with it."""
    import cloudformation_validate as library

    engine = library.CelEngine()
    overrides = library.PseudoParameterOverrides(region="us-east-1")
    found: dict[str, list[list[JsonValue]]] = {}
    for name in NAMES:
        text = (folder / name).read_bytes()
        report = engine.validate_template(text, library.ValidateConfig(pseudo_parameter_overrides=overrides))
        found[name] = [
            [
                diagnostic.rule_id,
                diagnostic.entity.logical_id
                if diagnostic.entity and diagnostic.entity.entity_type.name == "RESOURCE"
                else None,
            ]
            for diagnostic in report.diagnostics
        ]
    return found


def _ours(folder: Path) -> dict[str, dict[str, list[list[JsonValue]]]]:
    done = stackproof(folder, "check", ".", "--format", "json", "--no-cache")
    found: dict[str, dict[str, list[list[JsonValue]]]] = {f"ours {engine}": {} for engine in ENGINES}
    for finding in json.loads(done.stdout)["findings"]:
        place = finding["location"]
        for origin in finding["origins"]:
            if origin["engine"] in ENGINES:
                files = found[f"ours {origin['engine']}"]
                facts = files.setdefault(Path(place["template_file"]).name, [])
                facts += [[origin["rule_id"], place["logical_id"]], [origin["rule_id"], None]]
    return found
