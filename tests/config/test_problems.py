"""Configuration errors are in plain English: file and line, path, problem and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stackproof.cli import main
from stackproof.config import problems as module
from stackproof.config.controls import load_controls
from stackproof.config.engine_versions import load_engine_overrides, packaged_engine_versions
from stackproof.config.fleet import load_fleet
from stackproof.config.problems import Problem, problems, refusal
from stackproof.config.schema import read_schema
from stackproof.config.settings import load_settings
from stackproof.config.waivers import load_waivers
from stackproof.core.errors import ConfigError

SCHEMAS = sorted((Path(module.__file__).parent / "schemas").glob("*.json"))
FILES = {"stackproof", "fleet", "waivers", "controls", "engine_overrides", "engine_versions", "baseline"}
STRUCTURE = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "default", "properties", "items", "allOf", "anyOf",
    "oneOf", "if", "then", "propertyNames",
}  # fmt: skip
ACCOUNT = '  - account: "111111111111"\n'
FLEET = f"regions: [eu-west-1]\naccounts:\n{ACCOUNT}"
CONTROL = "controls:\n  LOGS:\n    title: Logs are kept\n    checkov: [CKV_AWS_66]\n"
OVERRIDE = {
    "family": "rds/postgres",
    "version": "15.8",
    "decision": "banned",
    "reason": "it was the incident",
    "owner": "platform",
    "until": "2027-01-31",
}


def overrides(**change: object) -> str:
    row = {key: member for key, member in {**OVERRIDE, **change}.items() if member is not None}
    return json.dumps({"schema": 1, "overrides": [row]}, indent=1)


def read(name: str) -> object:
    """The file of the current folder, by its own reader."""
    readers: dict[str, Callable[[Path], object]] = {
        "pyproject.toml": lambda file: load_settings(file.resolve().parent),
        "engine_overrides.json": lambda file: load_engine_overrides(file, packaged_engine_versions()),
        "fleet.yaml": load_fleet,
        "controls.yaml": load_controls,
        "waivers.yaml": load_waivers,
    }
    return readers[name](Path(name))


def said_of(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read(name)
    assert caught.value.exit_code == 2
    return str(caught.value)


def toml(lines: str) -> str:
    return f"[project]\nname = 'x'\n\n[tool.stackproof]\n{lines}\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        # type
        (
            "pyproject.toml",
            toml("account = 111122223333"),
            "5: [tool.stackproof] account: 111122223333 is a number: give text, in quotes",
        ),
        (
            "pyproject.toml",
            toml("synth_coverage = 'yes'"),
            "5: [tool.stackproof] synth_coverage: 'yes' is text: give true or false, without quotes",
        ),
        (
            "pyproject.toml",
            toml("minimum_proof = '97'"),
            "5: [tool.stackproof] minimum_proof: '97' is text: give a number or a mapping of keys to values, ",
        ),
        (
            "pyproject.toml",
            toml("audit_retention_days = 1.5"),
            "5: [tool.stackproof] audit_retention_days: 1.5 is a number: give a whole number",
        ),
        ("pyproject.toml", toml("reports = []"), "5: [tool.stackproof] reports: is a list: give text"),
        (
            "pyproject.toml",
            toml("suites.unit = 'suites/unit'"),
            "5: [tool.stackproof] suites.unit: 'suites/unit' is text: give a list",
        ),
        ("fleet.yaml", f"{FLEET}    name:\n", "4: accounts[0].name: is empty: give text"),
        ("fleet.yaml", f"{FLEET}    role: yes\n", "4: accounts[0].role: true is a switch: give text, in quotes"),
        (
            "fleet.yaml",
            f"{FLEET}    regions: {{}}\n",
            "4: accounts[0].regions: is a mapping of keys to values: give a list",
        ),
        # dates, times and numbers of TOML that no JSON has
        (
            "pyproject.toml",
            toml("versions_as_of = 2026-01-01"),
            "5: [tool.stackproof] versions_as_of: 2026-01-01 is a date or a time: give it as text, in quotes",
        ),
        (
            "pyproject.toml",
            toml("settle = inf"),
            "5: [tool.stackproof] settle: inf is not a number that JSON has: give a finite number",
        ),
        # enum and const
        (
            "pyproject.toml",
            toml("targets = [\n  'moto',\n  'mini-stack',\n]"),
            "7: [tool.stackproof] targets[1]: 'mini-stack' is none of moto, ministack and aws: did you mean 'mini",
        ),
        (
            "pyproject.toml",
            toml("fail_level = 'note'"),
            "5: [tool.stackproof] fail_level: 'note' is none of error and warning: give error or warning",
        ),
        (
            "engine_overrides.json",
            overrides().replace('"schema": 1', '"schema": 2'),
            "2: schema: 2 is not as expected: give 1",
        ),
        # unknown keys
        (
            "pyproject.toml",
            toml("[tool.stackproof.engines]\ncfnlint = {}"),
            "6: [tool.stackproof] engines.cfnlint: unknown key: did you mean 'cfn-lint'?",
        ),
        (
            "pyproject.toml",
            toml("engines.checkov = { speed = 1 }"),
            "5: [tool.stackproof] engines.checkov.speed: unknown key: known are enabled, timeout and python",
        ),
        (
            "pyproject.toml",
            toml("'a\\nb' = 1").replace("'a\\nb'", '"a\\nb"'),
            "5: [tool.stackproof] 'a\\nb': unknown key: known are ",
        ),
        ("fleet.yaml", f"{FLEET}regoins: []\n", "4: regoins: unknown key: did you mean 'regions'?"),
        # missing keys
        ("fleet.yaml", f"{FLEET}  - name: shop\n", "4: accounts[1]: 'account' is missing: add it"),
        (
            "waivers.yaml",
            "waivers:\n  - rule: A\n    stack: S\n    reason: R\n",
            "2: waivers[0]: 'construct_path', 'owner' and 'expires' are missing: add them",
        ),
        (
            "fleet.yaml",
            "regions: [eu-west-1]\n",
            "1: 'accounts' or 'organization' is missing: give at least one of them",
        ),
        (
            "controls.yaml",
            CONTROL.replace("    checkov: [CKV_AWS_66]\n", ""),
            "2: controls.LOGS: 'cfn_lint', 'checkov', 'guard', 'cloudformation_validate' or 'cdk_nag' is missing: ",
        ),
        (
            "engine_overrides.json",
            overrides(version=None),
            "4: overrides[0]: 'version' or 'cycle' is missing: give one of them",
        ),
        (
            "engine_overrides.json",
            overrides(cycle="15"),
            "4: overrides[0]: 'version' and 'cycle' exclude one another: leave one out",
        ),
        # patterns
        (
            "pyproject.toml",
            toml("account = '12'"),
            "5: [tool.stackproof] account: '12' is not as expected: give the twelve digits of an account, in quotes",
        ),
        (
            "pyproject.toml",
            toml("notify_secret_env = 'hunter 2'"),
            "5: [tool.stackproof] notify_secret_env: the value is not as expected: give the name of an environ",
        ),
        (
            "pyproject.toml",
            toml("calls_per_second = { KMS = 1 }"),
            "5: [tool.stackproof] calls_per_second.KMS: this key is not as expected: give IAM's prefix of a ser",
        ),
        (
            "fleet.yaml",
            FLEET.replace("eu-west-1", "Frankfurt"),
            "1: regions[0]: 'Frankfurt' is not as expected: give a region as AWS writes it (eu-central-1)",
        ),
        (
            "controls.yaml",
            CONTROL.replace("LOGS", "logs"),
            "2: controls.logs: this key is not as expected: use capital letters, digits and hyphens (NET-1)",
        ),
        # too little, too much, twice
        ("pyproject.toml", toml("app = ''"), "5: [tool.stackproof] app: is empty: give at least one character"),
        ("pyproject.toml", toml("targets = []"), "5: [tool.stackproof] targets: is empty: give at least one entry"),
        (
            "pyproject.toml",
            toml("minimum_proof = {}"),
            "5: [tool.stackproof] minimum_proof: is empty: give at least one key of resources and properties",
        ),
        (
            "engine_overrides.json",
            overrides(reason="short"),
            "8: overrides[0].reason: has 5 characters: give at least 10",
        ),
        ("fleet.yaml", f"{FLEET}owner_tag: {'x' * 129}\n", "4: owner_tag: has 129 characters: give at most 128"),
        (
            "pyproject.toml",
            toml("minimum_proof = 101"),
            "5: [tool.stackproof] minimum_proof: 101 is too large: give 100 or less",
        ),
        ("pyproject.toml", toml("settle = -1"), "5: [tool.stackproof] settle: -1 is too small: give 0 or more"),
        (
            "pyproject.toml",
            toml("synth_timeout = 0"),
            "5: [tool.stackproof] synth_timeout: 0 is too small: give more than 0",
        ),
        (
            "pyproject.toml",
            toml("synth_env = [\n'A',\n'B',\n'A']"),
            "8: [tool.stackproof] synth_env[2]: 'A' is there already: leave one out",
        ),
        # what no schema knows
        (
            "pyproject.toml",
            toml("target = 'moto'\ntargets = ['moto']"),
            "6: [tool.stackproof] targets: there is target as well: give either target or targets",
        ),
        (
            "pyproject.toml",
            toml("versions_as_of = '2026-02-30'"),
            "5: [tool.stackproof] versions_as_of: '2026-02-30' is not a date: give a day of the calendar as YYYY-MM-DD",
        ),
    ],
)
def test_each_kind_of_mistake_is_said_in_one_line(in_tmp_path: Path, name: str, text: str, said: str) -> None:
    del in_tmp_path
    found = said_of(name, text)
    assert found.startswith(f"{name}:{said}")
    assert "\n" not in found


def test_all_that_is_wrong_with_a_file_is_said_at_once_by_line(in_tmp_path: Path) -> None:
    del in_tmp_path
    found = said_of(
        "pyproject.toml",
        toml(
            "regoin = 'eu-west-1'\naccount = 1\nversions_as_of = 2026-01-01\n[tool.stackproof.engines.checkov]\nx = 1"
        ),
    )
    assert [line.partition(": ")[0] for line in found.splitlines()] == [f"pyproject.toml:{n}" for n in (5, 6, 7, 9)]
    ledger = "waivers:\n  - rule: 14.10\n    stacks: S\n"
    assert said_of("waivers.yaml", ledger).splitlines() == [
        "waivers.yaml:2: waivers[0]: 'stack', 'construct_path', 'reason', 'owner' and 'expires' are missing: add them",
        "waivers.yaml:2: waivers[0].rule: 14.1 is a number: give text, in quotes",
        "waivers.yaml:3: waivers[0].stacks: unknown key: did you mean 'stack'?",
    ]


def test_folders_and_days_of_the_settings_are_said_at_once_too(in_tmp_path: Path) -> None:
    del in_tmp_path
    lines = "policies = 'p'\napp_directory = 'a'\ntargets = ['aws', 'moto']\nversions_as_of = '2026-02-30'"
    assert [line.split(":")[1] for line in said_of("pyproject.toml", toml(lines)).splitlines()] == ["5", "6", "7", "8"]


def test_the_command_line_says_all_of_it_and_ends_with_2(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (in_tmp_path / "pyproject.toml").write_text(toml("ap = ''\nregion = 3"), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    assert ended.value.code == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "stackproof: error: pyproject.toml:5: [tool.stackproof] ap: unknown key: did you mean 'app'?"
    assert (
        second == "stackproof: error: pyproject.toml:6: [tool.stackproof] region: 3 is a number: give text, in quotes"
    )


def test_a_file_that_is_wrong_all_over_is_cut() -> None:
    rows = tuple(Problem(path=("a", n), text="no") for n in range(60))
    said = str(refusal("f", rows, lambda path: 100 - int(path[1]))).splitlines()
    assert (said[0], said[-1], len(said)) == ("f:41: a[59]: no", "f: and 10 more", 51)


def test_no_word_of_the_validator_and_no_expression_reaches_a_person() -> None:
    """Whatever a document is, for each of our schemas."""
    odd: tuple[object, ...] = (None, True, 0, -1, 1.5, "", "a b", [], [1, 1], {}, {"x": 1})
    for name in FILES:
        schema = read_schema(f"{name}.schema.json")
        documents = [*odd, *({key: element} for key in schema["properties"] for element in odd)]
        documents += [{key: [element]} for key in schema["properties"] for element in odd]
        documents += [{key: {"A-1": element}} for key in schema["properties"] for element in odd]
        for document in documents:
            for problem in problems(document, f"{name}.schema.json"):
                assert not {"array", "object", "string", "integer", "None", "^", "True"} & set(problem.text.split()), (
                    problem
                )
                assert "^" not in problem.text, problem
                assert ": " in problem.text, problem


def parts(value: object) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(value, dict):
        yield value
        for key, member in value.items():
            for inner in member.values() if key in {"properties", "$defs"} else [member]:
                yield from parts(inner)
    elif isinstance(value, list):
        for element in value:
            yield from parts(element)


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_keyword_of_a_schema_has_words(name: str) -> None:
    known = {*STRUCTURE, *module._SINGLE, *module._SEVERAL}
    for part in parts(read_schema(f"{name}.schema.json")):
        assert set(part) <= known, part
        if "pattern" in part:
            assert part["pattern"] in module._PATTERNS or "description" in part, part


def violation(rule: str, value: object, instance: object, **schema: object) -> SimpleNamespace:
    where = {"absolute_path": ("a",), "schema_path": (rule,), "schema": schema}
    return SimpleNamespace(validator=rule, validator_value=value, instance=instance, **where)


def test_a_keyword_without_words_of_its_own_is_still_a_problem() -> None:
    [found] = module._worded(violation("contains", {}, ["a"], description="Some of it."))
    assert found == Problem(path=("a",), text="is a list, and not as expected: give this: Some of it")


@pytest.mark.parametrize(
    ("rule", "value", "path", "text"),
    [
        ("dependentRequired", {"child_type": ["child"]}, ("a", "child_type"), "needs 'child' beside it: add it"),
        ("not", {"required": ["property", "child"]}, ("a",), "'property' and 'child' exclude one another: leave one"),
        ("maxProperties", 1, ("a",), "has 2 keys: give at most 1"),
    ],
)
def test_keywords_that_tell_of_several_keys_have_words(
    rule: str, value: object, path: tuple[str, ...], text: str
) -> None:
    [found] = module._worded(violation(rule, value, {"property": "/A", "child_type": "T"}))
    assert found.path == path
    assert found.text.startswith(text)
