"""What every emulator does alike."""

from __future__ import annotations

import pytest

from stackproof.targets.emulators.ministack import MiniStackTarget
from stackproof.targets.emulators.moto import MotoTarget
from stackproof.targets.emulators.owned_process import OwnedProcess
from tests.live_fakes import stack
from tests.targets.small_template import TOPIC, body

Emulators = MotoTarget | MiniStackTarget


@pytest.fixture(params=[MotoTarget, MiniStackTarget], ids=["moto", "ministack"])
def emulator(processes: None, request: pytest.FixtureRequest) -> Emulators:
    kind: type[Emulators] = request.param
    process: OwnedProcess = request.getfixturevalue(kind.name)
    return kind(process.endpoint_url)


def test_the_same_template_again_changes_nothing_and_another_makes_the_stack_anew(
    emulator: Emulators,
) -> None:
    protected = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "Engine": "postgres",
            "DBInstanceClass": "db.m7g.large",
            "AllocatedStorage": "20",
            "DeletionProtection": True,
            "MasterUsername": "someone",
            "MasterUserPassword": "something",
        },
    }
    first = emulator.deploy(stack(body(Database=protected), name="Again"))
    assert emulator.deploy(stack(body(Database=protected), name="Again")) == first
    changed = emulator.deploy(stack(body(Database=protected, Other=TOPIC), name="Again"))
    assert changed.stack_id != first.stack_id
    assert {resource.logical_id for resource in changed.resources} == {"Database", "Other", "Topic"}
