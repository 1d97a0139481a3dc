"""One verdict on any number of workers, from one of everything that is dear; and nothing is left, however it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.running import project, run
from tests.watching import Watch, interrupted, listens, needs_proc, started, wait_for

pytestmark = pytest.mark.usefixtures("processes")

RULES = {
    *(f"cdk:annotation-{level}" for level in ("error", "info", "warning")),
    "cdk:deprecated-api",
    "cloudformation-validate",
    *("I3011", "I3013", "I4010", "I9040"),
}
ITEMS = {
    *(f"suites/compliance/test_policy.py::test_rule_holds[Tiny-{rule}]" for rule in RULES),
    "suites/integration/test_live.py::test_queue_is_there",
    "suites/integration/test_live.py::test_resource[Queue]",
    "suites/integration/test_live.py::test_resource[Stream]",
    "suites/integration/test_live.py::test_stream_is_there",
    "suites/unit/test_template.py::test_queue_hides_a_message_for_a_minute",
    "suites/unit/test_template.py::test_there_is_one_stream",
}
WORKERS = ("0", "2", "8")
SLOW = """
import os
import time
from pathlib import Path

def test_slow(deployment, aws_client):
    Path(os.environ["NOTED"], "live").write_text(aws_client("sqs").meta.endpoint_url, encoding="utf-8")
    time.sleep(600)
    assert deployment.resources
"""


@needs_proc
@pytest.mark.parametrize("workers", WORKERS)
def test_any_number_of_workers_gives_one_verdict_from_one_emulator_and_one_deployment(
    workers: str, tmp_path: Path
) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    for name in ("runs", "seen"):
        (tmp_path / name).mkdir()
    report = tmp_path / "report.json"
    done = run(
        folder,
        *("pytest", "suites", "-rA", "-p", "no:cacheprovider", f"--stackproof-report={report}", "-n", workers),
        **watch.variables,
        NOTED=str(tmp_path / "seen"),
        RUNS=str(tmp_path / "runs"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"^PASSED (\S+)", done.stdout, re.MULTILINE)) == ITEMS
    assert "proof (emulator moto): 2 of 2 resources, 3 of 3 properties (100.0 %)" in done.stdout
    assert f"policy: {len(RULES)} of {len(RULES)} rules held, 0 violated, 0 waived, 0 open" in done.stdout
    found = json.loads(report.read_text(encoding="utf-8"))
    assert (found["tests"], found["rules"], found["exit_code"]) == ({"passed": len(ITEMS)}, {"held": len(RULES)}, 0)
    assert [proof["location"]["logical_id"] for proof in found["proofs"]] == ["Queue", "Stream"]
    calls = found["calls"]
    made = [operation for operation in calls["operations"] if operation["operation"] == "ExecuteChangeSet"]
    assert [(call["kind"], call["declared"], call["count"]) for call in made] == [("write", "deploying stack Tiny", 1)]
    assert (calls["refused"], calls["reads"] > 0) == (0, True)
    assert f"{calls['total']} calls: {calls['reads']} reads, {calls['writes']} write" in done.stdout

    seen = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "seen").iterdir()]
    assert len(seen) == 2
    assert {noted["stack"] for noted in seen} == set(seen[0]["stacks"]) == set(seen[1]["stacks"])
    assert len(seen[0]["stacks"]) == 1
    assert watch.started("stackproof.targets.emulators.moto_server") == 1
    assert watch.started("cloudformation_validate_worker.py") == 1
    assert len(list((tmp_path / "runs").iterdir())) == 1

    assert watch.left() == []
    assert not listens(seen[0]["url"])
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {
        *(".stackproof", "app.py", "cdk.json", "pyproject.toml", "suites"),
    }


def test_the_proofs_of_a_report_are_the_same_bytes_on_any_number_of_workers(tmp_path: Path) -> None:
    """What an emulator names anew in each run is taken out first."""
    folder, seen = project("tiny", tmp_path), tmp_path / "seen"
    seen.mkdir()
    reports: dict[str, str] = {}
    for workers in ("0", "8"):
        report = tmp_path / f"report-{workers}.json"
        done = run(
            folder,
            *("pytest", "suites/integration", "-p", "no:cacheprovider", f"--stackproof-report={report}", "-n", workers),
            NOTED=str(seen),
            RUNS=str(seen),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(report.read_text(encoding="utf-8"))
        ids = [str(proof.pop("physical_id")) for proof in found["proofs"]]
        proofs = json.dumps({name: found[name] for name in ("summary", "proofs") if name in found})
        assert [id_ for id_ in ids if id_ in proofs] == []
        reports[workers] = proofs
    assert reports["0"] == reports["8"]


@needs_proc
@pytest.mark.parametrize("workers", ["0", "2"])
def test_after_ctrl_c_in_a_live_test_nothing_is_left(workers: str, tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    (folder / "suites" / "integration" / "test_live.py").write_text(SLOW, encoding="utf-8")
    with started(
        folder,
        ("pytest", "suites/integration", "-n", workers),
        **watch.variables,
        NOTED=str(tmp_path),
    ) as process:
        wait_for(tmp_path / "live")
        code, output = interrupted(process)
    assert code == 3, output
    assert watch.started("stackproof.targets.emulators.moto_server") == 1
    assert watch.left() == []
    assert not listens((tmp_path / "live").read_text(encoding="utf-8"))
