"""`stackproof check` with waivers, with what sources silence, and with a baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stackproof.config.schema import read_schema
from tests.fakes import written
from tests.running import project, stackproof

FAST = "[tool.stackproof.engines]\ncloudformation-validate = {}\n"
RULE = "W2508"
WAIVER = """\
waivers:
  - rule: W2508
    stack: open.json
    construct_path: Group
    reason: a bastion, for a month
    owner: platform
    ticket: OPS-12
    expires: 2999-12-31
"""


def group(**metadata: object) -> dict[str, Any]:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    properties = {"GroupDescription": "open", "SecurityGroupIngress": [rule]}
    return {"Type": "AWS::EC2::SecurityGroup", "Properties": properties, "Metadata": metadata}


def template(**resources: object) -> str:
    return json.dumps({"Resources": resources})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path, {"pyproject.toml": FAST, "open.json": template(Group=group())})


def check(folder: Path, *arguments: str, code: int) -> dict[str, Any]:
    """The report in JSON, which is as its schema says."""
    done = stackproof(folder, "check", "--format", "json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    Draft202012Validator(read_schema("report.schema.json")).validate(report)
    return report


def kinds(report: dict[str, Any], rule: str = RULE) -> list[str | None]:
    found = [finding["suppression"] for finding in report["findings"] if finding["rule_id"] == rule]
    return [row["kind"] if row else None for row in found]


def about_waivers(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (finding["rule_id"], finding["level"], f"{finding['location']['file']}:{finding['location']['line']}")
        for finding in report["findings"]
        if finding["rule_id"].startswith("SPW")
    ]


@pytest.mark.usefixtures("processes")
def test_a_waiver_is_heeded_and_listed(folder: Path) -> None:
    written(folder, {"policies/waivers.yaml": WAIVER})
    report = check(folder, "open.json", code=0)
    assert kinds(report) == ["external"]
    (entry,) = report["waivers"]
    assert {**entry, "days_left": 0} == {
        "source": "waivers.yaml",
        "where": "policies/waivers.yaml:2",
        "rule": RULE,
        "control": None,
        "stack": "open.json",
        "construct_path": "Group",
        "reason": "a bastion, for a month",
        "owner": "platform",
        "ticket": "OPS-12",
        "expires": "2999-12-31",
        "days_left": 0,
        "covers": 1,
        "state": "active",
    }
    shown = stackproof(folder, "check", "open.json", "-v").stdout
    assert "waivers: 1\n    active: W2508 at Group in open.json\n" in shown
    assert "covers 1 finding, owner: platform, " in shown


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("2999", "2001", 1, [("SPW001", "warning", "policies/waivers.yaml:2")]),
        ("path: Group", "path: Gone", 1, [("SPW002", "warning", "policies/waivers.yaml:2")]),
        ("path: Group", "path: Gr*", 0, [("SPW003", "note", "policies/waivers.yaml:2")]),
        ("stack: open", "stack: elsewhere", 1, []),
    ],
    ids=["expired", "unused", "broad", "not judged"],
)
@pytest.mark.usefixtures("processes")
def test_a_waiver_that_is_not_right_is_a_finding_at_its_line(
    folder: Path, old: str, new: str, code: int, said: list[tuple[str, str, str]]
) -> None:
    written(folder, {"policies/waivers.yaml": WAIVER.replace(old, new)})
    assert about_waivers(check(folder, "open.json", code=code)) == said


@pytest.mark.usefixtures("processes")
def test_a_waiver_is_judged_over_all_that_the_run_looks_at(folder: Path) -> None:
    """It is not of no use in one template because another one needs it."""
    written(folder, {"policies/waivers.yaml": WAIVER, "more/other.json": template(T={"Type": "AWS::SNS::Topic"})})
    assert about_waivers(check(folder, "open.json", "more", code=0)) == []


@pytest.mark.usefixtures("processes")
def test_what_is_not_waivable_stays_red(folder: Path) -> None:
    settings = f'[tool.stackproof]\nnot_waivable = ["{RULE}"]\n{FAST}'
    written(folder, {"policies/waivers.yaml": WAIVER, "pyproject.toml": settings})
    report = check(folder, "open.json", code=1)
    assert kinds(report) == [None]
    assert about_waivers(report) == [("SPW005", "error", "policies/waivers.yaml:2")]
    check(folder, "open.json", "--write-baseline", "b.json", code=1)


def test_a_glob_that_matches_everything_is_2_and_named(folder: Path) -> None:
    written(folder, {"policies/waivers.yaml": WAIVER.replace("path: Group", "path: '**'")})
    done = stackproof(folder, "check", "open.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "policies/waivers.yaml:4: waivers[0].construct_path: '**' matches everything (SPW004)" in done.stderr


@pytest.mark.usefixtures("processes")
def test_what_a_template_silences_is_heeded_with_its_place_unless_it_is_the_beginning_of_an_id(folder: Path) -> None:
    for rule, code, kind in ((RULE, 0, "inSource"), ("W", 1, None)):
        silence = {"config": {"ignore_checks": [rule]}}
        written(folder, {"open.json": template(Group=group(**{"cfn-lint": silence}))})
        report = check(folder, "open.json", code=code)
        assert kinds(report) == [kind]
        (entry,) = report["waivers"]
        assert entry["where"] == "open.json:1: Resources.Group.Metadata.cfn-lint.config.ignore_checks[0]"
    assert [(rule, level) for rule, level, _ in about_waivers(report)] == [("SPW003", "warning")]


@pytest.mark.usefixtures("processes")
def test_a_baseline_lets_old_findings_pass_and_new_ones_fail(folder: Path) -> None:
    check(folder, "open.json", code=1)
    (folder / "policies").mkdir(exist_ok=True)
    first = check(folder, "open.json", "--write-baseline", "policies/b.json", code=0)
    assert kinds(first) == ["baseline"]
    known = (folder / "policies/b.json").read_bytes()
    check(folder, "open.json", "--write-baseline", "policies/b.json", "--no-cache", code=0)
    assert (folder / "policies/b.json").read_bytes() == known
    check(folder, "open.json", "--baseline", "policies/b.json", code=0)
    written(folder, {"open.json": template(Group=group(), Other=group()), "prod.json": template(Group=group())})
    report = check(folder, "open.json", "--baseline", "policies/b.json", code=1)
    assert sorted(str(kind) for kind in kinds(report)) == ["None", "baseline"]
    assert kinds(check(folder, "prod.json", "--baseline", "policies/b.json", code=1)) == [None]
    shown = stackproof(folder, "check", "open.json", "--baseline", "policies/b.json").stdout
    assert "in the baseline: 1 (-v shows them)" in shown


@pytest.mark.usefixtures("processes")
def test_a_waived_finding_is_not_written_and_what_is_fixed_is_said(folder: Path) -> None:
    check(folder, "open.json", "--write-baseline", "b.json", code=0)
    written(folder, {"policies/waivers.yaml": WAIVER})
    report = check(folder, "open.json", "--baseline", "b.json", "--write-baseline", "c.json", code=0)
    assert kinds(report) == ["external"]
    assert (folder / "c.json").read_text(encoding="utf-8") == '{"format":1,"entries":[]}\n'
    (note,) = [
        notification for notification in check(folder, "open.json", "--baseline", "b.json", code=0)["notifications"]
        if notification["file"] == "b.json"
    ]  # fmt: skip
    assert note["message"] == "1 entry of the baseline is fixed: rewrite it (--write-baseline)"


def test_a_bad_baseline_is_2_before_any_engine_starts(folder: Path) -> None:
    written(folder, {"b.json": '{"format": 1, "entries": [{"stack": 3}]}'})
    done = stackproof(folder, "check", "open.json", "--baseline", "b.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "b.json: entries[0]" in done.stderr
    assert stackproof(folder, "check", "open.json", "--baseline", "none.json").returncode == 2


@pytest.mark.usefixtures("processes")
def test_a_run_that_is_not_complete_writes_no_baseline(folder: Path) -> None:
    written(folder, {"bad.json": "{"})
    done = stackproof(folder, "check", "open.json", "bad.json", "--write-baseline", "b.json")
    assert done.returncode == 3
    assert "b.json was not written" in done.stderr
    assert not (folder / "b.json").exists()


@pytest.mark.usefixtures("processes")
def test_what_an_app_acknowledges_is_listed_and_what_its_plugins_find_is_judged(tmp_path: Path) -> None:
    folder = project("acknowledged", tmp_path)
    (folder / "pyproject.toml").write_text(FAST, encoding="utf-8")
    report = check(folder, code=1)
    assert kinds(report) == ["inSource"]
    assert kinds(report, "house-rules::topic-owner") == ["inSource"]
    assert kinds(report, "house-rules::topic-name") == [None]
    assert kinds(report, "lib:Seen") == [None]
    assert "lib:Gone" not in json.dumps(report)
    assert [(waiver["rule"], waiver["reason"], waiver["covers"], waiver["state"]) for waiver in report["waivers"]] == [
        ("W2508", "a bastion", 1, "active"),
        ("house-rules::topic-owner", "owned by all", 1, "active"),
        ("mine", "not yet", 0, "unseen"),
    ]
    assert {waiver["where"].partition(":")[0] for waiver in report["waivers"]} == {"app.py"}
