"""How long `prove` waits for what it has deployed itself, and that it does."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stackproof.proof.observation import DriftStatus
from stackproof.wiring.proving import ProofOptions, Waits, prove_stacks
from tests.live_fakes import FakeTarget, deployment, recorded, stack

KIND = "AWS::SSM::Parameter"


class Account(FakeTarget):
    """An account whose parameter is seen at the second look, and has its value at the third."""

    def __init__(self, name: str) -> None:
        super().__init__({"Net": deployment({"P": (KIND, "/p")}, stack_name="Net")})
        self.name = name
        self.looks = 0

    def client(self, service: str) -> Any:
        assert service == "ssm"

        def described(**_: Any) -> dict[str, Any]:
            self.looks += 1
            return {"Parameters": [{"Name": "/p", "Type": "String"}] if self.looks > 1 else []}

        def values(**_: Any) -> dict[str, Any]:
            return {"Parameters": [{"Name": "/p", "Value": "new" if self.looks > 2 else "old"}]}

        client = recorded(describe_parameters=described, get_parameters=values, list_tags_for_resource={"TagList": []})
        return client(service)


STACK = stack({"Resources": {"P": {"Type": KIND, "Properties": {"Name": "/p", "Type": "String", "Value": "new"}}}})


@pytest.mark.parametrize(
    ("name", "waits", "settled_at"),
    [
        ("aws", Waits(in_account=60), 160),
        ("aws", Waits(in_account=60, settle=5), 105),
        ("aws", Waits(in_account=60, settle=0), 100),
        ("moto", Waits(in_account=60), 100),
        ("endpoint", Waits(in_account=60), 100),
        ("moto", Waits(in_account=60, settle=5), 105),
    ],
)
def test_what_was_deployed_has_time_in_an_account_and_elsewhere_where_it_is_asked_for(
    name: str, waits: Waits, settled_at: float
) -> None:
    assert waits.retry_policy(Account(name), deployed=True, now=100).settled_at == settled_at


def test_what_was_only_found_has_had_its_time() -> None:
    assert Waits(in_account=60, settle=60).retry_policy(Account("aws"), deployed=False, now=100).settled_at == 0


def test_the_deadline_runs_from_the_beginning_of_the_proof() -> None:
    assert Waits(deadline=7).retry_policy(Account("aws"), deployed=True, now=100).deadline == 107
    assert Waits().retry_policy(Account("aws"), deployed=True, now=100).deadline == math.inf


def test_a_run_that_deploys_waits_for_what_is_missing_and_for_what_is_old() -> None:
    report = prove_stacks([STACK], Account("moto"), options=ProofOptions(waits=Waits(settle=600)))
    assert [proof.status for proof in report.proofs] == [DriftStatus.IN_SYNC]
    report = prove_stacks([STACK], Account("moto"))
    assert [proof.status for proof in report.proofs] == [DriftStatus.DELETED]
    report = prove_stacks([STACK], Account("aws"), options=ProofOptions(waits=Waits(settle=600)))
    assert [proof.status for proof in report.proofs] == [DriftStatus.DELETED]
