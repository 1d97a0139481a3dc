"""A generated probe, and a flow that several workers run."""

import os
import time
from pathlib import Path

import pytest

from stackproof.testing import flow


@pytest.fixture
def opened(stack, data_flow):
    """The flow, running; leaves word of where."""
    declared = (
        flow(stack.resource("AWS::Kinesis::Stream"))
        .through(stack.resource("AWS::Lambda::Function"), ca_bundle="CA")
        .arrives_at(stack.resource("AWS::RDS::DBInstance"), rows="SELECT key FROM things")
    )
    found = data_flow(declared, lambda key: f'{{"key": "{key}"}}'.encode())
    Path(os.environ["NOTED"], f"{os.getpid()}-{time.monotonic_ns()}").write_text(found.deployment.stack_id)
    return found


def test_resource(resource_proof):
    assert resource_proof.differences == ()


@pytest.mark.parametrize("number", range(4))
def test_records_arrive(opened, number):
    sent = opened.run.send(f"a-{number}", f"b-{number}")
    assert sent.late == ()
    if "SLOW" in os.environ:
        Path(os.environ["NOTED"], "live").touch()
        time.sleep(600)


def test_dead_letters(opened):
    assert opened.run.path.dead_letters == "Queue"
    opened.see_dead_letters()
