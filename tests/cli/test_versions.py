"""`stackproof versions`, and versions in `stackproof check`: what a person reads, and exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from stackproof import cli
from stackproof.config.settings import load_settings
from stackproof.core.errors import ConfigError
from stackproof.policy.versions.engine_version import Status
from stackproof.policy.versions.refreshing import FamilySnapshot
from stackproof.policy.versions.writing import written as text_of
from stackproof.wiring.engine_versions import deployed_versions
from stackproof.wiring.policy import read_engine_versions
from stackproof.wiring.project import Project
from tests.fakes import written
from tests.policy.versions.sample import PACKAGED, one, postgres

Ran = tuple[int, str, str]
Run = Callable[..., Ran]
ON = ("--as-of", "2026-11-24")
with_these_sources = pytest.mark.skipif(
    version("cfn-lint") != PACKAGED.sources["cfn-lint"].version, reason="another cfn-lint tells of other versions"
)


@pytest.fixture
def run(in_tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in an empty folder: exit code, output, errors. Every line fits on 80 columns."""
    del in_tmp_path

    def ran(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        out, err = capsys.readouterr()
        if not err and "json" not in arguments:
            assert [line for line in out.splitlines() if len(line) > 80 and "/" not in line] == []
        return int(str(ended.value.code or 0)), out, err

    return ran


def templates(**files: object) -> None:
    written(Path(), {f"{name}.json": json.dumps({"Resources": file}) for name, file in files.items()})


@pytest.mark.parametrize("command", [(), ("list",), ("explain",), ("refresh",)])
def test_help_has_examples(run: Run, command: tuple[str, ...]) -> None:
    code, out, _ = run("versions", *command, "--help")
    assert code == 0
    assert "Examples:" in out


def test_list_shows_every_family_with_its_age(run: Run) -> None:
    code, out, _ = run("versions", "list", *ON)
    assert code == 0
    assert "rds/postgres                  2026-10-20     35    30" in out
    assert out.splitlines()[0].split() == ["family", "as", "of", "days", "limit", "creatable", "listed", "cycles"]
    assert max(map(len, out.splitlines())) <= 80
    assert "rds/oracle-ee                 no source has it" in out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("postgres", "creatable: 15.19, 15.18"),
        ("rds/postgres", "9.6     standard support to 2022-04-30, extended support ended"),
        ("lambda", "python3.8         2024-10-14  2027-02-01   2027-03-03  python3.14"),
        ("eks", "1.34    standard support to 2026-12-02, extended to 2027-12-02"),
        ("docdb", "standard support has no end date, extended support not offered"),
        ("elasticsearch", "no source has it: its versions are not evaluated"),
        ("sqlserver-ee", "no dates known"),
        ("sqlserver-ee", "older ones"),
    ],
)
def test_list_shows_one_family(run: Run, name: str, said: str) -> None:
    code, out, _ = run("versions", "list", name, *ON)
    assert code == 0
    assert said in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("postgres", "15.8"),
            1,
            ["status: deprecated (cfn-lint: deprecated)", "pin instead: 15.19", "error: EV012"],
        ),
        (("postgres", "15.8", "--deployed", "15.8"), 1, ["warning: EV012"]),
        (("postgres", "15.19"), 0, ["no rule rejects it on 2026-11-24", "35 days old"]),
        (("postgres", "15"), 0, ["as the major of what is listed", "note: EV021"]),
        (("postgres", "99.1"), 1, ["status: not in the list", "EV010"]),
        (("eks", "1.34"), 1, ["its cycle is known", "EV013"]),
        (("oracle-ee", "19"), 0, ["open: EV030"]),
        (("lambda", "python3.8"), 1, ["new resources refused from: 2027-02-01", "EV016"]),
        (("mysql", "8.4.5"), 0, ["minor version supported to: 2026-09-30", "first seen: 2025-04-15"]),
    ],
)
def test_explain_says_what_is_known_and_who_says_so(
    run: Run, arguments: tuple[str, ...], code: int, said: list[str]
) -> None:
    found, out, _ = run("versions", "explain", *arguments, *ON)
    assert found == code
    assert all(line in " ".join(out.split()) for line in said), out


def test_explain_tells_of_dates_that_moved(run: Run) -> None:
    held = json.loads(text_of(PACKAGED))
    moved = {
        "field": "create_block",
        "before": "2026-06-01",
        "after": "2027-02-01",
        "seen": "2026-10-01",
        "source": "x",
    }
    held["families"]["lambda"]["versions"]["python3.8"]["date_history"] = [moved]
    written(Path(), {"policies/engine_versions.json": json.dumps(held)})
    _, out, _ = run("versions", "explain", "lambda", "python3.8", *ON)
    assert "moved: create_block from 2026-06-01 to 2027-02-01" in out


@pytest.mark.parametrize("arguments", [("explain", "nix", "1"), ("list", "nix"), ("list", "--as-of", "banana")])
def test_what_is_not_there_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run("versions", *arguments)
    assert (code, out) == (2, "")
    assert "nix" in err or "banana" in err


# --- refresh


def without(*versions: str, family: str = "rds/postgres") -> str:
    """The list of the package without some versions, as an older one would be."""
    held = PACKAGED.families[family]
    kept = {name: version for name, version in held.versions.items() if name not in versions}
    return text_of(replace(PACKAGED, families={**PACKAGED.families, family: replace(held, versions=kept)}))


@with_these_sources
def test_the_list_of_the_package_is_what_the_installed_sources_tell(run: Run) -> None:
    code, out, _ = run("versions", "refresh", "--as-of", "2026-10-21")
    assert (code, out) == (0, "no difference\n")


@with_these_sources
def test_refresh_shows_a_difference_and_writes_only_when_told(run: Run) -> None:
    file = Path("policies/engine_versions.json")
    written(Path(), {str(file): without("15.19")})
    templates(t=postgres("15.19"), u=one("AWS::SNS::Topic"))
    before = file.read_bytes()
    code, out, _ = run("versions", "refresh", "t.json", "u.json", "--as-of", "2026-10-21")
    assert code == 1
    assert "ADDED rds/postgres 15.19 creatable" in out
    assert "nothing is written" in out
    assert file.read_bytes() == before
    code, out, _ = run("versions", "refresh", "--write")
    assert (code, "written to" in out) == (0, True)
    assert '"15.19": {"status": "creatable"' in file.read_text(encoding="utf-8")
    assert run("versions", "refresh")[0] == 0


@with_these_sources
def test_refresh_shows_what_is_affected(run: Run) -> None:
    held = PACKAGED.families["rds/postgres"]
    older = {**held.versions, "15.8": replace(held.versions["15.8"], status=Status.CREATABLE)}
    list_text = text_of(
        replace(PACKAGED, families={**PACKAGED.families, "rds/postgres": replace(held, versions=older)})
    )
    written(Path(), {"policies/engine_versions.json": list_text})
    templates(t=postgres("15.8"))
    _, out, _ = run("versions", "refresh", "t.json", "--as-of", "2026-10-21")
    assert "NOW-DEPRECATED rds/postgres 15.8" in out
    assert "AFFECTED t.json It: EV012" in out
    assert run("versions", "refresh", "missing.json")[0] == 3


@with_these_sources
def test_refresh_refuses_a_change_that_is_too_large(run: Run) -> None:
    written(Path(), {"v.json": without(*(f"15.{n}" for n in range(13, 20)))})
    before = Path("v.json").read_bytes()
    code, out, _ = run("versions", "refresh", "--write", "--file", "v.json")
    assert code == 1
    assert "REFUSED rds/postgres: 7 of 43 creatable versions would change" in " ".join(out.split())
    assert Path("v.json").read_bytes() == before
    assert run("versions", "refresh", "--write", "--file", "v.json", "--accept-large-change")[0] == 0


@with_these_sources
def test_check_wants_a_list_that_is_not_old(run: Run) -> None:
    assert run("versions", "refresh", "--check", "--as-of", "2026-10-21")[0] == 0
    code, out, _ = run("versions", "refresh", "--check", *ON)
    assert (code, "too old on " in out) == (1, True)
    assert run("versions", "refresh", "--check", "--write")[0] == 2


@with_these_sources
def test_a_new_list_is_told_in_numbers(run: Run) -> None:
    written(Path(), {"v.json": without(*PACKAGED.families["rds/postgres"].versions)})
    assert "ADDED rds/postgres 252 entries" in run("versions", "refresh", "--file", "v.json")[1]


def test_a_source_that_cannot_be_read_is_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    code, _, err = run("versions", "refresh", "--source", "aws")
    assert (code, "AWS_ENDPOINT_URL is set" in err) == (2, True)


@with_these_sources
def test_a_family_that_could_not_be_read_is_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path | None = None) -> object:
        found = original(folder)
        return replace(found, families={"docdb": FamilySnapshot(failure="AccessDenied")})

    from stackproof.policy.versions.sources import cfn_lint

    original = cfn_lint.read_cfn_lint
    monkeypatch.setattr(cfn_lint, "read_cfn_lint", broken)
    code, out, _ = run("versions", "refresh")
    assert (code, "NOT READ docdb: cfn-lint: AccessDenied" in out) == (3, True)


@with_these_sources
def test_reports_are_json_as_well(run: Run) -> None:
    code, out, _ = run("versions", "explain", "postgres", "15.8", *ON, "--format", "json")
    report = json.loads(out)
    assert (code, report["exit_code"], report["format"], report["command"]) == (1, 1, 1, "versions explain")
    assert (report["summary"]["status"], report["summary"]["instead"]) == ("deprecated", "15.19")
    assert [finding["rule_id"] for finding in report["findings"]] == ["EV012"]
    written(Path(), {"v.json": without("15.19")})
    code, out, _ = run("versions", "refresh", "--file", "v.json", "--format", "json", *ON)
    report = json.loads(out)
    assert (code, report["summary"]["written"]) == (1, False)
    assert report["changes"][0] | {"detail": ""} == {
        "family": "rds/postgres",
        "kind": "ADDED",
        "version": "15.19",
        "detail": "",
    }


# --- in check


FAST = "[tool.stackproof.engines]\n"


@pytest.fixture
def project(in_tmp_path: Path) -> Path:
    """A project without other engines: every report comes from ours."""
    return written(in_tmp_path, {"pyproject.toml": FAST})


def rules(out: str) -> list[str]:
    return [f"{finding['rule_id']} {finding['level']}" for finding in json.loads(out)["findings"]]


def test_check_judges_versions_and_takes_a_day(project: Path, run: Run) -> None:
    del project
    templates(t=postgres("15.19"), bad=postgres("15.3"))
    assert run("check", "t.json", *ON)[0] == 0
    code, out, _ = run("check", "t.json", "--as-of", "2028-03-01", "--format", "json")
    assert (code, rules(out)) == (1, ["EV014 warning"])
    code, out, _ = run("check", "bad.json", *ON)
    assert (code, "EV012" in out, "pin 15.19" in out) == (1, True, True)
    code, _, err = run("check", "bad.json", "--as-of", "nonsense")
    assert code == 2
    assert err.endswith("Invalid value for '--as-of': 'nonsense' is not a day: give it as YYYY-MM-DD\n")


def test_an_old_list_is_said_and_fails_only_a_strict_check(project: Path, run: Run) -> None:
    del project
    templates(t=postgres("15.19"))
    code, out, _ = run("check", "t.json", *ON)
    assert (code, "35 days old" in out) == (0, True)
    assert run("check", "t.json", "--strict", *ON)[0] == 3
    assert run("check", "t.json", "--strict", "--as-of", "2026-10-21")[0] == 0


def test_what_is_deployed_is_a_warning(project: Path, run: Run) -> None:
    del project
    templates(t=postgres("15.8"), u=postgres("15.19"))
    shutil.copy("t.json", "live.json")
    code, out, _ = run("check", "t.json", "--deployed", "live.json", *ON, "--format", "json")
    assert (code, rules(out)) == (1, ["EV012 warning"])
    assert rules(run("check", "t.json", "--deployed", "u.json", *ON, "--format", "json")[1])[0] == "EV012 error"
    for wrong in (("none.json",), ("live.json", "--deployed", "live.json"), ("live.json", "u.json")):
        code, _, err = run("check", "t.json", "--deployed", *wrong)
        assert (code, "--deployed" in err) == (2, True)
    assert run("check", "t.json", "--deployed", "Other=live.json", "--format", "json")[0] == 1


def test_what_is_no_file_is_a_stack_in_the_account() -> None:
    body = json.dumps({"Resources": postgres("15.8")}).encode()
    assert deployed_versions(["Live-prod"], {"Live-prod": body}.__getitem__) == {"Live-prod": {"It": "15.8"}}
    with pytest.raises(ConfigError, match=r"--deployed Other=none\.json"):
        deployed_versions(["Other=none.json"], lambda _: b"")
    with pytest.raises(ConfigError, match=r"--deployed no\.json"):
        deployed_versions(["no.json"], lambda _: b"")


def test_a_supplied_parameter_is_judged_in_place_of_its_default(project: Path, run: Run) -> None:
    body = {"Parameters": {"P": {"Type": "String", "Default": "15.19"}}, "Resources": postgres({"Ref": "P"})}
    written(project, {"t.json": json.dumps(body)})
    assert rules(run("check", "t.json", *ON, "--format", "json")[1]) == []
    out = run("check", "t.json", "--parameters", "P=15.3", *ON, "--format", "json")[1]
    assert rules(out) == ["EV012 error"]
    assert "[parameter P = 15.3 (supplied)]" in out
    code, _, err = run("check", "t.json", "--parameters", "P")
    assert (code, "--parameters P: expected key=value" in err) == (2, True)


def test_a_projects_own_list_and_decisions_come_first(project: Path, run: Run) -> None:
    rows = [
        {
            "family": "rds/postgres",
            "version": "15.19",
            "decision": "banned",
            "reason": "known to lose data",
            "owner": "platform",
            "until": "2026-12-31",
        }
    ]
    written(project, {"policies/engine_overrides.json": json.dumps({"schema": 1, "overrides": rows})})
    templates(t=postgres("15.19"))
    assert rules(run("check", "t.json", *ON, "--format", "json")[1]) == ["EV017 error"]
    written(project, {"policies/engine_versions.json": "{}"})
    code, _, err = run("check", "t.json")
    assert (code, "engine_versions.json" in err) == (2, True)


def test_a_project_may_fix_the_day(project: Path, run: Run) -> None:
    written(project, {"pyproject.toml": f'[tool.stackproof]\nversions_as_of = "2028-03-01"\n{FAST}'})
    templates(t=postgres("15.19"))
    assert rules(run("check", "t.json", "--format", "json")[1]) == ["EV014 warning"]
    assert "2028-03-01" in run("versions", "explain", "postgres", "15.19")[1]
    written(project, {"pyproject.toml": f'[tool.stackproof]\nversions_as_of = "2028-02-31"\n{FAST}'})
    code, _, err = run("check", "t.json")
    assert (code, "versions_as_of" in err) == (2, True)


def test_an_empty_folder_is_judged_with_the_list_of_the_package(in_tmp_path: Path) -> None:
    assert read_engine_versions(Project(settings=load_settings(in_tmp_path))) == PACKAGED
