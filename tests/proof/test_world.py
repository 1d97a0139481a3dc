"""The world of a run: a verdict depends on all its stacks, and neither on their order nor on the first request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from stackproof.core.json import JsonObject
from stackproof.deployment.deployment import DeployedResource, Deployment
from stackproof.proof.observation import DriftStatus, Reading, ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.ports import Reader, ReadRequest
from stackproof.proof.prover import ProvableStack, prove_stack
from stackproof.proof.world import World
from tests.live_fakes import FakeSchemas, FakeTarget, deployment, template

GROUP = "AWS::EC2::SecurityGroup"
INGRESS = "AWS::EC2::SecurityGroupIngress"
THING = "Test::Thing"
RULE: JsonObject = {"FromPort": 1, "ToPort": 2, "IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"}
OTHER_RULE: JsonObject = {**RULE, "CidrIp": "10.1.0.0/16"}


def stack(
    name: str,
    resources: Mapping[str, Any],
    readers: Mapping[str, Reader],
    *,
    deployed: Deployment | None = None,
) -> ProvableStack:
    """A stack with everything deployed: the physical id of `Group` is "Group-1"."""
    made = template({"Resources": resources}, name=name)
    ids = {resource.logical_id: (resource.resource_type, f"{resource.logical_id}-1") for resource in made.resources}
    return ProvableStack(template=made, deployment=deployed or deployment(ids, stack_name=name), readers=readers)


def world(stacks: Sequence[ProvableStack]) -> World:
    """The stacks by name."""
    return World(
        {stack.deployment.stack_name: stack for stack in stacks},
        target=FakeTarget(),
        schemas=FakeSchemas(),
        retry_policy=RetryPolicy(sleep=lambda _: None),
    )


def reading(properties: JsonObject) -> Reader:
    return lambda _: Reading(properties=properties)


def ingress(rule: JsonObject, *, group: Any = "Group-1") -> JsonObject:
    return {"Type": INGRESS, "Properties": {"GroupId": group, **rule}}


def test_the_stacks_of_a_run_share_a_snapshot() -> None:
    """Nothing asks for a resource that could not be made, or does not exist."""
    seen: list[tuple[tuple[str, ...], object]] = []
    made = iter(("first", "second"))

    def read(request: ReadRequest) -> Reading:
        seen.append((request.siblings, request.memo("key", lambda: next(made))))
        return Reading(properties={})

    failed = DeployedResource(logical_id="B", physical_id="b", resource_type=THING, status="CREATE_FAILED")
    first = deployment({"A": (THING, "a-1")}, stack_name="First")
    second = deployment({"A": (THING, "a-2")}, stack_name="Second")
    second = replace(second, resources=(*second.resources, failed))
    run = world(
        [
            stack(deployed.stack_name, {"A": {"Type": THING}}, {THING: read}, deployed=deployed)
            for deployed in (first, second)
        ]
    )
    for prover in run.provers.values():
        prove_stack(prover)
    assert seen == [(("a-1", "a-2"), "first"), (("a-1", "a-2"), "first")]
    assert run.memo("key", lambda: next(made)) == "first"


def test_what_another_stack_of_the_run_adds_to_a_list_is_no_difference() -> None:
    group = {"Group": {"Type": GROUP, "Properties": {"SecurityGroupIngress": []}}}
    readers = {GROUP: reading({"SecurityGroupIngress": [RULE]})}

    def proven(*rules: JsonObject) -> DriftStatus:
        others = [stack(f"Other{number}", {"Rule": rule}, {}) for number, rule in enumerate(rules)]
        return world([stack("Net", group, readers), *others]).provers["Net"].prove("Group").status

    assert proven() is DriftStatus.MODIFIED
    assert proven(ingress(RULE)) is DriftStatus.IN_SYNC
    assert proven(ingress(RULE, group="Group-2")) is DriftStatus.MODIFIED


def of_a_run() -> list[ProvableStack]:
    """A group, and two stacks that add a rule to it: one by its id, one by an attribute that has to be read first."""
    group = {"Group": {"Type": GROUP, "Properties": {"SecurityGroupIngress": []}}}
    live = reading({"SecurityGroupIngress": [OTHER_RULE, RULE]})
    found = {"Found": {"Type": THING}, "Rule": ingress(OTHER_RULE, group={"Fn::GetAtt": ["Found", "GroupId"]})}
    readers = {THING: reading({"GroupId": "Group-1"}), INGRESS: reading({"GroupId": "Group-1", **OTHER_RULE})}
    return [
        stack("Net", group, {GROUP: live}),
        stack("Web", {"Rule": ingress(RULE)}, {INGRESS: reading({"GroupId": "Group-1", **RULE})}),
        stack("Jobs", found, readers),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("asked", list(permutations(("Net", "Web", "Jobs"))))
def test_a_verdict_depends_neither_on_the_order_of_the_stacks_nor_on_who_asks_first(
    order: tuple[int, ...], asked: tuple[str, ...]
) -> None:
    def proofs(stacks: Sequence[ProvableStack], names: Sequence[str]) -> Mapping[str, tuple[ResourceProof, ...]]:
        provers = world(stacks).provers
        return {name: prove_stack(provers[name], jobs=1) for name in names}

    found = proofs([of_a_run()[index] for index in order], asked)
    assert found == proofs(of_a_run(), ("Net", "Web", "Jobs"))
    assert {proof.status for stack_proofs in found.values() for proof in stack_proofs} == {DriftStatus.IN_SYNC}


def test_no_stack_joins_a_world_later() -> None:
    provers = world(of_a_run()).provers
    assert tuple(provers) == ("Net", "Web", "Jobs")
    with pytest.raises(TypeError):
        provers["Late"] = provers["Net"]  # type: ignore[index]
