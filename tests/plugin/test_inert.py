"""In a project that does not use stackproof the plugin adds its options, and imports nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import stackproof.plugin
from tests.running import run

_LOADED = """
import sys

def test_loaded(request):
    loaded = {name for name in sys.modules if name.partition(".")[0] == "stackproof"}
    assert loaded == {"stackproof", "stackproof.plugin"}
    assert not {"boto3", "botocore", "yaml", "filelock", "jsonschema", "cfnlint"} & set(sys.modules)
    assert not request.config.pluginmanager.has_plugin("stackproof-hooks")
"""


class Config:
    """As much of pytest's configuration as the decision sees; the options are as pytest reads them."""

    def __init__(self, root: Path, *arguments: str) -> None:
        parser = pytest.Parser(_ispytest=True)
        stackproof.plugin.pytest_addoption(parser)
        self._options = vars(parser.parse(list(arguments)))
        self.rootpath = root
        self.registered: list[str] = []
        self.pluginmanager = self

    def getoption(self, name: str) -> object:
        return self._options[name]

    def register(self, _plugin: object, name: str) -> None:
        self.registered.append(name)


def is_active(root: Path, *arguments: str) -> bool:
    config = Config(root, *arguments)
    stackproof.plugin.pytest_configure(config)  # type: ignore[arg-type] # a fake
    return config.registered == ["stackproof-hooks"]


@pytest.mark.usefixtures("processes")
def test_another_project_pays_for_one_small_module(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["stackproof"]\n', encoding="utf-8")
    (tmp_path / "test_it.py").write_text(_LOADED, encoding="utf-8")
    ended = run(tmp_path, "pytest", "-q", PYTEST_ADDOPTS="-p no:hypothesispytest -p no:typeguard")
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


@pytest.mark.usefixtures("processes")
def test_another_project_keeps_pytests_own_exit_status(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")
    assert run(tmp_path, "pytest", "-q").returncode == 0, "SP001 would refuse it"
    assert run(tmp_path, "pytest", "-q", "-k", "nothing").returncode == 5


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cdk.json", "{}", True),
        ("pyproject.toml", "[tool.stackproof]\n", True),
        ("pyproject.toml", '[tool]\nstackproof = {app_directory = "infra"}\n', True),
        ("pyproject.toml", "[tool.stackproof.parameters]\n", True),
        ("pyproject.toml", "[tool.stackproof\n", True),
        ("pyproject.toml", "[tool.stackproof-other]\n", False),
        ("pyproject.toml", '[project]\ndependencies = ["stackproof"]\n', False),
        ("pyproject.toml", "# [tool.stackproof]\n", False),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("pyproject.toml", "tool = 1 # stackproof\n", False),
        ("README.md", "[tool.stackproof]\n", False),
    ],
)
def test_a_project_that_uses_it_is_told_by_its_files(name: str, text: str, *, expected: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert is_active(tmp_path) is expected


def test_tests_deep_in_a_project_are_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{}", encoding="utf-8")
    root = tmp_path / "suites" / "unit"
    root.mkdir(parents=True)
    assert is_active(root)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000 + b"stackproof"])
def test_what_cannot_be_read_is_left_to_the_settings_to_report(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    assert is_active(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--target", "moto"),
        ("--endpoint-url", "http://127.0.0.1:1"),
        ("--profile", "x"),
        ("--aws-region", "eu-central-1"),
        ("--stack", "x"),
        ("--cdk-context", "a=b"),
        ("--allow-writes",),
        ("--flow-ca-bundle", "x"),
        ("--settle", "1"),
        ("--keep",),
        ("--no-minimum-proof",),
        ("--stackproof-report", "x"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_option_of_ours_makes_it_a_project(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert is_active(tmp_path, *arguments)


def test_every_option_is_among_those() -> None:
    """With the default that it has: an option that is not listed would be ignored in silence."""
    parser = pytest.Parser(_ispytest=True)
    stackproof.plugin.pytest_addoption(parser)
    [group] = [group for group in parser._groups if group.name == "stackproof"]
    options = vars(parser.parse([]))
    assert {option.dest: options[option.dest] for option in group.options} == dict(stackproof.plugin._UNSET)
