"""Settings are read strictly: every wrong one is a ConfigError that names file and path."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stackproof.config.schema import read_schema
from stackproof.config.settings import (
    EngineSettings,
    Settings,
    find_root,
    load_settings,
    parse_context,
    parse_targets,
)
from stackproof.core.errors import ConfigError
from stackproof.core.notification import Level
from stackproof.drift.memory.sql_url import parse_store_url
from stackproof.policy.engines.table import ENGINES, TABLE
from stackproof.proof.minimum import MinimumProof
from tests.fakes import written


def loaded(root: Path, table: str = "", **files: str) -> Settings:
    if table:
        written(root, {"pyproject.toml": f"[tool.stackproof]\n{table}\n"})
    return load_settings(written(root, {name.replace("_json", ".json"): text for name, text in files.items()}))


def test_a_folder_that_says_nothing_has_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings(
        root=tmp_path,
        app_directory=tmp_path,
        policies=tmp_path / "policies",
        reports=tmp_path / "reports",
    )


def test_a_pyproject_without_our_table_is_not_where_the_settings_come_from(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[project]\nname = 'x'\n"})
    assert load_settings(tmp_path).file is None


def test_a_folder_of_policies_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="policies: there is no folder"):
        loaded(tmp_path, 'policies = "polices"')


def test_every_setting_is_read(tmp_path: Path) -> None:
    written(tmp_path, {"infra/app.py": "", "rules/waivers.yaml": ""})
    settings = loaded(
        tmp_path,
        """
        app = "python app.py"
        app_directory = "infra"
        account = "111122223333"
        region = "eu-central-1"
        synth_env = ["B", "A"]
        synth_timeout = 30
        synth_coverage = true
        policies = "rules"
        fail_level = "error"
        target = "aws"
        allowed_accounts = ["222233334444", "111122223333"]
        not_waivable = ["NET-1", "CKV_AWS_1"]
        reports = "out"
        allowed_topics = ["arn:aws:sns:eu-west-1:111122223333:drift"]
        audit_store = "postgresql+psycopg://db/audits"
        audit_retention_days = 30
        notify_secret_env = "HOOK_SECRET"
        calls_per_second = { default = 4, kms = 0.5 }
        settle = 90
        context = { postgresVersion = "15.14", azs = 2 }
        [tool.stackproof.suites]
        unit = ["suites/unit", "-q"]
        """.replace("        ", ""),
    )
    assert settings == Settings(
        root=tmp_path,
        file=tmp_path / "pyproject.toml",
        app="python app.py",
        app_directory=tmp_path / "infra",
        context={"postgresVersion": "15.14", "azs": 2},
        account="111122223333",
        region="eu-central-1",
        synth_env=("A", "B"),
        synth_timeout=30.0,
        synth_coverage=True,
        policies=tmp_path / "rules",
        fail_level=Level.ERROR,
        targets=("aws",),
        allowed_accounts=("111122223333", "222233334444"),
        not_waivable=frozenset({"NET-1", "CKV_AWS_1"}),
        allowed_topics=("arn:aws:sns:eu-west-1:111122223333:drift",),
        audit_store="postgresql+psycopg://db/audits",
        audit_retention_days=30,
        notify_secret_env="HOOK_SECRET",
        calls_per_second={"default": 4.0, "kms": 0.5},
        settle=90.0,
        reports=tmp_path / "out",
        suites={"unit": ("suites/unit", "-q")},
    )
    assert settings.state_directory == tmp_path / ".stackproof"


def test_without_a_table_of_engines_all_may_run_and_none_is_required(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'region = "us-east-1"')
    assert all(settings.engine(name) == EngineSettings(enabled=True, required=False) for name in ENGINES)


def test_several_targets_are_kept_in_order_and_the_first_is_the_target(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "targets = ['ministack', 'moto']")
    assert settings.targets == ("ministack", "moto")
    assert settings.target == "ministack"
    assert loaded(tmp_path, "target = 'ministack'").targets == ("ministack",)


def test_targets_of_the_command_line_are_a_list_with_commas() -> None:
    assert parse_targets("moto") == ("moto",)
    assert parse_targets("ministack, moto,ministack") == ("ministack", "moto")
    assert parse_targets("aws") == ("aws",)


@pytest.mark.parametrize("text", ["", "moto,", "prod", "moto,aws", "aws,ministack"])
def test_a_target_that_there_is_not_and_an_account_beside_an_emulator_are_errors(text: str) -> None:
    with pytest.raises(ConfigError, match=f"^--target {text}: "):
        parse_targets(text)


def test_a_table_of_engines_requires_those_it_names_and_switches_the_others_off(tmp_path: Path) -> None:
    table = "[tool.stackproof.engines]\ncfn-lint = {}\ncheckov = { enabled = false, timeout = 9, python = '/p' }"
    settings = loaded(tmp_path, table)
    assert settings.engine("cfn-lint") == EngineSettings(required=True)
    assert settings.engine("checkov") == EngineSettings(required=True, enabled=False, timeout=9, python="/p")
    assert settings.engine("cloudformation-validate") == EngineSettings(enabled=False)


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("ap = 'python app.py'", "ap: unknown key: did you mean 'app'?"),
        ("app = ''", "app"),
        ("app = ['python']", "app"),
        ("app_directory = 3", "app_directory"),
        ("context = 'a=b'", "context"),
        ("account = '12'", "account"),
        ("account = 111122223333", "account"),
        ("region = 'Frankfurt'", "region"),
        ("synth_env = ['A', 'A']", "synth_env"),
        ("synth_env = ['A B']", "synth_env[0]"),
        ("synth_timeout = 0", "synth_timeout"),
        ("synth_timeout = true", "synth_timeout"),
        ("synth_timeout = inf", "synth_timeout"),
        ("synth_timeout = nan", "synth_timeout"),
        ("synth_coverage = 'yes'", "synth_coverage"),
        ("policies = ''", "policies"),
        ("fail_level = 'note'", "fail_level"),
        ("target = 'prod'", "target"),
        ("targets = []", "targets"),
        ("targets = ['prod']", "targets[0]"),
        ("targets = ['moto', 'aws']", "targets"),
        ("target = 'moto'\ntargets = ['moto']", "targets"),
        ("allowed_accounts = ['1']", "allowed_accounts[0]"),
        ("not_waivable = ['']", "not_waivable[0]"),
        ("calls_per_second = { kms = 0 }", "calls_per_second.kms"),
        ("settle = -1", "settle"),
        ("minimum_proof = 101", "minimum_proof"),
        ("minimum_proof = '97'", "minimum_proof"),
        ("minimum_proof = true", "minimum_proof"),
        ("minimum_proof = {}", "minimum_proof"),
        ("minimum_proof = { resource = 100 }", "minimum_proof"),
        ("minimum_proof = { resources = -1 }", "minimum_proof.resources"),
        ("reports = []", "reports"),
        ("suites = { unit = [] }", "suites.unit"),
        ("suites = { unit = 'suites/unit' }", "suites.unit"),
        ("suites = { unit = ['a', 1] }", "suites.unit[1]"),
        ("engines = { cfnlint = {} }", "engines"),
        ("engines = { checkov = { timeout = -1 } }", "engines.checkov.timeout"),
        ("engines = { checkov = { timeout = 'x' } }", "engines.checkov.timeout"),
        ("engines = { checkov = { speed = 1 } }", "engines.checkov"),
        ("engines = { checkov = true }", "engines.checkov"),
        ("context = { day = 2026-01-01 }", "context.day"),
        ("context = { deep = { list = [1, 10:00:00] } }", "context.deep.list[1]"),
    ],
)
def test_a_wrong_setting_is_named_with_file_and_path(in_tmp_path: Path, table: str, path: str) -> None:
    with pytest.raises(ConfigError, match=rf"^pyproject\.toml:[23]: \[tool\.stackproof\] {re.escape(path)}") as caught:
        loaded(in_tmp_path, table)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("given", "minimum"),
    [
        ("97", MinimumProof(properties=97)),
        ("{ resources = 100, properties = 97.5 }", MinimumProof(resources=100, properties=97.5)),
        ("{ resources = 100 }", MinimumProof(resources=100)),
    ],
)
def test_a_least_proof_is_one_share_or_two(tmp_path: Path, given: str, minimum: MinimumProof) -> None:
    assert loaded(tmp_path, f"minimum_proof = {given}").minimum_proof == minimum


@pytest.mark.parametrize("value", ["3", "''", "false", "[]", "[1]", "2026-01-01"])
def test_a_table_that_is_none_is_an_error(in_tmp_path: Path, value: str) -> None:
    written(in_tmp_path, {"pyproject.toml": f"[tool]\nstackproof = {value}\n"})
    with pytest.raises(ConfigError, match=r"^pyproject\.toml:2: \[tool\.stackproof\]: .*: give (it as text|a mapping)"):
        load_settings(in_tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[tool.stackproof", ": not valid TOML: |:1: not valid TOML: "),
        (b"a = 1\na = 2\n", ":2: not valid TOML: Cannot overwrite a value$"),
        (b"\xff\xfe", ": "),
        (b"a = " + b"[" * 100_000, ": "),
    ],
    ids=["torn", "twice", "not utf-8", "deep"],
)
def test_a_pyproject_that_is_no_toml_is_named(in_tmp_path: Path, text: bytes, said: str) -> None:
    written(in_tmp_path, {"pyproject.toml": text})
    with pytest.raises(ConfigError, match=rf"^pyproject\.toml{said}"):
        load_settings(in_tmp_path)


@pytest.mark.parametrize("engine", [row.name for row in TABLE if row.make is not None])
def test_only_an_engine_that_uses_an_interpreter_may_have_one(in_tmp_path: Path, engine: str) -> None:
    table = f"[tool.stackproof.engines.{engine}]\npython = '/p'"
    if engine == "checkov":
        assert loaded(in_tmp_path, table).engine(engine).python == "/p"
        return
    message = rf"^pyproject\.toml:3: \[tool\.stackproof\] engines\.{engine}\.python: unknown key: known are"
    with pytest.raises(ConfigError, match=message):
        loaded(in_tmp_path, table)


STORES = ("sqlite:///audits.db", "sqlite:////var/audits.db?timeout=1", "postgresql://h/a", "postgresql+psycopg:///a")
NO_STORES = ("mysql://me:hunter2@x/a", "audits.db", "sqlite:audits.db", "sqlite:///", "sqlite:///:memory:", "sqlite://")


@pytest.mark.parametrize("url", STORES)
def test_a_store_of_audits_is_a_file_or_a_database_of_postgresql(tmp_path: Path, url: str) -> None:
    assert loaded(tmp_path, f"audit_store = '{url}'").audit_store == url
    assert parse_store_url(url, tmp_path)


@pytest.mark.parametrize("url", NO_STORES)
def test_another_store_of_audits_is_refused_at_its_line_without_its_password(in_tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(in_tmp_path, f"settle = 1\naudit_store = '{url}'")
    assert str(refused.value) == (
        "pyproject.toml:3: [tool.stackproof] audit_store: this is not a store of audits: "
        "give sqlite:///FILE or postgresql+psycopg://HOST/NAME"
    )
    with pytest.raises(ConfigError):
        parse_store_url(url, in_tmp_path)


def test_an_app_directory_that_is_not_there_is_an_error(in_tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^pyproject\.toml:2: \[tool\.stackproof\] app_directory: there is no folder"
    ):
        loaded(in_tmp_path, "app_directory = 'infra'")


def test_a_file_elsewhere_is_named_in_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "pyproject.toml"))):
        loaded(tmp_path, "region = 3")


def test_the_tool_table_of_something_else_is_not_ours(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "tool = 3\n"})
    assert load_settings(tmp_path).file is None


def test_the_command_of_pyproject_wins_over_that_of_cdk_json(tmp_path: Path) -> None:
    cdk = json.dumps({"app": "npx ts-node app.ts"})
    assert loaded(tmp_path, cdk_json=cdk).app == "npx ts-node app.ts"
    assert loaded(tmp_path, "app = 'python app.py'", cdk_json=cdk).app == "python app.py"


def test_context_is_that_of_cdk_json_then_looked_up_then_of_pyproject(tmp_path: Path) -> None:
    written(tmp_path, {"cdk.json": '{"context": {"a": "cdk", "b": "cdk", "c": "cdk"}}'})
    written(tmp_path, {"cdk.context.json": '{"b": "context", "c": "context", "vpc-provider": {"id": 1}}'})
    assert loaded(tmp_path, "context = { c = 'pyproject' }").context == {
        "a": "cdk",
        "b": "context",
        "c": "pyproject",
        "vpc-provider": {"id": 1},
    }


def test_cdk_json_is_read_where_the_app_is(tmp_path: Path) -> None:
    written(tmp_path, {"infra/cdk.json": '{"app": "inner"}', "cdk.json": '{"app": "outer"}'})
    assert loaded(tmp_path, "app_directory = 'infra'").app == "inner"


def test_cdk_json_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    written(tmp_path, {"cdk.json": b'\xef\xbb\xbf{"app": "x"}'})
    assert load_settings(tmp_path).app == "x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"app": ["python", "app.py"]}', r"cdk\.json: app: Unexpected type list \(expected str\)"),
        ('{"context": []}', r"cdk\.json: context: Unexpected type list \(expected object\)"),
        ("[]", r"cdk\.json: Unexpected type list \(expected object\)"),
        ('{"app": ', r"cdk\.json: Expecting value"),
        ("[" * 200_000, r"cdk\.json: "),
    ],
    ids=["app", "context", "list", "torn", "deep"],
)
def test_a_wrong_cdk_json_is_named(in_tmp_path: Path, text: str, message: str) -> None:
    written(in_tmp_path, {"cdk.json": text})
    with pytest.raises(ConfigError, match=f"^{message}"):
        load_settings(in_tmp_path)


def test_a_wrong_cdk_context_json_is_named(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"cdk.context.json": "3"})
    with pytest.raises(ConfigError, match=r"^cdk\.context\.json: Unexpected type int"):
        load_settings(in_tmp_path)


def test_context_of_the_command_line_is_text(tmp_path: Path) -> None:
    assert parse_context(("a=1", "b=x=y", "c=")) == {"a": "1", "b": "x=y", "c": ""}
    assert parse_context(()) == {}
    assert load_settings(tmp_path).context == {}


@pytest.mark.parametrize("pair", ["a", "=1", "", "="])
def test_context_of_the_command_line_without_key_or_value_is_an_error(pair: str) -> None:
    with pytest.raises(ConfigError, match="expected key=value"):
        parse_context((pair,))


def test_what_may_be_a_secret_is_not_quoted_from_the_command_line() -> None:
    with pytest.raises(ConfigError, match=r"^--parameters \*\*\*: expected"):
        parse_context(("DbPassword:hunter2",), option="--parameters")


def test_the_root_is_the_nearest_folder_with_our_table_or_a_cdk_json(tmp_path: Path) -> None:
    written(tmp_path, {"pyproject.toml": "[tool.stackproof]\n", "a/b/x": "", "c/cdk.json": "{}", "c/d/x": ""})
    assert find_root(tmp_path / "a" / "b") == tmp_path
    assert find_root(tmp_path / "c" / "d") == tmp_path / "c"


def test_a_pyproject_without_our_table_is_no_root(tmp_path: Path) -> None:
    written(tmp_path, {"cdk.json": "{}", "a/pyproject.toml": "[tool.black]\n"})
    assert find_root(tmp_path / "a") == tmp_path


def test_a_cdk_json_below_belongs_to_the_project_that_names_its_folder(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.stackproof]\napp_directory = 'infra'\n", "infra/cdk.json": "{}", "infra/x/y": ""}
    written(tmp_path, {**files, "other/cdk.json": "{}"})
    assert find_root(tmp_path / "infra" / "x") == tmp_path
    assert find_root(tmp_path / "other") == tmp_path / "other"


def test_without_any_sign_the_start_is_the_root(tmp_path: Path) -> None:
    assert find_root(tmp_path) == tmp_path


def test_a_broken_pyproject_on_the_way_up_is_said(in_tmp_path: Path) -> None:
    written(in_tmp_path, {"pyproject.toml": "[", "a/x": ""})
    with pytest.raises(ConfigError, match=r"^pyproject\.toml: "):
        find_root(in_tmp_path / "a")


@pytest.mark.parametrize("name", ["stackproof.schema.json", "waivers.schema.json"])
def test_every_setting_has_a_description_for_editors(name: str) -> None:
    schema = read_schema(name)
    pending = [schema]
    while pending:
        each = pending.pop()
        for key, inner in each.get("properties", {}).items():
            assert "description" in inner or "$ref" in inner or {"items", "type"} & inner.keys(), key
            pending.append(inner)
        pending += [each["items"]] if isinstance(each.get("items"), dict) else []
