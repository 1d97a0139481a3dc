"""No way out of an audit keeps a value that may be a secret: reports, news, and the file of the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stackproof.cli.drift_outputs import write_drift
from stackproof.cli.outputs import Wanted
from stackproof.core.json import JsonValue, canonical
from stackproof.drift.difference import Difference, DriftOrigin
from stackproof.drift.episode import Alarm
from stackproof.drift.memory.history import advanced
from stackproof.drift.memory.remembering import begin_run, record_audit
from stackproof.drift.memory.sql_store import SqlAuditStore
from stackproof.drift.report import DriftReport
from stackproof.drift.stack_audit import StackAudit
from stackproof.reporters.alarm import alarm_issue, alarm_text
from tests.memory_fakes import KEEP, STACK, difference, night, record, run, unwaived

DEFINITION = {
    "States": {
        "Call": {
            "Parameters": {"Body": {"password": "hunter2-STATE"}, "Headers": {"Authorization": "Bearer hunter2-BEARER"}}
        }
    }
}
VARIABLE = "/Environment/Variables/CONFIG"
LEAKS: list[tuple[str | None, JsonValue]] = [
    (VARIABLE, '{"user":"app","password":"hunter2-CONFIG"}'),
    ("/Value", '{"user":"app","password":"hunter2-CONFIG"}'),
    (VARIABLE, "Server=db;User=x;Password=hunter2-DSN"),
    ("/DefinitionString", json.dumps(DEFINITION)),
    ("/DefinitionString", json.dumps({"Comment": "curl -H 'Authorization: Bearer hunter2-TEXT'"})),
    ("/Endpoint", "https://hooks.example.com/x?token=hunter2-HOOK"),
    (None, {"Endpoint": "https://hooks.example.com/x?token=hunter2-HOOK", "Protocol": "https"}),
    (None, {"Endpoint": "https://app:hunter2-USER@hooks.example.com/", "Protocol": "https"}),
]
"""Property, or None for a child; and what is live there."""


def drifted(path: str | None, actual: JsonValue) -> Difference:
    if path is not None:
        return difference(path=path, expected="before", actual=actual)
    return difference(
        path=None,
        origin=DriftOrigin.CHILD,
        child_type="AWS::SNS::Subscription",
        child_id="s",
        expected=None,
        actual=actual,
    )


def ways_out(found: Difference, folder: Path) -> Mapping[str, bytes]:
    audit = StackAudit(
        stack_name=STACK.stack_name, stack_id="arn", account=STACK.account, region=STACK.region, stack_status="",
        differences=(found,),
    )  # fmt: skip
    store = SqlAuditStore(f"sqlite:///{folder / 'audits.db'}")
    report = DriftReport(target="aws", audits=(audit,), differences=(found,))
    for number in (1, 2):
        report = record_audit(
            report,
            store,
            begin_run(store, run(started_at=night(number))),
            ended_at=night(number),
            keep=KEEP,
            waive=unwaived,
        )
    wanted = [Wanted(format=kind, output=str(folder / kind)) for kind in ("terminal", "json", "sarif")]
    write_drift(wanted, report, folder, verbose=True)
    episodes = store.episodes(target="aws", against="template")
    of_store = Alarm(run=run(2), episodes=episodes)
    direct = Alarm(run=run(2), episodes=advanced([], record(found), run=2, at=night(2)).new)
    made = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for name, alarm in (("stored", of_store), ("direct", direct)):
        made[f"{name} message"] = alarm_text(alarm).encode()
        made[f"{name} issue"] = alarm_issue(alarm).encode()
        made[f"{name} webhook"] = canonical(alarm.to_dict()).encode()
    return made


@pytest.mark.parametrize(("path", "actual"), LEAKS)
def test_a_secret_within_a_live_value_leaves_no_trace(tmp_path: Path, path: str | None, actual: JsonValue) -> None:
    made = ways_out(drifted(path, actual), tmp_path)
    assert {"audits.db", "json", "sarif", "terminal", "stored webhook"} <= made.keys()
    assert [name for name, text in made.items() if b"hunter2" in text] == []
    if path is not None:
        assert b"***" in made["json"]


@pytest.mark.parametrize(
    ("path", "actual", "shown"),
    [
        ("/Timeout", 900, "900"),
        ("/Environment/Variables/LEVEL", "DEBUG", "DEBUG"),
        ("/RoleArn", "arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"),
        ("/Tags", [{"Key": "team", "Value": "payments"}], "payments"),
        ("/Policy", {"Action": "secretsmanager:GetSecretValue"}, "secretsmanager:GetSecretValue"),
        ("/Endpoint", "https://hooks.example.com/x?page=2", "https://hooks.example.com/x?page=2"),
    ],
)
def test_what_is_no_secret_is_shown(tmp_path: Path, path: str, actual: JsonValue, shown: str) -> None:
    made = ways_out(drifted(path, actual), tmp_path)
    for name in ("audits.db", "json", "sarif", "terminal", "stored webhook"):
        assert shown.encode() in made[name], name


def test_that_a_secret_within_a_text_changed_is_seen_in_the_store(tmp_path: Path) -> None:
    store = SqlAuditStore(f"sqlite:///{tmp_path / 'audits.db'}")
    values = ["Server=db;Password=one", "Server=db;Password=two", "Server=db;Password=two"]
    for number, value in enumerate(values):
        seen = record(drifted("/Value", value))
        store.record(store.begin(run(started_at=night(number))), [seen], ended_at=night(number), keep=KEEP)
    first, second, third = (store.records(number)[0].differences[0].actual for number in (1, 2, 3))
    assert first != second
    assert second == third
    assert str(first).startswith("Server=db;Password=hmac-sha256:")
