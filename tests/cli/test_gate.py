"""`stackproof gate`: every stage, one summary, one exit code, and nothing is computed twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from tests.running import project, stackproof
from tests.watching import Watch, needs_proc

ENGINE = "[tool.stackproof.engines]\ncloudformation-validate = {}\n"
HOLDS = "def test_holds():\n    assert 1 + 1 == 2\n"
VIOLATED = "def test_is_violated():\n    assert 1 + 1 == 3\n"
CRASHES = "import os\n\ndef test_crash():\n    assert os._exit(1)\n"
BREAKS = "from stackproof.core.errors import TargetError\n\ndef test_breaks():\n    raise TargetError('gone')\n"
MISCONFIGURED = "from stackproof.core.errors import ConfigError\n\ndef test_breaks():\n    raise ConfigError('wrong')\n"
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='not today')\ndef test_skipped():\n    assert 1 + 1 == 3\n"


def with_suites(folder: Path, **suites: str) -> None:
    """Replace the suites of the project by one file each, and do without the engines."""
    table = "[tool.stackproof.engines]\n[tool.stackproof.suites]\n"
    for name, text in suites.items():
        file = folder / "suites" / f"{name}_only" / "test_it.py"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        table += f'{name} = ["suites/{name}_only", "-p", "no:cacheprovider"]\n'
    (folder / "pyproject.toml").write_text(table, encoding="utf-8")


def gated(folder: Path, *arguments: str, **more: str) -> tuple[int, dict[str, Any], str]:
    done = stackproof(folder, "gate", *arguments, **more)
    report = json.loads((folder / "reports" / "gate.json").read_text(encoding="utf-8"))
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    assert report["exit_code"] == done.returncode
    assert "Traceback" not in done.stderr
    return done.returncode, report, done.stdout + done.stderr


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {stage["name"]: stage["outcome"] for stage in report["stages"]}


@needs_proc
@pytest.mark.usefixtures("processes")
def test_the_second_run_takes_synth_and_check_from_the_cache_and_starts_no_engine(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    first, second = (Watch(tmp_path / name) for name in ("first", "second"))
    code, report, output = gated(folder, **first.variables)
    assert code == 0, output
    assert list(outcomes(report)) == ["synth", "check", "unit", "compliance", "integration"]
    assert not any(stage["cached"] for stage in report["stages"])
    assert (report["policy"]["held"], report["policy"]["violated"]) == (9, 0)
    assert report["proof"]["resources"] == {"total": 2, "proven": 2, "custom": 0}
    assert first.started("cloudformation_validate_worker.py") == 1
    assert first.started("moto_server") == 1
    assert first.left() == []
    assert {path.name for path in (folder / "reports").iterdir()} == {
        *("gate.json", "check.json"),
        *(f"{name}.{kind}" for name in ("unit", "compliance", "integration") for kind in ("json", "txt", "xml")),
    }

    code, again, output = gated(folder, "--static", **second.variables)
    assert code == 0
    assert {stage["name"]: stage["cached"] for stage in again["stages"]} == {"synth": True, "check": True}
    assert second.started("worker.py") == 0
    assert output.count("cached; ") == 2
    assert again["policy"] == report["policy"]


@pytest.mark.usefixtures("processes")
def test_without_suites_the_gate_proves_by_itself_and_all_reports_are_as_their_schema_says(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    (folder / "pyproject.toml").write_text(ENGINE, encoding="utf-8")
    code, report, output = gated(folder)
    assert (code, list(outcomes(report))) == (0, ["synth", "check", "prove"])
    assert "proof (emulator moto): 2 of 2 resources, 3 of 3 properties (100.0 %)" in " ".join(output.split())
    for name in ("check", "prove"):
        written = json.loads((folder / "reports" / f"{name}.json").read_text(encoding="utf-8"))
        Draft202012Validator(read_schema("report.schema.json")).validate(written)
        assert (written["command"], written["exit_code"]) == (name, 0)


@pytest.mark.usefixtures("processes")
def test_wrong_arguments_of_a_suite_are_a_wrong_configuration(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    table = '[tool.stackproof.suites]\none = ["--no-such-option"]\ntwo = ["suites/nowhere"]\n'
    (folder / "pyproject.toml").write_text(ENGINE + table, encoding="utf-8")
    code, report, output = gated(folder)
    assert [stage["outcome"] for stage in report["stages"][2:]] == ["incomplete", "incomplete"]
    said = "pytest rejects the arguments of one in [tool.stackproof.suites]: see one.txt"
    assert report["stages"][2]["detail"] == said
    assert "unrecognized arguments: --no-such-option" in output
    assert "file or directory not found: suites/nowhere" in output
    assert code == 2


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (HOLDS, 0, "1 passed"),
        (VIOLATED, 1, "1 failed"),
        (MISCONFIGURED, 2, "1 failed"),
        (BREAKS, 3, "1 failed"),
        (CRASHES, 3, "left no report: it did not run to its end"),
        ("", 3, "nothing ran"),
        ("import no_such_module\n", 3, ""),
        (SKIPPED, 3, "1 skipped"),
    ],
    ids=["holds", "violated", "misconfigured", "breaks", "crashes", "empty", "does not import", "skipped"],
)
@pytest.mark.usefixtures("processes")
def test_a_suite_ends_as_its_tests_say(text: str, code: int, said: str, tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    with_suites(folder, one=text)
    ended, report, output = gated(folder)
    [stage] = [stage for stage in report["stages"] if stage["name"] == "one"]
    assert ended == code, output
    assert said in stage["detail"]
    assert stage["outcome"] == ("held", "violated", "incomplete", "incomplete")[code]


@pytest.mark.usefixtures("processes")
def test_all_suites_run_and_3_outranks_1(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    with_suites(folder, a=VIOLATED, b=BREAKS, c=HOLDS)
    code, report, output = gated(folder)
    assert code == 3
    assert list(outcomes(report).values())[2:] == ["violated", "incomplete", "held"]
    assert "gate: could not complete (exit code 3)" in output
    assert "assert (1 + 1) == 3" in output
    assert "TargetError: gone" in output


@pytest.mark.usefixtures("processes")
def test_what_policy_finds_is_1_and_the_suites_still_run(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    with_suites(folder, a=HOLDS)
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.stackproof.engines]\n", ENGINE), encoding="utf-8")
    file = folder / "app.py"
    file.write_text(file.read_text(encoding="utf-8").replace('"RetentionPeriodHours": 48', '"Retention": 48'))
    code, report, output = gated(folder)
    assert (code, list(outcomes(report).values())) == (1, ["held", "violated", "held"])
    assert report["policy"]["violated"] == 1
    assert "app.py:11\n" in output
    assert "    error    F3002: " in output
    assert "policy:" not in output


@pytest.mark.usefixtures("processes")
def test_after_a_synth_that_failed_nothing_is_run_and_it_is_said(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    (folder / "app.py").write_text("raise SystemExit(4)", encoding="utf-8")
    code, report, output = gated(folder)
    assert (code, outcomes(report)) == (
        3,
        {"synth": "incomplete", **dict.fromkeys(("check", "unit", "compliance", "integration"), "skipped")},
    )
    assert output.count("not run: synth failed") == 4


@pytest.mark.usefixtures("processes")
def test_context_reaches_every_stage(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    with_suites(
        folder,
        a="def test_shards(template):\n"
        '    template.has_resource_properties("AWS::Kinesis::Stream", {"ShardCount": 3})\n',
    )
    assert gated(folder, "-c", "shards=3")[0] == 0
    code, _, output = gated(folder)
    assert code == 1
    assert "app.py:11" in output


def test_a_wrong_file_of_the_project_is_2_before_anything_runs(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    (folder / "policies").mkdir()
    (folder / "policies" / "waivers.yaml").write_text("waivers: 1\n", encoding="utf-8")
    done = stackproof(folder, "gate")
    assert done.returncode == 2
    assert "policies/waivers.yaml" in done.stderr
    assert not (folder / "reports").exists()
    assert not (folder / ".stackproof").exists()


@pytest.mark.usefixtures("processes")
def test_the_report_goes_to_standard_output_as_well(tmp_path: Path) -> None:
    folder = project("tiny", tmp_path)
    done = stackproof(folder, "gate", "--static", "--format", "json")
    assert json.loads(done.stdout) == json.loads((folder / "reports" / "gate.json").read_text(encoding="utf-8"))
