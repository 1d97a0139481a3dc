"""The fixtures of suites: the synthesized stack, its template, the deployed stack, and the verdicts on both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from stackproof.assertions import StackQuery, TemplateAssertions
from stackproof.core.errors import InputError, TargetError
from stackproof.core.notification import Notification
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.gate.suite_facts import SuiteNotification
from stackproof.plugin.deployments import deployment_on, target_names, target_of, world_of, world_on
from stackproof.plugin.outcomes import LEDGERS, conclude, update_facts
from stackproof.plugin.run import RUN
from stackproof.plugin.stacks import assembly_of, note_template, proven_stacks_of, stack_of
from stackproof.plugin.verdicts import verdicts_of
from stackproof.policy.report import RuleVerdict
from stackproof.proof.merging import merge_proofs
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.proof.prover import Prover
from stackproof.proof.world import World
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.ports import SchemaSource
from stackproof.wiring.live import schemas

__all__ = [
    "assembly",
    "aws_client",
    "cdk_stack",
    "deployment",
    "live_world",
    "live_worlds",
    "prover",
    "provers",
    "resource_proof",
    "resource_schemas",
    "rule_verdict",
    "stack",
    "stack_provers",
    "target",
    "targets",
    "template",
]

_OWN_DEPLOYMENT: Final = pytest.StashKey[Deployment]()
"""What the fixture `deployment` of this plugin gave: anything else is an override of the project."""


@pytest.fixture(scope="session")
def assembly(pytestconfig: pytest.Config) -> Assembly:
    """The cloud assembly of the project's CDK app."""
    return assembly_of(pytestconfig)


@pytest.fixture(scope="session")
def cdk_stack(pytestconfig: pytest.Config) -> Stack:
    """The stack under test as a value; override this fixture to choose another one."""
    return stack_of(pytestconfig)


@pytest.fixture(scope="session")
def resource_schemas() -> SchemaSource:
    """CloudFormation's resource schemas."""
    return schemas()


@pytest.fixture
def template(request: pytest.FixtureRequest, cdk_stack: Stack, resource_schemas: SchemaSource) -> TemplateAssertions:
    """The methods of CDK's `assertions.Template`, which reject unknown names and assertions that check nothing."""
    note_template(request.config, cdk_stack.template)
    found = TemplateAssertions(cdk_stack.template, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def stack(request: pytest.FixtureRequest, cdk_stack: Stack, resource_schemas: SchemaSource) -> StackQuery:
    """Queries over the stack's resources; authored and generated ones are separate."""
    note_template(request.config, cdk_stack.template)
    found = StackQuery(cdk_stack, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def rule_verdict(request: pytest.FixtureRequest) -> RuleVerdict:
    """The verdict of one policy rule on one stack; a test that requests it runs once for each rule and stack."""
    verdict = verdicts_of(request.config)[request.param]
    if isinstance(verdict, Notification):
        raise InputError(f"{verdict.file}: {verdict.message}")
    update_facts(request.node, lambda facts: replace(facts, rule_outcome=verdict.outcome))
    if verdict.outcome in {"waived", "open"}:
        conclude(request.node, verdict.outcome, verdict.text())
    return verdict


@pytest.fixture(scope="session")
def targets(pytestconfig: pytest.Config) -> tuple[Target, ...]:
    """The targets that the stack runs on: emulators started for this run, an endpoint or an account."""
    run = pytestconfig.stash[RUN]
    return tuple(target_of(pytestconfig, run, name) for name in target_names(pytestconfig))


@pytest.fixture(scope="session")
def target(targets: tuple[Target, ...]) -> Target:
    """The target of written probes: the first of the targets."""
    return targets[0]


@pytest.fixture(scope="session")
def deployment(pytestconfig: pytest.Config, cdk_stack: Stack, assembly: Assembly, target: Target) -> Deployment:
    """The deployed stack. An emulator deploys it once for all workers; in an account it is found by its name."""
    found = deployment_on(target, pytestconfig, cdk_stack, assembly)
    pytestconfig.stash[_OWN_DEPLOYMENT] = found
    return found


@pytest.fixture(scope="session")
def live_world(
    pytestconfig: pytest.Config, assembly: Assembly, target: Target, resource_schemas: SchemaSource
) -> World:
    """Every deployed stack of the run on the first target, by artifact."""
    return world_on(target, pytestconfig, assembly, resource_schemas)


@pytest.fixture(scope="session")
def live_worlds(
    pytestconfig: pytest.Config,
    assembly: Assembly,
    targets: tuple[Target, ...],
    live_world: World,
    resource_schemas: SchemaSource,
) -> Mapping[str, World]:
    """The deployed stacks on each target, by the target's name; a request for it deploys to every target."""
    first, *others = targets
    found = {other.name: world_on(other, pytestconfig, assembly, resource_schemas) for other in others}
    return {first.name: live_world, **found}


@pytest.fixture(scope="session")
def prover(
    request: pytest.FixtureRequest,
    cdk_stack: Stack,
    deployment: Deployment,
    target: Target,
    resource_schemas: SchemaSource,
) -> Prover:
    """Reads live resources of the first target and compares them with the template.

    A project that overrides `deployment` with its own value gets a world of that stack alone: nothing else is deployed.
    One that overrides `cdk_stack` gets the world of the run with that stack.
    """
    config, assembly = request.config, request.getfixturevalue("assembly")
    if config.stash.get(_OWN_DEPLOYMENT, None) is not deployment:
        alone = {cdk_stack.artifact: (cdk_stack, deployment)}
        return world_of(alone, target, config, assembly, resource_schemas).provers[cdk_stack.artifact]
    known: Prover | None = request.getfixturevalue("live_world").provers.get(cdk_stack.artifact)
    if known is not None and known.template == cdk_stack.template:
        return known
    world = world_on(target, config, assembly, resource_schemas, override=(cdk_stack, deployment))
    return world.provers[cdk_stack.artifact]


@pytest.fixture(scope="session")
def provers(
    pytestconfig: pytest.Config,
    assembly: Assembly,
    cdk_stack: Stack,
    targets: tuple[Target, ...],
    live_worlds: Mapping[str, World],
    prover: Prover,
) -> Mapping[str, Prover]:
    """The prover of each target, by the target's name; a request for it deploys to every target."""
    first, *others = targets
    for other in others:
        deployment_on(other, pytestconfig, cdk_stack, assembly)  # a stack that is not there is named
    found = {other.name: live_worlds[other.name].provers[cdk_stack.artifact] for other in others}
    return {first.name: prover, **found}


@pytest.fixture(scope="session")
def stack_provers(pytestconfig: pytest.Config, live_worlds: Mapping[str, World]) -> Mapping[str, Mapping[str, Prover]]:
    """The prover of each deployed stack, by target and artifact."""
    found: dict[str, dict[str, Prover]] = {}
    for stack in proven_stacks_of(pytestconfig):
        for name, world in live_worlds.items():
            if stack.artifact in world.provers:
                found.setdefault(stack.artifact, {})[name] = world.provers[stack.artifact]
    return found


@pytest.fixture
def aws_client(target: Target) -> Callable[[str], Any]:
    """Makes a client of a service of the target: `aws_client("kinesis")`."""
    return target.client


@pytest.fixture
def resource_proof(request: pytest.FixtureRequest, stack_provers: Mapping[str, Mapping[str, Prover]]) -> ResourceProof:
    """The proof of one resource, merged over the targets; a test that requests it runs once for each resource.

    Resources of nested stacks, and of all stacks of an app that has several, are among them.
    """
    artifact, logical_id = request.param
    expected = {
        name: {found for prover in provers.values() for found in prover.expected_ids()}
        for name, provers in stack_provers.items()
    }
    count = sum(len(logical_ids) for logical_ids in expected.values())
    update_facts(request.node, lambda facts: replace(facts, expected=count))
    provers = stack_provers.get(artifact, {})
    if logical_id not in expected.get(artifact, ()):
        conclude(request.node, "unexpected", "its condition does not hold in this deployment")
    proofs = {name: prover.prove(logical_id) for name, prover in provers.items()}
    proof = merge_proofs(tuple(proofs.values()))
    update_facts(request.node, lambda facts: replace(facts, proof=proof, proofs=proofs))
    if proof.custom:
        conclude(request.node, "open", f"{logical_id}: {_why(proof)}")
    found = {
        SuiteNotification(level=notification.level, message=notification.message)
        for prover in provers.values()
        for notification in prover.notifications
    }
    update_facts(request.node, lambda facts: replace(facts, notifications=tuple(sorted(found))))
    if proof.status is DriftStatus.NOT_CHECKED:
        raise TargetError(f"{proof.location}: {logical_id} could not be checked: {_why(proof)}")
    for name, on_target in proofs.items():
        if on_target.is_unanswered:
            why = _why(on_target)
            raise TargetError(f"{proof.location}: {logical_id} could not be read as a whole on {name}: {why}")
    return proof


def _why(proof: ResourceProof) -> str:
    return (
        "; ".join(sorted({f"{unproven.reason.value} {unproven.detail}".strip() for unproven in proof.unproven}))
        or "no reason"
    )
