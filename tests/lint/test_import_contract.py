"""The contract of import-linter names every module of a use case, or the module is an exception with a reason."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT = "Use cases know no outside world"
OUTSIDE = frozenset({"cli", "plugin", "integrations", "testing", "wiring", "reporters", "targets", "readers"})
"""The packages that the contract leaves out. A new package has to be chosen: here, or in the contract."""

_WORKERS = "runs in the engine's process, and imports the engine"
_SQL = "keeps the memory of audits in SQLAlchemy"
EXCEPTIONS = {
    "stackproof.policy.engines.workers": _WORKERS,
    "stackproof.policy.versions.sources": "reads the lists of AWS and of cfn-lint",
    "stackproof.drift.adopt.patching": "changes the app's source with libcst",
    "stackproof.drift.fleet.executors": "runs tasks in processes and on a cluster",
    "stackproof.drift.memory.notifiers": "sends news to SNS, a webhook or a file",
    "stackproof.drift.memory.sql_alarms": _SQL,
    "stackproof.drift.memory.sql_database": _SQL,
    "stackproof.drift.memory.sql_records": _SQL,
    "stackproof.drift.memory.sql_runs": _SQL,
    "stackproof.drift.memory.sql_schema": _SQL,
    "stackproof.drift.memory.sql_store": _SQL,
    "stackproof.drift.memory.sql_url": _SQL,
}
"""A module, or a package with all its modules → why it may know the outside world."""


def guarded() -> frozenset[str]:
    """The modules and packages that the contract names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = (found for found in settings["contracts"] if found["name"] == CONTRACT)
    return frozenset(contract["source_modules"])


def modules() -> Iterator[str]:
    """The modules of the use cases; a package's own module only if it has code beside its docstring."""
    source = ROOT / "src"
    for file in sorted((source / "stackproof").glob("*/**/*.py")):
        parts = file.relative_to(source).with_suffix("").parts
        if parts[1] not in OUTSIDE and (parts[-1] != "__init__" or has_code(file)):
            yield ".".join(parts).removesuffix(".__init__")


def has_code(file: Path) -> bool:
    """Whether a file has more than a docstring."""
    return len(ast.parse(file.read_text(encoding="utf-8")).body) > 1


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("module", tuple(modules()))
def test_a_module_of_a_use_case_is_guarded_or_an_exception(module: str) -> None:
    named = [name for name in (*guarded(), *EXCEPTIONS) if is_within(module, name)]
    assert len(named) == 1, f"add {module} to the contract '{CONTRACT}' in pyproject.toml"


def test_each_name_of_the_contract_and_each_exception_has_a_module() -> None:
    known = tuple(modules())
    unused = [name for name in (*guarded(), *EXCEPTIONS) if not any(is_within(module, name) for module in known)]
    assert unused == []
