"""Ctrl-C in the middle of a command: exit code 3, one line, and neither process, port nor file is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import project
from tests.watching import Watch, interrupted, listens, needs_proc, started, wait_for

pytestmark = pytest.mark.usefixtures("processes")

SLOW = """
import os
import time
from pathlib import Path

def test_slow(deployment, aws_client):
    Path(os.environ["NOTED"], "live").write_text(aws_client("sqs").meta.endpoint_url, encoding="utf-8")
    time.sleep(600)
    assert deployment.resources
"""
TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}


@needs_proc
def test_gate_in_a_live_test(tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch")
    (folder / "suites" / "integration" / "test_live.py").write_text(SLOW, encoding="utf-8")
    arguments = json.dumps(["suites/integration", "-n", "2"])
    (folder / "pyproject.toml").write_text(
        "[tool.stackproof.engines]\ncloudformation-validate = {}\n"
        f"[tool.stackproof.suites]\nintegration = {arguments}\n",
        encoding="utf-8",
    )
    with started(folder, ("stackproof", "gate"), **watch.variables, NOTED=str(tmp_path)) as process:
        wait_for(tmp_path / "live")
        code, output = interrupted(process)
    assert code == 3, output
    assert output.splitlines()[-1] == "stackproof: interrupted"
    assert watch.left() == []
    assert not listens((tmp_path / "live").read_text(encoding="utf-8"))


@needs_proc
@pytest.mark.parametrize(
    ("command", "held"),
    [
        (("target", "up"), "stackproof.targets.emulators.moto_server"),
        (("target", "up", "ministack"), "stackproof.targets.emulators.ministack_server"),
        (("deploy", "--keep"), "stackproof.targets.emulators.moto_server"),
        (("prove",), "stackproof.targets.emulators.moto_server"),
        (("check",), "cloudformation_validate_worker.py"),
        (("check", "--no-cache", "template.json"), "cloudformation_validate_worker.py"),
        (("gate",), "cloudformation_validate_worker.py"),
    ],
    ids=["target up", "target up ministack", "deploy", "prove", "check app", "check file", "gate"],
)
def test_while_something_starts(command: tuple[str, ...], held: str, tmp_path: Path) -> None:
    folder, watch = project("tiny", tmp_path), Watch(tmp_path / "watch", held=held)
    (folder / "template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    with started(folder, ("stackproof", *command), **watch.variables) as process:
        watch.wait_until_held()
        code, output = interrupted(process)
    assert code == 3, output
    assert output.splitlines()[-1] == "stackproof: interrupted"
    assert watch.left() == []
    assert not (folder / ".stackproof" / "target.json").exists()
