"""The fixtures of suites: the synthesized stack, its template, the deployed stack, and the verdicts on both."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackproof.assertions import StackQuery, TemplateAssertions
from stackproof.config.settings import EMULATORS, find_root, load_settings, parse_context, parse_targets
from stackproof.core.errors import ConfigError, InputError, TargetError
from stackproof.core.json import JsonValue, as_object
from stackproof.core.notification import Notification
from stackproof.deployment.deploy import Deployed, attached, deployed, nested_in, whole
from stackproof.deployment.deployment import Deployment
from stackproof.deployment.ports import Target
from stackproof.plugin.coverage import add_synth_coverage, measures_coverage
from stackproof.plugin.outcomes import CALLS, LEDGERS, conclude, facts_of
from stackproof.plugin.own_clients import OWN_CLIENTS
from stackproof.plugin.run import PROCESS, RUN, Run
from stackproof.policy.report import RuleVerdict
from stackproof.proof.merging import merge_proofs
from stackproof.proof.observation import DriftStatus, ResourceProof
from stackproof.proof.observer import RetryPolicy
from stackproof.proof.prover import Prover
from stackproof.proof.snapshot import Snapshot
from stackproof.template.assembly import Assembly, Stack
from stackproof.template.nested import unevaluated_nested
from stackproof.template.ports import SchemaSource
from stackproof.template.stack_names import (
    labels,
    live_name,
    named_one,
    naming_all,
    require_distinct_names,
    root_of,
    selector_of,
    shared_names,
    with_dependencies,
    with_nested,
)
from stackproof.template.template import Template
from stackproof.wiring.live import node, readers, schemas
from stackproof.wiring.project import Project

__all__ = [
    "assembly",
    "assembly_of",
    "aws_client",
    "cdk_stack",
    "deployment",
    "deployment_on",
    "live_stacks_of",
    "node",
    "project_of",
    "proven_stacks_of",
    "prover",
    "provers",
    "resource_proof",
    "resource_schemas",
    "rule_verdict",
    "stack",
    "stack_of",
    "stack_provers",
    "target",
    "target_names",
    "target_of",
    "targets",
    "template",
    "templates_of",
    "verdicts_of",
]

_ASSEMBLY = pytest.StashKey[Assembly]()
_TEMPLATES = pytest.StashKey[dict[str, Template]]()
_VERDICTS = pytest.StashKey[Mapping[str, RuleVerdict | Notification]]()


def project_of(config: pytest.Config) -> Project:
    """The project around pytest's root directory."""
    return Project(
        settings=load_settings(find_root(config.rootpath)),
        calls=config.stash[CALLS],
        processes=getattr(config, "workerinput", {}).get("workercount", 1),
    )


def assembly_of(config: pytest.Config) -> Assembly:
    """The synthesized app, once for each process and, by the cache, once for all of them."""
    if _ASSEMBLY not in config.stash:
        context = parse_context(tuple(config.getoption("cdk_context")))
        found = project_of(config).synthesized(context, coverage=measures_coverage(config))
        add_synth_coverage(config, found)
        config.stash[_ASSEMBLY] = found
        for stack in found.stacks:
            _note(config, stack.template)
    return config.stash[_ASSEMBLY]


def templates_of(config: pytest.Config) -> Mapping[str, Template]:
    """The templates that tests of this process were given so far, by the hash of the file."""
    return config.stash.get(_TEMPLATES, {})


def _note(config: pytest.Config, template: Template) -> None:
    config.stash.setdefault(_TEMPLATES, {}).setdefault(template.digest, template)


def stack_of(config: pytest.Config) -> Stack:
    """The stack that `--stack` means, or the only one."""
    stacks = assembly_of(config).stacks
    name = config.getoption("stack")
    roots = [stack for stack in stacks if stack.parent is None]
    known = ", ".join(selector_of(stack, stacks) or stack.name for stack in roots)
    if name is not None:
        chosen = named_one(name, stacks)
        if chosen is not None:
            return chosen
        if config.getoption("target") != "aws" or len(roots) != 1:
            raise ConfigError(f"--stack {name}: the app has no such stack, only {known}")
    if len(roots) != 1:
        raise ConfigError(f"the app has {len(roots)} stacks{_sharing(roots)}: name one with --stack: {known}")
    return roots[0]


def _sharing(roots: Sequence[Stack]) -> str:
    """Which of them share a name, in brackets; "" if none do."""
    groups = [[stack for stack in roots if stack.name == name] for name in sorted(shared_names(roots))]
    return f" ({'; '.join(map(naming_all, groups))})" if groups else ""


def proven_stacks_of(config: pytest.Config) -> tuple[Stack, ...]:
    """The stacks whose resources are proven one by one: that of `--stack`, or all; each with those that it nests.

    Raises ConfigError for several stacks of one name, of which `--stack` chooses none.
    """
    every = assembly_of(config).stacks
    roots = [stack for stack in every if stack.parent is None]
    if config.getoption("stack") is not None or len(roots) == 1:
        return with_nested([stack_of(config)], every)
    require_distinct_names(every)
    return every


def live_stacks_of(config: pytest.Config) -> tuple[Stack, ...]:
    """The stacks that a target is given, or is looked for on: all of them.

    Of an app in which stacks share a name it is the one of `--stack` with what it depends on; raises ConfigError
    without that.
    """
    every = assembly_of(config).stacks
    if not shared_names(every):
        return every
    if config.getoption("stack") is None:
        require_distinct_names(every)
    found = with_dependencies([root_of(stack_of(config), every)], every)
    require_distinct_names(found, every=every)
    return found


def verdicts_of(config: pytest.Config) -> Mapping[str, RuleVerdict | Notification]:
    """The verdict of each rule on each stack, by the id of its test; with `--stack` on that one and what it nests.

    A nested stack that was not evaluated has an error in place of its verdicts.
    """
    if _VERDICTS not in config.stash:
        from filelock import FileLock

        project, found = project_of(config), assembly_of(config)
        on = datetime.now(tz=UTC).date()
        with FileLock(project.settings.state_directory / "scan.lock"):
            verdicts = project.verdicts(found, on=on)
        called = labels(found.stacks)
        is_chosen = config.getoption("stack") is not None
        stacks = with_nested([stack_of(config)], found.stacks) if is_chosen else found.stacks
        chosen = {stack.artifact for stack in stacks}
        items: dict[str, RuleVerdict | Notification] = {}
        items.update(_by_id([verdict for verdict in verdicts if verdict.artifact in chosen], called))
        for stack in stacks:
            errors = zip(stack.missing_nested, unevaluated_nested((), [stack]), strict=True)
            items.update({f"{called[stack.artifact]}/{logical_id}": error for logical_id, error in errors})
        config.stash[_VERDICTS] = items
    return config.stash[_VERDICTS]


def _by_id(verdicts: Sequence[RuleVerdict], called: Mapping[str, str]) -> dict[str, RuleVerdict]:
    """Each verdict by the id of its test; `called` are the stacks' labels, by artifact.

    Two engines may have a rule of one id: then the engine is a part of the id, so that neither verdict is lost.
    """
    count = Counter((verdict.artifact, verdict.rule_id) for verdict in verdicts)
    found: dict[str, RuleVerdict] = {}
    for verdict in verdicts:
        name = f"{called[verdict.artifact]}-{verdict.rule_id}"
        if count[verdict.artifact, verdict.rule_id] > 1:
            name = f"{name}-{verdict.engine}"
        if name in found:
            raise ConfigError(f"two verdicts would have the id {name}: give the stacks other construct ids")
        found[name] = verdict
    return found


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
    """The methods of CDK's `assertions.Template`, on a proxy that refuses typos and looks at nothing."""
    _note(request.config, cdk_stack.template)
    found = TemplateAssertions(cdk_stack.template, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def stack(request: pytest.FixtureRequest, cdk_stack: Stack, resource_schemas: SchemaSource) -> StackQuery:
    """Queries over the resources of the stack, what a person wrote told apart from what CDK generates."""
    _note(request.config, cdk_stack.template)
    found = StackQuery(cdk_stack, resource_schemas)
    request.node.stash.setdefault(LEDGERS, []).append(found)
    return found


@pytest.fixture
def rule_verdict(request: pytest.FixtureRequest) -> RuleVerdict:
    """The verdict of one policy rule on one stack; a test that asks for it runs once for each."""
    verdict = verdicts_of(request.config)[request.param]
    if isinstance(verdict, Notification):
        raise InputError(f"{verdict.file}: {verdict.message}")
    facts_of(request.node)["rule"] = {"outcome": verdict.outcome, "stack_name": verdict.stack_name}
    if verdict.outcome in {"waived", "open"}:
        conclude(request.node, verdict.outcome, verdict.text())
    return verdict


def target_names(config: pytest.Config) -> tuple[str, ...]:
    """The targets that the options name, else the project's; "endpoint" is whatever answers at `--endpoint-url`."""
    given = config.getoption("target")
    if given:
        return parse_targets(given)
    return ("endpoint",) if config.getoption("endpoint_url") else project_of(config).settings.targets


@pytest.fixture(scope="session")
def targets(pytestconfig: pytest.Config) -> tuple[Target, ...]:
    """Every place where the stack runs: emulators started for this run, or an account or endpoint."""
    run = pytestconfig.stash[RUN]
    return tuple(target_of(pytestconfig, run, name) for name in target_names(pytestconfig))


@pytest.fixture(scope="session")
def target(targets: tuple[Target, ...]) -> Target:
    """Where written probes look: the first of the targets."""
    return targets[0]


def target_of(config: pytest.Config, run: Run, name: str) -> Target:
    """The target of that name, as all workers of the run share it.

    Raises ConfigError, before an emulator starts, where stacks of one name would be taken for one another.
    """
    live_stacks_of(config)
    project, endpoint = project_of(config), config.getoption("endpoint_url")
    if name in EMULATORS:
        endpoint = endpoint or _emulator(config, run, name)
    config.stash[OWN_CLIENTS].opened(endpoint)
    if name in EMULATORS:
        return project.target(name, endpoint_url=endpoint)
    return project.target(
        "aws",
        endpoint_url=endpoint,
        profile=config.getoption("profile"),
        region=config.getoption("aws_region"),
        allow_changes=bool(config.getoption("allow_writes")),
    )


def _emulator(config: pytest.Config, run: Run, name: str) -> str:
    """The URL of the run's one emulator of that name, started by the first worker that asks."""
    owner = 0 if config.getoption("keep") else run.owner
    started = run.once(f"{PROCESS}{name}", lambda: _start_emulator(run.directory, owner, name))
    return str(started["endpoint_url"])  # type: ignore[index,call-overload]


def _start_emulator(directory: Path, owner: int, name: str) -> JsonValue:
    from stackproof.wiring.live import start_emulator

    process = start_emulator(directory, owner_pid=owner, name=name)
    process.release()
    return {"endpoint_url": process.endpoint_url, "pid": process.pid}


@pytest.fixture(scope="session")
def deployment(pytestconfig: pytest.Config, cdk_stack: Stack, assembly: Assembly, target: Target) -> Deployment:
    """The stack as it runs: deployed once for all workers on an emulator, attached to by name anywhere else."""
    return deployment_on(target, pytestconfig, cdk_stack, assembly)


def deployment_on(
    target: Target, config: pytest.Config, stack: Stack, assembly: Assembly, *, purpose: str = "proof"
) -> Deployment:
    """The stack on one target, once for each purpose; see the fixture `deployment`."""
    found = _deployments_on(target, config, assembly, purpose=purpose)
    if stack.artifact not in found:
        raise ConfigError(
            f"stack {stack.name}, {stack.described}, is not deployed in this run: its condition does not hold, or "
            "--stack chose another one"
        )
    return found[stack.artifact]


def _deployments_on(
    target: Target, config: pytest.Config, assembly: Assembly, *, purpose: str = "proof"
) -> Mapping[str, Deployment]:
    """What is deployed, by artifact; a nested stack whose condition does not hold is not among them."""
    run, key = config.stash[RUN], f"deployments-{target.name}-{purpose}"

    def found() -> JsonValue:
        deploys = _deploys_to(target, config)
        pairs = deployed(live_stacks_of(config), target) if deploys else _found(target, config, assembly)
        return {stack.artifact: deployment.to_dict() for stack, deployment in pairs}

    answer = run.once(key, found)
    if not isinstance(answer, Mapping):
        raise TargetError("the deployments cannot be read back")
    return {artifact: Deployment.from_dict(as_object(found)) for artifact, found in answer.items()}


def _found(target: Target, config: pytest.Config, assembly: Assembly) -> Deployed:
    """Stacks that run already: that of `--stack`, which may have another name there, or all."""
    name = config.getoption("stack")
    if name is None:
        return attached(live_stacks_of(config), target)
    chosen = stack_of(config)
    return whole(chosen, target.deployment(live_name(name, assembly.stacks)), assembly.stacks, target)


def _deploys_to(target: Target, config: pytest.Config) -> bool:
    return target.name in EMULATORS or bool(config.getoption("endpoint_url") and not config.getoption("stack"))


def _retry_policy(target: Target, config: pytest.Config) -> RetryPolicy:
    """Time to show is for what this run has deployed; what was only found had it before."""
    settle = float(config.getoption("settle"))
    return RetryPolicy(settled_at=time.monotonic() + settle if _deploys_to(target, config) else 0.0)


@pytest.fixture(scope="session")
def prover(
    pytestconfig: pytest.Config,
    cdk_stack: Stack,
    deployment: Deployment,
    target: Target,
    resource_schemas: SchemaSource,
) -> Prover:
    """Reads live resources of the first target and compares them with the template."""
    return _prover(cdk_stack, deployment, target, resource_schemas, _retry_policy(target, pytestconfig))


@pytest.fixture(scope="session")
def provers(
    pytestconfig: pytest.Config, cdk_stack: Stack, assembly: Assembly, targets: tuple[Target, ...], prover: Prover
) -> Mapping[str, Prover]:
    """The prover of each target, by its name; each deploys to its own when it is made."""
    first, *others = targets
    found = {first.name: prover}
    for target in others:
        where = deployment_on(target, pytestconfig, cdk_stack, assembly)
        found[target.name] = _prover(cdk_stack, where, target, schemas(), _retry_policy(target, pytestconfig))
    return found


@pytest.fixture(scope="session")
def stack_provers(
    pytestconfig: pytest.Config, assembly: Assembly, targets: tuple[Target, ...], resource_schemas: SchemaSource
) -> Mapping[str, Mapping[str, Prover]]:
    """The prover of each target, by its name, for each stack that is deployed, by its artifact."""
    found: dict[str, dict[str, Prover]] = {}
    for target in targets:
        deployments = _deployments_on(target, pytestconfig, assembly)
        snapshot, retry_policy = Snapshot.at(deployments.values()), _retry_policy(target, pytestconfig)
        for stack in proven_stacks_of(pytestconfig):
            if stack.artifact in deployments:
                found.setdefault(stack.artifact, {})[target.name] = Prover(
                    template=stack.template,
                    deployment=deployments[stack.artifact],
                    target=target,
                    readers=readers(target, deployments[stack.artifact]),
                    schemas=resource_schemas,
                    retry_policy=retry_policy,
                    snapshot=snapshot,
                    nested=nested_in(stack, assembly.stacks),
                )
    return found


def _prover(
    stack: Stack, deployment: Deployment, target: Target, source: SchemaSource, retry_policy: RetryPolicy
) -> Prover:
    return Prover(
        template=stack.template,
        deployment=deployment,
        target=target,
        readers=readers(target, deployment),
        schemas=source,
        retry_policy=retry_policy,
    )


@pytest.fixture
def aws_client(target: Target) -> Callable[[str], Any]:
    """Clients of the target's services: `aws_client("kinesis")`."""
    return target.client


@pytest.fixture
def resource_proof(request: pytest.FixtureRequest, stack_provers: Mapping[str, Mapping[str, Prover]]) -> ResourceProof:
    """The proof of one resource, united over the targets; a test that asks for it runs once for each resource.

    Resources of nested stacks, and of all stacks of an app that has several, are among them.
    """
    artifact, logical_id = request.param
    expected = {
        name: {found for prover in provers.values() for found in prover.expected_ids()}
        for name, provers in stack_provers.items()
    }
    facts_of(request.node)["expected"] = sum(len(member) for member in expected.values())
    provers = stack_provers.get(artifact, {})
    if logical_id not in expected.get(artifact, ()):
        conclude(request.node, "unexpected", "its condition does not hold in this deployment")
    proofs = {name: prover.prove(logical_id) for name, prover in provers.items()}
    proof = merge_proofs(tuple(proofs.values()))
    facts = facts_of(request.node)
    facts["proof"] = proof.to_dict()
    facts["proofs"] = {name: proof.to_dict() for name, proof in proofs.items()}
    if proof.custom:
        conclude(request.node, "open", f"{logical_id}: {_why(proof)}")
    said = {
        (notification.level.value, notification.message)
        for prover in provers.values()
        for notification in prover.notifications
    }
    facts["notifications"] = [[level, message] for level, message in sorted(said)]
    if proof.status is DriftStatus.NOT_CHECKED:
        raise TargetError(f"{proof.location}: {logical_id} could not be checked: {_why(proof)}")
    for name, found in proofs.items():
        if found.is_unanswered:
            raise TargetError(f"{proof.location}: {logical_id} could not be read as a whole on {name}: {_why(found)}")
    return proof


def _why(proof: ResourceProof) -> str:
    return (
        "; ".join(sorted({f"{unproven.reason.value} {unproven.detail}".strip() for unproven in proof.unproven}))
        or "no reason"
    )
