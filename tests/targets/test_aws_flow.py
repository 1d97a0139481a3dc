"""A flow where nothing stands in for anything: canaries go through what is deployed, and their rows go away again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stackproof.errors import ConfigError, TargetError
from stackproof.flow import FlowRun, path_of
from stackproof.targets.aws import AwsTarget
from stackproof.targets.aws_flow import AwsPipeline
from stackproof.targets.ministack import MiniStackTarget
from stackproof.targets.ministack_flow import open_database
from stackproof.targets.owned_process import OwnedProcess
from tests.live_fakes import stack
from tests.targets.flow_template import body
from tests.targets.test_ministack_flow import DECLARED

CLEANED = replace(DECLARED, cleanup="DELETE FROM things WHERE key LIKE :prefix")


@pytest.fixture(scope="module")
def pipeline(ministack: OwnedProcess) -> Iterator[AwsPipeline]:
    """An emulator as an account: its secret leads to a real database already."""
    emulator = MiniStackTarget(ministack.endpoint_url)
    made = stack(body(careful=True), name="Account")
    deployment = emulator.deploy(made)
    path = path_of(CLEANED, made.template)
    target = AwsTarget(endpoint_url=ministack.endpoint_url, region="us-east-1")
    with tempfile.TemporaryDirectory(prefix="stackproof-test-", dir="/tmp") as name:
        database = open_database(emulator, deployment, CLEANED, path, owner_pid=os.getpid(), directory=Path(name))
        try:
            yield AwsPipeline(target, deployment, CLEANED, path, ca_bundle=database.said["ca_bundle"])
        finally:
            database.stop()
    lost = AwsPipeline(target, deployment, CLEANED, path, ca_bundle=None)
    assert "no connection to PostgreSQL" in str(lost.unreachable())
    with pytest.raises(ConfigError, match="say how its rows are removed"):
        AwsPipeline(target, deployment, DECLARED, path, ca_bundle=None)
    emulator.destroy("Account")


def test_canaries_arrive_once_and_are_removed(pipeline: AwsPipeline) -> None:
    assert pipeline.unreachable() is None
    made = stack(body(careful=True), name="Account")
    run = FlowRun(
        declared=CLEANED,
        path=path_of(CLEANED, made.template),
        pipeline=pipeline,
        record=lambda key: f'{{"key": "{key}"}}'.encode(),
        name="canary",
    )
    sent = run.send("a", "b", "c")
    assert sent.late == ()
    assert run.hand_over_again(sent).rows == sent.rows
    assert run.dead_letters() is not None
    assert pipeline.rows() != ()
    pipeline.clean("other")
    assert pipeline.rows() != ()
    pipeline.clean("canary")
    assert pipeline.rows() == ()


def test_nothing_but_a_declared_write_is_let_through(pipeline: AwsPipeline) -> None:
    with pytest.raises(TargetError, match="this run only reads"):
        pipeline._account.client("kinesis").put_record(StreamName="x", Data=b"", PartitionKey="x")
