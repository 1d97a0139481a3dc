"""`[tool.stackproof]` of pyproject.toml and cdk.json, as frozen values."""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from stackproof.config.problems import KeyPath, Problem, nearest_line, problems, refusal
from stackproof.config.toml_lines import key_lines
from stackproof.core.errors import ConfigError
from stackproof.core.json import JsonObject, JsonValue, as_strings
from stackproof.core.notification import Level
from stackproof.core.paths import shown_path
from stackproof.core.region import DEFAULT_REGION
from stackproof.core.secret_values import MASK, is_secret_name
from stackproof.policy.engines.table import ENGINES
from stackproof.proof.minimum import MinimumProof

__all__ = [
    "EMULATORS",
    "STATE_VARIABLE",
    "EngineSettings",
    "Settings",
    "find_root",
    "load_settings",
    "parse_context",
    "parse_targets",
]

EMULATORS = ("moto", "ministack")
"""Targets that start and end with a run; the other target, "aws", is an account."""
STATE_VARIABLE = "STACKPROOF_STATE_DIR"
"""The environment variable that names the folder of `.stackproof`, if it is not the project's root."""
_STORE = re.compile(r"sqlite:///(?!:memory:(\?|$))[^?].*|postgresql(\+psycopg)?://.*")
"""The stores that `drift.memory.sql_url` can open. Settings are read without SQLAlchemy, which parses the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How one policy engine runs. With `required`, the configuration names it, and its absence is an error."""

    enabled: bool = True
    required: bool = False
    timeout: float = 120.0
    python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a project. Paths are absolute; `file` is the pyproject.toml that has them, if any."""

    root: Path
    file: Path | None = None
    app: str | None = None
    app_directory: Path
    context: JsonObject = field(default_factory=dict)
    account: str | None = None
    region: str = DEFAULT_REGION
    synth_env: tuple[str, ...] = ()
    synth_timeout: float = 600.0
    synth_coverage: bool = False
    policies: Path
    fail_level: Level = Level.WARNING
    not_waivable: frozenset[str] = frozenset()
    versions_as_of: date | None = None
    engines: Mapping[str, EngineSettings] = field(default_factory=dict)
    targets: tuple[str, ...] = ("moto",)
    allowed_accounts: tuple[str, ...] = ()
    allowed_topics: tuple[str, ...] = ()
    audit_store: str | None = None
    audit_retention_days: int = 400
    notify_secret_env: str | None = None
    calls_per_second: Mapping[str, float] = field(default_factory=dict)
    minimum_proof: MinimumProof | None = None
    settle: float = 60.0
    reports: Path
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    state_parent: Path | None = None

    @property
    def state_directory(self) -> Path:
        """The folder of caches, of the memory of audits, and of notes about stacks and emulators that still run."""
        return (self.state_parent or self.root) / ".stackproof"

    @property
    def target(self) -> str:
        """The first target, which written probes read."""
        return self.targets[0]

    def engine(self, name: str) -> EngineSettings:
        """The settings of one engine; the defaults if the project has none."""
        return self.engines.get(name, EngineSettings())


def find_root(start: Path) -> Path:
    """The nearest folder upwards with `[tool.stackproof]` or a cdk.json; `start` itself if there is none."""
    for folder in (start, *start.parents):
        if (folder / "cdk.json").is_file() or "stackproof" in _tool_table(folder / "pyproject.toml"):
            return _outer_root(folder)
    return start


def load_settings(root: Path) -> Settings:
    """Read pyproject.toml and cdk.json below `root`; raises ConfigError with file and path."""
    file = root / "pyproject.toml"
    table = _tool_table(file).get("stackproof", {})
    wrong = _wrong(table) or tuple(_wrong_here(root, table))
    if wrong:
        raise _refusal(file, wrong)
    app_directory = (root / str(table.get("app_directory", "."))).resolve()
    cdk = _cdk_json(app_directory / "cdk.json")
    context = {**cdk.context, **_cdk_json_context(app_directory / "cdk.context.json"), **table.get("context", {})}
    named = table.get("engines")
    return Settings(
        root=root,
        file=file if table else None,
        app=table.get("app", cdk.app),
        app_directory=app_directory,
        context=context,
        account=table.get("account"),
        region=table.get("region", DEFAULT_REGION),
        synth_env=tuple(sorted(table.get("synth_env", ()))),
        synth_timeout=float(table.get("synth_timeout", 600.0)),
        synth_coverage=table.get("synth_coverage", False),
        policies=root / table.get("policies", "policies"),
        fail_level=Level(table.get("fail_level", "warning")),
        not_waivable=frozenset(table.get("not_waivable", ())),
        versions_as_of=_day(table.get("versions_as_of")),
        engines={
            name: EngineSettings(**{"required": name in named, "enabled": name in named, **named.get(name, {})})
            for name in ENGINES
        }
        if named is not None
        else {},
        targets=_targets(table),
        allowed_accounts=tuple(sorted(table.get("allowed_accounts", ()))),
        allowed_topics=tuple(sorted(table.get("allowed_topics", ()))),
        audit_store=table.get("audit_store"),
        audit_retention_days=table.get("audit_retention_days", 400),
        notify_secret_env=table.get("notify_secret_env"),
        calls_per_second={name: float(rate) for name, rate in table.get("calls_per_second", {}).items()},
        minimum_proof=_minimum_proof(table.get("minimum_proof")),
        settle=float(table.get("settle", 60.0)),
        reports=root / table.get("reports", "reports"),
        suites={name: tuple(arguments) for name, arguments in table.get("suites", {}).items()},
        state_parent=root / state if (state := os.environ.get(STATE_VARIABLE)) else None,
    )


def _wrong(table: object) -> tuple[Problem, ...]:
    """What the schema rejects. A value that JSON cannot carry is one problem, with a separate text."""
    odd = {problem.path: problem for problem in _no_json(table, ())}
    found = () if table == {} else problems(table, "stackproof.schema.json")
    return (*odd.values(), *(problem for problem in found if problem.path not in odd))


def _wrong_here(root: Path, table: JsonObject) -> Iterator[Problem]:
    """What a schema cannot check: whether folders exist, and which settings exclude each other."""
    for name in ("app_directory", "policies"):
        if name in table and not (folder := (root / str(table[name])).resolve()).is_dir():
            yield Problem(path=(name,), text=f"there is no folder {folder}: make it, or name another one")
    if "target" in table and "targets" in table:
        yield Problem(path=("targets",), text="there is target as well: give either target or targets")
    elif (mixture := _mixture(_targets(table))) is not None:
        yield Problem(path=("targets",), text=mixture)
    if "audit_store" in table and not _STORE.fullmatch(str(table["audit_store"])):
        message = "this is not a store of audits: give sqlite:///FILE or postgresql+psycopg://HOST/NAME"
        yield Problem(path=("audit_store",), text=message)  # the value may have a password
    try:
        _day(table.get("versions_as_of"))
    except ValueError:
        message = f"{table['versions_as_of']!r} is not a date: give a day of the calendar as YYYY-MM-DD"
        yield Problem(path=("versions_as_of",), text=message)


def _refusal(file: Path, found: Sequence[Problem]) -> ConfigError:
    lines = key_lines(file.read_text(encoding="utf-8"))

    def line(path: KeyPath) -> int:
        return nearest_line(lines, ("tool", "stackproof", *path))

    return refusal(shown_path(file), found, line, section="[tool.stackproof]")


def _day(text: JsonValue) -> date | None:
    return None if text is None else date.fromisoformat(str(text))


def _minimum_proof(given: float | Mapping[str, float] | None) -> MinimumProof | None:
    if given is None:
        return None
    named = given if isinstance(given, Mapping) else {"properties": given}
    return MinimumProof(resources=named.get("resources"), properties=named.get("properties"))


def parse_context(pairs: tuple[str, ...], *, option: str = "-c") -> dict[str, JsonValue]:
    """`key=value` pairs of the command line, as the CDK CLI reads them: every value is a string."""
    context: dict[str, JsonValue] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            quoted = MASK if is_secret_name(pair) else pair  # what was meant as a value is part of it
            raise ConfigError(f"{option} {quoted}: expected key=value, as in {option} postgresVersion=15.19")
        context[key] = value
    return context


def parse_targets(text: str) -> tuple[str, ...]:
    """The names of a list with commas, as `--target` takes it, each once; raises ConfigError for an unknown target."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [name for name in names if name not in {*EMULATORS, "aws"}]
    if unknown:
        raise ConfigError(f"--target {text}: there is no target {unknown[0]!r}, only {', '.join(EMULATORS)} and aws")
    if (mixture := _mixture(names)) is not None:
        raise ConfigError(f"--target {text}: {mixture}")
    return names


def _targets(table: JsonObject) -> tuple[str, ...]:
    named = table.get("targets")
    return as_strings(named) if named is not None else (str(table.get("target", EMULATORS[0])),)


def _mixture(names: tuple[str, ...]) -> str | None:
    """A proof on an emulator does not prove an account, so the two are never combined."""
    if "aws" in names and len(names) > 1:
        return "what an emulator proves does not prove an account: name aws alone"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CdkJson:
    app: str | None = None
    context: JsonObject = field(default_factory=dict)


def _cdk_json(file: Path) -> _CdkJson:
    document = _json_object(file)
    app, context = document.get("app"), document.get("context", {})
    if app is not None and not isinstance(app, str):
        raise ConfigError(f"{shown_path(file)}: app: Unexpected type {type(app).__name__} (expected str)")
    if not isinstance(context, Mapping):
        raise ConfigError(f"{shown_path(file)}: context: Unexpected type {type(context).__name__} (expected object)")
    return _CdkJson(app=app, context=context)


def _cdk_json_context(file: Path) -> JsonObject:
    return _json_object(file)


def _json_object(file: Path) -> JsonObject:
    try:
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{shown_path(file)}: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{shown_path(file)}: Unexpected type {type(document).__name__} (expected object)")
    return document


def _tool_table(file: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except tomllib.TOMLDecodeError as error:
        raise _torn(file, str(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{shown_path(file)}: {error}") from error
    tool = document.get("tool", {})
    return tool if isinstance(tool, dict) else {}


def _torn(file: Path, message: str) -> ConfigError:
    """The error of `tomllib`, which has the line in its text alone: `Expected '=' … (at line 3, column 5)`."""
    found = re.search(r" \(at line (\d+), column \d+\)$", message)
    where, what = (f"{shown_path(file)}:{found[1]}", message[: found.start()]) if found else (shown_path(file), message)
    return ConfigError(f"{where}: not valid TOML: {what}")


def _no_json(value: object, path: KeyPath) -> Iterator[Problem]:
    """TOML has dates, times, `inf` and `nan`, which no context and no report can carry."""
    if isinstance(value, dict | list):
        for key, element in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _no_json(element, (*path, key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path=path, text=f"{value} is not a number that JSON has: give a finite number")
    elif not isinstance(value, str | int | float):
        yield Problem(path=path, text=f"{value} is a date or a time: give it as text, in quotes")


def _outer_root(folder: Path) -> Path:
    """A cdk.json in a subfolder belongs to the project around it that names the subfolder as `app_directory`."""
    for outer in folder.parents:
        table = _tool_table(outer / "pyproject.toml").get("stackproof")
        if isinstance(table, dict) and (outer / str(table.get("app_directory", "."))).resolve() == folder.resolve():
            return outer
    return folder
